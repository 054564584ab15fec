"""A data repository of many items: open it, merge a run into it, commit what changed.

    python benchmarks/repositories.py [--sizes 1000,10000,100000] [--edited 0.01] [--json]

Four runs a size, each in a process of its own: the first makes the repository; the second
finds nothing new; in the third every hundredth item has changed in its source; before the
fourth, as many others were edited by hand. CPU seconds, git included; peak memory in MiB.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from generation.contract.context import DirectoryContext, Identity, RunContext
from generation.contract.request import GenerationRequest
from generation.git import MAIN, Commit, Repository
from generation.items import Catalogue, Category, Tag
from generation.pipeline.draft import Draft, Entry, Tools
from generation.pipeline.merging import merge
from generation.publish import Publication, Signature
from generation.report import SourceReport
from generation.repositories.build import Build
from generation.repositories.data import read_data
from generation.repositories.state import Provenance

CLOCK = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
STAGES = ("open", "merge", "build", "commit")
CATEGORIES, TAGS = 40, 300
RUNS = ("first", "same", "changed", "edited")


def entry(number: int, version: int) -> Entry:
    words = f"Keeps the hours of team {number} and bills them, in version {version}."
    return Entry(
        name=f"Program {number}",
        url=f"https://example.org/programs/{number}",
        description=words,
        category=f"category-{number % CATEGORIES}",
        tags=tuple(sorted({f"tag-{number % TAGS}", f"tag-{number * 7 % TAGS}"})),
        facts={"license": "MIT", "stars": number % 5000},
        body=f"{words}\n\n- License: MIT\n- Stars: {number % 5000}\n" + "Prose. " * 40,
        sources=(Provenance(source="list.md", locator=f"Programs/{number}"),),
    )


def cpu() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(
            resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
    )


def edit_by_hand(repository: Repository, size: int, step: int) -> None:
    head = repository.head()
    assert head is not None
    tree = repository.tree(head)
    paths = [f"data/program-{n}/program-{n}.yml" for n in range(1, size, step)]
    contents = repository.read([tree[path] for path in paths])
    files = {
        path: content.replace(b"name: ", b"name: My ", 1) + b"mine: yes\n"
        for path, content in zip(paths, contents, strict=True)
    }
    commit = Commit(head, "By hand", "Eve", "eve@example.org", CLOCK, files, ())
    new = repository.write(commit, ref="refs/heads/eve")
    repository.move(MAIN, new=new, old=head)


def measure(path: Path, size: int, day: int, step: int) -> dict[str, Any]:
    """Go through one run, without its sources, list and website."""
    repository = Repository(path)
    name = RUNS[day]
    if name == "edited":
        edit_by_hand(repository, size, step)
    context = RunContext(
        run_id=UUID(int=day + 1),
        attempt=1,
        clock=CLOCK + timedelta(days=day),
        directory=DirectoryContext(
            id=UUID(int=2), namespace="bench", slug="bench", name="Benchmark"
        ),
        committer=Identity(name="Bench", email="bench@example.org"),
        request=GenerationRequest(name="Benchmark", prompt="programs"),
    )
    version = {"first": 0, "same": 0, "changed": 1, "edited": 2}[name]
    entries = tuple(entry(n, version if n % step in (0, 1) else 0) for n in range(size))
    draft = Draft(
        entries=entries,
        sources=(SourceReport(source="list.md", found=size),),
        catalogue=Catalogue(
            categories=tuple(
                Category(id=f"category-{n}", name=f"Category {n}")
                for n in range(CATEGORIES)
            ),
            tags=tuple(Tag(id=f"tag-{n}", name=f"Tag {n}") for n in range(TAGS)),
        ),
    )
    spent: dict[str, float] = {}

    def timed(stage: str, work: Callable[[], Any]) -> Any:
        begun = cpu()
        result = work()
        spent[stage] = cpu() - begun
        return result

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    stored = timed("open", lambda: read_data(repository))
    opened = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    tools = Tools(context, stored, lambda url: None, lambda sha: b"", lambda part: None)  # type: ignore[arg-type]
    merged = timed("merge", lambda: merge(draft, tools).draft)
    build = Build(context, stored, merged)
    timed("build", lambda: build.add("data", repository))
    signature = Signature(context.committer, context.run_id, 1, context.clock)
    publication = Publication(build.changes, signature)

    def publish() -> None:
        publication.stage()
        publication.publish()

    timed("commit", publish)
    return {
        "cpu": spent,
        "files": len(build.changes["data"].files),
        "changes": len(merged.changes),
        "conflicts": len(merged.conflicts),
        "start_mib": before,
        "opened_mib": opened,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--edited", type=float, default=0.01)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--once", nargs=4, metavar=("PATH", "SIZE", "DAY", "STEP"))
    options = parser.parse_args()
    if options.once:
        path, *numbers = options.once
        print(json.dumps(measure(Path(path), *map(int, numbers))))  # noqa: T201
        return
    results: dict[int, dict[str, Any]] = {}
    for size in map(int, options.sizes.split(",")):
        step = max(2, round(1 / options.edited))
        results[size] = {}
        with tempfile.TemporaryDirectory() as folder:
            for day, name in enumerate(RUNS):
                command = [sys.executable, __file__, "--once", f"{folder}/bench.git"]
                command += [str(size), str(day), str(step)]
                begun = time.perf_counter()
                answer = subprocess.run(
                    command, check=True, capture_output=True, text=True
                )
                results[size][name] = json.loads(answer.stdout)
                results[size][name]["wall"] = time.perf_counter() - begun
        if not options.json:
            show(size, results[size])
    if options.json:
        print(json.dumps(results, indent=1))  # noqa: T201


def show(size: int, runs: dict[str, Any]) -> None:
    say = sys.stdout.write
    for name, run in runs.items():
        stages = "".join(f"  {stage} {run['cpu'][stage]:7.2f}" for stage in STAGES)
        total = sum(run["cpu"].values())
        say(
            f"{size:>7} items, {name:<8}{stages}  CPU s; {total / size * 1e6:6.0f} µs "
            f"an item; {run['files']} files, {run['conflicts']} conflicts; "
            f"{run['start_mib']:.0f} MiB at the start, {run['opened_mib']:.0f} opened, "
            f"{run['peak_mib']:.0f} at most; {run['wall']:.0f} s\n"
        )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
