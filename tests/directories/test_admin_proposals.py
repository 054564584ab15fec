"""Proposals in the admin: who may decide, and what a page shows."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from playwright.sync_api import expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from directories.models import Directory, Proposal
from directories.services.proposing import repositories_of
from generation.git import Commit, Repository
from tests.directories.conftest import generate
from tests.directories.made import MadeDirectories
from tests.directories.services.test_proposals import CANDLE_PATH, CHANGED
from tests.directories.services.test_proposing import propose
from tests.fakes import NOON
from tests.generation.test_orchestrator import commit_by_hand, files, heads

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/admin/directories/proposal/"


@pytest.fixture
def proposal(
    directory: Directory, git_root: Path, made_directories: MadeDirectories
) -> Proposal:
    made_directories.fill(directory, "proposed in markup", generate_and_propose)
    return directory.proposals.get()


def generate_and_propose(directory: Directory) -> None:
    generate(directory)
    propose(directory, CHANGED.replace("Burns", "<b>Burns</b>"))


def client_with(*permissions: str) -> Client:
    user = User.objects.create_user("eve", password="a fine password", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def page(proposal: Proposal, action: str = "change") -> str:
    return f"{LIST}{proposal.pk}/{action}/"


def head_shown(client: Client, proposal: Proposal) -> str:
    """Read what the buttons of a proposal's page send."""
    shown = client.get(page(proposal)).content.decode()
    [head] = set(re.findall('name="head" value="([0-9a-f]{40})"', shown))
    return str(head)


def push(data: Repository, ref: str, changes: dict[str, bytes]) -> None:
    """Somebody changes a branch."""
    old = data.head(ref)
    commit = Commit(old, "By hand", "Eve", "eve@example.org", NOON, changes, ())
    data.move(ref, new=data.write(commit, ref="refs/heads/eve"), old=old)


def test_a_page_shows_the_difference_and_escapes_it(proposal: Proposal) -> None:
    shown = client_with("view_proposal").get(page(proposal)).content.decode()

    assert "Lies flat in the garden." in shown
    assert "Lies on a stone." in shown
    assert "<b>Burns" not in shown
    assert "Accept all" not in shown, "who may only look sees no button"


def test_a_page_leads_to_the_website_as_it_would_be(proposal: Proposal) -> None:
    client = client_with("view_proposal", "view_directory", "decide_proposal")
    address = "/sites/ada/clocks/proposals/1/"

    assert f'href="{address}"' in client.get(page(proposal)).content.decode()

    site = client.get(address, follow=True)
    assert "Candle" in site.content.decode()
    client.post(page(proposal, "reject"), {"reason": "No."})
    assert address not in client.get(page(proposal)).content.decode()


def test_the_list_leads_to_it(proposal: Proposal) -> None:
    shown = client_with("view_proposal").get(LIST).content.decode()

    assert "Add 1 item, update 1 item" in shown
    assert "1 added, 1 changed" in shown


@pytest.mark.parametrize("action", ["accept", "accept-items", "reject", "refresh"])
def test_deciding_takes_a_permission_and_a_post(
    proposal: Proposal, git_root: Path, action: str
) -> None:
    before = heads(git_root)
    looking = client_with("view_proposal")
    path = page(proposal, action)

    refused = looking.post(path, {"item": "candle"}).status_code
    User.objects.filter(username="eve").update(is_superuser=True)
    got = looking.get(path).status_code
    checking = Client(enforce_csrf_checks=True)
    checking.force_login(User.objects.get(username="eve"))
    without_token = checking.post(path, {"item": "candle"}).status_code

    proposal.refresh_from_db()
    assert (refused, got, without_token) == (403, 405, 403)
    assert (proposal.state, heads(git_root)) == ("open", before)


def test_a_decision_that_comes_too_late_is_told(proposal: Proposal) -> None:
    client = client_with("view_proposal", "decide_proposal")
    client.post(page(proposal, "reject"), {"reason": "No."})

    shown = client.post(page(proposal, "accept"), follow=True).content.decode()

    assert "proposal is rejected already" in shown
    assert "No." in shown


@pytest.mark.parametrize("action", ["accept", "accept-items", "reject"])
def test_what_has_changed_since_it_was_shown_is_to_be_looked_at_again(
    proposal: Proposal, git_root: Path, action: str
) -> None:
    client = client_with("view_proposal", "decide_proposal")
    seen = {"item": "candle", "head": head_shown(client, proposal)}
    data = repositories_of(proposal.directory)["data"]
    push(data, proposal.ref, {CANDLE_PATH: b"name: Torch\n"})
    before = heads(git_root)

    answer = client.post(page(proposal, action), seen, follow=True)

    proposal.refresh_from_db()
    assert "has changed since you looked at it" in answer.content.decode()
    assert (proposal.state, heads(git_root)) == ("open", before)

    seen["head"] = head_shown(client, proposal)
    client.post(page(proposal, action), seen)

    is_rejected = action == "reject"
    assert ("name: Torch" in files(git_root).get(CANDLE_PATH, "")) is not is_rejected


@pytest.mark.browser
@pytest.mark.skipif(
    CHROMIUM is None,
    reason="there is no Chromium: `apt-get install chromium` installs it",
)
def test_person_ticks_an_item_and_then_accepts_the_rest(
    live_server: LiveServer, proposal: Proposal, git_root: Path
) -> None:
    User.objects.create_superuser("eve", password="a fine password")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        tab = browser.new_page()
        tab.set_default_timeout(15_000)
        expect.set_options(timeout=15_000)
        tab.goto(f"{live_server.url}/admin/")
        tab.get_by_label("Username:").fill("eve")
        tab.get_by_label("Password:").fill("a fine password")
        tab.get_by_role("button", name="Log in").click()
        tab.locator("tr.model-proposal").get_by_role("link").first.click()
        tab.get_by_role("link", name="proposal 1 of ada/clocks").click()

        expect(tab.get_by_role("cell", name="Lies on a stone.").first).to_be_visible()
        tab.get_by_role("checkbox", name="Accept Candle").check()
        tab.get_by_role("button", name="Accept the ticked items").click()
        expect(tab.get_by_text("Proposal 1 of ada/clocks is open.")).to_be_visible()
        expect(tab.get_by_role("checkbox", name="Accept Candle")).to_have_count(0)
        assert CANDLE_PATH in files(git_root)

        commit_by_hand(git_root, {"pages/about.md": "# About"})
        tab.reload()
        tab.get_by_role("button", name="Bring up to date").click()
        expect(tab.get_by_role("button", name="Bring up to date")).to_have_count(0)
        tab.get_by_role("checkbox", name="keep its commits").check()
        tab.get_by_role("button", name="Accept all").click()
        expect(tab.get_by_text("Proposal 1 of ada/clocks is accepted.")).to_be_visible()
        expect(tab.get_by_role("button", name="Accept all")).to_have_count(0)
        browser.close()

    proposal.refresh_from_db()
    assert proposal.state == "accepted"
    assert repositories_of(proposal.directory)["data"].contains(proposal.head)
    assert "Lies on a stone." in files(git_root)["data/horizontal/horizontal.yml"]
