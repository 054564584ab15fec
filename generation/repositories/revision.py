"""What a person does through us, and what follows from it.

It is exactly what an edit by hand is: a commit to the data repository in that person's name,
which leaves the records of runs in `.gazetteer/` as they are. So the next run sees a person's
edit there and keeps it. List and website are made anew from the data as it is then.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from generation.contract.commands import RepositoryKind
from generation.contract.context import DirectoryContext
from generation.contract.request import GenerationRequest
from generation.git import Move, Reader, Repository, blob_id
from generation.items import Catalogue
from generation.pipeline.merging import MEANINGFUL
from generation.publish import Change, Publication, Signed, Target
from generation.repositories.data import read_data
from generation.repositories.following import FollowingKind, follow, shown_of
from generation.repositories.state import Snapshot
from generation.yaml import Quoted, parse
from generation.yaml_edits import applied, edit

FOLLOWING: tuple[FollowingKind, ...] = ("list", "website")


class Revision(NamedTuple):
    """What to change in a data repository: whole files to write, and paths to remove.

    The first line of `message` is the commit's subject.
    """

    message: str
    files: Mapping[str, bytes] = {}
    removals: tuple[str, ...] = ()

    def on(self, tree: Mapping[str, str]) -> Revision:
        """What of it a tree does not hold yet."""
        return self._replace(
            files={p: c for p, c in self.files.items() if tree.get(p) != blob_id(c)},
            removals=tuple(sorted(p for p in set(self.removals) if p in tree)),
        )

    @property
    def is_empty(self) -> bool:
        return not self.files and not self.removals


class Figures(NamedTuple):
    """What a directory holds, in numbers."""

    items: int
    categories: int
    tags: int


def stage_revision(
    revision: Revision,
    base: Snapshot,
    repositories: Mapping[RepositoryKind, Repository],
    signature: Signed,
    *,
    directory: DirectoryContext,
    request: GenerationRequest | None,
    target: Target | None = None,
    also: Mapping[RepositoryKind, tuple[Move, ...]] = MappingProxyType({}),
    merged: Mapping[RepositoryKind, str] = MappingProxyType({}),
) -> tuple[Publication, Figures]:
    """Stage a revision of the data as it was read, and list and website as they follow.

    With a target it is for the branch of a proposal, whose data is never empty. `also` are
    further refs to move, in the step that moves the branch of their repository, and `merged`
    commits that become second parents there. On failure nothing stays. Raises
    RepositoryError for what could no longer be read.
    """
    data = repositories["data"]
    rest = revision.on(base.tree)

    def joined(kind: RepositoryKind, change: Change) -> Change:
        others = (merged[kind],) if kind in merged else ()
        return change._replace(also=also.get(kind, ()), merged=others)

    changes: dict[RepositoryKind, Change] = {
        "data": joined(
            "data",
            Change(data, base.commit, revision.message, rest.files, rest.removals),
        )
    }
    publication = Publication(changes, signature, target=target)
    publication.stage()
    try:
        following, figures = bring_along(
            data,
            repositories,
            ref=signature.ref if publication.planned["data"].new else None,
            message=revision.message,
            directory=directory,
            request=request,
        )
        publication.add({kind: joined(kind, c) for kind, c in following.items()})
    except BaseException:
        publication.discard()
        raise
    return publication, figures


def bring_along(
    data: Reader,
    repositories: Mapping[RepositoryKind, Repository],
    *,
    ref: str | None = None,
    message: str,
    directory: DirectoryContext,
    request: GenerationRequest | None,
) -> tuple[dict[RepositoryKind, Change], Figures]:
    """Say what has to change in list and website for them to show a data branch."""
    shown = shown_of(read_data(data, ref=ref), directory, request)
    changes: dict[RepositoryKind, Change] = {}
    for kind in FOLLOWING:
        snapshot, result = follow(kind, repositories[kind], shown)
        changes[kind] = Change(
            repositories[kind], snapshot.commit, message, result.files, result.removals
        )
    return changes, figures_of(shown.catalogue)


def figures_of(catalogue: Catalogue) -> Figures:
    return Figures(
        items=len(catalogue.items),
        categories=len({item.category for item in catalogue.items}),
        tags=len({tag for item in catalogue.items for tag in item.tags}),
    )


def edit_item(content: bytes, changes: Mapping[Any, Any], *, now: str) -> bytes:
    """Change fields in an item's file by their path, and its date if one of them matters.

    `now` is `YYYY-MM-DD HH:MM`. Comments and order stay. Raises CannotEdit and InvalidYAML.
    """
    before = parse(content)
    after = applied(before, changes)
    if after == before:
        return content
    is_news = any(before.get(name) != after.get(name) for name in MEANINGFUL)
    if is_news and before.get("updated_at") == after.get("updated_at"):
        changes = {**changes, ("updated_at",): Quoted(now)}
    return edit(content, changes)
