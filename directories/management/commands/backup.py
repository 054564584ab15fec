"""Write database and repositories into one file."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from directories.exceptions import DirectoryError
from directories.services import backups, database


class Command(BaseCommand):
    help = (
        "Write everything that cannot be made again into FILE: rows, documents and the "
        "repositories below GIT_ROOT. Runs may go on meanwhile."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["file"].expanduser().absolute()
        try:
            if not database.is_ready():
                raise CommandError("There is no database yet.", returncode=2)
            contents = backups.back_up(path, now=datetime.now(UTC))
        except DirectoryError as exc:
            raise CommandError(f"{exc}.") from exc
        self.stdout.write(
            f"{path}: {contents.directories} directories, {contents.repositories} "
            f"repositories, {contents.size} bytes"
        )
