"""A run in a real worker process, on every broker, and what happens where there is none."""

from __future__ import annotations

import signal
import socket
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.engine.conftest import Stack, StackMaker, free_port, wait_until

# An address of the web side where the internal API is not.
ELSEWHERE = "elsewhere"


def test_three_ways_to_run_make_the_same_trees(
    tmp_path: Path, sqlite_stack: StackMaker, redis_url: str, postgres_url: str
) -> None:
    """In process; a worker on the database broker; one without a database, on Redis."""
    alone = sqlite_stack("alone", TRIGGER_ENABLED="false")
    beside = sqlite_stack("beside")
    apart = Stack(
        tmp_path / "apart", DATABASE_URL=postgres_url, TRIGGER_API_URL=redis_url
    )
    apart.manage("migrate", "-v0")
    alone.make()

    for stack in (beside, apart):
        with stack.web(), stack.worker() as worker:
            assert stack.make("clocks", "--background")["status"] == "queued"
            [run] = stack.finished(1)
            assert (run["state"], run["attempt"]) == ("succeeded", 1)
            assert int(run["ran_on"].rpartition(":")[2]) != worker.pid

    assert alone.trees() == beside.trees() == apart.trees()


def test_a_worker_without_a_database_logs_no_traceback(
    sqlite_stack: StackMaker, redis_url: str
) -> None:
    stack = sqlite_stack(imports=True, TRIGGER_API_URL=redis_url)
    with stack.web(), stack.worker() as worker:
        stack.make("good", "--background")
        (stack.folder / "list.md").write_text("Nothing but prose.\n")
        stack.make("bad", "--background")
        runs = stack.finished(2)

        worker.send_signal(signal.SIGTERM)
        worker.wait(timeout=120)

    assert [run["state"] for run in runs] == ["succeeded", "failed"]
    assert "no item was found" in runs[1]["error"]
    assert worker.returncode == 0
    assert "Traceback" not in stack.log("worker")
    assert "has stopped" in stack.log("worker")


@pytest.mark.parametrize("broker", ["database", "redis"])
def test_no_worker_means_that_it_is_made_here(
    sqlite_stack: StackMaker, redis_url: str, broker: str
) -> None:
    url = {"TRIGGER_API_URL": redis_url} if broker == "redis" else {}
    stack = sqlite_stack(**url)

    result = stack.make("clocks", "--background")

    [run] = stack.runs()
    assert result["status"] == "succeeded"
    assert "no worker has been heard of" in run["fell_back_because"]


def test_a_broker_that_is_down_means_that_it_is_made_here(stack: Stack) -> None:
    with stack.web(), stack.worker():
        stack.environment["TRIGGER_API_URL"] = f"redis://127.0.0.1:{free_port()}/0"

        result = stack.make("clocks", "--background")

    [run] = stack.runs()
    assert result["status"] == "succeeded"
    assert "the queue does not answer" in run["fell_back_because"]


def test_a_broker_that_is_silent_means_that_it_is_made_here(stack: Stack) -> None:
    # The run's clock is then the time of its claim.
    del stack.environment["SOURCE_DATE_EPOCH"]
    with stack.web(), stack.worker(), socket.create_server(("127.0.0.1", 0)) as silent:
        # It lets everybody in and never says a word.
        port = silent.getsockname()[1]
        stack.environment["TRIGGER_API_URL"] = f"redis://127.0.0.1:{port}/0"

        result = stack.make("clocks", "--background")

    [run] = stack.runs()
    waited = datetime.fromisoformat(run["clock"]) - datetime.fromisoformat(
        run["created_at"]
    )
    assert result["status"] == "succeeded"
    assert "the queue does not answer" in run["fell_back_because"]
    # It would be for ever.
    assert timedelta(seconds=1) < waited < timedelta(minutes=1)


def test_a_worker_says_goodbye_when_it_is_stopped(stack: Stack) -> None:
    with stack.web(), stack.worker(ENGINE_GOODBYE="30") as worker:
        worker.send_signal(signal.SIGTERM)
        worker.wait(timeout=120)

        result = stack.make("clocks", "--background")

    [run] = stack.runs()
    assert worker.returncode == 0
    assert result["status"] == "succeeded"
    assert "no worker has been heard of" in run["fell_back_because"]
    assert "hello not heard" not in stack.log("worker")


