"""Lists in Textile: bullets as deep as they have stars, and tables between bars."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from generation.sources.candidates import Document, Reading
from generation.sources.line_blocks import Cells, Line, to_blocks
from generation.sources.outline import read_blocks
from generation.sources.pieces import PieceCollector, Pieces
from generation.sources.spread import spread_out

_LISTED_LINK = re.compile(
    r'^[*#]{1,6}[ \t]{1,9}(?:\*{1,2}|_{1,2})?"[^"\n]{1,300}":https?://\S', re.M
)
_HEADING = re.compile(r"h([1-6])(?:[({\[][^\n.]{0,200})?\.[ \t]+(\S.*)")
_ITEM = re.compile(r"([*#]{1,20})[ \t]+(\S.*)")
_ROW = re.compile(r"\|.*\|")
_LONGEST_LINE = 12_000
_MOST_COLUMNS = 100
_INLINE = re.compile(
    r"""
    "(?P<label>[^"\n]{1,300})":(?P<url>(?:https?://|\#)[^\s"<>|]{1,2000})
  | @(?P<code>[^@\n]{1,300})@
  | (?<!\w)(?P<strong>\*{1,2})(?=[^\s*])|(?<=[^\s*])(?P<end>\*{1,2})(?!\w)
  | (?<!\w)_{1,2}(?P<stressed>[^_\n]{1,300})_{1,2}(?!\w)
    """,
    re.VERBOSE,
)
_ENDS_SENTENCE = ".,;:!?)"


def is_textile(text: str) -> bool:
    """Tell whether an item begins with a link as only Textile writes it."""
    return bool(_LISTED_LINK.search(text)) and "](" not in text


def read_textile(document: Document) -> Reading:
    """Read list items and table rows, each under the headings above it."""
    blocks = list(to_blocks(_lines(document.text.split("\n")), _inline))
    return read_blocks(spread_out(blocks), kind="textile", source=document.source)


def _lines(lines: Iterable[str]) -> Iterator[Line]:
    table: list[list[str]] = []
    for raw in [*lines, ""]:
        line = raw.strip()[:_LONGEST_LINE]
        if _ROW.fullmatch(line):
            table.append(line[1:-1].split("|", maxsplit=_MOST_COLUMNS))
            continue
        if table:
            yield Line("table", cells=_cells(table))
            table = []
        if not line:
            yield Line("blank")
        elif heading := _HEADING.fullmatch(line):
            yield Line("heading", int(heading[1]), heading[2])
        elif item := _ITEM.fullmatch(line):
            yield Line("item", len(item[1]), item[2])
        else:
            yield Line("text", 0, line)


def _cells(rows: list[list[str]]) -> Cells:
    """Divide a table where its first row is marked as the one that heads it."""
    is_headed = all(cell.lstrip().startswith("_.") for cell in rows[0])
    plain = [[cell.strip().removeprefix("_.").strip() for cell in row] for row in rows]
    return Cells(plain[0], plain[1:]) if is_headed else Cells((), plain)


def _inline(text: str) -> Pieces:
    collector, end = PieceCollector(), 0
    for match in _INLINE.finditer(text):
        collector.add(text[end : match.start()])
        end = match.end()
        if match["url"]:
            address = match["url"].rstrip(_ENDS_SENTENCE)
            collector.open_link(address)
            collector.add(match["label"])
            collector.close_link()
            end -= len(match["url"]) - len(address)
        elif match["code"]:
            collector.add(match["code"], is_code=True)
        elif match["stressed"]:
            collector.add(match["stressed"])
        else:
            collector.strong = 1 if match["strong"] else 0
    collector.add(text[end:])
    return collector.take()
