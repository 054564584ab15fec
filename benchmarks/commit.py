"""A commit of some changed files in a large tree: ours beside git's own way.

    python benchmarks/commit.py [--files 20000] [--changed 100] [--repeat 5]

Ours: list the tree, compare, write one commit by fast-import, move the branch. Git's: `git
add` of the changed paths and `git commit` in a warm checkout, whose files are changed
already. Both end with the same tree. CPU seconds, children included.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from generation.git import MAIN, Commit, Repository, blob_id

CLOCK = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def cpu() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(
            resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
    )


def content(number: int, version: int) -> bytes:
    return f"name: Item {number}\nversion: {version}\n{'text ' * 60}\n".encode()


def path(number: int) -> str:
    return f"data/item-{number}/item-{number}.yml"


def ours(repository: Repository, changed: dict[str, bytes]) -> None:
    head = repository.head()
    assert head is not None
    tree = repository.tree(head)
    files = {p: c for p, c in changed.items() if tree.get(p) != blob_id(c)}
    commit = Commit(head, "Change", "Bench", "bench@example.org", CLOCK, files, ())
    new = repository.write(commit, ref="refs/gazetteer/bench/1")
    repository.move(MAIN, new=new, old=head)
    repository.move("refs/gazetteer/bench/1", new=None, old=new)


def gits(checkout: Path, changed: dict[str, bytes]) -> None:
    names = "\n".join(changed).encode()
    git = ["git", "-C", str(checkout)]
    subprocess.run([*git, "add", "--pathspec-from-file=-"], input=names, check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "Change"], check=True)


def timed(work: Callable[[], None]) -> tuple[float, float]:
    begun, wall = cpu(), time.perf_counter()
    work()
    return cpu() - begun, time.perf_counter() - wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--changed", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    results: dict[str, list[tuple[float, float]]] = {"ours": [], "git": []}
    with tempfile.TemporaryDirectory() as folder:
        repository = Repository(Path(folder) / "bare.git")
        repository.create()
        first = {path(n): content(n, 0) for n in range(options.files)}
        commit = Commit(None, "First", "Bench", "bench@example.org", CLOCK, first, ())
        repository.move(MAIN, new=repository.write(commit, ref="refs/x/y"), old=None)
        checkout = Path(folder) / "checkout"
        subprocess.run(
            ["git", "clone", "--quiet", str(repository.path), str(checkout)], check=True
        )
        for key, value in (("name", "Bench"), ("email", "bench@example.org")):
            subprocess.run(
                ["git", "-C", str(checkout), "config", f"user.{key}", value], check=True
            )
        for version in range(1, options.repeat + 2):
            step = options.files // options.changed
            changed = {
                path(n): content(n, version)
                for n in range(0, step * options.changed, step)
            }
            for name, text in changed.items():
                (checkout / name).write_bytes(text)
            pair = (
                timed(lambda changed=changed: ours(repository, changed)),  # type: ignore[misc]
                timed(lambda changed=changed: gits(checkout, changed)),  # type: ignore[misc]
            )
            if version > 1:  # the first is a warm-up
                results["ours"].append(pair[0])
                results["git"].append(pair[1])
        head = repository.head()
        assert head is not None
        theirs = subprocess.run(
            ["git", "-C", str(checkout), "rev-parse", "HEAD^{tree}"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        assert repository.tree_id(head) == theirs, "both ways end with the same tree"
    say = sys.stdout.write
    say(f"{options.changed} changed files in a tree of {options.files}\n")
    medians = {}
    for name, pairs in results.items():
        used = [pair[0] for pair in pairs]
        medians[name] = statistics.median(used)
        wall = statistics.median(pair[1] for pair in pairs)
        say(
            f"  {name:<6}{medians[name]:7.3f} CPU s ({min(used):.3f} to {max(used):.3f}, "
            f"n = {len(used)}) {wall:7.3f} s\n"
        )
    say(f"  ours / git = {medians['ours'] / medians['git']:.2f} of its CPU\n")


if __name__ == "__main__":
    main()
