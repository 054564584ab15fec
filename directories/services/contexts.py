"""What a run is told, and which run may be told it."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User

from directories.exceptions import (
    DocumentNotFound,
    NotYours,
    RunNotFound,
    StaleAttempt,
)
from directories.models import Directory, GenerationRun, RunState, SourceDocument
from directories.services import checkpoints
from directories.services.proposing import is_reviewed, target_of_run
from directories.services.requests import read_stored
from generation.contract.context import DirectoryContext, Identity, RunContext


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
    request, unreadable = read_stored(run.request, name=directory.name)
    wish = request.update_with_pull_request
    return RunContext(
        run_id=run.pk,
        attempt=run.attempt,
        clock=run.clock,
        directory=describe(directory),
        committer=committer_of(directory.owner),
        request=request,
        previous_prompt=_previous_prompt(directory),
        has_checkpoint=checkpoints.exists(run.pk),
        planned_commits=run.planned_commits,
        report=run.report if run.planned_commits else None,
        proposal=target_of_run(directory) if is_reviewed(directory, wish) else None,
        warnings=unreadable,
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
