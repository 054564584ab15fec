"""A sheet of facts is recognised by being written again: its spelling is a promise."""

from __future__ import annotations

import pytest

from generation.fact_sheet import is_fact_sheet


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("https://demo.example/x?a=b", "[demo.example](https://demo.example/x?a=b)"),
        ("http://[2001:db8::1]:80/x", r"http\://\[2001\:db8::1\]:80/x"),
        ("https://demo.example./x", r"https\://demo.example./x"),
        ("https://demo.example/a\\b", r"https\://demo.example/a\\b"),
    ],
)
def test_a_sheet_that_was_stored_stays_one(url: str, stored: str) -> None:
    sheet = f"Words.\n\n- Demo: {stored}"

    assert is_fact_sheet(sheet, "Words.", {"demo_url": url})
