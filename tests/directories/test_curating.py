"""Curators in the admin: items, undoing a run, and deleting a directory."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from directories.models import Directory, Proposal
from directories.services import execution
from tests.directories.makers import start
from tests.generation.test_orchestrator import files, heads

pytestmark = pytest.mark.django_db(transaction=True)

FORM = {
    "name": "Candle",
    "source_url": "https://candle.example.net/",
    "category": "Fire clocks",
    "tags": "wax, light",
    "description": "Burns.",
}


@pytest.fixture
def browser(owner: User) -> Client:
    owner.is_staff = owner.is_superuser = True
    owner.save()
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def generated(directory: Directory) -> Directory:
    execution.execute(start(directory))
    directory.refresh_from_db()
    return directory


def page(directory: Directory, rest: str) -> str:
    return f"/admin/directories/directory/{directory.pk}/{rest}"


def helper(*permissions: str) -> Client:
    user = User.objects.create_user("carl", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def test_items_are_listed_added_changed_and_removed(
    browser: Client, generated: Directory, git_root: Path
) -> None:
    listed = browser.get(page(generated, "items/?q=wall")).content.decode()
    added = browser.post(page(generated, "items/add/"), FORM)
    one = page(generated, "items/candle/")
    shown = browser.get(one).content.decode()
    changed = browser.post(one, FORM | {"description": "Burns down."})
    text = files(git_root)["data/candle/candle.yml"]
    browser.post(one, {"remove": "1", "reason": "Fire."})

    assert "Vertical" in listed
    assert "Horizontal" not in listed
    assert (added.status_code, changed.status_code) == (302, 302)
    assert "wax, light" in shown
    assert "Burns down." in text
    assert "data/candle/candle.yml" not in files(git_root)


def test_a_duplicate_is_told_in_the_form(browser: Client, generated: Directory) -> None:
    body = FORM | {"source_url": "https://example.org/horizontal"}

    answer = browser.post(page(generated, "items/add/"), body)

    assert answer.status_code == 200
    assert "in the directory already: horizontal" in answer.content.decode()


def test_messages_name_the_boxes_of_the_forms(
    browser: Client, generated: Directory
) -> None:
    run = generated.runs.get()
    browser.post(page(generated, "items/add/"), FORM)
    again = browser.post(page(generated, "items/add/"), FORM).content.decode()
    one = page(generated, "items/horizontal/")
    item = {"name": "Horizontal", "source_url": "https://example.org/horizontal"}
    browser.post(one, {**FORM, **item, "description": "Mine."})
    undo = f"/admin/directories/generationrun/{run.pk}/undo/"
    undone = browser.post(undo, follow=True).content.decode()

    assert "tick “Although it looks like an item that is there”" in again
    assert "tick “all but later edits”" in undone
    for name in ("allow_duplicate.", "keep_edits."):
        assert name not in again + undone


def test_somebody_elses_edit_waits(generated: Directory, git_root: Path) -> None:
    before = heads(git_root)

    helper("view_directory", "change_directory").post(
        page(generated, "items/add/"), FORM
    )

    assert heads(git_root) == before
    assert Proposal.objects.get().title == "Add Candle"


def test_who_may_not_change_may_not_edit(generated: Directory) -> None:
    client = helper("view_directory")

    assert client.get(page(generated, "items/")).status_code == 403
    assert client.post(page(generated, "items/add/"), FORM).status_code == 403
    assert client.post(page(generated, "take-down/"), {}).status_code == 403
    assert Client().get(page(generated, "items/")).status_code == 302


def test_a_directory_is_deleted_with_a_choice(
    browser: Client, generated: Directory, git_root: Path
) -> None:
    asked = browser.get(page(generated, "take-down/")).content.decode()
    undecided = browser.post(page(generated, "take-down/"), {})
    browser.post(page(generated, "take-down/"), {"repositories": "aside"})

    assert "clocks-data.git" in asked
    assert undecided.status_code == 200
    assert not Directory.objects.exists()
    assert len(list((git_root / ".deleted").rglob("*.git"))) == 3


def test_a_run_is_undone_by_a_button(
    browser: Client, generated: Directory, git_root: Path
) -> None:
    run = generated.runs.get()
    address = f"/admin/directories/generationrun/{run.pk}/"
    button = browser.get(f"{address}change/").content.decode()

    browser.post(f"{address}undo/")

    assert "Undo the run" in button
    assert files(git_root) == {}


def test_the_page_of_a_directory_leads_to_both(
    browser: Client, generated: Directory
) -> None:
    shown = browser.get(page(generated, "change/")).content.decode()

    assert page(generated, "items/") in shown
    assert page(generated, "take-down/") in shown
