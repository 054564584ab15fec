"""Starting a run, giving up a lost one, and what a run is told."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from knox.models import AuthToken
from pydantic import BaseModel
from pytest_django.fixtures import Settings

from directories.exceptions import (
    DocumentNotFound,
    RunActive,
    RunNotFound,
    StaleAttempt,
)
from directories.models import Directory, GenerationRun, RunState, SourceDocument
from directories.services import attempts, contexts, execution, runs, workers
from directories.services.directories import create_directory, store_documents
from generation.contract.commands import (
    Heartbeat,
    Outcome,
    RecordAttemptFailure,
    RecordGenerationFinish,
    UpdateGenerateStatus,
)
from generation.contract.context import (
    DirectoryContext,
    Identity,
    ProposalTarget,
    RunContext,
)
from generation.contract.hello import Hello
from generation.dispatch import queue_key as key
from generation.exceptions import NothingFound, RunCancelled, RunRefused
from generation.git import Repository
from generation.journal import Progress
from generation.publish import KINDS, repository_path
from tests.directories.makers import WITHOUT_ITEMS, ask, claim, document, say, start
from tests.fakes import NOON


def age(run: GenerationRun, seconds: float) -> None:
    """Let the run be so old, and so long silent if it is running."""
    then = timezone.now() - timedelta(seconds=seconds)
    lease = timedelta(seconds=90)
    GenerationRun.objects.filter(pk=run.pk).update(
        created_at=then, lease_expires_at=then + lease if run.lease_expires_at else None
    )
    run.refresh_from_db()


def over(run: GenerationRun, outcome: Outcome = Outcome.SUCCEEDED) -> None:
    say(run, RecordGenerationFinish(finished_at=NOON, outcome=outcome))


# --- start


def test_started_run_waits_with_its_request(directory: Directory) -> None:
    run = start(directory, prompt="clocks")

    directory.refresh_from_db()
    assert (run.state, run.attempt, run.clock) == (RunState.QUEUED, 0, None)
    assert run.request["prompt"] == "clocks"
    assert directory.request is None, "the run has read nothing yet"
    assert run.triggered_by == directory.owner


def test_clock_may_be_fixed(directory: Directory) -> None:
    clock = datetime(2020, 1, 1, tzinfo=UTC)
    request = ask(directory)

    run = runs.start(
        directory,
        request,
        trigger=GenerationRun.Trigger.COMMAND,
        user=None,
        clock=clock,
    )
    claim(run)

    assert contexts.context_of(run.pk).clock == clock


@pytest.mark.parametrize(
    ("is_claimed", "where"), [(False, "waiting"), (True, "40 % done")]
)
def test_second_run_is_refused_naming_the_active_one(
    queued: GenerationRun, is_claimed: bool, where: str
) -> None:
    if is_claimed:
        claim(queued)
        say(queued, UpdateGenerateStatus(status="generating", percent=40))

    with pytest.raises(RunActive, match=where) as refused:
        start(queued.directory)

    assert str(queued.pk) in str(refused.value)
    assert refused.value.extensions == {"run": str(queued.pk)}


def test_refused_run_leaves_nothing_behind(queued: GenerationRun) -> None:
    directory = queued.directory
    before = queued.request
    other = document("- [Other](https://example.org/other)\n", "other.md")

    with pytest.raises(RunActive):
        runs.start(
            directory,
            ask(directory, other).model_copy(update={"prompt": "another"}),
            trigger=GenerationRun.Trigger.API,
            user=None,
            documents=[document("- [Third](https://example.org/third)\n", "third.md")],
        )

    assert not directory.documents.filter(name="third.md").exists()
    assert directory.runs.get() == queued
    queued.refresh_from_db()
    assert queued.request == before


@pytest.mark.parametrize("outcome", Outcome)
def test_directory_is_started_again_when_its_run_is_over(
    running: GenerationRun, outcome: Outcome
) -> None:
    over(running, outcome)

    again = start(running.directory)

    assert again.state == RunState.QUEUED
    assert running.directory.runs.count() == 2


@pytest.mark.django_db(transaction=True)
def test_one_of_eight_threads_starts_a_run(directory: Directory) -> None:
    together = threading.Barrier(8)

    def try_to_start(_: int) -> str | None:
        together.wait(timeout=30)
        try:
            return str(start(directory).pk)
        except RunActive:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        started = [run for run in threads.map(try_to_start, range(8)) if run]

    assert [str(run.pk) for run in directory.runs.all()] == started


# --- lost runs


def test_silent_run_is_given_up(running: GenerationRun) -> None:
    age(running, seconds=91)

    again = start(running.directory)

    running.refresh_from_db()
    assert again.state == RunState.QUEUED
    assert (running.state, running.error) == (RunState.FAILED, attempts.LOST)
    assert running.finished_at is not None
    (attempt,) = running.attempts.all()
    assert (attempt.outcome, attempt.reason) == ("failed", attempts.LOST)


def test_silent_run_marks_its_directory(running: GenerationRun) -> None:
    age(running, seconds=91)

    runs.give_up_lost_runs(running.directory)

    running.directory.refresh_from_db()
    assert running.directory.generate_status == "error"
    assert running.directory.generation_finished_at is not None


def test_run_that_was_given_up_hears_nothing_more(running: GenerationRun) -> None:
    age(running, seconds=91)
    runs.give_up_lost_runs(running.directory)

    with pytest.raises(StaleAttempt, match="the run is failed"):
        say(running, Heartbeat(), attempt=1)

    with pytest.raises(StaleAttempt):
        claim(running)


def test_run_within_its_lease_is_not_given_up(running: GenerationRun) -> None:
    age(running, seconds=80)

    with pytest.raises(RunActive):
        start(running.directory)

    running.refresh_from_db()
    assert running.state == RunState.RUNNING


def test_lease_is_a_setting(queued: GenerationRun, settings: Settings) -> None:
    settings.RUN_LEASE_SECONDS = 5
    before = timezone.now()

    lease = claim(queued).lease_expires_at - before

    assert timedelta(seconds=4) < lease < timedelta(seconds=60)


def test_queued_run_that_nobody_claims_is_given_up(queued: GenerationRun) -> None:
    age(queued, seconds=91)

    again = start(queued.directory)

    queued.refresh_from_db()
    assert again.state == RunState.QUEUED
    assert (queued.state, queued.error) == (RunState.FAILED, runs.UNCLAIMED)


def test_fresh_queued_run_is_not_given_up(queued: GenerationRun) -> None:
    age(queued, seconds=80)

    with pytest.raises(RunActive):
        start(queued.directory)


def test_run_that_waits_in_a_queue_is_not_given_up(queued: GenerationRun) -> None:
    age(queued, seconds=3600)
    GenerationRun.objects.filter(pk=queued.pk).update(dispatched_at=timezone.now())

    with pytest.raises(RunActive):
        start(queued.directory)


def test_queued_run_is_given_up_sooner_where_nobody_takes_messages(
    queued: GenerationRun, settings: Settings
) -> None:
    settings.TRIGGER_ENABLED = True
    settings.TRIGGER_SECRET_KEY = "the key of the queue, of 32 bytes at least"
    hello = Hello(host="kiln", pid=7, queue=settings.TRIGGER_MACHINE, queue_key=key())
    workers.greet(hello)
    two_minutes_ago = timezone.now() - timedelta(minutes=2)
    GenerationRun.objects.filter(pk=queued.pk).update(dispatched_at=two_minutes_ago)

    with pytest.raises(RunActive):
        start(queued.directory)

    workers.greet(hello.model_copy(update={"is_leaving": True}))
    start(queued.directory)
    queued.refresh_from_db()
    assert (queued.state, queued.error) == (RunState.FAILED, runs.UNCLAIMED)


@pytest.mark.parametrize("is_dispatched", [True, False])
def test_run_that_waits_for_a_time_is_not_given_up(
    running: GenerationRun, is_dispatched: bool
) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    running.dispatched_at = long_ago if is_dispatched else None
    running.save(update_fields=["dispatched_at"])
    say(running, RecordAttemptFailure(reason="too many requests", retry_after=60))
    age(running, seconds=3600)

    with pytest.raises(RunActive):
        start(running.directory)

    GenerationRun.objects.filter(pk=running.pk).update(not_before=long_ago)
    start(running.directory)
    running.refresh_from_db()
    assert running.state == RunState.FAILED


def test_lost_run_of_another_directory_is_left_alone(
    running: GenerationRun, stranger: User
) -> None:
    age(running, seconds=91)
    other = create_directory(owner=stranger, slug="watches", name="Watches")

    start(other)

    running.refresh_from_db()
    assert running.state == RunState.RUNNING


# --- running here


def test_run_in_process_writes_three_repositories(
    directory: Directory, git_root: Path
) -> None:
    run = start(directory)

    report = execution.execute(run)

    run.refresh_from_db()
    heads = {
        kind: Repository(
            repository_path(git_root, namespace="ada", slug="clocks", kind=kind)
        ).head()
        for kind in KINDS
    }
    assert run.state == RunState.SUCCEEDED
    assert None not in heads.values()
    assert heads == {k: r.commit for k, r in report.repositories.items()}


def test_run_again_may_not_remove_what_the_old_one_might(
    directory: Directory, git_root: Path
) -> None:
    old = start(directory, allow_removals=True, generation_method="recreate")
    execution.execute(old)

    new = runs.again(old, trigger=GenerationRun.Trigger.COMMAND, user=None)

    assert old.request["allow_removals"] is True
    assert new.request == {**old.request, "allow_removals": False}


def test_run_without_any_item_fails_with_its_reason(directory: Directory) -> None:
    ask(directory, document(WITHOUT_ITEMS))
    run = runs.start(
        directory,
        ask(directory, document(WITHOUT_ITEMS)),
        trigger=GenerationRun.Trigger.API,
        user=None,
    )

    with pytest.raises(NothingFound) as failed:
        execution.execute(run)

    run.refresh_from_db()
    directory.refresh_from_db()
    assert (run.state, run.error) == (RunState.FAILED, str(failed.value))
    assert directory.generate_status == "error"


def test_caller_who_only_wants_the_end_reads_it_in_the_row(
    directory: Directory, git_root: Path
) -> None:
    run = runs.start(
        directory,
        ask(directory, document(WITHOUT_ITEMS)),
        trigger=GenerationRun.Trigger.API,
        user=None,
    )

    execution.run_here(run)

    assert run.state == RunState.FAILED
    assert run.error
    assert not git_root.exists()


def test_mistake_of_ours_fails_the_run_without_its_details(
    queued: GenerationRun,
) -> None:
    # A request that this version of the contract no longer understands.
    GenerationRun.objects.filter(pk=queued.pk).update(request={"name": "Clocks"})

    execution.run_here(queued)

    assert queued.state == RunState.FAILED
    assert queued.error.startswith("something went wrong on our side")


def test_run_that_could_not_begin_is_over(
    queued: GenerationRun, settings: Settings
) -> None:
    settings.FETCH_ALLOWED_NETWORKS = ("nonsense",)

    execution.run_here(queued)

    assert (queued.state, queued.error) == (RunState.CANCELLED, execution.STOPPED)
    assert queued.directory.runs.active().count() == 0


def test_run_that_is_interrupted_on_its_way_is_over(queued: GenerationRun) -> None:
    def interrupt(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(RunCancelled):
        execution.execute(queued, listen=interrupt)

    queued.refresh_from_db()
    (attempt,) = queued.attempts.all()
    assert queued.state == RunState.CANCELLED
    assert attempt.finished_at is not None
    assert attempt.outcome == "cancelled"


def test_run_that_is_interrupted_after_its_claim_is_over(
    queued: GenerationRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(run_id: UUID) -> RunContext:
        raise SystemExit

    # Where a signal may arrive although no listener is called.
    monkeypatch.setattr("generation.orchestrator.finish", lambda *a, **b: None)
    monkeypatch.setattr(contexts, "context_of", interrupt)

    with pytest.raises(SystemExit):
        execution.execute(queued)

    queued.refresh_from_db()
    (attempt,) = queued.attempts.all()
    assert (queued.state, queued.error) == (RunState.CANCELLED, execution.STOPPED)
    assert (attempt.outcome, attempt.reason) == ("cancelled", execution.STOPPED)


# --- what a run is told


def test_context_says_what_a_run_needs(running: GenerationRun) -> None:
    context = contexts.context_of(running.pk)

    assert (context.run_id, context.attempt) == (running.pk, 1)
    assert context.clock == running.clock
    assert context.directory == DirectoryContext(
        id=running.directory_id, namespace="ada", slug="clocks", name="Clocks"
    )
    assert context.committer == Identity(name="ada", email="ada@example.org")
    assert context.request.model_dump(mode="json") == running.request


FIELDS: dict[type[BaseModel], set[str]] = {
    RunContext: {
        "run_id",
        "attempt",
        "clock",
        "directory",
        "committer",
        "request",
        "previous_prompt",
        "has_checkpoint",
        "planned_commits",
        "report",
        "proposal",
        "warnings",
    },
    DirectoryContext: {"id", "namespace", "slug", "name", "description"},
    ProposalTarget: {"number", "branch", "heads"},
    Identity: {"name", "email"},
}


@pytest.mark.parametrize("part", FIELDS, ids=lambda part: part.__name__)
def test_fields_of_the_context_are_listed_one_by_one(part: type[BaseModel]) -> None:
    assert set(part.model_fields) == FIELDS[part]


def test_context_holds_nothing_secret(running: GenerationRun, owner: User) -> None:
    token, secret = AuthToken.objects.create(user=owner)

    told = contexts.context_of(running.pk).model_dump_json()

    for hidden in (
        owner.password,
        owner.password.rpartition("$")[2],
        token.digest,
        token.token_key,
        secret,
        "password",
    ):
        assert hidden
        assert hidden not in told


def test_committer_without_an_address_gets_one_that_leads_nowhere(
    owner: User,
) -> None:
    owner.email, owner.first_name, owner.last_name = "", "Ada", "Lovelace"

    assert contexts.committer_of(owner) == Identity(
        name="Ada Lovelace", email="ada@users.noreply.invalid"
    )


def test_previous_prompt_is_that_of_the_last_run_that_succeeded(
    directory: Directory,
) -> None:
    prompts: list[tuple[str, Outcome]] = [
        ("first", Outcome.SUCCEEDED),
        ("second", Outcome.SUCCEEDED),
        ("third", Outcome.FAILED),
    ]
    told = []
    for prompt, outcome in prompts:
        run = start(directory, prompt=prompt)
        claim(run)
        told.append(contexts.context_of(run.pk).previous_prompt)
        over(run, outcome)
    last = start(directory, prompt="fourth")
    claim(last)

    told.append(contexts.context_of(last.pk).previous_prompt)

    assert told == ["", "first", "second", "second"]


def test_context_of_an_unknown_run_is_refused(db: None) -> None:
    unknown = uuid4()

    with pytest.raises(RunNotFound, match=f"there is no run {unknown}"):
        contexts.context_of(unknown)


def test_document_is_read_back_byte_for_byte(directory: Directory) -> None:
    given = document("\ufeff- [Ünïcode](https://example.org)\r\n")
    store_documents(directory, [given])

    assert contexts.document_of(directory.pk, given.reference().sha256) == given.content


def test_document_of_another_directory_is_not_there(
    directory: Directory, stranger: User
) -> None:
    other = create_directory(owner=stranger, slug="watches", name="Watches")
    store_documents(other, [document()])
    sha256 = SourceDocument.objects.get().sha256

    with pytest.raises(DocumentNotFound, match=sha256):
        contexts.document_of(directory.pk, sha256)


def test_run_that_another_process_holds_is_not_executed(
    running: GenerationRun,
) -> None:
    with pytest.raises(RunRefused, match="the run is running and not to be had"):
        execution.execute(running)
