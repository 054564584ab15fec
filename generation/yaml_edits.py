"""Change single values of a YAML file that a person keeps, and nothing else of it.

PyYAML forgets comments, order and style when it writes a document, so the text is edited
instead: the lines of the one key. What came out is read again; unless it holds exactly what
was asked for, and every comment of before, the edit is refused and the file stays.
"""

from __future__ import annotations

import codecs
import copy
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from generation.yaml import InvalidYAML, Place, Plain, dump, locate, parse

# Keys of mappings, and places in lists.
Path = tuple[str | int, ...]


class CannotEdit(ValueError):
    """The change cannot be made without losing something of the file."""


class _Remove:
    """Stands for "without this key"."""


REMOVE = _Remove()


def edit(content: bytes, changes: Mapping[Any, Any], *, times: int = 1) -> bytes:
    """Set or remove values of mappings, by their path.

    Raises CannotEdit, and InvalidYAML where the file cannot be read at all.
    """
    wanted = applied(parse(content, times=times), changes)
    bom = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    before = content.decode("utf-8-sig")
    try:
        after = before
        for path, value in changes.items():
            after = _edited(after, path, value, times=times)
        result = bom + after.encode()
        if parse(result, times=times) == wanted and _comments(after) == _comments(
            before
        ):
            return result
    except (CannotEdit, InvalidYAML):
        pass
    if not _comments(before):
        # Brackets or odd indentation: written anew, in the person's order.
        return dump(wanted)
    raise CannotEdit("the change would lose a comment")


def append(
    content: bytes, entries: Sequence[Mapping[str, Any]], *, times: int
) -> bytes:
    """Add entries to a list in a file, without touching what is there.

    Only a list in brackets, to which no line can be added, is written anew.
    """
    known = parse(content, times=times) or []
    first = re.search(rb"^( *)- ", content, re.MULTILINE)
    indent = first.group(1) if first else b""
    end = b"\r\n" if b"\r\n" in content else b"\n"
    lines = [line + end for line in dump(entries).split(b"\n")[:-1]]
    # A file of nothing but comments is a list without entries.
    start = content if known or not content.strip().startswith(b"[") else b""
    gap = b"" if not start or start.endswith(b"\n") else end
    longer = start + gap + b"".join(indent + line for line in lines)
    try:
        if parse(longer, times=times) == [*known, *entries]:
            return longer
    except InvalidYAML:
        pass
    return dump([*known, *entries])


def without_entries(content: bytes, numbers: Collection[int], *, times: int) -> bytes:
    """Take entries out of a list in a file, with the comments inside of them only.

    Raises CannotEdit, and InvalidYAML where the file cannot be read at all.
    """
    known = parse(content, times=times) or []
    wanted = [entry for number, entry in enumerate(known) if number not in numbers]
    bom = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    text = content.decode("utf-8-sig")
    place = locate(text, times=times)
    comments = set(_comments(text))
    if place is not None and not place.inline:
        for number in sorted(numbers, reverse=True):
            entry = place.entries[number]
            start = text.rfind("\n", 0, entry.start) + 1
            text = text[:start] + text[_next_line(text, entry.end) :]
        result = bom + text.encode()
        try:
            if (parse(result, times=times) or []) == wanted:
                return result
        except InvalidYAML:
            pass
    if not comments:
        return dump(wanted)
    raise CannotEdit("the change would lose a comment")


def comments_of(content: bytes) -> list[str]:
    """List the comments of a file, in order. Raises InvalidYAML."""
    return _comments(content.decode("utf-8-sig"))


def duplicate_keys(content: bytes) -> list[str]:
    """Name the keys that a mapping of the file holds twice. Raises InvalidYAML."""
    root = locate(content.decode("utf-8-sig"))
    return sorted(set(_duplicates(root))) if root else []


def earlier_duplicates(content: bytes) -> list[tuple[int, int]]:
    """Give the first and last line of each top-level key that a later one overrules."""
    text = content.decode("utf-8-sig")
    root = locate(text)
    seen: set[str] = set()
    lines: list[tuple[int, int]] = []
    for key, value in reversed(root.pairs if root else ()):
        if key.text in seen:
            end = max(key.end, value.end)
            lines.append((text.count("\n", 0, key.start), text.count("\n", 0, end)))
        seen.add(key.text)
    return lines


