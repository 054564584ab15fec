"""The catalogue as its visitors walk through it: sorted, cross-linked, each lookup made once.

A group without items does not exist here, so that nothing can link to it. Everything that
a page is made of carries a `mark`, a digest of it: equal marks, equal pages.
"""

from __future__ import annotations

import hashlib
import re
import sys
import zlib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from heapq import nsmallest
from operator import itemgetter
from typing import NamedTuple

from generation.items import ADDED_AT, Catalogue, Category, Item, Tag
from generation.repositories.site import Collection
from generation.repositories.state import Provenance
from generation.repositories.website.addresses import Link, page_name, web_link
from generation.repositories.website.compact import compact

TINTS = 8
RELATED = 6
# So many candidates a tag are weighed as related items: the work stays in proportion to
# the number of items, however many of them share a tag.
NEIGHBOURS = 24
TIMESTAMP = re.compile(r"\d{4}-(?:0\d|1[0-2])-[0-3]\d [0-2]\d:[0-5]\d")
DAY = re.compile(r"\d{4}-(?:0\d|1[0-2])-[0-3]\d")
# Where an item may say when it was added: as we write it, and as others do.
ADDED = (ADDED_AT, "created_at", "date_added")


class Tile(NamedTuple):
    """A letter on a tinted square, where others would load a logo."""

    letter: str
    tint: int


@dataclass(eq=False, slots=True)
class Group:
    """A category, a tag or a collection, with what it holds."""

    kind: str
    id: str
    name: str
    description: str
    folder: str
    tile: Tile
    priority: int
    aliases: tuple[str, ...]
    mark: str
    cards: list[Card] = field(default_factory=list)

    @property
    def path(self) -> str:
        return f"{self.folder}index.html"

    @property
    def anchor(self) -> str:
        return f"in-{page_name(self.id)}"


@dataclass(eq=False, slots=True)
class Card:
    """An item and where everything about it is.

    `day` is that of the last change, or nothing where the item does not say. There are as
    many cards as items, and most are never shown: what only a page asks for is found then.
    """

    item: Item
    folder: str
    category: Group
    tags: tuple[Group, ...]
    sources: tuple[Provenance, ...]
    mark: str
    day: str

    @property
    def path(self) -> str:
        return f"{self.folder}index.html"

    @property
    def link(self) -> Link | None:
        return web_link(self.item.source_url)

    @property
    def tile(self) -> Tile:
        return tile(self.item.name, seed=self.item.slug)

    @property
    def brief(self) -> tuple[str, str, str]:
        """All that a link to it shows."""
        return self.item.slug, self.item.name, self.item.source_url

    @property
    def added(self) -> str:
        """The day on which the item was added, where it says so."""
        meta, extra = self.item.meta, self.item.extra
        for key in ADDED:
            # There are as many of these as items, and most have ours.
            if (day := meta.get(key) or extra.get(key)) and DAY.match(str(day)):
                return str(day)[:10]
        return ""


class Neighbours:
    """Which items of a category are like which, worked out when somebody asks."""

    def __init__(self, cards: Sequence[Card]) -> None:
        self._cards = cards

    def mark(self) -> str:
        """Digest all that the answer follows from, and all that a link shows."""
        return digest_of(
            compact(
                [(*card.brief, [tag.id for tag in card.tags]) for card in self._cards]
            )
        )

    def of(self, card: Card) -> list[Card]:
        return self._found[card]

    def mark_at(self, path: str) -> str:
        return digest_of(compact([card.brief for card in self.of(self._by_path[path])]))

    @cached_property
    def _found(self) -> dict[Card, list[Card]]:
        return dict(_related(self._cards))

    @cached_property
    def _by_path(self) -> dict[str, Card]:
        return {card.path: card for card in self._cards}


