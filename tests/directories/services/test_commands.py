"""What a run says takes effect once, as a whole, and only from the attempt that holds it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from directories.exceptions import DirectoryError, RunNotFound, StaleAttempt
from directories.models import Directory, GenerationRun, RunLogLine, RunState
from directories.operations import DatabaseDirectoryOperations
from directories.services import attempts, commands
from directories.services.directories import create_directory
from directories.signals import generation_completed
from generation.contract.commands import (
    AppendLog,
    Claim,
    Command,
    CommandBatch,
    EmitGenerationCompleted,
    GenerateStatus,
    Heartbeat,
    LogLevel,
    Outcome,
    PlannedCommit,
    PublishBegin,
    PublishDone,
    RecordGenerationFinish,
    RecordGenerationStart,
    UpdateDirectory,
    UpdateGenerateStatus,
    UpdateGenerationHistory,
    UpdateLastPullRequest,
)
from generation.exceptions import RunRefused
from generation.publish import staged_refs
from generation.report import ItemCounts, Report
from tests.directories.makers import claim, say, stage, start
from tests.fakes import NOON

FINISH = RecordGenerationFinish(finished_at=NOON, outcome=Outcome.SUCCEEDED)
COUNTS = UpdateDirectory(items_count=3, categories_count=2, tags_count=1)


def row(run: GenerationRun) -> dict[str, Any]:
    """Everything that is stored of a run and its directory, but for its log."""
    return {
        **GenerationRun.objects.values().get(pk=run.pk),
        "directory": Directory.objects.values().get(pk=run.directory_id),
        "attempts": list(run.attempts.values()),
    }


def silence(run: GenerationRun) -> None:
    """Let the run's lease be over."""
    run.lease_expires_at = timezone.now() - timedelta(seconds=1)
    run.save(update_fields=["lease_expires_at"])


# --- claim


def test_claim_takes_the_first_attempt(queued: GenerationRun) -> None:
    reply = claim(queued, "host:7")

    assert (reply.attempt, reply.cancel) == (1, False)
    assert queued.state == RunState.RUNNING
    assert queued.ran_on == "host:7"
    assert [(a.number, a.worker) for a in queued.attempts.all()] == [(1, "host:7")]


def test_run_that_is_claimed_is_not_to_be_had(running: GenerationRun) -> None:
    before = row(running)

    with pytest.raises(StaleAttempt, match="the run is running"):
        claim(running, "other:1")

    assert row(running) == before


def test_run_whose_lease_is_over_is_claimed_as_the_next_attempt(
    running: GenerationRun,
) -> None:
    silence(running)

    reply = claim(running, "other:1")

    assert reply.attempt == 2
    assert reply.lease_expires_at > timezone.now()
    assert [a.number for a in running.attempts.all()] == [1, 2]


def test_clock_is_the_time_of_the_first_claim(running: GenerationRun) -> None:
    first = running.clock
    silence(running)

    claim(running)

    assert first is not None
    assert running.clock == first


@pytest.mark.parametrize(
    "state", [RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED]
)
def test_run_that_is_over_is_not_claimed(
    queued: GenerationRun, state: RunState
) -> None:
    queued.state, queued.finished_at = state, NOON
    queued.save()

    with pytest.raises(StaleAttempt, match=f"the run is {state.value}"):
        claim(queued)


def test_run_that_shall_be_cancelled_is_not_claimed(queued: GenerationRun) -> None:
    queued.cancel_requested = True
    queued.save()

    with pytest.raises(StaleAttempt):
        claim(queued)


def test_claim_stands_alone_in_its_batch(queued: GenerationRun) -> None:
    before = row(queued)

    with pytest.raises(StaleAttempt):
        say(queued, Claim(worker="host:1"), COUNTS, attempt=0)

    assert row(queued) == before


def test_claim_among_other_commands_is_refused(running: GenerationRun) -> None:
    before = row(running)

    with pytest.raises(StaleAttempt, match="a claim stands alone"):
        say(running, COUNTS, Claim(worker="host:1"))

    assert row(running) | {"lease_expires_at": None} == before | {
        "lease_expires_at": None
    }


