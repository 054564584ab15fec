"""Many small runs while somebody kills workers: nothing is lost, nothing is made twice.

    python benchmarks/engine_drain.py [--drain 1000] [--directories 40] [--every 3]
        [--workers 2] [--hosts 2] [--lease 10]

Every directory is generated again as soon as its run is over, each time with a changed source,
so that each run has to leave exactly one commit in each of three repositories: fewer are lost,
more are doubled. Meanwhile, every few seconds, a random worker process is killed, or every
second time the process of the run below it. `--hosts` clusters share the queue, and a sweeper
looks every second. Memory is PSS, summed over the processes of one host.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from tests.engine.conftest import Redis, Stack, process, redis_command, wait_until

FEED = """
import json, time
from django.contrib.auth.models import User
from directories.models import GenerationRun
from directories.services import runs
from directories.services.directories import GivenDocument, create_directory
from directories.services.requests import build_request
owner = User.objects.create_superuser("admin")
directories = [create_directory(owner=owner, slug=f"d{{n}}", name="Clocks")
               for n in range({directories})]
left = {{directory.pk: {rounds} for directory in directories}}
while any(left.values()) or GenerationRun.objects.active().exists():
    busy = set(GenerationRun.objects.active().values_list("directory_id", flat=True))
    for directory in directories:
        if directory.pk in busy or not left[directory.pk]:
            continue
        text = (f"# Clocks\\n\\n## Sundials\\n\\n- [Dial](https://example.org/dial) - "
                f"Reads {{left[directory.pk]}}.\\n")
        documents = [GivenDocument("list.md", text.encode())]
        runs.launch(directory, build_request(directory, {{}}, documents=documents),
                    trigger=GenerationRun.Trigger.API, user=owner, documents=documents)
        left[directory.pk] -= 1
    time.sleep(0.1)
"""


class Kill(NamedTuple):
    """`run` is the worker's name as the run's attempts have it."""

    run: str
    is_child: bool
    at: datetime


def children(pid: int) -> list[int]:
    with suppress(OSError):
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(child) for child in text.split()]
    return []


def family(pid: int) -> list[int]:
    return [pid, *(one for child in children(pid) for one in family(child))]


def pss(pids: list[int]) -> float:
    """Memory of these processes in MiB; what they share is counted once."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024


class Killer(threading.Thread):
    """Takes one worker every few seconds, and looks how much memory a host uses."""

    def __init__(self, stack: Stack, hosts: list[int], every: float) -> None:
        super().__init__(daemon=True)
        self.kills: list[Kill] = []
        self.memory: list[float] = []
        self._stack = stack
        self._hosts = hosts
        self._every = every
        self.ended = threading.Event()

    def run(self) -> None:
        chance = random.Random(1)  # noqa: S311 - a test
        while not self.ended.wait(self._every):
            alive = {pid for host in self._hosts for pid in family(host)}
            self.memory.append(pss(family(self._hosts[0])))
            known = self._stack.query("SELECT pid FROM directories_worker")
            workers = sorted(pid for (pid,) in known if pid in alive)
            if not workers:
                continue
            worker = chance.choice(workers)
            below = children(worker)
            is_child = bool(below) and len(self.kills) % 2 == 1
            name = f"{platform.node()}:{worker}"
            with suppress(ProcessLookupError):
                os.kill(below[0] if is_child else worker, signal.SIGKILL)
                self.kills.append(Kill(name, is_child, datetime.now(UTC)))


