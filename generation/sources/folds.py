"""Folds (`<details>`) in a text: some are items, others are parts of the list.

A fold is an item where its summary begins with a link and what it hides are further links of
the same thing ("GitHub", "PyPI", "Docs"). Any other fold is what its summary heads.
"""

from __future__ import annotations

from collections.abc import Sequence

from generation.sources.html_fragments import FOLD
from generation.sources.labels import (
    is_read_more,
    is_registry,
    link_fact,
    says_nothing,
)
from generation.sources.outline import Block, list_of_one
from generation.sources.pieces import Piece, Pieces, tidy

# What hides more is a part of the list.
_MOST_BLOCKS = 200
_IN_LISTS = ("list", "end list", "item", "end item", "text", "paragraph")


def folds_to_items(blocks: Sequence[Block]) -> list[Block]:
    """Make items of the folds that are some, and take the marks off the others."""
    ends = _ends(blocks)
    made: list[Block] = []
    position = 0
    while position < len(blocks):
        end = ends.get(position, 0)
        item = (
            _item(blocks[position + 1 : end])
            if 0 < end - position <= _MOST_BLOCKS
            else []
        )
        if item:
            made += item
            position = end
        elif blocks[position].kind not in ("fold", "end fold"):
            made.append(blocks[position])
        position += 1
    return made


def _ends(blocks: Sequence[Block]) -> dict[int, int]:
    """Return where each fold that is closed again ends, by where it begins."""
    ends: dict[int, int] = {}
    opened: list[int] = []
    for position, block in enumerate(blocks):
        if block.kind == "fold":
            opened.append(position)
        elif block.kind == "end fold" and opened:
            ends[opened.pop()] = position
    return ends


def _item(inside: Sequence[Block]) -> list[Block]:
    """Return a fold as an item, and what it lists besides; nothing if it is none."""
    if inside and inside[0].kind == "section" and inside[-1].kind == "end section":
        inside = inside[1:-1]
    if not inside or (inside[0].kind, inside[0].level) != ("heading", FOLD):
        return []
    summary, hidden = tidy(inside[0].pieces), inside[1:]
    if not _begins_with_link(summary) or not _is_whole(hidden):
        return []
    links: list[Piece] = []
    rest: list[Block] = []
    for block in hidden:
        link = _first_link(block.pieces)
        if link is not None and _is_further(link):
            links.append(link)
        elif block.kind != "paragraph":
            rest.append(block)
    has_entries = any(_first_link(block.pieces) is not None for block in rest)
    if has_entries and len(summary) == 1:
        return []
    further = [
        piece
        for link in reversed(links)
        for piece in (Piece("text", " "), _named_by_kind(link))
        if link_fact(piece.text) or piece.kind == "text"
    ]
    return [
        *list_of_one([*summary, *further]),
        *(_without_empty_items(rest) if has_entries else ()),
    ]


def _begins_with_link(pieces: Pieces) -> bool:
    start = next((piece for piece in pieces if piece.text.strip()), None)
    return (
        start is not None
        and start.kind == "link"
        and start.url.startswith(("https://", "http://"))
        and not says_nothing(start.text)
    )


def _is_whole(blocks: Sequence[Block]) -> bool:
    """Tell whether blocks are nothing but text and lists that end where they began."""
    depth = 0
    for block in blocks:
        depth += (block.kind == "item") - (block.kind == "end item")
        if block.kind not in _IN_LISTS or depth < 0:
            return False
    return depth == 0


def _first_link(pieces: Pieces) -> Piece | None:
    line = [piece for piece in tidy(pieces) if piece.text.strip()]
    return line[0] if line and line[0].kind == "link" else None


def _is_further(link: Piece) -> bool:
    return (
        bool(link_fact(link.text))
        or is_registry(link.text)
        or says_nothing(link.text)
        or is_read_more(link.text)
    )


def _named_by_kind(link: Piece) -> Piece:
    if is_registry(link.text) and not link_fact(link.text):
        return link._replace(text="package")
    return link


def _without_empty_items(blocks: Sequence[Block]) -> list[Block]:
    """Drop the items whose line was a further link."""
    kept: list[Block] = []
    for block in blocks:
        if block.kind == "end item" and kept and kept[-1].kind == "item":
            kept.pop()
        else:
            kept.append(block)
    return kept
