"""Which item an entry is, from the surest sign to the weakest; or why it is none."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator

from generation.pipeline.draft import Entry
from generation.pipeline.sameness import names_agree
from generation.repositories.data import Stored, StoredItem
from generation.repositories.state import ItemRecord, item_id
from generation.sources.names import name_key
from generation.sources.urls import canonical_url, clean_url


def is_named(stored: StoredItem, name: str) -> bool:
    """Tell whether a name is that of an item: its own or, of an edited one, its source's."""
    return names_agree(stored.item.name, name) or (
        stored.edited and names_agree(stored.record.name, name)
    )


def has_very_name(stored: StoredItem, name: str) -> bool:
    return name_key(name) in (name_key(stored.item.name), name_key(stored.record.name))


class Matcher:
    """Finds items for entries. Each item is found once, a superseded one never."""

    def __init__(
        self,
        stored: Stored,
        entries: Iterable[Entry],
        *,
        superseded: Collection[str] = (),
    ) -> None:
        self._stored = stored
        self._urls: dict[str, str] = {}
        current = [item for item in stored.items if item.item.slug not in superseded]
        self._by_url: dict[str, list[StoredItem]] = defaultdict(list)
        for item in current:
            self._by_url[self._canonical(item.item.source_url)].append(item)
        self._entries_on = Counter(self._canonical(e.url) for e in entries)
        self._by_slug = {item.item.slug: item for item in current}
        self._by_id = {item.item.id: item for item in current}
        self._removed: dict[str, list[ItemRecord]] = defaultdict(list)
        for record in stored.tombstones:
            self._removed[record.id].append(record)
        self._unreadable = {record.id for record in stored.unreadable}
        ids = {item.item.id for item in stored.items}
        self._ids = {*ids, *self._removed, *self._unreadable}
        self._met: set[str] = set()

    def find(self, entry: Entry) -> StoredItem | str | None:
        """Give the item that an entry is, the reason to leave it out, or None: it is new."""
        if found := self._as_decided(entry) or self._of_same_name(entry):
            return self._meet(found)
        ids = _ids_of(entry)
        if found := self._with_other_link(entry, ids):
            return self._meet(found)
        if (removed := self._was_removed(entry, ids)) is not None:
            why = f": {removed.reason}" if removed.reason else ""
            return f"a person removed it from the directory{why}"
        if not self._unreadable.isdisjoint(ids):
            return "its file in the data repository cannot be read"
        if found := self._renamed(entry):
            return self._meet(found)
        return None

    def new_id(self, entry: Entry) -> str:
        """Name a new item, by its link alone if that is not taken."""
        by_link, by_name = _ids_of(entry)
        key = by_link if by_link not in self._ids else by_name
        self._ids.add(key)
        return key

    def rest(self) -> Iterator[StoredItem]:
        """Give the items that no entry was."""
        return (s for s in self._stored.items if s.item.slug not in self._met)

    def _canonical(self, url: str) -> str:
        """Reduce a link, once: most stand in an item and in its entry."""
        known = self._urls.get(url)
        if known is None:
            known = self._urls[url] = canonical_url(url)
        return known

    def _meet(self, stored: StoredItem) -> StoredItem:
        self._met.add(stored.item.slug)
        return stored

    def _as_decided(self, entry: Entry) -> StoredItem | None:
        """Find the item that a person has decided this is."""
        is_met = entry.meets in self._met
        return None if is_met else self._by_slug.get(entry.meets)

    def _of_same_name(self, entry: Entry) -> StoredItem | None:
        """Find the item that has this link and a name that agrees, best the same name.

        An item bears its own name and the one that its source gives it.
        """
        links = dict.fromkeys(map(self._canonical, [entry.url, *entry.also]))
        on_link = [
            stored
            for link in links
            for stored in self._by_url[link]
            if stored.item.slug not in self._met
        ]
        same = [stored for stored in on_link if has_very_name(stored, entry.name)]
        if entry.apart:
            link = clean_url(entry.url)
            same.sort(key=lambda stored: clean_url(stored.item.source_url) != link)
        elif not same:
            same = [s for s in on_link if names_agree(s.item.name, entry.name)]
            same = same or [s for s in on_link if is_named(s, entry.name)]
        return same[0] if same else None

    def _with_other_link(self, entry: Entry, ids: tuple[str, str]) -> StoredItem | None:
        """Find the item that was made from this link and has another one by now."""
        for key in ids:
            stored = self._by_id.get(key)
            if stored is None or stored.item.slug in self._met:
                continue
            if self._canonical(stored.item.source_url) != self._canonical(entry.url):
                return stored
        return None

    def _renamed(self, entry: Entry) -> StoredItem | None:
        """Take the only item on a link for the only entry on it, whatever its name."""
        url = self._canonical(entry.url)
        on_this_link = self._by_url[url]
        has_history = item_id(entry.url) in self._removed
        if has_history or len(on_this_link) != 1 or self._entries_on[url] != 1:
            return None
        return None if on_this_link[0].item.slug in self._met else on_this_link[0]

    def _was_removed(self, entry: Entry, ids: tuple[str, str]) -> ItemRecord | None:
        found = (record for key in ids for record in self._removed.get(key, ()))
        return next(
            (r for r in found if not r.name or names_agree(r.name, entry.name)), None
        )


def _ids_of(entry: Entry) -> tuple[str, str]:
    return item_id(entry.url), item_id(entry.url, name_key(entry.name))
