"""What a sweep takes up, hands over, makes and clears away; and what it leaves alone."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from directories.exceptions import StaleAttempt
from directories.models import GenerationRun, RunState
from directories.operations import DatabaseDirectoryOperations
from directories.services import attempts, checkpoints, runs, sweeping
from directories.services.directories import create_directory
from directories.tasks import sweep as scheduled_sweep
from generation.contract.commands import (
    EmitGenerationCompleted,
    Heartbeat,
    Outcome,
    PlannedCommit,
    PublishBegin,
    RecordAttemptFailure,
    RecordGenerationFinish,
    RepositoryKind,
)
from generation.exceptions import CannotDispatch, SourcesBusy
from generation.git import MAIN, Commit, Repository
from generation.outcomes import fail_for_now
from generation.publish import KINDS, staged_refs
from tests.directories.makers import claim, say, stage, start
from tests.fakes import NOON

# Runs are handed over when their rows are committed.
pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)


def change(run: GenerationRun, **fields: object) -> None:
    GenerationRun.objects.filter(pk=run.pk).update(**fields)
    run.refresh_from_db()


def silence(run: GenerationRun) -> None:
    """Let the lease of a run be over."""
    change(run, lease_expires_at=timezone.now() - timedelta(seconds=1))


class Queue:
    """What was put on the queue, and how much of it is still there."""

    def __init__(self) -> None:
        self.sent: list[GenerationRun] = []
        self.size: int | None = 0
        self.away = ""

    def enqueue(self, run_id: UUID) -> None:
        if self.away:
            raise CannotDispatch(self.away)
        self.sent.append(GenerationRun.objects.get(pk=run_id))


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    # In front of the broker, which the engine's tests have.
    queue = Queue()
    monkeypatch.setattr("generation.dispatch.enqueue", queue.enqueue)
    monkeypatch.setattr("generation.dispatch.queue_size", lambda: queue.size)
    monkeypatch.setattr("directories.services.queueing.why_in_process", lambda: "")
    return queue


# --- lost runs


def test_silent_run_is_put_back_and_handed_over(
    running: GenerationRun, queue: Queue
) -> None:
    change(running, dispatched_at=timezone.now())
    silence(running)

    swept = sweeping.sweep()

    running.refresh_from_db()
    (attempt,) = running.attempts.all()
    assert (swept.lost, running.state) == (1, RunState.QUEUED)
    assert (attempt.outcome, attempt.reason) == ("failed", attempts.LOST)
    assert [run.pk for run in queue.sent] == [running.pk]
    assert claim(running).attempt == 2


def test_run_that_speaks_is_left_alone(running: GenerationRun, queue: Queue) -> None:
    swept = sweeping.sweep()

    running.refresh_from_db()
    assert (swept.lost, running.state, queue.sent) == (0, RunState.RUNNING, [])


def test_third_lost_attempt_ends_the_run_with_its_reasons(
    running: GenerationRun, queue: Queue
) -> None:
    say(running, RecordAttemptFailure(reason="no memory left"))
    claim(running)
    silence(running)
    sweeping.sweep()
    claim(running)
    silence(running)

    sweeping.sweep()

    running.refresh_from_db()
    assert (running.state, running.attempt) == (RunState.FAILED, 3)
    assert running.error == (
        f"attempt 1: no memory left; attempt 2: {attempts.LOST}; "
        f"attempt 3: {attempts.LOST}"
    )
    running.directory.refresh_from_db()
    assert running.directory.generate_status == "error"


def test_lost_run_that_was_cancelled_is_over(
    running: GenerationRun, queue: Queue
) -> None:
    runs.cancel(running, by="ada")
    silence(running)

    sweeping.sweep()

    running.refresh_from_db()
    running.directory.refresh_from_db()
    assert running.state == RunState.CANCELLED
    assert running.directory.generate_status == "cancelled"
    assert queue.sent == []


def test_zombie_is_refused_and_changes_nothing(
    running: GenerationRun, queue: Queue
) -> None:
    silence(running)
    sweeping.sweep()
    claim(running)

    with pytest.raises(StaleAttempt):
        say(running, Heartbeat(), attempt=1)
    with pytest.raises(StaleAttempt):
        checkpoints.save(running.pk, b"stale", attempt=1)

    assert checkpoints.load(running.pk) is None


# --- waiting runs


def test_failed_attempt_is_handed_over_at_once(
    running: GenerationRun, queue: Queue
) -> None:
    change(running, dispatched_at=timezone.now())

    reply = say(running, RecordAttemptFailure(reason="somebody pushed"))

    assert (reply.retry_in, running.state) == (0, RunState.QUEUED)
    assert len(queue.sent) == 1
    assert sweeping.sweep().handed_over == 0


def test_attempt_that_has_to_wait_is_not_begun_before(
    running: GenerationRun, queue: Queue
) -> None:
    change(running, dispatched_at=timezone.now())
    say(running, RecordAttemptFailure(reason="too many requests", retry_after=600))

    assert sweeping.sweep().handed_over == 0
    change(running, not_before=timezone.now() - timedelta(seconds=1))

    assert sweeping.sweep().handed_over == 1


def test_nobody_waits_long_for_a_run_in_process(running: GenerationRun) -> None:
    reply = say(running, RecordAttemptFailure(reason="come back later", retry_after=61))

    assert (reply.retry_in, running.state) == (None, RunState.FAILED)
    assert running.error == "come back later"


@pytest.mark.parametrize(
    ("waited", "size", "handed_over"),
    [(30, 0, 0), (90, 0, 1), (90, 4, 0), (700, 4, 1), (90, None, 0)],
)
def test_message_that_is_lost_is_sent_again(
    queued: GenerationRun,
    queue: Queue,
    waited: int,
    size: int | None,
    handed_over: int,
) -> None:
    then = timezone.now() - timedelta(seconds=waited)
    change(queued, dispatched_at=then, unclaimed=1)
    queue.size = size

    assert sweeping.sweep().handed_over == handed_over
    assert sweeping.sweep().handed_over == 0


def test_message_that_nobody_takes_is_as_good_as_lost(
    queued: GenerationRun, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue still has it: its cluster was killed, and there is no other."""
    monkeypatch.setattr(
        "directories.services.queueing.why_in_process", lambda: "no worker"
    )
    queue.size = 1
    made = []
    for waited in (30, 90):
        then = timezone.now() - timedelta(seconds=waited)
        change(queued, dispatched_at=then, unclaimed=1)
        made.append(sweeping.sweep(makes_here=True).made_here)

    assert made == [0, 1]
    queued.refresh_from_db()
    assert (queued.state, queue.sent) == (RunState.SUCCEEDED, [])


