"""The website in a real Chromium: from disk, below a path, by keyboard, without scripts.

Served pages bear the policy that the documentation recommends, so that whatever breaks it
is a failed test.
"""

from __future__ import annotations

import functools
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from directories.services.search_index import index_site
from directories.services.sites import POLICY
from generation.repositories.site import Owner, SiteSettings
from generation.repositories.website import render_website
from tests.generation.repositories.test_website import (
    HOSTILE,
    MASTHEAD,
    make_catalogue,
    make_item,
)

pytestmark = pytest.mark.browser

ITEMS = (
    make_item(
        "alarm",
        tags=("cli", "c-sharp"),
        featured=True,
        meta={"license": "MIT", "stars": 5},
    ),
    make_item("beeper", tags=("cli",), meta={"license": "MIT", "stars": 900}),
    make_item(
        "calends",
        category="calendars",
        updated_at="2025-11-30 08:05",
        meta={"license": "GPL-3.0", "stars": 20},
    ),
    make_item("evil", name=HOSTILE, tags=("cli",)),
)


class Handler(SimpleHTTPRequestHandler):
    """A host below `/project/`, with the recommended policy."""

    def translate_path(self, path: str) -> str:
        return super().translate_path(path.removeprefix("/project"))

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def unpack(folder: Path, *, language: str = "en") -> Path:
    settings = SiteSettings(url="http://127.0.0.1/project/", language=language)
    owner = Owner(settings=settings)
    for path, content in render_website(make_catalogue(*ITEMS), MASTHEAD, owner):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("needs a browser: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(tmp_path_factory.mktemp("site"))


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    handler = functools.partial(Handler, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/project/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def base(folder: Path) -> Iterator[str]:
    with serve(folder) as address:
        yield address


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open a page that must not complain, nor ask anybody else for anything."""
    complaints: list[str] = []
    asked: list[str] = []
    contexts: list[Any] = []

    def open_it(**options: Any) -> Any:
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console",
            lambda m: complaints.append(m.text) if m.type == "error" else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert complaints == []
    assert {urlsplit(url).hostname for url in asked} <= {"127.0.0.1", None}


def names(page: Any, within: str = "#results") -> list[str]:
    found: list[str] = page.locator(f"{within} h3").all_inner_texts()
    return found


def test_the_search_box_finds_items_in_a_page_opened_from_disk(
    folder: Path, open_page: Callable[..., Any]
) -> None:
    page = open_page()

    page.goto((folder / "tags" / "cli" / "index.html").as_uri())
    page.get_by_role("searchbox").fill("COMMAND scr")
    page.locator("#found b").first.wait_for()
    hostile = page.locator("#found b").all_inner_texts()
    page.get_by_role("searchbox").fill("timers bee")
    page.get_by_text("1 item found").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/items/beeper/index.html")

    assert hostile == [HOSTILE]
    assert page.locator("h1").inner_text() == "Beeper"


def test_the_front_page_searches_filters_and_sorts(
    base: str, open_page: Callable[..., Any]
) -> None:
    page = open_page()
    page.goto(base)

    page.get_by_label("License").select_option("MIT")
    page.get_by_text("2 items found").wait_for()
    by_license = names(page)
    page.get_by_label("Sort by").select_option("stars")
    by_stars = names(page)
    page.get_by_label("License").select_option("")
    page.get_by_label("Sort by").select_option("changed")
    page.get_by_text("4 items found").wait_for()
    newest = names(page)[0]
    page.get_by_role("searchbox").fill("nothing like this")
    page.get_by_text("Nothing fits").wait_for()

    assert by_license == ["Alarm", "Beeper"]
    assert by_stars == ["Beeper", "Alarm"]
    assert newest == "Calends"


def test_an_address_keeps_what_was_chosen_and_the_filters_can_be_cleared(
    base: str, open_page: Callable[..., Any]
) -> None:
    page = open_page()
    page.goto(f"{base}index.html?tag=cli&q=bee")
    page.get_by_text("1 item found").wait_for()
    address = page.url

    shown = names(page)
    page.get_by_role("button", name="Clear filters").click()
    page.locator("#shelves").wait_for()

    assert address == f"{base}?tag=cli&q=bee" or address == f"{base}?q=bee&tag=cli"
    assert shown == ["Beeper"]
    assert page.url == base
    assert page.locator("#found-here").is_hidden()


def test_the_scheme_is_chosen_and_remembered(
    base: str, open_page: Callable[..., Any]
) -> None:
    page = open_page(color_scheme="light")
    page.goto(base)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)

    page.get_by_role("button", name="Colours").click()
    dark = page.evaluate(ground)
    page.goto(f"{base}about/")
    kept = page.evaluate(ground)
    page.get_by_role("button", name="Colours").click()

    assert light != dark
    assert kept == dark
    assert page.evaluate(ground) == light
    assert page.evaluate("localStorage.getItem('theme')") is None


def test_cards_become_rows_and_stay_so(
    base: str, open_page: Callable[..., Any]
) -> None:
    page = open_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{base}tags/cli/")
    card = page.locator(".card").first
    wide = card.bounding_box()["width"]

    page.get_by_role("button", name="Table").click()
    page.reload()

    assert page.locator(".card").first.bounding_box()["width"] > 2 * wide
    pressed = page.get_by_role("button", name="Table").get_attribute("aria-pressed")
    assert pressed == "true"


def test_the_keyboard_reaches_content_search_and_an_item(
    base: str, open_page: Callable[..., Any]
) -> None:
    page = open_page()
    page.goto(f"{base}about/")

    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    inside = page.evaluate("document.activeElement.id")
    page.get_by_role("searchbox").focus()
    page.keyboard.type("cal")
    page.locator("#found a").first.wait_for()
    page.keyboard.press("ArrowDown")
    chosen = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Escape")

    assert first == "Skip to content"
    assert inside == "content"
    assert "Calends" in chosen
    assert page.get_by_role("searchbox").input_value() == ""


def test_everything_can_be_read_without_scripts(
    base: str, open_page: Callable[..., Any]
) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(base)

    hint = page.locator("noscript .hint").is_visible()
    has_form = page.locator("form.explore").is_visible()
    page.get_by_role("link", name="Calendars").first.click()
    page.goto(f"{base}categories/calendars/")
    page.get_by_role("link", name="Calends", exact=True).click()

    assert hint
    assert not has_form
    assert page.locator("h1").inner_text() == "Calends"


def test_no_page_is_wider_than_a_small_screen(
    folder: Path, base: str, open_page: Callable[..., Any]
) -> None:
    page = open_page(viewport={"width": 320, "height": 640})
    for path in sorted(folder.rglob("*.html")):
        if path.name == "404.html":
            continue
        page.goto(base + path.relative_to(folder).as_posix())
        wider = "document.documentElement.scrollWidth > innerWidth"
        assert not page.evaluate(wider), path


def test_a_right_to_left_directory_begins_on_the_right(
    tmp_path: Path, open_page: Callable[..., Any]
) -> None:
    site = unpack(tmp_path, language="ar")
    page = open_page(viewport={"width": 1200, "height": 800})
    page.goto((site / "categories" / "timers" / "index.html").as_uri())

    brand = page.locator(".brand").bounding_box()
    heading = page.evaluate("getComputedStyle(document.querySelector('h1')).textAlign")

    assert page.evaluate("document.dir") == "rtl"
    assert brand["x"] + brand["width"] > 1000
    assert heading == "right"
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_the_front_page_prints_what_is_to_read(
    base: str, open_page: Callable[..., Any]
) -> None:
    page = open_page()
    page.goto(base)
    page.emulate_media(media="print")

    assert page.locator("form.explore").is_hidden()
    assert page.locator(".bar").is_hidden()
    assert page.locator("h1").is_visible()


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = unpack(tmp_path_factory.mktemp("indexed"))
    assert index_site(site)
    return site


def found_by(chromium: Any, site: Path, query: str) -> list[str]:
    """Search from a page of a website, which may complain as much as it wants."""
    with serve(site) as base, chromium.new_context() as context:
        page = context.new_page()
        page.goto(f"{base}about/")
        page.get_by_role("searchbox").fill(query)
        page.get_by_text("item found").or_(page.get_by_text("items found")).wait_for()
        found: list[str] = page.locator("#found b").all_inner_texts()
        return found


def test_the_full_text_index_finds_what_only_a_page_says(
    chromium: Any, indexed: Path
) -> None:
    assert found_by(chromium, indexed, "GPL-3.0") == ["Calends"]


@pytest.mark.parametrize("damage", ["empty", "gone"])
@pytest.mark.parametrize(
    "part",
    [
        *("pagefind.js", "pagefind-entry.json", "pagefind-worker.js", "wasm.*"),
        *("*.pf_meta", "index/*", "fragment/*", "../assets/engine.js"),
    ],
)
def test_the_search_box_finds_names_whatever_part_of_the_index_fails(
    chromium: Any, indexed: Path, tmp_path: Path, part: str, damage: str
) -> None:
    site = shutil.copytree(indexed, tmp_path / "site")
    folder, _, name = part.rpartition("/")
    for path in (site / "pagefind" / folder).glob(name):
        path.unlink() if damage == "gone" else path.write_bytes(b"")

    assert found_by(chromium, site, "beep") == ["Beeper"]


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("width", [320, 768, 1023])
def test_every_page_of_the_menu_is_reached_on_a_narrow_screen(
    base: str, open_page: Callable[..., Any], width: int, scripts: bool
) -> None:
    page = open_page(
        viewport={"width": width, "height": 700}, java_script_enabled=scripts
    )
    page.goto(base)
    labels = page.locator(".nav a").all_text_contents()

    for label in labels:
        page.locator(".menu summary").click()
        page.locator(".menu").get_by_role("link", name=label, exact=True).click()
        page.locator("h1").wait_for()
        current = page.locator(".menu [aria-current]").text_content()
        assert current == label

    assert labels == ["Categories", "Changes", "About"]


def test_a_wide_screen_has_its_menu_in_the_bar(
    base: str, open_page: Callable[..., Any]
) -> None:
    page = open_page(viewport={"width": 1024, "height": 700})
    page.goto(base)

    assert page.locator(".menu").is_hidden()
    assert page.locator(".nav a").first.is_visible()


def test_the_menu_opens_and_closes_by_keyboard(
    base: str, open_page: Callable[..., Any]
) -> None:
    page = open_page(viewport={"width": 360, "height": 700})
    page.goto(f"{base}about/")
    opener = page.locator(".menu summary")
    link = page.locator(".menu").get_by_role("link", name="About")

    opener.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    opened = link.is_visible()
    first = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Escape")

    assert opened
    assert first == "Categories"
    assert link.is_hidden()
    assert page.evaluate("document.activeElement.textContent.trim()") == "Menu"
