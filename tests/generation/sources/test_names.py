"""Names and descriptions, freed from the layout around them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.sources.names import clean_description, clean_name, name_key


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("  Uptime\n Kuma ", "Uptime Kuma"),
        ("🚀 Caddy ✨", "Caddy"),
        ("Simon &amp; Garfunkel", "Simon & Garfunkel"),
        ("Matomo:", "Matomo"),
        ("C++", "C++"),
        (".NET", ".NET"),
        ("环境管理", "环境管理"),
        ("“Zim”", "Zim"),
        ("🦀", "🦀"),
    ],
)
def test_name_loses_only_layout(written: str, name: str) -> None:
    assert clean_name(written) == name


@pytest.mark.parametrize(
    ("written", "description"),
    [
        (" - Web server with automatic HTTPS.", "Web server with automatic HTTPS."),
        (" \u2013 Ein Webserver", "Ein Webserver"),
        (": key-value store ", "key-value store"),
        (" · A\u200b  store |", "A store"),
        (" - ", ""),
        ("the original 🐍", "the original 🐍"),
        ("R&amp;D for Objective-C", "R&D for Objective-C"),
    ],
)
def test_description_loses_its_separators(written: str, description: str) -> None:
    assert clean_description(written) == description


def test_names_are_compared_without_case_and_punctuation() -> None:
    assert name_key("Node-RED") == name_key("node red") == "nodered"


def test_languages_of_one_letter_stay_apart() -> None:
    assert len({name_key("C"), name_key("C++"), name_key("C#")}) == 3


def test_marks_of_other_scripts_count() -> None:
    assert name_key("हिंदी") != name_key("हद")
    assert name_key("漢字") == "漢字"


@given(st.text())
def test_cleaning_a_name_twice_changes_nothing_more(text: str) -> None:
    assert name_key(clean_name(text)) == name_key(clean_name(clean_name(text)))
