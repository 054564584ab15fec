"""Tables of AsciiDoc, Org and wikitext, cell by cell."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from generation.sources.line_blocks import Cells

# What may stand before the bar of a cell: how far it spans, how it is set.
_BAR = re.compile(
    r"(?:(?<=\s)|^)(?:(?P<columns>\d{1,3})?(?:\.\d{1,3})?(?P<sign>[+*]))?"
    r"(?:[<^>]|\.[<^>]){0,2}[adehlmsv]?\|"
)
_ATTRIBUTE = re.compile(r"""(\w{1,20})\s*=\s*(?:"([^"]{0,300})"|([^,\]]{0,300}))""")
_COPIES = re.compile(r"\s*(\d{1,3})\*")
_MOST_COLUMNS = 100
_MOST_CELLS = 200_000
_MOST_ROWS = 1_000
# A bar in brackets divides a link; a caret divides only where it stands alone.
_DIVIDER = re.compile(r"(\[\[[^\[\]\n]{0,2000}\]\])|\||(?<!\S)\^(?!\S)")
_WIKI_CELL = re.compile(r"\|\||!!")
_BETWEEN = re.compile(r"\|\|")
_LONGEST_CELL = 12_000
_TIMES = 6
_ROOM_OF_CELL = 20
_SPAN = re.compile(r"""\b(row|col)span\s{0,9}=\s{0,9}["']?\s{0,9}(\d{1,4})""", re.I)


def org_table(lines: Sequence[str]) -> Cells:
    """Read rows between bars. What stands above the first rule heads the columns."""
    header: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    for line in lines:
        inside = line.strip().strip("|")
        if inside.startswith("-") and not inside.strip("-+"):
            if rows and not header:
                header, rows = rows[-1], []
        else:
            rows.append(tuple(cell.strip() for cell in inside.split("|")))
    return Cells(header, rows)


def asciidoc_table(lines: Sequence[str], attributes: str) -> Cells:
    """Read what stands between two fences of a table, with the line of attributes above.

    A first line of cells with a blank one after it heads the columns, as does an option.
    """
    given = {
        match[1]: match[2] or match[3] or ""
        for match in _ATTRIBUTE.finditer(attributes)
    }
    lines = [line.rstrip() for line in lines]
    if given.get("format", "").strip() == "csv":
        rows = [tuple(map(str.strip, row)) for row in _csv(lines)]
    else:
        first = next((line for line in lines if line.strip()), "")
        in_line = sum(width for width, _ in _cells([first]))
        columns = _columns(given.get("cols", "")) or in_line
        rows = list(_rows(lines, min(columns, _MOST_COLUMNS)))
    is_headed = (
        "header" in given.get("options", given.get("opts", ""))
        or "%header" in attributes
        or (len(lines) > 2 and bool(lines[0].strip()) and not lines[1].strip())
    )
    is_headed = is_headed and "%noheader" not in attributes
    return Cells(rows[0], rows[1:]) if is_headed and rows else Cells((), rows)


def _csv(lines: Sequence[str]) -> Iterator[list[str]]:
    try:
        yield from filter(None, csv.reader(lines, skipinitialspace=True))
    except csv.Error:
        return


def _columns(given: str) -> int:
    """Count the columns that an attribute describes, such as `1,3*,a`."""
    count = 0
    for part in filter(str.strip, re.split("[,;]", given)):
        copies = _COPIES.match(part)
        count += int(copies[1]) if copies else 1
    return count


def _rows(lines: Sequence[str], columns: int) -> Iterator[tuple[str, ...]]:
    row: list[str] = []
    filled = 0
    # Cells that are copies may be many more than the letters that say so.
    for width, text in islice(_cells(lines), _MOST_CELLS):
        row.append(text)
        filled += width
        if filled >= columns:
            yield tuple(row)
            row, filled = [], 0
    if row:
        yield tuple(row)


