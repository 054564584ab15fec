"""Our own pages run our own scripts, and no word of a stranger becomes one."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connections
from django.test import Client
from playwright.sync_api import ConsoleMessage, Dialog, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from directories.models import Directory, GenerationRun
from directories.pages.preview import SANDBOX
from directories.services import runs
from generation.contract.commands import GenerateStatus, UpdateGenerateStatus
from tests.config.test_login import RIGHT, WRONG, fail
from tests.directories.makers import ask, claim, document, say, start

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def policy_of(header: str) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in header.split(";"))
    return {name: rest for name, _, rest in parts}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/admin/login/", "/admin/", "/api/directories/", "/nowhere", "/healthz"]
)
def test_every_answer_of_ours_has_the_strict_policy(client: Client, path: str) -> None:
    answer = client.get(path)

    assert policy_of(answer["Content-Security-Policy"]) == POLICY


class Visit:
    """A person's browser, which notes whatever it complains about."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.complaints: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", self._dismiss)

    def _note(self, message: ConsoleMessage) -> None:
        # Browsers ask for that picture by themselves; there is none.
        is_icon = message.location["url"].endswith("/favicon.ico")
        if message.type in ("error", "warning") and not is_icon:
            self.complaints.append(f"{self.page.url}: {message.text}")

    def _dismiss(self, dialog: Dialog) -> None:
        self.complaints.append(f"{self.page.url}: alert {dialog.message}")
        dialog.dismiss()

    def go(self, path: str) -> None:
        answer = self.page.goto(self.address + path)
        assert answer is not None
        assert answer.status == 200, path

    def log_in(self, password: str) -> None:
        self.go("/admin/login/?next=/admin/")
        self.page.get_by_label("Username:").fill("ada")
        self.page.get_by_label("Password:").fill(password)
        self.page.get_by_role("button", name="Log in").click()

    def act(self, action: str) -> None:
        """Choose all rows of the list that is shown, and an action for them."""
        self.page.locator("#action-toggle").check()
        self.page.get_by_label("Action:").select_option(value=action)
        self.page.get_by_title("Run the selected action").click()

    def links(self) -> list[str]:
        found: list[str] = self.page.eval_on_selector_all(
            "a[href]:not([download])", "all => all.map(a => new URL(a.href).pathname)"
        )
        return found


@contextmanager
def visiting(address: str) -> Iterator[Visit]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        page = browser.new_page()
        page.set_default_timeout(15_000)
        yield Visit(page, address)
        browser.close()


def kind_of(path: str) -> str:
    return re.sub(r"[0-9a-f-]{36}|/[0-9]+/", "/*/", path)


in_a_browser = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="there is no Chromium: `apt-get install chromium` installs it",
    ),
]


def in_chromium(test: Callable[..., None]) -> Callable[..., None]:
    for mark in in_a_browser:
        test = mark(test)
    return test


@in_chromium
def test_every_page_of_the_admin_works_under_it(
    live_server: LiveServer, directory: Directory
) -> None:
    directory.owner.is_staff = directory.owner.is_superuser = True
    directory.owner.save()
    Directory.objects.update(name=HOSTILE, description=HOSTILE)
    directory.refresh_from_db()
    for _ in range(2):
        run = runs.launch(
            directory,
            ask(
                directory, document(f"# Clocks\n\n- [{HOSTILE}](https://a.example/)\n")
            ),
            trigger=GenerationRun.Trigger.ADMIN,
            user=directory.owner,
        )
    waiting, kinds, seen = ["/admin/"], {"/admin/"}, []

    with visiting(live_server.url) as visit:
        visit.log_in(RIGHT)
        while waiting:
            seen.append(path := waiting.pop())
            visit.go(path)
            for link in visit.links():
                if link.startswith("/admin/") and kind_of(link) not in kinds:
                    kinds.add(kind_of(link))
                    waiting.append(link)
        visit.go("/admin/directories/directory/")
        visit.act("generate_directory")
        visit.page.get_by_text("Generate 1 directory now?").wait_for()
        visit.go("/admin/directories/generationrun/")
        visit.act("compare")
        visit.page.get_by_role("link", name=str(run.pk)[:8]).wait_for()

    assert visit.complaints == []
    assert len(seen) > 15, sorted(seen)
    assert kind_of(f"/admin/directories/generationrun/{run.pk}/change/") in kinds


@in_chromium
def test_page_of_a_run_follows_it_under_it(
    live_server: LiveServer, directory: Directory
) -> None:
    directory.owner.is_staff = directory.owner.is_superuser = True
    directory.owner.save()
    run = start(directory)
    claim(run)

    with visiting(live_server.url) as visit:
        visit.log_in(RIGHT)
        visit.go(f"/admin/directories/generationrun/{run.pk}/change/")
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(move_on, run).result()
        expect(visit.page.locator("#live-run output")).to_contain_text("42 %")

    assert visit.complaints == []


def move_on(run: GenerationRun) -> None:
    say(
        run,
        UpdateGenerateStatus(status=GenerateStatus.GENERATING, percent=42),
        attempt=1,
    )
    connections.close_all()


@in_chromium
def test_person_who_forgot_their_password_is_told_in_the_browser(
    live_server: LiveServer, directory: Directory
) -> None:
    assert fail(5, address="127.0.0.1")[-1] == 429

    with visiting(live_server.url) as visit:
        visit.log_in(WRONG)
        told = visit.page.locator("#content").inner_text()

    assert "Wait 15 minutes" in told
    # The browser itself notes the status; the policy has stopped nothing.
    assert [c for c in visit.complaints if "429 (Too Many Requests)" not in c] == []


@in_chromium
def test_preview_keeps_its_sandbox(
    live_server: LiveServer, directory: Directory
) -> None:
    runs.launch(
        directory,
        ask(directory),
        trigger=GenerationRun.Trigger.ADMIN,
        user=directory.owner,
    )
    directory.owner.is_staff = True
    directory.owner.save()

    with visiting(live_server.url) as visit:
        visit.log_in(RIGHT)
        visit.page.wait_for_url(f"{live_server.url}/admin/")
        answer = visit.page.goto(f"{live_server.url}/sites/ada/clocks/")
        assert answer is not None
        policy = answer.all_headers()["content-security-policy"]
        origin = visit.page.evaluate("self.origin")
        visit.page.get_by_role("link", name="Clepsydra").first.click()
        visit.page.wait_for_url("**/items/**")

    assert policy == SANDBOX
    assert origin == "null"
    assert visit.complaints == []


@in_chromium
def test_form_without_its_mark_is_refused_with_words(
    live_server: LiveServer, directory: Directory
) -> None:
    with visiting(live_server.url) as visit:
        visit.go("/admin/login/")
        visit.page.context.clear_cookies()
        visit.page.get_by_label("Username:").fill("ada")
        visit.page.get_by_label("Password:").fill(RIGHT)
        visit.page.get_by_role("button", name="Log in").click()
        told = visit.page.locator("#content").inner_text()

    assert "load the page anew" in told
    # The browser itself notes the status; the policy has stopped nothing.
    assert [c for c in visit.complaints if "403 (Forbidden)" not in c] == []
