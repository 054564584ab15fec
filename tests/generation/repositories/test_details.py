"""An item has a page in the list only if there is more to say, and it is well-formed."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from generation.fact_sheet import fact_sheet, is_fact_sheet
from generation.items import Catalogue, Category, Item
from generation.repositories import Masthead
from generation.repositories.list import MOST_BYTES, render_list
from generation.repositories.site import Owner, SiteSettings

MASTHEAD = Masthead(slug="time", name="Time tracking software")
BODY = "# Kimai\n\nTracks time.\n\n### Install\n* one\n* two\nRun [it](docs/run.md).\n"


def make_item(markdown: str = BODY, slug: str = "kimai", **changes: Any) -> Item:
    fields: dict[str, Any] = {
        "id": slug,
        "slug": slug,
        "name": slug.title(),
        "description": "Tracks time.",
        "source_url": f"https://{slug}.example/",
        "category": "tools",
        "updated_at": "2026-01-02 03:04",
        "markdown": markdown,
    }
    return Item(**fields | changes)


def render(*items: Item, owner: Owner | None = None) -> dict[str, str]:
    catalogue = Catalogue(
        items=items, categories=(Category(id="tools", name="Tools & Apps"),)
    )
    files = render_list(catalogue, MASTHEAD, owner)
    return {file.path: file.content.decode() for file in files}


def test_a_page_says_more_and_leads_back() -> None:
    files = render(make_item(meta={"license": "MIT"}))

    assert files["details/kimai.md"] == (
        "# Kimai\n\nTracks time.\n\n"
        "- [kimai.example](https://kimai.example/)\n- License: MIT\n\n"
        "## Install\n\n- one\n- two\n\nRun it.\n\n"
        "Back to [Time Tracking Software](../README.md#tools--apps).\n"
    )
    assert (
        "- [Kimai](https://kimai.example/) - Tracks time. ([Details](details/kimai.md))"
        in files["README.md"]
    )


@pytest.mark.parametrize(
    "markdown",
    ["", "Tracks time.", "# Kimai\n\nTracks time.", "<div></div>", "KIMAI"],
)
def test_a_text_that_says_nothing_new_gets_no_page(markdown: str) -> None:
    files = render(make_item(markdown))

    assert list(files) == ["README.md", "contributing.md"]
    assert "Details" not in files["README.md"]


def test_a_list_of_facts_is_not_more_to_say() -> None:
    meta = {"license": "MIT"}

    files = render(make_item(fact_sheet("Tracks time.", meta), meta=meta))

    assert "details/kimai.md" not in files


def test_paths_come_in_order() -> None:
    owner = Owner(licence="CC0")

    files = render(make_item(slug="zeta"), make_item(slug="alpha"), owner=owner)

    assert list(files) == sorted(files)
    assert files["LICENSE.md"] == "CC0\n"


def test_code_pictures_and_links_are_kept_where_they_lead_somewhere() -> None:
    body = (
        "```\nuse [x](y)\n```\nSee ![logo](logo.png) and [home](https://a.example/b c) "
        "or https://b.example/x, not `https://c.example`.\n\n| a |\n|---|\n| [x](y) |"
    )

    page = render(make_item(body))["details/kimai.md"]

    assert "```text\nuse [x](y)\n```" in page
    assert "See logo and [home](https://a.example/b)" in page
    assert "<https://b.example/x>, not `https://c.example`" in page
    assert "| x |" in page


def test_a_code_block_that_nobody_closed_is_closed() -> None:
    page = render(make_item("Text.\n\n```sh\nrun"))["details/kimai.md"]

    assert page.count("```") == 2
    assert page.endswith("(../README.md#tools--apps).\n")


@given(
    st.text(alphabet=st.sampled_from("ab \n#*-_`~[]()<>!|:/.1=\\&\t"), max_size=200)
    | st.text(max_size=200)
)
def test_no_text_leaves_its_page(body: str) -> None:
    page = render(make_item(f"Word.\n\n{body}"))["details/kimai.md"]
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(page)

    inside = [child for token in tokens for child in token.children or []]
    assert not any(token.type.startswith("html") for token in [*tokens, *inside])
    assert page.endswith(
        "Back to [Time Tracking Software](../README.md#tools--apps).\n"
    )
    assert tokens[-2].content.startswith("Back to")
    for token in inside:
        if token.type == "link_open":
            assert re.match(r"https?://|mailto:|\.\./README", str(token.attrs["href"]))
    levels = [int(token.tag[1]) for token in tokens if token.type == "heading_open"]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_links_of_a_page_of_a_category_climb_out_of_it() -> None:
    items = [
        make_item(
            "More to say, at length.", slug=f"item-{at:05}", description="x " * 60
        )
        for at in range(4000)
    ]

    files = render(*items)

    page = files["categories/tools-apps.md"]
    assert len(files["README.md"].encode()) < MOST_BYTES
    assert "([Details](../details/item-00000.md))" in page
    assert "([Details](details/" not in page


def test_the_owners_words_and_the_website_stand_in_the_readme() -> None:
    owner = Owner(
        settings=SiteSettings(url="https://time.example/"),
        header="Read *this* <script>x</script>first.",
        footer="And this last.",
    )

    text = render(make_item(), owner=owner)["README.md"]

    assert "see the [website](https://time.example/)." in text
    assert "Read *this* first.\n\n## Contents" in text
    assert text.endswith("And this last.\n")


def test_a_fact_sheet_is_told_from_a_text() -> None:
    facts = {"license": "MIT", "demo_url": "https://demo.example.org/"}
    sheet = fact_sheet("Keeps time.", facts)

    assert is_fact_sheet(sheet, "Keeps time.", facts)
    assert not is_fact_sheet(f"{sheet}\n\nMore.", "Keeps time.", facts)
    assert not is_fact_sheet(sheet, "Keeps time.", {"license": "GPL-3.0"})
