"""Which candidates are one thing, whatever order they come in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.pipeline.decisions import Decisions, Pair
from generation.pipeline.grouping import MOST_COMPARED, group_candidates
from generation.sources.candidates import Candidate

NONE = Decisions()
WORDS = ("Kimai", "server", "GitHub", "Actions", "Issues", "MCP", "clock", "C", "C++")
NAMES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
LINKS = st.sampled_from(
    [
        "https://example.org/",
        "http://www.example.org",
        "https://m.example.org/?utm_source=x",
        "https://github.com/kimai/kimai",
        "https://github.com/Kimai/kimai.git",
        "https://npmjs.org/package/kimai",
        "https://www.npmjs.com/package/Kimai",
    ]
)


def one(name: str, url: str, source: str = "s") -> Candidate:
    return Candidate(name=name, url=url, source=source)


def parts(
    *candidates: Candidate,
    decisions: Decisions = NONE,
    redirects: dict[str, str] | None = None,
) -> set[frozenset[tuple[str, str]]]:
    """Group, and forget the order."""
    grouping = group_candidates(candidates, (), decisions, redirects or {})
    return {frozenset((m.name, m.url) for m in g.members) for g in grouping.groups}


@given(st.data(), st.lists(st.builds(one, NAMES, LINKS), min_size=1, max_size=8))
def test_the_order_of_sources_decides_nothing_but_who_describes(
    data: st.DataObject, candidates: list[Candidate]
) -> None:
    shuffled = data.draw(st.permutations(candidates))

    assert parts(*shuffled) == parts(*candidates)


@given(
    st.data(),
    st.lists(st.builds(one, NAMES, LINKS), min_size=1, max_size=6),
    st.lists(st.tuples(NAMES, NAMES).map(lambda p: Pair(*p)), max_size=3),
)
def test_nor_does_it_where_a_person_has_decided(
    data: st.DataObject, candidates: list[Candidate], same: list[Pair]
) -> None:
    decisions = Decisions(same=tuple(same))
    shuffled = data.draw(st.permutations(candidates))

    grouped = parts(*candidates, decisions=decisions)

    assert parts(*shuffled, decisions=decisions) == grouped
    assert {member for part in grouped for member in part} == {
        (c.name, c.url) for c in candidates
    }


def test_a_redirect_counts_as_the_link_that_it_leads_to() -> None:
    old = one("Kimai", "https://github.com/kevinpapst/kimai2")
    new = one("Kimai", "https://github.com/kimai/kimai")

    assert len(parts(old, new)) == 2
    assert len(parts(old, new, redirects={old.url + "/": new.url})) == 1


def test_redirects_in_a_circle_come_to_an_end() -> None:
    a, b = one("A", "https://a.example.org"), one("B", "https://b.example.org")

    assert len(parts(a, b, redirects={a.url: b.url, b.url: a.url})) == 2


def test_a_redirect_to_a_page_for_everybody_merges_no_other_names() -> None:
    home = "https://example.org/login"
    a, b = (
        one("Sundial", "https://example.org/1"),
        one("Pendulum", "https://example.org/2"),
    )

    assert len(parts(a, b, redirects={a.url: home, b.url: home})) == 2


def test_names_on_the_address_of_a_collection_are_compared_strictly() -> None:
    url = "https://github.com/modelcontextprotocol/servers"
    names = ("GitHub", "GitHub Actions", "Slack", "Time")

    assert len(parts(*(one(name, url) for name in names))) == 4


def test_a_name_that_agrees_with_two_that_do_not_joins_one_of_them() -> None:
    url = "https://example.org"
    names = ("Hourglass", "Hourglass Lite", "Hourglass Max")

    grouped = parts(*(one(name, url) for name in names))

    assert sorted(map(len, grouped)) == [1, 2]
    assert not any(
        {n for n, _ in part} >= {"Hourglass Lite", "Hourglass Max"} for part in grouped
    )


def test_a_name_that_holds_all_others_joins_them() -> None:
    url = "https://example.org"
    names = ("Ada Clock", "Clock 4", "Clock 4 (Ada)")

    assert len(parts(*(one(name, url) for name in names))) == 1


@pytest.mark.parametrize("count", [MOST_COMPARED + 1, 2_000])
def test_thousands_of_names_on_one_link_take_no_long_time(count: int) -> None:
    url = "https://example.org"
    candidates = [one(f"Clock {number}", url) for number in range(count)]

    assert len(parts(*candidates)) == count
