"""The data repository: one YAML file and one Markdown body an item, strict out, lenient in.

The format is that of the open-source *ever-works* platform, so that its website templates
can read what we write: docs/reference/data-repository.md has every key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from generation.exceptions import RepositoryError
from generation.git import Repository
from generation.items import Catalogue, Category, Item, Tag
from generation.markup import strip_raw_html
from generation.repositories import File, Masthead
from generation.repositories.state import (
    ITEMS,
    ItemRecord,
    Snapshot,
    item_id,
    read_table,
    render_table,
    take_snapshot,
)
from generation.yaml import InvalidYAML, Quoted, dump, parse

# A list of labels may be so many times longer than an item.
LABEL_FILES = 20
ITEM_PATH = re.compile(r"data/([A-Za-z0-9_-]+)/([A-Za-z0-9_-]+)\.(yml|yaml)")

_ITEM_KEYS = {
    "name", "description", "source_url", "category", "tags", "featured", "order",
    "updated_at", "markdown", "meta",
}  # fmt: skip


class StoredItem(NamedTuple):
    """An item as it lies in the repository. `edited`: a person made or changed a file."""

    item: Item
    paths: tuple[str, ...]
    edited: bool
    record: ItemRecord


class Stored(NamedTuple):
    """A data repository, read.

    `tombstones` are of items whose file a person removed, `unreadable` of those whose file
    nobody can read at the moment.
    """

    snapshot: Snapshot
    items: tuple[StoredItem, ...]
    categories: tuple[Category, ...]
    tags: tuple[Tag, ...]
    tombstones: tuple[ItemRecord, ...]
    unreadable: tuple[ItemRecord, ...]
    warnings: tuple[str, ...]

    @property
    def taken_slugs(self) -> set[str]:
        """Slugs of items, of removed items, and of folders that could not be read."""
        folders = {
            path.split("/")[1].lower()
            for path in self.snapshot.tree
            if path.startswith("data/") and path.count("/") > 1
        }
        return folders | {record.slug for record in self.tombstones}


def read_data(repository: Repository) -> Stored:
    """Read everything that a data repository holds on `main`.

    An item file that cannot be read is left alone, with a warning. A category or tag file
    that cannot be read ends the run, because ids would no longer resolve.
    """
    snapshot = take_snapshot(repository)
    tree = snapshot.tree
    records = {
        record.slug: record
        for record in read_table(
            repository, tree, ITEMS, ItemRecord.model_validate_json
        )
    }
    categories = tuple(
        Category(**known, priority=_integer(rest.pop("priority", None)), extra=rest)
        for known, rest in _labels(
            snapshot, "categories", ("id", "name", "description")
        )
    )
    tags = tuple(
        Tag(**known, extra=rest)
        for known, rest in _labels(snapshot, "tags", ("id", "name"))
    )
    warnings: list[str] = []
    items = tuple(_read_items(snapshot, records, warnings))
    present = {stored.item.slug for stored in items}
    ids = {stored.item.id for stored in items}
    missing = [record for slug, record in records.items() if slug not in present]
    lost = [r for r in missing if f"data/{r.slug}/{r.slug}.yml" in tree]
    gone = [r for r in missing if r not in lost and r.id not in ids]
    return Stored(
        snapshot, items, categories, tags, tuple(gone), tuple(lost), tuple(warnings)
    )


def render_data(
    catalogue: Catalogue, masthead: Masthead, *, prompt: str = ""
) -> Iterator[File]:
    """Write a catalogue as files, in path order."""
    config = dump(_config(catalogue, masthead, prompt))
    yield File(".works/works.yml", config)
    yield File("README.md", _readme(masthead))
    yield File("categories.yml", dump([_category(c) for c in catalogue.categories]))
    yield File("config.yml", config)
    for item in sorted(catalogue.items, key=lambda item: item.slug):
        folder = f"data/{item.slug}/{item.slug}"
        yield File(f"{folder}.md", _body(item.markdown))
        yield File(f"{folder}.yml", dump(_item(item)))
    yield File("tags.yml", dump([_tag(tag) for tag in catalogue.tags]))


def render_records(records: Iterable[ItemRecord]) -> list[File]:
    rows = [
        record.model_dump(exclude_defaults=True) | {"id": record.id}
        for record in records
    ]
    return list(render_table(ITEMS, rows, key=lambda row: row["id"] + row["slug"]))


def append_labels(content: bytes, entries: list[Mapping[str, Any]]) -> bytes:
    """Add entries to a person's category or tag file, without touching what is there.

    Only a list in flow style, to which no line can be added, is written anew.
    """
    known = parse(content, times=LABEL_FILES) or []
    first = re.search(rb"^( *)- ", content, re.MULTILINE)
    indent = first.group(1) if first else b""
    lines = dump(entries).splitlines(keepends=True)
    # A file of nothing but comments is a list without entries.
    start = content if known or not content.strip().startswith(b"[") else b""
    gap = b"" if not start or start.endswith(b"\n") else b"\n"
    longer = start + gap + b"".join(indent + line for line in lines)
    try:
        if parse(longer, times=LABEL_FILES) == [*known, *entries]:
            return longer
    except InvalidYAML:
        pass
    return dump([*known, *entries])


def category_entries(categories: Iterable[Category]) -> list[Mapping[str, Any]]:
    return [_category(category) for category in categories]


def tag_entries(tags: Iterable[Tag]) -> list[Mapping[str, Any]]:
    return [_tag(tag) for tag in tags]


def _read_items(
    snapshot: Snapshot, records: Mapping[str, ItemRecord], warnings: list[str]
) -> Iterator[StoredItem]:
    tree = snapshot.tree
    files: list[tuple[str, str, str]] = []
    slugs: set[str] = set()
    # Before ".yml" in the order of names, ".yaml" would win.
    for path in sorted(tree, key=lambda path: (path.endswith(".yaml"), path)):
        match = ITEM_PATH.fullmatch(path)
        if match is None:
            continue
        slug, name, ending = match.groups()
        if slug != name or slug in slugs:
            warnings.append(
                f"{path} was left out: an item is the file data/{slug}/{slug}.yml"
            )
            continue
        slugs.add(slug)
        body = path.removesuffix(ending) + "md"
        files.append((slug, path, body if body in tree else ""))
    bodies = [body for _, _, body in files if body]
    texts = dict(
        zip(bodies, snapshot.repository.read(tree[b] for b in bodies), strict=True)
    )
    contents = snapshot.repository.read(tree[path] for _, path, _ in files)
    for (slug, path, body), content in zip(files, contents, strict=True):
        try:
            # What we wrote ourselves is no bomb.
            is_ours = not snapshot.is_edited(path)
            document = parse(content, times=LABEL_FILES if is_ours else 1)
            text = texts[body].decode() if body else None
            item = _item_from(slug, document, text, records.get(slug))
        except (InvalidYAML, UnicodeDecodeError, TypeError, ValueError) as exc:
            reason = exc if isinstance(exc, InvalidYAML) else "it is not an item"
            warnings.append(f"{path} was left alone and out: {reason}")
            continue
        paths = (path, body) if body else (path,)
        # A body that a person removed is an edit of its item as well.
        beside = f"data/{slug}/{slug}.md"
        edited = any(map(snapshot.is_edited, paths)) or snapshot.is_deleted(beside)
        own = ItemRecord(id=item.id, slug=slug, name=item.name)
        yield StoredItem(item, paths, edited, records.get(slug, own))


def _item_from(
    slug: str, document: Any, body: str | None, record: ItemRecord | None
) -> Item:
    """Read an item of our own or of a person's. Raises TypeError and ValueError."""
    if not isinstance(document, dict) or not isinstance(document.get("name"), str):
        raise TypeError("an item is a mapping with a name")
    url = _text(document.get("source_url"))
    category = document.get("category")
    if isinstance(category, list):
        category = category[0] if category else ""
    tags = document.get("tags") if isinstance(document.get("tags"), list) else []
    meta = document.get("meta")
    markdown = _text(document.get("markdown")) if body is None else body
    return Item(
        id=record.id if record else item_id(url),
        slug=slug,
        name=document["name"].strip() or slug,
        description=_text(document.get("description")),
        source_url=url,
        category=_id(category),
        tags=tuple(dict.fromkeys(filter(None, map(_id, tags or [])))),
        updated_at=_text(document.get("updated_at")),
        featured=document.get("featured") is True,
        order=_integer(document.get("order")),
        markdown=markdown.strip(),
        meta=meta if isinstance(meta, dict) else {},
        extra={str(k): value for k, value in document.items() if k not in _ITEM_KEYS},
    )


