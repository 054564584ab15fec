"""Write the items of a directory into a file that other programs read."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from directories.edit_console import told_refusals
from directories.services import editing
from directories.services.intake import named_directory
from generation.editing.exporting import FORMATS


class Command(BaseCommand):
    help = "Write all items as CSV, JSON, OPML or bookmarks; `import_items` reads them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", metavar="SLUG")
        parser.add_argument(
            "file",
            metavar="FILE",
            nargs="?",
            type=Path,
            help="where to; to standard output without it",
        )
        parser.add_argument(
            "--format", choices=list(FORMATS), help="csv, or what FILE ends in"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path | None = options["file"]
        ending = path.suffix.removeprefix(".").lower() if path else ""
        by_ending = {form.ending: name for name, form in FORMATS.items()}
        form = options["format"] or by_ending.get(ending, "csv")
        with told_refusals():
            pieces = editing.give_out(named_directory(options["directory"]), form)
        if path is None:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
            return
        # Beside it first: what is half written is never taken for the whole.
        draft = path.with_name(f".{path.name}.new")
        try:
            with draft.open("wb") as stream:
                stream.writelines(pieces)
            draft.replace(path)
        except OSError as exc:
            draft.unlink(missing_ok=True)
            reason = f"{path} cannot be written: {exc.strerror}."
            raise CommandError(reason, returncode=1) from exc
        self.stdout.write(f"{path}: {form}")
