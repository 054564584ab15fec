"""The list of a directory: CPU time of rendering it, by items and by how much they say.

    python benchmarks/list.py [--items N ...] [--repeat N]

Each measurement has a process of its own, and its CPU seconds are those of the kernel.
`short` items have a line each; `long` ones have a text as well, and so a page of details.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from generation.repositories.list import render_list
from tools.samples import sample_catalogue, sample_masthead, sample_owner

KINDS = ("short", "long")


def render(kind: str, items: int) -> dict[str, Any]:
    catalogue = sample_catalogue(items, bodies=kind == "long")
    masthead, owner = sample_masthead(), sample_owner()
    begun = time.process_time()
    files = written = 0
    for file in render_list(catalogue, masthead, owner):
        files += 1
        written += len(file.content)
    used = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu": used, "files": files, "bytes": written, "peak": peak}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--once", nargs=2, metavar=("KIND", "ITEMS"))
    options = parser.parse_args()
    if options.once:
        kind, items = options.once
        print(json.dumps(render(kind, int(items))))  # noqa: T201
        return
    for kind in KINDS:
        for items in options.items:
            command = [sys.executable, __file__, "--once", kind, str(items)]
            several = [
                json.loads(subprocess.check_output(command))
                for _ in range(options.repeat)
            ]
            used = [one["cpu"] for one in several]
            sys.stdout.write(
                f"{kind:<6}{items:>8,} items {statistics.median(used):7.2f} CPU s "
                f"({min(used):.2f} to {max(used):.2f})"
                f"{1e6 * statistics.median(used) / items:7.0f} µs an item"
                f"{several[0]['files']:>8,} files{several[0]['bytes'] / 2**20:7.1f} MiB"
                f"{several[0]['peak']:>6.0f} MiB at most\n"
            )


if __name__ == "__main__":
    main()
