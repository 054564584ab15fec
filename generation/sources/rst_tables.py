"""Tables of reStructuredText: drawn with lines, or given as lists and comma-separated rows.

Those that are drawn are read by docutils, which knows every way to draw one.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Any

from generation.sources.line_blocks import Cells

GRID = re.compile(r"\s*\+-+(?:\+-+)*\+\s*")
SIMPLE = re.compile(r"\s*=+(?:[ ]+=+)+\s*")
_GRID_LINE = re.compile(r"\s*[+|].*[+|]\s*")
_OPTION = re.compile(r"[ \t]+:([\w-]{1,40}):[ \t]*(.*)")
_CELL = re.compile(r"([ \t]*(?:\*[ \t]+)?)-(?:[ \t]+(.*))?")
_DIRECTIVE = re.compile(r"[ \t]*\.\.[ \t]+(list-table|csv-table|table)::")
_DELIMITERS = {"tab": "\t", "space": " "}
_LONGEST = 5_000
_LARGEST = 500_000
_MOST_COLUMNS = 100
_WIDEST = 4_000


class DrawnTables:
    """The tables among the lines of a text. What was found to be none is not tried again."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._tried = 0
        self._unended = 0

    def at(self, start: int) -> tuple[Cells, int] | None:
        """Read the table whose upper border is a line, and say where the text goes on.

        None where no table begins, or it is not drawn as it should be.
        """
        border = self._lines[start][:_WIDEST]
        if start < self._tried:
            return None
        if is_grid := GRID.fullmatch(border) is not None:
            end = self._end_of_grid(start)
        elif SIMPLE.fullmatch(border):
            end = self._end_of_simple(start)
        else:
            return None
        indent = len(border) - len(border.lstrip())
        drawn = [line[indent:_WIDEST].rstrip() for line in self._lines[start:end]]
        cells = _cells_of(drawn, is_grid=is_grid)
        if cells is None:
            self._tried = end
            return None
        return cells, end

    def _end_of_grid(self, start: int) -> int:
        end, limit = start, min(len(self._lines), start + _LONGEST)
        while end < limit and _GRID_LINE.fullmatch(self._lines[end]):
            end += 1
        return end

    def _end_of_simple(self, start: int) -> int:
        """Find the last border: the one that a blank line or the end of the text follows."""
        limit = min(len(self._lines), start + _LONGEST)
        for at in range(start + 1, limit) if start >= self._unended else ():
            following = self._lines[at + 1].strip() if at + 1 < len(self._lines) else ""
            if not following and SIMPLE.fullmatch(self._lines[at][:_WIDEST]):
                return at + 1
        self._unended = max(self._unended, limit)
        return start


def directive_table(lines: Sequence[str]) -> Cells | None:
    """Read the lines of a directive that is a table; None for any other directive."""
    kind = _DIRECTIVE.match(lines[0])
    if kind is None:
        return None
    options: dict[str, str] = {}
    content = list(lines[1:_LONGEST])
    while content and (option := _OPTION.fullmatch(content[0])):
        options[option[1]] = option[2].strip()
        del content[0]
    if kind[1] == "table":
        return _first_drawn(content)
    rows = list(
        _listed(content) if kind[1] == "list-table" else _separated(content, options)
    )
    heads = [tuple(row) for row in _split(options.get("header", ""), options)]
    if not heads and options.get("header-rows", "0").strip() not in ("", "0"):
        heads, rows = rows[:1], rows[1:]
    return Cells(heads[0] if heads else (), rows)


def _cells_of(drawn: Sequence[str], *, is_grid: bool) -> Cells | None:
    if len(drawn) < 3 or sum(map(len, drawn)) > _LARGEST:
        return None
    if len(re.findall(r"[-=]+", drawn[0])) > _MOST_COLUMNS:
        return None
    # Few sources need it, and it takes long to load.
    from docutils.parsers.rst import tableparser
    from docutils.statemachine import StringList

    parser = tableparser.GridTableParser if is_grid else tableparser.SimpleTableParser
    try:
        _, head, body = parser().parse(StringList(list(drawn), source="table"))
    except (tableparser.TableMarkupError, ValueError, IndexError):
        return None
    header, rows = list(_texts(head)), list(_texts(body))
    return Cells(header[-1] if header else (), rows)


def _texts(rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, ...]]:
    """Yield the words of each row. A cell that reaches down says the same in every row."""
    below: dict[int, tuple[int, str]] = {}
    for row in rows:
        texts: list[str] = []
        for column, cell in enumerate(row):
            if cell is not None:
                more_rows, _, _, content = cell
                texts.append(_joined(content))
                if more_rows:
                    below[column] = (more_rows, texts[-1])
            elif column in below:
                left, text = below.pop(column)
                texts.append(text)
                if left > 1:
                    below[column] = (left - 1, text)
        yield tuple(texts)


def _joined(lines: Sequence[str]) -> str:
    # A line that begins with a bar is set apart from the others, and no more.
    return " ".join(line.strip().removeprefix("| ") for line in lines).strip()


def _first_drawn(lines: Sequence[str]) -> Cells | None:
    start = next((n for n, line in enumerate(lines) if line.strip()), None)
    found = DrawnTables(lines).at(start) if start is not None else None
    return found[0] if found else None


def _listed(lines: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a list whose members are lists of cells."""
    row: list[list[str]] = []
    column = -1
    for line in lines:
        cell = _CELL.fullmatch(line)
        is_row = cell is not None and "*" in cell[1]
        if cell is not None and (is_row or len(cell[1]) == column):
            if is_row and row:
                yield tuple(map(_joined, row))
                row = []
            column = len(cell[1])
            row.append([cell[2] or ""])
        elif row:
            row[-1].append(line)
    if row:
        yield tuple(map(_joined, row))


def _separated(
    lines: Sequence[str], options: dict[str, str]
) -> Iterator[tuple[str, ...]]:
    indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    indent = min(indents, default=0)
    return _split("\n".join(line[indent:] for line in lines), options)


def _split(text: str, options: dict[str, str]) -> Iterator[tuple[str, ...]]:
    given = options.get("delim", ",")
    delimiter = _DELIMITERS.get(given, given)
    if len(delimiter) != 1:
        return
    try:
        for row in csv.reader(
            text.split("\n"), delimiter=delimiter, skipinitialspace=True
        ):
            if row:
                yield tuple(" ".join(cell.split()) for cell in row)
    except (csv.Error, ValueError, TypeError):
        return
