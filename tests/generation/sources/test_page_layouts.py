"""Pages as sites are built, each with what a person reads on it.

`pages/*.html` are layouts that are in use: themes, generators, wikis, forges, pages drawn by
scripts. `pages/*.json` says, for each of them, which items it lists. An item counts when
its link and its name are both right.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any

import pytest

from generation.pipeline.entries import Headings
from generation.sources import read_document
from generation.sources.candidates import Candidate, Document
from generation.sources.names import name_key
from generation.sources.titles import name_pages
from generation.sources.urls import canonical_url

FOLDER = Path(__file__).parent / "pages"
PAGES = sorted(path.stem for path in FOLDER.glob("*.html"))


def truth_of(page: str) -> dict[str, Any]:
    truth: dict[str, Any] = json.loads((FOLDER / f"{page}.json").read_text("utf-8"))
    return truth


def read(page: str) -> tuple[Candidate, ...]:
    url = truth_of(page)["url"]
    text = (FOLDER / f"{page}.html").read_text("utf-8")
    document = Document(source=url, url=url, media_type="text/html", text=text)
    (reading,) = name_pages([(url, read_document(document))])
    return reading.candidates


def key(url: str, name: str) -> tuple[str, str]:
    return canonical_url(url), name_key(name)


def f1(wanted: Iterable[Hashable], found: Iterable[Hashable]) -> float:
    want, have = Counter(wanted), Counter(found)
    return 2 * (want & have).total() / max(want.total() + have.total(), 1)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def pairs(groups: dict[tuple[str, str], str]) -> set[tuple[Any, Any]]:
    """Return the pairs of items that stand in one category."""
    return {(a, b) for a in groups for b in groups if a < b and groups[a] == groups[b]}


def test_there_are_many_layouts() -> None:
    assert len(PAGES) >= 25


@pytest.mark.parametrize("page", PAGES)
def test_items_of_a_page_are_read(page: str) -> None:
    items = truth_of(page)["items"]
    candidates = read(page)

    assert (
        f1(
            (key(item["url"], item["name"]) for item in items),
            (key(c.url, c.name) for c in candidates),
        )
        >= 0.9
    )


@pytest.mark.parametrize("page", PAGES)
def test_items_of_a_page_are_described(page: str) -> None:
    items = truth_of(page)["items"]
    described = {key(c.url, c.name): c.description for c in read(page)}

    scores = [
        f1(words(item["description"]), words(described[at]))
        for item in items
        if item.get("description")
        and (at := key(item["url"], item["name"])) in described
    ]

    assert sum(scores) >= 0.9 * len(scores)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if truth_of(page)["items"][0].get("category")]
)
def test_items_of_a_page_are_sorted_as_the_page_sorts_them(page: str) -> None:
    candidates = read(page)
    headings = Headings(candidates)
    wanted = {
        key(item["url"], item["name"]): item["category"]
        for item in truth_of(page)["items"]
    }

    found = {key(c.url, c.name): c.category or headings.naming(c) for c in candidates}

    assert (
        f1(pairs(wanted), pairs({k: v for k, v in found.items() if k in wanted})) >= 0.9
    )