def _labels(
    snapshot: Snapshot, name: str, keys: tuple[str, ...]
) -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """Read `categories.yml` or `tags.yml`: what we know of each entry, and the rest."""
    path = f"{name}.yml"
    if path not in snapshot.tree:
        return
    [content] = snapshot.repository.read([snapshot.tree[path]])
    try:
        entries = parse(content, times=LABEL_FILES)
    except InvalidYAML as exc:
        raise RepositoryError(
            f"{path} of the data repository cannot be read: {exc}. Mend it and run again"
        ) from exc
    if not isinstance(entries or [], list):
        raise RepositoryError(
            f"{path} of the data repository is not a list of {name}. "
            "Mend it and run again"
        )
    seen: set[str] = set()
    for entry in entries or []:
        pairs = entry if isinstance(entry, dict) else {"id": entry, "name": entry}
        rest = {str(key): value for key, value in pairs.items()}
        known = {key: _text(rest.pop(key, "")) for key in keys}
        if known["id"] and known["name"] and known["id"] not in seen:
            seen.add(known["id"])
            yield known, rest


def _item(item: Item) -> dict[str, Any]:
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
        document["meta"] = item.meta
    return document | item.extra


def _category(category: Category) -> dict[str, Any]:
    document: dict[str, Any] = {"id": category.id, "name": category.name}
    if category.description:
        document["description"] = category.description
    if category.priority is not None:
        document["priority"] = category.priority
    return document | category.extra


