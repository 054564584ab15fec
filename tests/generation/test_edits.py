"""What a person does to a repository, and what the next run makes of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from generation.contract.commands import AppendLog, LogLevel
from generation.exceptions import RepositoryError
from generation.git import Repository
from generation.git.command import talk_to_git
from generation.orchestrator import generate
from generation.yaml import parse
from tests.fakes import CLOCKS, FakeOperations, make_host, make_run
from tests.generation.made import first_run
from tests.generation.test_orchestrator import (
    LATER,
    commit_by_hand,
    files,
    heads,
    report_of,
    repository,
    run,
)

HORIZONTAL = "data/horizontal/horizontal.yml"


def slugs(root: Path) -> set[str]:
    return {path.split("/")[1] for path in files(root) if path.startswith("data/")}


def assert_silent(root: Path, *documents: tuple[str, str]) -> FakeOperations:
    before = heads(root)
    operations = run(root, *documents, clock=LATER)
    assert heads(root) == before
    return operations


def test_a_corrected_link_is_still_the_same_item(tmp_path: Path) -> None:
    first_run(tmp_path)
    text = files(tmp_path)[HORIZONTAL].replace("example.org/h", "example.com/moved-h")
    commit_by_hand(tmp_path, {HORIZONTAL: text})

    run(tmp_path, clock=LATER)

    assert slugs(tmp_path) == {"horizontal", "vertical", "clepsydra"}
    assert files(tmp_path)[HORIZONTAL] == text


@pytest.mark.parametrize("broken", ["name: [", "just text", "on: true", "a: *b"])
def test_a_slip_in_a_file_makes_no_second_item(tmp_path: Path, broken: str) -> None:
    first_run(tmp_path)
    whole = files(tmp_path)[HORIZONTAL]
    commit_by_hand(tmp_path, {HORIZONTAL: broken})

    operations = run(tmp_path, clock=LATER)
    commit_by_hand(tmp_path, {HORIZONTAL: whole})
    run(tmp_path, clock=LATER)

    reasons = {left.name: left.reason for left in report_of(operations).left_out}
    assert "cannot be read" in reasons["Horizontal"]
    assert slugs(tmp_path) == {"horizontal", "vertical", "clepsydra"}


def test_what_is_written_is_read_again_whatever_its_size(tmp_path: Path) -> None:
    rows = [
        {
            "name": f"Clock {number}",
            "url": f"https://example.org/{number}",
            "tags": [f"tag {number}-{n}" for n in range(90)],
            "body": "x " * (600_000 if number < 2 else 2),
        }
        for number in range(100)
    ]
    source = ("clocks.json", json.dumps(rows))
    run(tmp_path, source)

    operations = assert_silent(tmp_path, source)

    assert report_of(operations).items.unchanged == 100
    assert len(parse(files(tmp_path)["tags.yml"].encode(), times=20)) == 9000


def test_what_a_person_keeps_beside_our_records_stays(tmp_path: Path) -> None:
    first_run(tmp_path)
    commit_by_hand(tmp_path, {".gazetteer/decisions.yml": "- same: [a, b]\n"})

    assert_silent(tmp_path)

    assert ".gazetteer/decisions.yml" in files(tmp_path)


@pytest.mark.parametrize("table", ["files", "items"])
@pytest.mark.parametrize("row", ["{}", "[]", "{", '{"id": 1}'])
def test_damaged_records_stop_the_run_by_name(
    tmp_path: Path, table: str, row: str
) -> None:
    first_run(tmp_path)
    path = f".gazetteer/{table}.jsonl"
    commit_by_hand(tmp_path, {path: f"{row}\n"})

    with pytest.raises(RepositoryError, match=f"{table}.jsonl is damaged"):
        run(tmp_path, clock=LATER)


def test_ones_own_item_that_one_removed_stays_away(tmp_path: Path) -> None:
    first_run(tmp_path)
    path = "data/candle/candle.yml"
    mine = "name: Candle\nsource_url: https://example.org/candle\ncategory: sundials\n"
    longer = ("list.md", CLOCKS + "- [Candle](https://example.org/candle) - Burns.\n")
    commit_by_hand(tmp_path, {path: mine})
    run(tmp_path, longer, clock=LATER)
    commit_by_hand(tmp_path, {}, removals=(path,))

    run(tmp_path, longer, clock=LATER)

    assert "candle" not in slugs(tmp_path)


SHARED = "- [Alpha](https://example.org/tools) - A.\n- [Beta](https://example.org/tools) - B.\n"


def test_a_removal_is_not_undone_by_a_rename(tmp_path: Path) -> None:
    first_run(tmp_path, ("list.md", SHARED))
    gone = ("data/beta/beta.yml", "data/beta/beta.md")
    commit_by_hand(tmp_path, {}, removals=gone)

    run(tmp_path, ("list.md", SHARED.splitlines()[1]), clock=LATER)

    assert slugs(tmp_path) == {"alpha"}
    assert "name: Alpha" in files(tmp_path)["data/alpha/alpha.yml"]


def test_a_removal_is_of_one_name_on_a_link(tmp_path: Path) -> None:
    first_run(tmp_path, ("list.md", SHARED))
    gone = ("data/alpha/alpha.yml", "data/alpha/alpha.md")
    commit_by_hand(tmp_path, {}, removals=gone)
    third = SHARED + "- [Gamma](https://example.org/tools) - C.\n"

    run(tmp_path, ("list.md", third), clock=LATER)

    assert slugs(tmp_path) == {"beta", "gamma"}


def test_a_renamed_item_keeps_its_file(tmp_path: Path) -> None:
    first_run(tmp_path)

    run(tmp_path, ("list.md", CLOCKS.replace("[Vertical]", "[Wall dial]")), clock=LATER)

    assert slugs(tmp_path) == {"horizontal", "vertical", "clepsydra"}
    assert "name: Wall dial" in files(tmp_path)["data/vertical/vertical.yml"]


def plant(root: Path, kind: str, path: str, *, mode: str, text: str) -> None:
    """A person commits what is no plain file."""
    found = repository(root, kind)
    old = found.head()
    data = f"data {len(text)}\n{text}\n"
    stream = (
        f"commit refs/heads/main\ncommitter Eve <eve@example.org> 1 +0000\n"
        f"data 4\nhand\nfrom {old}\nM {mode} inline {path}\n{data}done\n"
    )
    with talk_to_git(found.path, "fast-import", "--quiet", "--done") as (stdin, _):
        stdin.write(stream.encode())


def test_a_link_that_a_person_committed_is_left_alone(tmp_path: Path) -> None:
    first_run(tmp_path)
    plant(tmp_path, "data", "data/fire", mode="120000", text="../elsewhere")

    run(tmp_path, ("l.md", CLOCKS + "- [Fire](https://example.org/fire) - Hot.\n"))

    tree = repository(tmp_path).tree(repository(tmp_path).head() or "")
    assert tree["data/fire"].endswith(" 120000")


def test_a_file_where_we_want_a_folder_is_left_alone(tmp_path: Path) -> None:
    first_run(tmp_path)
    commit_by_hand(tmp_path, {"tags": "mine"}, kind="website")
    tagged = CLOCKS.replace("wall.", "wall. `stone`").replace("away.", "away. `stone`")

    run(tmp_path, ("list.md", tagged), clock=LATER)

    assert files(tmp_path, "website")["tags"] == "mine"


def test_a_file_that_a_person_made_executable_stays_so(tmp_path: Path) -> None:
    first_run(tmp_path)
    text = files(tmp_path)[HORIZONTAL]
    plant(tmp_path, "data", HORIZONTAL, mode="100755", text=text)

    run(tmp_path, ("list.md", CLOCKS.replace("garden", "park")), clock=LATER)

    tree = repository(tmp_path).tree(repository(tmp_path).head() or "")
    assert tree[HORIZONTAL].endswith(" 100755")


def test_a_page_that_came_without_items_removes_nothing(tmp_path: Path) -> None:
    url = "https://example.org/clocks.md"
    other = ("other.md", "- [Metronome](https://example.org/metronome) - Ticks.\n")
    request = {"source_urls": [url], "generation_method": "recreate"}
    first = make_run(other, **request)  # type: ignore[arg-type]
    host = make_host(tmp_path, {url: CLOCKS})
    generate(first, host)
    second = make_run(other, clock=LATER, **request)  # type: ignore[arg-type]

    report = generate(second, make_host(tmp_path, {url: "Back soon.\n"}))

    assert (report.items.removed, report.items.total) == (0, 4)


def test_comments_in_an_empty_category_file_stay(tmp_path: Path) -> None:
    first_run(tmp_path)
    commit_by_hand(tmp_path, {"categories.yml": "# my order\n"})

    run(tmp_path, clock=LATER)

    assert files(tmp_path)["categories.yml"].startswith("# my order\n- id: ")
    assert_silent(tmp_path)


def test_an_item_in_a_folder_of_another_name_is_told(tmp_path: Path) -> None:
    first_run(tmp_path)
    text = files(tmp_path)[HORIZONTAL]
    commit_by_hand(tmp_path, {"data/flat/horizontal.yml": text}, removals=(HORIZONTAL,))

    operations = run(tmp_path, clock=LATER)

    warnings = report_of(operations).warnings
    assert any("data/flat/flat.yml" in warning for warning in warnings)


A = ("a.md", "## Sun\n\n- [Dial](https://example.org/dial) - From A.\n")
B = ("b.md", "## Stone\n\n- [Dial](https://example.org/dial) - From B.\n")


def description(root: Path) -> str:
    return str(parse(files(root)["data/dial/dial.yml"].encode())["description"])


@pytest.mark.parametrize("later", [[(A, B), (B, A)], [(B, A), (B, A)]])
def test_the_source_that_described_an_item_goes_on(
    tmp_path: Path, later: list[tuple[tuple[str, str], ...]]
) -> None:
    first_run(tmp_path, A)

    for documents in later:
        run(tmp_path, *documents, clock=LATER)

    assert description(tmp_path) == "From A."


def test_another_source_takes_over_what_the_first_dropped(tmp_path: Path) -> None:
    run(tmp_path, A, B)
    other = ("a.md", "- [Sand glass](https://example.org/sand) - Runs.\n")

    run(tmp_path, other, B, clock=LATER)

    assert description(tmp_path) == "From B."


@pytest.mark.parametrize("later", [[(B,), (B,)], [(B,), (A, B)]])
def test_a_source_that_took_over_goes_on(
    tmp_path: Path, later: list[tuple[tuple[str, str], ...]]
) -> None:
    first_run(tmp_path, A)

    for documents in later:
        run(tmp_path, *documents, clock=LATER)

    assert description(tmp_path) == "From B."


def test_a_source_that_is_asked_for_no_longer_lets_go(tmp_path: Path) -> None:
    first_run(tmp_path, ("old.md", CLOCKS))
    renamed = ("new.md", CLOCKS.replace("Lies flat", "Stands"))

    run(tmp_path, renamed, clock=LATER)

    assert "Stands in the garden" in files(tmp_path)[HORIZONTAL]
    assert_silent(tmp_path, renamed)


def test_what_no_source_of_a_run_lists_stays(tmp_path: Path) -> None:
    first_run(tmp_path, ("old.md", CLOCKS))
    others = CLOCKS.replace(
        "- [Horizontal]", "- [Candle](https://example.org/c), not [H]"
    )

    run(tmp_path, ("new.md", others), clock=LATER)

    assert "Lies flat in the garden" in files(tmp_path)[HORIZONTAL]


def test_a_renamed_source_that_fails_removes_nothing(tmp_path: Path) -> None:
    first_run(tmp_path, ("old.md", CLOCKS))
    other = "# Clocks\n\n- [Candle](https://example.org/candle) - Burns down.\n"
    options = {"generation_method": "recreate", "allow_removals": True}

    run(tmp_path, ("new.md", "Nothing."), ("other.md", other), clock=LATER, **options)
    kept = files(tmp_path)
    run(tmp_path, ("other.md", other), clock=LATER, **options)

    assert HORIZONTAL in kept
    assert HORIZONTAL not in files(tmp_path)


def test_a_mark_is_a_tag_where_another_source_says_so(tmp_path: Path) -> None:
    table = ("t.csv", "name,url,tags\nGnomon,https://example.org/gnomon,stone\n")
    run(tmp_path, ("list.md", CLOCKS), table)

    assert_silent(tmp_path, ("list.md", CLOCKS), table)

    assert "- stone" in files(tmp_path)[HORIZONTAL]


def test_a_category_that_a_person_struck_out_comes_back_once(tmp_path: Path) -> None:
    first_run(tmp_path)
    kept = files(tmp_path)["categories.yml"].split("- id: water-clocks")[0]
    commit_by_hand(tmp_path, {"categories.yml": kept})

    run(tmp_path, clock=LATER)

    assert "water-clocks" in files(tmp_path)["categories.yml"]
    assert_silent(tmp_path)


def test_a_secret_in_a_url_stays_out_of_the_repositories(tmp_path: Path) -> None:
    url = "https://example.org/clocks.md?token=SECRET"
    operations = make_run(source_urls=[url])
    host = make_host(tmp_path, {url: CLOCKS})

    report = generate(operations, host)

    for kind in ("data", "list", "website"):
        assert not [p for p, text in files(tmp_path, kind).items() if "SECRET" in text]
    assert "SECRET" not in report.model_dump_json()


def test_more_warnings_than_a_batch_holds_do_not_fail_the_run(tmp_path: Path) -> None:
    first_run(tmp_path)
    broken = {f"data/x{n}/x{n}.yml": "name: [" for n in range(1100)}
    commit_by_hand(tmp_path, broken)

    operations = run(tmp_path, clock=LATER)

    assert len(report_of(operations).warnings) >= 1100


def test_two_interrupts_while_publishing_leave_all_or_none(tmp_path: Path) -> None:
    """A terminal interrupts the git commands as well; see tests/commands for the rest."""
    script = f"""
