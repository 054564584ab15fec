from __future__ import annotations

import pytest

from generation.pipeline.entries import Headings
from generation.pipeline.sameness import names_agree
from generation.sources.candidates import Candidate


def candidate(*path: str, groups: tuple[str, ...] = ()) -> Candidate:
    return Candidate(
        name="A", url="https://a.example", path=path, groups=groups, source="s"
    )


def test_the_deepest_heading_names_the_category() -> None:
    one = candidate("Software", "Analytics")

    assert Headings([one, candidate("Software", "Backup")]).naming(one) == "Analytics"


def test_a_heading_below_several_others_says_nothing() -> None:
    one, other = candidate("Databases", "General"), candidate("Testing", "General")

    headings = Headings([one, other])

    assert (headings.naming(one), headings.naming(other)) == ("Databases", "Testing")


def test_groups_count_only_where_there_is_no_heading() -> None:
    below, alone = candidate("Web", groups=("Async",)), candidate(groups=("Async",))

    headings = Headings([below, alone])

    assert (headings.naming(below), headings.naming(alone)) == ("Web", "Async")


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("Kimai", "kimai", True),
        ("Kimai", "Kimai Time Tracker", True),
        ("C", "C++", False),
        ("Filesystem", "Memory", False),
        ("The Foo", "Foo, the", True),
    ],
)
def test_names_agree_when_one_holds_the_other(
    one: str, other: str, *, agree: bool
) -> None:
    assert names_agree(one, other) is agree
