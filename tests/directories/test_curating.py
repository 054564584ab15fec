"""Curators in the admin: items, undoing a run, and deleting a directory."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from playwright.sync_api import expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from directories.models import Directory, Proposal
from directories.services import editing
from directories.services.editing import How
from generation.editing.operations import ItemOperation, RemoveItem, UpdateItem
from tests.generation.test_orchestrator import commit_by_hand, files, heads

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
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


def page(directory: Directory, rest: str) -> str:
    return f"/admin/directories/directory/{directory.pk}/{rest}"


def opened(browser: Client, address: str) -> dict[str, Any]:
    """Open the form of an item, and give its fields as a browser would send them."""
    form = browser.get(address).context["form"]
    fields = {field.html_name: field.value() for field in form}
    return {key: value for key, value in fields.items() if value not in (None, False)}


def change(directory: Directory, *operations: ItemOperation) -> None:
    """Change items while somebody has a form open."""
    editing.change_items(directory, operations, How(directory.owner))


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
    changed = browser.post(one, opened(browser, one) | {"description": "Burns down."})
    text = files(git_root)["data/candle/candle.yml"]
    version = opened(browser, one)["version"]
    browser.post(one, {"remove": "1", "reason": "Fire.", "version": version})

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
    browser.post(one, {**opened(browser, one), "description": "Mine."})
    undo = f"/admin/directories/generationrun/{run.pk}/undo/"
    undone = browser.post(undo, follow=True).content.decode()

    assert "tick “Although it looks like an item that is there”" in again
    assert "tick “all but later edits”" in undone
    for name in ("allow_duplicate.", "keep_edits."):
        assert name not in again + undone


def test_a_form_leaves_alone_what_others_changed_meanwhile(
    browser: Client, generated: Directory, git_root: Path
) -> None:
    one = page(generated, "items/vertical/")
    form = opened(browser, one)
    change(generated, UpdateItem(slug="vertical", description="Hangs."))

    saved = browser.post(one, form | {"tags": "wall"})

    text = files(git_root)["data/vertical/vertical.yml"]
    assert saved.status_code == 302
    assert "description: Hangs." in text
    assert "- wall" in text


def test_a_field_that_both_changed_is_shown_with_both_values(
    browser: Client, generated: Directory, git_root: Path
) -> None:
    one = page(generated, "items/vertical/")
    form = opened(browser, one)
    change(
        generated,
        UpdateItem(slug="vertical", description="<b>Theirs</b>", name="On a wall"),
    )
    before = heads(git_root)

    asked = browser.post(one, form | {"description": "Mine.", "tags": "wall"})
    shown = asked.content.decode()
    again = {field.html_name: field.value() for field in asked.context["form"]}

    assert heads(git_root) == before
    assert "Now: <pre>&lt;b&gt;Theirs&lt;/b&gt;</pre>" in shown
    assert 'value="Mine."' in shown
    assert "Changed meanwhile, and shown as it is now: Name" in shown
    assert (again["name"], again["tags"]) == ("On a wall", "wall")

    saved = browser.post(
        one, {k: v for k, v in again.items() if v not in (None, False)}
    )

    text = files(git_root)["data/vertical/vertical.yml"]
    assert saved.status_code == 302
    assert "description: Mine." in text
    assert "name: On a wall" in text


def test_a_form_that_says_no_version_asks_before_it_writes(
    browser: Client, generated: Directory, git_root: Path
) -> None:
    one = page(generated, "items/vertical/")
    form = opened(browser, one)
    before = heads(git_root)

    for version in (
        "",
        "x" * 10_000,
        "0" * 40,
        "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    ):
        asked = browser.post(one, form | {"version": version, "description": "Mine."})
        assert "cannot be found any more" in asked.content.decode()

    assert heads(git_root) == before


@pytest.mark.parametrize("button", [{}, {"remove": "1", "reason": "Fire."}])
def test_an_item_that_is_gone_is_told_with_what_was_typed(
    browser: Client, generated: Directory, button: dict[str, str]
) -> None:
    one = page(generated, "items/vertical/")
    form = opened(browser, one)
    change(generated, RemoveItem(slug="vertical", reason="It fell."))

    answer = browser.post(one, form | {"description": "Mine."} | button, follow=True)

    shown = answer.content.decode()
    if button:
        assert "There is no item vertical any more." in shown
    else:
        assert "has removed vertical (It fell)" in shown
        assert 'value="Mine."' in shown


def test_what_has_changed_since_is_shown_before_it_is_removed(
    browser: Client, generated: Directory, git_root: Path
) -> None:
    one = page(generated, "items/vertical/")
    form = {
        "remove": "1",
        "reason": "Fire.",
        "version": opened(browser, one)["version"],
    }
    change(generated, UpdateItem(slug="vertical", description="Hangs."))

    asked = browser.post(one, form)
    shown = asked.content.decode()

    assert "It was not removed" in shown
    assert "<td>Hangs.</td>" in shown
    assert 'value="Fire."' in shown
    assert "data/vertical/vertical.yml" in files(git_root)

    browser.post(one, form | {"version": asked.context["form"]["version"].value()})

    assert "data/vertical/vertical.yml" not in files(git_root)


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


@pytest.mark.browser
@pytest.mark.skipif(
    CHROMIUM is None,
    reason="there is no Chromium: `apt-get install chromium` installs it",
)
def test_person_saves_a_form_that_others_have_overtaken(
    live_server: LiveServer, generated: Directory, git_root: Path
) -> None:
    User.objects.create_superuser("eve", password="a fine password")
    name = "data/vertical/vertical.yml"
    folded = files(git_root)[name].replace(
        "description: Hangs on a wall.", "description: |\n  Hangs on\n  a wall."
    )
    text = "\n    Indented.\r\n\r\nTwo blanks.  \nA line.\n\n"
    commit_by_hand(git_root, {name: folded, "data/vertical/vertical.md": text})

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        tab = browser.new_page()
        tab.set_default_timeout(15_000)
        expect.set_options(timeout=15_000)
        tab.goto(f"{live_server.url}{page(generated, 'items/vertical/')}")
        tab.get_by_label("Username:").fill("eve")
        tab.get_by_label("Password:").fill("a fine password")
        tab.get_by_role("button", name="Log in").click()
        expect(tab.get_by_label("Description:")).to_have_value("Hangs on a wall.")

        theirs = folded.replace("name: Vertical", "name: Theirs")
        commit_by_hand(git_root, {name: theirs})
        tab.get_by_label("Tags:").fill("wall")
        tab.get_by_label("Name:").fill("Mine")
        tab.get_by_role("button", name="Save").click()
        expect(
            tab.get_by_text("Somebody else has changed Theirs since")
        ).to_be_visible()
        expect(tab.get_by_label("Name:")).to_have_value("Mine")
        expect(tab.locator("pre", has_text="Theirs")).to_be_visible()

        tab.get_by_role("button", name="Save").click()
        expect(tab.get_by_text("Update Mine.")).to_be_visible()
        browser.close()

    written = files(git_root)
    assert "name: Mine\n" in written[name]
    assert "description: |\n  Hangs on\n  a wall.\n" in written[name]
    assert "- wall" in written[name]
    assert written["data/vertical/vertical.md"] == text
