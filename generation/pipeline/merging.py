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
from generation.pipeline.sameness import names_agree
from generation.pipeline.taxonomy import OTHER
from generation.pipeline.vocabulary import Vocabulary
from generation.report import FieldChange, ItemChange, SourceReport
from generation.repositories.data import StoredItem
from generation.repositories.state import ItemRecord, Provenance, item_id
from generation.slugs import unique_slug
from generation.sources.candidates import LeftOut
from generation.sources.names import name_key
from generation.sources.urls import canonical_url, clean_url

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
        # A page that came without any item has failed as well, whatever it was.
        self._failed = {r.source for r in draft.sources if r.error or not r.found}
        self._read = {r.source for r in draft.sources} - self._failed
        self._by_url: dict[str, list[StoredItem]] = defaultdict(list)
        self._superseded = draft.superseded_slugs
        current = [s for s in self._stored.items if s.item.slug not in self._superseded]
        for stored in current:
            self._by_url[canonical_url(stored.item.source_url)].append(stored)
        self._by_slug = {stored.item.slug: stored for stored in current}
        self._entries_on = Counter(canonical_url(entry.url) for entry in draft.entries)
        self._taken = self._stored.taken_slugs
        self._by_id = {stored.item.id: stored for stored in current}
        self._removed = defaultdict(list)
        for record in self._stored.tombstones:
            self._removed[record.id].append(record)
        self._unreadable = {record.id for record in self._stored.unreadable}
        ids = {stored.item.id for stored in self._stored.items}
        self._ids = {*ids, *self._removed, *self._unreadable}
        self._met: set[str] = set()
        self._items: list[Item] = []
        self._records: list[ItemRecord] = []
        self._changes: list[ItemChange] = []
        self._left_out: list[LeftOut] = []
        self._unchanged = 0

    def add(self, entry: Entry) -> None:
        """Find out what an entry is, from the surest sign to the weakest."""
        ids = item_id(entry.url), item_id(entry.url, name_key(entry.name))
        if (stored := self._as_decided(entry)) or (
            stored := self._of_same_name(entry) or self._with_other_link(entry, ids)
        ):
            self._update(stored, entry)
        elif self._was_removed(entry, ids):
            self._leave_out(entry, "a person removed it from the directory")
        elif not self._unreadable.isdisjoint(ids):
            self._leave_out(entry, "its file in the data repository cannot be read")
        elif stored := self._renamed(entry):
            self._update(stored, entry)
        else:
            self._add_new(entry, key=ids[0] if ids[0] not in self._ids else ids[1])

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
                self._items.append(item)
                self._records.append(stored.record)
        self._records += (*self._stored.tombstones, *self._stored.unreadable)
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
            sources=self._without_left_out(),
            changes=tuple(sorted(self._changes, key=lambda c: (c.kind, c.slug))),
            unchanged=self._unchanged,
        ).warning(*self._stored.warnings)
        note = (
            f"{kinds.count('added')} new, {kinds.count('updated')} updated, "
            f"{self._unchanged} unchanged, {len(removed)} removed"
        )
        return StepResult(draft, note)

    def _of_same_name(self, entry: Entry) -> StoredItem | None:
        """Find the item that has this link and a name that agrees, best the same name."""
        key = name_key(entry.name)
        links = [entry.url, *entry.also]
        on_link = [
            stored
            for link in dict.fromkeys(map(canonical_url, links))
            for stored in self._by_url[link]
            if stored.item.slug not in self._met
        ]
        same = [
            s
            for s in on_link
            if key in (name_key(s.item.name), name_key(s.record.name))
        ]
        if entry.apart:
            link = clean_url(entry.url)
            same.sort(key=lambda s: clean_url(s.item.source_url) != link)
        elif not same:
            same = [s for s in on_link if names_agree(s.item.name, entry.name)]
        return same[0] if same else None

    def _as_decided(self, entry: Entry) -> StoredItem | None:
        """Find the item that a person has decided this is."""
        is_met = entry.meets in self._met
        return None if is_met else self._by_slug.get(entry.meets)

    def _with_other_link(self, entry: Entry, ids: tuple[str, ...]) -> StoredItem | None:
        """Find the item that was made from this link and has another one by now."""
        for key in ids:
            stored = self._by_id.get(key)
            if stored is None or stored.item.slug in self._met:
                continue
            if canonical_url(stored.item.source_url) != canonical_url(entry.url):
                return stored
        return None

    def _renamed(self, entry: Entry) -> StoredItem | None:
        """Take the only item on a link for the only entry on it, whatever its name."""
        url = canonical_url(entry.url)
        on_this_link = self._by_url[url]
        has_history = item_id(entry.url) in self._removed
        if has_history or len(on_this_link) != 1 or self._entries_on[url] != 1:
            return None
        return None if on_this_link[0].item.slug in self._met else on_this_link[0]

    def _was_removed(self, entry: Entry, ids: tuple[str, ...]) -> bool:
        return any(
            not record.name or names_agree(record.name, entry.name)
            for key in ids
            for record in self._removed.get(key, ())
        )

    def _leave_out(self, entry: Entry, reason: str) -> None:
        source = entry.sources[0].source
        self._left_out.append(
            LeftOut(name=entry.name, url=entry.url, source=source, reason=reason)
        )

    def _without_left_out(self) -> tuple[SourceReport, ...]:
        """Take back what a source was thought to keep and was left out after all."""
        left_out = Counter(left.source for left in self._left_out)
        return tuple(
            report.model_copy(update={"kept": report.kept - left_out[report.source]})
            for report in self._draft.sources
        )

    def _add_new(self, entry: Entry, *, key: str) -> None:
        slug = unique_slug(entry.name, self._taken)
        item = _item_of(entry, key=key, slug=slug, updated_at=self._now)
        self._ids.add(key)
        self._taken.add(slug)
        sources = _described_by(entry.sources[0].source, entry.sources)
        self._keep(item, entry.name, sources)
        self._changes.append(ItemChange(kind="added", slug=slug, name=item.name))

    def _update(self, stored: StoredItem, entry: Entry) -> None:
        old = stored.item
        self._met.add(old.slug)
        new, sources = self._updated(stored, entry)
        fields = tuple(_differences(old, new))
        if stored.edited or not fields:
            self._unchanged += 1
            self._keep(old, entry.name, sources)
            return
        self._keep(
            new.model_copy(update={"updated_at": self._now}), entry.name, sources
        )
        self._changes.append(
            ItemChange(kind="updated", slug=old.slug, name=new.name, fields=fields)
        )

    def _updated(
        self, stored: StoredItem, entry: Entry
    ) -> tuple[Item, tuple[Provenance, ...]]:
        """Bring an item up to date, and say where it comes from, its describer first.

        The source that described an item goes on describing it; others fill gaps. Another
        takes over when that one was read and does not list the item any more. While one of
        its sources fails, an item stays as it is.
        """
        old, known = stored.item, stored.record.sources
        again = {source.source for source in entry.sources}
        sources = (*entry.sources, *(s for s in known if s.source not in again))
        if {source.source for source in known} & self._failed:
            return old, _described_by(known[0].source, sources)
        fresh = _item_of(entry, key=old.id, slug=old.slug, updated_at=old.updated_at)
        first = entry.sources[0].source
        describer = known[0].source if known else ""
        if describer == first or (describer in self._read and describer not in again):
            changes = {name: getattr(fresh, name) for name in MEANINGFUL}
            return old.model_copy(update=changes), _described_by(first, sources)
        changes = {
            "description": old.description or fresh.description,
            "tags": tuple(sorted({*old.tags, *fresh.tags})),
            "markdown": old.markdown or fresh.markdown,
            "meta": fresh.meta | old.meta,
        }
        return old.model_copy(update=changes), _described_by(describer, sources)

    def _rest(self) -> Iterator[StoredItem]:
        return (s for s in self._stored.items if s.item.slug not in self._met)

    def _removes(self, stored: StoredItem) -> bool:
        """Only `recreate` removes, and nothing whose source failed or is not known.

        What a person has called the same as another item goes in any case.
        """
        if stored.item.slug in self._superseded:
            return True
        method = self._context.request.generation_method
        if method is not GenerationMethod.RECREATE or stored.edited:
            return False
        sources = {source.source for source in stored.record.sources}
        return bool(sources) and not sources & self._failed

    def _keep(self, item: Item, name: str, sources: tuple[Provenance, ...]) -> None:
        """Remember an item by the name that its source gives it."""
        self._items.append(item)
        self._records.append(
            ItemRecord(id=item.id, slug=item.slug, name=name, sources=sources)
        )


def _described_by(
    describer: str, sources: tuple[Provenance, ...]
) -> tuple[Provenance, ...]:
    """Put the source that describes an item first, and the others in order."""
    return tuple(
        sorted(set(sources), key=lambda s: (s.source != describer, s.source, s.locator))
    )


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
