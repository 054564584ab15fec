"""Pairs that an editor has judged: what is merged, what is flagged, what is left alone."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from generation.items import Item
from generation.pipeline.decisions import Decisions
from generation.pipeline.duplicates import suspicious_pairs
from generation.pipeline.grouping import group_candidates
from generation.sources.candidates import Candidate

FIXTURE = Path(__file__).parents[2] / "fixtures" / "pairs.txt"


class Pair(NamedTuple):
    is_same: bool
    names: tuple[str, str]
    urls: tuple[str, str]


def read_pairs() -> list[Pair]:
    lines = FIXTURE.read_text("utf-8").splitlines()
    rows = [line.split(" ; ") for line in lines if line and line[0] != "#"]
    return [
        Pair(label == "same", (name, other_name), (url, other_url))
        for label, name, url, other_name, other_url in rows
    ]


PAIRS = read_pairs()


def candidates(pair: Pair) -> list[Candidate]:
    return [
        Candidate(name=name, url=url, source="s")
        for name, url in zip(pair.names, pair.urls, strict=True)
    ]


def item(name: str, url: str, number: int) -> Item:
    return Item(
        id=str(number),
        slug=f"item-{number}",
        name=name,
        description="",
        source_url=url,
        category="c",
        updated_at="",
    )


def is_merged(pair: Pair) -> bool:
    return len(group_candidates(candidates(pair), (), Decisions(), {}).groups) == 1


def is_flagged(pair: Pair) -> bool:
    items = [item(*one) for one in zip(pair.names, pair.urls, count(), strict=False)]
    return bool(suspicious_pairs(items))


def test_there_are_pairs_enough_of_both_kinds() -> None:
    same = sum(pair.is_same for pair in PAIRS)

    assert len(PAIRS) >= 150
    assert min(same, len(PAIRS) - same) >= 70


@pytest.mark.parametrize(
    "pair", [p for p in PAIRS if not p.is_same], ids=lambda p: " - ".join(p.names)
)
def test_what_an_editor_keeps_apart_is_never_merged(pair: Pair) -> None:
    assert not is_merged(pair)


def test_merges_and_flags_together_find_what_an_editor_finds() -> None:
    said = [(is_merged(pair) or is_flagged(pair), pair.is_same) for pair in PAIRS]
    hits = sum(answer and truth for answer, truth in said)
    wrong = sum(answer != truth for answer, truth in said)

    assert 2 * hits / (2 * hits + wrong) >= 0.85


def test_all_pairs_in_one_directory_merge_no_more_than_each_alone() -> None:
    pool = [candidate for pair in PAIRS for candidate in candidates(pair)]
    grouping = group_candidates(pool, (), Decisions(), {})
    group_of = {
        id(member): number
        for number, group in enumerate(grouping.groups)
        for member in group.members
    }

    wrong = [
        pair.names
        for number, pair in enumerate(PAIRS)
        if not pair.is_same
        and group_of[id(pool[2 * number])] == group_of[id(pool[2 * number + 1])]
    ]

    assert wrong == []
