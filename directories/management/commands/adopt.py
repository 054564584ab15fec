"""Make a directory of a data repository, or of an awesome list, that is there already."""

from __future__ import annotations

import json
import logging
import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from directories.edit_console import (
    WRONG_INPUT,
    adoption_document,
    clock,
    told_refusals,
)
from directories.services import adopting, database
from directories.services.adopting import Adoption, Wanted, is_url
from directories.services.inspection import inspect
from directories.services.owners import create_first_owner, find_owner
from generation.exceptions import GenerationError
from generation.sources.fetch import Fetcher
from generation.tasks.directory_generation import host

SHOWN_PROBLEMS = 20


class Command(BaseCommand):
    help = (
        "Make a directory of what is there: a data repository (a folder, a bare repository, "
        "a checkout, or the URL of one, ending in .git) is taken over with its history and "
        "repaired; an awesome list (a file or a URL) is generated from."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", metavar="SOURCE", help="a path or a URL")
        parser.add_argument(
            "--slug",
            default="",
            help="instead of one made of SOURCE; a list needs it",
        )
        parser.add_argument(
            "--name",
            default="",
            help="instead of what it calls itself; a list needs it",
        )
        parser.add_argument("--description", default="")
        parser.add_argument("--owner", metavar="USERNAME", default="")
        parser.add_argument(
            "--git",
            action="store_true",
            help="the URL is a repository's, whatever it ends in",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="say what would be read and repaired, and write nothing",
        )
        parser.add_argument(
            "--yes",
            action="store_true",
            help="do not ask where most would be left out, or seems to be misread",
        )
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object and nothing else"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verbosity"] < 2:
            logging.getLogger().setLevel(logging.WARNING)
        source: str = options["source"]
        if is_url(source):
            is_repository = options["git"] or source.rstrip("/").endswith(".git")
        else:
            # Unlike those of Path, these answer whatever was typed.
            path = os.path.expanduser(source)  # noqa: PTH111
            if not os.path.exists(path):  # noqa: PTH110
                raise CommandError(
                    f"There is no file or folder {source}. Give the path of one, or a URL "
                    "that begins with https://",
                    returncode=WRONG_INPUT,
                )
            is_repository = os.path.isdir(path)  # noqa: PTH112
        if not is_repository:
            self._generate(source, options)
            return
        with told_refusals():
            if not database.is_ready():
                self.stderr.write(f"Made the database {database.make()}")
            owner = find_owner(options["owner"]) or create_first_owner(options["owner"])
            wanted = Wanted(
                source=source,
                owner=owner,
                slug=options["slug"],
                name=options["name"],
                description=options["description"],
                clock=clock(),
                confirm=partial(self._confirm, is_sure=options["yes"]),
                is_patient=True,
            )
            work = adopting.look_at if options["dry_run"] else adopting.adopt
            fetcher = host().fetch
            assert isinstance(fetcher, Fetcher)
            found = work(wanted, fetcher=fetcher)
        if options["json"]:
            document = adoption_document(found)
            self.stdout.write(json.dumps(document, ensure_ascii=False, indent=2))
        else:
            self._print(found)

    def _generate(self, source: str, options: dict[str, Any]) -> None:
        """A list is a source like any other: the run reads it, and goes on reading it."""
        slug = options["slug"]
        if not slug:
            raise CommandError(
                f"{source} is no data repository, and a list needs --slug; a data repository is a folder, or a URL that "
                "ends in .git (or give --git).",
                returncode=WRONG_INPUT,
            )
        if not options["dry_run"] and not options["yes"]:
            self._look_at_list(source)
        call_command(
            "generate_directory",
            slug,
            name=options["name"] or None,
            description=options["description"] or None,
            source=[source],
            owner=options["owner"] or None,
            dry_run=options["dry_run"],
            json=options["json"],
            verbosity=options["verbosity"],
            stdout=self.stdout,
            stderr=self.stderr,
        )

    def _look_at_list(self, source: str) -> None:
        """Ask first where it seems that the list would not be understood."""
        with told_refusals(), suppress(GenerationError):
            # What cannot be read at all, the run itself says best.
            found = inspect(source, folder=Path.cwd(), host=host())
            if found.doubts:
                self._confirm(found.doubts, is_sure=False)

    def _confirm(self, doubts: Sequence[str], *, is_sure: bool) -> None:
        """Go on where somebody says so. Raises CommandError."""
        for doubt in doubts:
            self.stderr.write(f"Warning: {doubt}.")
        if is_sure:
            return
        if not sys.stdin.isatty() or not _says_yes("Adopt it all the same? [y/N] "):
            raise CommandError(
                "nothing was adopted; --yes does not ask.", returncode=WRONG_INPUT
            )

    def _print(self, found: Adoption) -> None:
        is_done = found.directory is not None
        if not is_done:
            for doubt in found.doubts:
                self.stdout.write(f"Warning: {doubt}.")
        for problem in found.problems[:SHOWN_PROBLEMS]:
            mended = "mended" if is_done else "will be mended"
            state = mended if problem.mended else "by hand"
            self.stdout.write(f"{problem.path}: {problem.text} ({state})")
        if (more := len(found.problems) - SHOWN_PROBLEMS) > 0:
            self.stdout.write(f"and {more} more problems; --json has them all")
        count = len(found.problems) - len(found.left)
        self.stdout.write(
            f"{found.directory or found.slug}: {found.name}, {found.items} items, "
            f"{found.categories} categories, {found.tags} tags; {len(found.problems)} "
            f"problems, {count} mended"
            + ("" if is_done else ". Nothing was written: this was a dry run.")
        )


def _says_yes(question: str) -> bool:
    return input(question).strip().casefold() in ("y", "yes")
