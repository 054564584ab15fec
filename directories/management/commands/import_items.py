"""Take the items of a file into a directory."""

from __future__ import annotations

import logging
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from directories.edit_console import (
    WRONG_INPUT,
    add_edit_options,
    how_of,
    print_edit,
    told_refusals,
)
from directories.services import editing
from directories.services.intake import named_directory


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
            content = path.read_bytes()
        except OSError as exc:
            reason = f"{path} cannot be read: {exc.strerror}."
            raise CommandError(reason, returncode=WRONG_INPUT) from exc
        with told_refusals():
            directory = named_directory(options["directory"])
            edited = editing.take_in(
                directory,
                content,
                how_of(directory, options),
                name=path.name,
                duplicates=options["duplicates"],
            )
        print_edit(self.stdout, directory, edited, as_json=options["json"])
