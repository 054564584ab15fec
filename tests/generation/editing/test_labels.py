"""What people do to categories and tags, and that no run brings the old ones back."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from generation.editing import Edit
from generation.editing.labels import edit_labels
from generation.editing.operations import (
    CreateLabel,
    DeleteLabel,
    LabelOperation,
    MergeLabels,
    RenameLabel,
    ReorderLabels,
)
from generation.exceptions import EditRefused
from tests.generation.editing.conftest import NOW, Clocks
from tests.generation.made import first_run
from tests.generation.test_orchestrator import LATER, files

LIST = """\
# Clocks

## Sundials

- [Horizontal](https://example.org/horizontal) - Lies flat. `stone` `garden`
- [Vertical](https://example.org/vertical) - Hangs on a wall. `stone` `wall`

## Water clocks

- [Clepsydra](https://example.org/clepsydra) - Drips. `stone` `water` `garden` `wall`

## Sand clocks

- [Egg timer](https://example.org/egg) - For eggs. `garden` `wall` `water` `water2`
"""
SOURCE = ("list.md", LIST)
NEW = LIST + "- [Hourglass](https://example.org/hour) - An hour. `garden` `stone`\n"


@pytest.fixture(scope="module")
def with_tags(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory after a second run, over a list with tags. Nobody writes there."""
    root = tmp_path_factory.mktemp("with-tags")
    first_run(root)
    Clocks(root).run(SOURCE, clock=LATER)
    assert ids(Clocks(root), "tags") == ["garden", "stone", "wall"]
    return root


@pytest.fixture
def clocks(tmp_path: Path, with_tags: Path) -> Clocks:
    shutil.copytree(with_tags, tmp_path, dirs_exist_ok=True)
    return Clocks(tmp_path)


def do(clocks: Clocks, operation: LabelOperation) -> Edit:
    edit = edit_labels(clocks.stored(), operation, now=NOW)
    clocks.commit(edit)
    return edit


def refusal(clocks: Clocks, operation: LabelOperation) -> str:
    with pytest.raises(EditRefused) as refused:
        edit_labels(clocks.stored(), operation, now=NOW)
    assert refused.value.errors
    return str(refused.value)


def ids(clocks: Clocks, kind: str) -> list[str]:
    return [entry["id"] for entry in clocks.document(f"{kind}.yml") or []]


def entry(clocks: Clocks, kind: str, identifier: str) -> Any:
    return next(e for e in clocks.document(f"{kind}.yml") if e["id"] == identifier)


def merge(kind: Any, *old: str, into: str) -> MergeLabels:
    return MergeLabels(kind=kind, ids=old, into=into)


def test_a_merged_category_does_not_come_back(clocks: Clocks) -> None:
    edit = do(
        clocks, merge("categories", "water-clocks", "sand-clocks", into="sundials")
    )
    records = clocks.files()[".gazetteer/labels.jsonl"]

    clocks.run(SOURCE, clock=LATER)
    clocks.run(("list.md", NEW), clock=LATER)

    assert edit.title == "Merge Water clocks, Sand clocks into Sundials"
    assert "water-clocks" in records
    assert ids(clocks, "categories") == ["sundials"]
    for slug in ("clepsydra", "egg-timer", "hourglass"):
        assert clocks.item(slug)["category"] == "sundials"
    assert entry(clocks, "categories", "sundials")["aliases"] == [
        "water-clocks",
        "Water clocks",
        "sand-clocks",
        "Sand clocks",
    ]


def test_items_of_a_merged_category_go_on_following_their_source(
    clocks: Clocks,
) -> None:
    do(clocks, merge("categories", "sand-clocks", into="water-clocks"))
    clocks.run(SOURCE, clock=LATER)
    moved = LIST.replace("## Sand clocks", "## Kitchen clocks")

    clocks.run(("list.md", moved), clock=LATER)

    assert clocks.item("egg-timer")["category"] == "kitchen-clocks"
    assert clocks.item("clepsydra")["category"] == "water-clocks"


def test_old_pages_of_the_website_lead_to_the_new_one(clocks: Clocks) -> None:
    do(clocks, merge("categories", "sand-clocks", into="water-clocks"))
    do(
        clocks,
        RenameLabel(kind="tags", id="wall", name="On a wall", new_id="on-a-wall"),
    )

    clocks.run(SOURCE, clock=LATER)

    website = files(clocks.root, "website")
    moved = website["categories/sand-clocks/index.html"]
    assert 'content="0; url=../../categories/water-clocks/index.html"' in moved
    assert "tags/on-a-wall/index.html" in website["tags/wall/index.html"]
    assert "sand-clocks" not in website["categories/index.html"]


def test_a_merged_tag_stands_once_in_an_item(clocks: Clocks) -> None:
    do(clocks, merge("tags", "garden", into="stone"))

    clocks.run(SOURCE, clock=LATER)
    clocks.run(("list.md", NEW), clock=LATER)

    assert ids(clocks, "tags") == ["stone", "wall"]
    assert clocks.item("horizontal")["tags"] == ["stone"]
    assert clocks.item("hourglass")["tags"] == ["stone"]


def test_a_renamed_category_keeps_its_id_and_answers_to_its_old_name(
    clocks: Clocks,
) -> None:
    do(clocks, RenameLabel(kind="categories", id="sundials", name="Shadow clocks"))
    do(clocks, RenameLabel(kind="categories", id="sundials", name="Sun and shade"))

    clocks.run(("list.md", LIST.replace("Sundials", "Shadow clocks")), clock=LATER)

    found = entry(clocks, "categories", "sundials")
    assert found == {
        "id": "sundials",
        "name": "Sun and shade",
        "aliases": ["Sundials", "Shadow clocks"],
    }
    assert ids(clocks, "categories") == ["sundials", "water-clocks", "sand-clocks"]


def test_items_follow_a_new_id(clocks: Clocks) -> None:
    do(clocks, RenameLabel(kind="categories", id="sundials", new_id="sun"))

    clocks.run(SOURCE, clock=LATER)

    assert clocks.item("horizontal")["category"] == "sun"
    assert ids(clocks, "categories") == ["sun", "water-clocks", "sand-clocks"]
    assert entry(clocks, "categories", "sun")["aliases"] == ["sundials"]


def test_items_have_a_new_id_before_the_next_run(clocks: Clocks) -> None:
    edit = do(clocks, RenameLabel(kind="categories", id="sundials", new_id="sun"))

    assert edit.effects[0].notes == ("2 items follow",)
    assert clocks.item("horizontal")["category"] == "sun"


def test_items_that_follow_keep_their_date(clocks: Clocks) -> None:
    before = clocks.item("egg-timer")["updated_at"]

    do(clocks, merge("categories", "sand-clocks", into="water-clocks"))

    assert clocks.item("egg-timer")["updated_at"] == before


def test_a_deleted_tag_does_not_come_back(clocks: Clocks) -> None:
    do(clocks, DeleteLabel(kind="tags", id="garden"))

    clocks.run(SOURCE, clock=LATER)
    clocks.run(("list.md", NEW), clock=LATER)

    assert ids(clocks, "tags") == ["stone", "wall"]
    assert clocks.item("hourglass")["tags"] == ["stone"]
    assert clocks.document(".gazetteer/tombstones.yml") == [
        {"tag": "garden", "name": "garden"}
    ]


def test_a_deleted_tag_that_is_made_again_is_used_again(clocks: Clocks) -> None:
    do(clocks, DeleteLabel(kind="tags", id="garden"))
    clocks.run(SOURCE, clock=LATER)
    do(clocks, CreateLabel(kind="tags", name="Garden"))

    clocks.run(("list.md", NEW), clock=LATER)

    assert clocks.item("hourglass")["tags"] == ["garden", "stone"]
    assert clocks.document(".gazetteer/tombstones.yml") is None


def test_a_category_with_items_is_deleted_only_into_another(clocks: Clocks) -> None:
    assert "holds 2 items" in refusal(
        clocks, DeleteLabel(kind="categories", id="sundials")
    )

    do(clocks, DeleteLabel(kind="categories", id="sundials", into="Water clocks"))
    clocks.run(SOURCE, clock=LATER)

    assert ids(clocks, "categories") == ["water-clocks", "sand-clocks"]
    assert clocks.item("vertical")["category"] == "water-clocks"


def test_an_empty_category_is_made_and_deleted_for_good(clocks: Clocks) -> None:
    create = CreateLabel(
        kind="categories", name="Candle clocks", description="Wax.", priority=1
    )
    do(clocks, create)
    assert entry(clocks, "categories", "candle-clocks") == {
        "id": "candle-clocks",
        "name": "Candle clocks",
        "description": "Wax.",
        "priority": 1,
    }
    do(clocks, DeleteLabel(kind="categories", id="candle-clocks"))

    more = LIST + "\n## Candle clocks\n\n- [Wax](https://example.org/wax) - Burns.\n"
    clocks.run(("list.md", more), clock=LATER)

    assert "candle-clocks" not in ids(clocks, "categories")
    assert "wax" in clocks.slugs()


def test_what_is_there_is_not_made_twice(clocks: Clocks) -> None:
    assert "sundials, Sundials" in refusal(
        clocks, CreateLabel(kind="categories", name="sundial")
    )
    assert "means sundials" in refusal(
        clocks, CreateLabel(kind="categories", name="Other clocks", id="sundials")
    )
    assert "there is no tag nobody" in refusal(
        clocks, merge("tags", "nobody", into="stone")
    )
    assert "nothing to merge" in refusal(clocks, merge("tags", "stone", into="stone"))


@pytest.mark.parametrize("kind", ["categories", "tags"])
def test_an_order_is_kept_by_runs_and_seen_on_the_website(
    clocks: Clocks, kind: Any
) -> None:
    wanted = {
        "categories": ("water-clocks", "sand-clocks"),
        "tags": ("wall", "stone"),
    }[kind]

    do(clocks, ReorderLabels(kind=kind, ids=wanted))
    clocks.run(SOURCE, clock=LATER)

    for number, identifier in enumerate(wanted, 1):
        assert entry(clocks, kind, identifier)["priority"] == number
    page = files(clocks.root, "website")[f"{kind}/index.html"]
    places = [page.index(f"{kind}/{identifier}/") for identifier in wanted]
    last = "sundials" if kind == "categories" else "garden"
    assert places == sorted(places)
    assert places[-1] < page.index(f"{kind}/{last}/")


def test_comments_stay_and_items_may_say_the_name(clocks: Clocks) -> None:
    categories = clocks.files()["categories.yml"]
    clocks.by_hand("categories.yml", f"# ours\n{categories}# the end\n")
    path = "data/egg-timer/egg-timer.yml"
    said = clocks.files()[path].replace("sand-clocks", "Sand Clocks  # by name")
    clocks.by_hand(path, said)

    do(clocks, merge("categories", "sand-clocks", into="water-clocks"))

    assert clocks.files()[path] == said.replace("Sand Clocks", "water-clocks")
    text = clocks.files()["categories.yml"]
    assert text.startswith("# ours\n")
    assert text.endswith("# the end\n")


def test_an_alias_that_a_person_wrote_is_obeyed(clocks: Clocks) -> None:
    text = clocks.files()["categories.yml"].replace(
        "name: Water clocks\n", "name: Water clocks\n  aliases: Sand clocks\n"
    )
    clocks.by_hand(
        "categories.yml", text.replace("- id: sand-clocks\n  name: Sand clocks\n", "")
    )

    clocks.run(SOURCE, clock=LATER)

    assert ids(clocks, "categories") == ["sundials", "water-clocks"]
    assert clocks.item("egg-timer")["category"] == "water-clocks"
