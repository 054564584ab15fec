"""New entries meet the directory as it is: what a person touched wins, field by field.

An item whose file a person removed is not added again, and no item is removed that a person
edited or whose source failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from generation.contract.request import GenerationMethod
from generation.items import ADDED_AT, Catalogue, Category, Item, Tag
from generation.pipeline.draft import Draft, Entry, StepResult, Tools
from generation.pipeline.matching import Matcher
from generation.pipeline.taxonomy import OTHER
from generation.pipeline.vocabulary import Vocabulary
from generation.report import Conflict, FieldChange, ItemChange, SourceReport
from generation.repositories.data import Stored, StoredItem
from generation.repositories.documents import (
    META,
    base_of,
    fields_of_base,
    fields_of_item,
)
from generation.repositories.item_merge import Found, Outcome, merge_item, sheet_of
from generation.repositories.labels import keep_removed_priorities
from generation.repositories.merge import Path, Verdict, is_empty, text_hash
from generation.repositories.state import ItemRecord, Provenance
from generation.slugs import unique_slug
from generation.sources.candidates import LeftOut

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
# A run that would remove more of the items than this asks first.
MOST_REMOVED = 0.2


def merge(draft: Draft, tools: Tools) -> StepResult:
    """Match entries with the items that are there, and say what changes."""
    merger = _Merger(draft, tools)
    for entry in draft.entries:
        merger.add(entry)
    return merger.result()


def removals_to_allow(stored: Stored, removed: int) -> str:
    """Say what a run would remove if that is so much that a person must allow it."""
    total = len(stored.items)
    if removed <= total * MOST_REMOVED:
        return ""
    return (
        f"This run would remove {removed} of {total} items, more than "
        f"{MOST_REMOVED:.0%}. If that is meant, run it again with --allow-removals "
        "(allow_removals in a request)"
    )


class _Merger:
    def __init__(self, draft: Draft, tools: Tools) -> None:
        self._draft = draft
        self._context = tools.context
        self._stored = tools.stored
        self._now = f"{tools.context.clock:%Y-%m-%d %H:%M}"
        # A page that came without any item has failed as well, whatever it was.
        self._failed = {r.source for r in draft.sources if r.error or not r.found}
        self._kinds = {r.source: r.kind for r in draft.sources}
        # What fails and was never read may be one of the known sources under a new name.
        self._strange = self._failed - {
            source.source
            for stored in tools.stored.items
            for source in stored.record.sources
        }
        self._superseded = draft.superseded_slugs
        self._matcher = Matcher(
            tools.stored, draft.entries, superseded=self._superseded
        )
        self._taken = self._stored.taken_slugs
        categories = draft.catalogue.categories
        self._categories = Vocabulary.of(categories)
        self._items: list[Item] = []
        self._records: dict[str, ItemRecord] = {}
        self._own: dict[str, bytes] = {}
        self._by_hand: dict[str, bytes] = {}
        self._detached: set[str] = set()
        self._changes: list[ItemChange] = []
        self._conflicts: list[Conflict] = []
        self._warnings: list[str] = []
        self._left_out: list[LeftOut] = []
        self._unchanged = 0

    def add(self, entry: Entry) -> None:
        match self._matcher.find(entry):
            case str(reason):
                self._leave_out(entry, reason)
            case None:
                self._add_new(entry)
            case stored:
                found, sources = self._found(stored, entry)
                self._merge(stored, found, name=entry.name, sources=sources)

    def result(self) -> StepResult:
        removed = set()
        for stored in self._matcher.rest():
            item = stored.item
            if self._removes(stored):
                removed.add(item.slug)
                self._changes.append(
                    ItemChange(kind="removed", slug=item.slug, name=item.name)
                )
            else:
                known = stored.record
                self._merge(stored, None, name=known.name, sources=known.sources)
        catalogue = self._catalogue()
        written = self._settle(catalogue)
        records = (
            *self._records.values(),
            *self._stored.unreadable,
        )
        ask = removals_to_allow(self._stored, len(removed - self._superseded))
        if ask and not self._context.request.allow_removals:
            self._warnings.append(f"{ask}.")
        kinds = [change.kind for change in self._changes]
        draft = self._draft.but(
            catalogue=catalogue,
            records=records,
            written_slugs=frozenset(written),
            removed_slugs=frozenset(removed),
            own_files=self._own,
            hand_files=self._by_hand,
            detached_paths=frozenset(self._detached),
            conflicts=tuple(sorted(self._conflicts, key=lambda c: (c.item, c.field))),
            left_out=(*self._draft.left_out, *self._left_out),
            sources=self._without_left_out(),
            changes=tuple(sorted(self._changes, key=lambda c: (c.kind, c.slug))),
            unchanged=self._unchanged,
        ).warning(*self._stored.warnings, *sorted(self._warnings))
        note = (
            f"{kinds.count('added')} new, {kinds.count('updated')} updated, "
            f"{self._unchanged} unchanged, {len(removed)} removed"
        )
        if self._conflicts:
            note += f", {len(self._conflicts)} in conflict"
        return StepResult(draft, note)

    def _catalogue(self) -> Catalogue:
        stored = self._stored
        drafted = self._draft.catalogue
        return resolve_labels(
            drafted.model_copy(
                update={
                    "items": tuple(sorted(self._items, key=lambda i: i.slug)),
                    "categories": keep_removed_priorities(
                        drafted.categories, stored.labels
                    ),
                }
            ),
            keep={c.id for c in stored.categories} | {tag.id for tag in stored.tags},
        )

    def _settle(self, catalogue: Catalogue) -> set[str]:
        """Find out which items are to be written whole, and remember what that will be."""
        before = {stored.item.slug: stored for stored in self._stored.items}
        written = set()
        for item in catalogue.items:
            stored = before.get(item.slug)
            if stored is not None and (stored.edited or stored.item == item):
                continue
            written.add(item.slug)
            record = self._records[item.slug]
            update = {"base": base_of(item)}
            self._records[item.slug] = record.model_copy(update=update)
        return written

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

    def _add_new(self, entry: Entry) -> None:
        slug = unique_slug(entry.name, self._taken)
        self._taken.add(slug)
        item = _item_of(
            entry, key=self._matcher.new_id(entry), slug=slug, now=self._now
        )
        self._items.append(item)
        self._records[slug] = ItemRecord(
            id=item.id,
            slug=slug,
            name=entry.name,
            sources=_described_by(entry.sources[0].source, self._sources_of(entry)),
        )
        self._changes.append(ItemChange(kind="added", slug=slug, name=item.name))

    def _sources_of(self, entry: Entry) -> tuple[Provenance, ...]:
        """Name the sources of an entry, and how each was read."""
        return tuple(
            source.model_copy(update={"kind": self._kinds.get(source.source, "")})
            for source in entry.sources
        )

    def _merge(
        self,
        stored: StoredItem,
        found: Found | None,
        *,
        name: str,
        sources: tuple[Provenance, ...],
    ) -> None:
        old = stored.item
        outcome = merge_item(stored, found, now=self._now)
        self._items.append(outcome.item)
        record = stored.record
        if (record.name, record.sources, record.base) != (name, sources, outcome.base):
            record = record.model_copy(
                update={"name": name, "sources": sources, "base": outcome.base}
            )
        self._records[old.slug] = record
        if outcome.is_detached:
            self._detached.add(stored.paths[0])
        self._own |= outcome.own
        self._by_hand |= outcome.by_hand
        self._tell(stored, outcome)
        fields = tuple(_differences(old, outcome.item)) if outcome.is_changed else ()
        if not fields:
            self._unchanged += 1
            return
        self._changes.append(
            ItemChange(
                kind="updated", slug=old.slug, name=outcome.item.name, fields=fields
            )
        )

    def _tell(self, stored: StoredItem, outcome: Outcome) -> None:
        """Report what could not be merged."""
        slug = stored.item.slug
        self._conflicts += (
            Conflict(
                item=slug,
                field=decision.name,
                ours=_shown(decision.ours),
                theirs=_shown(decision.theirs),
            )
            for decision in outcome.decisions
            if decision.verdict is Verdict.CONFLICT
        )
        if outcome.is_torn:
            self._warnings.append(
                f"data/{slug}: the file {slug}.md and the key markdown were both changed "
                "by hand, and differ; the file counts"
            )
        if outcome.refused:
            self._warnings.append(
                f"{stored.paths[0]}: {', '.join(outcome.refused)} is newer in a source, but "
                "could not be changed without losing a comment of yours"
            )

    def _found(
        self, stored: StoredItem, entry: Entry
    ) -> tuple[Found | None, tuple[Provenance, ...]]:
        """Say what a run would write into an item, and where it comes from now.

        The source that described an item goes on describing it; others fill gaps. The first
        one that lists it takes over when that one was read and does so no longer, or is none
        of this run's sources any more. While one of its sources fails, an item stays as it is.
        """
        known = stored.record.sources
        again = {source.source for source in entry.sources}
        sources = (
            *self._sources_of(entry),
            *(s for s in known if s.source not in again),
        )
        if {source.source for source in known} & self._failed:
            return None, _described_by(known[0].source, sources)
        fields = {
            **_fields_of(entry),
            **_added(stored),
            ("category",): self._category(stored, entry),
        }
        fresh = Found(fields, entry.body)
        first = entry.sources[0].source
        describer = known[0].source if known else ""
        # Above, those that failed have had their say.
        if describer == first or (describer and describer not in again):
            return fresh, _described_by(first, sources)
        return _filled(stored, fresh), _described_by(describer, sources)

    def _category(self, stored: StoredItem, entry: Entry) -> str:
        """Take what a person wrote for the id that it stands for: that is no conflict."""
        written = stored.item.category
        is_it = self._categories.knows(written) and (
            self._categories.resolve(written) == entry.category
        )
        return written if is_it else entry.category

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
        is_asked_for = not sources.isdisjoint(self._kinds)
        return (
            bool(sources)
            and not sources & self._failed
            and (is_asked_for or not self._strange)
        )


def _filled(stored: StoredItem, fresh: Found) -> Found:
    """Fill the gaps of what was written before with what another source says."""
    base = stored.record.base
    before = fields_of_base(base) if base else fields_of_item(stored.item)
    fields = fresh.fields
    description, tags = ("description",), ("tags",)
    filled: dict[Path, Any] = {
        **{path: value for path, value in fields.items() if path[0] == META},
        **before,
        description: before.get(description) or fields[description],
        tags: tuple(sorted({*before.get(tags, ()), *fields[tags]})),
    }
    has_text = bool(stored.item.markdown)
    if base is not None:
        has_text = base.markdown != text_hash("")
    if has_text:
        return Found(filled, None)
    is_sheet = fresh.text == sheet_of(fields)
    return Found(filled, sheet_of(filled) if is_sheet else fresh.text)


def _added(stored: StoredItem) -> Mapping[Path, Any]:
    """What a run wrote of the day on which it added an item stays what it was."""
    base = stored.record.base
    written = (base.meta if base else stored.item.meta) or {}
    return {(META, ADDED_AT): written[ADDED_AT]} if ADDED_AT in written else {}


def _fields_of(entry: Entry) -> Mapping[Path, Any]:
    return {
        ("name",): entry.name,
        ("description",): entry.description,
        ("source_url",): entry.url,
        ("category",): entry.category,
        ("tags",): entry.tags,
        **{(META, key): value for key, value in entry.facts.items()},
    }


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
    categories = Vocabulary.of(catalogue.categories)
    tags = Vocabulary.of(catalogue.tags)
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


def _item_of(entry: Entry, *, key: str, slug: str, now: str) -> Item:
    # A source that says when it was added there knows better.
    facts = {ADDED_AT: now[:10]} | {
        key: value for key, value in entry.facts.items() if not is_empty(value)
    }
    return Item(
        id=key,
        slug=slug,
        name=entry.name.strip(),
        description=entry.description.strip(),
        source_url=entry.url,
        category=entry.category,
        tags=entry.tags,
        updated_at=now,
        markdown=entry.body.strip(),
        meta=dict(sorted(facts.items())),
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
