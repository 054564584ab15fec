"""Edits by the field: what a person changed stays, what they did not goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from generation.exceptions import RemovalsNotAllowed, RepositoryError
from generation.orchestrator import generate
from generation.report import Conflict
from generation.yaml import parse
from tests.fakes import CLOCKS, make_host, make_run
from tests.generation.made import first_run
from tests.generation.test_edits import assert_silent, slugs
from tests.generation.test_orchestrator import (
    LATER,
    commit_by_hand,
    files,
    heads,
    report_of,
    run,
)

PATH = "data/vertical/vertical.yml"
BODY = "data/vertical/vertical.md"
TOMBSTONES = ".gazetteer/tombstones.yml"
TAGGED = CLOCKS.replace("wall.", "wall. `iron` `stone`") + (
    "- [Third](https://example.org/third) - One more. `iron` `stone`\n"
    "- [Fourth](https://example.org/fourth) - And one. `iron` `stone`\n"
)


def edit(root: Path, old: str, new: str, *, path: str = PATH) -> None:
    text = files(root)[path]
    assert old in text
    commit_by_hand(root, {path: text.replace(old, new, 1)})


def item(root: Path, path: str = PATH) -> dict[str, Any]:
    document = parse(files(root)[path].encode())
    assert isinstance(document, dict)
    return document


def source(*changes: tuple[str, str], text: str = CLOCKS) -> tuple[str, str]:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return ("list.md", text)


def test_only_the_edited_field_is_kept(tmp_path: Path) -> None:
    first_run(tmp_path)
    edit(tmp_path, "name: Vertical", "name: The wall dial")

    run(tmp_path, source(("Hangs on a wall", "Is on a wall")), clock=LATER)

    document = item(tmp_path)
    assert document["name"] == "The wall dial"
    assert document["description"] == "Is on a wall."
    assert document["updated_at"] == "2026-11-25 12:00"
    assert files(tmp_path)[BODY].startswith("Is on a wall.")


def test_a_field_that_both_changed_is_the_persons_and_told(tmp_path: Path) -> None:
    first_run(tmp_path)
    edit(tmp_path, "Hangs on a wall", "My favourite")
    changed = source(("Hangs on a wall", "Sits on a wall"))

    operations = run(tmp_path, changed, clock=LATER)

    expected = Conflict(
        item="vertical",
        field="description",
        ours="My favourite.",
        theirs="Sits on a wall.",
    )
    assert item(tmp_path)["description"] == "My favourite."
    assert report_of(operations).conflicts == (expected,)
    assert report_of(operations).conflict_count == 1
    assert_silent(tmp_path, changed)


def test_a_person_who_agrees_keeps_the_field(tmp_path: Path) -> None:
    """Or else a source could take away, a run later, what the person wrote."""
    first_run(tmp_path)
    edit(tmp_path, "Hangs on a wall", "Sits on a wall")
    run(tmp_path, source(("Hangs on a wall", "Sits on a wall")), clock=LATER)

    run(tmp_path, source(("Hangs on a wall", "Leans")), clock=LATER)

    assert item(tmp_path)["description"] == "Sits on a wall."


def test_an_undone_edit_gives_the_field_back(tmp_path: Path) -> None:
    first_run(tmp_path)
    edit(tmp_path, "Hangs on a wall", "My favourite")
    run(tmp_path, clock=LATER)
    edit(tmp_path, "My favourite", "Hangs on a wall")

    run(tmp_path, source(("Hangs on a wall", "Leans")), clock=LATER)

    assert item(tmp_path)["description"] == "Leans."


def test_an_older_state_of_a_file_is_an_edit(tmp_path: Path) -> None:
    """What was the run's own file once is not what it wrote last."""
    first_run(tmp_path)
    first = files(tmp_path)[PATH]
    commit_by_hand(tmp_path, {PATH: first + "mine: 1\n"})
    newer = source(("Hangs on a wall", "Leans"))
    run(tmp_path, newer, clock=LATER)
    assert item(tmp_path)["description"] == "Leans."

    commit_by_hand(tmp_path, {PATH: first})
    run(tmp_path, newer, clock=LATER)

    assert item(tmp_path)["description"] == "Hangs on a wall."


def test_tags_of_both_sides_are_added_and_removed(tmp_path: Path) -> None:
    first_run(tmp_path, ("list.md", TAGGED))
    edit(tmp_path, "- iron\n", "- brass\n")
    changed = source(("wall. `iron` `stone`", "wall. `iron` `third`"), text=TAGGED)
    more = (
        changed[1]
        .replace("more. `", "more. `third` `")
        .replace("one. `", "one. `third` `")
    )

    run(tmp_path, ("list.md", more), clock=LATER)

    assert item(tmp_path)["tags"] == ["brass", "third"]


