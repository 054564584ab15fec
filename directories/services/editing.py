"""Edits of a directory's data by a person: looked at beforehand, then made, or proposed.

What may be done straight away: edits of the owner and of superusers, unless the directory
asks for review or whoever edits does. Everybody else's edits wait as proposals.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.contrib.auth.models import User

from directories.exceptions import NotPossible, StaleEdit, TooSlow
from directories.models import (
    Directory,
    GenerationRun,
    Proposal,
    ProposalState,
    RunState,
)
from directories.services.attempts import note
from directories.services.proposing import repositories_of
from directories.services.revisions import Revised, revise
from generation.contract.request import MAX_DOCUMENT_BYTES
from generation.editing import Edit
from generation.editing.exporting import FORMATS, export
from generation.editing.forms import (
    changes_since,
    edit_from_form,
    form_values,
)
from generation.editing.importing import Duplicates, import_items, read_file
from generation.editing.inspecting import Details
from generation.editing.items import edit_items
from generation.editing.labels import edit_labels
from generation.editing.operations import (
    ItemOperation,
    LabelOperation,
    RemoveItem,
    SentForm,
    UpdateItem,
)
from generation.editing.undo import undo
from generation.editing.versions import check_item, check_labels
from generation.exceptions import (
    EditRefused,
    FormConflict,
    LimitExceeded,
    RepositoryError,
    SourceError,
    StaleVersion,
)
from generation.git import MAIN
from generation.report import FieldChange
from generation.repositories.data import Stored, read_data
from generation.repositories.following import catalogue_of
from generation.repositories.revision import Revision
from generation.repositories.versions import ItemVersion
from generation.sources.fetch import Fetcher
from generation.visits import visit_page

Change = Callable[[Stored], Edit]


class How(NamedTuple):
    """In whose name, and whether at all. `clock` is the time that is written.

    `as_proposal` is a wish for this one time: up for review, or at once.
    """

    user: User
    dry_run: bool = False
    clock: datetime | None = None
    as_proposal: bool | None = None

    @property
    def at(self) -> datetime:
        return self.clock or datetime.now(UTC)

    def is_proposed(self, directory: Directory) -> bool | None:
        is_trusted = self.user.pk == directory.owner_id or self.user.is_superuser
        return self.as_proposal if is_trusted else True


class Edited(NamedTuple):
    """What an edit does, and what became of it: nothing, in a dry run."""

    edit: Edit
    revised: Revised | None

    @property
    def is_dry_run(self) -> bool:
        return self.revised is None


class ShownItem(NamedTuple):
    """An item as a form shows it, with the version that the form is made from.

    `changes` are those since another version; empty where they cannot be told.
    """

    name: str
    values: Mapping[str, Any]
    version: str
    changes: tuple[FieldChange, ...] = ()


def change_items(
    directory: Directory, operations: Sequence[ItemOperation], how: How
) -> Edited:
    """Do several things to items, all or none.

    Raises StaleEdit, NotPossible and NotNow.
    """
    now = f"{how.at:%Y-%m-%d %H:%M}"
    return make(directory, lambda stored: edit_items(stored, operations, now=now), how)


def change_item(
    directory: Directory,
    operation: UpdateItem | RemoveItem,
    how: How,
    *,
    versions: Collection[str] | None = None,
) -> Edited:
    """Change an item if it has one of the `versions`, if any are given.

    Raises StaleEdit, NotPossible and NotNow.
    """
    now = f"{how.at:%Y-%m-%d %H:%M}"

    def change(stored: Stored) -> Edit:
        if versions is not None:
            check_item(stored, operation.slug, versions)
        return edit_items(stored, [operation], now=now)

    return make(directory, change, how)


def save_form(directory: Directory, form: SentForm, how: How) -> Edited:
    """Write what a form changed of the item that it had shown.

    Raises FormConflict, NotPossible and NotNow, and ValidationError for what no item can have.
    """
    now = f"{how.at:%Y-%m-%d %H:%M}"
    return make(directory, lambda stored: edit_from_form(stored, form, now=now), how)


def remove_shown(
    directory: Directory, slug: str, how: How, *, reason: str, shown: str
) -> Edited:
    """Remove an item if it is what a form has shown.

    Raises StaleEdit, NotPossible and NotNow, and ValidationError for an empty reason.
    """
    version = ItemVersion.parse(shown)
    versions = [version.tag] if version else []
    operation = RemoveItem(slug=slug, reason=reason)
    return change_item(directory, operation, how, versions=versions)


def show_item(directory: Directory, slug: str, *, since: str = "") -> ShownItem | None:
    """Read an item for a form; None where there is none. Raises NotPossible."""
    stored = read(directory)
    for found in stored.items:
        if found.item.slug == slug:
            version = str(stored.version_of(slug))
            changes = changes_since(stored, found, since)
            return ShownItem(found.item.name, form_values(found.item), version, changes)
    return None


def change_labels(
    directory: Directory,
    operation: LabelOperation,
    how: How,
    *,
    versions: Collection[str] | None = None,
) -> Edited:
    """Change categories or tags, and their items.

    With `versions`, only if their file has one of these. Raises StaleEdit, NotPossible and
    NotNow.
    """
    now = f"{how.at:%Y-%m-%d %H:%M}"

    def change(stored: Stored) -> Edit:
        if versions is not None:
            check_labels(stored, operation.kind, versions)
        return edit_labels(stored, operation, now=now)

    return make(directory, change, how, origin=Proposal.Origin.TAXONOMY)


def look_up(url: str, *, fetcher: Fetcher) -> Details:
    """Read what a page says of itself, for an item about it.

    Raises NotPossible and TooSlow.
    """
    # The page itself, and not the text of a repository behind it.
    visitor = Fetcher(
        fetcher.limits, cache=fetcher.cache, forges=(), resolve=fetcher.resolve
    )
    try:
        return visit_page(url, fetcher=visitor)
    except SourceError as exc:
        raise NotPossible(str(exc).rstrip(".")) from exc
    except LimitExceeded as exc:
        raise TooSlow(f"the page cannot be read: {exc}; try again later") from exc


def take_in(
    directory: Directory,
    content: bytes,
    how: How,
    *,
    name: str,
    media_type: str = "",
    duplicates: Duplicates = "skip",
) -> Edited:
    """Import the items of a file. Raises NotPossible and NotNow."""
    if len(content) > MAX_DOCUMENT_BYTES:
        raise NotPossible(
            f"{name} is larger than {MAX_DOCUMENT_BYTES // 1024 // 1024} MiB; divide it"
        )
    try:
        reading = read_file(content, name=name, media_type=media_type)
    except SourceError as exc:
        raise NotPossible(f"{name} cannot be read. {str(exc).rstrip('.')}") from exc
    now = f"{how.at:%Y-%m-%d %H:%M}"

    def change(stored: Stored) -> Edit:
        return import_items(stored, reading, now=now, duplicates=duplicates)

    return make(directory, change, how, origin=Proposal.Origin.IMPORT)


def give_out(directory: Directory, form: str) -> Iterator[bytes]:
    """Export all items in one of the FORMATS, piece by piece. Raises NotPossible."""
    if form not in FORMATS:
        raise NotPossible(f"{form!r} is no format; there are {', '.join(FORMATS)}")
    catalogue = catalogue_of(read(directory))
    return export(catalogue, form, title=directory.name)


def undo_run(run: GenerationRun, how: How, *, keep_edits: bool = False) -> Edited:
    """Take back what a run published. Raises NotPossible and NotNow.

    What was changed since and would be lost is a refusal, or stays with `keep_edits`.
    """
    directory = run.directory
    report = run.report or {}
    data = report.get("repositories", {}).get("data")
    if run.state != RunState.SUCCEEDED or data is None:
        raise NotPossible(f"the run is {run.state}: it published nothing to take back")
    if data.get("branch") != MAIN.removeprefix("refs/heads/"):
        commits = _accepted(run)
    elif data.get("changed_files") or data.get("removed_files"):
        commits = [str(data.get("commit"))]
    else:
        raise NotPossible("the run changed nothing in the data repository")
    old, new = _between(directory, commits)
    title = f"Undo: {report.get('title') or 'a run'}"
    edited = make(
        directory,
        lambda stored: undo(
            stored, old=old, new=new, title=title, keep_edits=keep_edits
        ),
        how,
        origin=Proposal.Origin.UNDO,
    )
    if edited.revised:
        what = "proposed to take" if edited.revised.proposal else "took"
        note(run, f"{how.user.get_username()} {what} this run back", "warning")
    return edited


def make(
    directory: Directory,
    change: Change,
    how: How,
    *,
    origin: Proposal.Origin = Proposal.Origin.EDIT,
) -> Edited:
    """Make an edit of the data as it lies there. Raises NotPossible and NotNow."""
    if how.dry_run:
        return Edited(_ask(change, read(directory)), None)
    made: list[Edit] = []

    def revision(stored: Stored) -> Revision:
        made.append(_ask(change, stored))
        return Revision(made[-1].title, made[-1].files, made[-1].removals)

    revised = revise(
        directory,
        revision,
        user=how.user,
        clock=how.clock,
        as_proposal=how.is_proposed(directory),
        origin=origin,
    )
    return Edited(made[-1], revised)


def read(directory: Directory) -> Stored:
    """Read the data of a directory as it lies there. Raises NotPossible."""
    try:
        return read_data(repositories_of(directory)["data"])
    except RepositoryError as exc:
        raise NotPossible(str(exc)) from exc


def _accepted(run: GenerationRun) -> list[str]:
    """Name the commits by which the proposal of a run came onto `main`."""
    number = (run.report or {}).get("proposal")
    proposal = run.directory.proposals.filter(number=number or 0).first()
    if proposal is None or proposal.state in (
        ProposalState.REJECTED,
        ProposalState.SUPERSEDED,
    ):
        raise NotPossible(
            "nothing of the run is on main: its proposal was not accepted"
        )
    if proposal.state == ProposalState.OPEN:
        raise NotPossible(
            f"proposal {number}, which the run has put up, is still open: decide about it"
        )
    if proposal.run_id != run.pk:
        raise NotPossible(
            f"a later run has brought proposal {number} up to date: undo that one"
        )
    if not proposal.commits:
        raise NotPossible(f"proposal {number} changed nothing in the data repository")
    return list(proposal.commits)


def _between(directory: Directory, commits: Sequence[str]) -> tuple[str | None, str]:
    """Find what commits on `main` were built on, and the last of them."""
    repository = repositories_of(directory)["data"]
    for commit in commits:
        if not repository.contains(commit):
            raise NotPossible(f"the commit {commit[:10]} is not on main any more")
    try:
        parents = [repository.parent(commit) for commit in commits]
    except RepositoryError as exc:
        raise NotPossible(str(exc)) from exc
    if parents[1:] != list(commits[:-1]):
        raise NotPossible(
            "it was accepted in parts, and main was changed in between: undo by hand what "
            "you do not want"
        )
    return parents[0], commits[-1]


def _ask(change: Change, stored: Stored) -> Edit:
    try:
        return change(stored)
    except StaleVersion as exc:
        errors = {"errors": list(exc.errors)} if exc.errors else {}
        raise StaleEdit(str(exc), version=exc.version, **errors) from exc
    except FormConflict:
        raise
    except EditRefused as exc:
        option = {"option": exc.option} if exc.option else {}
        raise NotPossible(str(exc), errors=list(exc.errors), **option) from exc
