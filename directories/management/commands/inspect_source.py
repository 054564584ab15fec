"""Show what would be read from a source, and write nothing."""

from __future__ import annotations

import io
import json
import logging
import shutil
import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.table import Table
from rich.text import Text

from directories.exceptions import DirectoryError
from directories.services.inspection import Inspection, inspect
from generation.exceptions import GenerationError, NothingFound
from generation.tasks.directory_generation import host

NOTHING, INTERRUPTED = 1, 130
SHOWN_ITEMS = 10
SHOWN_CATEGORIES = 20
SHOWN_LEFT_OUT = 3
SHOWN_WARNINGS = 10

# What people want to know of an item before there is one.
SHOWN = {"name", "url", "description", "category", "tags", "labels", "facts"}


class Command(BaseCommand):
    help = (
        "Show what a run would read from a source: a URL, a file, a folder or an "
        "archive. Nothing is written, and no database is needed."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", metavar="URL_OR_PATH")
        parser.add_argument(
            "--items",
            type=_count,
            metavar="N",
            help=f"show so many items (default: {SHOWN_ITEMS}; all with --json)",
        )
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object and nothing else"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verbosity"] < 2:
            logging.getLogger().setLevel(logging.WARNING)
        try:
            found = inspect(options["source"], folder=Path.cwd(), host=host())
        except KeyboardInterrupt:
            self._stop(INTERRUPTED, "interrupted")
        except (DirectoryError, GenerationError) as exc:
            if options["json"]:
                self.stdout.write(_failure_as_json(options["source"], exc))
            self._stop(NOTHING, str(exc))
        if options["json"]:
            self.stdout.write(_as_json(found, items=options["items"]))
        else:
            shown = SHOWN_ITEMS if options["items"] is None else options["items"]
            self.stdout.write(_as_text(found, items=shown))
        if not found.items:
            self._stop(NOTHING, "nothing that could become an item was found")

    def _stop(self, status: int, reason: str) -> NoReturn:
        """End with a message and a status, and never with a traceback."""
        self.stderr.write(self.style.ERROR(f"Error: {reason}"))
        raise SystemExit(status)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise ArgumentTypeError(f"{text!r} is no number of items")
    return int(text)


def _as_json(found: Inspection, *, items: int | None) -> str:
    document = {
        "source": found.source,
        "kinds": list(found.kinds),
        "encodings": list(found.encodings),
        "bytes": found.size,
        "found": found.found,
        "items": len(found.items),
        "merged": found.merged,
        "left_out": len(found.left_out),
        "categories": dict(found.categories.most_common()),
        "reasons": dict(found.reasons.most_common()),
        "warnings": list(found.warnings),
        "first_items": [
            item.model_dump(mode="json", include=SHOWN) for item in found.items[:items]
        ],
        "first_left_out": [
            left.model_dump(mode="json", exclude={"source"})
            for left in found.left_out[:items]
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _failure_as_json(source: str, failure: Exception) -> str:
    reasons = failure.reasons if isinstance(failure, NothingFound) else {}
    document = {
        "source": source,
        "error": str(failure),
        "items": 0,
        "left_out": sum(reasons.values()),
        "reasons": reasons,
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _as_text(found: Inspection, *, items: int) -> str:
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=max(shutil.get_terminal_size((120, 24)).columns, 80),
        force_terminal=sys.stdout.isatty(),
        markup=False,
        highlight=False,
        emoji=False,
        soft_wrap=True,
    )
    console.print(
        f"{found.source}: {', '.join(found.kinds)}, {', '.join(found.encodings)}, "
        f"{found.size:,} bytes"
    )
    console.print(
        f"{found.found:,} entries: {len(found.items):,} items, {found.merged:,} merged, "
        f"{len(found.left_out):,} left out"
    )
    if found.items and items:
        console.print(_table(found, items), soft_wrap=False)
    _print_counts(console, "Categories", found.categories, "(none)")
    _print_left_out(console, found)
    for warning in found.warnings[:SHOWN_WARNINGS]:
        console.print(f"Warning: {warning}")
    if len(found.warnings) > SHOWN_WARNINGS:
        console.print(f"Warning: and {len(found.warnings) - SHOWN_WARNINGS} more.")
    return stream.getvalue().rstrip("\n")


def _table(found: Inspection, items: int) -> Table:
    shown = found.items[:items]
    more = len(found.items) - len(shown)
    table = Table(
        caption=f"and {more:,} more" if more else None, caption_justify="left"
    )
    table.add_column("Name", ratio=2, overflow="fold")
    table.add_column("URL", ratio=3, overflow="fold")
    table.add_column("Category", ratio=2, overflow="fold")
    table.add_column("Tags and marks", ratio=2)
    table.add_column("Description", ratio=4)
    for item in shown:
        marks = ", ".join((*item.tags, *item.labels))
        cells = (item.name, item.url, item.category, marks, item.description[:200])
        table.add_row(*map(Text, cells))
    return table


def _print_counts(console: Console, title: str, counts: Any, nameless: str) -> None:
    names = [
        f"{name or nameless} {count:,}"
        for name, count in counts.most_common(SHOWN_CATEGORIES)
    ]
    if names:
        more = len(counts) - len(names)
        ending = f" and {more:,} more" if more > 0 else ""
        console.print(f"{title}: {', '.join(names)}{ending}")


def _print_left_out(console: Console, found: Inspection) -> None:
    for reason, count in found.reasons.most_common():
        names = [left.name for left in found.left_out if left.reason == reason]
        more = "\u2026" if count > SHOWN_LEFT_OUT else ""
        console.print(
            f"Left out, {reason} ({count:,}): {', '.join(names[:SHOWN_LEFT_OUT])}{more}"
        )