@pytest.mark.django_db(transaction=True)
def test_one_of_eight_threads_claims_a_run(queued: GenerationRun) -> None:
    together = threading.Barrier(8)

    def try_to_claim(number: int) -> int | None:
        operations = DatabaseDirectoryOperations(queued)
        together.wait(timeout=30)
        try:
            return operations.claim(f"thread:{number}").attempt
        except RunRefused:
            return None
        finally:
            operations.release()

    with ThreadPoolExecutor(8) as threads:
        attempts = list(threads.map(try_to_claim, range(8)))

    assert sorted(attempts, key=str) == [1, *[None] * 7]
    queued.refresh_from_db()
    assert queued.attempt == 1
    assert queued.attempts.count() == 1


# --- the fence


@pytest.mark.parametrize("attempt", [0, 1, 3])
def test_another_attempt_is_refused_and_changes_nothing(
    running: GenerationRun, attempt: int
) -> None:
    silence(running)
    claim(running)
    before = row(running)

    with pytest.raises(StaleAttempt, match=f"attempt {attempt} spoke"):
        say(running, COUNTS, FINISH, AppendLog(message="boo"), attempt=attempt)

    assert row(running) == before
    assert not RunLogLine.objects.exists()


def test_run_that_is_over_hears_nothing_more(running: GenerationRun) -> None:
    say(running, FINISH)
    before = row(running)

    with pytest.raises(StaleAttempt, match="the run is succeeded in attempt 1"):
        say(running, COUNTS)

    assert row(running) == before


def test_run_of_another_directory_is_refused(
    running: GenerationRun, stranger: User
) -> None:
    other = create_directory(owner=stranger, slug="watches", name="Watches")
    before = row(running)
    batch = CommandBatch(run_id=running.pk, attempt=1, commands=(COUNTS, FINISH))

    with pytest.raises(DirectoryError) as refused:
        commands.apply(other.pk, batch)

    assert refused.value.status in {403, 404}
    assert row(running) == before
    other.refresh_from_db()
    assert other.items_count == 0


@pytest.mark.parametrize("command", [Claim(worker="host:1"), Heartbeat()])
def test_unknown_run_is_refused(directory: Directory, command: Command) -> None:
    batch = CommandBatch(run_id=uuid4(), attempt=1, commands=(command,))

    with pytest.raises(RunNotFound, match=f"there is no run {batch.run_id}"):
        commands.apply(directory.pk, batch)


def test_claim_through_another_directory_is_refused(
    queued: GenerationRun, stranger: User
) -> None:
    other = create_directory(owner=stranger, slug="watches", name="Watches")
    batch = CommandBatch(
        run_id=queued.pk, attempt=0, commands=(Claim(worker="host:1"),)
    )

    with pytest.raises(DirectoryError) as refused:
        commands.apply(other.pk, batch)

    assert refused.value.status in {403, 404}
    queued.refresh_from_db()
    assert queued.state == RunState.QUEUED


def test_operations_speak_of_a_refused_run(running: GenerationRun) -> None:
    operations = DatabaseDirectoryOperations(running)

    with pytest.raises(RunRefused) as refused:
        operations.claim("other:1")

    assert isinstance(refused.value.__cause__, DirectoryError)


# --- the batch


def test_batch_takes_effect_as_a_whole_or_not_at_all(running: GenerationRun) -> None:
    before = row(running)

    # The claim is refused where it stands, after the other commands were applied.
    with pytest.raises(StaleAttempt):
        say(
            running,
            COUNTS,
            AppendLog(message="half"),
            UpdateGenerateStatus(status=GenerateStatus.ERROR, percent=50),
            Claim(worker="host:1"),
        )

    assert row(running) == before
    assert not RunLogLine.objects.exists()


