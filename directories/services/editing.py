"""Edits of a directory's data by a person: looked at beforehand, then made, or proposed.

What may be done straight away: the owner's edits, unless the directory asks for review.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from django.contrib.auth.models import User

from directories.exceptions import NotPossible
from directories.models import Directory
from directories.services.revisions import Revised, repositories_of, revise
from generation.editing import Edit
from generation.editing.items import edit_items
from generation.editing.labels import edit_labels
from generation.editing.operations import ItemOperation, LabelOperation
from generation.exceptions import EditRefused, RepositoryError
from generation.repositories.data import Stored, read_data
from generation.repositories.revision import Revision

Change = Callable[[Stored], Edit]


class How(NamedTuple):
    """In whose name, and whether at all. `clock` is the time that is written."""

    user: User
    dry_run: bool = False
    clock: datetime | None = None

    @property
    def at(self) -> datetime:
        return self.clock or datetime.now(UTC)


class Edited(NamedTuple):
    """What an edit does, and what became of it: nothing, in a dry run."""

    edit: Edit
    revised: Revised | None

    @property
    def is_dry_run(self) -> bool:
        return self.revised is None


def change_items(
    directory: Directory, operations: Sequence[ItemOperation], how: How
) -> Edited:
    """Do several things to items, all or none. Raises NotPossible and NotNow."""
    now = f"{how.at:%Y-%m-%d %H:%M}"
    return make(directory, lambda stored: edit_items(stored, operations, now=now), how)


def change_labels(directory: Directory, operation: LabelOperation, how: How) -> Edited:
    """Change categories or tags, and their items. Raises NotPossible and NotNow."""
    now = f"{how.at:%Y-%m-%d %H:%M}"
    return make(directory, lambda stored: edit_labels(stored, operation, now=now), how)


def make(directory: Directory, change: Change, how: How) -> Edited:
    """Make an edit of the data as it lies there. Raises NotPossible and NotNow."""
    if how.dry_run:
        return Edited(_ask(change, read(directory)), None)
    made: list[Edit] = []

    def revision(stored: Stored) -> Revision:
        made.append(_ask(change, stored))
        return Revision(made[-1].title, made[-1].files, made[-1].removals)

    revised = revise(directory, revision, user=how.user, clock=how.clock)
    return Edited(made[-1], revised)


def read(directory: Directory) -> Stored:
    """Read the data of a directory as it lies there. Raises NotPossible."""
    try:
        return read_data(repositories_of(directory)["data"])
    except RepositoryError as exc:
        raise NotPossible(str(exc)) from exc


def _ask(change: Change, stored: Stored) -> Edit:
    try:
        return change(stored)
    except EditRefused as exc:
        raise NotPossible(str(exc), errors=list(exc.errors)) from exc
