"""Look after a data repository that lies anywhere: no database is needed."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from generation.exceptions import RepositoryError
from generation.git import Commit, Repository
from generation.repositories.checking import Checkup, check
from generation.repositories.data import read_data
from generation.repositories.folders import Folder, open_data
from generation.repositories.preview import preview
from generation.yaml import InvalidYAML, parse

DAMAGED, WRONG_INPUT = 1, 2
LONGEST_SHOWN = 80


class Command(BaseCommand):
    help = (
        "Check or repair a data repository, or show what the next merge would decide. "
        "PATH is a bare repository, a checkout or a plain folder."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["check", "repair", "merge-preview"])
        parser.add_argument("path", metavar="PATH", type=Path)
        parser.add_argument(
            "--candidates",
            type=Path,
            metavar="FILE",
            help="with merge-preview: a YAML or JSON list of items to merge",
        )
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object and nothing else"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["path"].expanduser().absolute()
        clock = _clock()
        try:
            if options["action"] == "merge-preview":
                self._preview(path, options, clock)
            else:
                self._check(path, options, clock)
        except RepositoryError as exc:
            raise CommandError(f"{exc}.", returncode=WRONG_INPUT) from exc

    def _check(self, path: Path, options: dict[str, Any], clock: datetime) -> None:
        repository, ref = open_data(path)
        found = check(repository, ref=ref, now=f"{clock:%Y-%m-%d %H:%M}")
        where = ""
        if options["action"] == "repair" and (found.files or found.removals):
            where = _write(repository, ref, found, clock)
        is_repaired = bool(where)
        left = [p for p in found.problems if not (is_repaired and p.mended)]
        if options["json"]:
            document = {
                "items": found.items,
                "problems": [problem._asdict() for problem in found.problems],
                "written_to": where or None,
            }
            self.stdout.write(json.dumps(document, ensure_ascii=False, indent=2))
        else:
            for problem in found.problems:
                state = "mended" if is_repaired and problem.mended else ""
                state = state or ("can be repaired" if problem.mended else "by hand")
                self.stdout.write(f"{problem.path}: {problem.text} ({state})")
            self.stdout.write(
                f"{found.items} items, {len(found.problems)} problems"
                + (f"; repaired in {where}" if where else "")
            )
        if left:
            raise SystemExit(DAMAGED)

    def _preview(self, path: Path, options: dict[str, Any], clock: datetime) -> None:
        repository, ref = open_data(path)
        candidates = None
        if options["candidates"]:
            candidates = _candidates(options["candidates"])
        stored = read_data(repository, ref=ref)
        lines = list(preview(stored, candidates, now=f"{clock:%Y-%m-%d %H:%M}"))
        if options["json"]:
            self.stdout.write(
                json.dumps([ln._asdict() for ln in lines], ensure_ascii=False, indent=2)
            )
            return
        for line in lines:
            field = f" {line.field}" if line.field else ""
            values = ""
            if line.field and line.verdict != "left for its comment":
                values = f": {_short(line.ours)} | {_short(line.theirs)}"
            self.stdout.write(f"{line.slug}{field}: {line.verdict}{values}")
        self.stdout.write(f"{len(stored.items)} items, {len(lines)} decisions")


def _write(repository: object, ref: str | None, found: Checkup, clock: datetime) -> str:
    """Write a repair: in place in a folder, as a commit on a new branch otherwise."""
    if isinstance(repository, Folder):
        repository.write(found.files, found.removals)
        return str(repository.path)
    assert isinstance(repository, Repository)
    number = 1
    while repository.head(branch := f"refs/heads/repair-{number}"):
        number += 1
    parent = repository.head(ref or "")
    count = sum(problem.mended for problem in found.problems)
    commit = Commit(
        parent=parent,
        message=f"Repair {count} problem{'' if count == 1 else 's'}",
        author="Gazetteer",
        email="nobody@users.noreply.invalid",
        at=clock,
        files=found.files,
        removals=found.removals,
    )
    repository.write(commit, ref=branch)
    return f"the branch repair-{number}"


def _candidates(path: Path) -> list[dict[str, Any]]:
    try:
        document = parse(path.read_bytes(), times=20)
    except OSError as exc:
        raise CommandError(
            f"{path} cannot be read: {exc.strerror}.", returncode=WRONG_INPUT
        ) from exc
    except InvalidYAML as exc:
        raise CommandError(f"{path}: {exc}.", returncode=WRONG_INPUT) from exc
    if isinstance(document, dict):
        document = [document]
    if not isinstance(document, list) or not all(isinstance(d, dict) for d in document):
        raise CommandError(
            f"{path} is not a list of items, each a mapping.", returncode=WRONG_INPUT
        )
    return document


def _clock() -> datetime:
    seconds = os.environ.get("SOURCE_DATE_EPOCH", "")
    if seconds.isdecimal() and len(seconds) <= 11:
        return datetime.fromtimestamp(int(seconds), UTC)
    return datetime.now(UTC)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
