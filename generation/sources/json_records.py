"""JSON and JSON Lines of any shape: wherever objects have a name and a link, read them.

The document is walked without recursion. An array whose objects are records is read and
not searched further; the names of the objects and keys above it become the path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from generation.exceptions import UnreadableSource
from generation.nesting import NestedTooDeeply, load_json
from generation.sources.bookmarks import is_json_bookmarks, read_json_bookmarks
from generation.sources.candidates import (
    MOST_ENTRIES,
    TOO_MANY,
    Candidate,
    Document,
    LeftOut,
    Reading,
)
from generation.sources.feeds import is_json_feed, read_json_feed
from generation.sources.fields import field_of, fields_of_headers, normalise
from generation.sources.json_references import (
    Array,
    Record,
    names_by_id,
    resolved,
    vocabularies,
)
from generation.sources.link_groups import are_link_groups
from generation.sources.names import squeeze
from generation.sources.records import (
    as_url,
    has_name,
    has_name_and_link,
    is_wrapper,
    record_to_candidate,
)

FEW_LINKS = "fewer than half of the entries beside it have a link"


class _Step(NamedTuple):
    """A value, where it stands, and whether its key names a group of records."""

    pointer: str
    path: tuple[str, ...]
    value: Any
    is_group: bool = False


_SAMPLE = 50
_DEEPEST = 100
_SHALLOW = 2
_FEWEST_KEYED = 3
_LINK = re.compile(r"\s*https?://", re.IGNORECASE)
_FIELD_OF_LINKS = re.compile(r"(?:^|[_\W])(?:ur[il]s?|links?|href|image|icon)$", re.I)
_TITLES = ("name", "title", "label", "category", "section", "group")
# What heads a list of records, under whatever name a document gives it.
_OTHER_TITLES = frozenset(
    {
        *("taxonomy", "term", "topic", "heading", "header", "headline", "caption"),
        *("tab", "chapter", "subject", "area", "genre", "subcategory", "kategorie"),
        *("categoría", "catégorie", "categoria", "rubrik", "thema", "groupname"),
        *("sectionname", "sectiontitle", "categoryname", "categorytitle", "text"),
    }
)
_NO_TITLES = frozenset(
    {
        *("id", "uuid", "uid", "slug", "key", "hash", "type", "kind", "class", "style"),
        *("classname", "component", "layout", "template", "variant", "theme", "color"),
        *("colour", "icon", "emoji", "locale", "status", "order", "position", "align"),
        *("created", "updated", "createdat", "updatedat", "date", "version", "author"),
    }
)
_LONGEST_TITLE = 80
_LONGEST_KEY = 100
_IDENTIFIER = re.compile(r"[a-z_]\w*", re.ASCII)
# Keys that a document gives its parts, not names of what is listed.
_PARTS = frozenset(
    {
        *("self", "next", "prev", "previous", "first", "last", "author", "authors"),
        *("publisher", "owner", "creator", "user", "org", "parent", "bugs", "related"),
        *("canonical", "alternate", "funding", "sponsor", "maintainer", "default"),
        *("defaults", "config", "settings", "options", "header", "footer", "nav"),
        *("menu", "page", "seo", "og", "twitter", "social", "login", "signup", "cta"),
        *("contact", "privacy", "terms", "primary", "secondary", "left", "right"),
        *("hero", "desktop", "mobile", "tablet", "small", "medium", "large", "thumb"),
        *("thumbnail", "full", "original", "light", "dark", "src", "avatar", "cover"),
        *("items", "records", "results", "entries", "list", "children", "rows"),
        *("values", "edges", "nodes", "elements", "objects", "documents", "hits"),
        *("tools", "props", "pageprops", "state", "payload", "response", "body"),
        *("pagination", "categories", "tags", "schema", "context", "head"),
    }
)


def read_json(document: Document, *, with_sparse: bool = True) -> Reading:
    """Read a feed, bookmarks, or else every record of every array that holds records.

    `with_sparse`: where there is no other list, one is read of which few have a link.
    """
    value, broken = parse(document.text)
    if is_json_feed(value):
        return read_json_feed(value, document)
    if is_json_bookmarks(value):
        return read_json_bookmarks(value, document)
    left_out = [
        LeftOut(name=line[:80], source=document.source, reason=reason)
        for line, reason in broken
    ]
    return read_value(
        value, document, kind="json", left_out=left_out, with_sparse=with_sparse
    )


def read_value(
    value: Any,
    document: Document,
    *,
    kind: str,
    left_out: Sequence[LeftOut] = (),
    with_sparse: bool = True,
) -> Reading:
    """Read the records in a value, in whatever format it was written down."""
    left_out = list(left_out)
    candidates: list[Candidate] = []
    arrays, sparse = _arrays(value, document.url)
    if with_sparse and not arrays:
        arrays, sparse = sparse, []
    arrays = resolved(arrays, vocabularies(value))
    total, room = sum(len(records) for _, _, records in arrays), MOST_ENTRIES
    for pointer, path, records in arrays:
        taken, room = records[:room], room - len(records[:room])
        for record in taken:
            entry = record_to_candidate(
                record,
                source=document.source,
                locator=pointer,
                base=document.url,
                path=path,
            )
            if isinstance(entry, Candidate):
                candidates.append(entry)
            else:
                left_out.append(entry)
    left_out += _reasons(sparse, document, most=room)
    return Reading(
        kind=kind,
        candidates=tuple(candidates),
        left_out=tuple(left_out),
        warnings=(TOO_MANY,) if total > MOST_ENTRIES else (),
    )


def is_json(text: str) -> bool:
    """Tell whether the text is JSON or JSON Lines, without keeping what it says."""
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start not in ("{", "["):
        return False
    try:
        parse(text)
    except UnreadableSource:
        # A Markdown list may begin with a badge; broken JSON begins with a quote, a
        # brace or another bracket.
        return text.lstrip("\ufeff \t\r\n")[1:].lstrip()[:1] in (
            '"',
            "{",
            "[",
            "]",
            "}",
        )
    return True


def parse(text: str) -> tuple[Any, list[tuple[str, str]]]:
    """Return the value, and the lines of a JSON Lines file that could not be read."""
    text = text.lstrip("\ufeff")
    try:
        return load_json(text), []
    except NestedTooDeeply as exc:
        # One line of many may be the deep one.
        with suppress(UnreadableSource):
            return _parse_lines(text)
        raise UnreadableSource("It is nested too deeply to be a list.") from exc
    except ValueError:
        return _parse_lines(text)


def _parse_lines(text: str) -> tuple[list[Any], list[tuple[str, str]]]:
    values: list[Any] = []
    broken: list[tuple[str, str]] = []
    for line in filter(None, map(str.strip, text.split("\n"))):
        try:
            values.append(load_json(line))
        except ValueError:
            broken.append((line, "this line is not valid JSON"))
        if len(broken) > len(values) + 10:
            break
    objects = sum(isinstance(value, dict) for value in values)
    if not objects or len(broken) > objects:
        raise UnreadableSource("It is not valid JSON. Check it with a JSON validator.")
    return values, broken


def _arrays(value: Any, base: str) -> tuple[list[Array], list[Array]]:
    """Find the arrays of records, in document order: (pointer, path, records).

    The second list are those of which fewer than half have a link.
    """
    found: list[Array] = []
    sparse: list[Array] = []
    waiting: list[tuple[_Step, int]] = [(_Step("", (), value), 0)]
    while waiting:
        step, depth = waiting.pop()
        if depth > _DEEPEST or not isinstance(step.value, dict | list):
            continue
        # The deeper an object, the more often its keys are a program's own.
        fewest = 1 if step.is_group else 2 if depth <= _SHALLOW else 3
        records = _records(step.value, base, fewest=fewest)
        if records:
            found.append((step.pointer, step.path, records))
            continue
        if records := _sparse_records(step.value):
            sparse.append((step.pointer, step.path, records))
        waiting.extend((below, depth + 1) for below in reversed(_below(step, base)))
    above = {
        pointer[:end]
        for pointer, _, _ in found
        for end, sign in enumerate(pointer)
        if sign == "/"
    }
    return found, [array for array in sparse if array[0] not in above]


def _sparse_records(value: dict[str, Any] | list[Any]) -> list[Record]:
    """Return the records of what would be a list, if more of them had a link."""
    objects: list[Record]
    if isinstance(value, list):
        objects = list(_listed(value))
    elif len(value) >= _FEWEST_KEYED and all(map(_is_name, value)):
        objects = [_keyed(k, p) for k, p in value.items() if isinstance(p, dict)]
    else:
        return []
    sample = objects[:_SAMPLE]
    if not sample or any(map(_holds_objects, sample)):
        return []
    return objects if sum(map(has_name, sample)) * 2 >= len(sample) else []


def _reasons(
    arrays: Sequence[Array], document: Document, *, most: int
) -> Iterator[LeftOut]:
    """Say of lists of which few have a link why none of it is read."""
    linked = [
        (pointer, records)
        for pointer, _, records in arrays
        if any(has_name_and_link(record, base=document.url) for record in records)
    ]
    for pointer, records in linked:
        for record in records[:most]:
            entry = record_to_candidate(
                record, source=document.source, locator=pointer, base=document.url
            )
            if isinstance(entry, LeftOut):
                yield entry
            else:
                yield LeftOut(
                    name=entry.name,
                    url=entry.url,
                    source=document.source,
                    reason=FEW_LINKS,
                )
        most -= len(records[:most])


def _records(
    value: dict[str, Any] | list[Any], base: str, *, fewest: int = 2
) -> list[Record]:
    """Return the records in an array, or in an object that is keyed by id or name."""
    objects: list[Record] = []
    if isinstance(value, list):
        objects += _listed(value) or _rows(value)
        if are_link_groups(objects):
            return []
        needed = (min(len(objects), _SAMPLE) + 1) // 2
    elif _maps_names_to_links(value):
        return [{"name": name, "url": link} for name, link in value.items()]
    else:
        objects += [
            _keyed(k, part) for k, part in value.items() if isinstance(part, dict)
        ]
        if are_link_groups(objects):
            return []
        # An object keyed by id is rare and easily mistaken: every value must fit.
        needed = max(_fewest_keyed(value, fewest), min(len(value), _SAMPLE))
    hits = sum(has_name_and_link(part, base=base) for part in objects[:_SAMPLE])
    return objects if hits and hits >= needed else []


def _fewest_keyed(value: Mapping[str, Any], fewest: int) -> int:
    """Return how many entries make an object a list that is keyed by name."""
    if not all(map(_is_name, value)):
        return 3
    are_described = all(
        isinstance(part, dict) and any(field_of(key) == "description" for key in part)
        for part in value.values()
    )
    return min(fewest, 2) if are_described else fewest


def _keyed(key: str, part: Mapping[str, Any]) -> Record:
    """Give a record the name that it is kept under; a number is none if it has a title."""
    if key.isdecimal() and isinstance(part.get("title"), str):
        return part
    return {"name": key, **part}


def _listed(value: list[Any]) -> list[Record]:
    """Return the objects of an array; `{"Vim": {"url": …}}` is one of that name."""
    objects = [part for part in value if isinstance(part, dict)]
    keys = {key for part in objects if len(part) == 1 for key in part}
    if len(keys) < len(objects):
        return list(objects)
    return [_of_one_key(part) for part in objects]


def _of_one_key(part: dict[str, Any]) -> Record:
    ((key, held),) = part.items()
    if not _is_name(key):
        return part
    if isinstance(held, list) and len(held) == 1 and _is_nameless(held[0]):
        held = held[0]
    if isinstance(held, dict):
        return {"name": key, **held}
    return {"name": key, "url": held} if _is_named_link(key, held) else part


def _is_nameless(value: Any) -> bool:
    if not isinstance(value, dict) or any(isinstance(v, dict) for v in value.values()):
        return False
    return not has_name_and_link({"url": "https://example.org", **value})


def _is_name(key: Any) -> bool:
    """Tell whether a key may name what is listed, and is no part of a document."""
    if not isinstance(key, str) or not key.strip():
        return False
    is_part = key.lower() in _PARTS or bool(field_of(key)) or is_wrapper(key)
    return not (is_part and key == key.lower())


def _rows(value: list[Any]) -> list[Record]:
    """Read an array of arrays as a table: its first row names the columns.

    Without such a row, a text and a link are a name and its link.
    """
    rows = [row for row in value if isinstance(row, list) and row]
    if len(rows) < 2 or len(rows) < len(value):
        return []
    header = [cell if isinstance(cell, str) else "" for cell in rows[0]]
    fields = fields_of_headers(header)
    if "name" in fields and not {"url", "source_code_url"}.isdisjoint(fields):
        named = zip(header, fields, strict=True)
        header = [name if field_of(name) else field or name for name, field in named]
        return [dict(zip(header, row, strict=False)) for row in rows[1:]]
    return [_pair(row) for row in rows]


def _pair(row: list[Any]) -> Record:
    texts = [cell for cell in row if isinstance(cell, str)]
    links = [text for text in texts if _LINK.match(text)]
    words = [text for text in texts if text.strip() and not _LINK.match(text)]
    return dict(zip(("url", "name", "description"), [*links[:1], *words], strict=False))


def _maps_names_to_links(value: Mapping[str, Any]) -> bool:
    """Tell a list (`"Redis": "https://redis.io"`) from fields that hold links."""
    return len(value) > 1 and all(
        _is_named_link(name, link) for name, link in value.items()
    )


def _is_named_link(name: str, link: Any) -> bool:
    return (
        isinstance(link, str)
        and bool(_LINK.match(link))
        and bool(as_url(link))
        and not field_of(name)
        and not _FIELD_OF_LINKS.search(name)
    )


def _below(step: _Step, base: str) -> list[_Step]:
    pointer, path, value = step.pointer, step.path, step.value
    if isinstance(value, list):
        # Positions are no locator: they move when something is inserted above.
        title = _common_title(value)
        are_keyed = _are_keyed_groups(value)
        return [
            _Step(
                f"{pointer}/-",
                (*path, *(map(squeeze, part) if are_keyed else _named(part, title))),
                part,
            )
            for part in value
        ]
    groups = [key for key, part in value.items() if isinstance(part, dict | list)]
    are_groups = _are_groups(step, groups, base)
    return [
        _Step(
            f"{pointer}/{_escaped(key)}",
            (*path, *_name_of_group(key, value[key])) if are_groups else path,
            value[key],
            is_group=are_groups and _is_name(key),
        )
        for key in groups
    ]


def _are_groups(step: _Step, keys: Sequence[str], base: str) -> bool:
    """Tell whether the keys of an object sort what is below them."""
    parts = [step.value[key] for key in keys]
    is_sorted = field_of(step.pointer.rpartition("/")[2]) == "category"
    if len(keys) < (1 if is_sorted else 2):
        return False
    if any(names_by_id(key, part) for key, part in zip(keys, parts, strict=True)):
        return False
    if len(keys) == 1 and not _is_name(keys[0]):
        return False
    if all(map(_is_group, parts)):
        return True
    return (is_sorted or all(map(_is_name, keys))) and all(
        _is_group(part) or _holds_records(part, base) for part in parts
    )


def _holds_records(part: Any, base: str) -> bool:
    """Tell whether an object holds a list beside what it says about itself."""
    return isinstance(part, dict) and any(
        bool(_records(held, base)) for held in part.values() if isinstance(held, list)
    )


def _name_of_group(key: str, part: Any) -> tuple[str, ...]:
    if isinstance(part, dict) and any(isinstance(v, list) for v in part.values()):
        title = part.get("title") or part.get("name")
        if isinstance(title, str) and title.strip():
            return (squeeze(title),)
    return (squeeze(key),) if squeeze(key) else ()


def _is_group(value: dict[str, Any] | list[Any]) -> bool:
    """Tell whether a value may be what a key groups: an array, or groups of its own."""
    for _ in range(_DEEPEST):
        if isinstance(value, list):
            return True
        parts = list(value.values())
        if not parts or _maps_names_to_links(value):
            return bool(parts)
        if not all(isinstance(part, dict | list) for part in parts):
            return False
        if all(
            isinstance(p, dict) and has_name_and_link({"name": "?", **p}) for p in parts
        ):
            return True
        value = parts[0]
    return False


def _named(value: Any, title: str) -> tuple[str, ...]:
    """Return the name of a group, which is an object that holds an array."""
    if not isinstance(value, dict):
        return ()
    for key in (*_TITLES, title):
        text = value.get(key)
        if isinstance(text, str) and text.strip():
            return (squeeze(text),)
    return ()


def _are_keyed_groups(parts: list[Any]) -> bool:
    """Tell whether an array's objects each name one list: `[{"Media": […]}, …]`."""
    keys = [
        key
        for part in parts
        if isinstance(part, dict) and len(part) == 1
        for key, held in part.items()
        if _is_name(key) and isinstance(held, list)
    ]
    are_names = len(keys) > 1 or any(not _IDENTIFIER.fullmatch(key) for key in keys)
    return are_names and len(keys) == len(set(keys)) == len(parts)