class Shelves:
    """What all pages of one website share."""

    for_templates = (
        "cards", "categories", "tags", "collections", "featured", "new", "changed",
        "updated_at",
    )  # fmt: skip

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        collections: Sequence[Collection] = (),
        sources: Mapping[str, tuple[Provenance, ...]] | None = None,
    ) -> None:
        categories = _groups(catalogue.categories, kind="category", at="categories")
        tags = _groups(catalogue.tags, kind="tag", at="tags")
        found = sources or {}
        self.cards = [
            _card(item, categories, tags, found.get(item.slug, ()))
            for item in sorted(catalogue.items, key=_item_order)
        ]
        for card in self.cards:
            for group in (card.category, *card.tags):
                group.cards.append(card)
        self.categories = _filled(categories)
        self.tags = _filled(tags)
        self.collections = _filled(_fill(collections, self.cards))
        self.featured = [card for card in self.cards if card.item.featured]
        self.changed = latest(self.cards)
        added = [(card.added, card) for card in self.cards]
        self.new = [
            card for day, card in sorted(added, key=itemgetter(0), reverse=True) if day
        ]
        self.updated_at = self.changed[0].item.updated_at if self.changed else None


def mark_of(*parts: str) -> str:
    """Digest what something is made of, in so many letters that none meets another."""
    return digest_of("\0".join(parts).encode("utf-8", "replace"))


def digest_of(content: bytes) -> str:
    # The quickest there is, where the processor knows it; nothing is secret here.
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()[:20]


def latest(cards: Iterable[Card]) -> list[Card]:
    """Sort what has a date by it, the newest first."""
    dated = [(card.item.updated_at, card) for card in cards if card.day]
    dated.sort(key=itemgetter(0), reverse=True)
    return [card for _, card in dated]


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


def _card(
    item: Item,
    categories: dict[str, Group],
    tags: dict[str, Group],
    sources: tuple[Provenance, ...],
) -> Card:
    category = categories[item.category]
    own = tuple([tags[id] for id in dict.fromkeys(item.tags)])
    # All fields at once: to name those that pages show takes longer than to digest all.
    made_of = [vars(item), category.mark]
    made_of += [tag.mark for tag in own]
    made_of += [vars(source) for source in sources]
    return Card(
        item=item,
        folder=f"items/{page_name(item.slug)}/",
        category=category,
        tags=own,
        sources=sources,
        mark=digest_of(compact(made_of)),
        day=item.updated_at[:10] if TIMESTAMP.match(item.updated_at) else "",
    )


def _groups(
    members: Iterable[Category | Tag | Collection], *, kind: str, at: str
) -> dict[str, Group]:
    return {
        member.id: Group(
            kind=kind,
            id=member.id,
            name=member.name,
            description=getattr(member, "description", ""),
            folder=f"{at}/{page_name(member.id)}/",
            tile=tile(member.name, seed=member.id),
            priority=_priority(getattr(member, "priority", None)),
            aliases=getattr(member, "aliases", ()),
            mark=mark_of(member.id, member.name, getattr(member, "description", "")),
        )
        for member in members
    }


def _fill(collections: Sequence[Collection], cards: list[Card]) -> dict[str, Group]:
    """Put into each collection what it names, or what names it."""
    groups = _groups(collections, kind="collection", at="collections")
    naming: dict[str, set[str]] = defaultdict(set)
    for one in collections:
        for slug in one.items:
            naming[slug].add(one.id)
    for card in cards if groups else ():
        slug, extra = card.item.slug, card.item.extra
        if slug not in naming and not extra:
            continue
        several = extra.get("collections")
        own = several if isinstance(several, list) else [extra.get("collection")]
        wanted = naming[slug].union(id_ for id_ in own if isinstance(id_, str))
        for id_ in sorted(wanted & groups.keys()):
            groups[id_].cards.append(card)
    return groups


def _filled(groups: Mapping[str, Group]) -> list[Group]:
    return sorted(
        (group for group in groups.values() if group.cards),
        key=lambda group: (group.priority, *_name_order(group)),
    )


def _item_order(item: Item) -> tuple[bool, str, str]:
    return not item.featured, item.name.casefold(), item.slug


def _name_order(group: Group) -> tuple[str, str]:
    return group.name.casefold(), group.id


def _priority(priority: int | None) -> int:
    return sys.maxsize if priority is None else priority
