"""Unpack a directory's website into a folder."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from directories.exceptions import DirectoryError
from directories.services.intake import named_directory
from directories.services.sites import export_site, no_index_warning
from directories.wording import count_of


class Command(BaseCommand):
    help = "Unpack the website of a directory into a folder, to look at or to serve."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", metavar="SLUG")
        parser.add_argument(
            "--proposal",
            type=int,
            metavar="NUMBER",
            help="as it would be with this open proposal",
        )
        parser.add_argument("folder", metavar="FOLDER", type=Path)
        parser.add_argument(
            "--no-index",
            action="store_true",
            help="leave out the full-text index: the search box then looks in names, "
            "descriptions and tags",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder = options["folder"].expanduser().absolute()
        try:
            directory = named_directory(options["directory"])
            exported = export_site(
                directory,
                folder,
                index=not options["no_index"],
                proposal=options["proposal"],
            )
        except DirectoryError as exc:
            raise CommandError(f"{exc}.", returncode=2) from exc
        if exported.no_index_because:
            self.stderr.write(no_index_warning(exported))
        searched = ", with a full-text index" if exported.is_indexed else ""
        self.stdout.write(
            f"{count_of(exported.files, 'file')}{searched}. Open {(folder / 'index.html').as_uri()}"
        )
