"""The lines that a report offers are read back as what they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.pipeline.decisions import line_for
from generation.yaml import parse

TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"])
    | st.sampled_from("[]{},:#'\"&*!|>%@-? "),
    min_size=1,
    max_size=40,
)


@given(TEXTS, TEXTS)
def test_a_line_says_what_it_was_made_of(first: str, second: str) -> None:
    line = line_for("same", first, second)

    assert parse(line.encode()) == {"same": [[first, second]]}


@pytest.mark.parametrize(
    ("first", "second", "line"),
    [
        ("kimai", "https://www.kimai.org/", "[kimai, https://www.kimai.org/]"),
        ("Cal.com", "Let's Encrypt", "[Cal.com, Let's Encrypt]"),
        ("yes", "1", '["yes", "1"]'),
        ("a, b", "x" * 200, f'["a, b", {"x" * 200}]'),
    ],
)
def test_a_line_is_as_bare_as_it_can_be(first: str, second: str, line: str) -> None:
    assert line_for("different", first, second) == f"different:\n- {line}"
