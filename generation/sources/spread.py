"""Several things in one place, each made an item of its own: in any outline.

People list things as bullets, but also as links side by side in one bullet, as cells of a
table that only arranges them, as headings that are links with a text below. Here those
become the items that they stand for; what is an ordinary item stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise

from generation.sources.described import headed_to_items, paragraphs_to_items
from generation.sources.fields import surest_fields
from generation.sources.labels import is_read_more, link_fact, says_nothing
from generation.sources.listed import LONGEST_GROUP
from generation.sources.names import squeeze
from generation.sources.outline import Block, Table
from generation.sources.pieces import BARE_URL, Piece, Pieces, plain_text
from generation.sources.urls import canonical_url

_LISTING = re.compile(
    r"\s*(?:[,;|/·•&+\u3001\uff0c]|\b(?:and|or|und|et|y)\b)+\s*\.?\s*", re.I
)
_COLON = re.compile(r"[:\uff1a]\s*$")
_BULLETS = "\u2022\u2023\u2043\u204c\u2219\u25a0\u25aa\u25ab\u25cb\u25cf\u25e6\u00b7\u25b8\u25b6\u25ba\u27a4"
_MARK = re.compile(r"[^\w\[\]()\"'<>`*_]{1,12}")
_DESCRIBES = re.compile(r"\s*(?:[-\u2013\u2014:\uff1a|]+)\s*\S+\s+\S")
_FEWEST_LINES = 3
_FEWEST_HEADINGS = 2
_FEWEST_CELLS = 3


def spread_out(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks with siblings, grids and linked headings as items."""
    blocks = list(_without_linked_headings(list(_without_loose_lines(blocks))))
    blocks = paragraphs_to_items(headed_to_items(blocks))
    return list(_without_siblings(_without_grids(blocks)))


def siblings(pieces: Pieces) -> tuple[str, list[Piece]] | None:
    """Return (what heads them, the links) of a line that lists links side by side."""
    parts = [piece for piece in pieces if piece.kind != "image" and piece.text]
    head = ""
    if parts and parts[0].kind in ("text", "strong"):
        start = next((n for n, p in enumerate(parts) if p.kind == "link"), 0)
        text = "".join(piece.text for piece in parts[:start])
        head = squeeze(text).rstrip(":\uff1a").strip()
        if head and not (_COLON.search(text) and len(head) <= LONGEST_GROUP):
            return None
        parts = parts[start:]
    while parts and not parts[-1].text.strip(" .\n"):
        parts.pop()
    links, joints = parts[::2], parts[1::2]
    if len(links) < 2 or len(parts) % 2 == 0:
        return None
    if not all(p.kind == "text" and _LISTING.fullmatch(p.text) for p in joints):
        return None
    return (head, links) if _name_things(links) else None


def spread_lines(lines: Sequence[Pieces]) -> Iterator[Block]:
    """Read a paragraph: as items where each of its lines begins one, else as a whole.

    A line that begins none belongs to the one above it.
    """
    whole = [piece for line in lines for piece in line]
    begins = [n for n, line in enumerate(lines) if _begins_item(line)]
    if len(begins) < 2 or begins[0] != 0:
        yield Block("paragraph", 0, whole)
        return
    yield Block("list")
    for start, end in pairwise([*begins, len(lines)]):
        yield Block("item")
        yield Block("text", 0, [piece for line in lines[start:end] for piece in line])
        yield Block("end item")
    yield Block("end list")


def _begins_item(line: Pieces) -> bool:
    """Tell whether a line begins an item: a link, and what it is, or a bullet of its own."""
    parts = [piece for piece in line if piece.kind != "image" and piece.text.strip()]
    mark = ""
    if parts and parts[0].kind == "text" and (found := _MARK.match(parts[0].text)):
        mark = found[0].strip()
        rest = parts[0].text[found.end() :]
        parts[:1] = [parts[0]._replace(text=rest)] if rest.strip() else []
    if not parts:
        return False
    if mark and not mark.isascii() and mark[0] in _BULLETS:
        return any(p.kind == "link" or BARE_URL.search(p.text) for p in parts)
    link, *further = parts
    if link.kind != "link" or says_nothing(link.text) or link.url[:1] == "#":
        return False
    return _DESCRIBES.match("".join(piece.text for piece in further)) is not None


def _name_things(links: Sequence[Piece]) -> bool:
    """Tell links to several things from several links of one thing ("Docs, Demo")."""
    if any(link.kind != "link" or not squeeze(link.text) for link in links):
        return False
    if any(
        says_nothing(link.text) or link_fact(link.text) or is_read_more(link.text)
        for link in links
    ):
        return False
    addresses = {canonical_url(link.url) for link in links}
    return len(addresses) == len(links) and "" not in addresses