def test_run_that_nobody_ever_begins_is_given_up(
    queued: GenerationRun, queue: Queue
) -> None:
    change(queued, dispatched_at=timezone.now() - HOUR, unclaimed=5)

    sweeping.sweep()

    queued.refresh_from_db()
    assert (queued.state, queued.error) == (RunState.FAILED, runs.UNCLAIMED)


def test_run_is_not_given_up_while_workers_are_busy(
    queued: GenerationRun, queue: Queue, owner: User
) -> None:
    other = create_directory(owner=owner, slug="dials", name="Dials")
    busy = start(other)
    claim(busy)
    change(busy, dispatched_at=timezone.now())
    change(queued, dispatched_at=timezone.now() - HOUR, unclaimed=5)

    sweeping.sweep()

    assert [run.pk for run in queue.sent] == [queued.pk]
    silence(busy)
    change(queued, dispatched_at=timezone.now() - HOUR)
    queue.away = "no worker"
    sweeping.sweep()
    queued.refresh_from_db()
    assert queued.state == RunState.FAILED


def test_run_that_sources_keep_waiting_is_not_waited_for_here(
    queued: GenerationRun, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(ops: DatabaseDirectoryOperations, *_: object, **__: object) -> None:
        ops.claim("here")
        raise fail_for_now(ops, SourcesBusy("too many requests", retry_after=3600))

    monkeypatch.setattr("generation.orchestrator.generate", fail)
    change(queued, dispatched_at=timezone.now() - HOUR, unclaimed=1)
    queue.away = "no worker"

    assert sweeping.sweep(makes_here=True).made_here == 1

    queued.refresh_from_db()
    assert queued.state == RunState.QUEUED
    assert queued.not_before is not None
    assert queued.not_before > timezone.now() + HOUR / 2


def test_run_in_process_is_left_to_its_process(
    queued: GenerationRun, queue: Queue, settings: Settings
) -> None:
    assert sweeping.sweep().handed_over == 0

    lease = timedelta(seconds=settings.RUN_LEASE_SECONDS + 1)
    change(queued, created_at=timezone.now() - lease)

    assert sweeping.sweep().handed_over == 1


def test_run_waits_where_nobody_takes_it(queued: GenerationRun, queue: Queue) -> None:
    change(queued, created_at=timezone.now() - HOUR)
    queue.away = "no worker"

    assert sweeping.sweep().waiting == 1
    queued.refresh_from_db()
    assert (queued.state, queued.dispatched_at, queued.unclaimed) == ("queued", None, 0)


def test_run_that_nobody_takes_is_made_here(
    queued: GenerationRun, queue: Queue
) -> None:
    change(queued, created_at=timezone.now() - HOUR)
    queue.away = "no worker"

    assert sweeping.sweep(makes_here=True).made_here == 1

    queued.refresh_from_db()
    assert queued.state == RunState.SUCCEEDED


# --- several at once


def at_once(count: int) -> list[sweeping.Swept]:
    barrier = threading.Barrier(count)

    def one(number: int) -> sweeping.Swept:
        barrier.wait()
        try:
            return sweeping.sweep()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_two_sweeps_do_each_thing_once(running: GenerationRun, queue: Queue) -> None:
    change(running, dispatched_at=timezone.now())
    silence(running)

    swept = at_once(2)

    assert sum(one.lost for one in swept) == 1
    assert len(queue.sent) == 1
    assert running.attempts.count() == 1


def test_sweep_between_a_failure_and_its_message_hands_over_once(
    running: GenerationRun, queue: Queue
) -> None:
    change(running, dispatched_at=timezone.now())

    with transaction.atomic():
        transaction.on_commit(sweeping.sweep)
        say(running, RecordAttemptFailure(reason="somebody pushed"))

    assert len(queue.sent) == 1


# --- clearing away


def test_ended_run_is_cleared_away_after_once(
    running: GenerationRun, queue: Queue
) -> None:
    repository = stage(running.directory, running)
    finish = RecordGenerationFinish(finished_at=NOON, outcome=Outcome.FAILED, error="x")
    say(running, finish)

    assert sweeping.sweep().tidied == 1

    assert not repository.exists()
    assert sweeping.sweep().tidied == 0


def publish(
    running: GenerationRun, *kinds: RepositoryKind
) -> dict[RepositoryKind, Repository]:
    """Plan a commit in each repository, and move `main` of some of them to it."""
    repositories: dict[RepositoryKind, Repository] = {}
    planned: dict[RepositoryKind, PlannedCommit] = {}
    for kind in KINDS:
        repository = stage(running.directory, running, kind=kind)
        new = repository.head(f"{staged_refs(running.pk)}1")
        planned[kind] = PlannedCommit(old=None, new=new)
        repositories[kind] = repository
    say(running, PublishBegin(commits=planned))
    for kind in kinds:
        repositories[kind].move(MAIN, new=planned[kind].new, old=None)
    return repositories


def test_what_was_half_published_is_taken_back(
    running: GenerationRun, queue: Queue
) -> None:
    repositories = publish(running, "data", "list")
    finish = RecordGenerationFinish(finished_at=NOON, outcome=Outcome.FAILED, error="x")
    say(running, finish)

    sweeping.sweep()

    assert not any(repository.exists() for repository in repositories.values())
    assert "taken back" in running.log.latest("pk").message


def test_what_was_published_whole_stays(running: GenerationRun, queue: Queue) -> None:
    repositories = publish(running, *KINDS)
    finish = RecordGenerationFinish(finished_at=NOON, outcome=Outcome.FAILED, error="x")
    say(running, finish)

    sweeping.sweep()

    assert all([*r.refs()] == [MAIN] for r in repositories.values())
    assert not running.log.exists()


def test_what_a_person_has_built_on_is_not_taken_back(
    running: GenerationRun, queue: Queue
) -> None:
    repositories = publish(running, "data")
    data = repositories["data"]
    by_hand = Commit(
        data.head(), "By hand", "Eve", "e@example.org", NOON, {"b": b"2"}, ()
    )
    theirs = data.write(by_hand, ref="refs/eve/main")
    data.move(MAIN, new=theirs, old=data.head())
    finish = RecordGenerationFinish(finished_at=NOON, outcome=Outcome.FAILED, error="x")
    say(running, finish)

    sweeping.sweep()

    assert data.head() == theirs


def test_what_a_later_run_has_completed_is_not_taken_back(
    running: GenerationRun, queue: Queue
) -> None:
    repositories = publish(running, "data")
    for kind in ("list", "website"):
        later = Commit(None, "Later", "Ada", "a@example.org", NOON, {"b": b"2"}, ())
        new = repositories[kind].write(later, ref="refs/later/1")
        repositories[kind].move(MAIN, new=new, old=None)
    finish = RecordGenerationFinish(finished_at=NOON, outcome=Outcome.FAILED, error="x")
    say(running, finish)

    sweeping.sweep()

    assert all(repository.head() for repository in repositories.values())


def test_run_that_is_given_up_publishes_nothing_any_more(
    running: GenerationRun,
) -> None:
    repository = stage(running.directory, running)
    staged = repository.refs()
    repository.move(MAIN, new=next(iter(staged.values())), old=None)
    silence(running)

    start(running.directory)

    assert [*repository.refs()] == [MAIN]


def test_nothing_is_cleared_away_while_another_run_writes(
    running: GenerationRun, queue: Queue
) -> None:
    finish = RecordGenerationFinish(finished_at=NOON, outcome=Outcome.FAILED, error="x")
    say(running, finish)
    repository = stage(running.directory, running)
    other = start(running.directory)
    claim(other)

    assert sweeping.sweep().tidied == 0

    assert repository.refs()


def test_copy_of_a_killed_adoption_goes_after_a_day(
    queue: Queue, git_root: Path
) -> None:
    for name, hours in {".adopting-old": 25, ".adopting-new": 1, "ada": 25}.items():
        Repository(git_root / name / "data.git").create()
        then = time.time() - hours * 3600
        os.utime(git_root / name, (then, then))

    sweeping.sweep()

    assert {path.name for path in git_root.iterdir()} == {".adopting-new", "ada"}


def test_checkpoint_goes_when_the_run_ends_well(
    running: GenerationRun, settings: Settings
) -> None:
    checkpoints.save(running.pk, b"draft", attempt=1)
    assert checkpoints.load(running.pk) == b"draft"
    say(
        running,
        RecordGenerationFinish(finished_at=NOON, outcome=Outcome.SUCCEEDED),
        EmitGenerationCompleted(outcome=Outcome.SUCCEEDED),
    )

    assert checkpoints.load(running.pk) is None


def test_old_checkpoints_and_halves_are_forgotten(
    running: GenerationRun, settings: Settings
) -> None:
    checkpoints.save(running.pk, b"draft", attempt=1)
    root = Path(settings.CHECKPOINT_ROOT)
    half = root / "half.1.2.part"
    half.write_bytes(b"")
    day = time.time() - 86_400
    os.utime(half, (day, day))
    os.utime(root / str(running.pk), (day, day))

    sweeping.sweep()
    assert [path.name for path in root.iterdir()] == [str(running.pk)]

    os.utime(root / str(running.pk), (day - 7 * 86_400,) * 2)
    sweeping.sweep()
    assert list(root.iterdir()) == []


def test_schedule_sweeps(running: GenerationRun, queue: Queue) -> None:
    silence(running)

    assert scheduled_sweep()["lost"] == 1


def test_retry_begins_with_what_was_put_away(
    running: GenerationRun, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints.save(running.pk, b"draft", attempt=1)
    finish = RecordGenerationFinish(finished_at=NOON, outcome=Outcome.FAILED, error="x")
    say(running, finish)
    seen: list[bytes | None] = []
    monkeypatch.setattr(
        "directories.services.execution.dispatch",
        lambda run: seen.append(checkpoints.load(run.pk)),
    )

    new = runs.retry(running, trigger=GenerationRun.Trigger.API, user=None)

    assert seen == [b"draft"]
    assert (new.clock, new.request) == (running.clock, running.request)