def _cells(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield each cell with the number of columns that it fills."""
    width, copies = 1, 1
    words: list[str] | None = None
    for line in lines:
        end = 0
        for bar in _BAR.finditer(line):
            if words is not None:
                words.append(line[end : bar.start()])
                yield from [(width, _text(words))] * copies
            words, end = [], bar.end()
            number = min(int(bar["columns"] or 1), _MOST_COLUMNS)
            width = number if bar["sign"] == "+" else 1
            copies = number if bar["sign"] == "*" else 1
        if words is not None:
            words.append(line[end:])
    if words is not None:
        yield from [(width, _text(words))] * copies


def _text(words: Sequence[str]) -> str:
    return " ".join(" ".join(words).split()).replace("\\|", "|")


def bar_table(lines: Sequence[str]) -> Cells:
    """Read rows of DokuWiki and Creole, whose headers begin with `^` and `|=`."""
    header: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    for line in lines:
        cells = tuple(islice(_divided(line.strip()[1:-1]), _MOST_COLUMNS))
        is_header = line.strip()[-1] == "^" or all(c.startswith("=") for c in cells)
        cells = tuple(cell.strip("= ") if is_header else cell for cell in cells)
        if is_header and not rows:
            header = cells
        else:
            rows.append(tuple("" if cell == ":::" else cell for cell in cells))
    return Cells(header, rows)


def _divided(line: str) -> Iterator[str]:
    start = 0
    for found in _DIVIDER.finditer(line):
        if not found[1]:
            yield line[start : found.start()].strip()
            start = found.end()
    yield line[start:].strip()


class _WikiCell(NamedTuple):
    text: str
    is_header: bool
    rows: int
    columns: int


def wiki_table(lines: Sequence[str]) -> Cells:
    """Read what stands between `{|` and `|}`.

    Of several rows that head the table, the last one names the columns.
    """
    header: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    spans = _Spans(room=_TIMES * sum(map(len, lines)))
    for cells in _wiki_rows(lines):
        row = spans.fill(cells)
        is_header = all(cell.is_header for cell in cells)
        if is_header and len(row) > 1:
            # Below the rows it is said again.
            header = header if rows else row
        else:
            rows.append(row)
    return Cells(header, rows)


def _wiki_rows(lines: Sequence[str]) -> Iterator[list[_WikiCell]]:
    written: list[tuple[str, bool]] = []
    is_caption = False
    for line in [*lines, "|-"]:
        start = line.lstrip(" \t")
        if start.startswith("|-"):
            if written:
                yield [_wiki_cell(*cell) for cell in written]
            written, is_caption = [], False
        elif start.startswith("|+"):
            is_caption = True
        elif start[:1] in ("|", "!"):
            is_caption, is_header = False, start[0] == "!"
            divider = _WIKI_CELL if is_header else _BETWEEN
            cells = divider.split(start[1:], maxsplit=_MOST_COLUMNS)
            room = max(0, _MOST_COLUMNS - len(written))
            written += [(cell, is_header) for cell in cells[:room]]
        elif written and not is_caption and start:
            cell, is_header = written[-1]
            # What is added is bounded, so that many lines are read as fast as few.
            written[-1] = (f"{cell} {start}"[:_LONGEST_CELL], is_header)


def _wiki_cell(text: str, is_header: bool) -> _WikiCell:
    """Take off the attributes that stand before a single bar."""
    before, bar, after = text.partition("|")
    if not bar or "[" in before:
        return _WikiCell(text.strip(), is_header, 1, 1)
    spans = {name.lower(): int(n) for name, n in _SPAN.findall(before)}
    return _WikiCell(
        after.strip(),
        is_header,
        max(1, min(spans.get("row", 1), _MOST_ROWS)),
        max(1, min(spans.get("col", 1), _MOST_COLUMNS)),
    )


class _Spans:
    """Fills rows with the cells that reach into them from above and from the left.

    What it adds is bounded by the size of the table, so that a small text stays one.
    """

    def __init__(self, *, room: int) -> None:
        self._room = room
        self._waiting: dict[int, tuple[int, str]] = {}

    def fill(self, cells: Sequence[_WikiCell]) -> tuple[str, ...]:
        if len(cells) == 1 and cells[0].columns > 1:
            return (cells[0].text,)
        row: list[str] = []
        for cell in cells:
            self._from_above(row)
            self._add(row, cell.text, cell.rows)
            for _ in range(cell.columns - 1):
                if self._is_allowed(""):
                    self._add(row, "", cell.rows)
        self._from_above(row)
        return tuple(row[:_MOST_COLUMNS])

    def _from_above(self, row: list[str]) -> None:
        while len(row) in self._waiting:
            rows, text = self._waiting.pop(len(row))
            self._add(row, text, rows)

    def _add(self, row: list[str], text: str, rows: int) -> None:
        if rows > 1 and self._is_allowed(text):
            self._waiting[len(row)] = (rows - 1, text)
        row.append(text)

    def _is_allowed(self, text: str) -> bool:
        self._room -= len(text) + _ROOM_OF_CELL
        return self._room >= 0
