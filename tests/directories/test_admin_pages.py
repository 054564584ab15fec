"""Pages of the admin lead somewhere, show what is theirs, and keep to the screen."""

from __future__ import annotations

import re
import shutil

import pytest
from django.contrib.auth.models import User
from django.test import Client
from knox.models import AuthToken
from playwright.sync_api import sync_playwright
from pytest_django.live_server_helper import LiveServer

from directories.models import Directory, GenerationRun
from directories.services import execution
from directories.services.editing import How, change_items
from generation.editing.operations import UpdateItem
from tests.directories.makers import start

pytestmark = pytest.mark.django_db(transaction=True)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
TOKENS = "/admin/knox/authtoken/"
LISTS = "/admin/directories/"


@pytest.fixture
def browser(owner: User) -> Client:
    owner.is_staff = owner.is_superuser = True
    owner.save()
    client = Client()
    client.force_login(owner)
    return client


def generate(directory: Directory) -> GenerationRun:
    run = start(directory)
    execution.execute(run)
    run.refresh_from_db()
    return run


def test_a_token_is_shown_once_and_opens_the_api(browser: Client, owner: User) -> None:
    asked = {"user": owner.pk, "expiry_0": "", "expiry_1": ""}

    made = browser.post(f"{TOKENS}add/", asked)
    token = re.search(r'value="(gaz_\w+)"', made.content.decode())
    later = browser.get(TOKENS).content.decode()

    assert token
    assert "no-store" in made.headers["Cache-Control"]
    assert "sessionid" not in made.cookies
    answer = Client().get(
        "/api/directories/", headers={"Authorization": f"Token {token[1]}"}
    )
    assert answer.status_code == 200
    assert token[1] not in later


def test_a_token_cannot_be_changed_and_can_be_taken_back(
    browser: Client, owner: User
) -> None:
    token, _ = AuthToken.objects.create(user=owner)
    page = f"{TOKENS}{token.pk}/"

    changed = browser.post(f"{page}change/", {"user": owner.pk})
    browser.post(f"{page}delete/", {"post": "yes"})

    assert changed.status_code == 403
    assert not AuthToken.objects.exists()


def test_the_history_of_a_directory_is_its_runs(
    browser: Client, directory: Directory
) -> None:
    run = generate(directory)
    other = Directory.objects.create(
        owner=directory.owner, namespace="ada", slug="other", name="Other"
    )

    page = f"{LISTS}directory/{{}}/history/"
    shown = browser.get(page.format(directory.pk), follow=True).content.decode()
    empty = browser.get(page.format(other.pk), follow=True).content.decode()

    assert f"generationrun/{run.pk}/change/" in shown
    assert str(run.pk) not in empty


def test_only_a_website_that_is_there_has_a_preview(
    browser: Client, directory: Directory
) -> None:
    Directory.objects.update(generation_finished_at="2026-01-01T00:00Z")
    before = browser.get(f"{LISTS}directory/").content.decode()
    generate(directory)
    after = browser.get(f"{LISTS}directory/").content.decode()

    link = re.search(r'href="([^"]+)">preview<', after)
    assert ">preview<" not in before
    assert link
    assert browser.get(link[1], follow=True).status_code == 200


def test_a_decision_is_told_with_the_slug_as_it_is(
    browser: Client, directory: Directory
) -> None:
    generate(directory)
    how = How(directory.owner, as_proposal=True)
    change_items(directory, [UpdateItem(slug="vertical", name="Wall")], how)
    proposal = directory.proposals.get()

    told = browser.post(f"{LISTS}proposal/{proposal.pk}/reject/", follow=True)

    assert "Proposal 1 of ada/clocks is rejected." in told.content.decode()


def test_one_of_a_thing_is_not_several(browser: Client, directory: Directory) -> None:
    generate(directory)
    listed = browser.get(f"{LISTS}directory/{directory.pk}/items/?q=wall")
    confirmed = browser.post(
        f"{LISTS}directory/",
        {"action": "generate_directory", "_selected_action": [directory.pk]},
    )

    assert "1 item, page 1" in listed.content.decode()
    assert "1 document)" in confirmed.content.decode()


@pytest.mark.browser
@pytest.mark.skipif(
    CHROMIUM is None, reason="needs a browser: apt-get install chromium"
)
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_keep_to_the_screen_and_titles_are_free(
    live_server: LiveServer, browser: Client, directory: Directory, width: int
) -> None:
    Directory.objects.filter(pk=directory.pk).update(
        name="A name that is rather long and goes on for a while"
    )
    run = generate(directory)
    how = How(directory.owner, as_proposal=True)
    change_items(directory, [UpdateItem(slug="vertical", name="Wall")], how)
    proposal = directory.proposals.get()
    session = browser.cookies["sessionid"].value
    lists = ("directory/", "generationrun/", "proposal/")
    pages = (
        f"directory/{directory.pk}/change/",
        f"directory/{directory.pk}/items/",
        f"directory/{directory.pk}/items/vertical/",
        f"generationrun/{run.pk}/change/",
        f"proposal/{proposal.pk}/change/",
    )

    wide, covered, cut = [], [], []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        context = chromium.new_context(viewport={"width": width, "height": 900})
        context.add_cookies(
            [{"name": "sessionid", "value": session, "url": live_server.url}]
        )
        page = context.new_page()
        for path in (*lists, *pages):
            page.goto(f"{live_server.url}{LISTS}{path}")
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide.append(path)
            if page.evaluate(OVERLAP):
                covered.append(path)
            if width > 1000 and path in lists and page.evaluate(CUT):
                cut.append(path)
        chromium.close()

    assert (wide, covered, cut) == ([], [], [])


# Whether buttons lie over the title, and whether columns are behind the edge of the table.
OVERLAP = """() => {
  const box = (element) => element?.getBoundingClientRect();
  const tools = box(document.querySelector(".change-form .object-tools"));
  const title = box(document.querySelector("#content > h2"));
  return Boolean(tools && title) && tools.top < title.bottom - 1;
}"""
CUT = """() => {
  const frame = document.querySelector(".results");
  return frame.scrollWidth > frame.clientWidth + 1;
}"""
