"""Delete a directory, and say what becomes of its repositories."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from directories.edit_console import told_refusals
from directories.models import Directory
from directories.services.deleting import Repositories, delete_directory
from directories.services.intake import named_directory
from directories.services.proposing import repositories_of


class Command(BaseCommand):
    help = (
        "Delete a directory with its runs and proposals. Its repositories stay where they "
        "are, are moved aside, or are deleted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", metavar="SLUG")
        parser.add_argument(
            "--repositories",
            choices=[choice.value for choice in Repositories],
            required=True,
            help="keep: where they are; aside: in a folder .deleted; delete: for good",
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="say what it would do, and do nothing",
        )
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object and nothing else"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        choice = Repositories(options["repositories"])
        with told_refusals():
            directory = named_directory(options["directory"])
            name = str(directory)
            if options["dry_run"]:
                self._rehearse(directory, choice, as_json=options["json"])
                return
            if not options["yes"] and not self._is_sure(name):
                raise CommandError("nothing was deleted; --yes does not ask.")
            deleted = delete_directory(directory, choice)
        where = [str(path) for path in deleted.paths]
        if options["json"]:
            self._json(name, where, dry_run=False)
        else:
            told = (
                f"repositories: {', '.join(where)}"
                if where
                else "no repository is left"
            )
            self.stdout.write(f"{name} is deleted; {told}")

    def _rehearse(
        self, directory: Directory, choice: Repositories, *, as_json: bool
    ) -> None:
        found = [repository.path for repository in repositories_of(directory).values()]
        paths = [str(path) for path in found if path.exists()]
        if as_json:
            self._json(str(directory), paths, dry_run=True)
            return
        count = directory.runs.count()
        self.stdout.write(
            f"{directory}: {directory.items_count} items, {count} runs; "
            f"repositories ({choice.value}): {', '.join(paths) or 'none'}. "
            "Nothing was deleted: this was a dry run."
        )

    def _json(self, name: str, repositories: list[str], *, dry_run: bool) -> None:
        document = {
            "deleted": name,
            "dry_run": dry_run,
            "repositories": repositories,
        }
        self.stdout.write(json.dumps(document, indent=2))

    def _is_sure(self, name: str) -> bool:
        if not sys.stdin.isatty():
            return False
        return input(f"Delete {name}? Type its name: ") == name
