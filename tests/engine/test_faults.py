"""Nothing that befalls a run loses it, doubles it or leaves anything of it behind.

Real processes throughout. The quick tier meets every fault and every place once, on SQLite
with the database as the broker; `make test-engine` is the full product, on both stacks.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.engine.conftest import Stack, StackMaker, kill, wait_until
from tests.engine.faults import FAULTS, Fault
from tests.engine.scene import (
    CLOCKS,
    LATER_LIST,
    PLACES,
    Scene,
    Trees,
    git,
)


@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if fault.sample], ids=lambda fault: fault.name
)
def test_every_fault_and_every_place_once(
    fault: Fault,
    tmp_path: Path,
    sqlite_stack: StackMaker,
    trees: Trees,
    record_property: Callable[[str, object], None],
) -> None:
    play(fault, fault.sample, sqlite_stack(), trees, record_property)


def test_the_quick_tier_leaves_no_place_out() -> None:
    met = {place for fault in FAULTS for place in fault.sample}

    assert met == set(PLACES)
    assert all(set(fault.sample) <= set(fault.places) for fault in FAULTS)


@pytest.mark.engine_full
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("kind", ["sqlite", "postgres-redis"])
def test_every_fault_at_every_place(
    fault: Fault,
    kind: str,
    request: pytest.FixtureRequest,
    trees: Trees,
    record_property: Callable[[str, object], None],
) -> None:
    make: StackMaker = request.getfixturevalue(f"{kind.replace('-', '_')}_stack")
    play(fault, fault.places, make(), trees, record_property)


def play(
    fault: Fault,
    places: tuple[str, ...],
    stack: Stack,
    trees: Trees,
    record_property: Callable[[str, object], None],
) -> None:
    """Let a fault meet runs at these places, and judge what has come of them."""
    with Scene(stack, places, trees=trees, lease=fault.lease) as scene:
        fault.strike(scene)
        scene.wait_until_over()
        wrong = scene.check(states=fault.states)
        wrong |= scene.again(states=fault.states)
        if orphans := scene.orphans():
            wrong["processes that outlive their parents"] = orphans
    record_property("engine_cases", len(places))
    record_property("engine_wrong", len(wrong))
    assert not wrong, "\n".join(f"{place}: {found}" for place, found in wrong.items())


def test_a_person_pushes_while_a_run_is_half_published(
    tmp_path: Path, sqlite_stack: StackMaker, trees: Trees
) -> None:
    """Onto what has moved already, and onto what has not: nothing of theirs is lost."""
    places = ("onto-new", "onto-old")
    with Scene(sqlite_stack(), places, trees=trees) as scene:
        scene.start_cluster("first", workers=2)
        scene.launch(places)
        scene.wait_until_over()
        for place in places:
            scene.arm(place, at="moved-data")
        scene.launch(places, text=LATER_LIST, clock=CLOCKS[1])
        held = [wait_until(partial(scene.where, p, at="moved-data")) for p in places]
        new_data, _, _ = scene.repositories("onto-new")
        _, old_list, _ = scene.repositories("onto-old")
        pushed = {path: push(path, tmp_path) for path in (new_data, old_list)}

        for facts in held:
            kill(facts["pid"])
        scene.wait_until_over(runs=2)
        orphans = scene.orphans()

    assert not orphans
    assert {rows[-1].state for rows in scene.rows().values()} == {"succeeded"}
    for place in places:
        for path, tree in zip(scene.repositories(place), trees[1], strict=True):
            theirs = [*pushed[path].splitlines()] if path in pushed else []
            assert git(path, "rev-list", "--count", "main") == str(2 + len(theirs))
            assert without_notes(path) == tree
            assert all(commit in git(path, "rev-list", "main") for commit in theirs)


def test_a_run_that_is_killed_while_it_proposes_makes_one_proposal(
    sqlite_stack: StackMaker, trees: Trees
) -> None:
    places = ("planned", "announced", "moved-data", "moved-list", "all-moved")
    with Scene(sqlite_stack(), places, trees=trees) as scene:
        scene.start_cluster("first", workers=len(places))
        scene.start_sweepers("one")
        scene.launch(places)
        scene.wait_until_over()
        before = scene.heads()
        scene.stack.execute("UPDATE directories_directory SET review = true")
        for place in places:
            scene.arm(place)
        scene.launch(places, text=LATER_LIST, clock=CLOCKS[1])
        held = [wait_until(partial(scene.where, place)) for place in places]
        for facts in held:
            kill(facts["pid"])
        scene.wait_until_over(runs=2)
        heads, rows = scene.heads(), scene.rows()
        proposals = scene.stack.query(
            "SELECT d.namespace, p.number, p.state FROM directories_proposal p "
            "JOIN directories_directory d ON d.id = p.directory_id"
        )
        orphans = scene.orphans()

    assert not orphans
    assert heads == before
    assert {rows[place][-1].state for place in places} == {"succeeded"}
    assert sorted(proposals) == sorted((place, 1, "open") for place in places)
    branch = "refs/heads/gazetteer/proposal-1"
    for place in places:
        for path, tree in zip(scene.repositories(place), trees[1], strict=True):
            assert git(path, "rev-parse", f"{branch}^{{tree}}") == tree
            refs = git(path, "for-each-ref", "--format=%(refname)", "refs/").split()
            assert refs == [branch, "refs/heads/main"]


def push(path: Path, folder: Path) -> str:
    """Commit a file as a person does, and return the commit."""
    clone = folder / f"clone of {path.parent.name}"
    subprocess.run(["git", "clone", "-q", str(path), str(clone)], check=True)
    (clone / "notes.md").write_text("Mine.\n")
    who = ("-c", "user.name=Eve", "-c", "user.email=eve@example.org")
    for command in (
        ("add", "notes.md"),
        (*who, "commit", "-q", "-m", "By hand"),
        ("push", "-q", "origin", "HEAD:main"),
    ):
        subprocess.run(["git", *command], cwd=clone, check=True)
    return git(clone / ".git", "rev-parse", "HEAD")


def without_notes(path: Path) -> str:
    """Name the tree of `main` without what the person has added."""
    entries = git(path, "ls-tree", "main").splitlines()
    kept = "".join(f"{entry}\n" for entry in entries if "notes.md" not in entry)
    made = subprocess.run(
        ["git", f"--git-dir={path}", "mktree"],
        input=kept,
        check=True,
        capture_output=True,
        text=True,
    )
    return made.stdout.strip()
