"""The task reports and returns: it never raises, and it never has a database."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer
from structlog.testing import capture_logs
from structlog.typing import EventDict

from config.env import CHECKOUT, Environment
from directories.models import Directory, RunState, Worker
from directories.services import runs
from directories.services.directories import create_directory
from generation.contract.commands import (
    CommandBatch,
    Outcome,
    RecordAttemptFailure,
    RecordGenerationFinish,
)
from generation.exceptions import AddressNotAllowed
from generation.git import Repository
from generation.pipeline import STEPS
from generation.processes import process_name
from generation.publish import KINDS, repository_path
from generation.sources.fetch import Fetcher
from generation.tasks.directory_generation import generate_directory, host
from generation.tasks.no_database import DatabaseRefused
from tests.directories.makers import WITHOUT_ITEMS, ask, document, start
from tests.fakes import CLOCKS, DIRECTORY_ID, RUN_ID, FakeOperations, make_run
from tests.generation.sources.servers import serving as site
from tests.generation.sources.servers import validated
from tests.internal_api.callers import PREFIX, SECRET
from tests.internal_api.servers import Call, Said, always, serving

PAYLOAD = {"v": 1, "run_id": str(RUN_ID)}
PROBLEM = b'{"detail": "there is no run"}'


class FakeWebSide:
    """Speaks the internal API over a fake run, and keeps what is said. No database."""

    def __init__(self, run: FakeOperations) -> None:
        self.run = run

    def __call__(self, call: Call) -> Said | None:
        match call.path.partition("?")[0].split("/")[1:]:
            case ["runs", _, "claim"]:
                return self._apply(call, directory_id=DIRECTORY_ID)
            case ["directories", _, "context"]:
                return Said(200, self.run.context.model_dump_json().encode())
            case ["directories", _, "documents", sha256]:
                return Said(200, self.run.fetch_document(sha256))
            case ["directories", _, "checkpoints", _]:
                if call.method == "PUT":
                    self.run.save_checkpoint(call.body)
                return Said(204)
            case ["directories", _, "commands"]:
                return self._apply(call)
            case other:
                raise AssertionError(other)

    def _apply(self, call: Call, **more: object) -> Said:
        batch = CommandBatch.model_validate_json(call.body)
        reply = self.run.send(*batch.commands).model_copy(update=more)
        return Said(200, reply.model_dump_json().encode())

    @property
    def end(self) -> RecordGenerationFinish:
        found = self.run.last(RecordGenerationFinish)
        assert isinstance(found, RecordGenerationFinish)
        return found


@pytest.fixture(autouse=True)
def worker(settings: Settings, git_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.TRIGGER_INTERNAL_SECRET = SECRET
    # A task takes nothing but its payload, so that its client's waits cannot be passed.
    monkeypatch.setattr("generation.client.WAITS", (0.0, 0.0))


@pytest.fixture
def logged() -> Iterator[list[EventDict]]:
    with capture_logs() as lines:
        yield lines


@pytest.fixture
def web(settings: Settings) -> Iterator[FakeWebSide]:
    """A web side that has a run for us."""
    side = FakeWebSide(make_run(("clocks.md", CLOCKS)))
    with serving(lambda call: side(call)) as server:
        settings.TRIGGER_INTERNAL_API_URL = server.url
        yield side


def levels(lines: list[EventDict]) -> set[str]:
    return {line["log_level"] for line in lines}


def test_sources_are_fetched_as_the_settings_say(
    settings: Settings, tmp_path: Path
) -> None:
    settings.FETCH_CACHE_ROOT = tmp_path / "pages"
    settings.FETCH_INTERVAL_SECONDS = 0
    with site(validated(b"hello", etag='"1"')) as public:
        with pytest.raises(AddressNotAllowed):
            host().fetch(public.url)
        settings.FETCH_ALLOWED_NETWORKS = ("127.0.0.0/8",)

        pages = [host().fetch(public.url) for _ in range(3)]
        settings.FETCH_CACHE_MEGABYTES = 0
        fetch = host().fetch
        pages.append(fetch(public.url))

    assert [page.from_cache for page in pages] == [False, True, True, False]
    assert isinstance(fetch, Fetcher)
    turns = [fetch.pacer.take("example.org", patience=60) for _ in range(3)]
    assert turns == [0, 0, 0]
    assert len(list((tmp_path / "pages").iterdir())) == 1


def test_run_is_made(web: FakeWebSide, git_root: Path) -> None:
    assert generate_directory(PAYLOAD) == "succeeded"

    assert web.end.outcome is Outcome.SUCCEEDED
    for kind in KINDS:
        path = repository_path(git_root, namespace="ada", slug="clocks", kind=kind)
        assert Repository(path).head()


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"v": 2, "run_id": str(RUN_ID)},
        {"v": "1", "run_id": str(RUN_ID)},
        {"run_id": str(RUN_ID)},
        {"v": 1},
        {"v": 1, "run_id": None},
        {"v": 1, "run_id": 7},
        {"v": 1, "run_id": "seven"},
    ],
    ids=str,
)
def test_message_that_is_not_understood_is_refused(
    payload: dict[str, Any], settings: Settings, logged: list[EventDict]
) -> None:
    with serving(always(500)) as server:
        settings.TRIGGER_INTERNAL_API_URL = server.url

        assert generate_directory(payload) == "refused"

    assert server.calls == []
    assert levels(logged) == {"error"}


@pytest.mark.parametrize("status", [404, 409])
def test_run_that_is_not_to_be_had_is_nothing_wrong(
    settings: Settings, logged: list[EventDict], status: int
) -> None:
    with serving(always(status, PROBLEM)) as server:
        settings.TRIGGER_INTERNAL_API_URL = server.url

        assert generate_directory(PAYLOAD) == "refused"

    assert [(line["event"], line["reason"]) for line in logged] == [
        ("run not taken", "there is no run")
    ]
    assert levels(logged) == {"info"}


@pytest.mark.parametrize("status", [401, 403, 500, 503, 200])
def test_web_side_that_is_not_understood_fails_the_task(
    settings: Settings, logged: list[EventDict], status: int
) -> None:
    with serving(always(status, b"<html>")) as server:
        settings.TRIGGER_INTERNAL_API_URL = server.url

        assert generate_directory(PAYLOAD) == "failed"

    assert "error" in levels(logged)
    assert SECRET not in repr(logged)


@pytest.mark.parametrize("url", ["closed", "", "nonsense", "http://", "http://[/"])
def test_web_side_that_cannot_be_reached_fails_the_task(
    settings: Settings, logged: list[EventDict], url: str
) -> None:
    if url == "closed":
        with socket.socket() as closing:
            closing.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{closing.getsockname()[1]}"
    settings.TRIGGER_INTERNAL_API_URL = url

    assert generate_directory(PAYLOAD) == "failed"

    assert logged[-1]["event"] == "web side unreachable"
    assert url in logged[-1]["reason"]


def test_run_that_finds_nothing_fails_and_says_so(
    web: FakeWebSide, logged: list[EventDict]
) -> None:
    web.run = make_run(("clocks.md", WITHOUT_ITEMS))

    assert generate_directory(PAYLOAD) == "failed"

    assert web.end.outcome is Outcome.FAILED
    assert web.end.error
    assert logged[-1]["reason"] == web.end.error
    # Nothing is wrong with us: no traceback in a worker's log.
    assert "error" not in levels(logged)


def test_run_that_is_cancelled_ends(web: FakeWebSide) -> None:
    web.run.cancel_at = STEPS[0].name

    assert generate_directory(PAYLOAD) == "cancelled"

    assert web.end.outcome is Outcome.CANCELLED


def test_mistake_of_ours_is_reported_and_not_raised(
    web: FakeWebSide, settings: Settings, logged: list[EventDict]
) -> None:
    settings.GIT_ROOT = None

    assert generate_directory(PAYLOAD) == "broken"

    assert web.end.outcome is Outcome.FAILED
    assert "TypeError" not in web.end.error
    assert "error" in levels(logged)


@pytest.mark.parametrize("path", ["/runs/", "/context", "/documents/"])
def test_time_out_of_the_queue_is_reported_and_not_raised(
    web: FakeWebSide, settings: Settings, path: str
) -> None:
    # Django-Q2 raises it as a SystemExit in the handler of a signal, at any moment.
    main = threading.main_thread().ident
    assert main is not None

    def time_out(number: int, frame: FrameType | None) -> None:
        raise SystemExit("task exceeded maximum timeout value")

    is_told = threading.Event()

    def interrupt(call: Call) -> Said | None:
        if path in call.path:
            # Whoever is hung up on asks again; the queue's time is up once.
            if not is_told.is_set():
                is_told.set()
                signal.pthread_kill(main, signal.SIGALRM)
            return None
        return web(call)

    before = signal.signal(signal.SIGALRM, time_out)
    try:
        with serving(interrupt) as server:
            settings.TRIGGER_INTERNAL_API_URL = server.url
            ended = generate_directory(PAYLOAD)
    finally:
        signal.signal(signal.SIGALRM, before)

    if path == "/runs/":
        assert ended == "failed"
    else:
        assert ended == "lost"
        failure = web.run.last(RecordAttemptFailure)
        assert isinstance(failure, RecordAttemptFailure)
        assert "took longer than a run may" in failure.reason


@pytest.mark.django_db(transaction=True)
def test_no_thread_has_a_database_while_a_run_is_made(
    web: FakeWebSide, settings: Settings
) -> None:
    refused: list[str] = []

    def look(call: Call) -> Said | None:
        try:
            User.objects.count()
        except DatabaseRefused:
            refused.append(call.path)
        return web(call)

    with serving(look) as server:
        settings.TRIGGER_INTERNAL_API_URL = server.url
        assert generate_directory(PAYLOAD) == "succeeded"

    assert len(refused) == len(server.calls) > 5
    assert User.objects.count() == 0


# --- a worker process

WORKER = """
import json, sys
import django
django.setup()
from django.conf import settings
from django.db import connection
from django_q.signals import post_spawn
from generation.tasks.directory_generation import generate_directory