def _common_title(parts: list[Any]) -> str:
    """Return the key under which all objects that hold lists say what these are, or ""."""
    objects = [part for part in parts if isinstance(part, dict)]
    if (
        not objects
        or len(objects) < len(parts)
        or not all(map(_holds_objects, objects))
    ):
        return ""
    keys = [
        key
        for key in objects[0]
        if _may_be_title(key) and all(_is_title(part.get(key)) for part in objects)
    ]
    known = [key for key in keys if normalise(key) in _OTHER_TITLES]
    if known or len(objects) < 2 or len(keys) != 1:
        return known[0] if known else ""
    titles = {squeeze(part[keys[0]]) for part in objects}
    return keys[0] if len(titles) == len(objects) else ""


def _holds_objects(value: Mapping[str, Any]) -> bool:
    return any(
        isinstance(held, list) and bool(held) and isinstance(held[0], dict)
        for held in value.values()
    )


def _may_be_title(key: Any) -> bool:
    return (
        isinstance(key, str)
        and normalise(key) not in _NO_TITLES
        and field_of(key) in ("", "category")
    )


def _is_title(text: Any) -> bool:
    return (
        isinstance(text, str)
        and 0 < len(text.strip()) <= _LONGEST_TITLE
        and not as_url(text)
    )


def _escaped(key: str) -> str:
    # Everything below a key has it in its place: one of 100 KB would be stored a thousand times.
    return key[:_LONGEST_KEY].replace("~", "~0").replace("/", "~1")
