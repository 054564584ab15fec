"""Is this in the directory already? By the rules by which a run finds duplicates.

A person's word in `.gazetteer/decisions.yml`, that two are different, ends every suspicion.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from generation.editing.desk import Desk
from generation.items import Item
from generation.pipeline.decisions import Called, keeps_apart
from generation.pipeline.duplicates import houses
from generation.pipeline.sameness import Names
from generation.repositories.data import StoredItem
from generation.repositories.state import item_id
from generation.sources.names import name_key
from generation.sources.urls import canonical_url, page_key

SAME, OTHER_NAME = "the same link", "the same link under another name"
MADE_FROM = "it was made from this link"
AT_HOME = "the same name, and the same house behind the link"


class Duplicate(NamedTuple):
    slug: str
    name: str
    url: str
    reason: str
    pointer: str


class Known:
    """What stands on a desk, ready to be asked often. Kept up as items come and go."""

    def __init__(self, desk: Desk) -> None:
        self._decisions = desk.decisions
        self._names = Names(found.item.name for found in desk.items.values())
        self._by_link: dict[str, set[str]] = defaultdict(set)
        self._by_core: dict[frozenset[str], set[str]] = defaultdict(set)
        self._by_id: dict[str, str] = {}
        self._ids = {identifier for identifier, _ in desk.tombstones}
        self._ids |= {record.id for record in desk.stored.unreadable}
        self._items: dict[str, StoredItem] = {}
        for found in desk.items.values():
            self.add(found)

    def add(self, found: StoredItem) -> None:
        item = found.item
        self._items[item.slug] = found
        self._by_id[item.id] = item.slug
        self._ids.add(item.id)
        for block, key in self._places(item):
            block[key].add(item.slug)

    def drop(self, found: StoredItem) -> None:
        self._forget(found.item)
        self._items.pop(found.item.slug, None)
        self._by_id.pop(found.item.id, None)

    def change(self, old: Item, found: StoredItem) -> None:
        self._forget(old)
        self.add(found)

    def new_id(self, name: str, url: str) -> str:
        key = item_id(url)
        return key if key not in self._ids else item_id(url, name_key(name))

    def find(self, name: str, url: str, *, but: str = "") -> Duplicate | None:
        """Find the item that this is, the surest sign first."""
        for slug, reason, pointer in self._signs(name, url):
            if slug == but:
                continue
            item = self._items[slug].item
            if not self._is_decided(item, name, url):
                return Duplicate(slug, item.name, item.source_url, reason, pointer)
        return None

    def _signs(self, name: str, url: str) -> Iterator[tuple[str, str, str]]:
        on_link = sorted(
            {
                *self._by_link.get(canonical_url(url), ()),
                *self._by_link.get(page_key(url), ()),
            }
        )
        for slug in on_link:
            if self._names.agree(self._items[slug].item.name, name):
                yield slug, SAME, "/source_url"
        for slug in on_link:
            yield slug, OTHER_NAME, "/source_url"
        for key in (item_id(url), item_id(url, name_key(name))):
            if key in self._by_id:
                yield self._by_id[key], MADE_FROM, "/source_url"
        core, home = self._names.core(name), houses(url)
        for slug in sorted(self._by_core.get(core, ()) if core else ()):
            if not home.isdisjoint(houses(self._items[slug].item.source_url)):
                yield slug, AT_HOME, "/name"

    def _is_decided(self, item: Item, name: str, url: str) -> bool:
        one = Called(item.name, item.source_url, frozenset({item.slug}))
        other = Called(name, url)
        return any(keeps_apart(pair, one, other) for pair in self._decisions.different)

    def _forget(self, item: Item) -> None:
        for block, key in self._places(item):
            block[key].discard(item.slug)

    def _places(self, item: Item) -> Iterator[tuple[dict[Any, set[str]], object]]:
        if canonical := canonical_url(item.source_url):
            yield self._by_link, canonical
            if (page := page_key(item.source_url)) != canonical:
                yield self._by_link, page
        if core := self._names.core(item.name):
            yield self._by_core, core