def test_a_worker_with_another_queue_key_is_none(stack: Stack) -> None:
    with (
        stack.web(),
        stack.worker(TRIGGER_SECRET_KEY="another key of the queue, long enough too"),
    ):
        result = stack.make("clocks", "--background")

    [run] = stack.runs()
    assert result["status"] == "succeeded"
    assert "another TRIGGER_SECRET_KEY" in run["fell_back_because"]


def test_a_worker_of_another_queue_is_none(stack: Stack) -> None:
    with stack.web(), stack.worker(TRIGGER_MACHINE="elsewhere"):
        result = stack.make("clocks", "--background")

    [run] = stack.runs()
    assert result["status"] == "succeeded"
    assert "TRIGGER_MACHINE" in run["fell_back_because"]


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        (
            {"TRIGGER_INTERNAL_SECRET": "another secret, that is long enough as well"},
            "does not accept our signature",
        ),
        ({"TRIGGER_INTERNAL_API_URL": ELSEWHERE}, "not from the internal API"),
        (
            {"TRIGGER_INTERNAL_API_URL": "http://127.0.0.1:9/internal/trigger"},
            "did not answer",
        ),
    ],
)
def test_a_worker_that_cannot_reach_us_is_none_and_says_why(
    stack: Stack, environment: dict[str, str], reason: str
) -> None:
    environment = {
        name: value.replace(ELSEWHERE, f"http://127.0.0.1:{stack.port}/elsewhere")
        for name, value in environment.items()
    }
    with stack.web(), stack.worker(wait=False, **environment):
        wait_until(lambda: reason in stack.log("worker"))
        result = stack.make("clocks", "--background")

    [run] = stack.runs()
    assert result["status"] == "succeeded"
    assert "no worker has been heard of" in run["fell_back_because"]
    assert "secret of the internal API" not in stack.log("worker")


def test_a_web_side_that_restarts_in_mid_run_is_waited_for(
    tmp_path: Path, sqlite_stack: StackMaker
) -> None:
    stack = sqlite_stack()
    alone = sqlite_stack("alone", TRIGGER_ENABLED="false")
    alone.make()
    stops = tmp_path / "stops"
    stops.mkdir()
    stop = stops / "admin@items-extraction"
    stop.with_suffix(".armed").write_text("wait")
    with stack.web() as server, stack.worker(ENGINE_STOPS=str(stops)):
        stack.make("clocks", "--background")
        wait_until(stop.with_suffix(".held").exists)
        server.terminate()
        server.wait()
        stop.with_suffix(".go").touch()
        wait_until(lambda: "internal API did not answer" in stack.log("worker"))

        with stack.web():
            [run] = stack.finished(1)

    # Where the start takes longer than the patience of an attempt, there is a second one.
    assert run["state"] == "succeeded"
    assert stack.trees() == alone.trees()
    assert stack.commits() == ["1", "1", "1"]


def test_twenty_at_once_are_made_once_each(
    sqlite_stack: StackMaker, redis_url: str
) -> None:
    stack = sqlite_stack(TRIGGER_API_URL=redis_url, TRIGGER_WORKERS="2")
    slugs = [f"clocks-{number}" for number in range(20)]
    start = f"""
from pathlib import Path
from django.contrib.auth.models import User
from directories.models import GenerationRun
from directories.services import runs
from directories.services.directories import GivenDocument, create_directory
from directories.services.requests import build_request
owner = User.objects.create_superuser("admin")
document = GivenDocument("list.md", Path({str(stack.folder / "list.md")!r}).read_bytes())
for slug in {slugs!r}:
    directory = create_directory(owner=owner, slug=slug, name=slug)
    request = build_request(directory, {{}}, documents=[document])
    runs.launch(directory, request, trigger=GenerationRun.Trigger.API, user=owner,
                documents=[document])
"""
    with stack.web(), stack.worker():
        stack.manage("shell", "-v0", "-c", start)
        runs = stack.finished(20)

    assert {run["state"] for run in runs} == {"succeeded"}
    assert {run["attempt"] for run in runs} == {1}
    assert sorted(run["directory__slug"] for run in runs) == sorted(slugs)
    assert len({run["ran_on"] for run in runs}) == 2
    assert all(len(stack.trees(slug)) == 3 for slug in slugs)
