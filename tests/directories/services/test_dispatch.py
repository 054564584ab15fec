"""A run is handed to a worker, or made here with the reason: nobody waits for nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from django_q.conf import Conf
from django_q.core_signing import BadSignature
from django_q.models import OrmQ
from django_q.signing import SignedPackage
from pytest_django.fixtures import Settings
from structlog.testing import capture_logs

from config.env import CHECKOUT, Environment
from directories.models import Directory, GenerationRun, RunState, Worker
from directories.operations import DatabaseDirectoryOperations
from directories.services import runs, workers
from generation import dispatch
from generation.contract.commands import RecordAttemptFailure
from generation.contract.hello import Hello
from generation.exceptions import CannotDispatch
from tests.directories.makers import WITHOUT_ITEMS, ask, document, start

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "the key of the queue, which is not Django's"


@pytest.fixture(autouse=True)
def with_a_queue(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.TRIGGER_ENABLED = True
    settings.TRIGGER_SECRET_KEY = KEY
    # Django-Q2 reads its settings when it is imported: later ones do not reach it.
    monkeypatch.setattr(Conf, "SECRET_KEY", KEY)


def greet(**changes: Any) -> None:
    """Let a worker be there that serves our queue with our key, but for the changes."""
    told = {
        "host": "worker",
        "pid": 1,
        "queue": "gazetteer",
        "queue_key": dispatch.queue_key(),
    }
    workers.greet(Hello(**{**told, **changes}))


def launch(directory: Directory, text: str = "") -> GenerationRun:
    documents = [document(text)] if text else []
    return runs.launch(
        directory,
        ask(directory, *documents),
        trigger=GenerationRun.Trigger.API,
        user=directory.owner,
    )


# --- handed over


def test_run_waits_for_a_worker_that_is_alive(
    directory: Directory, git_root: Path
) -> None:
    greet()
    before = timezone.now()

    run = launch(directory)

    assert (run.state, run.attempt) == (RunState.QUEUED, 0)
    assert run.dispatched_at is not None
    assert before - timedelta(seconds=1) <= run.dispatched_at <= timezone.now()
    assert run.fell_back_because == run.ran_on == ""
    assert not git_root.exists()


def test_message_holds_the_run_and_is_signed_with_the_key_of_the_queue(
    directory: Directory, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    greet()

    run = launch(directory)

    (message,) = OrmQ.objects.all()
    task = SignedPackage.loads(message.payload)
    assert (task["func"], task["args"], task["kwargs"]) == (
        dispatch.TASK,
        ({"v": 1, "run_id": str(run.pk)},),
        {},
    )
    for key in ("another key", settings.SECRET_KEY):
        monkeypatch.setattr(Conf, "SECRET_KEY", key)
        with pytest.raises(BadSignature):
            SignedPackage.loads(message.payload)


def test_worker_finds_the_run_when_it_has_the_message(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    greet()
    seen: list[tuple[bool, bool]] = []
    enqueue = dispatch.enqueue

    def look(run_id: Any) -> None:
        row = GenerationRun.objects.get(pk=run_id)
        is_committed = not transaction.get_connection().in_atomic_block
        seen.append((is_committed, row.dispatched_at is not None))
        enqueue(run_id)

    monkeypatch.setattr(dispatch, "enqueue", look)

    launch(directory)

    assert seen == [(True, True)]


def test_nothing_is_handed_over_when_the_transaction_rolls_back(
    directory: Directory, git_root: Path
) -> None:
    greet()

    with transaction.atomic():
        launch(directory)
        transaction.set_rollback(True)

    assert not OrmQ.objects.exists()
    assert not GenerationRun.objects.exists()
    assert not git_root.exists()


def test_nothing_is_handed_over_before_the_transaction_ends(
    directory: Directory,
) -> None:
    greet()

    with transaction.atomic():
        launch(directory)
        assert not OrmQ.objects.exists()

    assert OrmQ.objects.count() == 1


# --- made here, and why


def fell_back(directory: Directory) -> str:
    """Launch a run that is to be made here, and say why that was."""
    run = launch(directory)

    assert run.state == RunState.SUCCEEDED
    assert run.dispatched_at is None
    assert run.ran_on.endswith(f":{os.getpid()}")
    assert not OrmQ.objects.exists()
    return run.fell_back_because


def test_disabled(directory: Directory, settings: Settings) -> None:
    settings.TRIGGER_ENABLED = False
    greet()

    assert fell_back(directory) == "TRIGGER_ENABLED is false"


def test_no_key(directory: Directory, settings: Settings) -> None:
    greet()
    settings.TRIGGER_SECRET_KEY = ""

    assert fell_back(directory) == "TRIGGER_SECRET_KEY is not set"


def test_no_worker(directory: Directory) -> None:
    assert fell_back(directory) == "no worker has been heard of in the last 150 seconds"


@pytest.mark.parametrize(("seconds", "is_alive"), [(151, False), (140, True)])
def test_worker_that_has_gone_silent(
    directory: Directory, seconds: int, is_alive: bool
) -> None:
    greet()
    Worker.objects.update(last_seen_at=timezone.now() - timedelta(seconds=seconds))

    run = launch(directory)

    assert (run.state == RunState.QUEUED) is is_alive
    assert ("150 seconds" in run.fell_back_because) is not is_alive


def holds(run: GenerationRun, worker: str, *, seconds: int) -> None:
    """Let a worker be in the middle of a run, with so much of its lease left."""
    GenerationRun.objects.filter(pk=run.pk).update(
        state=RunState.RUNNING,
        ran_on=worker,
        lease_expires_at=timezone.now() + timedelta(seconds=seconds),
    )


@pytest.mark.parametrize(
    ("name", "seconds", "is_alive"),
    [("worker:1", 60, True), ("worker:1", -1, False), ("worker:11", 60, False)],
    ids=["its run", "a run that it lost", "another's run"],
)
def test_run_is_a_sign_of_life(
    directory: Directory, name: str, seconds: int, is_alive: bool
) -> None:
    greet()
    Worker.objects.update(last_seen_at=timezone.now() - timedelta(hours=1))
    holds(start(directory), name, seconds=seconds)

    reason = workers.why_none(queue="gazetteer", queue_key=dispatch.queue_key())

    assert (reason == "") is is_alive


def test_worker_that_has_left(directory: Directory) -> None:
    greet()
    greet(is_leaving=True)

    assert fell_back(directory) == "no worker has been heard of in the last 150 seconds"


def test_worker_of_another_queue(directory: Directory) -> None:
    greet(queue="another")

    assert fell_back(directory) == (
        "no worker serves the queue 'gazetteer'; see TRIGGER_MACHINE"
    )


def test_worker_with_another_key(directory: Directory) -> None:
    greet(queue_key="00000000")

    assert fell_back(directory) == "the workers have another TRIGGER_SECRET_KEY"


def test_worker_with_another_key_does_not_hide_the_right_one(
    directory: Directory,
) -> None:
    greet(queue_key="00000000")
    greet(pid=2, queue="another")
    greet(pid=3)

    assert launch(directory).state == RunState.QUEUED


@pytest.mark.parametrize("is_enabled", [True, False])
def test_falling_back_is_warned_of_where_a_worker_was_to_make_it(
    directory: Directory, settings: Settings, is_enabled: bool
) -> None:
    settings.TRIGGER_ENABLED = is_enabled

    with capture_logs() as lines:
        run = launch(directory)

    warned = [line for line in lines if line["event"] == "run is made in process"]
    facts = [(line["log_level"], line["run"], line["reason"]) for line in warned]
    expected = ("warning", str(run.pk), run.fell_back_because)
    assert facts == ([expected] if is_enabled else [])


def test_run_that_fails_here_is_a_state_and_no_exception(directory: Directory) -> None:
    run = launch(directory, WITHOUT_ITEMS)

    assert run.state == RunState.FAILED
    assert run.error
    assert run.fell_back_because


# --- brokers that are not there

UseBroker = Callable[[int], None]


@pytest.fixture(scope="module")
def limits() -> str:
    """What our settings add to the address of a broker, read in a process of its own."""
    own = {name.upper() for name in Environment.model_fields}
    environment = {k: v for k, v in os.environ.items() if k not in own}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from config import settings; print(settings.Q_CLUSTER['redis'])",
        ],
        cwd=CHECKOUT,
        env=environment | {"TRIGGER_API_URL": "redis://host/0"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    url, _, query = done.stdout.strip().partition("?")
    assert url == "redis://host/0"
    assert "orm" not in done.stdout
    return query


@pytest.fixture
def use_broker(monkeypatch: pytest.MonkeyPatch, limits: str) -> UseBroker:
    def use(port: int) -> None:
        # As above: settings come too late, so that the tests set what was read of them.
        monkeypatch.setattr(Conf, "BROKER_CLASS", None)
        monkeypatch.setattr(Conf, "ORM", None)
        monkeypatch.setattr(Conf, "REDIS", f"redis://127.0.0.1:{port}/0?{limits}")

    return use


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A broker that takes the connection, and never says a word."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        yield int(silent.getsockname()[1])


def test_broker_that_is_down(directory: Directory, use_broker: UseBroker) -> None:
    with socket.socket() as closing:
        closing.bind(("127.0.0.1", 0))
        port = int(closing.getsockname()[1])
    use_broker(port)
    greet()

    reason = fell_back(directory)

    assert reason == "the queue does not answer (ConnectionError); see TRIGGER_API_URL"


def test_broker_that_is_silent(
    directory: Directory, use_broker: UseBroker, silent_port: int
) -> None:
    use_broker(silent_port)
    greet()

    run = launch(directory)

    assert run.state == RunState.SUCCEEDED
    assert run.started_at is not None
    waited = (run.started_at - run.created_at).total_seconds()
    # It would be for ever.
    assert 1.5 < waited < 60
    assert run.dispatched_at is None
    assert run.fell_back_because == (
        "the queue does not answer (TimeoutError); see TRIGGER_API_URL"
    )


def test_command_says_once_why_it_made_it_itself(
    directory: Directory, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(directory)

    call_command("generate_directory", directory.slug, background=True)

    assert capsys.readouterr().err.count("no worker has been heard of") == 1


def test_a_run_that_was_put_back_is_handed_over_again(directory: Directory) -> None:
    greet()
    run = launch(directory)
    operations = DatabaseDirectoryOperations(run)
    operations.claim("worker:1")

    operations.send(RecordAttemptFailure(reason="no memory"))

    run.refresh_from_db()
    assert (run.state, run.attempt, run.unclaimed) == (RunState.QUEUED, 1, 1)
    assert OrmQ.objects.count() == 2


def test_a_worker_keeps_a_run_whose_broker_answers_too_late(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deliver(run_id: UUID) -> None:
        DatabaseDirectoryOperations(GenerationRun.objects.get(pk=run_id)).claim("w:1")
        raise CannotDispatch("the broker did not answer")

    greet()
    monkeypatch.setattr("generation.dispatch.enqueue", deliver)

    run = launch(directory)

    assert (run.state, run.ran_on, run.unclaimed) == (RunState.RUNNING, "w:1", 0)
    assert run.dispatched_at
    assert run.fell_back_because == ""