assert "directories" not in settings.INSTALLED_APPS
assert connection.vendor == "unknown", connection.vendor
post_spawn.send(sender="django_q", proc_name="test")
for line in sys.stdin:
    print(generate_directory(json.loads(line)), flush=True)
"""


@pytest.mark.django_db(transaction=True)
def test_worker_without_a_database_makes_runs(
    directory: Directory,
    owner: User,
    git_root: Path,
    tmp_path: Path,
    live_server: LiveServer,
    logged: list[EventDict],
) -> None:
    other = create_directory(owner=owner, slug="nothing", name="Nothing")
    good = start(directory)
    bad = runs.start(
        other, ask(other, document(WITHOUT_ITEMS)), trigger=good.Trigger.API, user=None
    )
    payloads = [
        {"v": 2, "run_id": str(good.pk)},
        {"v": 1, "run_id": str(RUN_ID)},
        {"v": 1, "run_id": str(good.pk)},
        {"v": 1, "run_id": str(good.pk)},
        {"v": 1, "run_id": str(bad.pk)},
    ]
    own = {name.upper() for name in Environment.model_fields}
    done = subprocess.run(
        [sys.executable, "-c", WORKER],
        cwd=CHECKOUT,
        env={
            **{name: value for name, value in os.environ.items() if name not in own},
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "GAZETTEER_ROLE": "worker",
            "SECRET_KEY": "not the one of the web side",
            "STATE_ROOT": str(tmp_path / "worker"),
            "GIT_ROOT": str(git_root),
            "TRIGGER_API_URL": "redis://127.0.0.1:1/0",
            "TRIGGER_SECRET_KEY": "the key of the queue, of 32 bytes at least",
            "TRIGGER_INTERNAL_SECRET": SECRET,
            "TRIGGER_INTERNAL_API_URL": "http://127.0.0.1:"
            f"{urlsplit(live_server.url).port}{PREFIX}",
        },
        input="\n".join(map(json.dumps, payloads)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    good.refresh_from_db()
    bad.refresh_from_db()
    assert done.stdout.split() == [
        "refused",
        "refused",
        "succeeded",
        "refused",
        "failed",
    ]
    assert (good.state, good.attempt) == (RunState.SUCCEEDED, 1)
    assert bad.state == RunState.FAILED
    assert bad.error in done.stderr
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stderr

    # It said hello when it was spawned, under the name that it claims runs by, and goodbye.
    def heard() -> list[str]:
        return [line["worker"] for line in logged if "worker" in line]

    # The worker is gone as soon as it is answered, and the web side logs after that.
    deadline = time.monotonic() + 60
    while len(heard()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert heard() == [good.ran_on] * 2
    assert good.ran_on != process_name()
    assert not Worker.objects.exists()
