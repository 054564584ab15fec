"""Where the category of an item comes from, over whole runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from generation.report import CategoryChoice, Report
from generation.yaml import parse
from tests.generation.test_edits import assert_silent
from tests.generation.test_orchestrator import (
    LATER,
    commit_by_hand,
    files,
    report_of,
    run,
)

TRACKERS = [
    (
        "Kimai",
        "Tracks the hours of a team, with invoices for customers",
        "Time tracking",
    ),
    ("Traggo", "Tracks time with tags instead of projects", "Time tracking"),
    ("Timewarrior", "Tracks hours from the command line", "Time tracking"),
    ("Borg", "Backup program that deduplicates and encrypts", "Backup"),
    ("restic", "Backup of files to many kinds of storage, encrypted", "Backup"),
    ("Kopia", "Encrypted backup with snapshots of files", "Backup"),
]
SILENT = [
    ("Duplicati", "Stores encrypted backups of files in the cloud"),
    ("Toggl", "Tracks the hours of freelancers for their invoices"),
]


def records(*rows: tuple[str, ...], **more: object) -> tuple[str, str]:
    keys = ("name", "description", "category")
    entries = [
        {
            **dict(zip(keys, row, strict=False)),
            "url": f"https://{row[0].lower().replace(' ', '')}.example.org",
            **more,
        }
        for row in rows
    ]
    return "rows.json", json.dumps(entries)


def choices(report: Report) -> dict[str, CategoryChoice]:
    return {choice.name: choice for choice in report.category_choices}


def test_an_item_without_a_category_goes_where_its_neighbours_are(
    tmp_path: Path,
) -> None:
    report = report_of(run(tmp_path, records(*TRACKERS, *SILENT)))

    found = choices(report)
    assert (found["Duplicati"].category, found["Duplicati"].how) == (
        "backup",
        "neighbours",
    )
    assert found["Toggl"].category == "time-tracking"
    assert found["Kimai"].how == "given"
    assert report.categorised == {"given": 6, "neighbours": 2}


def test_the_names_of_categories_are_enough(tmp_path: Path) -> None:
    wanted = ["Time tracking", "Backup"]
    operations = run(tmp_path, records(*SILENT), initial_categories=wanted)

    found = choices(report_of(operations))

    assert {c.name: (c.category, c.how) for c in found.values()} == {
        "Duplicati": ("backup", "zero-shot"),
        "Toggl": ("time-tracking", "zero-shot"),
    }
    assert found["Toggl"].others == ("Backup",)
    assert 0 < (found["Toggl"].score or 0) <= 1


def test_without_any_category_it_is_other(tmp_path: Path) -> None:
    found = choices(report_of(run(tmp_path, records(*SILENT))))

    assert {choice.how for choice in found.values()} == {"other"}
    assert {choice.category for choice in found.values()} == {"other"}


def test_a_mark_that_is_the_name_of_a_category_is_one(tmp_path: Path) -> None:
    source = records(("Duplicati", "Stores files"), tags=["backups", "cloud"])
    report = report_of(run(tmp_path, source, initial_categories=["Backup", "Clocks"]))

    assert [(c.category, c.how) for c in report.category_choices] == [
        ("backup", "match")
    ]


def test_a_heading_is_believed(tmp_path: Path) -> None:
    text = "# L\n\n## Bells\n\n- [Toggl](https://toggl.example.org) - Tracks hours.\n"
    report = report_of(run(tmp_path, ("list.md", text), initial_categories=["Hours"]))

    assert [(c.category, c.how) for c in report.category_choices] == [
        ("bells", "heading")
    ]


def test_a_second_run_guesses_the_same_and_writes_nothing(tmp_path: Path) -> None:
    source = records(*TRACKERS, *SILENT, ("Ocarina", "A flute of clay"))
    run(tmp_path, source)

    operations = assert_silent(tmp_path, source)

    assert choices(report_of(operations))["Toggl"].how == "kept"


def test_a_guessed_item_stays_when_others_come(tmp_path: Path) -> None:
    run(tmp_path, records(*TRACKERS, *SILENT))
    more = [(f"Saver {n}", "Stores encrypted backups", "Cloud") for n in range(9)]

    report = report_of(run(tmp_path, records(*TRACKERS, *more, *SILENT), clock=LATER))

    assert choices(report)["Duplicati"].category == "backup"


def test_what_a_person_sorted_is_an_example(tmp_path: Path) -> None:
    run(tmp_path, records(*TRACKERS[:3]))
    flutes = {
        f"data/{name}/{name}.yml": f"name: {name}\ncategory: Wind\ndescription: {text}\n"
        f"source_url: https://{name}.example.org\n"
        for name, text in (("ocarina", "A flute of clay"), ("fife", "A small flute"))
    }
    commit_by_hand(tmp_path, flutes)

    source = records(*TRACKERS[:3], ("Recorder", "A flute of wood"))
    report = report_of(run(tmp_path, source, clock=LATER))

    assert choices(report)["Recorder"].category == "wind"


def test_the_most_frequent_spelling_names_a_category(tmp_path: Path) -> None:
    rows = [
        (f"Item {n}", "x", name)
        for n, name in enumerate(
            ["E commerce", "e-commerce", "e-commerce", "APIs", "API", "API"]
        )
    ]
    run(tmp_path, records(*rows))

    names = {c["name"] for c in parse(files(tmp_path)["categories.yml"].encode())}
    assert names == {"e-commerce", "API"}


def test_a_stored_category_is_never_renamed(tmp_path: Path) -> None:
    run(tmp_path, records(("Item", "x", "Clock & Bell")))
    before = files(tmp_path)["categories.yml"]

    rows = [(f"Item {n}", "x", "bells and clocks") for n in range(5)]
    run(tmp_path, records(("Item", "x", "Clock & Bell"), *rows), clock=LATER)

    assert files(tmp_path)["categories.yml"] == before


def test_a_mark_becomes_a_tag_with_three_uses_in_all_its_spellings(
    tmp_path: Path,
) -> None:
    marks = ["re-ranking", "reranking", "Reranking", "hourly", "hourly"]
    lines = [
        f"- [Item {n}](https://{n}.example.org) - Text. `{mark}`\n"
        for n, mark in enumerate(marks)
    ]
    source = ("list.md", "# L\n\n## Bells\n\n" + "".join(lines))
    run(tmp_path, source)

    assert [tag["id"] for tag in parse(files(tmp_path)["tags.yml"].encode())] == [
        "re-ranking"
    ]
    assert files(tmp_path)["data/item-2/item-2.yml"].count("re-ranking") == 1
    assert_silent(tmp_path, source)


def test_word_vectors_are_not_loaded_where_every_item_has_a_heading() -> None:
    script = """
import sys, tempfile, pathlib
from tests.generation.test_orchestrator import run
from tests.generation.pipeline.test_taxonomy import TRACKERS, SILENT, records
run(pathlib.Path(tempfile.mkdtemp()), records(*TRACKERS))
print(sorted({"numpy", "tokenizers"} & sys.modules.keys()))
run(pathlib.Path(tempfile.mkdtemp()), records(*TRACKERS, *SILENT))
print(sorted({"numpy", "tokenizers"} & sys.modules.keys()))
"""
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    lines = [line for line in told.stdout.splitlines() if line.startswith("[")]
    assert lines[-2:] == ["[]", "['numpy', 'tokenizers']"]