def test_the_rest_of_an_edited_file_stays_byte_for_byte(tmp_path: Path) -> None:
    first_run(tmp_path)
    mine = (
        "# checked by Eve\n"
        "source_url: https://example.org/vertical   # no slash\n"
        'name: "Vertical"\n'
        "colour:   red\n"
        "category: sundials\n"
        "tags: []\n"
        "description: Hangs on a wall.  # look again\n"
        "updated_at: '2026-11-22 12:00'\n"
        "markdown: Hangs on a wall.\n"
    )
    commit_by_hand(tmp_path, {PATH: mine})

    run(tmp_path, source(("Hangs on a wall", "Leans")), clock=LATER)

    expected = mine.replace("Hangs on a wall", "Leans").replace("11-22", "11-25")
    assert files(tmp_path)[PATH] == expected


def test_a_reformatted_file_with_equal_values_is_left_alone(tmp_path: Path) -> None:
    first_run(tmp_path)
    mine = json.dumps(item(tmp_path), indent=1)
    commit_by_hand(tmp_path, {PATH: mine})

    assert_silent(tmp_path)

    assert files(tmp_path)[PATH] == mine


def test_what_would_lose_a_comment_is_left_and_told(tmp_path: Path) -> None:
    first_run(tmp_path, ("list.md", TAGGED))
    edit(tmp_path, "- iron\n", "- iron  # rusts\n")
    changed = source(("wall. `iron` `stone`", "wall. `stone`"), text=TAGGED)

    operations = run(tmp_path, changed, clock=LATER)

    assert "- iron  # rusts\n" in files(tmp_path)[PATH]
    assert any("comment" in warning for warning in report_of(operations).warnings)


@pytest.mark.parametrize(
    ("edited", "other"), [(BODY, "markdown"), (PATH, "markdown")], ids=["file", "key"]
)
def test_whichever_copy_of_the_text_is_edited_counts(
    tmp_path: Path, edited: str, other: str
) -> None:
    first_run(tmp_path)
    text = files(tmp_path)[edited].replace(
        "markdown: Hangs on a wall.", "markdown: Mine."
    )
    commit_by_hand(tmp_path, {edited: "Mine.\n" if edited == BODY else text})

    run(tmp_path, source(("Hangs on a wall", "Leans")), clock=LATER)

    assert files(tmp_path)[BODY] == "Mine.\n"
    assert item(tmp_path)[other] == "Mine."
    assert item(tmp_path)["description"] == "Leans."
    assert "Mine." in files(tmp_path, "website")["items/vertical/index.html"]


def test_two_edits_of_the_text_are_told_and_the_file_counts(tmp_path: Path) -> None:
    first_run(tmp_path)
    text = files(tmp_path)[PATH].replace("markdown: Hangs on a wall.", "markdown: Key.")
    commit_by_hand(tmp_path, {BODY: "File.\n", PATH: text})

    operations = run(tmp_path, clock=LATER)

    assert (files(tmp_path)[BODY], files(tmp_path)[PATH]) == ("File.\n", text)
    assert "File." in files(tmp_path, "website")["items/vertical/index.html"]
    assert any("both changed" in warning for warning in report_of(operations).warnings)


def test_an_undone_edit_of_the_text_reaches_the_key(tmp_path: Path) -> None:
    first_run(tmp_path)
    body = files(tmp_path)[BODY]
    commit_by_hand(tmp_path, {BODY: "Mine.\n"})
    run(tmp_path, clock=LATER)
    commit_by_hand(tmp_path, {BODY: body})

    run(tmp_path, clock=LATER)

    assert item(tmp_path)["markdown"] == "Hangs on a wall."
    assert_silent(tmp_path)


def test_a_removed_item_is_named_in_a_list_that_brings_it_back(tmp_path: Path) -> None:
    first_run(tmp_path)
    commit_by_hand(tmp_path, {}, removals=(PATH, BODY))
    run(tmp_path, clock=LATER)
    tombstones = files(tmp_path)[TOMBSTONES]
    assert "slug: vertical" in tombstones
    assert "url: https://example.org/vertical" in tombstones
    assert_silent(tmp_path)

    entry = tombstones.index("- id:")
    commit_by_hand(tmp_path, {TOMBSTONES: tombstones[:entry]})
    run(tmp_path, clock=LATER)

    assert "vertical" in slugs(tmp_path)


