"""What a run may put on a branch: checked here, by what the repositories themselves say.

Anyone who holds the internal secret can name a run and send commands for it. What is recorded
as planned decides what is rolled back later, so nothing is recorded that is not true.
"""

from __future__ import annotations

from collections.abc import Mapping

from directories.exceptions import PlanOutdated, PlanRefused
from directories.models import GenerationRun
from directories.services.proposing import (
    is_reviewed,
    repositories_of,
    target_of_run,
)
from directories.services.requests import read_stored
from generation.contract.commands import PlannedCommit, RepositoryKind
from generation.git import MAIN, Repository
from generation.publish import staged_refs


def check_plan(
    run: GenerationRun, attempt: int, planned: Mapping[RepositoryKind, PlannedCommit]
) -> None:
    """Let an attempt publish only what it has staged itself, on top of what is there.

    It runs git, so it is called outside of any transaction. Raises PlanOutdated where
    somebody else was quicker, and PlanRefused for what no worker plans.
    """
    moving = {kind: commit for kind, commit in planned.items() if commit.new}
    if not moving:
        return
    branch = branch_of(run)
    repositories = repositories_of(run.directory)
    for kind, commit in moving.items():
        if commit.branch != branch:
            raise PlanOutdated(f"the run publishes to {branch}, not to {commit.branch}")
        _check_commit(kind, repositories[kind], commit, staged=_staged(run, attempt))


def branch_of(run: GenerationRun) -> str:
    """Name the branch that a run publishes to: `main`, or that of its proposal.

    It is what the context of the run says, as long as nobody has changed the proposal.
    """
    request = read_stored(run.request, name=run.directory.name).request
    if is_reviewed(run.directory, request.update_with_pull_request):
        return target_of_run(run.directory).branch
    return MAIN


def _staged(run: GenerationRun, attempt: int) -> str:
    """Name the ref that an attempt writes its commits to, the same in all repositories."""
    return f"{staged_refs(run.pk)}{attempt}"


def _check_commit(
    kind: RepositoryKind, repository: Repository, commit: PlannedCommit, *, staged: str
) -> None:
    assert commit.new is not None, "only what moves a branch is checked"
    if repository.head(staged) != commit.new:
        raise PlanRefused(f"the attempt has not staged {commit.new} in {kind}")
    head = repository.head(commit.branch)
    if head != commit.old:
        raise PlanOutdated(f"{commit.branch} of {kind} is at {head or 'nothing'} now")
    expected = [commit.old] if commit.old else []
    if commit.branch != MAIN:
        main = repository.head()
        if main != commit.base:
            raise PlanOutdated(f"{MAIN} of {kind} is at {main or 'nothing'} now")
        expected = [*([main] if main else []), *expected]
    # A branch that is where `main` is may be the same parent twice.
    parents = dict.fromkeys(repository.parents(commit.new))
    if list(parents) != list(dict.fromkeys(expected)):
        raise PlanRefused(f"{commit.new} is not built on what is in {kind}")
