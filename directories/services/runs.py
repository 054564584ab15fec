"""Starting a run, stopping it, and starting it again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from directories.exceptions import NotNow, NotPossible, RunActive
from directories.models import Directory, GenerationRun, RunAttempt, RunState
from directories.models.run import UNCLAIMED_FOR, UNCLAIMED_WITHOUT_WORKERS_FOR
from directories.services import attempts, checkpoints, execution, queueing
from directories.services.directories import GivenDocument, store_documents
from directories.services.proposing import repositories_of
from directories.services.requests import check_readable, read_stored
from generation.contract.commands import GenerateStatus, Outcome
from generation.contract.request import GenerationRequest
from generation.publish import forget_staged

log = structlog.get_logger(__name__)

# The states of a run that can be taken up again by a new one.
RETRIED = (RunState.FAILED, RunState.CANCELLED)
UNCLAIMED = "nobody began it: the worker or the process that was to make it is gone"


def start(
    directory: Directory,
    request: GenerationRequest,
    *,
    trigger: GenerationRun.Trigger,
    user: User | None,
    documents: Iterable[GivenDocument] = (),
    clock: datetime | None = None,
    retry_of: GenerationRun | None = None,
) -> GenerationRun:
    """Queue a run. The directory keeps its request once it has read something.

    Raises RunActive.

    `clock` fixes the time that the run writes; without it, the first claim decides.
    """
    with transaction.atomic():
        give_up_lost_runs(directory)
        store_documents(directory, documents)
        _refuse_missing_documents(directory, request)
        try:
            with transaction.atomic():
                run = GenerationRun.objects.create(
                    directory=directory,
                    request=request.model_dump(mode="json"),
                    request_fingerprint=request.fingerprint(),
                    trigger=trigger,
                    triggered_by=user,
                    clock=clock,
                    retry_of=retry_of,
                )
        except IntegrityError as exc:
            raise _active(directory) from exc
        source = retry_of.request if retry_of else directory.request
        for text in read_stored(source, name=directory.name).unreadable:
            attempts.note(run, text, "warning")
        return run


def launch(
    directory: Directory, request: GenerationRequest, **options: Any
) -> GenerationRun:
    """Start a run and hand it to a worker, or make it here. Options are those of `start`.

    When this returns, the run waits in the queue, or it is over.
    """
    with transaction.atomic():
        run = start(directory, request, **options)
        # Only now can a worker see it: a queue is quicker than a commit.
        transaction.on_commit(partial(execution.dispatch, run))
    run.refresh_from_db()
    return run


def again(
    old: GenerationRun, *, trigger: GenerationRun.Trigger, user: User | None
) -> GenerationRun:
    """Launch a run with the request of an old one, from its start.

    What the old one was allowed to remove, this one has to be allowed anew, and the switch
    of the directory says whether it is reviewed.
    """
    wishes = {"allow_removals": False, "update_with_pull_request": None}
    request = _request_of(old).model_copy(update={**wishes, "name": old.directory.name})
    return launch(old.directory, request, trigger=trigger, user=user, retry_of=old)


def retry(
    old: GenerationRun, *, trigger: GenerationRun.Trigger, user: User | None
) -> GenerationRun:
    """Launch a failed or cancelled run again, from what it had put away.

    It writes the time of the old one, and so what that one would have written.
    """
    if old.state not in RETRIED:
        raise NotNow(
            f"the run is {old.state}: only a failed or cancelled one is retried"
        )
    with transaction.atomic():
        run = start(
            old.directory,
            _request_of(old),
            trigger=trigger,
            user=user,
            clock=old.clock,
            retry_of=old,
        )
        checkpoints.hand_on(old.pk, run.pk)
        transaction.on_commit(partial(execution.dispatch, run))
    run.refresh_from_db()
    return run


def cancel(run: GenerationRun, *, by: str) -> GenerationRun:
    """Stop a run: at once when nobody has begun it, else as soon as it hears of it.

    Raises NotNow for a run that is over. `by` is told in the run's log.
    """
    with transaction.atomic():
        mine = GenerationRun.objects.filter(pk=run.pk)
        run = mine.select_for_update().get()
        if run.is_over:
            raise NotNow(f"the run is {run.state} already")
        attempts.note(run, f"{by} asked to cancel the run", "warning")
        mine.update(cancel_requested=True)
        # One that was lost while it published is not left half published.
        if run.state == RunState.QUEUED and run.planned_commits is None:
            attempts.end(run, Outcome.CANCELLED, error=attempts.CANCELLED)
    run.refresh_from_db()
    return run


def give_up_lost_runs(directory: Directory) -> None:
    """Fail the runs whose process died, so that the directory can be generated again."""
    runs = GenerationRun.objects.filter(directory=directory)
    nobody_takes_any = bool(queueing.why_in_process())
    lost = runs.lost(
        unclaimed_for=UNCLAIMED_WITHOUT_WORKERS_FOR
        if nobody_takes_any
        else UNCLAIMED_FOR
    )
    over = {"state": RunState.FAILED, "finished_at": Now(), "step": ""}
    for run_id in lost.values_list("pk", flat=True):
        # Its process may only be late: after this it publishes nothing any more.
        transaction.on_commit(partial(_forget_staged, directory, run_id))
    unclaimed = lost.filter(state=RunState.QUEUED).update(error=UNCLAIMED, **over)
    if not lost.update(error=attempts.LOST, **over) and not unclaimed:
        return
    RunAttempt.objects.filter(run__directory=directory, finished_at=None).update(
        finished_at=Now(), outcome=RunState.FAILED, reason=attempts.LOST
    )
    Directory.objects.filter(pk=directory.pk).update(
        generate_status=GenerateStatus.ERROR, generation_finished_at=Now()
    )


def _forget_staged(directory: Directory, run_id: UUID) -> None:
    for repository in repositories_of(directory).values():
        forget_staged(repository, run_id)


def _refuse_missing_documents(directory: Directory, request: GenerationRequest) -> None:
    """Raises NotPossible for documents that somebody has removed."""
    named = {each.sha256: each.name for each in request.source_documents}
    there = directory.documents.filter(sha256__in=named)
    for sha256 in there.values_list("sha256", flat=True):
        named.pop(sha256, None)
    if named:
        raise NotPossible(
            f"documents of this request have been removed: {', '.join(named.values())}. "
            "Give them again, or generate without them"
        )


def refuse_while_active(directory: Directory) -> None:
    """Raises RunActive."""
    if directory.runs.active().exists():
        raise _active(directory)


def _request_of(old: GenerationRun) -> GenerationRequest:
    """Raises NotPossible."""
    request = read_stored(old.request, name=old.directory.name).request
    check_readable(request)
    return request


def _active(directory: Directory) -> RunActive:
    run = directory.runs.active().first()
    if run is None:  # it ended between our INSERT and this look
        return RunActive("another run has just ended; try again")
    where = f"{run.percent} % done" if run.state == RunState.RUNNING else "waiting"
    return RunActive(
        f"{directory} has a run that is not over: {run.pk} ({where}, started "
        f"{run.created_at:%Y-%m-%d %H:%M} UTC). Wait for it, or try again later",
        run=str(run.pk),
    )
