"""Edits, runs, decisions and deletions of one directory take turns."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from rest_framework.response import Response

from directories.exceptions import DirectoryBusy, NotPossible
from directories.models import Directory, RunState
from directories.services import editing, execution, proposals, sweeping
from directories.services.adopting import Wanted, adopt
from directories.services.deleting import Repositories, delete_directory
from directories.services.editing import How
from directories.services.proposing import repositories_of
from directories.services.revisions import revise
from generation import orchestrator
from generation.editing.items import edit_items
from generation.editing.operations import UpdateItem
from generation.git import MAIN, Repository, directory_lock
from generation.git import tickets as lock_tickets
from generation.repositories.data import Stored
from generation.repositories.revision import Revision
from generation.sources.fetch import Fetcher
from tests.directories.api.conftest import client_of
from tests.directories.makers import start
from tests.directories.services.test_revisions import HORIZONTAL, rename
from tests.generation.test_directory_lock import tickets, wait_until
from tests.generation.test_orchestrator import files, heads

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(git_root: Path) -> Path:
    return git_root / "ada" / ".clocks.lock"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generation.git.tickets.LONGEST_WAIT", 0.2)


@contextmanager
def taken(git_root: Path) -> Iterator[None]:
    """Let somebody else have the lock of the directory `ada/clocks`."""
    with directory_lock(git_root, namespace="ada", slug="clocks"):
        yield


def thread_of(work: Callable[[], object]) -> threading.Thread:
    def work_and_close() -> None:
        try:
            work()
        finally:
            connection.close()

    return threading.Thread(target=work_and_close)


def list_of(count: int) -> str:
    return "# Clocks\n\n" + "".join(
        f"- [Clock {n}](https://clock-{n}.example.org/) - Number {n}.\n"
        for n in range(count)
    )


# --- edits


def test_eight_edits_at_once_are_each_done_once_and_none_fails(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution.execute(start(directory, list_of(8)))
    asked: list[str] = []
    at_once: list[int] = []

    def counted(stored: Stored, operations: Any, **options: Any) -> Any:
        at_once.append(1)
        try:
            assert len(at_once) == 1, "another one has the data in memory"
            asked.extend(operation.slug for operation in operations)
            return edit_items(stored, operations, **options)
        finally:
            at_once.pop()

    monkeypatch.setattr(editing, "edit_items", counted)
    client = client_of(directory.owner)
    together = threading.Barrier(8)

    def patch(number: int) -> Response:
        together.wait()
        try:
            return client.patch(
                f"/api/directories/{directory.pk}/items/clock-{number}/",
                {"description": f"Changed {number}."},
                format="json",
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(patch, range(8)))

    assert [answer.status_code for answer in answers] == [200] * 8
    assert sorted(asked) == [f"clock-{number}" for number in range(8)]
    lying = editing.read(directory).items
    assert {found.item.description for found in lying} == {
        f"Changed {number}." for number in range(8)
    }


def test_an_edit_that_has_waited_too_long_is_answered_503(
    generated: Directory, git_root: Path, impatient: None
) -> None:
    client = client_of(generated.owner)
    before = heads(git_root)

    with taken(git_root):
        answer = client.patch(
            f"/api/directories/{generated.pk}/items/horizontal/",
            {"description": "Flat."},
            format="json",
        )

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "The directory is being changed",
        "status": 503,
        "detail": "ada/clocks is being changed by others at the moment; try again in a "
        "moment",
    }
    assert heads(git_root) == before


def test_a_command_that_has_waited_too_long_says_so_and_exits_with_1(
    generated: Directory, git_root: Path, impatient: None
) -> None:
    with taken(git_root), pytest.raises(CommandError, match="try again") as failure:
        call_command("items", "edit", "clocks", "horizontal", "--description=Flat")

    assert failure.value.returncode == 1


def test_a_form_that_has_waited_too_long_keeps_what_was_typed(
    generated: Directory, git_root: Path, impatient: None
) -> None:
    owner = generated.owner
    owner.is_staff = owner.is_superuser = True
    owner.save()
    browser = Client()
    browser.force_login(owner)
    page = f"/admin/directories/directory/{generated.pk}/items/add/"
    form = {
        "name": "Candle",
        "source_url": "https://candle.example.net/",
        "category": "Fire clocks",
        "description": "Burns for an hour.",
    }

    with taken(git_root):
        answer = browser.post(page, form)

    shown = answer.content.decode()
    assert answer.status_code == 200
    assert "is being changed by others" in shown
    assert "Burns for an hour." in shown


def test_every_door_waits(
    generated: Directory, git_root: Path, impatient: None, owner: User
) -> None:
    how = How(owner, as_proposal=False)
    proposal = revise(generated, rename, user=owner, as_proposal=True).proposal
    assert proposal
    run = generated.runs.get()
    before = heads(git_root)
    csv = b"name,source_url\nCandle,https://candle.example.net/\n"
    source = str(git_root / "ada" / "clocks-data.git")
    doors: list[Callable[[], object]] = [
        lambda: editing.change_items(
            generated, [UpdateItem(slug="horizontal", description="Flat.")], how
        ),
        lambda: editing.take_in(generated, csv, how, name="clocks.csv"),
        lambda: editing.undo_run(run, how),
        lambda: proposals.accept(proposal, user=owner),
        lambda: proposals.accept(proposal, user=owner, items=["horizontal"]),
        lambda: proposals.reject(proposal, user=owner),
        lambda: proposals.refresh(proposal, user=owner),
        lambda: delete_directory(generated, Repositories.DELETE),
    ]

    with taken(git_root):
        for door in doors:
            with pytest.raises(DirectoryBusy):
                door()

    delete_directory(generated, Repositories.KEEP)
    with taken(git_root), pytest.raises(DirectoryBusy):
        adopt(Wanted(source, owner), fetcher=Fetcher())
    assert heads(git_root) == before
    assert not Directory.objects.exists()


def test_accepting_a_part_is_one_turn(
    generated: Directory, git_root: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were it two, the second might come too late, and what is accepted be told as refused."""
    proposal = revise(
        generated, rename, user=generated.owner, as_proposal=True
    ).proposal
    assert proposal
    drawn: list[Path] = []

    def counted(place: Path, deadline: float) -> tuple[Path, int]:
        drawn.append(place)
        return original(place, deadline)

    original = lock_tickets._draw
    monkeypatch.setattr(lock_tickets, "_draw", counted)

    proposals.accept(proposal, user=generated.owner, items=["horizontal"])

    assert drawn == [folder]


