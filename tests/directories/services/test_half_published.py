"""A run that is lost while it publishes is finished, or as if it had never been."""

from __future__ import annotations

import pytest

from directories.models import GenerationRun, RunState
from directories.models.run import MAX_ATTEMPTS
from directories.operations import DatabaseDirectoryOperations
from directories.services import attempts, execution, runs
from generation.contract.commands import Command, PublishBegin, Reply
from generation.exceptions import RunRefused
from generation.git import MAIN, Repository
from generation.orchestrator import generate
from generation.publish import KINDS, repository_path
from generation.tasks.directory_generation import host

pytestmark = pytest.mark.django_db(transaction=True)


class Dying(DatabaseDirectoryOperations):
    """Is not heard of again after it has said what it is about to publish."""

    def send(self, *batch: Command) -> Reply:
        reply = super().send(*batch)
        if any(isinstance(command, PublishBegin) for command in batch):
            raise RunRefused("gone")
        return reply


def repository(run: GenerationRun, kind: str) -> Repository:
    it = run.directory
    [found] = [
        repository_path(host().git_root, namespace=it.namespace, slug=it.slug, kind=k)
        for k in KINDS
        if k == kind
    ]
    return Repository(found)


def heads(run: GenerationRun) -> list[str | None]:
    return [repository(run, kind).head() for kind in KINDS]


@pytest.fixture
def lost(queued: GenerationRun) -> GenerationRun:
    """A run that died when everything was staged and announced, and nothing had moved."""
    with pytest.raises(RunRefused):
        generate(Dying(queued), host())
    queued.refresh_from_db()
    return queued


def test_a_cancelled_one_that_has_begun_is_finished(lost: GenerationRun) -> None:
    assert lost.planned_commits is not None
    planned = {kind: commit["new"] for kind, commit in lost.planned_commits.items()}
    repository(lost, "data").move(MAIN, new=planned["data"], old=None)
    runs.cancel(lost, by="Ada")
    lost.refresh_from_db()

    attempts.fail(lost, reason=attempts.LOST)
    execution.run_here(lost)

    assert lost.state == RunState.SUCCEEDED
    assert heads(lost) == [planned[kind] for kind in KINDS]


def test_a_cancelled_one_that_has_not_begun_stays_cancelled(
    lost: GenerationRun,
) -> None:
    attempts.fail(lost, reason=attempts.LOST)
    runs.cancel(lost, by="Ada")

    execution.run_here(lost)

    assert lost.state == RunState.CANCELLED
    assert heads(lost) == [None, None, None]


def test_who_is_refused_a_run_does_not_end_it(queued: GenerationRun) -> None:
    GenerationRun.objects.filter(pk=queued.pk).update(attempt=MAX_ATTEMPTS)

    with pytest.raises(RunRefused):
        execution.execute(queued)

    queued.refresh_from_db()
    assert queued.state == RunState.QUEUED