def test_batch_may_end_with_what_follows_the_finish(running: GenerationRun) -> None:
    say(running, COUNTS, FINISH, EmitGenerationCompleted(outcome=Outcome.SUCCEEDED))

    assert running.state == RunState.SUCCEEDED
    running.directory.refresh_from_db()
    assert running.directory.items_count == 3


@pytest.mark.parametrize("command", [Heartbeat(), AppendLog(message="here")])
def test_every_batch_renews_the_lease(running: GenerationRun, command: Command) -> None:
    silence(running)

    reply = say(running, command)

    assert reply.lease_expires_at > timezone.now() + timedelta(seconds=80)
    assert running.lease_expires_at == reply.lease_expires_at


def test_reply_says_that_the_run_shall_be_cancelled(running: GenerationRun) -> None:
    running.cancel_requested = True
    running.save()

    assert say(running, Heartbeat()).cancel is True


# --- each command's effect


def test_heartbeat_changes_nothing_but_the_lease(running: GenerationRun) -> None:
    before = row(running)

    say(running, Heartbeat())

    assert row(running) | {"lease_expires_at": None} == before | {
        "lease_expires_at": None
    }


def test_counts_of_the_directory_are_kept(running: GenerationRun) -> None:
    say(running, COUNTS)

    directory = running.directory
    directory.refresh_from_db()
    assert directory.items_count == 3
    assert directory.categories_count == 2
    assert directory.tags_count == 1


def test_status_reaches_the_directory_and_the_run(running: GenerationRun) -> None:
    say(
        running,
        UpdateGenerateStatus(
            status=GenerateStatus.GENERATING,
            step="items-merge",
            percent=70,
            counts={"total": 9},
        ),
    )

    running.directory.refresh_from_db()
    assert running.directory.generate_status == "generating"
    assert (running.step, running.percent) == ("items-merge", 70)
    assert running.counts == {"total": 9}


def test_status_leaves_what_it_does_not_say(running: GenerationRun) -> None:
    running.step, running.percent, running.counts = "items-merge", 70, {"total": 9}
    running.save()

    say(running, UpdateGenerateStatus(status=GenerateStatus.ERROR))

    assert (running.step, running.percent) == ("items-merge", 70)
    assert running.counts == {"total": 9}


def test_percent_may_go_back_to_zero(running: GenerationRun) -> None:
    running.percent = 70
    running.save()

    say(
        running,
        UpdateGenerateStatus(status=GenerateStatus.GENERATING, step="", percent=0),
    )

    assert running.percent == 0


def test_last_pull_request_is_kept(running: GenerationRun) -> None:
    say(running, UpdateLastPullRequest(branch="update", title="Update", number=7))

    running.directory.refresh_from_db()
    assert running.directory.last_pull_request == {
        "branch": "update",
        "title": "Update",
        "number": 7,
        "url": "",
    }


def test_start_is_recorded(running: GenerationRun) -> None:
    say(running, RecordGenerationStart(started_at=NOON))

    running.directory.refresh_from_db()
    assert running.started_at == NOON
    assert running.directory.generation_started_at == NOON


@pytest.mark.parametrize("outcome", Outcome)
def test_finish_is_recorded(running: GenerationRun, outcome: Outcome) -> None:
    running.step = "items-merge"
    running.save()

    say(
        running,
        RecordGenerationFinish(finished_at=NOON, outcome=outcome, error="because"),
    )

    (attempt,) = running.attempts.all()
    running.directory.refresh_from_db()
    assert (running.state, running.finished_at) == (outcome.value, NOON)
    assert (running.error, running.step) == ("because", "")
    assert (attempt.outcome, attempt.reason) == (outcome.value, "because")
    assert attempt.finished_at == NOON
    assert running.directory.generation_finished_at == NOON


def test_a_new_attempt_closes_the_one_before(running: GenerationRun) -> None:
    silence(running)
    claim(running)

    say(running, FINISH)

    first, second = running.attempts.all()
    assert (first.outcome, second.outcome) == ("failed", "succeeded")
    assert first.reason == attempts.LOST


