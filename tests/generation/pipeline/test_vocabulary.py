from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.pipeline.vocabulary import LONGEST_LABEL, Vocabulary, label_key
from generation.slugs import is_slug


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Time tracker", "Time Trackers"),
        ("Cloud & DevOps", "cloud and devops"),
        ("Libraries", "library"),
        ("CI/CD", "CI CD"),
    ],
)
def test_spellings_of_one_label_share_a_key(one: str, other: str) -> None:
    assert label_key(one) == label_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("C", "C++"), ("C#", "C"), ("Bus", "Buses now"), ("数据", "工具")],
)
def test_different_labels_have_different_keys(one: str, other: str) -> None:
    assert label_key(one) != label_key(other)


def test_a_known_label_keeps_its_id_and_name() -> None:
    vocabulary = Vocabulary([("timers", "Clocks & timers")])

    assert vocabulary.id_of("clocks and Timer") == "timers"
    assert vocabulary.added() == []


@given(st.lists(st.text(min_size=1, max_size=300)))
def test_every_label_gets_one_slug_for_ever(labels: list[str]) -> None:
    vocabulary = Vocabulary([])

    ids = [vocabulary.id_of(label) for label in labels if label_key(label)]

    assert all(map(is_slug, ids))
    again = Vocabulary(vocabulary.added())
    assert [again.id_of(label) for label in labels if label_key(label)] == ids
    assert again.added() == []


def test_a_label_is_cut_before_it_is_compared() -> None:
    vocabulary = Vocabulary([])
    long = "x" * (LONGEST_LABEL + 50)

    assert vocabulary.id_of(long) == vocabulary.id_of(long[:LONGEST_LABEL])
