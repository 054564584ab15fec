"""Look at runs, follow them, stop them and start them again."""

from __future__ import annotations

import json
import logging
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any, NoReturn
from uuid import UUID

from django.core.management.base import BaseCommand
from django.db.models import QuerySet
from rich.console import Console
from rich.table import Table

from directories.api.serializers import RunSerializer, RunSummarySerializer
from directories.console import progress_bar
from directories.edit_console import (
    FAILED,
    add_edit_options,
    how_of,
    print_edit,
    told_refusals,
)
from directories.exceptions import NotPossible
from directories.following import follow
from directories.models import GenerationRun, RunState
from directories.services import editing, history, runs
from directories.wording import COMMAND_LINE, with_advice

INTERRUPTED = 130
SHOWN_LINES = 30
# As git has it: with fewer, a mistyped slug would name a run by chance.
FEWEST_DIGITS = 4


class Command(BaseCommand):
    help = (
        "List runs, show one, compare several, follow one while it works, cancel it, "
        "start it again, or undo it. RUN is an id, the beginning of one, or a directory's slug, which "
        "stands for its newest run."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="do", required=True, metavar="ACTION")
        listing = actions.add_parser("list", help="the newest runs, a line each")
        listing.add_argument("--directory", metavar="SLUG", help="of this directory")
        listing.add_argument("--state", choices=RunState.values, help="in this state")
        listing.add_argument("--limit", type=int, default=20, help="so many at most")
        _jsonable(listing)
        show = actions.add_parser("show", help="all that is known of a run")
        show.add_argument("run", metavar="RUN")
        _jsonable(show)
        comparison = actions.add_parser("compare", help="runs side by side")
        comparison.add_argument("run", metavar="RUN", nargs="+")
        _jsonable(comparison)
        for name, text in (
            ("follow", "draw the bar of a run until it is over"),
            ("cancel", "stop a run"),
            ("retry", "start a failed run again from where it had come to"),
            ("again", "start a run with the same request, from its start"),
        ):
            action = actions.add_parser(name, help=text)
            action.add_argument("run", metavar="RUN")
        undo = actions.add_parser("undo", help="take back what a run published")
        undo.add_argument("run", metavar="RUN")
        undo.add_argument(
            "--keep-edits",
            action="store_true",
            help="what was changed since stays as it is, and the rest is undone",
        )
        add_edit_options(undo)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verbosity"] < 2:
            logging.getLogger().setLevel(logging.WARNING)
        work: Callable[[dict[str, Any]], None] = getattr(self, f"_{options['do']}")
        with told_refusals():
            work(options)

    def _list(self, options: dict[str, Any]) -> None:
        found = GenerationRun.objects.select_related("directory")
        if slug := options["directory"]:
            found = found.filter(directory__slug=slug)
        if state := options["state"]:
            found = found.filter(state=state)
        found = found[: max(1, options["limit"])]
        if options["json"]:
            self._json(RunSummarySerializer(found, many=True).data)
            return
        table = Table(box=None, pad_edge=False)
        for heading in ("run", "directory", "state", "%", "where", "created"):
            table.add_column(heading)
        for run in found:
            table.add_row(
                str(run.pk)[:8],
                str(run.directory),
                run.state,
                str(run.percent),
                history.where(run),
                f"{run.created_at:%Y-%m-%d %H:%M:%S}",
            )
        self._print(table)

    def _show(self, options: dict[str, Any]) -> None:
        run = find_run(options["run"])
        if options["json"]:
            self._json(RunSerializer(run).data)
            return
        self.stdout.write(f"run {run.pk} of {run.directory}")
        if run.error:
            self.stdout.write(f"error: {run.error}")
        self._table([run])
        for attempt in run.attempts.all():
            reason = f": {attempt.reason}" if attempt.reason else ""
            self.stdout.write(
                f"attempt {attempt.number} by {attempt.worker}, "
                f"{attempt.outcome or 'under way'}{reason}"
            )
        lines = list(run.log.order_by("-id")[:SHOWN_LINES])
        for line in reversed(lines):
            self.stdout.write(f"{line.at:%H:%M:%S} {line.level:<7} {line.message}")

    def _compare(self, options: dict[str, Any]) -> None:
        found = [find_run(given) for given in options["run"]]
        if not options["json"]:
            self._table(found)
            return
        rows = {row.label: row.values for row in history.compare(found)}
        self._json({"runs": [str(run.pk) for run in found], "rows": rows})

    def _follow(self, options: dict[str, Any]) -> None:
        run = find_run(options["run"])
        try:
            with progress_bar(visible=sys.stderr.isatty()) as listen:
                run = follow(run, listen)
        except KeyboardInterrupt:
            self._stop(
                INTERRUPTED,
                f"the run goes on; `manage.py runs cancel {run.pk}` stops it",
            )
        seconds = history.facts_of(run).seconds
        took = f" after {seconds:.1f} s" if seconds is not None else ""
        self.stdout.write(f"{run.directory}: {run.state}{took}")
        if run.state == RunState.CANCELLED:
            raise SystemExit(INTERRUPTED)
        if run.state == RunState.FAILED:
            self._stop(FAILED, run.error)

    def _cancel(self, options: dict[str, Any]) -> None:
        run = runs.cancel(find_run(options["run"]), by="the command line")
        ended = "is cancelled" if run.is_over else "will stop within seconds"
        self.stdout.write(f"run {run.pk} {ended}")

    def _retry(self, options: dict[str, Any]) -> None:
        self._repeat(runs.retry, options)

    def _again(self, options: dict[str, Any]) -> None:
        self._repeat(runs.again, options)

    def _undo(self, options: dict[str, Any]) -> None:
        run = find_run(options["run"])
        how = how_of(run.directory, options)
        try:
            edited = editing.undo_run(run, how, keep_edits=options["keep_edits"])
        except NotPossible as exc:
            text = with_advice(exc, COMMAND_LINE)
            raise NotPossible(text, **exc.extensions) from exc
        print_edit(self.stdout, run.directory, edited, as_json=options["json"])

    def _repeat(
        self, repeat: Callable[..., GenerationRun], options: dict[str, Any]
    ) -> None:
        old = find_run(options["run"])
        trigger = GenerationRun.Trigger.COMMAND
        run = repeat(old, trigger=trigger, user=old.directory.owner)
        self.stdout.write(f"{run.directory}: run {run.pk}, {run.state}")
        if run.state == RunState.FAILED:
            self._stop(FAILED, run.error)

    def _table(self, found: list[GenerationRun]) -> None:
        table = Table(box=None, pad_edge=False)
        table.add_column("")
        for run in found:
            table.add_column(str(run.pk)[:8])
        for row in history.compare(found):
            if any(value != history.NOTHING for value in row.values):
                table.add_row(row.label, *row.values)
        self._print(table)

    def _print(self, table: Table) -> None:
        # As wide as it needs where nobody looks: a pipe has no width.
        width = None if self.stdout.isatty() else 200
        Console(file=self.stdout, width=width).print(table)  # type: ignore[arg-type]

    def _json(self, document: Any) -> None:
        self.stdout.write(json.dumps(document, default=str, indent=2))

    def _stop(self, status: int, reason: str) -> NoReturn:
        self.stderr.write(self.style.ERROR(f"Error: {reason}"))
        raise SystemExit(status)


def find_run(given: str) -> GenerationRun:
    """Find a run by its id, the beginning of one (four digits), or its directory's slug.

    Raises NotPossible for what names no run, or several.
    """
    found = GenerationRun.objects.select_related("directory__owner")
    by_slug = found.filter(directory__slug=given.rpartition("/")[2])
    if "/" in given:
        by_slug = by_slug.filter(directory__namespace=given.partition("/")[0])
    if run := by_slug.first():
        return run
    return _by_id(found, given)


def _by_id(found: QuerySet[GenerationRun], given: str) -> GenerationRun:
    digits = given.replace("-", "").lower()
    if FEWEST_DIGITS <= len(digits) <= 32 and not set(digits) - set("0123456789abcdef"):
        low, high = (UUID(digits.ljust(32, digit)) for digit in "0f")
        matching = list(found.filter(pk__gte=low, pk__lte=high)[:2])
        if len(matching) == 1:
            return matching[0]
        if matching:
            raise NotPossible(f"{given!r} is the beginning of several runs")
    raise NotPossible(
        f"{given!r} names no run: `manage.py runs list` shows which there are"
    )


def _jsonable(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", help="print JSON and nothing else"
    )
