"""The way through the admin that a person takes, in a real browser."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from directories.models import Directory, GenerationRun, RunState
from tests.fakes import CLOCKS

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    CHROMIUM is None,
    reason="there is no Chromium: `apt-get install chromium` installs it",
)
def test_person_adds_a_directory_and_generates_it(
    live_server: LiveServer, tmp_path: Path, git_root: Path
) -> None:
    User.objects.create_superuser("ada", password="a fine password")
    source = tmp_path / "clocks.md"
    source.write_text(CLOCKS)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        page = browser.new_page()
        page.set_default_timeout(15_000)
        expect.set_options(timeout=15_000)

        page.goto(f"{live_server.url}/")
        page.get_by_label("Username:").fill("ada")
        page.get_by_label("Password:").fill("a fine password")
        page.get_by_role("button", name="Log in").click()

        page.locator("tr.model-directory").get_by_role("link", name="Add").click()
        page.get_by_label("Owner:").select_option(label="ada")
        page.get_by_label("Slug:").fill("clocks")
        page.get_by_label("Name:", exact=True).fill("Clocks")
        page.get_by_label("Source document:").set_input_files(source)
        page.get_by_role("button", name="Save", exact=True).click()

        page.get_by_role("checkbox", name="ada/clocks").check()
        page.get_by_label("Action:").select_option(label="Generate directory")
        page.get_by_title("Run the selected action").click()
        expect(page.get_by_text("Generate 1 directory now?")).to_be_visible()
        page.get_by_role("button", name="Generate").click()

        expect(page.get_by_text("ada/clocks succeeded: 3 items")).to_be_visible()
        page.get_by_role("link", name="See the run").click()
        expect(page.get_by_role("rowheader", name="Clepsydra")).to_be_visible()
        expect(page.get_by_text("100 %")).to_be_visible()
        browser.close()

    assert str(Directory.objects.get()) == "ada/clocks"
    assert GenerationRun.objects.get().state == RunState.SUCCEEDED
    assert (git_root / "ada" / "clocks.git" / "HEAD").is_file()
