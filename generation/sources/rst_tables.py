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
_LONGEST = 20_000
_WIDEST = 4_000


def drawn_table(lines: Sequence[str], start: int) -> tuple[Cells, int] | None:
    """Read the table whose upper border is a line, and return it with the line after it.

    None where no table begins, or it is not drawn as it should be.
    """
    border = lines[start][:_WIDEST]
    is_grid = GRID.fullmatch(border) is not None
    if is_grid:
        end = _end_of_grid(lines, start)
    elif SIMPLE.fullmatch(border):
        end = _end_of_simple(lines, start)
    else:
        return None
    indent = len(border) - len(border.lstrip())
    drawn = [line[indent:_WIDEST].rstrip() for line in lines[start:end]]
    if len(drawn) < 3:
        return None
    # Few sources need it, and it takes long to load.
    from docutils.parsers.rst import tableparser
    from docutils.statemachine import StringList

    parser = tableparser.GridTableParser if is_grid else tableparser.SimpleTableParser
    try:
        _, head, body = parser().parse(StringList(drawn, source="table"))
    except (tableparser.TableMarkupError, ValueError, IndexError):
        return None
    header, rows = list(_texts(head)), list(_texts(body))
    return Cells(header[-1] if header else (), rows), end


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


def _end_of_grid(lines: Sequence[str], start: int) -> int:
    end = start
    while end < min(len(lines), start + _LONGEST) and _GRID_LINE.fullmatch(lines[end]):
        end += 1
    return end


def _end_of_simple(lines: Sequence[str], start: int) -> int:
    """Find the last border: the one that a blank line or the end of the text follows."""
    for at in range(start + 1, min(len(lines), start + _LONGEST)):
        following = lines[at + 1].strip() if at + 1 < len(lines) else ""
        if SIMPLE.fullmatch(lines[at]) and not following:
            return at + 1
    return start


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
    for start, line in enumerate(lines):
        if line.strip():
            found = drawn_table(lines, start)
            return found[0] if found else None
    return None


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
