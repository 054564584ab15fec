"""How much memory and processor each role takes, at rest and at work.

    python benchmarks/sizes.py [--items 3000] [--rest 30] [--database URL]

Web side, one worker and the sweeper are started as an installation starts them
(`deploy/run`), with Redis as the broker, and SQLite unless a database is named. Memory is summed
over the processes of a role: PSS, in which what several processes share is divided among them, and
RSS, in which it counts for each. At work: the peak while a worker makes one run over a list of
`--items` entries, asked every 50 ms. Processor: seconds of it, all processes of the role together.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from engine_drain import family

from tests.engine.conftest import Redis, Stack, process, wait_until

TICKS = os.sysconf("SC_CLK_TCK")
ROLES = ("web", "worker", "sweeper")


class Size(NamedTuple):
    """Of all processes of a role, in MiB, and how many there are."""

    pss: float
    rss: float
    processes: int


def size(pids: list[int]) -> Size:
    found = {"Pss": 0, "Rss": 0}
    alive = 0
    for pid in pids:
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            for line in lines:
                name, _, rest = line.partition(":")
                if name in found:
                    found[name] += int(rest.split()[0])
            alive += 1
    return Size(found["Pss"] / 1024, found["Rss"] / 1024, alive)


def used(pids: list[int]) -> float:
    """Processor seconds, those of children that have ended among them."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
    return total / TICKS


class Watch(threading.Thread):
    """Looks for the peak of a role."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = Size(0, 0, 0)
        self._pid = pid
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.05):
            self.peak = max(self.peak, size(family(self._pid)))


def ask(stack: Stack, token: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{stack.port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Token {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)


def is_up(stack: Stack) -> bool:
    with suppress(OSError):
        return not ask(stack, "", "/readyz")["degraded"]
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--items", type=int, default=3000)
    parser.add_argument("--rest", type=float, default=30)
    parser.add_argument("--database", default="")
    options = parser.parse_args()
    text = "# Clocks\n\n" + "".join(
        f"- [Clock {n}](https://example.org/{n}) - Number {n}, of brass.\n"
        for n in range(options.items)
    )
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        redis = Redis(folder / "redis.log")
        redis.start()
        running.callback(redis.stop)
        stack = Stack(folder / "one", TRIGGER_API_URL=redis.url)
        if options.database:
            stack.environment["DATABASE_URL"] = options.database
        own = {"PORT": str(stack.port), "BIND": "127.0.0.1"}
        stack.environment |= own
        stack.manage("migrate", "-v0")
        stack.manage("createsuperuser", "--noinput", "--username=a", "--email=a@b.org")
        token = stack.manage("create_token", "a").strip()
        pids = {}
        for role in ROLES:
            is_worker = role == "worker"
            started = running.enter_context(
                process(
                    *(str(CHECKOUT / "deploy" / "run"), role),
                    environment=stack.worker_environment()
                    if is_worker
                    else stack.environment,
                    log=stack.folder / f"{role}.log",
                )
            )
            pids[role] = started.pid
        wait_until(lambda: is_up(stack))
        # Each thread of the web side once, so that what is read late is there.
        for _ in range(50):
            ask(stack, token, "/api/directories/")

        before = {role: used(family(pid)) for role, pid in pids.items()}
        time.sleep(options.rest)
        rest = {role: size(family(pid)) for role, pid in pids.items()}
        idle = {r: used(family(pid)) - before[r] for r, pid in pids.items()}

        made = ask(stack, token, "/api/directories/", {"name": "Clocks"})
        begun = {role: used(family(pid)) for role, pid in pids.items()}
        watches = {role: Watch(pid) for role, pid in pids.items()}
        for watch in watches.values():
            watch.start()
        run = ask(
            stack, token, f"/api/directories/{made['id']}/generate/",
            {"source_documents": [{"name": "list.md", "text": text}]},
        )  # fmt: skip
        over = wait_until(
            lambda: (
                (r := ask(stack, token, f"/api/runs/{run['id']}/"))["state"]
                not in ("queued", "running")
                and r
            ),
            seconds=600,
        )
        busy = {r: used(family(pid)) - begun[r] for r, pid in pids.items()}
        for watch in watches.values():
            watch.ended.set()
            watch.join()
    lines = [
        f"Python {platform.python_version()}, {platform.machine()}, "
        f"{os.cpu_count()} processors; a run over {options.items} items: {over['state']}",
        "| role | processes | PSS at rest, MiB | RSS at rest, MiB | peak PSS in a run, MiB "
        "| processor at rest, s a minute | processor for the run, s |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {role} | {rest[role].processes} | {rest[role].pss:.0f} "
            f"| {rest[role].rss:.0f} | {watches[role].peak.pss:.0f} "
            f"| {60 * idle[role] / options.rest:.2f} | {busy[role]:.1f} |"
            for role in ROLES
        ),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
