"""Several people change one directory at the same moment: who is served, when, and for what.

    python benchmarks/parallel_edits.py [--items 10000] [--edits 8] [--beside CHECKOUT]

A directory is made of a CSV file, a web server is started as an installation starts it, and
`--edits` PATCHes of different items are sent at once. With `--beside`, the same is done by
another checkout (of an older release, say) after this one, and the last row compares them.
Wall time is until the last answer; processor is that of all processes of the web server and
their children; memory is the peak of the sum of theirs, asked every 50 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from engine_drain import family
from sizes import Watch, used

from tests.engine.conftest import free_port, wait_until


class Answer(NamedTuple):
    status: int
    seconds: float
    body: bytes


class Result(NamedTuple):
    answers: list[Answer]
    processor: float
    pss: float
    rss: float

    @property
    def wall(self) -> float:
        return max(answer.seconds for answer in self.answers)


class Installation:
    """One checkout with a state folder of its own."""

    def __init__(self, checkout: Path, folder: Path) -> None:
        self.checkout = checkout
        self.port = free_port()
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "STATE_ROOT": str(folder),
            "SECRET_KEY": "the web side's own key",
            "DEBUG": "true",
            "PORT": str(self.port),
            "BIND": "127.0.0.1",
        }

    def manage(self, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, str(self.checkout / "manage.py"), *arguments],
            cwd=self.checkout,
            env=self.environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    def is_up(self) -> bool:
        with suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5)
            return True
        return False

    @contextmanager
    def web_side(self) -> Iterator[int]:
        command = ["gunicorn", "--config", "deploy/gunicorn_config.py", "config.wsgi"]
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=self.checkout,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(self.is_up)
            yield process.pid
        finally:
            process.terminate()
            process.wait()

    def ask(self, token: str, method: str, path: str, **fields: str) -> Answer:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=json.dumps(fields).encode() if fields else None,
            method=method,
            headers={
                "Authorization": f"Token {token}",
                "Content-Type": "application/json",
            },
        )
        begun = time.perf_counter()
        try:
            with urllib.request.urlopen(request, timeout=900) as answer:  # noqa: S310
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as exc:
            status, body = exc.code, exc.read()
        return Answer(status, time.perf_counter() - begun, body)


def write_list(path: Path, items: int) -> None:
    rows = (
        f"Clock {n},https://clock-{n}.example.org/,Group {n % 40},"
        f"Number {n} of many; it is made of brass and shows the hours."
        for n in range(items)
    )
    path.write_text("name,url,category,description\n" + "\n".join(rows) + "\n")


def measure(checkout: Path, items: int, edits: int) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        one = Installation(checkout, Path(folder))
        source = Path(folder) / "clocks.csv"
        write_list(source, items)
        one.manage("migrate", "-v0")
        one.manage("createsuperuser", "--noinput", "--username=a", "--email=a@b.org")
        token = one.manage("create_token", "a").strip().splitlines()[-1]
        one.manage(
            "generate_directory",
            "clocks",
            "--name=Clocks",
            f"--source={source}",
            "--json",
        )
        answers: list[Answer] = []
        together = threading.Barrier(edits)

        def edit(number: int) -> None:
            together.wait()
            path = f"{place}items/clock-{number * items // edits}/"
            answers.append(
                one.ask(token, "PATCH", path, description=f"Changed by {number}.")
            )

        threads = [threading.Thread(target=edit, args=(n,)) for n in range(edits)]
        with one.web_side() as pid:
            [directory] = json.loads(one.ask(token, "GET", "/api/directories/").body)[
                "results"
            ]
            place = f"/api/directories/{directory['id']}/"
            before = used(family(pid))
            watch = Watch(pid)
            watch.start()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            processor = used(family(pid)) - before
            watch.ended.set()
            watch.join()
        return Result(answers, processor, watch.peak.pss, watch.peak.rss)


def row(name: str, result: Result) -> str:
    statuses = Counter(answer.status for answer in result.answers)
    told = ", ".join(
        f"{count} of {status}" for status, count in sorted(statuses.items())
    )
    times = sorted(answer.seconds for answer in result.answers)
    return (
        f"| {name} | {told} | {times[0]:.1f} | {times[-1]:.1f} "
        f"| {result.processor:.1f} | {result.pss:.0f} | {result.rss:.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--edits", type=int, default=8)
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT")
    options = parser.parse_args()
    ours = measure(CHECKOUT, options.items, options.edits)
    lines = [
        f"{options.edits} PATCHes at once, {options.items} items",
        "| | answers | first, s | last, s | processor, s | peak PSS, MiB | peak RSS, MiB |",
        "|---|---|---|---|---|---|---|",
        row("this checkout", ours),
    ]
    if options.beside:
        other = measure(options.beside.resolve(), options.items, options.edits)
        lines += [
            row(options.beside.name, other),
            f"| ratio | | | {ours.wall / other.wall:.2f} "
            f"| {ours.processor / other.processor:.2f} | {ours.pss / other.pss:.2f} "
            f"| {ours.rss / other.rss:.2f} |",
        ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
