"""Which of a page's lists, tables and grids is the list that the page is about.

Everything that repeats is found; news, teasers and link boxes are among it. What weighs
most is the list: its entries are many, are described and lead away from the page. The
rest is kept where it is of the same sort, and left out with a reason where it is not.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlsplit

from generation.sources.entries import Entry, NoEntry, read_entry
from generation.sources.outline import Block, rows_of_table
from generation.sources.pages.blocks import PageBlocks, Span
from generation.sources.urls import host_of

BESIDE = "it stands beside the page's list, not in it"

_ENOUGH_WORDS = 12
_SMALL = 0.25
_SAMPLE = 500


@dataclass(frozen=True, slots=True)
class Worth:
    """What a list, table or grid has to say."""

    entries: int = 0
    described: int = 0
    outside: int = 0
    words: int = 0
    own: int = 0

    def __add__(self, other: Worth) -> Worth:
        return Worth(
            self.entries + other.entries,
            self.described + other.described,
            self.outside + other.outside,
            self.words + other.words,
            self.own + other.own,
        )

    @property
    def weight(self) -> float:
        return self.entries + self.outside + self.words / 4

    @property
    def is_described(self) -> bool:
        return self.described * 2 > self.entries

    @property
    def is_own(self) -> bool:
        return self.own * 2 > self.entries

    @property
    def leads_outside(self) -> bool:
        return self.outside * 2 > self.entries


def choose(page: PageBlocks, base: str) -> list[Block]:
    """Return the blocks, what is beside the list replaced by why it was left out."""
    worth = [_worth(page.blocks[span.start : span.end], base) for span in page.spans]
    families: dict[int, Worth] = defaultdict(Worth)
    for span, value in zip(page.spans, worth, strict=True):
        families[span.grid] += value
    if not families:
        return page.blocks
    main = max(families, key=lambda grid: (families[grid].weight, -grid))
    beside = [
        span
        for span, value in zip(page.spans, worth, strict=True)
        if not _belongs(span, value, main, families)
    ]
    return _without(page.blocks, beside, base)


def _belongs(span: Span, worth: Worth, main: int, families: dict[int, Worth]) -> bool:
    """Tell whether a list is the page's, or one of the same sort as the page's."""
    best, whole = families[main], families[span.grid]
    if worth.entries == 0:
        return True
    if span.grid == main:
        # Files, commits and issues of a list are below its own page; its items are not.
        return best.is_own or not worth.is_own
    alike = (
        worth.leads_outside == best.leads_outside
        and worth.is_described >= best.is_described
    )
    if span.grid == -1 or main == -1:
        # A list beside a grid, or a grid beside the lists of a document.
        return alike and whole.weight >= _SMALL * best.weight
    return alike and whole.weight >= _SMALL / 2 * best.weight


def _worth(blocks: Sequence[Block], base: str) -> Worth:
    total = Worth()
    for found in _entries(blocks, base, most=_SAMPLE):
        if isinstance(found, Entry):
            words = min(len(found.description.split()), _ENOUGH_WORDS)
            outside = host_of(found.url) != host_of(base)
            own = not outside and _is_below(found.url, base)
            total += Worth(1, int(words > 2), int(outside), words, int(own))
    return total


def _is_below(url: str, base: str) -> bool:
    """Tell whether a link leads to something below the page itself."""
    place = urlsplit(base).path.rstrip("/")
    return place.count("/") >= 2 and urlsplit(url).path.startswith(place + "/")


def _entries(
    blocks: Sequence[Block], base: str, *, most: int = sys.maxsize
) -> list[Entry | NoEntry]:
    """Return what blocks say, or the first of it: enough to tell what they are."""
    found: list[Entry | NoEntry] = []
    for block in blocks:
        if len(found) >= most:
            break
        if block.kind == "text":
            found.append(read_entry([block.pieces], base=base))
        elif block.entry is not None:
            found.append(block.entry)
        elif block.table is not None:
            rows = islice(rows_of_table(block.table, base), most)
            found += [entry for entry, _ in rows]
    return found


def _without(blocks: list[Block], beside: Sequence[Span], base: str) -> list[Block]:
    """Replace what is beside the list by the reasons why it was left out."""
    kept: list[Block] = []
    position = 0
    for span in beside:
        kept += blocks[position : span.start]
        kept += [
            Block("entry", entry=NoEntry(found.name, found.url, BESIDE))
            for found in _entries(blocks[span.start : span.end], base)
            if isinstance(found, Entry)
        ]
        position = max(position, span.end)
    return kept + blocks[position:]
