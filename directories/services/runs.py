"""Starting a run, and telling it what it needs to know."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now

from directories.exceptions import (
    DocumentNotFound,
    NotYours,
    RunActive,
    RunNotFound,
    StaleAttempt,
)
from directories.models import (
    Directory,
    GenerationRun,
    RunAttempt,
    RunState,
    SourceDocument,
)
from directories.services import workers
from directories.services.directories import GivenDocument, store_documents
from generation import dispatch as dispatching
from generation.contract.commands import GenerateStatus
from generation.contract.context import DirectoryContext, Identity, RunContext
from generation.contract.request import GenerationRequest
from generation.exceptions import CannotDispatch, GenerationError
from generation.interrupts import uninterrupted
from generation.orchestrator import Listener, generate
from generation.processes import process_name
from generation.report import Report
from generation.tasks.directory_generation import host

log = structlog.get_logger(__name__)

LOST = "the process that ran it has gone silent"
UNCLAIMED = "nobody began it: the worker or the process that was to make it is gone"
STOPPED = "it was stopped before its end; the log of the server tells more"


def start(
    directory: Directory,
    request: GenerationRequest,
    *,
    trigger: GenerationRun.Trigger,
    user: User | None,
    documents: Iterable[GivenDocument] = (),
    clock: datetime | None = None,
) -> GenerationRun:
    """Queue a run and keep its request on the directory. Raises RunActive.

    `clock` fixes the time that the run writes; without it, the first claim decides.
    """
    with transaction.atomic():
        give_up_lost_runs(directory)
        store_documents(directory, documents)
        try:
            with transaction.atomic():
                run = GenerationRun.objects.create(
                    directory=directory,
                    request=request.model_dump(mode="json"),
                    request_fingerprint=request.fingerprint(),
                    trigger=trigger,
                    triggered_by=user,
                    clock=clock,
                )
        except IntegrityError as exc:
            raise _active(directory) from exc
        Directory.objects.filter(pk=directory.pk).update(request=run.request)
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
        transaction.on_commit(partial(dispatch, run))
    run.refresh_from_db()
    return run


def why_in_process() -> str:
    """Say why a run would be made in this process; "" when a worker would take it."""
    return dispatching.why_not() or workers.why_none(
        queue=settings.TRIGGER_MACHINE, queue_key=dispatching.queue_key()
    )


def dispatch(run: GenerationRun) -> None:
    """Hand a queued run to a worker. Where that cannot be, say why and make it here."""
    reason = why_in_process()
    if not reason:
        # Before the message leaves, because a worker may be quicker than this row.
        GenerationRun.objects.filter(pk=run.pk).update(dispatched_at=Now())
        try:
            dispatching.enqueue(run.pk)
            return
        except CannotDispatch as exc:
            reason = str(exc)
            GenerationRun.objects.filter(pk=run.pk).update(dispatched_at=None)
    if settings.TRIGGER_ENABLED:
        log.warning("run is made in process", run=str(run.pk), reason=reason)
    GenerationRun.objects.filter(pk=run.pk).update(fell_back_because=reason)
    run_here(run)


def give_up_lost_runs(directory: Directory) -> None:
    """Fail the runs whose process died, so that the directory can be generated again."""
    lost = GenerationRun.objects.filter(directory=directory).lost()
    over = {"state": RunState.FAILED, "finished_at": Now(), "step": ""}
    unclaimed = lost.filter(state=RunState.QUEUED).update(error=UNCLAIMED, **over)
    if not lost.update(error=LOST, **over) and not unclaimed:
        return
    RunAttempt.objects.filter(run__directory=directory, finished_at=None).update(
        finished_at=Now(), outcome=RunState.FAILED, reason=LOST
    )
    Directory.objects.filter(pk=directory.pk).update(
        generate_status=GenerateStatus.ERROR, generation_finished_at=Now()
    )


def execute(run: GenerationRun, *, listen: Listener = lambda progress: None) -> Report:
    """Run it here and now. Raises GenerationError, after the run's row says so."""
    # Imported late, because operations end in this package's services.
    from directories.operations import DatabaseDirectoryOperations

    try:
        return generate(DatabaseDirectoryOperations(run), host(), listen=listen)
    finally:
        _settle(run)


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


def run_here(run: GenerationRun) -> None:
    """Run it here and now, for callers who only want to know how it ended: see the row."""
    try:
        execute(run)
    except GenerationError as exc:
        log.warning("run failed", run=str(run.pk), reason=str(exc))
    except Exception:
        log.exception("run failed by a mistake of ours", run=str(run.pk))
    run.refresh_from_db()


def find(run_id: UUID) -> GenerationRun:
    """Raises RunNotFound."""
    run = GenerationRun.objects.filter(pk=run_id).first()
    if run is None:
        raise RunNotFound(f"there is no run {run_id}")
    return run


def check_active(directory_id: UUID, run_id: UUID) -> None:
    """Let only a run of this directory that is under way know more.

    Raises RunNotFound, NotYours and StaleAttempt.
    """
    run = find(run_id)
    if run.directory_id != directory_id:
        raise NotYours("the run is one of another directory")
    if run.state != RunState.RUNNING:
        raise StaleAttempt(f"the run is {run.state}")


def context_of(run_id: UUID) -> RunContext:
    """Gather what a run is told: an explicit list of fields, and nothing secret."""
    try:
        run = GenerationRun.objects.select_related("directory__owner").get(pk=run_id)
    except GenerationRun.DoesNotExist as exc:
        raise RunNotFound(f"there is no run {run_id}") from exc
    directory = run.directory
    assert run.clock is not None, "a context is read after the claim"
    return RunContext(
        run_id=run.pk,
        attempt=run.attempt,
        clock=run.clock,
        directory=describe(directory),
        committer=committer_of(directory.owner),
        request=GenerationRequest.model_validate(run.request),
        previous_prompt=_previous_prompt(directory),
    )


def describe(directory: Directory) -> DirectoryContext:
    return DirectoryContext(
        id=directory.pk,
        namespace=directory.namespace,
        slug=directory.slug,
        name=directory.name,
        description=directory.description,
    )


def committer_of(owner: User) -> Identity:
    """Commits carry the owner's name; without an address, one that leads nowhere."""
    return Identity(
        name=owner.get_full_name() or owner.username,
        email=owner.email or f"{owner.username}@users.noreply.invalid",
    )


def document_of(directory_id: UUID, sha256: str) -> bytes:
    try:
        document = SourceDocument.objects.get(directory_id=directory_id, sha256=sha256)
    except SourceDocument.DoesNotExist as exc:
        raise DocumentNotFound(f"the directory has no document {sha256}") from exc
    return bytes(document.content)


def _previous_prompt(directory: Directory) -> str:
    runs = directory.runs.filter(state=RunState.SUCCEEDED).order_by("-created_at")
    request = runs.values_list("request", flat=True).first()
    return str(request.get("prompt", "")) if request else ""


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
