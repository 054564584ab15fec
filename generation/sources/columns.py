"""What the columns of a table hold: by their names, else by what stands in them.

Where no column is called a name, people see which one it is all the same: the one whose
texts are short and different in each row, beside one of links that all read "Website".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from generation.sources.fields import surest_fields
from generation.sources.listed import is_silent, own_links
from generation.sources.pieces import Piece, Pieces, plain_text, tidy
from generation.sources.urls import clean_url

FEWEST_ROWS = 3
_MOST = 0.6
_DISTINCT = 0.8
_MOST_NAME_WORDS = 6.0
_SAMPLE = 200
# What a column may be called that holds names all the same.
_OPEN = ("", "url", "name")


class Column(NamedTuple):
    """What stands in one column. Shares are of the rows, but `distinct` of the texts."""

    filled: float
    linked: float
    named: float
    distinct: float
    words: float
    repeated: str


def fields_of_columns(
    header: Sequence[Pieces], rows: Sequence[Sequence[Pieces]], base: str
) -> list[str]:
    """Say which field each column holds, "" where that is not known."""
    fields = surest_fields([plain_text(cell) for cell in header])
    sample = [row for row in rows[:_SAMPLE] if len(row) > 1]
    if "name" in fields or len(sample) < FEWEST_ROWS:
        return fields
    columns = _columns(sample, base)
    fields += [""] * (len(columns) - len(fields))
    linked = [n for n, column in enumerate(columns) if column.linked >= _MOST]
    if not linked:
        return fields
    for n in linked:
        if columns[n].named >= _MOST and fields[n] in _OPEN:
            if any(map(plain_text, header)) or _describes(columns, n):
                fields[n] = "name"
            return fields
    for n, column in enumerate(columns):
        if n not in linked and fields[n] in _OPEN and _holds_names(column):
            fields = ["" if field == "url" else field for field in fields]
            fields[n], fields[linked[0]] = "name", "url"
            return fields
    return fields


def without_calls(
    rows: Sequence[Sequence[Pieces]], base: str
) -> Sequence[Sequence[Pieces]]:
    """Call links "Website" that say the same in most rows: they are no names."""
    sample = [row for row in rows[:_SAMPLE] if len(row) > 1]
    if len(sample) < FEWEST_ROWS:
        return rows
    calls = {
        (n, column.repeated)
        for n, column in enumerate(_columns(sample, base))
        if column.repeated
    }
    if not calls:
        return rows
    return [
        [
            [
                piece._replace(text="Website") if (n, piece.text) in calls else piece
                for piece in cell
            ]
            for n, cell in enumerate(row)
        ]
        for row in rows
    ]


def _columns(rows: Sequence[Sequence[Pieces]], base: str) -> list[Column]:
    width = max(map(len, rows))
    return [
        _column([row[n] if n < len(row) else () for row in rows], base)
        for n in range(width)
    ]


def _column(cells: Sequence[Pieces], base: str) -> Column:
    tidied = [tidy(cell) for cell in cells]
    texts = [text for text in map(plain_text, tidied) if any(map(str.isalpha, text))]
    links = [link for cell in tidied if (link := _first_link(cell, base))]
    named = [link.text for link in links if not is_silent(link)]
    [(repeated, count)] = Counter(named).most_common(1) or [("", 0)]
    if count < FEWEST_ROWS or count < _MOST * len(cells):
        repeated = ""
    is_naming = len(set(named)) >= _DISTINCT * max(len(named), 1)
    return Column(
        filled=len(texts) / len(cells),
        linked=len(links) / len(cells),
        named=len(named) / len(cells) if is_naming else 0.0,
        distinct=len(set(texts)) / max(len(texts), 1),
        words=sum(len(text.split()) for text in texts) / max(len(texts), 1),
        repeated=repeated,
    )


def _first_link(cell: Sequence[Piece], base: str) -> Piece | None:
    """Return the link that a cell begins with, or a picture's."""
    start = next((p for p in cell if p.text.strip() or p.kind == "image"), None)
    if start is None:
        return None
    if start.kind == "image":
        return start if clean_url(start.url, base=base) else None
    links = [cell[n] for n, _ in own_links(cell, base)]
    return next(iter(links), None)


def _holds_names(column: Column) -> bool:
    return (
        column.filled >= _DISTINCT
        and column.distinct >= _DISTINCT
        and column.words <= _MOST_NAME_WORDS
    )


def _describes(columns: Sequence[Column], name: int) -> bool:
    """Tell whether another column says something different of each row."""
    return any(
        column.filled >= _MOST and column.distinct >= _DISTINCT and column.words >= 2
        for n, column in enumerate(columns)
        if n != name and column.linked < _MOST
    )
