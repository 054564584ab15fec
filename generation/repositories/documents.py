"""One item: between the document of its file, the value that steps share, and its base.

Lenient in: whatever a person, or another tool of this format, may have written. Strict out:
one order of keys, no empty ones, ids that resolve.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

from generation.items import Item
from generation.markup import strip_raw_html
from generation.repositories.merge import Fields, Marks, Path, TextBase, text_hash
from generation.repositories.state import Base
from generation.yaml import (
    InvalidYAML,
    Quoted,
    as_bool,
    as_integer,
    parse,
    scalar_text,
    settled,
)

META = "meta"
_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?\n)---[ \t]*(?:\n|\Z)", re.DOTALL)
SCALARS = ("name", "description", "source_url", "category")
# What a run writes into an item, beside its text and its date.
FIELDS = (*SCALARS, "tags", META)
_KNOWN = {*FIELDS, "featured", "order", "updated_at", "markdown"}


def read_item(
    slug: str, document: Any, markdown: str, *, key: str, updated_at: str = ""
) -> Item:
    """Read an item as its page shows it. Raises TypeError and ValueError."""
    if not has_name(document):
        raise TypeError("an item is a mapping with a name")
    category = document.get("category")
    if isinstance(category, list):
        category = category[0] if category else ""
    meta = document.get(META)
    return Item(
        id=key,
        slug=slug,
        name=unescaped(text_of(document["name"])) or slug,
        description=text_of(document.get("description")),
        source_url=text_of(document.get("source_url")),
        category=unescaped(id_of(category)),
        tags=tuple(map(unescaped, tags_of(document))),
        updated_at=text_of(document.get("updated_at")) or updated_at,
        featured=as_bool(document.get("featured")) is True,
        order=as_integer(document.get("order")),
        markdown=markdown.strip(),
        meta=settled(meta) if isinstance(meta, dict) else {},
        extra={str(k): v for k, v in document.items() if k not in _KNOWN},
    )


def item_document(item: Item) -> dict[str, Any]:
    """Write an item as a document: its keys in order, those without a value left out."""
    document: dict[str, Any] = {
        "name": item.name,
        "description": item.description,
        "source_url": item.source_url,
        "category": item.category,
        "tags": list(item.tags),
    }
    if item.featured:
        document["featured"] = True
    if item.order is not None:
        document["order"] = item.order
    document["updated_at"] = Quoted(item.updated_at)
    if item.markdown:
        document["markdown"] = strip_raw_html(item.markdown)
    if item.meta:
        document[META] = item.meta
    return document | item.extra


def fields_of(document: Mapping[str, Any]) -> dict[Path, Any]:
    """Take from a document what a run may have written there, as it can be compared."""
    fields: dict[Path, Any] = {
        (name,): text_of(document.get(name))
        for name in ("name", "description", "source_url")
    }
    category = document.get("category")
    if isinstance(category, list) and len(category) == 1:
        category = category[0]
    several = isinstance(category, list)
    fields["category",] = list(map(id_of, category)) if several else id_of(category)  # type: ignore[arg-type]
    fields["tags",] = tags_of(document)
    meta = document.get(META)
    if isinstance(meta, dict):
        fields |= {(META, str(key)): value for key, value in meta.items()}
    elif meta:
        fields[META,] = meta
    return fields


def fields_of_item(item: Item) -> dict[Path, Any]:
    fields: dict[Path, Any] = {
        (name,): getattr(item, name) for name in (*SCALARS, "tags")
    }
    return fields | {(META, key): value for key, value in item.meta.items()}


def fields_of_base(base: Base) -> dict[Path, Any]:
    fields: dict[Path, Any] = {
        (name,): value
        for name in (*SCALARS, "tags")
        if (value := getattr(base, name)) is not None
    }
    return fields | {(META, key): value for key, value in (base.meta or {}).items()}


def texts_of_base(base: Base | None) -> TextBase:
    if base is None:
        return TextBase()
    file = base.markdown if base.body is None else base.body or None
    return TextBase(file=file, key=base.markdown)


def base_of(item: Item) -> Base:
    """The base of an item whose files are both as a run writes them."""
    document = item_document(item)
    body, key = text_hash(item.markdown), text_hash(document.get("markdown", ""))
    return Base(
        name=item.name,
        description=item.description,
        source_url=item.source_url,
        category=item.category,
        tags=item.tags,
        meta=item.meta,
        updated_at=item.updated_at,
        markdown=key,
        body=body if body != key else None,
    )


def base_from(
    fields: Fields,
    texts: TextBase,
    *,
    updated_at: str | None,
    marks: Mapping[Path, Marks],
    is_whole: bool,
) -> Base:
    """Remember what was written into a person's item."""
    values: dict[str, Any] = {}
    meta: dict[str, Any] = {}
    for path, value in fields.items():
        if path[0] == META:
            if value is not None:
                meta[path[1]] = value
        else:
            values[path[0]] = value if value is not None else ""
    if isinstance(values.get("tags"), str):
        values["tags"] = ()
    return Base(
        **values,
        meta=meta if meta or is_whole else None,
        updated_at=updated_at,
        markdown=texts.key,
        body=(texts.file or "") if texts.file != texts.key else None,
        own=_named({path: marked.own for path, marked in marks.items()}),
        dropped=_named({path: marked.dropped for path, marked in marks.items()}),
        partial=not is_whole,
    )


