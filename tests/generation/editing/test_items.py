"""What people do to items through us, and what the next run makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from generation.editing import Edit
from generation.editing.items import edit_items
from generation.editing.operations import AddItem, ItemOperation, RemoveItem, UpdateItem
from generation.exceptions import EditRefused
from tests.fakes import CLOCKS
from tests.generation.editing.conftest import NOW, Clocks
from tests.generation.test_orchestrator import LATER, files, report_of

CANDLE = {
    "name": "Candle clock",
    "source_url": "https://candles.example.net/",
    "description": "Burns down evenly.",
    "category": "Water clocks",
}
HORIZONTAL = "data/horizontal/horizontal.yml"


def do(clocks: Clocks, *operations: ItemOperation) -> Edit:
    edit = edit_items(clocks.stored(), operations, now=NOW)
    clocks.commit(edit)
    return edit


def refusal(clocks: Clocks, *operations: ItemOperation) -> EditRefused:
    with pytest.raises(EditRefused) as refused:
        edit_items(clocks.stored(), operations, now=NOW)
    return refused.value


def add(**changes: Any) -> AddItem:
    return AddItem.model_validate(CANDLE | changes)


def update(slug: str = "horizontal", **changes: Any) -> UpdateItem:
    return UpdateItem.model_validate({"slug": slug, **changes})


def test_an_added_item_stays_through_a_run(clocks: Clocks) -> None:
    edit = do(clocks, add(tags=["wax", "stone"], markdown="**Wax**."))
    written = clocks.files()

    clocks.run(clock=LATER)

    assert edit.title == "Add Candle clock"
    assert {"opens the tag wax", "opens the tag stone"} == set(edit.effects[0].notes)
    item = clocks.item("candle-clock")
    assert (item["category"], item["tags"]) == ("water-clocks", ["wax", "stone"])
    for path in (
        "data/candle-clock/candle-clock.yml",
        "data/candle-clock/candle-clock.md",
    ):
        assert clocks.files()[path] == written[path]


def test_an_edit_leaves_the_records_of_runs_alone(clocks: Clocks) -> None:
    before = clocks.files()

    edit = do(
        clocks,
        add(),
        update(description="Flat."),
        RemoveItem(slug="vertical", reason="It fell."),
    )

    touched = {*edit.files, *edit.removals}
    assert {path for path in touched if path.startswith(".gazetteer/")} == {
        ".gazetteer/tombstones.yml"
    }
    assert clocks.files()[".gazetteer/items.jsonl"] == before[".gazetteer/items.jsonl"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"source_url": "http://www.example.org/horizontal/"}, "under another name"),
        (
            {"name": "horizontal", "source_url": "https://example.org/horizontal"},
            "the same link",
        ),
        (
            {"name": "Horizontal", "source_url": "https://example.org/new"},
            "the same house",
        ),
    ],
)
def test_a_duplicate_is_refused_with_what_it_is(
    clocks: Clocks, changes: dict[str, str], reason: str
) -> None:
    refused = refusal(clocks, add(**changes))

    assert reason in str(refused)
    [error] = refused.errors
    assert error["duplicate_of"] == "horizontal"


def test_a_duplicate_may_be_insisted_on(clocks: Clocks) -> None:
    same_link = {"source_url": "https://example.org/horizontal"}

    do(clocks, add(**same_link, allow_duplicate=True))
    clocks.run(clock=LATER)

    assert clocks.slugs() == {"horizontal", "vertical", "clepsydra", "candle-clock"}


def test_a_decision_ends_the_suspicion(clocks: Clocks) -> None:
    clocks.by_hand(
        ".gazetteer/decisions.yml", "different:\n- [horizontal, Candle clock]\n"
    )

    do(clocks, add(source_url="https://example.org/horizontal"))

    assert "candle-clock" in clocks.slugs()


def test_the_second_of_two_equal_submissions_is_refused(clocks: Clocks) -> None:
    refused = refusal(clocks, add(), add())

    [error] = refused.errors
    assert error["pointer"] == "/operations/1/source_url"
    assert error["duplicate_of"] == "candle-clock"


def test_updated_fields_are_kept_and_others_follow_the_source(clocks: Clocks) -> None:
    do(clocks, update(description="Lies on a table.", add_tags=["marble"]))
    renamed = CLOCKS.replace("[Horizontal]", "[Horizontal dial]")

    clocks.run(("list.md", renamed), clock=LATER)

    item = clocks.item("horizontal")
    assert item["description"] == "Lies on a table."
    assert item["name"] == "Horizontal dial"
    assert "marble" in item["tags"]


def test_an_update_keeps_comments_and_order(clocks: Clocks) -> None:
    mine = (
        "# mine\nsource_url: https://example.org/horizontal  # checked\n"
        "name: Horizontal\ncolour: red\ncategory: sundials\ntags: [stone]\n"
        "description: Flat.\nupdated_at: '2026-11-22 12:00'\n"
    )
    clocks.by_hand(HORIZONTAL, mine)

    do(clocks, update(description="Very flat.", featured=True))

    expected = mine.replace("Flat.", "Very flat.").replace("11-22 12:00", "11-23 09:30")
    assert clocks.files()[HORIZONTAL] == expected + "featured: true\n"


def test_an_update_that_would_lose_a_comment_is_refused(clocks: Clocks) -> None:
    text = clocks.files()[HORIZONTAL].replace(
        "tags: []\n", "tags:\n- stone  # or slate\n- iron\n"
    )
    clocks.by_hand(HORIZONTAL, text)

    refused = refusal(clocks, update(tags=["iron"]))

    assert "would lose a comment" in str(refused)


def test_text_changes_in_both_places(clocks: Clocks) -> None:
    do(clocks, update(markdown="New <b>text</b>.\n"))

    assert clocks.files()["data/horizontal/horizontal.md"] == "New <b>text</b>.\n"
    assert clocks.item("horizontal")["markdown"] == "New text."
    assert clocks.stored().items[1].item.markdown == "New <b>text</b>."


def test_an_update_of_nothing_changes_nothing(clocks: Clocks) -> None:
    edit = edit_items(
        clocks.stored(), [update(description="Lies flat in the garden.")], now=NOW
    )

    assert not edit
    assert edit.effects[0].action == "unchanged"


def test_facts_are_set_and_taken_out_one_by_one(clocks: Clocks) -> None:
    do(clocks, update(meta={"license": "MIT", "stars": 7}))
    do(clocks, update(meta={"license": None}))

    meta = clocks.item("horizontal")["meta"]
    assert meta == {"added_at": "2026-11-22", "stars": 7}


def test_a_removed_item_stays_away_with_its_reason(clocks: Clocks) -> None:
    do(clocks, RemoveItem(slug="horizontal", reason="The garden is gone."))

    operations = clocks.run(clock=LATER)
    clocks.run(clock=LATER)

    assert clocks.slugs() == {"vertical", "clepsydra"}
    [entry] = clocks.document(".gazetteer/tombstones.yml")
    assert entry["reason"] == "The garden is gone."
    left = {out.name: out.reason for out in report_of(operations).left_out}
    assert left["Horizontal"] == (
        "a person removed it from the directory: The garden is gone."
    )


def test_what_was_removed_can_be_submitted_again(clocks: Clocks) -> None:
    do(clocks, RemoveItem(slug="horizontal", reason="Too flat."))
    clocks.run(clock=LATER)

    edit = do(
        clocks, add(name="Horizontal", source_url="https://example.org/horizontal")
    )
    clocks.run(clock=LATER)

    assert edit.effects[0].action == "restore"
    assert clocks.slugs() == {"horizontal", "vertical", "clepsydra"}
    assert clocks.document(".gazetteer/tombstones.yml") is None


def test_all_or_nothing(clocks: Clocks) -> None:
    refused = refusal(
        clocks,
        update(description="Good."),
        update("nobody", description="x"),
        add(source_url="ftp://example.org/"),
    )

    assert "2 of 3 operations cannot be done" in str(refused)
    assert [error["pointer"] for error in refused.errors] == [
        "/operations/1/slug",
        "/operations/2/source_url",
    ]


def test_what_is_no_plain_file_is_left_alone(clocks: Clocks) -> None:
    stored = clocks.stored()
    tree = dict(stored.snapshot.tree)
    tree[HORIZONTAL] += " 120000"
    stored = stored._replace(snapshot=stored.snapshot._replace(tree=tree))

    with pytest.raises(EditRefused, match="no plain file"):
        edit_items(stored, [update(description="x")], now=NOW)


def test_many_operations_are_quick_enough(clocks: Clocks) -> None:
    operations = [
        add(name=f"Clock {n}", source_url=f"https://c{n}.example.net/")
        for n in range(500)
    ]

    edit = edit_items(clocks.stored(), operations, now=NOW)

    assert len(edit.files) == 500
    assert edit.title == "Add 500 items"


def test_a_sheet_of_facts_follows_a_description(clocks: Clocks) -> None:
    do(clocks, update(description="Lies on a table."))
    written = clocks.files()

    clocks.run(clock=LATER)

    assert clocks.item("horizontal")["markdown"] == "Lies on a table."
    assert written[HORIZONTAL.replace(".yml", ".md")] == "Lies on a table.\n"
    assert clocks.files() == written


def test_a_sheet_of_facts_follows_facts_and_several_edits(clocks: Clocks) -> None:
    do(clocks, update(description="First.", meta={"license": "MIT"}))
    do(clocks, update(description="Second."), update(meta={"license": "GPL-3.0"}))

    assert clocks.item("horizontal")["markdown"] == "Second.\n\n- License: GPL-3.0"


def test_a_sheet_that_was_edited_goes_on_following_the_source(clocks: Clocks) -> None:
    do(clocks, update(name="Flat", meta={"license": "MIT"}))

    clocks.run(("list.md", CLOCKS.replace("Lies flat", "Stands")), clock=LATER)

    item = clocks.item("horizontal")
    assert item["description"] == "Stands in the garden."
    assert item["markdown"] == "Stands in the garden.\n\n- License: MIT"


def test_a_text_of_ones_own_stays_when_the_description_changes(clocks: Clocks) -> None:
    do(clocks, update(markdown="Lies flat, as it should."))

    do(clocks, update(description="Lies on a table."))
    operations = clocks.run(clock=LATER)

    assert clocks.item("horizontal")["markdown"] == "Lies flat, as it should."
    assert report_of(operations).conflicts == ()


def test_a_run_shows_no_text_that_is_not_there(clocks: Clocks) -> None:
    """List and website are made of the data, not of what a source says beside it."""
    do(clocks, RemoveItem(slug="horizontal", reason="It fell."))
    do(
        clocks,
        add(
            name="Horizontal",
            source_url="https://example.org/horizontal",
            description="It stands again.",
        ),
    )

    clocks.run(clock=LATER)

    assert "markdown" not in clocks.item("horizontal")
    assert "details/horizontal.md" not in files(clocks.root, "list")


def test_a_sheet_whose_lines_end_otherwise_follows_an_edit(clocks: Clocks) -> None:
    body = "data/horizontal/horizontal.md"
    clocks.by_hand(body, "\ufeff" + clocks.files()[body].replace("\n", "\r\n"))
    operation = UpdateItem(slug="horizontal", description="Lies there.")

    clocks.commit(edit_items(clocks.stored(), [operation], now=NOW))

    assert clocks.files()[body] == "Lies there.\n"
    assert clocks.item("horizontal")["markdown"] == "Lies there."
