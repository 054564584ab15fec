"""Lines of a markup language that is written line by line, as the blocks of an outline.

reStructuredText, AsciiDoc and Org differ in their marks and hardly in their lists: each
says what a line is, and here it is decided what is nested in what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from generation.sources.outline import Block, Table
from generation.sources.pieces import Pieces

DEEPEST = 60
_LONGEST_PARAGRAPH = 10_000


class Cells(NamedTuple):
    """A table's cells, as they are written."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


class Line(NamedTuple):
    """One line, or the lines of a table.

    `level` is a heading's, or how far an item or a text is indented.
    """

    kind: Literal["heading", "item", "text", "blank", "table"]
    level: int = 0
    text: str = ""
    cells: Cells = Cells((), ())


Inline = Callable[[str], Pieces]


def to_blocks(lines: Iterable[Line], inline: Inline) -> Iterator[Block]:
    """Nest items by their level, and give each its paragraphs."""
    builder = _Builder(inline)
    for line in lines:
        yield from builder.step(line)
    yield from builder.close(-1)


class _Builder:
    def __init__(self, inline: Inline) -> None:
        self._inline = inline
        self._levels: list[int] = []
        self._paragraph: list[str] = []

    def step(self, line: Line) -> Iterator[Block]:
        if line.kind == "heading":
            yield from self.close(-1)
            yield Block("heading", line.level, self._inline(line.text))
        elif line.kind == "blank":
            yield from self._end_paragraph()
        elif line.kind == "table":
            yield from self.close(-1)
            yield Block("table", 0, (), self._table(line.cells))
        elif line.kind == "text":
            # What is not indented below the mark of an item ends the list.
            if self._levels and not self._paragraph and line.level <= self._levels[0]:
                yield from self.close(-1)
            self._paragraph.append(line.text)
        else:
            yield from self._begin_item(min(line.level, 10_000))
            self._paragraph.append(line.text)

    def _table(self, cells: Cells) -> Table:
        return Table(
            [self._inline(cell) for cell in cells.header],
            [[self._inline(cell) for cell in row] for row in cells.rows],
        )

    def _begin_item(self, level: int) -> Iterator[Block]:
        yield from self.close(level)
        if self._levels and self._levels[-1] == level:
            yield Block("end item")
        elif len(self._levels) < DEEPEST:
            self._levels.append(level)
            yield Block("list")
        else:
            yield Block("end item")
        yield Block("item")

    def close(self, level: int) -> Iterator[Block]:
        """End every list that is indented further than a level."""
        yield from self._end_paragraph()
        while self._levels and self._levels[-1] > level:
            self._levels.pop()
            yield Block("end item")
            yield Block("end list")

    def _end_paragraph(self) -> Iterator[Block]:
        text = " ".join(self._paragraph).strip()[:_LONGEST_PARAGRAPH]
        self._paragraph = []
        if text:
            kind: Literal["text", "paragraph"] = "text" if self._levels else "paragraph"
            yield Block(kind, 0, self._inline(text))
