from __future__ import annotations

import json
from pathlib import Path

import pytest

from directories.services.inspection import Inspection, inspect
from generation.exceptions import NothingFound
from generation.pipeline.losses import doubts_of, in_words
from generation.sources.candidates import LeftOut
from tests.fakes import make_host


def looked_at(folder: Path, text: str, name: str = "list.md") -> Inspection:
    (folder / name).write_text(text)
    return inspect(name, folder=folder, host=make_host(folder / "git"))


def entries(count: int) -> str:
    return "".join(
        f"- [Thing {n}](https://thing-{n}.example.org) - Does it.\n"
        for n in range(count)
    )


def test_error_says_what_all_was_left_out_for(tmp_path: Path) -> None:
    text = (
        f"# Tools\n\n## Sponsors\n{entries(1_642)}\n## License\n{entries(1)}- A note\n"
    )

    with pytest.raises(NothingFound) as failed:
        looked_at(tmp_path, text)

    assert "list.md: 1,642 entries stand under “Sponsors”" in str(failed.value)
    assert "1 entry stands under “License”" in str(failed.value)
    assert "1 entry left out: it has no link" in str(failed.value)
    assert sum(failed.value.reasons.values()) == 1_644


def test_warning_says_that_most_is_left_out(tmp_path: Path) -> None:
    found = looked_at(
        tmp_path, f"# Tools\n\n## Sponsors\n{entries(9)}\n## X\n{entries(2)}"
    )

    assert len(found.items) == 2
    assert found.doubts[0].startswith(
        "9 of 11 entries are left out (9 entries stand under"
    )
    assert found.warnings[0].startswith("list.md: 9 of 11 entries are left out")


def test_list_with_some_entries_left_out_is_no_doubt(tmp_path: Path) -> None:
    found = looked_at(
        tmp_path, f"# Tools\n\n## Sponsors\n{entries(5)}\n## X\n{entries(9)}"
    )

    assert (found.doubts, found.warnings) == ((), ())


@pytest.mark.parametrize(
    "names",
    [
        ["GitHub", "PyPi", "Kiln", "Loom", "Wheel", "Ash"],
        ["npm", "Docker Hub", "Kiln", "Loom", "Wheel", "Ash"],
    ],
)
def test_names_of_registries_are_a_doubt(names: list[str]) -> None:
    found = [(name, f"https://example.org/{n}") for n, name in enumerate(names)]

    assert "2 of 6 entries are named after" in doubts_of(found, [])[0]


def test_hosts_that_are_listed_themselves_are_no_doubt() -> None:
    hosts = ("github", "gitlab", "codeberg", "bitbucket", "gitea")

    assert doubts_of([(host, f"https://{host}.com/") for host in hosts], []) == []


def test_equal_names_are_a_doubt_unless_their_links_are_equal() -> None:
    apart = [("Chapter", f"https://example.org/{n}") for n in range(2)]
    others = [(f"Thing {n}", f"https://thing-{n}.example.org") for n in range(4)]

    assert "2 of 6 entries share their name" in doubts_of([*apart, *others], [])[0]
    assert doubts_of([apart[0], apart[0], *others], []) == []


def test_reasons_that_are_many_are_summed_up() -> None:
    reasons = {f"reason {n}": 10 - n for n in range(5)}

    assert in_words(reasons).endswith("; 13 more for other reasons")


def test_json_without_links_says_how_many_have_none(tmp_path: Path) -> None:
    text = json.dumps([{"name": f"Thing {n}"} for n in range(12)])

    with pytest.raises(NothingFound, match="12 entries left out: it has no link"):
        looked_at(tmp_path, text, "list.json")


def test_what_stands_beside_the_list_of_a_page_is_no_doubt() -> None:
    beside = [
        LeftOut(
            name="News",
            source="page.html",
            reason="it stands beside the page's list, not in it",
        )
    ] * 20

    assert doubts_of([("Kiln", "https://kiln.example.org")], beside) == []
