"""Lists without any markup: a name and an address a line, or one below the other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from generation.sources.candidates import Candidate, Document, LeftOut, Reading
from generation.sources.fields import field_of
from generation.sources.listed import LONGEST_GROUP
from generation.sources.names import squeeze
from generation.sources.outline import Block, list_of_one, read_blocks
from generation.sources.pieces import BARE_URL, Piece, Pieces
from generation.sources.records import has_name_and_link, record_to_candidate

_BULLET = re.compile(
    r"^\s*(?:[-*+\u2022\u2023\u25aa\u25cf\u25e6\u00b7>]|\d{1,6}[.)])\s+"
)
_RULE = re.compile(r"\s*([=\-~_*#])\1{2,}\s*")
_SURROUNDED = re.compile(r"\s*[=#*\-~_\[]*\s*(.*?)\s*[=#*\-~_\]]*\s*:?\s*")
_JOINT = " \t-\u2013\u2014:|,;\u2192>="
_ENDS_PROSE = (".", "!", "?", "\u3002", "\uff01", "\uff1f")
_FIELD = re.compile(r"([^\W\d_][\w .-]{0,40}?)[ \t]{0,9}[:\uff1a](?!//)[ \t]*(.*)")
_BETWEEN = re.compile(r"\s+[-\u2013\u2014|]+\s+")
_LONGEST_VALUE = 20_000
_MOST_FIELDS = 100
_SAMPLE_LINES = 400
_LONGEST_LINE = 2_000
_MOST_NAME_WORDS = 8
_FEWEST_SHARE = 0.3


def is_plain_list(text: str) -> bool:
    """Tell whether enough of the lines hold an address, and few words beside it."""
    lines = [line for line in text[: 256 * 1024].split("\n") if line.strip()]
    listed = [line for line in lines if _is_listed(line)]
    return bool(listed) and len(listed) >= _FEWEST_SHARE * len(lines)


def is_plain_records(text: str) -> bool:
    """Tell whether nearly all lines are `Name: value`, and most records are whole."""
    lines = [line for line in text[: 256 * 1024].split("\n") if line.strip()]
    fields = [line for line in lines if (match := _field(line)) and field_of(match[0])]
    marked = [line for line in lines if line[0] in "-*#[{<" and not _RULE.match(line)]
    if marked or len(fields) * 2 < len(lines):
        return False
    records = [record for record, _ in _records(text.split("\n")[:_SAMPLE_LINES])]
    whole = sum(map(has_name_and_link, records))
    return whole > 0 and whole * 2 >= len(records)


def read_plain_records(document: Document) -> Reading:
    """Read what stands between blank lines or rules, a field a line, as records."""
    entries = [
        record_to_candidate(
            record,
            source=document.source,
            base=document.url,
            path=(group,) if group else (),
            locator=group,
        )
        for record, group in _records(document.text.split("\n"))
    ]
    return Reading(
        kind="text",
        candidates=tuple(e for e in entries if isinstance(e, Candidate)),
        left_out=tuple(e for e in entries if isinstance(e, LeftOut)),
    )


def _field(line: str) -> tuple[str, str] | None:
    match = _FIELD.fullmatch(line.rstrip()[:_LONGEST_LINE])
    return (match[1], match[2]) if match else None


def _records(lines: Iterable[str]) -> Iterator[tuple[dict[str, str], str]]:
    """Yield each record, and the line that heads it and those below it."""
    record: dict[str, str] = {}
    group = last = ""
    for line in [*lines, ""]:
        is_end = not line.strip() or bool(_RULE.fullmatch(line[:200]))
        found = None if is_end else _field(line)
        # Where nothing stands between two records, the second begins as the first did.
        if record and (is_end or (found and found[0] == next(iter(record)))):
            yield record, group
            record = {}
        if found and len(record) < _MOST_FIELDS:
            last = found[0]
            # What is said first counts, as in a table.
            record.setdefault(*found)
        elif record:
            record[last] = f"{record[last]} {line.strip()}"[:_LONGEST_VALUE]
        elif not is_end:
            group = _head(line)


def read_plain_list(document: Document) -> Reading:
    """Read every line that holds an address, under the line that heads it."""
    lines = document.text.split("\n")
    blocks = list(_blocks(lines))
    return read_blocks(blocks, kind="text", source=document.source)


def _is_listed(line: str) -> bool:
    """Tell a line of a list from a sentence that mentions an address."""
    line = line[:_LONGEST_LINE]
    found = BARE_URL.search(line)
    if not found:
        return False
    before = _BULLET.sub("", line[: found.start()], count=1).strip(_JOINT)
    return len(before.split()) <= 12 and not before.endswith(_ENDS_PROSE)


def _blocks(lines: list[str]) -> Iterator[Block]:
    kept = [line[:_LONGEST_LINE] for line in lines if not _RULE.fullmatch(line[:200])]
    groups = [
        [*group]
        for is_blank, group in groupby(kept, lambda li: not li.strip())
        if not is_blank
    ]
    for number, group in enumerate(groups):
        following = groups[number + 1] if number + 1 < len(groups) else []
        yield from _group(group, following)


def _group(lines: Sequence[str], following: Sequence[str]) -> Iterator[Block]:
    """Read the lines between two blank ones."""
    addresses = [n for n, line in enumerate(lines) if BARE_URL.search(line)]
    bare = [n for n in addresses if not _words_beside(lines[n])]
    if not addresses:
        if len(lines) == 1 and following and BARE_URL.search("\n".join(following)):
            yield from _heading(lines[0])
        return
    if bare == addresses and len(addresses) == 1 and addresses[0] > 0:
        yield from _stacked(lines, addresses[0])
        return
    if bare == addresses and _alternate(bare, len(lines)):
        start = len(lines) - 2 * len(bare)
        yield from _heading(lines[0]) if start else ()
        for n in bare:
            yield from list_of_one((*_named(lines[n - 1]), *_linked(lines[n])))
        return
    listed = set(addresses)
    for n, line in enumerate(lines):
        if n in listed:
            yield from list_of_one(_line(line))
        elif n + 1 in listed:
            yield from _heading(line)


def _alternate(bare: list[int], total: int) -> bool:
    """Tell whether each address has a line of its own for its name, above it."""
    first = total - 2 * len(bare)
    return first in (0, 1) and bare == list(range(first + 1, total, 2))


def _words_beside(line: str) -> str:
    return BARE_URL.sub("", _BULLET.sub("", line, count=1)).strip(_JOINT + "()<>[]")


def _heading(line: str) -> Iterator[Block]:
    if text := _head(line):
        yield Block("heading", 2, (Piece("text", text),))


def _head(line: str) -> str:
    """Return the words of a line that heads others, or "" for one that is prose."""
    match = _SURROUNDED.fullmatch(line[:_LONGEST_LINE])
    text = squeeze(match[1] if match else line)
    return "" if len(text) > LONGEST_GROUP or text.endswith(_ENDS_PROSE) else text


def _stacked(lines: Sequence[str], at: int) -> Iterator[Block]:
    """A name, its address, and whatever else stands between two blank lines."""
    rest = " ".join([*lines[1:at], *lines[at + 1 :]])
    text = (Piece("text", f" - {rest}"),) if rest.strip() else ()
    yield from list_of_one((*_named(lines[0]), *_linked(lines[at]), *text))


def _named(line: str) -> Pieces:
    return (
        Piece("strong", _BULLET.sub("", line, count=1).strip()),
        Piece("text", " - "),
    )


def _linked(line: str) -> Pieces:
    found = BARE_URL.search(line)
    address = found[0].rstrip(".,;:!?)]}*_") if found else ""
    return (Piece("link", address, address),)


def _line(line: str) -> Pieces:
    """Read a line as a name and its address, in whichever order they stand."""
    line = _BULLET.sub("", line, count=1)
    if cells := _cells(line):
        address, name, *rest = cells
        return _described(name, address, " - ".join(rest))
    found = BARE_URL.search(line)
    if found is None or line[: found.start()].strip(_JOINT + "(<["):
        return (Piece("text", line),)
    words = line[found.end() :].strip(_JOINT + ")>]\"'")
    name, *rest = _BETWEEN.split(words, maxsplit=1)
    if rest and _is_name(name):
        return _described(name, found[0], rest[0])
    if not _is_name(words):
        return (Piece("text", line),)
    return (*_named(words), *_linked(found[0]))


def _is_name(words: str) -> bool:
    return 0 < len(words.split()) <= _MOST_NAME_WORDS and not words.endswith(
        _ENDS_PROSE
    )


def _cells(line: str) -> list[str]:
    """Return the address, the name and the rest of a line that tabs divide, or nothing."""
    cells = [cell.strip() for cell in line.split("\t") if cell.strip()]
    links = [cell for cell in cells if BARE_URL.fullmatch(cell)]
    words = [cell for cell in cells if cell not in links and not cell.isdecimal()]
    if len(links) != 1 or len(words) < 2 or not _is_name(words[0]):
        return []
    return [*links, *words]


def _described(name: str, address: str, description: str) -> Pieces:
    return (*_named(name), *_linked(address), Piece("text", f" - {description}"))