def _duplicates(place: Place) -> Iterator[str]:
    seen: set[str] = set()
    for key, value in place.pairs:
        if key.text in seen:
            yield key.text
        seen.add(key.text)
        yield from _duplicates(value)
    for entry in place.entries:
        yield from _duplicates(entry)


def applied(document: Any, changes: Mapping[Any, Any]) -> Any:
    """Change a copy of a document, without its text."""
    result = copy.deepcopy(document)
    for path, value in changes.items():
        parent = result
        for key in path[:-1]:
            if isinstance(parent, dict) and parent.get(key) is None:
                parent[key] = {}
            parent = _inner(parent, key)
        key = path[-1]
        if not isinstance(parent, dict):
            raise CannotEdit(f"what holds {key} is not a mapping")
        if value is not REMOVE:
            parent[key] = value
        elif key in parent:
            del parent[key]
            if not parent and len(path) > 1:
                # A mapping of nothing is not worth its line.
                _drop(result, path[:-1])
    return result


def _drop(document: Any, path: Path) -> None:
    for key in path[:-1]:
        document = document[key]
    if isinstance(document, dict):
        del document[path[-1]]


def _inner(parent: Any, key: str | int) -> Any:
    try:
        return parent[key]
    except (KeyError, IndexError, TypeError) as exc:
        raise CannotEdit(f"there is no {key}") from exc


def _edited(text: str, path: Path, value: Any, *, times: int) -> str:
    place = locate(text, times=times)
    for depth, key in enumerate(path[:-1]):
        if place is None:
            break
        if isinstance(key, int):
            place = place.entries[key] if key < len(place.entries) else None
            continue
        pair = _pair(place, key)
        if pair is None or not (pair[1].text or pair[1].pairs or pair[1].entries):
            if value is REMOVE:
                return text
            nested: Any = value
            for inner in reversed(path[depth + 1 :]):
                nested = {inner: nested}
            return _set(text, place, key, nested)
        if value is REMOVE and depth == len(path) - 2 and len(pair[1].pairs) == 1:
            has_it = pair[1].pairs[0][0].text == path[-1]
            return _removed(text, place, key) if has_it else text
        place = pair[1]
    if place is None or place.kind != "mapping":
        raise CannotEdit("it is not a mapping")
    name = str(path[-1])
    if value is REMOVE:
        return _removed(text, place, name)
    return _set(text, place, name, value)


def _pair(place: Place, key: str) -> tuple[Place, Place] | None:
    """Find a key; of several, the last one counts."""
    return next((pair for pair in reversed(place.pairs) if pair[0].text == key), None)


def _set(text: str, place: Place, key: str, value: Any) -> str:
    if place.inline:
        return _set_in_braces(text, place, key, value)
    pair = _pair(place, key)
    if pair is not None and text[pair[0].start : pair[0].end] == key:
        # As it stands there, without quotes.
        key = Plain(key)
    lines = _lines(text, {key: value}, column=place.column)
    if pair is None:
        at = _line_end(text, place.end)
        return text[:at] + _newline(text, before=at) + lines + text[at:]
    name, old = pair
    if old.kind == "sequence" and not old.inline and isinstance(value, list):
        changed = _with_entries(text, old, value)
        if changed is not None:
            return changed
    if (
        old.kind == "sequence"
        and old.inline
        and isinstance(value, list)
        and old.entries
    ):
        flow = "[" + ", ".join(_inline(entry) for entry in value) + "]"
        return text[: old.start] + flow + text[old.end :]
    if not (old.inline and old.kind == "scalar"):
        return text[: name.start] + lines.lstrip(" ") + text[max(old.end, name.end) :]
    head, _, new = lines.lstrip(" ").partition(":")
    if new.startswith((" |", "\n")) or head != text[name.start : name.end]:
        # A block begins behind the key; a comment there gets a line of its own above.
        end = _line_end(text, max(old.end, name.end))
        tail = text[max(old.end, name.end) : end].strip().lstrip(":").strip()
        above = f"{tail}{_eol(text)}{' ' * place.column}" if tail else ""
        return text[: name.start] + above + lines.lstrip(" ") + text[end:]
    if old.start == old.end:
        # A key without a value: what follows the colon is the place.
        colon = text.index(":", name.end) + 1
        return text[:colon] + new + text[colon:]
    return text[: old.start] + new.lstrip(" ") + text[old.end :]


