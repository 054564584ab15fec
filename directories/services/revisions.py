"""What people change in a directory by hand, but through us: one edit, three repositories.

The commit is the person's, `main` moves by compare-and-swap, and list and website follow in
the same step: all of them move, or none. Edits of one directory take turns, from before they
read it until `main` has moved. A run that is under way meanwhile finds that `main` has moved,
and is tried again by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar
from uuid import uuid4

import structlog
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from directories.exceptions import DirectoryBusy, NotPossible
from directories.models import Directory, Proposal
from directories.services.contexts import committer_of, describe
from directories.services.locking import check_exists, turn
from directories.services.proposing import (
    is_reviewed,
    next_number,
    record_edit,
    repositories_of,
    summary_of,
)
from directories.services.requests import kept_request
from generation.contract.commands import RepositoryKind
from generation.contract.request import GenerationRequest
from generation.exceptions import RepositoryError, RunRefused
from generation.interrupts import uninterrupted
from generation.publish import Hand, Publication, Target, proposal_branch
from generation.repositories.data import Stored, read_data
from generation.repositories.revision import Figures, Revision, stage_revision

log = structlog.get_logger(__name__)

TRIES = 5

Result = TypeVar("Result")


class Revised(NamedTuple):
    """What became of a revision: the commits that it made, none where nothing changed.

    With a proposal, they are on its branch.
    """

    commits: dict[RepositoryKind, str]
    proposal: Proposal | None = None

    @property
    def is_changed(self) -> bool:
        return bool(self.commits)


def revise(
    directory: Directory,
    change: Callable[[Stored], Revision],
    *,
    user: User,
    clock: datetime | None = None,
    as_proposal: bool | None = None,
    origin: Proposal.Origin = Proposal.Origin.EDIT,
    title: str = "",
    body: str = "",
    is_locked: bool = False,
) -> Revised:
    """Change the data of a directory in a person's name, and bring its readers along.

    `change` is given the data as it lies on `main`, and is asked again when somebody has
    pushed meanwhile; what it raises ends the revision, with nothing written. `as_proposal`
    puts it up for review instead; None leaves that to the directory's switch. A proposal's
    title is the subject of the commit if none is given. With `is_locked` the caller has the
    lock of the directory. Raises NotNow and NotPossible.
    """
    repositories = repositories_of(directory)
    is_proposed = is_reviewed(directory, as_proposal)

    def work() -> Revised:
        stored = read_data(repositories["data"])
        revision = change(stored)
        number = next_number(directory) if is_proposed else 0
        if is_proposed and revision.on(stored.snapshot.tree).is_empty:
            return Revised({})
        publication, figures = stage_revision(
            revision,
            stored.snapshot,
            repositories,
            Hand(committer_of(user), uuid4(), clock or datetime.now(UTC)),
            directory=describe(directory),
            request=request_of(directory),
            target=Target(proposal_branch(number), {}) if is_proposed else None,
        )
        proposal = None
        with published(publication, directory):
            if is_proposed:
                proposal = record_edit(
                    directory,
                    number=number,
                    planned=publication.planned,
                    origin=origin,
                    title=(title or revision.message.splitlines()[0])[:500],
                    body=body,
                    author=user,
                    summary=summary_of(repositories["data"], publication.planned),
                )
            else:
                count(directory, figures)
        planned = publication.planned.items()
        return Revised({kind: plan.new for kind, plan in planned if plan.new}, proposal)

    with nullcontext() if is_locked else turn(directory, user):
        return undisturbed(directory, work)


def undisturbed(directory: Directory, work: Callable[[], Result]) -> Result:
    """Do something to a directory whose lock the caller has.

    Who pushes with git does not know the lock and may move `main` all the same: then it is
    done again, a few times. Raises NotNow (DirectoryBusy if they never rest) and NotPossible.
    """
    check_exists(directory)
    for _ in range(TRIES):
        try:
            done = work()
        except (RepositoryError, RunRefused, IntegrityError) as exc:
            # A run that was put up for review may have the number of our proposal.
            if isinstance(exc, RepositoryError) and not exc.may_pass:
                raise NotPossible(str(exc)) from exc
            log.info("revision is tried again", reason=str(exc))
        else:
            tidy(directory)
            return done
    raise DirectoryBusy(
        f"{directory} is being changed by others at the moment; try again"
    )


def tidy(directory: Directory) -> None:
    """Have the repositories packed in the background, where there is much to pack.

    A sweep does so after the runs of workers; there may be neither sweeper nor worker.
    """
    for repository in repositories_of(directory).values():
        try:
            repository.tidy_in_background()
        except RepositoryError as exc:
            log.warning("repository not tidied", reason=str(exc))


@contextmanager
def published(publication: Publication, directory: Directory) -> Iterator[None]:
    """Publish what is staged if the database takes what the block writes, and only then.

    Raises NotPossible for a directory that was deleted meanwhile, with its owner perhaps.
    """
    try:
        with uninterrupted(), transaction.atomic():
            check_exists(directory)
            yield
            # Last: what the database refuses is not published.
            publication.publish()
    except BaseException:
        publication.discard()
        raise


def request_of(directory: Directory) -> GenerationRequest | None:
    """The request that is kept, if there is one."""
    kept = kept_request(directory)
    return kept.request if kept else None


def count(directory: Directory, figures: Figures) -> None:
    """Keep on the directory what it holds now."""
    Directory.objects.filter(pk=directory.pk).update(
        items_count=figures.items,
        categories_count=figures.categories,
        tags_count=figures.tags,
        updated_at=Now(),
    )
