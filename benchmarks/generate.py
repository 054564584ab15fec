"""A whole run over one list, stage by stage, and a second run over the same list.

    python benchmarks/generate.py FILE [--repeat N] [--json]

Each run has a process of its own, so that its memory is its own. Units: seconds, MiB.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from config.logging import configure
from generation.contract.commands import Command, Reply
from generation.contract.context import (
    DirectoryContext,
    Identity,
    RunContext,
)
from generation.contract.request import (
    DocumentReference,
    GenerationRequest,
)
from generation.journal import Progress
from generation.orchestrator import Host, generate
from generation.sources.fetch import Fetcher

CLOCK = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


class Alone:
    """The web side of a run that is only measured."""

    def __init__(self, content: bytes, name: str, clock: datetime) -> None:
        digest = hashlib.sha256(content).hexdigest()
        document = DocumentReference(sha256=digest, name=name, size=len(content))
        self._content = content
        self._context = RunContext(
            run_id=UUID(int=1),
            attempt=1,
            clock=clock,
            directory=DirectoryContext(
                id=UUID(int=2), namespace="bench", slug="bench", name="Benchmark list"
            ),
            committer=Identity(name="Bench", email="bench@example.org"),
            request=GenerationRequest(
                name="Benchmark list", source_documents=(document,)
            ),
        )

    def claim(self, worker: str) -> Reply:
        return self.send()

    def fetch_context(self) -> RunContext:
        return self._context

    def fetch_document(self, sha256: str) -> bytes:
        return self._content

    def send(self, *commands: Command) -> Reply:
        return Reply(attempt=1, cancel=False, lease_expires_at=CLOCK)

    def load_checkpoint(self) -> bytes | None:
        return None

    def save_checkpoint(self, content: bytes) -> None:
        """Made, because that is part of a run, and dropped."""

    def release(self) -> None:
        """Nothing is held."""


def cpu() -> float:
    """CPU seconds of this process and of the git commands that it has waited for."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(
            resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
    )


def measure(path: Path, git_root: Path, clock: datetime) -> dict[str, Any]:
    """Run once in this process and time every step."""
    moments: list[tuple[str, float, float]] = []

    def listen(progress: Progress) -> None:
        if not moments or moments[-1][0] != progress.step:
            moments.append((progress.step, time.perf_counter(), cpu()))

    begun = time.perf_counter(), cpu()
    operations = Alone(path.read_bytes(), path.name, clock)
    host = Host(git_root=git_root, fetch=Fetcher(), heartbeat_seconds=60, name="bench")
    report = generate(operations, host, listen=listen)
    moments.append(("", time.perf_counter(), cpu()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    stages = {
        name: {"wall": after[1] - wall, "cpu": after[2] - used}
        for (name, wall, used), after in pairwise(moments)
    }
    return {
        "items": report.items.model_dump(),
        "commits": sum(r.changed_files > 0 for r in report.repositories.values()),
        "stages": stages,
        "wall": time.perf_counter() - begun[0],
        "cpu": cpu() - begun[1],
        "process_cpu": cpu(),
        "peak_mib": peak,
    }


def run_apart(path: Path, git_root: Path, day: int) -> dict[str, Any]:
    command = [sys.executable, __file__, str(path), "--once", str(git_root), str(day)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(answer.stdout)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--once", nargs=2, metavar=("GIT_ROOT", "DAY"))
    options = parser.parse_args()
    configure(level="WARNING")
    if options.once:
        root, day = options.once
        clock = CLOCK + timedelta(days=int(day))
        print(json.dumps(measure(options.file, Path(root), clock)))  # noqa: T201
        return
    runs: dict[str, list[dict[str, Any]]] = {"first": [], "second": []}
    for _ in range(options.repeat):
        with tempfile.TemporaryDirectory() as folder:
            for day, name in enumerate(runs):
                runs[name].append(run_apart(options.file, Path(folder), day))
    if options.json:
        print(json.dumps(runs, indent=1))  # noqa: T201
        return
    for name, results in runs.items():
        show(name, results)


def show(name: str, results: list[dict[str, Any]]) -> None:
    """Print medians; the spread of the whole stands beside them."""
    items, commits = results[0]["items"], results[0]["commits"]
    say = sys.stdout.write
    say(f"{name} run: {items['total']} items, {items['new']} new, {commits} commits\n")
    for stage in results[0]["stages"]:
        timings = [
            result["stages"].get(stage, {"cpu": 0, "wall": 0}) for result in results
        ]
        used, wall = (
            statistics.median(t[key] for t in timings) for key in ("cpu", "wall")
        )
        if used >= 0.005:
            say(f"  {stage:<36}{used:8.2f} CPU s {wall:8.2f} s\n")
    for key, unit in (
        ("cpu", "CPU s"),
        ("process_cpu", "CPU s"),
        ("wall", "s"),
        ("peak_mib", "MiB"),
    ):
        values = [result[key] for result in results]
        say(
            f"  {key:<36}{statistics.median(values):8.2f} {unit}"
            f"   ({min(values):.2f} to {max(values):.2f}, n = {len(values)})\n"
        )


if __name__ == "__main__":
    main()