def _set_in_braces(text: str, place: Place, key: str, value: Any) -> str:
    pair = _pair(place, key)
    if pair is not None:
        return text[: pair[1].start] + _inline(value) + text[pair[1].end :]
    if not place.pairs:
        raise CannotEdit("there is no place for a key")
    at = max(place.pairs[-1][1].end, place.pairs[-1][0].end)
    new = dump({key: value}, flow=True).decode().strip()[1:-1]
    return f"{text[:at]}, {new}{text[at:]}"


def _with_entries(text: str, old: Place, value: list[Any]) -> str | None:
    """Remove and add lines of a list. None where the rest would not stay as it is."""
    if any(entry.kind != "scalar" or not entry.inline for entry in old.entries):
        return None
    known = [parse(f"- {text[e.start : e.end]}".encode())[0] for e in old.entries]
    kept = [entry for entry in known if entry in value]
    if not kept or value[: len(kept)] != kept or len(set(map(str, known))) < len(known):
        return None
    last = old.entries[known.index(kept[-1])]
    at = _line_end(text, last.end)
    dash = " " * old.column + "- "
    added = "".join(
        f"{_eol(text)}{dash}{_inline(entry)}" for entry in value[len(kept) :]
    )
    pieces = [(at, at, added)]
    for entry, place in zip(known, old.entries, strict=True):
        if entry not in value:
            start = text.rfind("\n", 0, place.start) + 1
            pieces.append((start, _next_line(text, place.end), ""))
    for start, end, new in sorted(pieces, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _removed(text: str, place: Place, key: str) -> str:
    pair = _pair(place, key)
    if pair is None:
        return text
    if place.inline or len(place.pairs) == 1:
        raise CannotEdit("it has no lines of its own")
    start = text.rfind("\n", 0, pair[0].start) + 1
    end = _next_line(text, max(pair[0].end, pair[1].end))
    return text[:start] + text[end:]


def _lines(text: str, document: Any, *, column: int) -> str:
    """Write a piece of a document, indented, without the end of its last line."""
    lines = dump(document).decode().rstrip("\n").split("\n")
    return _eol(text).join(" " * column + line if line else "" for line in lines)


def _inline(value: Any) -> str:
    """Write a value so that it may stand in a list in brackets as well."""
    line = dump([value], flow=True).decode().strip()
    return line[1:-1]


def _line_end(text: str, position: int) -> int:
    """Find the end of the line in which a value ends, before the break."""
    end = text.find("\n", position)
    end = len(text) if end < 0 else end
    return end - 1 if end > position and text[end - 1] == "\r" else end


def _next_line(text: str, position: int) -> int:
    """Find where the line begins that follows the one in which a value ends."""
    end = text.find("\n", position)
    return len(text) if end < 0 else end + 1


def _newline(text: str, *, before: int) -> str:
    return _eol(text) if before else ""


def _eol(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _comments(text: str) -> list[str]:
    """Collect what stands outside of all values and begins with a "#"."""
    root = locate(text)
    rest = list(text)
    for start, end in _scalars(root) if root else ():
        rest[start:end] = ["x" if c not in "\r\n" else c for c in rest[start:end]]
    return [
        found.rstrip()
        for found in re.findall(r"(?:^|(?<=\s))#.*", "".join(rest), re.MULTILINE)
    ]


def _scalars(place: Place) -> Iterator[tuple[int, int]]:
    if place.kind == "scalar":
        yield place.start, place.end
    for key, value in place.pairs:
        yield from _scalars(key)
        yield from _scalars(value)
    for entry in place.entries:
        yield from _scalars(entry)
