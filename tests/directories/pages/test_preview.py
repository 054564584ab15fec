"""A website is shown to those who may see it, in a sandbox, and to nobody else."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.signing import TimestampSigner
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from directories.models import Directory, Proposal
from directories.services.proposals import reject
from directories.services.proposing import repositories_of
from generation.git import MAIN, Commit, Repository

FILES = {
    "index.html": b"<!doctype html><title>Clocks</title><h1>Clocks</h1>"
    b'<script src="assets/x.js"></script><a href="items/a/index.html">A</a>',
    "items/a/index.html": b"<h1>A</h1>",
    "assets/x.js": b"""
      let read = "nothing";
      try { read = document.cookie || "empty"; } catch (error) { read = error.name; }
      document.querySelector("h1").textContent += ` ${read} ${self.origin}`;
      fetch("/admin/", {credentials: "include"}).then(
        (answer) => { document.title = "reached"; },
        (error) => { document.title = "refused"; },
      );
    """,
    ".gazetteer/files.jsonl": b"{}",
}


@pytest.fixture
def website(directory: Directory, git_root: Path) -> Directory:
    repository = repositories_of(directory)["website"]
    repository.create()
    write(repository, MAIN, FILES)
    return directory


def write(repository: Repository, ref: str, files: dict[str, bytes]) -> None:
    commit = Commit(
        parent=repository.head(), message="x", author="A", email="a@b.example",
        at=datetime(2024, 1, 1, tzinfo=UTC), files=files, removals=(),
    )  # fmt: skip
    new = repository.write(commit, ref="refs/gazetteer/test")
    repository.move(ref, new=new, old=repository.head(ref))


@pytest.fixture
def proposal(website: Directory) -> Proposal:
    found = website.proposals.create(
        number=1, branch="gazetteer/proposal-1", title="Another"
    )
    repository = repositories_of(website)["website"]
    write(repository, found.ref, {"items/a/index.html": b"<h1>Another</h1>"})
    return found


def address(directory: Directory) -> str:
    return f"/sites/{directory.namespace}/{directory.slug}/"


@pytest.fixture
def entered(website: Directory, owner: User, client: Client) -> str:
    """The address of the first page, with a ticket in it."""
    client.force_login(owner)
    return str(client.get(address(website)).headers["Location"])


def test_an_owner_is_let_in_and_sees_pages_in_a_sandbox(
    entered: str, client: Client
) -> None:
    client.logout()

    page = client.get(entered)
    script = client.get(entered.replace("index.html", "assets/x.js"))

    assert page.content == FILES["index.html"]
    assert "sandbox allow-scripts" in page["Content-Security-Policy"]
    assert "allow-same-origin" not in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "DENY"
    assert page["Referrer-Policy"] == "no-referrer"
    assert script["Content-Type"] in ("text/javascript", "application/javascript")
    assert "sandbox" in script["Content-Security-Policy"]


def test_somebody_unknown_is_asked_to_log_in(
    website: Directory, client: Client
) -> None:
    answer = client.get(address(website))

    assert answer.status_code == 302
    assert "/admin/login/" in answer.headers["Location"]


def test_another_user_is_told_that_there_is_nothing(
    website: Directory, client: Client
) -> None:
    client.force_login(User.objects.create_user("eve", password="another password"))

    assert client.get(address(website)).status_code == 404


def test_whoever_may_see_all_directories_sees_this_one(
    website: Directory, client: Client
) -> None:
    client.force_login(User.objects.create_superuser("root", password="a password x"))

    assert client.get(address(website), follow=True).status_code == 200


def test_a_ticket_opens_one_directory_and_not_for_ever(
    entered: str, website: Directory, owner: User, client: Client, monkeypatch: Any
) -> None:
    other = Directory.objects.create(
        owner=owner, namespace=website.namespace, slug="dials", name="Dials"
    )

    forged = entered.replace("index.html", "x").replace("~", "~1")
    elsewhere = entered.replace("/clocks/", f"/{other.slug}/")
    monkeypatch.setattr("directories.pages.preview.HOURS", -1)

    assert client.get(forged).status_code == 404
    assert client.get(elsewhere).status_code == 404
    assert client.get(entered).status_code == 404


def test_a_ticket_signed_for_something_else_is_none(
    website: Directory, client: Client
) -> None:
    signed = TimestampSigner().sign(str(website.pk)).partition(":")[2]

    assert client.get(f"{address(website)}~{signed}/index.html").status_code == 404


@pytest.mark.parametrize(
    "path", ["nothing.html", ".gazetteer/files.jsonl", "../clocks.git/HEAD", "items"]
)
def test_only_files_of_the_website_are_shown(
    entered: str, client: Client, path: str
) -> None:
    assert client.get(entered.replace("index.html", path)).status_code == 404


def test_a_folder_stands_for_its_first_page(entered: str, client: Client) -> None:
    page = client.get(entered.replace("index.html", "items/a/"))

    assert page.content == b"<h1>A</h1>"


def test_a_directory_without_a_website_is_not_found(
    directory: Directory, owner: User, client: Client
) -> None:
    client.force_login(owner)

    assert client.get(address(directory), follow=True).status_code == 404


def test_a_proposal_is_looked_at_before_it_is_accepted(
    entered: str, proposal: Proposal, client: Client
) -> None:
    there = client.get(f"{address(proposal.directory)}proposals/1/").headers["Location"]
    client.logout()

    def item(of: str) -> bytes:
        return bytes(client.get(of.replace("index.html", "items/a/")).content)

    assert item(there) == b"<h1>Another</h1>"
    assert item(entered) == FILES["items/a/index.html"]
    assert client.get(there).content == FILES["index.html"]
    assert "sandbox" in client.get(there)["Content-Security-Policy"]
    # A ticket opens what it was given for.
    assert client.get(entered.replace("/~", "/proposals/1/~")).status_code == 404
    assert client.get(there.replace("/proposals/1", "")).status_code == 404
    assert client.get(there.replace("/proposals/1", "/proposals/2")).status_code == 404


def test_a_proposal_that_changes_no_page_shows_the_website_that_is_there(
    website: Directory, owner: User, client: Client
) -> None:
    website.proposals.create(number=1, branch="gazetteer/proposal-1", title="None")
    client.force_login(owner)

    page = client.get(f"{address(website)}proposals/1/", follow=True)

    assert page.content == FILES["index.html"]


def test_what_no_longer_waits_is_not_shown(
    proposal: Proposal, owner: User, client: Client
) -> None:
    client.force_login(owner)
    place = f"{address(proposal.directory)}proposals/"
    there = client.get(f"{place}1/").headers["Location"]
    reject(proposal, user=owner)

    assert client.get(there).status_code == 404
    assert client.get(f"{place}2/", follow=True).status_code == 404
    client.force_login(User.objects.create_user("eve", password="another password"))
    assert client.get(f"{place}1/").status_code == 404


def test_the_list_of_directories_leads_to_the_preview(
    website: Directory, client: Client
) -> None:
    Directory.objects.update(generation_finished_at=datetime(2024, 1, 1, tzinfo=UTC))
    client.force_login(User.objects.create_superuser("root", password="a password x"))

    page = client.get("/admin/directories/directory/")

    assert f'href="{address(website)}"' in page.content.decode()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_script_of_a_website_has_neither_cookies_nor_the_application(
    live_server: LiveServer, website: Directory, owner: User, client: Client
) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs a browser: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    client.force_login(owner)
    session = client.cookies["sessionid"].value
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context()
        context.add_cookies(
            [{"name": "sessionid", "value": session, "url": live_server.url},
             {"name": "plain", "value": "readable", "url": live_server.url}]
        )  # fmt: skip
        page = context.new_page()
        page.goto(live_server.url + address(website))
        # And not by a function: the page's policy lets nobody evaluate text.
        sync_api.expect(page).to_have_title(re.compile("refused|reached"))
        said, title = page.locator("h1").inner_text(), page.title()
        page.get_by_role("link", name="A").click()
        page.wait_for_url("**/items/a/index.html")
        browser.close()

    assert said == "Clocks SecurityError null"
    assert title == "refused"