def test_a_link_in_the_list_of_removals_keeps_an_item_away(tmp_path: Path) -> None:
    first_run(tmp_path)
    mine = "# never\n- https://example.org/fire\n"
    commit_by_hand(tmp_path, {TOMBSTONES: mine})
    longer = ("list.md", CLOCKS + "- [Fire](https://example.org/fire) - Hot.\n")

    run(tmp_path, longer, clock=LATER)
    commit_by_hand(tmp_path, {}, removals=(PATH, BODY))
    run(tmp_path, longer, clock=LATER)

    assert "fire" not in slugs(tmp_path)
    assert files(tmp_path)[TOMBSTONES].startswith(mine)
    assert "slug: vertical" in files(tmp_path)[TOMBSTONES]


def test_an_unreadable_list_of_removals_stops_the_run(tmp_path: Path) -> None:
    first_run(tmp_path)
    commit_by_hand(tmp_path, {TOMBSTONES: "- ["})

    with pytest.raises(RepositoryError, match=r"tombstones\.yml .* Mend it"):
        run(tmp_path, clock=LATER)


@pytest.mark.parametrize("is_edited", [False, True])
def test_a_moved_item_is_followed(tmp_path: Path, is_edited: bool) -> None:
    first_run(tmp_path)
    data = files(tmp_path)
    text = data[PATH] + ("mine: 1\n" if is_edited else "")
    moved = {"data/wall/wall.yml": text, "data/wall/wall.md": data[BODY]}
    commit_by_hand(tmp_path, moved, removals=(PATH, BODY))

    run(tmp_path, source(("Hangs on a wall", "Leans")), clock=LATER)

    assert slugs(tmp_path) == {"horizontal", "wall", "clepsydra"}
    assert item(tmp_path, "data/wall/wall.yml")["description"] == "Leans."
    assert files(tmp_path)["data/wall/wall.md"] == "Leans.\n"


def test_gaps_of_a_persons_own_item_are_filled(tmp_path: Path) -> None:
    first_run(tmp_path)
    path = "data/fire/fire.yml"
    mine = (
        "name: Fire clock\nsource_url: https://example.org/fire\ncategory: sundials\n"
    )
    commit_by_hand(tmp_path, {path: mine})
    longer = CLOCKS + "- [Fire](https://example.org/fire) - Hot.\n"

    run(tmp_path, ("list.md", longer), clock=LATER)

    text = files(tmp_path)[path]
    assert text.startswith(mine)
    assert item(tmp_path, path)["description"] == "Hot."
    assert_silent(tmp_path, ("list.md", longer))
    run(tmp_path, ("list.md", longer.replace("Hot", "Burns")), clock=LATER)
    assert item(tmp_path, path)["description"] == "Burns."


def test_a_priority_that_a_person_took_out_stays_out(tmp_path: Path) -> None:
    options = {"priority_categories": ["Sundials"]}
    run(tmp_path, **options)
    edit(tmp_path, "  priority: 1\n", "", path="categories.yml")

    run(tmp_path, clock=LATER, **options)

    assert "priority" not in files(tmp_path)["categories.yml"]


def test_a_priority_is_set_in_an_edited_file(tmp_path: Path) -> None:
    first_run(tmp_path)
    edit(tmp_path, "name: Sundials", "name: Dials  # by sun", path="categories.yml")

    run(tmp_path, clock=LATER, priority_categories=["Dials"])

    categories = files(tmp_path)["categories.yml"]
    assert "name: Dials  # by sun\n  priority: 1\n" in categories


def test_labels_in_a_folder_are_read_and_added_to(tmp_path: Path) -> None:
    first_run(tmp_path)
    mine = "- id: sundials\n  name: Dials\n- id: water-clocks\n  name: Water\n"
    commit_by_hand(
        tmp_path, {"categories/categories.yml": mine}, removals=("categories.yml",)
    )
    longer = CLOCKS + "\n## Fire\n\n- [Fire](https://example.org/fire) - Hot.\n"

    run(tmp_path, ("list.md", longer), clock=LATER)

    data = files(tmp_path)
    assert data["categories/categories.yml"] == f"{mine}- id: fire\n  name: Fire\n"
    assert "categories.yml" not in data
    assert "## Dials" in files(tmp_path, "list")["README.md"]


SHORT = ("list.md", "- [Horizontal](https://example.org/horizontal) - Lies flat.")


