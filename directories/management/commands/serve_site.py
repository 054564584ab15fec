"""Serve a directory's website on this machine, as a host of static files would."""

from __future__ import annotations

import functools
import tempfile
from argparse import ArgumentParser
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from directories.exceptions import DirectoryError
from directories.services.intake import named_directory
from directories.services.sites import POLICY, export_site, no_index_warning


class Handler(SimpleHTTPRequestHandler):
    """Files of one folder, with the policy that we recommend and the site's own 404 page."""

    server_version = "Gazetteer"
    sys_version = ""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def list_directory(self, path: Any) -> None:
        self.send_error(HTTPStatus.NOT_FOUND)

    def send_error(
        self, code: int, message: str | None = None, explain: str | None = None
    ) -> None:
        page = Path(self.directory) / "404.html"
        if code != HTTPStatus.NOT_FOUND or not page.is_file():
            super().send_error(code, message, explain)
            return
        content = page.read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a page asks for a dozen files."""


class Command(BaseCommand):
    help = "Serve the website of a directory on this machine until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", metavar="SLUG")
        parser.add_argument(
            "--proposal",
            type=int,
            metavar="NUMBER",
            help="as it would be with this open proposal",
        )
        parser.add_argument(
            "--port", type=int, default=8080, help="8080; 0 takes any that is free"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with tempfile.TemporaryDirectory(prefix="gazetteer-") as place:
            folder = Path(place) / "site"
            try:
                directory = named_directory(options["directory"])
                exported = export_site(directory, folder, proposal=options["proposal"])
            except DirectoryError as exc:
                raise CommandError(f"{exc}.", returncode=2) from exc
            if exported.no_index_because:
                self.stderr.write(no_index_warning(exported))
            handler = functools.partial(Handler, directory=str(folder))
            try:
                server = ThreadingHTTPServer(("127.0.0.1", options["port"]), handler)
            except (OSError, OverflowError) as exc:
                reason = getattr(exc, "strerror", None) or exc
                raise CommandError(
                    f"Port {options['port']} cannot be used: {reason}. Name another one "
                    "with --port.",
                    returncode=2,
                ) from exc
            with server:
                address = f"http://127.0.0.1:{server.server_port}/"
                self.stdout.write(f"Serving {address} until Ctrl-C.")
                self.stdout.flush()
                try:
                    server.serve_forever()
                except KeyboardInterrupt:
                    self.stdout.write("")
