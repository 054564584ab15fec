"""Making a run in this process, with the same steps that a worker goes through."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from directories import services
from directories.exceptions import Overloaded
from directories.models import Directory, GenerationRun, RunState
from directories.operations import DatabaseDirectoryOperations
from directories.services import attempts, queueing
from directories.services.slow_requests import slow_request
from generation.contract.commands import GenerateStatus, Outcome
from generation.exceptions import (
    AttemptFailed,
    CannotDispatch,
    GenerationError,
    PublishedUnheard,
    RunRefused,
)
from generation.heartbeat import do_nothing
from generation.interrupts import uninterrupted
from generation.journal import Listener, Progress
from generation.processes import process_name
from generation.report import Report

log = structlog.get_logger(__name__)

STOPPED = "it was stopped before its end; the log of the server tells more"


def dispatch(run: GenerationRun) -> None:
    """Hand a queued run to a worker. Where that cannot be, say why and make it here.

    Raises Overloaded where a web server makes as many as it may.
    """
    try:
        queueing.hand_over(run)
        return
    except CannotDispatch as exc:
        reason = str(exc)
    if settings.TRIGGER_ENABLED:
        log.warning("run is made in process", run=str(run.pk), reason=reason)
    GenerationRun.objects.filter(pk=run.pk).update(fell_back_because=reason)
    try:
        with slow_request(run.triggered_by):
            run_here(run)
    except Overloaded as exc:
        attempts.end(run, Outcome.FAILED, error=str(exc))
        raise


def execute(
    run: GenerationRun,
    *,
    listen: Listener = lambda progress: None,
    stop: Callable[[], None] = do_nothing,
) -> Report:
    """Run it here and now, again if an attempt failed by something that passes.

    Raises GenerationError, after the run's row says so.
    """
    # The pipeline and its readers: only a process that makes a run needs them.
    from generation.orchestrator import generate
    from generation.tasks.directory_generation import host

    is_told = True
    try:
        while True:
            operations = DatabaseDirectoryOperations(run)
            try:
                report = generate(operations, host(stop=stop), listen=listen)
                services.revisions.tidy(run.directory)
                return report
            except AttemptFailed as exc:
                if exc.retry_in is None:
                    raise
                if exc.retry_in > attempts.LONGEST_WAIT_HERE:
                    # It was a worker's before: a sweep takes it up when it is time.
                    is_told = False
                    raise
                listen(Progress(f"again in {exc.retry_in:.0f} s: {exc}"[:60], 0))
                time.sleep(exc.retry_in)
            except (PublishedUnheard, RunRefused):
                is_told = False
                raise
    finally:
        # One that is on `main` is left to the next attempt, which will see that; and one
        # that we were not given is somebody else's to end, also while it waits.
        if is_told:
            _settle(run)


def run_here(run: GenerationRun) -> None:
    """Run it here and now, for callers who only want to know how it ended: see the row."""
    try:
        execute(run)
    except GenerationError as exc:
        log.warning("run failed", run=str(run.pk), reason=str(exc))
    except Exception:
        log.exception("run failed by a mistake of ours", run=str(run.pk))
    run.refresh_from_db()


def _settle(run: GenerationRun) -> None:
    """End a run that this process did not get round to end, such as by an early Ctrl-C.

    So that nobody has to wait for the end of its lease.
    """
    with uninterrupted(), transaction.atomic():
        ours = Q(state=RunState.QUEUED) | Q(ran_on=process_name())
        left = GenerationRun.objects.active().filter(ours, pk=run.pk)
        over = {"finished_at": Now()}
        if left.update(state=RunState.CANCELLED, step="", error=STOPPED, **over):
            run.attempts.filter(finished_at=None).update(
                outcome=RunState.CANCELLED, reason=STOPPED, **over
            )
            Directory.objects.filter(pk=run.directory_id).update(
                generate_status=GenerateStatus.CANCELLED
            )
