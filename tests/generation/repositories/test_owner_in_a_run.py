"""What the request and the owner's files say reaches the repositories of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from generation.exceptions import RepositoryError
from generation.orchestrator import generate
from generation.yaml import parse
from tests.fakes import CLOCKS, make_host, make_run
from tests.generation.made import first_run
from tests.generation.test_orchestrator import (
    LATER,
    commit_by_hand,
    files,
    heads,
    repository,
    run,
)

WEBSITE = {"url": "https://clocks.example/list", "accent": "#7a3ea8"}


def page(root: Path, path: str) -> str:
    """One text file of the website: it holds pictures, too."""
    found = repository(root, "website")
    [content] = found.read([found.tree(found.head() or "")[path]])
    return content.decode()


def test_the_wishes_of_a_request_reach_config_list_and_website(tmp_path: Path) -> None:
    run(tmp_path, website=WEBSITE)

    config = parse(files(tmp_path)["config.yml"].encode())
    assert config["app_url"] == "https://clocks.example/list/"
    assert config["website"] == {"accent": "#7a3ea8"}
    assert "https://clocks.example/list/" in files(tmp_path, "list")["README.md"]
    assert "https://clocks.example/list/items/" in page(tmp_path, "sitemap.xml")
    assert "#7a3ea8" in page(tmp_path, "assets/style.css")


def test_the_same_wishes_again_change_nothing(tmp_path: Path) -> None:
    run(tmp_path, website=WEBSITE)
    before = heads(tmp_path)

    run(tmp_path, website=WEBSITE, clock=LATER)

    assert heads(tmp_path) == before


@pytest.mark.parametrize("prompt", ["One.\r\nTwo.", "One.\rTwo.", "\r\nOne.\nTwo.\r\n"])
def test_line_ends_of_a_prompt_change_nothing(tmp_path: Path, prompt: str) -> None:
    run(tmp_path, prompt="One.\nTwo.")
    before = heads(tmp_path)

    run(tmp_path, prompt=prompt, clock=LATER)

    assert heads(tmp_path) == before


def test_line_ends_that_an_earlier_version_wrote_stay(tmp_path: Path) -> None:
    earlier = make_run(("list.md", CLOCKS))
    typed = {"prompt": "One.\r\nTwo."}
    request = earlier.context.request.model_copy(update=typed)
    earlier.context = earlier.context.model_copy(update={"request": request})
    generate(earlier, make_host(tmp_path))
    before = heads(tmp_path)

    run(tmp_path, **typed, clock=LATER)

    assert "\\r\\n" in files(tmp_path)["config.yml"]
    assert heads(tmp_path) == before


def test_what_the_owner_adds_reaches_readers(tmp_path: Path) -> None:
    first_run(tmp_path)
    config = files(tmp_path)["config.yml"]
    commit_by_hand(
        tmp_path,
        {
            "config.yml": f"{config}app_url: https://own.example/\n",
            "markdown/header.md": "A word before.",
            "pages/imprint.md": "# Imprint\n\nEve.",
            "website/theme.css": ":root { --round: 0 }",
            "website/templates/404.html": "Lost in {{ masthead.name }}",
        },
    )

    run(tmp_path, clock=LATER)

    assert "A word before." in files(tmp_path, "list")["README.md"]
    assert "<h1" in page(tmp_path, "pages/imprint/index.html")
    assert page(tmp_path, "assets/theme.css") == ":root { --round: 0 }"
    assert page(tmp_path, "404.html") == "Lost in Clocks"
    assert "https://own.example/" in page(tmp_path, "robots.txt")
    assert "app_url: https://own.example/" in files(tmp_path)["config.yml"]


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("config.yml", "website: {accent: red}", "website.accent"),
        ("website/templates/item.html", "{% if %}", r"item\.html, line 1"),
        ("website/words.yml", "nothing: x", "nothing is no text"),
    ],
)
def test_a_slip_of_the_owner_ends_the_run_and_changes_nothing(
    tmp_path: Path, path: str, text: str, reason: str
) -> None:
    first_run(tmp_path)
    commit_by_hand(tmp_path, {path: text})
    before = heads(tmp_path)

    with pytest.raises(RepositoryError, match=reason):
        run(tmp_path, clock=LATER)

    assert heads(tmp_path) == before


def test_a_run_of_old_settings_is_read(tmp_path: Path) -> None:
    assert make_run(("list.md", "# X")).fetch_context().request.website is None
