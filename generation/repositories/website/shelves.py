"""The catalogue as its visitors walk through it: sorted, cross-linked, each lookup made once.

A group without items does not exist here, so that nothing can link to it.
"""

from __future__ import annotations

import re
import sys
import zlib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import NamedTuple

from generation.items import Catalogue, Category, Item, Tag
from generation.repositories.website.addresses import Link, page_name, web_link

TINTS = 8
RELATED = 6
# So many candidates a tag are weighed as related items: the work stays in proportion to
# the number of items, however many of them share a tag.
NEIGHBOURS = 24
TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}")


class Tile(NamedTuple):
    """A letter on a tinted square, where others would load a logo."""

    letter: str
    tint: int


@dataclass(eq=False, slots=True)
class Group:
    """A category or a tag, with what it holds."""

    id: str
    name: str
    description: str
    path: str
    tile: Tile
    cards: list[Card] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        return f"in-{page_name(self.id)}"


@dataclass(frozen=True, eq=False, slots=True)
class Card:
    """An item and where everything about it is."""

    item: Item
    path: str
    link: Link | None
    tile: Tile
    category: Group
    tags: tuple[Group, ...]


class Shelves:
    """What all pages of one website share."""

    def __init__(self, catalogue: Catalogue) -> None:
        categories = _groups(catalogue.categories, folder="categories")
        tags = _groups(catalogue.tags, folder="tags")
        self.cards = [
            _card(item, categories=categories, tags=tags)
            for item in sorted(catalogue.items, key=_item_order)
        ]
        for card in self.cards:
            for group in (card.category, *card.tags):
                group.cards.append(card)
        priorities = {
            category.id: category.priority for category in catalogue.categories
        }
        self.categories = sorted(
            (group for group in categories.values() if group.cards),
            key=lambda group: (
                _priority(priorities.get(group.id)),
                *_name_order(group),
            ),
        )
        self.tags = sorted(
            (group for group in tags.values() if group.cards), key=_name_order
        )
        self.featured = [card for card in self.cards if card.item.featured]
        self.updated_at = max(
            filter(TIMESTAMP.fullmatch, (item.updated_at for item in catalogue.items)),
            default=None,
        )

    def with_related(self) -> Iterator[tuple[Card, list[Card]]]:
        """Pair every item with those most like it, one category after another."""
        for category in self.categories:
            yield from _related(category.cards)


def _related(cards: Sequence[Card]) -> Iterator[tuple[Card, list[Card]]]:
    """Find, in one category, the items that share the most tags with each item.

    Among equals the next ones in the category's order win, round and round, so that
    every item is somebody's neighbour.
    """
    positions: dict[Group, list[int]] = defaultdict(list)
    for position, card in enumerate(cards):
        for tag in card.tags:
            positions[tag].append(position)
    tags = [frozenset(card.tags) for card in cards]

    for here, card in enumerate(cards):
        candidates = set(_following(range(len(cards)), here, limit=RELATED))
        for tag in card.tags:
            candidates.update(_following(positions[tag], here, limit=NEIGHBOURS))

        def likeness(there: int, here: int = here) -> tuple[int, int]:
            return -len(tags[here] & tags[there]), (there - here) % len(cards)

        yield card, [cards[there] for there in nsmallest(RELATED, candidates, likeness)]


def _following(positions: Sequence[int], here: int, *, limit: int) -> Iterator[int]:
    """Go on from here, which is one of the positions, around the end and not back to it."""
    start = bisect_right(positions, here)
    for step in range(min(limit, len(positions) - 1)):
        yield positions[(start + step) % len(positions)]


def tile(name: str, *, seed: str) -> Tile:
    letter = next((sign for sign in name if sign.isalnum()), "#")
    return Tile(letter.upper()[:1], zlib.crc32(seed.encode("utf-8", "replace")) % TINTS)


def _card(item: Item, *, categories: dict[str, Group], tags: dict[str, Group]) -> Card:
    return Card(
        item=item,
        path=f"items/{page_name(item.slug)}.html",
        link=web_link(item.source_url),
        tile=tile(item.name, seed=item.slug),
        category=categories[item.category],
        tags=tuple(tags[id] for id in dict.fromkeys(item.tags)),
    )


def _groups(members: Iterable[Category | Tag], *, folder: str) -> dict[str, Group]:
    return {
        member.id: Group(
            id=member.id,
            name=member.name,
            description=member.description if isinstance(member, Category) else "",
            path=f"{folder}/{page_name(member.id)}.html",
            tile=tile(member.name, seed=member.id),
        )
        for member in members
    }


def _item_order(item: Item) -> tuple[bool, str, str]:
    return not item.featured, item.name.casefold(), item.slug


def _name_order(group: Group) -> tuple[str, str]:
    return group.name.casefold(), group.id


def _priority(priority: int | None) -> int:
    return sys.maxsize if priority is None else priority
