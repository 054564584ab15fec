"""What a run says, done: the one place where commands meet the database."""

from __future__ import annotations

import hashlib
from typing import Any, assert_never
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Value
from django.db.models.functions import Coalesce, Now

from directories.exceptions import DirectoryError, KeyReused, StaleAttempt
from directories.models import (
    AppliedBatch,
    Directory,
    GenerationRun,
    RunLogLine,
    RunState,
)
from directories.services import attempts, proposing, publishing, statements
from directories.services.requests import keep_request
from generation.contract.commands import (
    AppendLog,
    Claim,
    Command,
    CommandBatch,
    EmitGenerationCompleted,
    Heartbeat,
    Outcome,
    PublishBegin,
    PublishDone,
    RecordAttemptFailure,
    RecordGenerationFinish,
    RecordGenerationStart,
    RecordSourcesRead,
    Reply,
    UpdateDirectory,
    UpdateGenerateStatus,
    UpdateGenerationHistory,
    UpdateLastPullRequest,
)


def apply(directory_id: UUID, batch: CommandBatch) -> Reply:
    """Do what a run says: all of it, or nothing.

    Raises StaleAttempt, RunNotFound, and, for commits to publish, PlanOutdated and PlanRefused.
    """
    _check_plans(directory_id, batch)
    with transaction.atomic():
        return _apply(directory_id, batch)


def apply_once(
    directory_id: UUID, batch: CommandBatch, *, key: str, body: bytes
) -> tuple[Reply, bool]:
    """Apply a batch the first time that its key arrives, and repeat the answer after that.

    The key's row and the effect are one transaction: neither is there without the other.
    The second value tells a repetition. Raises KeyReused beside what `apply` raises.
    """
    digest = hashlib.sha256(body).hexdigest()
    if known := _known_reply(directory_id, batch.run_id, key, digest):
        return known, True
    try:
        _check_plans(directory_id, batch)
        with transaction.atomic():
            reply = _apply(directory_id, batch)
            is_first = statements.insert_first(
                AppliedBatch,
                run=batch.run_id,
                key=key,
                sha256=digest,
                reply=reply.model_dump(mode="json"),
            )
            if not is_first:
                raise _Applied
    except (_Applied, IntegrityError, DirectoryError):
        # The same batch arrived twice at once, and the other one was first.
        if known := _known_reply(directory_id, batch.run_id, key, digest):
            return known, True
        raise
    return reply, False


class _Applied(Exception):
    """Undo what was done a second time."""


def apply_command(run: GenerationRun, command: Command) -> float | None:
    """Do one thing that a run asks. Safe to repeat.

    After a failed attempt, answer in how many seconds there is another; else None.
    """
    match command:
        case Claim():
            raise StaleAttempt("a claim stands alone in its batch")
        case RecordGenerationStart():
            _update(run, started_at=Coalesce("started_at", Value(command.started_at)))
            _update_directory(run, generation_started_at=command.started_at)
        case RecordSourcesRead():
            keep_request(run)
        case RecordAttemptFailure():
            return attempts.fail(
                run, reason=command.reason, retry_after=command.retry_after
            )
        case RecordGenerationFinish():
            _finish(run, command)
            if command.outcome is Outcome.SUCCEEDED:
                keep_request(run)
                proposing.supersede_emptied(run)
        case UpdateGenerateStatus():
            _update_directory(run, generate_status=command.status)
            known = {"step": command.step, "percent": command.percent}
            _update(run, **{key: v for key, v in known.items() if v is not None})
            if command.counts:
                _update(run, counts=command.counts)
        case UpdateDirectory():
            _update_directory(run, **command.model_dump(exclude={"action"}))
        case UpdateLastPullRequest():
            said = command.model_dump(exclude={"action", "body"})
            _update_directory(run, last_pull_request=said)
            proposing.record_run(run, command)
        case UpdateGenerationHistory():
            _update(
                run,
                counts=command.items.model_dump(),
                metrics=command.metrics,
                report=command.report.model_dump(mode="json"),
            )
        case AppendLog():
            RunLogLine.objects.create(
                run=run,
                attempt=run.attempt,
                level=command.level,
                message=command.message,
                facts=command.facts,
            )
        case PublishBegin():
            _update(run, planned_commits=command.model_dump(mode="json")["commits"])
        case PublishDone():
            _update(run, planned_commits=None)
        case EmitGenerationCompleted():
            attempts.announce(run, command.outcome)
        case Heartbeat():
            """Every command renews the lease; this one does nothing else."""
        case _:
            assert_never(command)
    return None


def _apply(directory_id: UUID, batch: CommandBatch) -> Reply:
    """Do what a run says, in the transaction of whoever calls."""
    retry_in: float | None = None
    claimed: UUID | None = None
    match batch.commands:
        case (Claim() as claim,):
            run = attempts.claim(directory_id, batch.run_id, claim)
            claimed = run.directory_id
        case _:
            run = _fenced(directory_id, batch)
            for command in batch.commands:
                retry_in = apply_command(run, command)
    # The row was read after its lease was renewed.
    assert run.lease_expires_at is not None
    return Reply(
        attempt=run.attempt,
        cancel=run.cancel_requested,
        lease_expires_at=run.lease_expires_at,
        retry_in=retry_in,
        directory_id=claimed,
    )


def _check_plans(directory_id: UUID, batch: CommandBatch) -> None:
    """Check what is to be published before a transaction begins: that takes git."""
    plans = [c for c in batch.commands if isinstance(c, PublishBegin)]
    if not plans:
        return
    runs = GenerationRun.objects.select_related("directory__owner")
    run = runs.filter(pk=batch.run_id, directory_id=directory_id).first()
    if run is None or run.attempt != batch.attempt:
        raise _not_this_attempts(run, batch)
    for plan in plans:
        publishing.check_plan(run, batch.attempt, plan.commits)


def _fenced(directory_id: UUID, batch: CommandBatch) -> GenerationRun:
    """Let only the attempt that holds the run speak, and renew its lease."""
    held = statements.renew_lease(directory_id, batch.run_id, batch.attempt)
    if held is not None:
        return held
    run = GenerationRun.objects.filter(
        pk=batch.run_id, directory_id=directory_id
    ).first()
    raise _not_this_attempts(run, batch)


def _not_this_attempts(
    run: GenerationRun | None, batch: CommandBatch
) -> DirectoryError:
    if run is None:
        return attempts.no_run(batch.run_id)
    return StaleAttempt(
        f"the run is {run.state} in attempt {run.attempt}, "
        f"and attempt {batch.attempt} spoke"
    )


def _known_reply(
    directory_id: UUID, run_id: UUID, key: str, digest: str
) -> Reply | None:
    known = statements.applied_batch(directory_id, run_id, key)
    if known is None:
        return None
    sha256, reply = known
    if sha256 != digest:
        raise KeyReused("this Idempotency-Key came with another body before")
    return Reply.model_validate_json(reply)


def _finish(run: GenerationRun, command: RecordGenerationFinish) -> None:
    _update(
        run,
        state=RunState(command.outcome),
        finished_at=command.finished_at,
        error=command.error,
        step="",
    )
    run.attempts.filter(number=run.attempt).update(
        finished_at=command.finished_at, outcome=command.outcome, reason=command.error
    )
    _update_directory(run, generation_finished_at=command.finished_at)


def _update(run: GenerationRun, **changes: Any) -> None:
    GenerationRun.objects.filter(pk=run.pk).update(**changes)


def _update_directory(run: GenerationRun, **changes: Any) -> None:
    Directory.objects.filter(pk=run.directory_id).update(updated_at=Now(), **changes)