def test_history_is_kept(running: GenerationRun) -> None:
    report = Report(warnings=("slow",), categories=2)

    say(
        running,
        UpdateGenerationHistory(
            items=ItemCounts(new=2, total=3), metrics={"urls_scanned": 1}, report=report
        ),
    )

    assert running.counts["new"] == 2
    assert running.metrics == {"urls_scanned": 1}
    assert Report.model_validate(running.report) == report


def test_log_lines_are_kept_in_their_order(running: GenerationRun) -> None:
    say(running, AppendLog(message="first"), AppendLog(message="second"))
    say(running, AppendLog(level=LogLevel.ERROR, message="third", facts={"n": 3}))

    lines = list(running.log.all())
    assert [line.message for line in lines] == ["first", "second", "third"]
    assert (lines[2].level, lines[2].facts, lines[2].attempt) == ("error", {"n": 3}, 1)


def test_planned_commits_are_kept_until_the_publish_is_done(
    running: GenerationRun,
) -> None:
    repository = stage(running.directory, running)
    planned = PlannedCommit(
        old=None, new=repository.head(f"{staged_refs(running.pk)}1")
    )

    say(running, PublishBegin(commits={"data": planned}))
    assert running.planned_commits == {"data": planned.model_dump(mode="json")}

    say(running, PublishDone())
    assert running.planned_commits is None


@pytest.mark.parametrize(
    "command",
    [
        COUNTS,
        UpdateGenerateStatus(status=GenerateStatus.GENERATING, step="merge", percent=9),
        UpdateLastPullRequest(branch="update", title="Update"),
        RecordGenerationStart(started_at=NOON),
        UpdateGenerationHistory(items=ItemCounts(total=1), report=Report()),
        PublishBegin(commits={"list": PlannedCommit(old="b" * 40, new=None)}),
        PublishDone(),
    ],
    ids=lambda command: command.action,
)
def test_command_may_be_repeated(running: GenerationRun, command: Command) -> None:
    def stored() -> dict[str, Any]:
        state = row(running)
        state["lease_expires_at"] = state["directory"]["updated_at"] = None
        return state

    say(running, command)
    once = stored()
    say(running, command)

    assert stored() == once


# --- the signal


class Listener:
    """Keeps what the signal says, and whether a transaction was open just then."""

    def __init__(self) -> None:
        self.heard: list[tuple[Any, Any]] = []
        self.in_transaction: list[bool] = []

    def __call__(self, *, run_id: Any, outcome: Any, **others: Any) -> None:
        self.heard.append((run_id, outcome))
        self.in_transaction.append(connection.in_atomic_block)


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    generation_completed.connect(listener)
    yield listener
    generation_completed.disconnect(listener)


def test_completion_is_announced_when_it_is_committed(
    running: GenerationRun,
    listener: Listener,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        say(running, FINISH, EmitGenerationCompleted(outcome=Outcome.SUCCEEDED))
        assert listener.heard == []

    assert listener.heard == [(running.pk, Outcome.SUCCEEDED)]


@pytest.mark.django_db(transaction=True)
def test_announcement_comes_after_the_transaction(
    running: GenerationRun, listener: Listener
) -> None:
    say(running, FINISH, EmitGenerationCompleted(outcome=Outcome.SUCCEEDED))

    assert listener.heard == [(running.pk, Outcome.SUCCEEDED)]
    assert listener.in_transaction == [False]


@pytest.mark.django_db(transaction=True)
def test_batch_that_is_refused_announces_nothing(
    running: GenerationRun, listener: Listener
) -> None:
    with pytest.raises(StaleAttempt):
        say(
            running,
            EmitGenerationCompleted(outcome=Outcome.SUCCEEDED),
            Claim(worker="host:1"),
        )

    assert listener.heard == []


def test_log_of_another_run_is_not_touched(running: GenerationRun) -> None:
    say(running, AppendLog(message="mine"), FINISH)
    other = start(running.directory)
    claim(other)

    say(other, AppendLog(message="other"))

    assert [line.message for line in running.log.all()] == ["mine"]
