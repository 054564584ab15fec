"""Deleting a directory: never while a run works on it, and with a choice for its repositories."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from directories.exceptions import NotPossible
from directories.models import Directory
from directories.services import checkpoints, runs
from directories.services.locking import check_exists, locked
from directories.services.proposing import repositories_of

log = structlog.get_logger(__name__)

ASIDE = ".deleted"


class Repositories(StrEnum):
    """What becomes of them. `aside` moves them out of the way, below `GIT_ROOT`."""

    KEEP = "keep"
    DELETE = "delete"
    ASIDE = "aside"


class Deleted(NamedTuple):
    """Where the repositories are now; nowhere if they were deleted."""

    paths: tuple[Path, ...]


def delete_directory(directory: Directory, repositories: Repositories) -> Deleted:
    """Delete a directory with its runs and proposals.

    Raises NotPossible and NotNow: RunActive, or DirectoryBusy.
    """
    name = str(directory)
    with locked(directory.namespace, directory.slug):
        check_exists(directory)
        found = [r.path for r in repositories_of(directory).values()]
        found = [path for path in found if path.exists()]
        ended, moved = _delete_row(
            directory, [] if repositories is Repositories.KEEP else found
        )
    for run in ended:
        checkpoints.forget(run)
    log.info("directory deleted", directory=name, repositories=repositories.value)
    if repositories is Repositories.KEEP:
        return Deleted(tuple(found))
    if repositories is Repositories.ASIDE:
        return Deleted(tuple(moved.values()))
    if moved:
        shutil.rmtree(next(iter(moved.values())).parent, ignore_errors=True)
    return Deleted(())


def _delete_row(
    directory: Directory, paths: list[Path]
) -> tuple[list[UUID], dict[Path, Path]]:
    """Delete the row and move repositories aside. Return its runs, and what went where.

    Until the row is gone for certain, the repositories can be put back, and are.
    """
    moved: dict[Path, Path] = {}
    try:
        with transaction.atomic():
            runs.give_up_lost_runs(directory)
            # The row is locked as well, so that no run is started meanwhile.
            row = Directory.objects.select_for_update().get(pk=directory.pk)
            runs.refuse_while_active(row)
            ended = list(row.runs.values_list("pk", flat=True))
            row.delete()
            _move(paths, _place(directory), moved)
    except BaseException:
        for old, new in moved.items():
            new.rename(old)
        raise
    return ended, moved


def _place(directory: Directory) -> Path:
    """Name a folder that nothing else was ever moved to."""
    moment = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    name = f"{directory.slug}-{moment}-{str(directory.pk)[:8]}"
    return Path(settings.GIT_ROOT) / ASIDE / directory.namespace / name


def _move(paths: list[Path], target: Path, moved: dict[Path, Path]) -> None:
    try:
        for path in paths:
            target.mkdir(parents=True, exist_ok=True)
            path.rename(target / path.name)
            moved[path] = target / path.name
    except OSError as exc:
        raise NotPossible(
            f"{path} cannot be moved to {target}: {exc.strerror}; nothing was deleted"
        ) from exc
