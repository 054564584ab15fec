"""Starting a run, and telling it what it needs to know."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from uuid import UUID

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now

from directories.exceptions import DocumentNotFound, RunActive, RunNotFound
from directories.models import (
    Directory,
    GenerationRun,
    RunAttempt,
    RunState,
    SourceDocument,
)
from directories.services.directories import GivenDocument, store_documents
from generation.contract.commands import GenerateStatus
from generation.contract.context import DirectoryContext, Identity, RunContext
from generation.contract.request import GenerationRequest
from generation.exceptions import GenerationError
from generation.interrupts import uninterrupted
from generation.orchestrator import Host, Listener, generate
from generation.report import Report
from generation.sources.fetch import FetchLimits, fetch

log = structlog.get_logger(__name__)

LOST = "the process that ran it has gone silent"


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


def give_up_lost_runs(directory: Directory) -> None:
    """Fail the runs whose process died, so that the directory can be generated again."""
    lost = GenerationRun.objects.filter(directory=directory).lost()
    if not lost.update(state=RunState.FAILED, finished_at=Now(), error=LOST, step=""):
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
        ours = Q(state=RunState.QUEUED) | Q(ran_on=host().name)
        left = GenerationRun.objects.active().filter(ours, pk=run.pk)
        if left.update(state=RunState.CANCELLED, finished_at=Now(), step=""):
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


def host() -> Host:
    """What this machine lends to a run."""
    limits = FetchLimits(
        allowed_networks=settings.FETCH_ALLOWED_NETWORKS,
        allowed_hosts=settings.FETCH_ALLOWED_HOSTS,
        ca_bundle=settings.FETCH_CA_BUNDLE,
    )
    return Host(
        git_root=settings.GIT_ROOT,
        fetch=partial(fetch, limits=limits),
        heartbeat_seconds=settings.RUN_LEASE_SECONDS / 4,
        name=f"{platform.node()}:{os.getpid()}",
    )


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
