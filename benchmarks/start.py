"""What it costs to start a process: the commands that people type, and the health checks.

Each is started so many times, in turn, on an empty state folder; the least CPU time of each
counts, because a busy machine only ever adds to it.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
STARTS = {
    "an empty program": ("-c", ""),
    "manage.py check": ("manage.py", "check"),
    "manage.py runs list": ("manage.py", "runs", "list"),
    "health check of a sweeper": ("-m", "config.healthy", "sweeper"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args().repeat
    with tempfile.TemporaryDirectory() as folder:
        # Compiled once, as in an installation, and into a folder of its own.
        environment = {
            "PATH": os.environ["PATH"],
            "STATE_ROOT": folder,
        }
        spend(("manage.py", "migrate", "-v0"), environment)
        least: dict[str, float] = {}
        for _ in range(repeat):
            for name, arguments in STARTS.items():
                spent = spend(arguments, environment)
                least[name] = min(spent, least.get(name, spent))
    for name, seconds in least.items():
        sys.stdout.write(f"{name:<30}{seconds:8.2f} CPU s\n")


def spend(arguments: tuple[str, ...], environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *arguments],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
