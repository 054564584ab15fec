"""From the text of a list to clean items: cost an item, and how it grows.

    python benchmarks/reading.py [--small 4000] [--large 40000] [--repeat 3] [--limits]

Each size is read in a fresh process, so that its peak memory is its own: the text goes
through the reader, the filter and the merging of a run. CPU seconds, the least of all
repetitions; memory is the peak of the process, interpreter and libraries included. With
`--limits` the exit status is 1 where a figure is beyond what we promise.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from generation.git import Repository
from generation.pipeline.draft import Draft, Tools
from generation.pipeline.entries import deduplicate, filter_content
from generation.repositories.data import read_data
from generation.sources import read_document
from generation.sources.candidates import Document

MOST_SECONDS, MOST_MIB, MOST_GROWTH = 6.0, 250, 1.5


def markdown(count: int) -> str:
    lines = ["# Tools", ""]
    for n in range(count):
        if n % 40 == 0:
            lines += ["", f"## Kind {n // 40}", ""]
        lines.append(
            f"- [Tool {n}](https://tool-{n}.example.org/) - Does the work number {n}, "
            f"quickly and well. ([Demo](https://demo.example.org/{n}), "
            f"[Source Code](https://github.com/example/tool-{n})) `MIT` `Go/Docker`"
        )
    return "\n".join(lines) + "\n"


def csv(count: int) -> str:
    rows = [
        f'Tool {n},https://tool-{n}.example.org/,"Does the work, number {n}",Kind {n // 40}'
        for n in range(count)
    ]
    return "\n".join(["name,url,description,category", *rows]) + "\n"


def as_json(count: int) -> str:
    return json.dumps(
        [
            {
                "name": f"Tool {n}",
                "url": f"https://tool-{n}.example.org/",
                "description": f"Does the work number {n}.",
                "category": f"Kind {n // 40}",
                "tags": ["go", "docker"],
            }
            for n in range(count)
        ]
    )


def feed(count: int) -> str:
    items = "".join(
        f"<item><title>Tool {n}</title><link>https://tool-{n}.example.org/</link>"
        f"<description>&lt;p&gt;Does the work number {n}.&lt;/p&gt;</description></item>"
        for n in range(count)
    )
    return f'<rss version="2.0"><channel>{items}</channel></rss>'


LISTS: dict[str, Callable[[int], str]] = {
    "markdown": markdown,
    "csv": csv,
    "json": as_json,
    "feed": feed,
}


def read(kind: str, count: int) -> dict[str, float]:
    """Read one list in this process, and say what it took."""
    document = Document(source=f"list-{kind}", text=LISTS[kind](count))
    nothing = read_data(Repository(Path("there-is-none.git")))
    tools = cast(
        "Tools", SimpleNamespace(progress=lambda fraction: None, stored=nothing)
    )
    begun = time.process_time()
    reading = read_document(document)
    draft: Any = Draft(candidates=reading.candidates, left_out=reading.left_out)
    for step in (filter_content, deduplicate):
        draft = step(draft, tools).draft
    seconds = time.process_time() - begun
    assert len(draft.entries) == count, f"{len(draft.entries)} of {count} {kind}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "mib": peak}


def measure(kind: str, count: int, repeat: int) -> dict[str, float]:
    results = []
    for _ in range(repeat):
        command = [sys.executable, __file__, "--one", kind, "--small", str(count)]
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
        results.append(json.loads(answer.stdout))
    return {key: min(result[key] for result in results) for key in results[0]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--small", type=int, default=4_000)
    parser.add_argument("--large", type=int, default=40_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--limits", action="store_true")
    parser.add_argument("--one", choices=LISTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        sys.stdout.write(json.dumps(read(options.one, options.small)))
        return 0
    write = sys.stdout.write
    write(f"{'kind':<10}{'items':>8}{'CPU s':>9}{'us/item':>9}{'MiB':>7}{'ratio':>7}\n")
    is_within = True
    for kind in LISTS:
        few = measure(kind, options.small, options.repeat)
        many = measure(kind, options.large, options.repeat)
        cost = few["seconds"] / options.small
        ratio = many["seconds"] / options.large / cost
        for count, found, shown in (
            (options.small, few, ""),
            (options.large, many, f"{ratio:.2f}"),
        ):
            each = found["seconds"] / count * 1e6
            write(
                f"{kind:<10}{count:>8}{found['seconds']:>9.2f}{each:>9.0f}"
                f"{found['mib']:>7.0f}{shown:>7}\n"
            )
        is_within &= few["seconds"] <= MOST_SECONDS and few["mib"] <= MOST_MIB
        is_within &= ratio <= MOST_GROWTH
    return 0 if is_within or not options.limits else 1


if __name__ == "__main__":
    sys.exit(main())
