"""Directories that many tests begin with: made by real runs once, and copied since."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Model

from directories.models import (
    AppliedBatch,
    Directory,
    GenerationRun,
    Proposal,
    RunAttempt,
    RunLogLine,
    SourceDocument,
)
from directories.services.proposing import repositories_of
from tests.generation.test_git import wait_for_gc

# All that hangs on a directory, in an order in which it can be written.
MODELS: dict[type[Model], str] = {
    SourceDocument: "directory",
    GenerationRun: "directory",
    RunAttempt: "run__directory",
    RunLogLine: "run__directory",
    AppliedBatch: "run__directory",
    Proposal: "directory",
}
Rows = list[tuple[type[Model], dict[str, Any]]]


class MadeDirectories:
    """What was made of a directory, by name: its rows, and its repositories in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: dict[str, Rows] = {}

    def fill(
        self, directory: Directory, name: str, make: Callable[[Directory], object]
    ) -> Directory:
        """Let a new directory be what `make` makes of one."""
        if name in self._rows:
            shutil.copytree(self._folder / name, settings.GIT_ROOT)
            _write(directory, self._rows[name])
        else:
            make(directory)
            for repository in repositories_of(directory).values():
                wait_for_gc(repository)
            shutil.copytree(settings.GIT_ROOT, self._folder / name)
            self._rows[name] = _read(directory)
        directory.refresh_from_db()
        return directory


def _read(directory: Directory) -> Rows:
    own: dict[str, Any] = {**Directory.objects.values().get(pk=directory.pk)}
    rows: Rows = [(Directory, own)]
    for model, path in MODELS.items():
        found = model._default_manager.filter(**{path: directory})
        # What is written again is of the time when it is written: in the same order.
        found = found.order_by("created_at" if hasattr(model, "created_at") else "pk")
        rows += [(model, row) for row in found.values()]
    return rows


def _write(directory: Directory, rows: Rows) -> None:
    """Write the rows once more: of this directory and its owner, and numbered by themselves."""
    (_, first), *rest = rows
    own = {"directory_id": directory.pk}
    people = dict.fromkeys(
        ("owner_id", "triggered_by_id", "author_id", "decided_by_id"),
        directory.owner_id,
    )
    with transaction.atomic():
        kept = {"id": directory.pk, "owner_id": directory.owner_id}
        Directory.objects.filter(pk=directory.pk).update(**first | kept)
        for model, row in rest:
            changed = {
                key: {**own, **people}.get(key, value) if value is not None else None
                for key, value in row.items()
                if key != "id" or model is GenerationRun
            }
            model(**changed).save(force_insert=True)
