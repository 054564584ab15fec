"""What a spreadsheet would take for a formula is guarded, and the guard comes off again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.spreadsheets import guarded, is_formula, without_guard

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
BEFORE = (
    "",
    " ",
    "\t",
    "\r",
    "\n",
    "\u00a0",
    "\u3000",
    "\u200b",
    "\ufeff",
    "\u202e",
    "'",
)


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("before", BEFORE, ids=ascii)
def test_a_formula_is_guarded(sign: str, before: str) -> None:
    cell = f"{before}{sign}1+1"

    assert guarded(cell) == f"'{cell}"


@pytest.mark.parametrize("text", ["", "a=b", "It's", "'quoted'", "1-2", "\uff21"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert guarded(text) == text


@given(st.text(st.sampled_from(f"'{SIGNS} \t\r\n\u200bab")))
def test_a_guard_loses_nothing(text: str) -> None:
    assert without_guard(guarded(text)) == text
    assert not is_formula(text) or guarded(text).startswith("'")
