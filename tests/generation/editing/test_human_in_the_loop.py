"""Runs publish while somebody else commits: nothing of theirs is lost, nothing is forced."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from config.env import CHECKOUT
from generation.exceptions import AttemptFailed, RepositoryMoved
from generation.repositories.data import read_data
from tests.fakes import NOON
from tests.generation.test_orchestrator import files, repository, run

TRIES = 60


def source(number: int) -> tuple[str, str]:
    """What the source says in this round: some of it is new every time."""
    lines = ["# Clocks", "", "## Sundials", ""]
    lines += (
        f"- [Dial {n}](https://example.org/{n}) - Shows the hour {number // (n + 1)}. "
        f"`wood` `round{number % 3}`"
        for n in range(12 + number % 5)
    )
    return "list.md", "\n".join(lines) + "\n"


def publish(root: Path, number: int) -> int:
    """Run until it is published, and count how often somebody was quicker."""
    for attempt in range(TRIES):
        try:
            run(root, source(number), clock=NOON)
        except (AttemptFailed, RepositoryMoved):
            continue
        return attempt
    raise AssertionError("no run came through")


@pytest.mark.parametrize(
    "rounds", [25, pytest.param(100, marks=pytest.mark.exhaustive)]
)
def test_nothing_is_lost_while_others_write(tmp_path: Path, rounds: int) -> None:
    root, folder = tmp_path / "repositories", tmp_path / "eve"
    folder.mkdir()
    run(root, source(0))
    _watch(root)
    eve = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.generation.editing.somebody"),
            *(str(root), "7", str(folder)),
        ],
        cwd=CHECKOUT,
    )
    try:
        while not _edits(folder):
            assert eve.poll() is None
            time.sleep(0.05)
        late = sum(publish(root, number) for number in range(1, rounds + 1))
    finally:
        (folder / "stop").touch()
        assert eve.wait(timeout=60) == 0
    publish(root, rounds)

    edits = _edits(folder)
    print(f"{rounds} rounds, {len(edits)} edits, {late} runs were late")  # noqa: T201
    assert len(edits) > rounds / 5
    for kind in ("data", "list", "website"):
        assert _is_never_forced(root, kind), kind
    assert _lost(root, edits) == []
    assert read_data(repository(root)).warnings == ()


def _watch(root: Path) -> None:
    """Let git write down every move of every branch."""
    for kind in ("data", "list", "website"):
        command = ["git", f"--git-dir={repository(root, kind).path}", "config"]
        subprocess.run([*command, "core.logAllRefUpdates", "always"], check=True)


def _edits(folder: Path) -> list[dict[str, str]]:
    path = folder / "edits.jsonl"
    return (
        [json.loads(line) for line in path.read_text().splitlines()]
        if path.exists()
        else []
    )


def _is_never_forced(root: Path, kind: str) -> bool:
    """Tell whether each move of main began where the last one ended, and built on it."""
    found = repository(root, kind)
    lines = (found.path / "logs/refs/heads/main").read_text().splitlines()
    moves = [line.split()[:2] for line in lines]
    parents = dict(
        line.split()[:2]
        for line in subprocess.run(
            ["git", f"--git-dir={found.path}", "rev-list", "--parents", "main"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        if " " in line
    )
    follows = all(one[1] == two[0] for one, two in itertools.pairwise(moves))
    return follows and all(parents.get(new) == old for old, new in moves)


def _lost(root: Path, edits: list[dict[str, str]]) -> list[dict[str, str]]:
    """List the edits that are neither there nor overruled by a later one of theirs."""
    now = files(root)
    lost: list[dict[str, str]] = []
    gone: set[str] = set()
    seen: set[tuple[str, str]] = set()
    for made in reversed(edits):
        path, kind, token = made["path"], made["kind"], made["token"]
        if path in gone:
            continue
        if kind == "remove":
            gone.add(path)
            if path in now and not any(p == path for p, _ in seen):
                lost.append(made)
            continue
        is_overruled = (path, kind) in seen
        if kind == "add":
            gone.add(path)
            is_overruled = any(p == path and k == "field" for p, k in seen)
        seen.add((path, kind))
        if kind in ("field", "text") and is_overruled:
            continue
        if kind == "add" and is_overruled:
            token = "Mine"
        text: Any = now.get(path, "")
        if kind == "text":
            text = now.get(path.removesuffix("yml") + "md", "")
        if token not in text:
            lost.append(made)
    return lost
