"""Look after all runs: once, or every so many seconds."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, close_old_connections

from directories.services.sweeping import Swept, sweep


class Command(BaseCommand):
    help = (
        "Take up lost runs, hand waiting ones to workers and clear away what ended runs "
        "have left. Once, or with --every until it is stopped. Several may run at once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--every",
            type=int,
            metavar="SECONDS",
            help="go on, with so many seconds between two sweeps",
        )
        parser.add_argument(
            "--leave",
            action="store_true",
            help="leave runs that no worker takes waiting, instead of making them here",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        seconds = options["every"]
        if seconds is not None and seconds < 1:
            raise CommandError("--every takes a number of seconds, at least 1")
        stopped = threading.Event()

        def stop(number: int, frame: FrameType | None) -> None:
            stopped.set()

        if seconds is not None:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, stop)
        while True:
            try:
                self._tell(sweep(makes_here=not options["leave"]), always=not seconds)
            except DatabaseError as exc:
                if seconds is None:
                    raise CommandError(f"the database does not answer: {exc}") from exc
                self.stderr.write(f"The database does not answer: {exc}")
                close_old_connections()
            if seconds is None or stopped.wait(seconds):
                return

    def _tell(self, swept: Swept, *, always: bool) -> None:
        if always or any(swept):
            facts = swept._asdict().items()
            self.stdout.write(
                ", ".join(f"{k.replace('_', ' ')}: {v}" for k, v in facts)
            )
