"""Make or refresh a directory from the command line, in this process."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NoReturn
from uuid import UUID, uuid4

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError

from directories.console import (
    Result,
    print_failure,
    print_json,
    print_text,
    progress_bar,
)
from directories.exceptions import DirectoryError, NotPossible
from directories.following import follow
from directories.models import Directory, GenerationRun, RunState
from directories.operations import RehearsalOperations
from directories.services import contexts, database, execution, intake, runs
from directories.services.directories import (
    create_directory,
    namespace_of,
    set_review,
    update_details,
)
from directories.services.owners import FIRST_OWNER, create_first_owner
from generation.contract.context import DirectoryContext, Identity, RunContext
from generation.contract.request import GenerationMethod
from generation.exceptions import GenerationError, RunCancelled
from generation.journal import Listener
from generation.orchestrator import generate
from generation.report import Report
from generation.tasks.directory_generation import host

FAILED, WRONG_INPUT, INTERRUPTED = 1, 2, 130


class Command(BaseCommand):
    help = (
        "Generate a directory: its data, list and website repositories. DIRECTORY is the "
        "slug of one that exists, a new slug (with --name and --source or --prompt), or "
        "the path of a directory.toml."
    )
    # The database is checked in its turn, because it may have to be made first.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", metavar="DIRECTORY")
        parser.add_argument("--name", help="the directory's title")
        parser.add_argument("--prompt", help="what the directory is about")
        parser.add_argument("--description", help="one sentence for readers")
        parser.add_argument(
            "--source",
            action="append",
            metavar="URL_OR_PATH",
            help="a page or file that lists items, in the place of those that are kept; "
            "may be given several times",
        )
        parser.add_argument(
            "--add-source",
            action="append",
            metavar="URL_OR_PATH",
            help="one more page or file, beside those that are kept",
        )
        parser.add_argument(
            "--remove-source",
            action="append",
            metavar="URL_OR_NAME",
            help="a page or file that is not to be read any more",
        )
        parser.add_argument(
            "--category",
            action="append",
            help="a category to sort items into; may be given several times",
        )
        parser.add_argument(
            "--method",
            choices=[method.value for method in GenerationMethod],
            help="create-update adds and refreshes; recreate also removes",
        )
        parser.add_argument("--owner", metavar="USERNAME", help="whose directory it is")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="show what would change, item by item, and write nothing",
        )
        wish = parser.add_mutually_exclusive_group()
        wish.add_argument(
            "--pull-request",
            action="store_true",
            default=None,
            help="put what changes up for review as a proposal, this once",
        )
        wish.add_argument(
            "--no-pull-request",
            dest="pull_request",
            action="store_false",
            help="commit to main even where changes are reviewed",
        )
        parser.add_argument(
            "--allow-removals",
            action="store_true",
            help="let this run remove more than a fifth of the items",
        )
        parser.add_argument(
            "--background",
            action="store_true",
            help="hand the run to a worker and return; made here where there is none",
        )
        parser.add_argument(
            "--follow",
            action="store_true",
            help="with --background: show how far the worker is, until it is done",
        )
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object and nothing else"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        if options["verbosity"] < 2:
            logging.getLogger().setLevel(logging.WARNING)
        begun = time.monotonic()
        typed = intake.Typed(
            directory=options["directory"],
            name=options["name"],
            prompt=options["prompt"],
            description=options["description"],
            sources=options["source"],
            added=options["add_source"],
            removed=options["remove_source"],
            categories=options["category"],
            method=options["method"],
            owner=options["owner"],
            pull_request=options["pull_request"],
            allow_removals=options["allow_removals"],
        )
        if options["follow"] and not options["background"]:
            self._stop(WRONG_INPUT, "--follow goes with --background")
        work = self._run
        if options["background"]:
            work = self._hand_over_and_follow if options["follow"] else self._hand_over
        if options["dry_run"]:
            work = self._rehearse
        wanted: intake.Wanted | None = None
        try:
            # Read before the database is made, so that a typo leaves no trace.
            clock = _fixed_clock()
            has_database = database.is_ready()
            wanted = intake.read(typed, has_database=has_database)
            if not has_database and not options["dry_run"]:
                self._say(f"Made the database {database.make()}")
            for note in wanted.notes:
                self._say(note)
            with progress_bar(visible=sys.stderr.isatty()) as listen:
                result = work(wanted, typed, clock, listen)
        except (KeyboardInterrupt, RunCancelled):
            self._stop(INTERRUPTED, "interrupted; nothing was written")
        except DirectoryError as exc:
            is_busy = exc.status == 409
            self._stop(FAILED if is_busy else WRONG_INPUT, str(exc))
        except DatabaseError as exc:
            self._stop(FAILED, f"the database does not answer: {exc}")
        except GenerationError as exc:
            kept = intake.kept_instead(wanted) if wanted else ""
            if options["json"]:
                print_failure(self.stdout, exc)
            self._stop(FAILED, f"{exc}. {kept}" if kept else str(exc))
        seconds = time.monotonic() - begun
        if options["json"]:
            print_json(self.stdout, result, seconds=seconds)
        else:
            print_text(self.stdout, result, seconds=seconds)

    def _run(
        self,
        wanted: intake.Wanted,
        typed: intake.Typed,
        clock: datetime | None,
        listen: Listener,
    ) -> Result:
        run = self._begin(runs.start, wanted, typed, clock)
        report = execution.execute(run, listen=listen, stop=_interrupt)
        run.refresh_from_db()
        return _result(run, report)

    def _hand_over(
        self,
        wanted: intake.Wanted,
        typed: intake.Typed,
        clock: datetime | None,
        listen: Listener,
    ) -> Result:
        """Let a worker make it. Where none would, it is made here, and that is said."""
        run = self._begin(runs.launch, wanted, typed, clock)
        if run.fell_back_because and not settings.TRIGGER_ENABLED:
            # Where a worker was to make it, the log has said so already.
            self._say(f"Made in this process: {run.fell_back_because}")
        return _ended(run)

    def _hand_over_and_follow(
        self,
        wanted: intake.Wanted,
        typed: intake.Typed,
        clock: datetime | None,
        listen: Listener,
    ) -> Result:
        result = self._hand_over(wanted, typed, clock, listen)
        assert result.run_id is not None, "only a rehearsal has none"
        run = contexts.find(UUID(result.run_id))
        try:
            return _ended(follow(run, listen))
        except KeyboardInterrupt:
            self._stop(
                INTERRUPTED,
                f"the run goes on; `manage.py runs cancel {run.pk}` stops it",
            )

    def _begin(
        self,
        begin: Callable[..., GenerationRun],
        wanted: intake.Wanted,
        typed: intake.Typed,
        clock: datetime | None,
    ) -> GenerationRun:
        directory = self._directory(wanted, typed.owner or "")
        return begin(
            directory,
            wanted.request,
            trigger=GenerationRun.Trigger.COMMAND,
            user=directory.owner,
            documents=wanted.documents,
            clock=clock,
        )

    def _directory(self, wanted: intake.Wanted, owner: str) -> Directory:
        if wanted.directory:
            update_details(
                wanted.directory, name=wanted.name, description=wanted.description
            )
            if wanted.review is not None:
                set_review(wanted.directory, wanted.review)
            return wanted.directory
        user = wanted.owner
        if user is None:
            user = create_first_owner(owner)
            self._say(
                f"Made the user {user.get_username()}, owner of the directory, without a "
                "password: `manage.py changepassword` sets one"
            )
        return create_directory(
            owner=user,
            slug=wanted.slug,
            name=wanted.name,
            description=wanted.description,
            review=bool(wanted.review),
        )

    def _rehearse(
        self,
        wanted: intake.Wanted,
        typed: intake.Typed,
        clock: datetime | None,
        listen: Listener,
    ) -> Result:
        """Go through the whole run with nobody listening and nothing written."""
        username = wanted.owner.get_username() if wanted.owner else FIRST_OWNER
        directory = (
            contexts.describe(wanted.directory)
            if wanted.directory
            else DirectoryContext(
                id=uuid4(),
                namespace=namespace_of(typed.owner or username),
                slug=wanted.slug,
                name=wanted.name,
            )
        )
        context = RunContext(
            run_id=uuid4(),
            attempt=1,
            clock=clock or datetime.now(UTC),
            directory=directory.model_copy(
                update={"name": wanted.name, "description": wanted.description}
            ),
            committer=Identity(name=username, email="nobody@users.noreply.invalid"),
            request=wanted.request,
        )
        documents = {d.reference().sha256: d.content for d in wanted.documents}
        if wanted.directory:
            documents |= {
                kept.sha256: contexts.document_of(wanted.directory.pk, kept.sha256)
                for kept in wanted.request.source_documents
                if kept.sha256 not in documents
            }
        report = generate(
            RehearsalOperations(context, documents),
            host(),
            listen=listen,
            dry_run=True,
        )
        name = f"{directory.namespace}/{directory.slug}"
        return Result(None, name, "dry-run", 0, report)

    def _say(self, text: str) -> None:
        self.stderr.write(text + ".", self.style.NOTICE)

    def _stop(self, status: int, reason: str) -> NoReturn:
        """End with a message and a status, and never with a traceback."""
        self.stderr.write(self.style.ERROR(f"Error: {reason}"))
        raise SystemExit(status)


def _result(run: GenerationRun, report: Report) -> Result:
    return Result(str(run.pk), str(run.directory), run.state, run.attempt, report)


def _ended(run: GenerationRun) -> Result:
    """Tell how a run ended that somebody else made. Raises GenerationError, RunCancelled."""
    if run.state == RunState.FAILED:
        raise GenerationError(run.error)
    if run.state == RunState.CANCELLED:
        raise RunCancelled(run.error)
    report = Report.model_validate(run.report) if run.report else Report()
    return _result(run, report)


def _interrupt() -> None:
    """Interrupt the step that is under way: somebody has cancelled the run elsewhere."""
    os.kill(os.getpid(), signal.SIGINT)


def _fixed_clock() -> datetime | None:
    """Read the run's clock from SOURCE_DATE_EPOCH, as reproducible builds do.

    Raises NotPossible.
    """
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    if not seconds:
        return None
    if not seconds.isdecimal() or len(seconds) > 11:
        raise NotPossible(
            f"SOURCE_DATE_EPOCH is {seconds!r}; it takes seconds since 1970, in digits"
        )
    return datetime.fromtimestamp(int(seconds), UTC)
