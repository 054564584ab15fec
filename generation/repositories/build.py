"""From a finished draft to what changes in each of the three repositories."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from generation.contract.commands import RepositoryKind
from generation.contract.context import RunContext
from generation.exceptions import RemovalsNotAllowed
from generation.git import Repository
from generation.pipeline.draft import Draft
from generation.pipeline.merging import removals_to_allow
from generation.publish import Change
from generation.repositories import File
from generation.repositories.data import (
    Stored,
    as_spelled,
    render_data,
    render_records,
)
from generation.repositories.following import (
    described,
    follow,
    prompt_as_written,
    read_owner_of,
)
from generation.repositories.labels import grown_label_files, label_records
from generation.repositories.shown import Shown
from generation.repositories.state import FOLDER, Reconciled, reconcile
from generation.repositories.tombstones import PATH as TOMBSTONES
from generation.repositories.tombstones import render_tombstones


class Part(NamedTuple):
    name: str
    kind: RepositoryKind
    weight: int


PARTS = (
    Part("data-repository", "data", 8),
    Part("list-repository", "list", 3),
    Part("website-repository", "website", 40),
)


class Build:
    """What a run wants of the three repositories, filled one after another."""

    def __init__(self, context: RunContext, stored: Stored, draft: Draft) -> None:
        self._context = context
        self._stored = stored
        self._draft = draft
        self._masthead, settings = described(context.directory, context.request)
        self._owner = read_owner_of(stored.snapshot, settings)
        self.changes: dict[RepositoryKind, Change] = {}
        self.left_alone: dict[RepositoryKind, tuple[str, ...]] = {}

    def add(self, kind: RepositoryKind, repository: Repository) -> str:
        """Render one repository and compare it with what is there. Say what came out."""
        match kind:
            case "data":
                snapshot, result = self._stored.snapshot, self._data()
            case "list" | "website":
                snapshot, result = follow(kind, repository, self._shown())
        self.changes[kind] = Change(
            repository=repository,
            old=snapshot.commit,
            message=self._message(),
            files=result.files,
            removals=result.removals,
        )
        self.left_alone[kind] = result.left_alone
        return (
            f"{len(result.files)} files to write, {len(result.removals)} to remove, "
            f"{len(result.left_alone)} left alone"
        )

    def _shown(self) -> Shown:
        sources = {record.slug: record.sources for record in self._draft.records}
        return Shown(self._draft.catalogue, self._masthead, self._owner, sources)

    @property
    def is_empty(self) -> bool:
        return all(change.is_empty for change in self.changes.values())

    @property
    def is_bookkeeping(self) -> bool:
        """Nothing would change but what runs remember: no reader, no editor sees it."""
        return not self.is_empty and all(
            path.startswith(FOLDER)
            for change in self.changes.values()
            for path in (*change.files, *change.removals)
        )

    def leave_all(self) -> None:
        """Change nothing after all."""
        self.changes = {
            kind: change._replace(files={}, removals=())
            for kind, change in self.changes.items()
        }

    @property
    def message(self) -> str:
        """What the commits say: what changed. The run's own name stands in a trailer."""
        return next(iter(self.changes.values())).message

    def note(self) -> str:
        changed = [kind for kind, change in self.changes.items() if not change.is_empty]
        return (
            f"committed to {', '.join(changed)}" if changed else "nothing has changed"
        )

    def refuse_mass_removal(self) -> None:
        """Stop a run that would remove more than it may. Raises RemovalsNotAllowed."""
        # What a person called the same as another item, they have allowed.
        to_ask = self._draft.removed_slugs - self._draft.superseded_slugs
        ask = removals_to_allow(self._stored, len(to_ask))
        if ask and not self._context.request.allow_removals:
            raise RemovalsNotAllowed(f"{ask}; nothing was written")

    def _data(self) -> Reconciled:
        draft, stored, catalogue = self._draft, self._stored, self._draft.catalogue
        snapshot = stored.snapshot
        labels = stored.labels._replace(
            categories=catalogue.categories, tags=catalogue.tags
        )
        grown = dict(grown_label_files(snapshot, stored.labels, labels))
        items = render_records(draft.records)

        def records(*, is_grown: bool) -> list[File]:
            rows = label_records(snapshot, stored.labels, labels, is_grown=is_grown)
            return [*items, *render_records((), rows)]

        gone = {record.slug for record in stored.tombstones} | draft.removed_slugs
        gone -= {item.slug for item in catalogue.items}
        result = reconcile(
            snapshot,
            self._data_files(),
            records=records(is_grown=False),
            grown_records=partial(records, is_grown=True),
            keeps=lambda path: _folder(path) not in gone,
            forgets=lambda path: _folder(path) in gone or path in draft.detached_paths,
            by_hand={**draft.hand_files, **grown, **self._edited_tombstones()},
        )
        edited = [
            path
            for item in stored.items
            if item.edited
            for path in item.paths
            if snapshot.is_edited(path) and path not in draft.hand_files
        ]
        return result._replace(left_alone=(*result.left_alone, *edited))

    def _data_files(self) -> Iterator[File]:
        snapshot = self._stored.snapshot
        return (as_spelled(snapshot, file) for file in self._rendered())

    def _rendered(self) -> Iterator[File]:
        draft, snapshot = self._draft, self._stored.snapshot
        yield from render_data(
            draft.catalogue,
            self._masthead,
            prompt=prompt_as_written(snapshot, self._context.request.prompt),
            slugs=draft.written_slugs,
            tree=snapshot.tree,
        )
        yield from (File(*pair) for pair in draft.own_files.items())
        if not snapshot.is_edited(TOMBSTONES):
            content = render_tombstones(snapshot, self._stored.tombstones)
            if content is not None:
                yield File(TOMBSTONES, content)

    def _edited_tombstones(self) -> dict[str, bytes]:
        snapshot = self._stored.snapshot
        if not snapshot.is_edited(TOMBSTONES):
            return {}
        content = render_tombstones(snapshot, self._stored.tombstones)
        return {} if content is None else {TOMBSTONES: content}

    def _message(self) -> str:
        """Say in the commit what changed; the run's own name stands in a trailer."""
        kinds = [change.kind for change in self._draft.changes]
        counts = {
            "add": kinds.count("added"),
            "update": kinds.count("updated"),
            "remove": kinds.count("removed"),
        }
        parts = [
            f"{verb} {count} item{'' if count == 1 else 's'}"
            for verb, count in counts.items()
            if count
        ]
        text = ", ".join(parts) or "bring the directory up to date"
        return f"{text[0].upper()}{text[1:]}"


def _folder(path: str) -> str:
    """The slug that a path of an item belongs to; a path of no item gives what is none."""
    parts = path.split("/")
    return parts[1] if parts[0] == "data" and len(parts) > 2 else ""