def _without_loose_lines(blocks: Sequence[Block]) -> Iterator[Block]:
    """Make items of paragraphs that follow one another and each begin with a link."""
    for is_loose, group in groupby(
        blocks, lambda b: b.kind == "paragraph" and _begins_item(b.pieces)
    ):
        run = list(group)
        if not is_loose or len(run) < _FEWEST_LINES:
            yield from run
            continue
        yield Block("list")
        for block in run:
            yield Block("item")
            yield Block("text", 0, block.pieces)
            yield Block("end item")
        yield Block("end list")


def _without_siblings(blocks: Iterable[Block]) -> Iterator[Block]:
    """Divide the items that are nothing but links side by side."""
    blocks = list(blocks)
    position = 0
    while position < len(blocks):
        block = blocks[position]
        following = blocks[position + 1 : position + 3]
        if (
            block.kind == "item"
            and [b.kind for b in following] == ["text", "end item"]
            and (found := siblings(following[0].pieces))
        ):
            head, links = found
            yield from _group(head, [(link,) for link in links])
            position += 3
            continue
        yield block
        position += 1


def _group(head: str, items: Iterable[Pieces]) -> Iterator[Block]:
    """Yield items; below a line that heads them, if there is one."""
    if head:
        yield Block("item")
        yield Block("text", 0, (Piece("text", head),))
        yield Block("list")
    for pieces in items:
        yield Block("item")
        yield Block("text", 0, pieces)
        yield Block("end item")
    if head:
        yield Block("end list")
        yield Block("end item")


def _without_grids(blocks: Iterable[Block]) -> Iterator[Block]:
    for block in blocks:
        columns = _columns(block.table) if block.table is not None else None
        if columns is None:
            yield block
            continue
        yield Block("list")
        for head, cells in columns:
            yield from _group(head, cells)
        yield Block("end list")


def _columns(table: Table) -> list[tuple[str, list[Pieces]]] | None:
    """Return (heading, cells) by column where every cell is an item of its own.

    That is so where no column says what it holds and the cells of every row begin with a
    link, in at least two columns.
    """
    fields = surest_fields([plain_text(cell) for cell in table.header])
    if "name" in fields:
        return None
    rows = (
        [*table.rows]
        if any(map(_is_words, table.header))
        else [table.header, *table.rows]
    )
    cells = [cell for row in rows for cell in row if plain_text(cell) or len(cell)]
    listed = [cell for cell in cells if _begins_with_link(cell)]
    width = max((len(row) for row in rows), default=0)
    full = sum(sum(map(_begins_with_link, row)) > 1 for row in rows)
    if width < 2 or len(listed) < _FEWEST_CELLS or len(listed) < len(cells) * 0.8:
        return None
    if full * 2 < len(rows):
        return None
    heads = [squeeze(plain_text(cell)) for cell in table.header]
    if (rows and rows[0] is table.header) or not all(heads):
        return [("", [cell for row in rows for cell in row if _begins_with_link(cell)])]
    return [
        (
            heads[n] if n < len(heads) else "",
            [row[n] for row in rows if n < len(row) and _begins_with_link(row[n])],
        )
        for n in range(width)
    ]


def _is_words(cell: Pieces) -> bool:
    return bool(plain_text(cell)) and not any(p.kind == "link" for p in cell)


def _begins_with_link(cell: Pieces) -> bool:
    first = next((p for p in cell if p.text.strip() or p.kind == "image"), None)
    return first is not None and first.kind == "link" and not says_nothing(first.text)


def _without_linked_headings(blocks: Sequence[Block]) -> Iterator[Block]:
    """Make items of headings that are links and have a text, and no list, below them."""
    linked = [n for n, block in enumerate(blocks) if _is_linked_heading(blocks, n)]
    levels: dict[int, int] = {}
    for n in linked:
        levels[blocks[n].level] = levels.get(blocks[n].level, 0) + 1
    wanted = {n for n in linked if levels[blocks[n].level] >= _FEWEST_HEADINGS}
    position = 0
    while position < len(blocks):
        block = blocks[position]
        if position not in wanted:
            yield block
            position += 1
            continue
        # An empty heading ends the section that the one before had begun.
        yield Block("heading", block.level, ())
        yield Block("list")
        yield Block("item")
        yield Block("text", 0, block.pieces)
        position += 1
        while position < len(blocks) and blocks[position].kind == "paragraph":
            yield Block("text", 0, blocks[position].pieces)
            position += 1
        yield Block("end item")
        yield Block("end list")


def _is_linked_heading(blocks: Sequence[Block], position: int) -> bool:
    block = blocks[position]
    if block.kind != "heading" or not block.pieces:
        return False
    words = [
        p for p in block.pieces if p.kind != "image" and any(map(str.isalnum, p.text))
    ]
    if len(words) != 1 or words[0].kind != "link" or words[0].url[:1] in ("#", ""):
        return False
    following = blocks[position + 1 : position + 2]
    return not following or (
        following[0].kind in ("paragraph", "heading")
        and not (following[0].kind == "heading" and following[0].level > block.level)
    )


__all__ = ["siblings", "spread_lines", "spread_out"]
