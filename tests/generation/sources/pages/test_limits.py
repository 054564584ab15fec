"""What a page may hold before it is parsed, and what is dropped of it."""

from __future__ import annotations

import pytest

from generation.exceptions import UnreadableSource
from generation.sources.pages.tree import parse_page

PAGE = "<!DOCTYPE html><html><body>"


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("<div>" * 1_001, "nested too deeply"),
        ("<i></i>" + "<p>" * 500_001, "too many elements"),
        (
            "<p>" + "".join(f"<font color={n}>" for n in range(60)) + "<p>x" * 4_000,
            "too many elements",
        ),
        ("".join(f"<body a{n}=x>" for n in range(5_001)), "too many attributes"),
        ("<p " + " ".join(f"a{n}" for n in range(5_001)), "too many attributes"),
    ],
    ids=["depth", "elements", "reopened", "attributes of the body", "attributes"],
)
def test_a_page_beyond_a_limit_is_refused(page: str, reason: str) -> None:
    with pytest.raises(UnreadableSource, match=reason):
        parse_page(PAGE + page)


def test_unclosed_bold_of_one_kind_is_read() -> None:
    parser = parse_page(PAGE + "<p><b>x" * 900 + "<p>y" * 20_000)

    assert parser.body is not None


def test_closed_fonts_reopen_nothing() -> None:
    cells = "".join(f"<p><font color=c{n}>x</font></p>" for n in range(20_000))

    assert parse_page(PAGE + cells).body is not None


def test_options_are_dropped_where_they_are_too_many() -> None:
    parser = parse_page(PAGE + "<select>" + "<option>x" * 2_001 + "</select><p>y")

    assert parser.css_first("option") is None
    assert parser.css_first("p") is not None
