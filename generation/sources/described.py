"""Things that are described in paragraphs, below a heading or a name: made items of a list.

"### Kimai", what it is, and "Website: https://kimai.org" is one thing, as a bullet with the
same words would be. One such section may be prose; where most are alike, they are a list.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from generation.sources.asides import may_be_aside
from generation.sources.fields import field_of
from generation.sources.labels import (
    calls_for,
    is_read_more,
    link_fact,
    link_fact_of,
)
from generation.sources.listed import is_silent
from generation.sources.names import clean_name, squeeze
from generation.sources.outline import Block, list_of_one
from generation.sources.pieces import BARE_URL, Piece, Pieces, plain_text, tidy
from generation.sources.urls import canonical_url

_NUMBER = re.compile(r"#?\d{1,3}[.)]\s+")
_FEWEST = 3
_SHARE = 0.6
_MOST_BLOCKS = 60
_MOST_WORDS = 400
_MOST_NAME_WORDS = 10
_LONGEST_FIELD = 30
_LISTS = ("list", "end list", "item", "end item")


def headed_to_items(blocks: Sequence[Block]) -> list[Block]:
    """Make an item of each heading that names what is described and linked below it."""
    starts = [n for n, block in enumerate(blocks) if block.kind == "heading"]
    sections = list(pairwise([*starts, len(blocks)]))
    things = {start: _thing(blocks[start:end]) for start, end in sections}
    wanted = {
        level
        for level in {blocks[start].level for start in starts}
        if _are_alike(
            [
                things[start] is not None
                for start, end in sections
                if blocks[start].level == level and _is_filled(blocks[start + 1 : end])
            ]
        )
    }
    made: list[Block] = list(blocks[: starts[0]]) if starts else list(blocks)
    for start, end in sections:
        thing = things[start]
        if thing is None or blocks[start].level not in wanted:
            made += blocks[start:end]
            continue
        # An empty heading ends the section that the one before had begun.
        made.append(Block("heading", blocks[start].level))
        made += list_of_one(thing)
    return made


def paragraphs_to_items(blocks: Sequence[Block]) -> list[Block]:
    """Make items of paragraphs that begin with a name, where nearly all do."""
    units = [n for n, block in enumerate(blocks) if block.kind == "paragraph"]
    named = {n for n in units if _begins_with_name(blocks[n].pieces)}
    alone = {n for n in named if _is_alone(blocks, n)}
    described = {n + 1 for n in alone}
    if len(named) < _FEWEST or len(named) < _SHARE * (len(units) - len(described)):
        return list(blocks)
    made: list[Block] = []
    for n, block in enumerate(blocks):
        if n in described:
            continue
        if n not in named:
            made.append(block)
            continue
        text = [Piece("text", " - "), *blocks[n + 1].pieces] if n in alone else []
        made += list_of_one([*_parted(block.pieces), *text])
    return made


def _are_alike(fits: Sequence[bool]) -> bool:
    return sum(fits) >= _FEWEST and sum(fits) >= _SHARE * len(fits)


def _is_filled(section: Sequence[Block]) -> bool:
    return any(block.kind in ("paragraph", "list", "table") for block in section)


def _thing(section: Sequence[Block]) -> list[Piece] | None:
    """Return one line that says what a section does: a name, its text, its links."""
    head, *rest = section
    name = clean_name(_NUMBER.sub("", plain_text(head.pieces)))
    if not _may_name(name) or len(rest) > _MOST_BLOCKS:
        return None
    if any(piece.kind == "link" for piece in head.pieces):
        return None
    if any(block.kind not in ("paragraph", "text", *_LISTS) for block in rest):
        return None
    lines = [
        tidy(block.pieces) for block in rest if block.kind in ("paragraph", "text")
    ]
    if sum(len(plain_text(line).split()) for line in lines) > _MOST_WORDS:
        return None
    in_list = [tidy(block.pieces) for block in rest if block.kind == "text"]
    if any(map(_names_another, in_list)):
        return None
    links = [
        piece for line in lines for piece in line if _is_link_of(piece, name, line)
    ]
    owns = [link for link in links if _is_own(link, name)]
    if len({canonical_url(link.url) for link in owns}) != 1:
        return None
    own = owns[0]
    text = next((t for line in lines if (t := _description(line))), "")
    further = [
        piece
        for link in links
        if link.url != own.url and link_fact(link.text)
        for piece in (Piece("text", " "), link)
    ]
    described = [Piece("text", f" - {text} ")] if text else [Piece("text", " - ")]
    website = Piece("link", "Website", own.url)
    return [Piece("strong", name), *described, website, *further]


def _may_name(name: str) -> bool:
    return (
        bool(name)
        and len(name.split()) <= _MOST_NAME_WORDS
        and not name.endswith(("?", "\uff1f"))
        and not may_be_aside(name)
    )


def _names_another(line: Pieces) -> bool:
    """Tell whether a bullet is an item of its own: it begins with a link that names."""
    start = next((piece for piece in line if piece.text.strip()), None)
    return (
        start is not None
        and start.kind == "link"
        and not is_silent(start)
        and not link_fact(start.text)
    )


def _is_link_of(piece: Piece, name: str, line: Pieces) -> bool:
    if piece.kind != "link" or piece.url[:1] == "#":
        return False
    return (
        is_silent(piece)
        or bool(link_fact(piece.text))
        or calls_for(piece.text, name)
        or (len(line) == 1 and is_read_more(piece.text))
    )


def _is_own(link: Piece, name: str) -> bool:
    if not (is_silent(link) or calls_for(link.text, name)):
        return False
    fact = link_fact(link.text)
    return fact in ("", "website_url") and (
        fact == "website_url" or not link_fact_of(link.url)
    )


def _description(line: Pieces) -> str:
    """Return what a line says, if that is a text: "Description: …" without the word."""
    words = [piece for piece in line if piece.kind != "image"]
    text = squeeze("".join(p.text for p in words if not _is_call(p)))
    label, colon, rest = text.partition(":")
    if colon and len(label) <= _LONGEST_FIELD and len(label.split()) <= 3:
        return rest.strip() if field_of(label) == "description" else ""
    return text if len(text.split()) > 2 else ""


def _is_call(piece: Piece) -> bool:
    return piece.kind == "link" and (
        is_silent(piece) or bool(link_fact(piece.text)) or is_read_more(piece.text)
    )


def _begins_with_name(pieces: Pieces) -> bool:
    """Tell a paragraph that begins with a link, or with a bold name and its address."""
    line = [piece for piece in tidy(pieces) if piece.text.strip()]
    if not line or plain_text(line).rstrip().endswith(":"):
        return False
    start = line[0]
    if start.kind == "link":
        return start.url[:1] != "#" and not _is_call(start)
    return (
        start.kind == "strong"
        and len(start.text.split()) <= _MOST_NAME_WORDS
        and any(
            (piece.kind == "link" and is_silent(piece)) or BARE_URL.search(piece.text)
            for piece in line[1:3]
        )
    )


def _is_alone(blocks: Sequence[Block], position: int) -> bool:
    """Tell a name on a line of its own whose description is the next paragraph."""
    line = [p for p in tidy(blocks[position].pieces) if p.text.strip()]
    following = blocks[position + 1 : position + 2]
    return (
        len(line) == 1
        and bool(following)
        and following[0].kind == "paragraph"
        and not _begins_with_name(following[0].pieces)
    )


def _parted(pieces: Pieces) -> list[Piece]:
    """Put a dash between a name and what follows it, where nothing stands there."""
    line = [piece for piece in tidy(pieces) if piece.text]
    while line and not line[0].text.strip():
        line.pop(0)
    behind = line[1].text.lstrip()[:1] if len(line) > 1 else ""
    if behind.isalnum():
        line.insert(1, Piece("text", " - "))
    return line
