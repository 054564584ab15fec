"""What a person has decided about two entries, over whole runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from generation.report import Report
from tests.generation.made import first_run
from tests.generation.test_edits import assert_silent, slugs
from tests.generation.test_orchestrator import (
    LATER,
    commit_by_hand,
    files,
    report_of,
    run,
)

DECISIONS = ".gazetteer/decisions.yml"
KIMAI = "- [Kimai](https://www.kimai.org/) - Tracks the hours of a team.\n"
KIMAI_CODE = "- [Kimai 2](https://github.com/kimai/kimai) - Its source code.\n"
TRAGGO = "- [Traggo](https://traggo.net/) - Tags instead of projects.\n"
TRAGGO_SERVER = "- [Traggo server](https://traggo.net) - What it runs on.\n"


def listing(*lines: str) -> tuple[str, str]:
    return "trackers.md", "# Trackers\n\n## Web\n\n" + "".join(lines)


def decide(root: Path, text: str) -> None:
    commit_by_hand(root, {DECISIONS: text})


def again(root: Path, *documents: tuple[str, str]) -> Report:
    return report_of(run(root, *documents, clock=LATER))


def test_two_items_that_a_person_calls_the_same_become_one(tmp_path: Path) -> None:
    source = listing(KIMAI, KIMAI_CODE, TRAGGO)
    first_run(tmp_path, source)
    assert slugs(tmp_path) == {"kimai", "kimai-2", "traggo"}
    decide(tmp_path, "same:\n- [kimai, kimai-2]\n")

    report = again(tmp_path, source)

    assert slugs(tmp_path) == {"kimai", "traggo"}
    assert [change.slug for change in report.changes if change.kind == "removed"] == [
        "kimai-2"
    ]
    assert [(m.kept, m.reason) for m in report.merges] == [
        ("Kimai", "a person has decided so")
    ]
    assert_silent(tmp_path, source)


@pytest.mark.parametrize(
    "pair",
    [
        "[Kimai 2, Kimai]",
        "[https://github.com/Kimai/kimai.git, https://kimai.org]",
        "[kimai-2, 'https://www.kimai.org/']",
    ],
)
def test_the_first_of_a_pair_stays_whatever_it_is_called(
    tmp_path: Path, pair: str
) -> None:
    source = listing(KIMAI, KIMAI_CODE)
    first_run(tmp_path, source)
    decide(tmp_path, f"same:\n- {pair}\n")

    again(tmp_path, source)

    assert slugs(tmp_path) == {"kimai-2"}
    assert "name: Kimai 2" in files(tmp_path)["data/kimai-2/kimai-2.yml"]
    assert_silent(tmp_path, source)


def test_a_withdrawn_decision_brings_both_back(tmp_path: Path) -> None:
    source = listing(KIMAI, KIMAI_CODE)
    first_run(tmp_path, source)
    decide(tmp_path, "same:\n- [kimai, kimai-2]\n")
    again(tmp_path, source)
    decide(tmp_path, "same: []\n")

    again(tmp_path, source)

    assert slugs(tmp_path) == {"kimai", "kimai-2"}


def test_two_entries_stay_apart_under_one_link(tmp_path: Path) -> None:
    source = listing(TRAGGO, TRAGGO_SERVER)
    [merge] = report_of(run(tmp_path, source)).merges
    assert slugs(tmp_path) == {"traggo"}
    decide(tmp_path, f"{merge.undo}\n")

    again(tmp_path, source)

    assert slugs(tmp_path) == {"traggo", "traggo-server"}
    assert_silent(tmp_path, source)
    assert_silent(tmp_path, listing(TRAGGO_SERVER, TRAGGO))


def test_what_a_person_edited_stays_of_two(tmp_path: Path) -> None:
    source = listing(KIMAI, KIMAI_CODE)
    first_run(tmp_path, source)
    path = "data/kimai-2/kimai-2.yml"
    edited = files(tmp_path)[path].replace("Its source code", "Mine")
    commit_by_hand(tmp_path, {path: edited, DECISIONS: "same:\n- [kimai, kimai-2]\n"})

    again(tmp_path, source)

    assert slugs(tmp_path) == {"kimai-2"}
    assert files(tmp_path)[path] == edited
    assert_silent(tmp_path, source)


def test_what_stays_of_two_follows_its_source_in_all_but_the_edit(
    tmp_path: Path,
) -> None:
    source = listing(KIMAI, KIMAI_CODE, TRAGGO)
    first_run(tmp_path, source)
    path = "data/kimai-2/kimai-2.yml"
    edited = files(tmp_path)[path].replace("name: Kimai 2", "name: Our Kimai # mine")
    commit_by_hand(tmp_path, {path: edited, DECISIONS: "same:\n- [kimai, kimai-2]\n"})
    newer = listing(KIMAI, KIMAI_CODE.replace("Its source", "All of its"), TRAGGO)

    report = again(tmp_path, newer)

    text = files(tmp_path)[path]
    assert slugs(tmp_path) == {"kimai-2", "traggo"}
    assert "name: Our Kimai # mine" in text
    assert "description: All of its code." in text
    assert "github.com/kimai/kimai" in text
    assert report.conflicts == ()
    assert_silent(tmp_path, newer)


def test_two_edited_items_both_stay_and_the_run_says_so(tmp_path: Path) -> None:
    source = listing(KIMAI, KIMAI_CODE)
    first_run(tmp_path, source)
    edits = {
        f"data/{slug}/{slug}.yml": files(tmp_path)[f"data/{slug}/{slug}.yml"] + "# x\n"
        for slug in ("kimai", "kimai-2")
    }
    commit_by_hand(tmp_path, edits | {DECISIONS: "same:\n- [kimai, kimai-2]\n"})

    report = again(tmp_path, source)

    assert slugs(tmp_path) == {"kimai", "kimai-2"}
    assert any("each was edited by hand" in warning for warning in report.warnings)


def test_a_flagged_pair_comes_with_lines_that_end_the_flag(tmp_path: Path) -> None:
    code = "- [Kimai](https://github.com/kimai/kimai) - Tracks hours.\n"
    source = listing(KIMAI, code)
    [flag] = report_of(run(tmp_path, source)).flags
    assert (flag.first, flag.second) == ("kimai", "kimai-2")
    assert 0.5 <= flag.score <= 1

    decide(tmp_path, f"{flag.different}\n")
    assert again(tmp_path, source).flags == ()
    assert slugs(tmp_path) == {"kimai", "kimai-2"}

    decide(tmp_path, f"{flag.same}\n")
    assert again(tmp_path, source).flags == ()
    assert slugs(tmp_path) == {"kimai"}
    assert_silent(tmp_path, source)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("same: [", "was not obeyed"),
        ("just words", "write it as"),
        ("same: kimai", "is not a list of pairs"),
        ("same:\n- [kimai]", "is not a pair"),
        ("equal:\n- [a, b]", "is not known"),
        ("same:\n- *x", "aliases"),
    ],
)
def test_what_cannot_be_read_costs_a_warning(
    tmp_path: Path, text: str, told: str
) -> None:
    first_run(tmp_path, listing(KIMAI, KIMAI_CODE))
    decide(tmp_path, text)

    report = again(tmp_path, listing(KIMAI, KIMAI_CODE))

    assert any(told in w for w in report.warnings if DECISIONS in w)
    assert slugs(tmp_path) == {"kimai", "kimai-2"}


def test_a_slip_in_one_decision_spares_the_others(tmp_path: Path) -> None:
    source = listing(KIMAI, KIMAI_CODE)
    first_run(tmp_path, source)
    decide(tmp_path, "same:\n- {a: b}\n- [kimai, kimai-2]\n")

    again(tmp_path, source)

    assert slugs(tmp_path) == {"kimai"}


def test_the_file_stays_as_the_person_wrote_it(tmp_path: Path) -> None:
    text = "# Ada, 22 November\nsame:   # once and for all\n- [ kimai,kimai-2 ]\n"
    first_run(tmp_path, listing(KIMAI, KIMAI_CODE))
    decide(tmp_path, text)

    again(tmp_path, listing(KIMAI, KIMAI_CODE, TRAGGO))

    assert files(tmp_path)[DECISIONS] == text


def test_what_is_different_has_the_last_word(tmp_path: Path) -> None:
    source = listing(KIMAI, KIMAI_CODE)
    first_run(tmp_path, source)
    decide(tmp_path, "same:\n- [kimai, kimai-2]\ndifferent:\n- [kimai, kimai-2]\n")

    again(tmp_path, source)

    assert slugs(tmp_path) == {"kimai", "kimai-2"}


def test_items_without_a_source_are_joined_as_well(tmp_path: Path) -> None:
    run(tmp_path, listing(KIMAI, KIMAI_CODE, TRAGGO))
    decide(tmp_path, "same:\n- [kimai, kimai-2]\n")

    again(tmp_path, listing(TRAGGO))

    assert slugs(tmp_path) == {"kimai", "traggo"}
