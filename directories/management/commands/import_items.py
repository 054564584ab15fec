"""Take the items of a file into a directory."""

from __future__ import annotations

import logging
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from directories.edit_console import add_edit_options, how_of, print_edit, why
from directories.exceptions import DirectoryError, NotPossible
from directories.services import editing
from directories.services.intake import named_directory

FAILED, WRONG_INPUT = 1, 2


class Command(BaseCommand):
    help = (
        "Add the items of a file (CSV, JSON, OPML, exported bookmarks, or any list that is "
        "a source) in one commit. What is in the directory already is left out."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", metavar="SLUG")
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--duplicates",
            choices=["skip", "update"],
            default="skip",
            help="leave items alone that are there, or change what the file says otherwise",
        )
        add_edit_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verbosity"] < 2:
            logging.getLogger().setLevel(logging.WARNING)
        path: Path = options["file"].expanduser()
        try:
            directory = named_directory(options["directory"])
            edited = editing.take_in(
                directory,
                path.read_bytes(),
                how_of(directory, options),
                name=path.name,
                duplicates=options["duplicates"],
            )
        except OSError as exc:
            reason = f"{path} cannot be read: {exc.strerror}."
            raise CommandError(reason, returncode=WRONG_INPUT) from exc
        except NotPossible as exc:
            raise CommandError(f"{why(exc)}.", returncode=WRONG_INPUT) from exc
        except DirectoryError as exc:
            status = FAILED if exc.status == 409 else WRONG_INPUT
            raise CommandError(f"{exc}.", returncode=status) from exc
        print_edit(self.stdout, directory, edited, as_json=options["json"])
