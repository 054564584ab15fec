"""Handing runs to workers."""

from __future__ import annotations

from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now

from directories.models import GenerationRun, RunState
from directories.services import workers
from generation import dispatch
from generation.exceptions import CannotDispatch

log = structlog.get_logger(__name__)


def why_in_process() -> str:
    """Say why a run would be made in this process; "" when a worker would take it."""
    return dispatch.why_not() or workers.why_none(
        queue=settings.TRIGGER_MACHINE, queue_key=dispatch.queue_key()
    )


def hand_over(run: GenerationRun) -> bool:
    """Put a waiting run on the queue. False when somebody else has just done so.

    Raises CannotDispatch, and then the run is as it was.
    """
    if reason := why_in_process():
        raise CannotDispatch(reason)
    # Two numbers and no time: SQLite writes one moment in more than one way.
    seen = GenerationRun.objects.due().filter(
        pk=run.pk, attempt=run.attempt, unclaimed=run.unclaimed
    )
    # Before the message leaves, because a worker may be quicker than this row.
    if not seen.update(dispatched_at=Now(), unclaimed=F("unclaimed") + 1):
        return False
    try:
        dispatch.enqueue(run.pk)
    except CannotDispatch:
        # The message may have come through all the same, and a worker may have it.
        still = GenerationRun.objects.filter(
            pk=run.pk,
            state=RunState.QUEUED,
            attempt=run.attempt,
            unclaimed=run.unclaimed + 1,
        )
        if still.update(dispatched_at=run.dispatched_at, unclaimed=run.unclaimed):
            raise
    return True


def try_again(run_id: UUID) -> None:
    """Hand a run over that a worker has put back. If that fails, a sweep will do it.

    A sweep may also have been here first: then the run is on the queue already.
    """
    run = GenerationRun.objects.filter(pk=run_id, unclaimed=0).first()
    if run is None:
        return
    try:
        hand_over(run)
    except CannotDispatch as exc:
        log.warning("run waits for a sweep", run=str(run_id), reason=str(exc))
