"""One attempt at a run: who has it, how it ends, and whether there is another.

Who wins is decided by the row count of one guarded UPDATE, and time by the database's clock.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from directories.exceptions import DirectoryError, NotYours, RunNotFound, StaleAttempt
from directories.models import (
    Directory,
    GenerationRun,
    RunAttempt,
    RunLogLine,
    RunState,
)
from directories.models.run import MAX_ATTEMPTS
from directories.services import checkpoints, queueing
from directories.signals import generation_completed
from generation.contract.commands import Claim, GenerateStatus, Outcome

LOST = "the process that ran it has gone silent"
CANCELLED = "the run was cancelled"
# A run that is made while somebody waits for it does not wait longer than this, in seconds.
LONGEST_WAIT_HERE = 60


def claim(directory_id: UUID, run_id: UUID, message: Claim) -> GenerationRun:
    """Take the next attempt: of many that ask, exactly one changes a row."""
    runs = GenerationRun.objects.filter(pk=run_id, directory_id=directory_id)
    won = runs.claimable().update(
        state=RunState.RUNNING,
        attempt=F("attempt") + 1,
        lease_expires_at=lease(),
        clock=Coalesce("clock", Now()),
        ran_on=message.worker,
        unclaimed=0,
        not_before=None,
    )
    run = runs.first()
    if run is None:
        raise no_run(run_id)
    if not won:
        raise StaleAttempt(f"the run is {run.state} and not to be had")
    run.attempts.filter(finished_at=None).update(
        finished_at=Now(), outcome=RunState.FAILED, reason=LOST
    )
    RunAttempt.objects.create(
        run=run, number=run.attempt, worker=message.worker, started_at=Now()
    )
    return run


def fail(run: GenerationRun, *, reason: str, retry_after: float = 0) -> float | None:
    """End the attempt that holds the run, and say in how many seconds the next may begin.

    None when there is none: the run was cancelled, or has had its attempts, or would keep
    somebody waiting for too long.
    """
    run.attempts.filter(number=run.attempt).update(
        finished_at=Now(), outcome=RunState.FAILED, reason=reason
    )
    if run.cancel_requested and run.planned_commits is None:
        end(run, Outcome.CANCELLED, error=CANCELLED)
        return None
    is_too_long = run.dispatched_at is None and retry_after > LONGEST_WAIT_HERE
    if run.attempt >= MAX_ATTEMPTS or is_too_long:
        end(run, Outcome.FAILED, error=_reasons(run))
        return None
    GenerationRun.objects.filter(pk=run.pk).update(
        state=RunState.QUEUED,
        lease_expires_at=None,
        not_before=Now() + timedelta(seconds=retry_after),
        step="",
    )
    note(run, f"attempt {run.attempt} failed and is repeated: {reason}", "warning")
    if run.dispatched_at and not retry_after:
        transaction.on_commit(partial(queueing.try_again, run.pk))
    return retry_after


def end(run: GenerationRun, outcome: Outcome, *, error: str) -> None:
    """End a run that cannot end itself, and tell whoever listens."""
    GenerationRun.objects.filter(pk=run.pk).update(
        state=RunState(outcome), finished_at=Now(), error=error, step=""
    )
    is_cancelled = outcome is Outcome.CANCELLED
    status = GenerateStatus.CANCELLED if is_cancelled else GenerateStatus.ERROR
    Directory.objects.filter(pk=run.directory_id).update(
        generate_status=status, generation_finished_at=Now(), updated_at=Now()
    )
    note(run, error, "warning" if is_cancelled else "error")
    announce(run, outcome)


def announce(run: GenerationRun, outcome: Outcome) -> None:
    """Tell the rest of the site that a run is over, once that is certain."""
    if outcome is Outcome.SUCCEEDED:
        transaction.on_commit(partial(checkpoints.forget, run.pk))
    transaction.on_commit(
        lambda: generation_completed.send(
            sender=GenerationRun, run_id=run.pk, outcome=outcome
        )
    )


def note(run: GenerationRun, message: str, level: str = "info") -> None:
    """Write a line into the run's log that the run itself could not write."""
    RunLogLine.objects.create(
        run=run, attempt=run.attempt, level=level, message=message[:2000]
    )


def lease() -> models.Expression:
    """The end of a lease that is renewed now, by the database's clock."""
    expression: models.Expression = Now() + timedelta(
        seconds=settings.RUN_LEASE_SECONDS
    )
    return expression


def no_run(run_id: UUID) -> DirectoryError:
    if GenerationRun.objects.filter(pk=run_id).exists():
        return NotYours("the run is one of another directory")
    return RunNotFound(f"there is no run {run_id}")


def _reasons(run: GenerationRun) -> str:
    """Say why a run failed; of several attempts, why each of them did."""
    reasons = list(run.attempts.order_by("number").values_list("reason", flat=True))
    if len(set(reasons)) == 1:
        times = f", {len(reasons)} times" if len(reasons) > 1 else ""
        return f"{reasons[0]}{times}"
    return "; ".join(f"attempt {n}: {r}" for n, r in enumerate(reasons, 1))
