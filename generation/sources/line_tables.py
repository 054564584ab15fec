"""Tables of AsciiDoc and Org, cell by cell."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence

from generation.sources.line_blocks import Cells

# What may stand before the bar of a cell: how far it spans, how it is set.
_BAR = re.compile(
    r"(?:(?<=\s)|^)(?:(?P<columns>\d{1,3})?(?:\.\d{1,3})?(?P<sign>[+*]))?"
    r"(?:[<^>]|\.[<^>]){0,2}[adehlmsv]?\|"
)
_ATTRIBUTE = re.compile(r"""(\w{1,20})\s*=\s*(?:"([^"]{0,300})"|([^,\]]{0,300}))""")
_COPIES = re.compile(r"\s*(\d{1,3})\*")
_MOST_COLUMNS = 100


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
    for width, text in _cells(lines):
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
