"""New entries meet the directory as it is: what a person touched wins.

Until fields are merged one by one, the file is the unit: an item of which a person changed a
file stays wholly as it is, and an item whose file a person removed is not added again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from generation.contract.request import GenerationMethod
from generation.items import Catalogue, Category, Item, Tag
from generation.pipeline.draft import Draft, Entry, StepResult, Tools
from generation.pipeline.entries import names_agree
from generation.pipeline.taxonomy import OTHER, Vocabulary
from generation.report import FieldChange, ItemChange
from generation.repositories.data import StoredItem
from generation.repositories.state import ItemRecord, Provenance, item_id
from generation.slugs import unique_slug
from generation.sources.candidates import LeftOut
from generation.sources.names import name_key
from generation.sources.urls import canonical_url

# What a reader of the directory sees. `updated_at` moves when one of these does.
MEANINGFUL = (
    "name",
    "description",
    "source_url",
    "category",
    "tags",
    "markdown",
    "meta",
)
LONGEST_SHOWN = 200


def merge(draft: Draft, tools: Tools) -> StepResult:
    """Match entries with the items that are there, and say what changes."""
    merger = _Merger(draft, tools)
    for entry in draft.entries:
        merger.add(entry)
    return merger.result()


class _Merger:
    def __init__(self, draft: Draft, tools: Tools) -> None:
        self._draft = draft
        self._context = tools.context
        self._stored = tools.stored
        self._now = f"{tools.context.clock:%Y-%m-%d %H:%M}"
        self._failed = {report.source for report in draft.sources if report.error}
        self._by_url: dict[str, list[StoredItem]] = defaultdict(list)
        for stored in self._stored.items:
            self._by_url[canonical_url(stored.item.source_url)].append(stored)
        self._entries_on = Counter(canonical_url(entry.url) for entry in draft.entries)
        self._taken = self._stored.taken_slugs
        self._tombstones = {record.id: record for record in self._stored.tombstones}
        self._ids = {stored.item.id for stored in self._stored.items}
        self._met: set[str] = set()
        self._items: list[Item] = []
        self._records: list[ItemRecord] = []
        self._changes: list[ItemChange] = []
        self._left_out: list[LeftOut] = []
        self._unchanged = 0

    def add(self, entry: Entry) -> None:
        if stored := self._match(entry):
            self._met.add(stored.item.slug)
            self._update(stored, entry)
            return
        ids = item_id(entry.url), item_id(entry.url, name_key(entry.name))
        if any(key in self._tombstones for key in ids):
            self._left_out.append(
                LeftOut(
                    name=entry.name,
                    url=entry.url,
                    source=entry.sources[0].source,
                    reason="a person removed it from the directory",
                )
            )
            return
        key = ids[0] if ids[0] not in self._ids else ids[1]
        slug = unique_slug(entry.name, self._taken)
        item = _item_of(entry, key=key, slug=slug, updated_at=self._now)
        self._ids.add(key)
        self._taken.add(slug)
        self._keep(item, entry.sources)
        self._changes.append(ItemChange(kind="added", slug=slug, name=item.name))

    def result(self) -> StepResult:
        removed = {stored.item.slug for stored in self._rest() if self._removes(stored)}
        for stored in self._rest():
            item = stored.item
            if item.slug in removed:
                self._changes.append(
                    ItemChange(kind="removed", slug=item.slug, name=item.name)
                )
            else:
                self._unchanged += 1
                self._keep(item, stored.sources)
        self._records += self._stored.tombstones
        catalogue = resolve_labels(
            self._draft.catalogue.model_copy(
                update={"items": tuple(sorted(self._items, key=lambda i: i.slug))}
            ),
            keep={c.id for c in self._stored.categories}
            | {tag.id for tag in self._stored.tags},
        )
        kinds = [change.kind for change in self._changes]
        draft = self._draft.but(
            catalogue=catalogue,
            records=tuple(self._records),
            edited_slugs=frozenset(s.item.slug for s in self._stored.items if s.edited),
            removed_slugs=frozenset(removed),
            left_out=(*self._draft.left_out, *self._left_out),
            changes=tuple(sorted(self._changes, key=lambda c: (c.kind, c.slug))),
            unchanged=self._unchanged,
        ).warning(*self._stored.warnings)
        note = (
            f"{kinds.count('added')} new, {kinds.count('updated')} updated, "
            f"{self._unchanged} unchanged, {len(removed)} removed"
        )
        return StepResult(draft, note)

    def _match(self, entry: Entry) -> StoredItem | None:
        """Find the item that an entry is: same link, and a like name or no rival."""
        url = canonical_url(entry.url)
        on_this_link = self._by_url[url]
        free = [stored for stored in on_this_link if stored.item.slug not in self._met]
        for stored in free:
            if names_agree(stored.item.name, entry.name):
                return stored
        is_renamed = len(on_this_link) == len(free) == self._entries_on[url] == 1
        return free[0] if is_renamed else None

    def _update(self, stored: StoredItem, entry: Entry) -> None:
        old = stored.item
        again = {source.source for source in entry.sources}
        elsewhere = (source for source in stored.sources if source.source not in again)
        sources = (*entry.sources, *elsewhere)
        if stored.edited:
            self._unchanged += 1
            self._keep(old, sources)
            return
        new = self._updated(stored, entry)
        fields = tuple(_differences(old, new))
        if not fields:
            self._unchanged += 1
            self._keep(old, sources)
            return
        self._keep(new.model_copy(update={"updated_at": self._now}), sources)
        self._changes.append(
            ItemChange(kind="updated", slug=old.slug, name=new.name, fields=fields)
        )

    def _updated(self, stored: StoredItem, entry: Entry) -> Item:
        """The source that described an item goes on describing it; others fill gaps.

        While one of its sources fails, an item stays as it is.
        """
        old = stored.item
        known = {source.source for source in stored.sources}
        if known & self._failed:
            return old
        fresh = _item_of(entry, key=old.id, slug=old.slug, updated_at=old.updated_at)
        if entry.sources[0].source in known:
            changes = {name: getattr(fresh, name) for name in MEANINGFUL}
        else:
            changes = {
                "description": old.description or fresh.description,
                "tags": tuple(sorted({*old.tags, *fresh.tags})),
                "markdown": old.markdown or fresh.markdown,
                "meta": fresh.meta | old.meta,
            }
        return old.model_copy(update=changes)

    def _rest(self) -> Iterator[StoredItem]:
        return (s for s in self._stored.items if s.item.slug not in self._met)

    def _removes(self, stored: StoredItem) -> bool:
        """Only `recreate` removes, and nothing whose source failed or is not known."""
        method = self._context.request.generation_method
        if method is not GenerationMethod.RECREATE or stored.edited:
            return False
        sources = {source.source for source in stored.sources}
        return bool(sources) and not sources & self._failed

    def _keep(self, item: Item, sources: tuple[Provenance, ...]) -> None:
        self._items.append(item)
        ordered = tuple(sorted(set(sources), key=lambda s: (s.source, s.locator)))
        self._records.append(ItemRecord(id=item.id, slug=item.slug, sources=ordered))


def resolve_labels(catalogue: Catalogue, *, keep: set[str]) -> Catalogue:
    """Make every category and tag of an item an id that the catalogue knows.

    A person may write a label's name, or one that is new: their file stays as it is, the
    label is found or opened. Labels that no item uses go, unless they are in `keep`.
    """
    categories = Vocabulary((c.id, c.name) for c in catalogue.categories)
    tags = Vocabulary((tag.id, tag.name) for tag in catalogue.tags)
    items = tuple(
        item
        if categories.has(item.category) and all(map(tags.has, item.tags))
        else item.model_copy(
            update={
                "category": categories.resolve(item.category or OTHER),
                "tags": tuple(dict.fromkeys(map(tags.resolve, item.tags))),
            }
        )
        for item in catalogue.items
    )
    used = keep | {item.category for item in items}
    used_tags = keep | {tag for item in items for tag in item.tags}
    all_categories = (
        *catalogue.categories,
        *(Category(id=key, name=name) for key, name in categories.added()),
    )
    all_tags = (*catalogue.tags, *(Tag(id=k, name=name) for k, name in tags.added()))
    return Catalogue(
        items=items,
        categories=tuple(c for c in all_categories if c.id in used),
        tags=tuple(tag for tag in all_tags if tag.id in used_tags),
    )


def _item_of(entry: Entry, *, key: str, slug: str, updated_at: str) -> Item:
    return Item(
        id=key,
        slug=slug,
        name=entry.name,
        description=entry.description,
        source_url=entry.url,
        category=entry.category,
        tags=entry.tags,
        updated_at=updated_at,
        markdown=entry.body,
        meta=entry.facts,
    )


def _differences(old: Item, new: Item) -> Iterator[FieldChange]:
    for name in MEANINGFUL:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield FieldChange(field=name, before=_shown(before), after=_shown(after))


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        value = ", ".join(value)
    elif isinstance(value, Mapping):
        value = ", ".join(f"{key}: {text}" for key, text in sorted(value.items()))
    text = str(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