import os, signal, sys, threading, time
sys.path.insert(0, {str(Path.cwd())!r})
from pathlib import Path
from tests.fakes import make_run, make_host, CLOCKS
from generation import publish
from generation.orchestrator import generate
move = publish.Repository.move
def slow(self, ref, **options):
    time.sleep(0.3)
    os.killpg(0, signal.SIGINT)
    return move(self, ref, **options)
publish.Repository.move = slow
generate(make_run(("list.md", CLOCKS)), make_host(Path({str(tmp_path)!r})))
"""
    subprocess.run(
        [sys.executable, "-c", script],
        start_new_session=True,
        capture_output=True,
        timeout=60,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        check=False,
    )

    found = [Repository(path).head() for path in tmp_path.glob("ada/*.git")]
    assert len(found) in (0, 3)
    assert (None in found) is False


def test_files_that_a_person_changed_are_a_note_and_no_warning(tmp_path: Path) -> None:
    first_run(tmp_path)
    mine = files(tmp_path)[HORIZONTAL].replace("Lies", "Rests")
    commit_by_hand(tmp_path, {HORIZONTAL: mine})

    operations = run(tmp_path, clock=LATER)

    report = report_of(operations)
    assert report.warnings == ()
    assert [HORIZONTAL in note for note in report.notes] == [True]
    levels = [
        command.level
        for command in operations.said
        if isinstance(command, AppendLog) and HORIZONTAL in command.message
    ]
    assert levels == [LogLevel.INFO]
