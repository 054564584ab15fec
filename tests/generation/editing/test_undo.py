"""A run is taken back: exactly where nobody has been since, by the field elsewhere."""

from __future__ import annotations

import json

import pytest

from generation.editing import Edit
from generation.editing.items import edit_items
from generation.editing.operations import AddItem, UpdateItem
from generation.editing.undo import undo
from generation.exceptions import EditRefused
from tests.fakes import CLOCKS
from tests.generation.editing.conftest import NOW, Clocks
from tests.generation.test_orchestrator import LATER, repository

CHANGED = (
    CLOCKS.replace("Lies flat in the garden.", "Lies in the grass.")
    .replace("Drips the hours away.", "Drips.")
    .replace("`stone`", "`slate`")
    + "\n## Sand clocks\n\n- [Egg timer](https://example.org/egg) - For eggs.\n"
)
HORIZONTAL = "data/horizontal/horizontal.yml"


class Undoable:
    """The second of two runs, which can be undone."""

    def __init__(self, clocks: Clocks, text: str = CHANGED) -> None:
        self.clocks = clocks
        self._data = repository(clocks.root)
        self.old = self._data.head()
        self.tree = self.tree_id()
        clocks.run(("list.md", text), clock=LATER)
        self.new = self._data.head() or ""

    def tree_id(self) -> str:
        return self._data.tree_id(self._data.head() or "")

    def edit(self, **options: bool) -> Edit:
        return undo(
            self.clocks.stored(), old=self.old, new=self.new, title="Undo", **options
        )

    def go(self, **options: bool) -> Edit:
        edit = self.edit(**options)
        self.clocks.commit(edit)
        return edit


def change(clocks: Clocks, slug: str, **fields: object) -> None:
    operation = UpdateItem.model_validate({"slug": slug, **fields})
    clocks.commit(edit_items(clocks.stored(), [operation], now=NOW))


def test_untouched_all_is_as_it_was(clocks: Clocks) -> None:
    run = Undoable(clocks)

    edit = run.go()

    assert run.tree_id() == run.tree
    assert [(e.action, e.id) for e in edit.effects] == [
        ("update", "clepsydra"),
        ("remove", "egg-timer"),
        ("update", "horizontal"),
    ]


def test_what_was_undone_can_be_made_again(clocks: Clocks) -> None:
    run = Undoable(clocks)
    made = run.tree_id()
    run.go()

    clocks.run(("list.md", CHANGED), clock=LATER)

    assert run.tree_id() == made


def test_a_run_is_undone_once(clocks: Clocks) -> None:
    run = Undoable(clocks)
    run.go()

    with pytest.raises(EditRefused, match="nothing of this run is left"):
        run.edit()


def test_later_edits_of_other_fields_stay(clocks: Clocks) -> None:
    run = Undoable(clocks)
    change(clocks, "horizontal", name="Flat dial", add_tags=["slate"])
    clocks.commit(
        edit_items(
            clocks.stored(),
            [
                AddItem(
                    name="Hourglass",
                    source_url="https://h.example.net",
                    category="Sand clocks",
                )
            ],
            now=NOW,
        )
    )

    run.go()

    item = clocks.item("horizontal")
    assert (item["name"], item["description"]) == (
        "Flat dial",
        "Lies flat in the garden.",
    )
    assert item["tags"] == ["slate"]
    assert clocks.item("clepsydra")["description"] == "Drips the hours away."
    assert "egg-timer" not in clocks.slugs()
    assert clocks.item("hourglass")["category"] == "sand-clocks"
    assert "sand-clocks" in clocks.files()["categories.yml"]


def test_a_later_edit_of_the_same_field_is_not_lost(clocks: Clocks) -> None:
    run = Undoable(clocks)
    change(clocks, "horizontal", description="Lies on a table.")
    change(clocks, "egg-timer", name="Three minutes")

    with pytest.raises(EditRefused) as refused:
        run.edit()
    run.go(keep_edits=True)

    assert "data/horizontal/horizontal.yml (description)" in str(refused.value)
    assert "data/egg-timer/egg-timer.yml" in str(refused.value)
    assert clocks.item("horizontal")["description"] == "Lies on a table."
    assert clocks.item("egg-timer")["name"] == "Three minutes"
    assert clocks.item("clepsydra")["description"] == "Drips the hours away."


def test_an_edit_and_an_undo_stay_through_the_next_run(clocks: Clocks) -> None:
    run = Undoable(clocks)
    change(clocks, "horizontal", name="Flat dial")
    run.go()

    clocks.run(clock=LATER)

    item = clocks.item("horizontal")
    assert (item["name"], item["description"]) == (
        "Flat dial",
        "Lies flat in the garden.",
    )


def test_an_older_run_is_undone_below_a_newer_one(clocks: Clocks) -> None:
    run = Undoable(clocks)
    newer = CHANGED.replace("Hangs on a wall.", "Hangs high.").replace(
        "[Clepsydra]", "[Klepsydra]"
    )
    clocks.run(("list.md", newer), clock=LATER)

    run.go()

    assert clocks.item("vertical")["description"] == "Hangs high."
    assert clocks.item("horizontal")["description"] == "Lies flat in the garden."
    assert clocks.item("clepsydra")["description"] == "Drips the hours away."
    assert clocks.item("clepsydra")["name"] == "Klepsydra"
    for found in clocks.stored().items:
        written = clocks.item(found.item.slug)
        assert found.item.description == written["description"]


def test_the_first_run_leaves_nothing(clocks: Clocks) -> None:
    new = repository(clocks.root).head() or ""

    clocks.commit(undo(clocks.stored(), old=None, new=new, title="Undo"))

    assert clocks.files() == {}


def test_what_a_run_removed_is_back(clocks: Clocks) -> None:
    less = "\n".join(CLOCKS.splitlines()[:7])
    run = Undoable(clocks, less)
    assert clocks.slugs() == {"horizontal", "vertical", "clepsydra"}
    old = run.clocks.files()
    shorter = Undoable.__new__(Undoable)
    shorter.__dict__.update(run.__dict__, old=repository(clocks.root).head())
    shorter.tree = shorter.tree_id()
    clocks.run(
        ("list.md", less),
        clock=LATER,
        generation_method="recreate",
        allow_removals=True,
    )
    shorter.new = repository(clocks.root).head() or ""
    assert "clepsydra" not in clocks.slugs()

    edit = shorter.go()

    assert clocks.files() == old
    assert [(e.action, e.id) for e in edit.effects] == [("restore", "clepsydra")]


def test_edits_of_many_files_keep_records_true(clocks: Clocks) -> None:
    run = Undoable(clocks)
    change(clocks, "vertical", description="Mine.")
    run.go()

    rows = [
        json.loads(r) for r in clocks.files()[".gazetteer/items.jsonl"].splitlines()
    ]

    assert {row["slug"] for row in rows} == {"horizontal", "vertical", "clepsydra"}
    assert clocks.item("vertical")["description"] == "Mine."


def test_a_file_whose_lines_end_otherwise_now_is_undone(clocks: Clocks) -> None:
    before = clocks.files()
    run = Undoable(clocks)
    paths = [HORIZONTAL, HORIZONTAL.replace(".yml", ".md")]
    for path in paths:
        clocks.by_hand(path, clocks.files()[path].replace("\n", "\r\n"))

    run.go()

    assert [clocks.files()[path] for path in paths] == [before[p] for p in paths]
