"""People's edits through the services, also while others write."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from directories.exceptions import DirectoryBusy, NotPossible
from directories.models import Directory, RunState
from directories.services import execution, sweeping
from directories.services.deleting import Repositories, delete_directory
from directories.services.proposing import repositories_of
from directories.services.revisions import revise
from generation.git import MAIN, Repository
from generation.git.command import run_git
from generation.journal import Progress
from generation.publish import HANDS
from generation.repositories.data import Stored
from generation.repositories.revision import Revision, edit_item
from tests.directories.makers import start
from tests.fakes import NOON
from tests.generation.test_git import wait_for_gc
from tests.generation.test_orchestrator import commit_by_hand, files, heads

HORIZONTAL = "data/horizontal/horizontal.yml"


def rename(stored: Stored) -> Revision:
    tree = stored.snapshot.tree
    [content] = stored.snapshot.repository.read([tree[HORIZONTAL]])
    edited = edit_item(content, {("name",): "Flat dial"}, now="2026-11-22 12:00")
    return Revision("Rename an item", {HORIZONTAL: edited})


def test_all_three_repositories_follow_in_the_persons_name(
    generated: Directory, git_root: Path
) -> None:
    revised = revise(generated, rename, user=generated.owner, clock=NOON)

    assert list(revised.commits.values()) == heads(git_root)
    assert "[Flat dial](" in files(git_root, "list")["README.md"]
    shown = run_git(
        repositories_of(generated)["data"].path, "log", "-1", "--format=%an|%s"
    )
    assert shown.decode().strip() == "ada|Rename an item"


def test_the_directory_counts_what_it_holds(generated: Directory) -> None:
    paths = (HORIZONTAL, HORIZONTAL.replace(".yml", ".md"))

    revise(
        generated, lambda _: Revision("Remove", removals=paths), user=generated.owner
    )

    generated.refresh_from_db()
    assert (generated.items_count, generated.categories_count) == (2, 2)


def test_an_edit_is_asked_for_again_when_somebody_was_quicker(
    generated: Directory, git_root: Path
) -> None:
    seen: list[str | None] = []

    def change(stored: Stored) -> Revision:
        seen.append(stored.snapshot.commit)
        if len(seen) == 1:
            commit_by_hand(git_root, {"pages/about.md": "# About"})
        return rename(stored)

    revise(generated, change, user=generated.owner)

    now = files(git_root)
    assert len(set(seen)) == 2
    assert "pages/about.md" in now
    assert "Flat dial" in now[HORIZONTAL]


def test_an_edit_gives_up_where_others_never_rest(
    generated: Directory, git_root: Path
) -> None:
    def change(stored: Stored) -> Revision:
        commit_by_hand(git_root, {"pages/about.md": f"# {stored.snapshot.commit}"})
        return rename(stored)

    with pytest.raises(DirectoryBusy, match="try again"):
        revise(generated, change, user=generated.owner)

    assert "Flat dial" not in files(git_root)[HORIZONTAL]
    assert all(r.refs(HANDS) == {} for r in repositories_of(generated).values())


@pytest.mark.django_db(transaction=True)
def test_a_sweep_waits_for_an_edit_that_is_being_published(
    generated: Directory, git_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = Repository.move
    asked: list[str | None] = []
    tidied: list[int] = []

    def change(stored: Stored) -> Revision:
        asked.append(stored.snapshot.commit)
        return rename(stored)

    def sweep() -> None:
        try:
            tidied.append(sweeping.sweep().tidied)
        finally:
            connection.close()

    sweeps = threading.Thread(target=sweep)

    def move_and_sweep(self: Repository, ref: str, **how: Any) -> None:
        move(self, ref, **how)
        if ref == MAIN and not sweeps.ident:
            sweeps.start()
            sweeps.join(1)

    monkeypatch.setattr(Repository, "move", move_and_sweep)
    revise(generated, change, user=generated.owner)
    sweeps.join()

    assert (len(asked), tidied) == (1, [1])
    assert "Flat dial" in files(git_root, "website")["index.html"]


def test_an_edit_of_a_directory_that_has_just_been_deleted_leaves_nothing(
    generated: Directory, git_root: Path
) -> None:
    delete_directory(Directory.objects.get(pk=generated.pk), Repositories.DELETE)

    with pytest.raises(NotPossible, match="has just been deleted"):
        revise(
            generated,
            lambda _: Revision("Begin", {"pages/a.md": b"# A"}),
            user=generated.owner,
        )

    assert not list(git_root.rglob("HEAD"))


def test_an_edit_that_makes_the_data_unreadable_is_refused(
    generated: Directory, git_root: Path
) -> None:
    before = heads(git_root)

    with pytest.raises(NotPossible, match=r"categories\.yml"):
        revise(
            generated,
            lambda _: Revision("Break", {"categories.yml": b"["}),
            user=generated.owner,
        )

    assert heads(git_root) == before


def test_a_run_that_an_edit_overtakes_is_tried_again(
    generated: Directory, git_root: Path
) -> None:
    run = start(generated, company={"name": "Dials"})
    edited: list[bool] = []

    def listen(progress: Progress) -> None:
        if progress.step == "publish" and not edited:
            edited.append(revise(generated, rename, user=generated.owner).is_changed)

    execution.execute(run, listen=listen)

    run.refresh_from_db()
    assert (run.state, run.attempt) == (RunState.SUCCEEDED, 2)
    now = files(git_root)
    assert "Flat dial" in now[HORIZONTAL]
    assert "company_name: Dials" in now["config.yml"]
    assert "Flat dial" in files(git_root, "website")["index.html"]


@pytest.mark.django_db(transaction=True)
def test_repositories_that_only_see_edits_are_packed(
    generated: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generation.git.repository.MOST_APART", 50_000)
    website = repositories_of(generated)["website"]

    def change(stored: Stored) -> Revision:
        text = f"The text of {stored.snapshot.commit}.\n".encode()
        return Revision("Change a text", {HORIZONTAL.replace(".yml", ".md"): text})

    for _ in range(3):
        revise(generated, change, user=generated.owner)

    wait_for_gc(website)
    assert list(website.path.glob("objects/pack/*.pack"))
    assert run_git(website.path, "rev-list", "--count", MAIN).strip() == b"4"


def test_history_only_ever_grows(generated: Directory, git_root: Path) -> None:
    repositories = repositories_of(generated).values()
    before = {repository: repository.head() for repository in repositories}

    revise(generated, rename, user=generated.owner)

    assert all(_holds(repository, old) for repository, old in before.items())


def _holds(repository: Repository, commit: str | None) -> bool:
    return commit is not None and repository.contains(commit)
