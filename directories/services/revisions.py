"""What people change in a directory by hand, but through us: one edit, three repositories.

The commit is the person's, `main` moves by compare-and-swap, and list and website follow in
the same step: all of them move, or none. A run that is under way meanwhile finds that `main`
has moved, and is tried again by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models.functions import Now
from pydantic import ValidationError

from directories.exceptions import NotNow, NotPossible
from directories.models import Directory
from directories.services.contexts import committer_of, describe
from generation.contract.commands import RepositoryKind
from generation.contract.request import GenerationRequest
from generation.exceptions import RepositoryError, RunRefused
from generation.git import Repository
from generation.interrupts import uninterrupted
from generation.publish import KINDS, Hand, repository_path
from generation.repositories.data import Stored, read_data
from generation.repositories.revision import Figures, Revision, stage_revision

log = structlog.get_logger(__name__)

TRIES = 5


class Revised(NamedTuple):
    """What became of a revision: the commits that it made, none where nothing changed."""

    commits: dict[RepositoryKind, str]

    @property
    def is_changed(self) -> bool:
        return bool(self.commits)


def revise(
    directory: Directory,
    change: Callable[[Stored], Revision],
    *,
    user: User,
    clock: datetime | None = None,
) -> Revised:
    """Change the data of a directory in a person's name, and bring its readers along.

    `change` is given the data as it lies on `main`, and is asked again when somebody else
    was quicker; what it raises ends the revision, with nothing written. Raises NotNow and
    NotPossible.
    """
    repositories = repositories_of(directory)
    for _ in range(TRIES):
        try:
            stored = read_data(repositories["data"])
            revision = change(stored)
            signature = Hand(committer_of(user), uuid4(), clock or datetime.now(UTC))
            publication, figures = stage_revision(
                revision,
                stored.snapshot,
                repositories,
                signature,
                directory=describe(directory),
                request=request_of(directory),
            )
            with uninterrupted():
                publication.publish()
                count(directory, figures)
        except (RepositoryError, RunRefused) as exc:
            # Who clears away what lies about may take ours for it; then it is done again.
            if not isinstance(exc, RunRefused) and not exc.may_pass:
                raise NotPossible(str(exc)) from exc
            log.info("revision is tried again", reason=str(exc))
            continue
        planned = publication.planned.items()
        return Revised({kind: plan.new for kind, plan in planned if plan.new})
    raise NotNow(f"{directory} is being changed by others at the moment; try again")


def repositories_of(directory: Directory) -> dict[RepositoryKind, Repository]:
    return {
        kind: Repository(
            repository_path(
                Path(settings.GIT_ROOT),
                namespace=directory.namespace,
                slug=directory.slug,
                kind=kind,
            )
        )
        for kind in KINDS
    }


def request_of(directory: Directory) -> GenerationRequest | None:
    """The request that is kept, if it is one that we still understand."""
    try:
        return GenerationRequest.model_validate(directory.request or {})
    except ValidationError:
        return None


def count(directory: Directory, figures: Figures) -> None:
    """Keep on the directory what it holds now."""
    Directory.objects.filter(pk=directory.pk).update(
        items_count=figures.items,
        categories_count=figures.categories,
        tags_count=figures.tags,
        updated_at=Now(),
    )
