"""Pictures of websites of 5, 150 and 5,000 items, on three widths and in both schemes.

    python tools/screenshots.py [FOLDER]

To judge by eye: nothing is compared. Needs a Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Literal

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from playwright.sync_api import Browser, sync_playwright

from generation.items import Catalogue
from generation.repositories.website import render_website
from tools.samples import (
    sample_catalogue,
    sample_masthead,
    sample_owner,
    sample_sources,
)

SIZES = (0, 5, 150, 5000)
WIDTHS = (360, 768, 1440)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PAGES = {
    "home": "index.html",
    "category": "categories/analytics/index.html",
    "item": "items/tool-0/index.html",
    "new": "new/index.html",
    "changes": "changes/index.html",
    "about": "about/index.html",
    "results": "index.html?license=MIT&sort=name",
}


def unpack(catalogue: Catalogue, folder: Path, **settings: str) -> None:
    files = render_website(
        catalogue,
        sample_masthead(),
        sample_owner(**settings),
        sources=sample_sources(catalogue),
    )
    for path, content in files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def shoot(browser: Browser, site: Path, folder: Path, *, view: str = "") -> int:
    taken = 0
    for scheme in SCHEMES:
        for width in WIDTHS:
            page = browser.new_page(
                viewport={"width": width, "height": 900}, color_scheme=scheme
            )
            for name, path in PAGES.items():
                if not (site / path.partition("?")[0]).exists():
                    continue
                page.goto(f"{site.as_uri()}/{path}")
                if view:
                    page.evaluate(f"document.documentElement.dataset.view = '{view}'")
                page.wait_for_timeout(80)
                picture = folder / f"{site.name}-{name}-{width}-{scheme}{view}.png"
                page.screenshot(path=picture)
                taken += 1
            page.close()
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    default = CHECKOUT / "var" / "screenshots"
    parser.add_argument("folder", type=Path, nargs="?", default=default)
    folder = parser.parse_args().folder
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Screenshots need a browser: apt-get install chromium")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as sites, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        taken = 0
        for size in SIZES:
            site = Path(sites) / f"{size}"
            unpack(sample_catalogue(size), site)
            taken += shoot(browser, site, folder)
            if size == 150:
                taken += shoot(browser, site, folder, view="table")
        right = Path(sites) / "rtl"
        unpack(sample_catalogue(60), right, language="ar", accent="#7a3ea8")
        taken += shoot(browser, right, folder)
        browser.close()
    sys.stdout.write(f"{taken} pictures in {folder}\n")


if __name__ == "__main__":
    main()
