"""Deleting a directory: never while a run works on it, and with a choice for its repositories."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import structlog
from django.conf import settings
from django.db import transaction

from directories.exceptions import NotPossible
from directories.models import Directory
from directories.services import checkpoints, runs
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
    """Delete a directory with its runs and proposals. Raises RunActive and NotPossible.

    Until the row is gone for certain, the repositories can be put back, and are.
    """
    name, found = str(directory), [r.path for r in repositories_of(directory).values()]
    found = [path for path in found if path.exists()]
    moved: dict[Path, Path] = {}
    try:
        with transaction.atomic():
            runs.give_up_lost_runs(directory)
            locked = Directory.objects.select_for_update().get(pk=directory.pk)
            runs.refuse_while_active(locked)
            ended = list(locked.runs.values_list("pk", flat=True))
            locked.delete()
            if repositories is not Repositories.KEEP:
                _move(found, _place(directory), moved)
    except BaseException:
        for old, new in moved.items():
            new.rename(old)
        raise
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