# --- runs


def test_a_run_waits_with_publishing_until_an_edit_is_done(
    generated: Directory, git_root: Path, folder: Path
) -> None:
    run = start(generated, company={"name": "Dials"})
    before = heads(git_root)
    runs = thread_of(lambda: execution.execute(run))

    with taken(git_root):
        runs.start()
        wait_until(lambda: tickets(folder) == 2, seconds=60)
        run.refresh_from_db()
        assert run.planned_commits is not None
        assert heads(git_root) == before
    runs.join()

    run.refresh_from_db()
    assert (run.state, run.attempt) == (RunState.SUCCEEDED, 1)
    assert "company_name: Dials" in files(git_root)["config.yml"]


def test_an_edit_waits_until_a_run_has_published(
    generated: Directory,
    git_root: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str | None] = []
    move = Repository.move

    def change(stored: Stored) -> Revision:
        seen.append(stored.snapshot.commit)
        return rename(stored)

    edits = thread_of(lambda: revise(generated, change, user=generated.owner))

    def move_while_somebody_edits(self: Repository, ref: str, **how: Any) -> None:
        move(self, ref, **how)
        if ref == MAIN and not edits.ident:
            edits.start()
            wait_until(lambda: tickets(folder) == 2)

    run = start(generated, company={"name": "Dials"})
    monkeypatch.setattr(Repository, "move", move_while_somebody_edits)
    execution.execute(run)
    edits.join()

    run.refresh_from_db()
    assert (run.state, run.attempt) == (RunState.SUCCEEDED, 1)
    assert run.report is not None
    assert seen == [run.report["repositories"]["data"]["commit"]]
    assert "Flat dial" in files(git_root)[HORIZONTAL]


def test_a_run_goes_on_when_whoever_has_the_lock_never_lets_go(
    generated: Directory, git_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt that was stopped while it published must not keep out the next one."""
    monkeypatch.setattr(orchestrator, "LOCK_WAIT", 0.2)
    run = start(generated, company={"name": "Dials"})

    with taken(git_root):
        execution.execute(run)

    run.refresh_from_db()
    assert (run.state, run.attempt) == (RunState.SUCCEEDED, 1)
    assert "company_name: Dials" in files(git_root)["config.yml"]


def test_a_sweep_leaves_a_directory_that_is_busy_to_the_next_one(
    generated: Directory, git_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "WAITS", 0.1)

    with taken(git_root):
        assert sweeping.sweep().tidied == 0

    assert sweeping.sweep().tidied == 1


# --- deleting


def test_deleting_waits_for_an_edit(
    generated: Directory, git_root: Path, folder: Path
) -> None:
    deletes = thread_of(
        lambda: delete_directory(
            Directory.objects.get(pk=generated.pk), Repositories.KEEP
        )
    )

    def change(stored: Stored) -> Revision:
        deletes.start()
        wait_until(lambda: tickets(folder) == 2)
        return rename(stored)

    revised = revise(generated, change, user=generated.owner)
    deletes.join()

    assert not Directory.objects.exists()
    assert list(revised.commits.values()) == heads(git_root)


def test_an_edit_that_waited_for_a_deletion_makes_nothing_anew(
    generated: Directory, git_root: Path, folder: Path
) -> None:
    refused: list[str] = []

    def edit() -> None:
        how = How(generated.owner)
        operation = UpdateItem(slug="horizontal", description="Flat.")
        try:
            editing.change_items(generated, [operation], how)
        except NotPossible as exc:
            refused.append(str(exc))

    edits = thread_of(edit)
    with taken(git_root):
        edits.start()
        wait_until(lambda: tickets(folder) == 2)
        # As deleting does it, which has the lock itself.
        Directory.objects.get(pk=generated.pk).delete()
        for repository in repositories_of(generated).values():
            repository.remove()
    edits.join()

    assert refused == ["ada/clocks has just been deleted"]
    assert list(git_root.iterdir()) == []