def marks_of(base: Base | None) -> dict[Path, Marks]:
    own = (base.own if base else None) or {}
    dropped = (base.dropped if base else None) or {}
    return {
        tuple(name.split(".", 1)): Marks(own.get(name, ()), dropped.get(name, ()))
        for name in {*own, *dropped}
    }


def _named(
    members: Mapping[Path, tuple[str, ...]],
) -> dict[str, tuple[str, ...]] | None:
    return {
        ".".join(path): values for path, values in members.items() if values
    } or None


def item_of_base(slug: str, base: Base, markdown: str, *, key: str) -> Item:
    """The item whose files are what a run wrote: its values stand in the base."""
    return Item(
        id=key,
        slug=slug,
        name=base.name or slug,
        description=base.description or "",
        source_url=base.source_url or "",
        category=base.category or "",
        tags=base.tags or (),
        updated_at=base.updated_at or "",
        markdown=markdown.strip(),
        meta=base.meta or {},
    )


def edited_tags(document: Mapping[str, Any], members: list[str]) -> list[Any]:
    """List tags for a person's file, each as they wrote it."""
    raw = document.get("tags")
    known = {id_of(entry): entry for entry in raw} if isinstance(raw, list) else {}
    return [known.get(member, member) for member in members]


def tags_of(document: Mapping[str, Any]) -> list[str]:
    """Read ids, mappings with an id, or one text with commas."""
    raw = document.get("tags")
    if isinstance(raw, str):
        raw = raw.split(",")
    entries: Iterator[Any] = iter(raw if isinstance(raw, list) else ())
    return list(dict.fromkeys(filter(None, map(id_of, entries))))


def has_name(document: Any) -> bool:
    """Tell whether a document may be an item; a name may look like a number."""
    return isinstance(document, dict) and isinstance(
        document.get("name"), str | int | float
    )


def without_front_matter(text: str) -> str:
    """Take away the keys that an editor for content wrote above a text."""
    found = _FRONT_MATTER.match(text)
    if found is None:
        return text
    try:
        keys = parse(found[1].encode())
    except InvalidYAML:
        return text
    return text[found.end() :].lstrip("\n") if isinstance(keys, dict) else text


def text_of(value: Any) -> str:
    """Give the text that stands in a file; nothing for what is no scalar."""
    return "" if isinstance(value, dict | list) else scalar_text(value).strip()


def id_of(value: Any) -> str:
    return text_of(value.get("id") if isinstance(value, dict) else value)


def unescaped(text: str) -> str:
    """Read `&amp;` as the sign it stands for: some tools write names as HTML."""
    return html.unescape(text) if "&" in text and ";" in text else text
