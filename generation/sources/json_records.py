"""JSON and JSON Lines of any shape: wherever objects have a name and a link, read them.

The document is walked without recursion. An array whose objects are records is read and
not searched further; the names of the objects and keys above it become the path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from generation.exceptions import UnreadableSource
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
from generation.sources.names import squeeze
from generation.sources.records import (
    as_url,
    field_of,
    has_name_and_link,
    record_to_candidate,
)

Record = Mapping[str, Any]

_SAMPLE = 50
_DEEPEST = 100
_LINK = re.compile(r"\s*https?://", re.IGNORECASE)
_FIELD_OF_LINKS = re.compile(r"(?:^|[_\W])(?:ur[il]s?|links?|href|image|icon)$", re.I)
_TITLES = ("name", "title", "label", "category", "section", "group")


def read_json(document: Document) -> Reading:
    """Read a feed, bookmarks, or else every record of every array that holds records."""
    value, broken = parse(document.text)
    if is_json_feed(value):
        return read_json_feed(value, document)
    if is_json_bookmarks(value):
        return read_json_bookmarks(value, document)
    left_out = [
        LeftOut(name=line[:80], source=document.source, reason=reason)
        for line, reason in broken
    ]
    return read_value(value, document, kind="json", left_out=left_out)


def read_value(
    value: Any, document: Document, *, kind: str, left_out: Sequence[LeftOut] = ()
) -> Reading:
    """Read the records in a value, in whatever format it was written down."""
    left_out = list(left_out)
    candidates: list[Candidate] = []
    arrays = _arrays(value, document.url)
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
        return json.loads(text), []
    except RecursionError as exc:
        raise UnreadableSource("It is nested too deeply to be a list.") from exc
    except ValueError:
        return _parse_lines(text)


def _parse_lines(text: str) -> tuple[list[Any], list[tuple[str, str]]]:
    values: list[Any] = []
    broken: list[tuple[str, str]] = []
    for line in filter(None, map(str.strip, text.split("\n"))):
        try:
            values.append(json.loads(line))
        except (ValueError, RecursionError):
            broken.append((line, "this line is not valid JSON"))
        if len(broken) > len(values) + 10:
            break
    objects = sum(isinstance(value, dict) for value in values)
    if not objects or len(broken) > objects:
        raise UnreadableSource("It is not valid JSON. Check it with a JSON validator.")
    return values, broken


def _arrays(value: Any, base: str) -> list[tuple[str, tuple[str, ...], list[Record]]]:
    """Find the arrays of records, in document order: (pointer, path, records)."""
    found = []
    waiting: list[tuple[str, tuple[str, ...], Any, int]] = [("", (), value, 0)]
    while waiting:
        pointer, path, value, depth = waiting.pop()
        if depth > _DEEPEST or not isinstance(value, dict | list):
            continue
        records = _records(value, base)
        if records:
            found.append((pointer, path, records))
            continue
        below = _below(pointer, path, value)
        waiting.extend((*step, depth + 1) for step in reversed(below))
    return found


def _records(value: dict[str, Any] | list[Any], base: str) -> list[Record]:
    """Return the records in an array, or in an object that is keyed by id or name."""
    objects: list[Record] = []
    if isinstance(value, list):
        objects += [part for part in value if isinstance(part, dict)] or _rows(value)
        needed = (min(len(objects), _SAMPLE) + 1) // 2
    elif _maps_names_to_links(value):
        return [{"name": name, "url": link} for name, link in value.items()]
    else:
        parts = value.items()
        objects += [{"name": k, **part} for k, part in parts if isinstance(part, dict)]
        # An object keyed by id is rare and easily mistaken: every value must fit.
        needed = max(3, min(len(value), _SAMPLE))
    hits = sum(has_name_and_link(part, base=base) for part in objects[:_SAMPLE])
    return objects if hits and hits >= needed else []


def _rows(value: list[Any]) -> list[Record]:
    """Read an array of arrays as a table: its first row names the columns.

    Without such a row, a text and a link are a name and its link.
    """
    rows = [row for row in value if isinstance(row, list) and row]
    if len(rows) < 2 or len(rows) < len(value):
        return []
    header = [cell if isinstance(cell, str) else "" for cell in rows[0]]
    fields = {field_of(name) for name in header}
    if "name" in fields and fields & {"url", "source_code_url"}:
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
        isinstance(link, str)
        and _LINK.match(link)
        and as_url(link)
        and not field_of(name)
        and not _FIELD_OF_LINKS.search(name)
        for name, link in value.items()
    )


def _below(
    pointer: str, path: tuple[str, ...], value: dict[str, Any] | list[Any]
) -> list[tuple[str, tuple[str, ...], Any]]:
    if isinstance(value, list):
        # Positions are no locator: they move when something is inserted above.
        steps = [(f"{pointer}/-", path, part) for part in value]
        return [(step, _named(above, part), part) for step, above, part in steps]
    groups = [key for key, part in value.items() if isinstance(part, dict | list)]
    keys_are_groups = len(groups) > 1 and all(_is_group(value[key]) for key in groups)
    return [
        (
            f"{pointer}/{_escaped(key)}",
            (*path, squeeze(key)) if keys_are_groups and squeeze(key) else path,
            value[key],
        )
        for key in groups
    ]


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


def _named(path: tuple[str, ...], value: Any) -> tuple[str, ...]:
    """Add the name of a group (an object that holds an array) to the path."""
    if isinstance(value, dict):
        for key in _TITLES:
            title = value.get(key)
            if isinstance(title, str) and title.strip():
                return (*path, squeeze(title))
    return path


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
