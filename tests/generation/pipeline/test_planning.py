from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generation.git import Repository
from generation.pipeline.draft import Draft, Plan, Tools
from generation.pipeline.planning import process_prompt, word_similarity
from generation.repositories.data import read_data
from generation.sources.urls import urls_in
from tests.fakes import make_host, make_run


@pytest.fixture
def plan(tmp_path: Path) -> Callable[..., Plan]:
    def make(**request: Any) -> Plan:
        operations = make_run(**request)
        host = make_host(tmp_path)
        tools = Tools(
            context=operations.context,
            stored=read_data(Repository(tmp_path / "none.git")),
            fetch=host.fetch,
            read_document=operations.fetch_document,
            progress=lambda fraction: None,
        )
        return process_prompt(Draft(), tools).draft.plan

    return make


def test_urls_are_found_without_the_punctuation_around_them() -> None:
    text = "See (https://a.example/x), <https://b.example>. Not ftp://c.example!"

    assert urls_in(text) == ["https://a.example/x", "https://b.example"]


def test_the_prompt_names_urls_and_categories(plan: Callable[..., Plan]) -> None:
    made = plan(
        prompt="Clocks from https://a.example/clocks. Priority categories: Sun, Water "
        "and Fire. Also the category is Candles",
        initial_categories=["Sand"],
    )

    assert made.prompt_urls == ("https://a.example/clocks",)
    assert made.categories == ("Sand", "Sun", "Water", "Fire", "Candles")
    assert made.priorities == ("Sun", "Water", "Fire")


def test_a_url_is_read_once_whatever_its_spelling(plan: Callable[..., Plan]) -> None:
    made = plan(
        source_urls=["https://a.example/x", "http://www.a.example/x/"],
        prompt="and https://A.example/x?utm_source=y",
    )

    assert made.source_urls == ("https://a.example/x",)
    assert made.prompt_urls == ()


@pytest.mark.parametrize(
    ("one", "other", "similarity"),
    [
        ("red clocks", "Red CLOCKS", 1.0),
        ("red clocks", "blue wheels", 0.0),
        ("red clocks here", "red clocks there", 0.5),
        ("", "", 1.0),
    ],
)
def test_similarity_counts_shared_words(
    one: str, other: str, similarity: float
) -> None:
    assert word_similarity(one, other) == similarity