def drain(name: str, stack: Stack, options: argparse.Namespace) -> str:
    rounds = max(1, options.drain // options.directories)
    wanted = rounds * options.directories
    stack.environment.pop("SOURCE_DATE_EPOCH")
    stack.environment |= {
        "RUN_LEASE_SECONDS": str(options.lease),
        "TRIGGER_WORKERS": str(options.workers),
    }
    stack.manage("migrate", "-v0")
    with ExitStack() as leaving:
        leaving.enter_context(stack.web())
        hosts = [
            leaving.enter_context(stack.worker()).pid for _ in range(options.hosts)
        ]
        sweeper = (sys.executable, "manage.py", "sweep_runs", "--every", "1")
        log = stack.folder / "sweeper.log"
        leaving.enter_context(process(*sweeper, environment=stack.environment, log=log))
        wait_until(lambda: len(family(hosts[0])) > options.workers + 2)
        time.sleep(3)
        idle = pss(family(hosts[0]))
        killer = Killer(stack, hosts, options.every)
        killer.start()
        begun = time.monotonic()
        script = FEED.format(directories=options.directories, rounds=rounds)
        feeder = (sys.executable, "manage.py", "shell", "-v0", "-c", script)
        fed = subprocess.run(
            feeder,
            cwd=CHECKOUT,
            env=stack.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        took = time.monotonic() - begun
        killer.ended.set()
        killer.join()
        assert fed.returncode == 0, fed.stderr
    return "\n".join(
        [
            f"{name}: {wanted} runs of {options.directories} directories, "
            f"{options.hosts} hosts of {options.workers} workers, a kill every "
            f"{options.every:g} s, lease {options.lease} s",
            f"  {took:.0f} s; killed {len(killer.kills)}, of them "
            f"{sum(kill.is_child for kill in killer.kills)} processes of runs",
            *outcome(stack, wanted, rounds, options.directories),
            *resumptions(stack, killer.kills),
            f"  memory of a host: idle {idle:.0f} MiB, busy "
            f"{statistics.median(killer.memory or [0]):.0f} MiB median, "
            f"{max(killer.memory or [0]):.0f} MiB most (PSS)",
        ]
    )


def outcome(stack: Stack, wanted: int, rounds: int, directories: int) -> list[str]:
    states: dict[str, int] = dict(
        stack.query(
            "SELECT state, count(*) FROM directories_generationrun GROUP BY state"
        )
    )
    reasons = stack.query(
        "SELECT DISTINCT error FROM directories_generationrun WHERE error != ''"
    )
    lost = doubled = 0
    for number in range(directories):
        for suffix in ("-data", "", "-website"):
            path = stack.folder / "repositories" / "admin" / f"d{number}{suffix}.git"
            counted = subprocess.run(
                ["git", f"--git-dir={path}", "log", "--format=%B", "main"],
                capture_output=True,
                text=True,
                check=False,
            ).stdout
            made = [w for w in counted.splitlines() if w.startswith("Run-Id: ")]
            doubled += len(made) - len(set(made))
            lost += rounds - len(set(made))
    lines = [f"  lost {lost}, doubled {doubled} (of {3 * wanted} commits); {states}"]
    return lines + [f"  {reason[:200]}" for (reason,) in reasons]


def resumptions(stack: Stack, kills: list[Kill]) -> list[str]:
    """Say how long it took from a kill to the next attempt at the run that it hit."""
    rows = stack.query(
        "SELECT run_id, number, worker, started_at, finished_at "
        "FROM directories_runattempt ORDER BY run_id, number"
    )
    attempts = [(*row[:3], moment(row[3]), moment(row[4])) for row in rows]
    begun = {(run, number): started for run, number, _, started, _ in attempts}
    lines = []
    for is_child, what in ((False, "a worker"), (True, "the process of a run")):
        waits = []
        for kill in kills:
            for run, number, worker, started, ended in attempts:
                hit = worker == kill.run and started <= kill.at <= (ended or kill.at)
                following = begun.get((run, number + 1))
                if kill.is_child is is_child and hit and following:
                    waits.append((following - kill.at).total_seconds())
        if waits:
            lines.append(
                f"  from the kill of {what} to the next attempt: "
                f"{statistics.median(waits):.1f} s median (n = {len(waits)})"
            )
    return lines


def moment(value: Any) -> Any:
    """SQLite gives times as text."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drain", type=int, default=1000)
    parser.add_argument("--directories", type=int, default=40)
    parser.add_argument("--every", type=float, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--hosts", type=int, default=2)
    parser.add_argument("--lease", type=int, default=10)
    parser.add_argument(
        "--broker", choices=["database", "redis", "both"], default="both"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.broker != "redis":
            stack = Stack(folder / "database")
            sys.stdout.write(drain("database (SQLite)", stack, options) + "\n")
            sys.stdout.flush()
        if options.broker != "database" and redis_command():
            redis = Redis(folder / "redis.log")
            redis.start()
            stack = Stack(folder / "redis", TRIGGER_API_URL=redis.url)
            sys.stdout.write(drain("Redis", stack, options) + "\n")
            redis.stop()


if __name__ == "__main__":
    main()
