"""A run publishes only what it has staged itself, on top of what is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from directories.exceptions import DirectoryError, PlanOutdated, PlanRefused
from directories.models import Directory, GenerationRun, Proposal
from directories.operations import DatabaseDirectoryOperations
from directories.services import execution, sweeping
from directories.services.proposing import repositories_of
from generation.contract.commands import (
    Command,
    Outcome,
    PlannedCommit,
    PublishBegin,
    RecordGenerationFinish,
    Reply,
)
from generation.exceptions import AttemptFailed, RepositoryMoved
from generation.git import MAIN, Repository
from generation.orchestrator import attempt
from generation.publish import proposal_branch, staged_refs
from generation.tasks.directory_generation import host
from tests.directories.makers import claim, say, stage, start
from tests.directories.services.test_proposing import LONGER, propose
from tests.fakes import NOON
from tests.generation.test_orchestrator import commit_by_hand

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def second(generated: Directory) -> GenerationRun:
    """A run of a directory that has been published before, claimed."""
    run = start(generated)
    claim(run)
    return run


@pytest.fixture
def reviewed(generated: Directory) -> GenerationRun:
    run = start(generated, update_with_pull_request=True)
    claim(run)
    return run


def staged(run: GenerationRun) -> str:
    head = data_of(run).head(f"{staged_refs(run.pk)}1")
    assert head is not None
    return head


def data_of(run: GenerationRun) -> Repository:
    return repositories_of(run.directory)["data"]


def plan(run: GenerationRun, **fields: object) -> None:
    planned = PlannedCommit.model_validate(fields)
    say(run, PublishBegin(commits={"data": planned}))


def test_what_is_built_on_main_is_recorded(second: GenerationRun) -> None:
    main = data_of(second).head()
    stage(second.directory, second, on=main)

    plan(second, old=main, new=staged(second))

    assert second.planned_commits is not None
    assert second.planned_commits["data"]["old"] == main


def test_what_changes_nothing_needs_nothing_staged(second: GenerationRun) -> None:
    plan(second, old=data_of(second).head(), new=None)

    assert second.planned_commits is not None


def test_a_commit_that_was_not_staged_by_the_run_is_refused(
    second: GenerationRun,
) -> None:
    main = data_of(second).head()

    with pytest.raises(PlanRefused, match="not staged"):
        plan(second, old=None, new=main)

    second.refresh_from_db()
    assert second.planned_commits is None


def test_a_commit_of_another_attempt_is_refused(second: GenerationRun) -> None:
    main = data_of(second).head()
    repository = stage(second.directory, second, on=main)
    new = staged(second)
    ref = f"{staged_refs(second.pk)}1"
    repository.move(f"{staged_refs(second.pk)}2", new=new, old=None)
    repository.move(ref, new=None, old=new)

    with pytest.raises(PlanRefused, match="not staged"):
        plan(second, old=main, new=new)


def test_an_old_that_is_not_where_main_is_is_outdated(second: GenerationRun) -> None:
    main = data_of(second).head()
    assert main is not None
    stage(second.directory, second, on=main)

    for old in (None, data_of(second).parent(main), "0" * 40):
        with pytest.raises(PlanOutdated, match="is at"):
            plan(second, old=old, new=staged(second))


@pytest.mark.parametrize("has_parent", [False, True])
def test_a_commit_that_is_not_built_on_main_alone_is_refused(
    second: GenerationRun, has_parent: bool
) -> None:
    main = data_of(second).head()
    assert main is not None
    other = stage(second.directory, second).head(f"{staged_refs(second.pk)}1")
    assert other is not None
    if has_parent:
        stage(second.directory, second, on=main, merged=(other,))

    with pytest.raises(PlanRefused, match="not built on"):
        plan(second, old=main, new=staged(second))


@pytest.mark.parametrize(
    "branch", ["refs/heads/develop", proposal_branch(1), proposal_branch(2**31 - 1)]
)
def test_a_run_without_review_publishes_to_main_alone(
    second: GenerationRun, branch: str
) -> None:
    main = data_of(second).head()
    stage(second.directory, second, on=main)

    with pytest.raises(PlanOutdated, match="publishes to refs/heads/main"):
        plan(second, old=None, new=staged(second), branch=branch, base=main)


def test_a_reviewed_run_does_not_publish_to_main(reviewed: GenerationRun) -> None:
    main = data_of(reviewed).head()
    stage(reviewed.directory, reviewed, on=main)

    with pytest.raises(PlanOutdated, match="proposal-1"):
        plan(reviewed, old=main, new=staged(reviewed))


def test_a_new_proposal_is_built_on_main(reviewed: GenerationRun) -> None:
    main = data_of(reviewed).head()
    stage(reviewed.directory, reviewed, on=main)

    plan(reviewed, old=None, new=staged(reviewed), branch=proposal_branch(1), base=main)

    assert reviewed.planned_commits is not None


def test_another_base_than_main_is_outdated(reviewed: GenerationRun) -> None:
    main = data_of(reviewed).head()
    assert main is not None
    stage(reviewed.directory, reviewed, on=main)

    for base in (None, data_of(reviewed).parent(main)):
        with pytest.raises(PlanOutdated, match="refs/heads/main of data"):
            plan(
                reviewed,
                old=None,
                new=staged(reviewed),
                branch=proposal_branch(1),
                base=base,
            )


def test_an_open_proposal_is_its_second_parent(generated: Directory) -> None:
    propose(generated)
    run = start(generated, update_with_pull_request=True)
    claim(run)
    main, head = data_of(run).head(), data_of(run).head(proposal_branch(1))
    assert head is not None
    fields = {"old": head, "branch": proposal_branch(1), "base": main}

    stage(generated, run, on=main)
    with pytest.raises(PlanRefused, match="not built on"):
        plan(run, new=staged(run), **fields)
    stage(generated, run, on=main, merged=(head,))
    plan(run, new=staged(run), **fields)

    assert run.planned_commits is not None


def test_a_proposal_that_was_decided_meanwhile_is_outdated(
    generated: Directory,
) -> None:
    proposal = propose(generated)
    run = start(generated, update_with_pull_request=True)
    claim(run)
    main, head = data_of(run).head(), data_of(run).head(proposal_branch(1))
    assert head is not None
    stage(generated, run, on=main, merged=(head,))
    Proposal.objects.filter(pk=proposal.pk).update(state="rejected", decided_at=NOON)

    with pytest.raises(PlanOutdated, match="proposal-2"):
        plan(run, old=head, new=staged(run), branch=proposal_branch(1), base=main)


def test_a_run_that_lies_cannot_have_main_rolled_back(second: GenerationRun) -> None:
    repository = data_of(second)
    main = repository.head()
    assert main is not None
    lies: list[dict[str, str | None]] = [
        {"old": None, "new": main},
        {"old": repository.parent(main), "new": main},
        {"old": "0" * 40, "new": main},
    ]

    for lie in lies:
        with pytest.raises((DirectoryError, ValidationError)):
            plan(second, **lie)
    say(
        second,
        RecordGenerationFinish(finished_at=NOON, outcome=Outcome.FAILED, error="x"),
    )
    sweeping.sweep()

    assert repository.head(MAIN) == main


def test_an_attempt_that_meets_a_push_is_made_again(
    generated: Directory, git_root: Path
) -> None:
    class Slow(DatabaseDirectoryOperations):
        """Plans its commits, and meets a person's push before it can say so."""

        def send(self, *batch: Command) -> Reply:
            if any(isinstance(command, PublishBegin) for command in batch):
                commit_by_hand(git_root, {"note.md": "mine"})
            return super().send(*batch)

    run = start(generated, LONGER)
    operations = Slow(run)
    operations.claim("host:1")

    with pytest.raises(AttemptFailed) as failed:
        attempt(operations, host())

    assert isinstance(failed.value.__cause__, RepositoryMoved)
    run.refresh_from_db()
    assert (run.state, run.planned_commits) == ("queued", None)
    execution.execute(run)
    run.refresh_from_db()
    assert (run.state, run.attempt) == ("succeeded", 2)
