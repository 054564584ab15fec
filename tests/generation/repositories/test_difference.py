"""What differs between two states of a data repository, told and counted."""

from __future__ import annotations

from pathlib import Path

from generation.git import MAIN
from generation.repositories.difference import (
    Difference,
    FieldDifference,
    FileDifference,
    difference,
    summary,
)
from generation.yaml import dump
from tests.generation.made import first_run
from tests.generation.repositories.test_merge_properties import Shelf
from tests.generation.repositories.test_threeway import ALPHA, ITEM, Files, item, one
from tests.generation.test_orchestrator import commit_by_hand, repository

BODY = "data/alpha/alpha.md"


def compare(old: Files, new: Files) -> Difference:
    shelf = Shelf()
    trees = []
    for shelf.files in (old, new):
        trees.append(shelf.tree("head"))
    found = difference(shelf, *trees)
    assert summary(*trees) == found.summary, "counting reads nothing, and is right"
    return found


def test_a_field_tells_what_it_was_and_is() -> None:
    [changed] = compare(
        one(meta={"stars": 1}), one(name="Alif", meta={"stars": 2})
    ).items

    assert (changed.kind, changed.slug, changed.name) == ("changed", "alpha", "Alif")
    assert changed.fields == (
        FieldDifference("name", "Alpha", "Alif"),
        FieldDifference("meta.stars", 1, 2),
    )


def test_the_date_says_something_only_where_it_stands_alone() -> None:
    later = "2026-02-02 00:00"

    [both] = compare(one(), one(name="Alif", updated_at=later)).items
    [alone] = compare(one(), one(updated_at=later)).items

    assert [field.field for field in both.fields] == ["name"]
    assert [field.field for field in alone.fields] == ["updated_at"]


def test_a_text_counts_once_though_it_stands_twice() -> None:
    old = {ALPHA: item(markdown="One."), BODY: b"One.\n"}

    [changed] = compare(old, {ALPHA: item(markdown="Two."), BODY: b"Two.\n"}).items

    assert changed.fields == (FieldDifference("text", "One.", "Two."),)


def test_items_come_and_go() -> None:
    found = compare(one(), {"data/beta/beta.yml": item(name="Beta")})

    assert [(i.kind, i.slug) for i in found.items] == [
        ("removed", "alpha"),
        ("added", "beta"),
    ]
    assert found.items[0].fields == ()
    told = {field.field for field in found.items[1].fields}
    assert told == set(ITEM) - {"updated_at"}


def test_what_is_no_item_any_more_is_shown_as_it_stands() -> None:
    [changed] = compare(one(), {ALPHA: b"name: ["}).items

    assert FieldDifference("file", None, "name: [") in changed.fields


def test_other_files_are_named_but_not_what_runs_remember() -> None:
    found = compare(
        {".gazetteer/items.jsonl": b"{}"},
        {
            ".gazetteer/items.jsonl": b"[]",
            ".gazetteer/decisions.yml": dump([]),
            "config.yml": b"a: 1\n",
        },
    )

    assert found.files == (
        FileDifference("added", ".gazetteer/decisions.yml"),
        FileDifference("added", "config.yml"),
    )


def test_git_shows_what_changed_in_a_file(tmp_path: Path) -> None:
    first_run(tmp_path)
    data = repository(tmp_path)
    old = data.head()
    commit_by_hand(tmp_path, {"pages/a[1].md": "# One\n"})

    shown = data.patch(old, data.head(MAIN) or "", path="pages/a[1].md")
    first = data.patch(None, data.head(MAIN) or "", path="README.md")

    assert "+# One" in shown
    assert "+# Data of Clocks" in first
