"""Tables: their cells in columns, whatever spans rows or columns.

A table that only arranges a page is told from one that says something by what it holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from generation.sources.entries import Piece, PieceCollector, plain_text
from generation.sources.fields import field_of
from generation.sources.labels import is_licence, is_status
from generation.sources.outline import Table
from generation.sources.pages.inline import enter_inline, leave_inline
from generation.sources.pages.tree import Element, descend

_CELLS = ("td", "th")
_LONGEST_TEXT = 20_000
_FEWEST_ROWS = 4
_MOST_COLUMNS = 60
_MOST_ROWS_SPANNED = 1_000

Cell = Sequence[Piece]


def is_layout(table: Element) -> bool:
    """Tell whether a table only arranges what stands in it."""
    if table.get("role") in ("presentation", "none") or not table.inside(*_CELLS):
        return True
    if table.inside("table"):
        return True
    has_lists = any(
        len(items.inside("li")) > 1 and items.links
        for items in table.inside("ul", "ol")
    )
    return has_lists and not table.inside("th")


def read_table(table: Element) -> Table:
    """Return a table's header and rows. A cell over several rows stands in each."""
    header: Sequence[Cell] = []
    rows: list[Sequence[Cell]] = []
    hanging: dict[int, tuple[int, Cell]] = {}
    for row in table.inside("tr"):
        cells = [cell for cell in row.elements if cell.tag in _CELLS]
        if not cells:
            continue
        pieces = _placed(cells, hanging)
        if _is_header(row, cells) and not rows and not header:
            header = pieces
        elif pieces != header:
            rows.append(pieces)
    if not _fields(header) and rows and len(_fields(rows[0])) > 1:
        # A sheet's columns are called A, B, C; its first row says what they hold.
        header, *rows = rows
    return Table(header or _guessed_header(rows), rows)


def _fields(cells: Sequence[Cell]) -> set[str]:
    """Return which fields a row names, if it names them and links to nothing."""
    if any(piece.kind == "link" for cell in cells for piece in cell):
        return set()
    return {field_of(plain_text(cell)) for cell in cells} - {""}


def _guessed_header(rows: Sequence[Sequence[Cell]]) -> list[Cell]:
    """Name the one column of a table without a header that sorts its rows."""
    widest = max((len(row) for row in rows), default=0)
    full = [row for row in rows if len(row) == widest]
    if widest < 3 or len(full) < _FEWEST_ROWS:
        return []
    for column in range(widest):
        cells = [row[column] for row in full]
        if _sorts([plain_text(cell) for cell in cells]) and not any(
            piece.kind == "link" for cell in cells for piece in cell
        ):
            header: list[Cell] = [()] * widest
            header[column] = (Piece("text", "category"),)
            return header
    return []


def _sorts(texts: Sequence[str]) -> bool:
    """Tell a column of categories: short words, each of them in several rows."""
    different = Counter(text.casefold() for text in texts)
    return all(
        any(map(str.isalpha, text))
        and len(text.split()) <= 5
        and not is_status(text)
        and not is_licence(text)
        for text in texts
    ) and 2 <= len(different) <= 0.5 * len(texts)


def _is_header(row: Element, cells: Sequence[Element]) -> bool:
    if len(cells) < 2 and _span(cells[0], "colspan") > 1:
        return False
    in_head = row.parent is not None and row.parent.tag == "thead"
    return in_head or all(cell.tag == "th" for cell in cells)


def _placed(
    cells: Sequence[Element], hanging: dict[int, tuple[int, Cell]]
) -> list[Cell]:
    """Put a row's cells into columns, between those that hang down from above.

    A cell over the whole width stays alone: it heads the rows below it.
    """
    if len(cells) == 1 and not hanging:
        return [_pieces(cells[0])]
    placed: list[Cell] = []
    waiting = list(reversed(cells))
    while (waiting or len(placed) in hanging) and len(placed) < _MOST_COLUMNS:
        column = len(placed)
        if column in hanging:
            left, pieces = hanging.pop(column)
            placed.append(pieces)
            if left > 1:
                hanging[column] = (left - 1, pieces)
            continue
        cell = waiting.pop()
        pieces = _pieces(cell)
        placed.append(pieces)
        rows = min(_span(cell, "rowspan"), _MOST_ROWS_SPANNED)
        for _ in range(min(_span(cell, "colspan"), _MOST_COLUMNS) - 1):
            placed.append(())
        if rows > 1:
            hanging[column] = (rows - 1, pieces)
    return placed


def _span(cell: Element, attribute: str) -> int:
    value = cell.get(attribute).strip()
    return (
        max(int(value), 1)
        if value.isascii() and value.isdigit() and len(value) < 6
        else 1
    )


def _pieces(cell: Element) -> Cell:
    collector = PieceCollector(limit=_LONGEST_TEXT)

    def enter(node: Element | str) -> bool:
        if isinstance(node, str):
            collector.add(node)
            return False
        return node is not cell and enter_inline(collector, node)

    def leave(node: Element) -> None:
        if node is not cell:
            leave_inline(collector, node)

    descend(cell, enter, leave)
    return collector.take()