def _tag(tag: Tag) -> dict[str, Any]:
    return {"id": tag.id, "name": tag.name, **tag.extra}


def _config(catalogue: Catalogue, masthead: Masthead, prompt: str) -> dict[str, Any]:
    """Build the document of `config.yml`. No time of a run goes into it, only items'."""
    years = [item.updated_at[:4] for item in catalogue.items if item.updated_at]
    document: dict[str, Any] = {
        "name": masthead.name,
        "company_name": masthead.company_name or masthead.name,
        "content_table": True,
        "item_name": "Item",
        "items_name": "Items",
        "pagination": {"type": "standard", "itemsPerPage": 12},
    }
    if masthead.description:
        document["description"] = masthead.description
    if masthead.company_website:
        document["company_website"] = masthead.company_website
    if years and max(years).isdigit():
        document["copyright_year"] = int(max(years))
    if prompt:
        document["metadata"] = {"initial_prompt": prompt}
    return document | masthead.config


def _readme(masthead: Masthead) -> bytes:
    return f"""\
# Data of {masthead.name}

One folder an item under `data/`: `<slug>.yml` holds its fields, `<slug>.md` its text.
`categories.yml` and `tags.yml` name what the items refer to, `config.yml` describes the
directory, and `.works/works.yml` is the same document for tools that look there.

Edit any file by hand. The next run sees that it is not what it wrote, leaves it alone and
says so. What you delete is not added again. `.gazetteer/` is the run's memory: leave it.
""".encode()


def _body(markdown: str) -> bytes:
    return f"{markdown}\n".encode() if markdown else b""


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value).strip()


def _id(value: Any) -> str:
    return _text(value.get("id") if isinstance(value, dict) else value)


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
