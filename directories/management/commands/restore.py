"""Fill an empty installation from a backup."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from directories.exceptions import DirectoryError
from directories.services import backups


class Command(BaseCommand):
    help = (
        "Fill an empty database and an empty GIT_ROOT from a FILE that `backup` wrote. "
        "Makes the tables. Refuses whatever is not empty, and changes nothing then."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["file"].expanduser().absolute()
        try:
            contents = backups.restore(path)
        except DirectoryError as exc:
            raise CommandError(f"{exc}.") from exc
        self.stdout.write(
            f"Restored {contents.directories} directories and {contents.repositories} "
            f"repositories, as of {contents.made_at}."
        )