def test_a_run_that_would_remove_much_stops_and_asks(tmp_path: Path) -> None:
    first_run(tmp_path)
    before = heads(tmp_path)

    with pytest.raises(RemovalsNotAllowed, match=r"2 of 3 items.*--allow-removals"):
        run(tmp_path, SHORT, clock=LATER, generation_method="recreate")

    assert heads(tmp_path) == before
    allowed = {"generation_method": "recreate", "allow_removals": True}
    run(tmp_path, SHORT, clock=LATER, **allowed)
    assert slugs(tmp_path) == {"horizontal"}


def test_a_dry_run_shows_what_would_be_removed(tmp_path: Path) -> None:
    first_run(tmp_path)
    operations = make_run(SHORT, clock=LATER, generation_method="recreate")

    report = generate(operations, make_host(tmp_path), dry_run=True)

    assert report.items.removed == 2
    assert any("--allow-removals" in warning for warning in report.warnings)


def as_before_fields(root: Path) -> None:
    """Bring a repository into the form that remembered files and no fields."""
    data = files(root)
    rows = [json.loads(row) for row in data[".gazetteer/items.jsonl"].splitlines()]
    for row in rows:
        del row["base"]
    text = "".join(json.dumps(row, sort_keys=True) + "\n" for row in rows)
    commit_by_hand(
        root, {".gazetteer/items.jsonl": text}, removals=(".gazetteer/labels.jsonl",)
    )


def test_an_older_state_is_upgraded_by_one_commit(tmp_path: Path) -> None:
    first_run(tmp_path)
    before = files(tmp_path)
    as_before_fields(tmp_path)
    old = heads(tmp_path)

    operations = run(tmp_path, clock=LATER)

    assert files(tmp_path) == before
    assert heads(tmp_path)[1:] == old[1:]
    assert report_of(operations).items.unchanged == 3
    assert_silent(tmp_path)


def test_an_edit_before_the_upgrade_is_merged_by_the_field(tmp_path: Path) -> None:
    first_run(tmp_path)
    as_before_fields(tmp_path)
    edit(tmp_path, "name: Vertical", "name: The wall dial")

    run(tmp_path, source(("Hangs on a wall", "Leans")), clock=LATER)

    assert item(tmp_path)["name"] == "The wall dial"
    assert item(tmp_path)["description"] == "Leans."


def test_a_category_by_its_name_is_no_conflict(tmp_path: Path) -> None:
    """A source that says no category leaves the item where the person put it."""
    plain = ("list.md", CLOCKS.replace("## ", ""))
    run(tmp_path, plain)
    document = item(tmp_path)
    edit(tmp_path, f"category: {document['category']}", "category: On the Wall")

    operations = run(tmp_path, plain, clock=LATER)

    assert report_of(operations).conflicts == ()
    assert item(tmp_path)["category"] == "On the Wall"
    assert_silent(tmp_path, plain)


def test_a_sheet_of_facts_follows_an_edited_description(tmp_path: Path) -> None:
    first_run(tmp_path)
    edit(tmp_path, "description: Hangs on a wall", "description: My favourite")

    run(tmp_path, clock=LATER)

    assert item(tmp_path)["markdown"] == "My favourite."
    assert files(tmp_path)[BODY] == "My favourite.\n"
    assert "details/vertical.md" not in files(tmp_path, "list")
    assert_silent(tmp_path)


def test_a_text_that_a_person_wrote_follows_nothing(tmp_path: Path) -> None:
    first_run(tmp_path)
    commit_by_hand(tmp_path, {BODY: "Mine.\n"})
    edit(tmp_path, "description: Hangs on a wall", "description: My favourite")

    operations = run(tmp_path, clock=LATER)

    assert files(tmp_path)[BODY] == "Mine.\n"
    assert report_of(operations).conflicts == ()


def test_labels_that_are_ours_again_are_remembered_at_once(tmp_path: Path) -> None:
    first_run(tmp_path)
    categories = files(tmp_path)["categories.yml"]
    renamed = categories.replace("name: Sundials", "name: Sun clocks")
    commit_by_hand(tmp_path, {"categories.yml": renamed})
    longer = (
        "list.md",
        CLOCKS + "- [Sinking bowl](https://example.org/bowl) - Fills.\n",
    )

    run(tmp_path, longer, clock=LATER)

    assert '"name":"Sun clocks"' in files(tmp_path)[".gazetteer/labels.jsonl"]
    assert_silent(tmp_path, longer)
