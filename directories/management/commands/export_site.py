"""Unpack a directory's website into a folder."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from directories.exceptions import DirectoryError
from directories.services import database
from directories.services.intake import find_directory
from directories.services.sites import export_site


class Command(BaseCommand):
    help = "Unpack the website of a directory into a folder, to look at or to serve."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", metavar="SLUG")
        parser.add_argument("folder", metavar="FOLDER", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        folder = options["folder"].expanduser().absolute()
        slug = options["directory"]
        try:
            directory = (
                find_directory(slug, owner=None) if database.is_ready() else None
            )
            if directory is None:
                raise CommandError(
                    f"There is no directory {slug}: `manage.py generate_directory` makes "
                    "one.",
                    returncode=2,
                )
            count = export_site(directory, folder)
        except DirectoryError as exc:
            raise CommandError(f"{exc}.", returncode=2) from exc
        self.stdout.write(f"{count} files. Open {(folder / 'index.html').as_uri()}")
