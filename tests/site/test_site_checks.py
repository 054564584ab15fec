"""What other people's tools say of a website: `make check-site`.

The tools come from npm into `var/site-tools`. Everything else of a website is tested
without them, in every run of the suite.
"""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from config.env import CHECKOUT
from directories.management.commands.serve_site import Handler
from generation.repositories.website import render_website
from tools.samples import (
    sample_catalogue,
    sample_masthead,
    sample_owner,
    sample_sources,
)

pytestmark = pytest.mark.site

TOOLS = CHECKOUT / "var" / "site-tools"
PACKAGES = ("axe-core@4.14.1", "html-validate@10.17.0", "vnu-jar@26.9.27")
RULES = {
    "extends": ["html-validate:standard"],
    "root": True,
    "rules": {"long-title": "off", "no-trailing-whitespace": "off"},
}
EACH = 40


def need(command: str, package: str) -> str:
    path = shutil.which(command)
    if path is None:
        pytest.skip(f"needs {command}: apt-get install {package}")
    return path


@pytest.fixture(scope="session")
def tools() -> Path:
    npm = need("npm", "npm")
    modules = TOOLS / "node_modules"
    if not all((modules / name.rsplit("@", 1)[0]).is_dir() for name in PACKAGES):
        TOOLS.mkdir(parents=True, exist_ok=True)
        (TOOLS / "package.json").write_text('{"name": "site-tools", "private": true}')
        quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        subprocess.run([npm, "install", *quiet, *PACKAGES], cwd=TOOLS, check=True)
    return modules


@pytest.fixture(scope="session", params=[0, 5, 150, 1300])
def site(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Path:
    folder: Path = tmp_path_factory.mktemp(f"site{request.param}")
    catalogue = sample_catalogue(request.param)
    files = render_website(
        catalogue,
        sample_masthead(),
        sample_owner(),
        sources=sample_sources(catalogue),
    )
    for path, content in files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def some_pages(site: Path) -> list[Path]:
    """Take pages of every kind: a few of each folder."""
    pages = sorted(site.rglob("*.html"))
    step = max(1, len(pages) // EACH)
    return list(dict.fromkeys([site / "index.html", site / "404.html", *pages[::step]]))


def test_the_nu_checker_finds_no_error(site: Path, tools: Path) -> None:
    jar = tools / "vnu-jar" / "build" / "dist" / "vnu.jar"
    java = need("java", "default-jre-headless")
    options = ("--format", "json", "--stdout", "--exit-zero-always")
    answer = subprocess.run(
        [java, "-Xss4m", "-jar", str(jar), *options, *map(str, some_pages(site))],
        capture_output=True,
        check=True,
    )

    messages = json.loads(answer.stdout)["messages"]
    assert [m for m in messages if m["type"] == "error"] == []


def test_html_validate_finds_no_error(site: Path, tools: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps(RULES))
    command = [str(tools / ".bin" / "html-validate"), "--config", str(rules)]
    answer = subprocess.run(
        [*command, "--formatter", "json", *map(str, some_pages(site))],
        capture_output=True,
    )

    assert json.loads(answer.stdout or b"[]") == []


@pytest.fixture
def base(site: Path) -> Iterator[str]:
    handler = functools.partial(Handler, directory=str(site))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(
    site: Path, base: str, tools: Path, width: int, scheme: str
) -> None:
    chromium = need("chromium", "chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    axe = (tools / "axe-core" / "axe.min.js").read_text()
    found: list[str] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        # The page's own policy would refuse the tool.
        context = browser.new_context(
            viewport={"width": width, "height": 844},
            color_scheme=scheme,
            bypass_csp=True,
        )
        page = context.new_page()
        page.on("pageerror", lambda error: found.append(str(error)))
        for path in some_pages(site)[:10]:
            page.goto(base + path.relative_to(site).as_posix())
            page.evaluate(axe)
            answer = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            found += [
                f"{path.relative_to(site)}: {one['id']} {one['nodes'][0]['html'][:80]}"
                for one in answer["violations"]
            ]
        browser.close()

    assert found == []
