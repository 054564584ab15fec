"""Files with one line an item: of ten thousand lines, those of changed items are made.

The others are taken from the file that is there. It is the one that the last run wrote,
and so is the table which says that an item is what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from generation.repositories.website.shelves import Card


class Rows(NamedTuple):
    """A file as its lines. `name_in` finds the slug in a line, as it was written there.

    Where lines say no more than their items and the settings of the site, the head may
    differ from that of the old file.
    """

    cards: Sequence[Card]
    head: bytes
    line: Callable[[Card], bytes]
    between: bytes
    end: bytes
    name_in: Callable[[bytes], bytes]
    lines_follow_head: bool = False

    def make(self) -> bytes:
        return self._joined(map(self.line, self.cards))

    def renew(self, old: bytes, same: Iterable[bytes | None]) -> bytes:
        """Make the file from the old one. `same` are the slugs of items that are as they
        were, and None for every other."""
        start = 0
        for _ in range(self.head.count(b"\n")):
            start = old.find(b"\n", start) + 1
        if self.lines_follow_head and old[:start] != self.head:
            return self.make()
        lines = old[start : -len(self.end)].split(self.between)
        known = dict(zip(map(self.name_in, lines), lines, strict=True))
        pairs = zip(same, self.cards, strict=True)
        return self._joined(
            (slug and known.get(slug)) or self.line(card) for slug, card in pairs
        )

    def _joined(self, lines: Iterable[bytes]) -> bytes:
        return b"%b%b%b" % (self.head, self.between.join(lines), self.end)
