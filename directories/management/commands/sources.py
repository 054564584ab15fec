"""Look at the sources of a directory, and take documents away that were given for it."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from directories.edit_console import add_json_option, told_refusals
from directories.models import Directory
from directories.services.documents import (
    document_called,
    documents_of,
    remove_document,
)
from directories.services.intake import named_directory
from directories.services.requests import kept_request


class Command(BaseCommand):
    help = (
        "List the sources that a directory reads and the documents that it keeps, show a "
        "document, or remove one for good. NAME is the document's name, or four or more "
        "digits of its hash. `generate_directory` changes what is read, with --source, "
        "--add-source and --remove-source."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="do", required=True, metavar="ACTION")
        listing = actions.add_parser("list", help="URLs and documents, a line each")
        listing.add_argument("directory", metavar="SLUG")
        add_json_option(listing)
        for name, text in (
            ("show", "print a document as it was given"),
            ("remove", "remove a document, which no run reads any more then"),
        ):
            action = actions.add_parser(name, help=text)
            action.add_argument("directory", metavar="SLUG")
            action.add_argument("document", metavar="NAME")

    def handle(self, *args: Any, **options: Any) -> None:
        with told_refusals():
            directory = named_directory(options["directory"])
            if options["do"] == "list":
                self._list(directory, as_json=options["json"])
                return
            document = document_called(directory, options["document"])
            if options["do"] == "remove":
                remove_document(directory, document.sha256)
                self.stdout.write(f"{directory}: removed {document.name}")
                return
        # As bytes: a document may be in any encoding, and an archive in none.
        self.stdout.flush()
        stream = getattr(self.stdout._out, "buffer", None)
        if stream is None:
            self.stdout.write(
                bytes(document.content).decode(errors="replace"), ending=""
            )
        else:
            stream.write(bytes(document.content))
            stream.flush()

    def _list(self, directory: Directory, *, as_json: bool) -> None:
        kept = kept_request(directory)
        urls = list(kept.request.source_urls) if kept else []
        documents = documents_of(directory)
        if as_json:
            entries = [each.as_entry() for each in documents]
            document = {"urls": urls, "documents": entries}
            self.stdout.write(json.dumps(document, ensure_ascii=False, indent=2))
            return
        for url in urls:
            self.stdout.write(url)
        for each, is_read in documents:
            note = "" if is_read else "  (not read any more)"
            size = f"{each.size:,} bytes"
            self.stdout.write(f"{each.name}  {each.sha256[:12]}  {size}{note}")
        if not urls and not documents:
            self.stdout.write(
                f"{directory} has no sources: `manage.py generate_directory "
                f"{directory.slug} --source …` gives it one."
            )
