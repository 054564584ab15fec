"""Forms that were filled in while others changed the same item."""

from __future__ import annotations

from typing import Any

import pytest

from generation.editing.forms import edit_from_form, form_values
from generation.editing.items import edit_items
from generation.editing.operations import (
    ItemOperation,
    RemoveItem,
    SentForm,
    UpdateItem,
)
from generation.exceptions import EditRefused, FormConflict
from tests.fakes import CLOCKS
from tests.generation.editing.conftest import NOW, Clocks
from tests.generation.test_orchestrator import LATER

ITEM = "data/horizontal/horizontal.yml"
TEXT = "data/horizontal/horizontal.md"
WINDOWS = "First line.\r\n\r\n- one\r\n- two"


class Form:
    """A form of one item, as it was opened."""

    def __init__(self, clocks: Clocks, slug: str = "horizontal") -> None:
        stored = clocks.stored()
        [item] = [found.item for found in stored.items if found.item.slug == slug]
        self.clocks, self.slug = clocks, slug
        self.fields = form_values(item)
        self.shown = str(stored.version_of(slug))

    def save(self, **typed: Any) -> None:
        form = SentForm(self.slug, {**self.fields, **typed}, self.shown)
        edit = edit_from_form(self.clocks.stored(), form, now=NOW)
        if edit:
            self.clocks.commit(edit)

    def conflict(self, **typed: Any) -> FormConflict:
        before = self.clocks.files()
        with pytest.raises(FormConflict) as refused:
            self.save(**typed)
        assert self.clocks.files() == before
        return refused.value


def change(clocks: Clocks, operation: ItemOperation) -> None:
    clocks.commit(edit_items(clocks.stored(), [operation], now=NOW))


def update(clocks: Clocks, **fields: Any) -> None:
    change(clocks, UpdateItem.model_validate({"slug": "horizontal", **fields}))


def test_only_what_was_changed_in_the_form_is_written(clocks: Clocks) -> None:
    form = Form(clocks)
    update(clocks, description="Flat.", tags=["stone"], featured=True)

    form.save(tags=["garden"])

    item = clocks.item("horizontal")
    assert (item["description"], item["featured"]) == ("Flat.", True)
    assert sorted(item["tags"]) == ["garden", "stone"]


def test_a_tag_that_somebody_else_removed_stays_away(clocks: Clocks) -> None:
    update(clocks, tags=["stone", "garden"])
    form = Form(clocks)
    update(clocks, remove_tags=["stone"])

    form.save(tags=["stone", "garden", "brass"])

    assert clocks.item("horizontal")["tags"] == ["garden", "brass"]


def test_the_same_field_twice_is_a_conflict_of_both_values(clocks: Clocks) -> None:
    form = Form(clocks)
    update(clocks, description="Theirs.", name="Their name")

    conflict = form.conflict(description="Mine.", tags=["brass"])

    assert conflict.theirs == {"description": "Theirs."}
    assert conflict.kept == ("name", "markdown"), "the text repeats the description"
    assert conflict.values["description"] == "Mine."
    assert conflict.values["name"] == "Their name"
    assert conflict.values["tags"] == ["brass"]


def test_a_second_save_puts_mine_over_theirs_and_nothing_else(clocks: Clocks) -> None:
    form = Form(clocks)
    update(clocks, description="Theirs.", name="Their name")
    conflict = form.conflict(description="Mine.")

    form.fields, form.shown = dict(conflict.values), conflict.version
    form.save()

    item = clocks.item("horizontal")
    assert (item["name"], item["description"]) == ("Their name", "Mine.")


def test_the_same_change_on_both_sides_is_none(clocks: Clocks) -> None:
    form = Form(clocks)
    update(clocks, description="Flat.")
    before = clocks.files()

    form.save(description="Flat.")

    assert clocks.files() == before


def test_line_breaks_of_a_browser_are_no_change(clocks: Clocks) -> None:
    clocks.by_hand(TEXT, "\nFirst line. \r\n\n- one\n- two\n\n")
    form = Form(clocks)
    update(clocks, description="Flat.")
    text = clocks.files()[TEXT]

    form.save(markdown=WINDOWS, tags=["brass"])

    assert clocks.files()[TEXT] == text
    assert clocks.item("horizontal")["tags"] == ["brass"]


def test_a_description_of_several_lines_is_no_change_when_it_comes_back_as_one(
    clocks: Clocks,
) -> None:
    written = clocks.files()[ITEM]
    folded = written.replace("description:", "description: |\n  Two\n  lines.\nwas:")
    clocks.by_hand(ITEM, folded)
    form = Form(clocks)
    update(clocks, name="Flat dial")

    form.save(tags=["brass"])

    assert form.fields["description"] == "Two lines."
    assert "description: |\n  Two\n  lines.\n" in clocks.files()[ITEM]


def test_a_category_called_by_its_name_is_no_change(clocks: Clocks) -> None:
    form = Form(clocks)
    update(clocks, category="Water clocks")

    form.save(category="Sundials", tags=["brass"])

    assert clocks.item("horizontal")["category"] == "water-clocks"


def test_a_text_that_was_edited_by_hand_meanwhile_stays(clocks: Clocks) -> None:
    form = Form(clocks)
    clocks.by_hand(TEXT, "By hand.\n")

    form.save(description="Flat.")

    assert clocks.files()[TEXT] == "By hand.\n"


def test_what_a_run_wrote_meanwhile_stays(clocks: Clocks) -> None:
    form = Form(clocks)
    newer = CLOCKS.replace("Lies flat in the garden.", "Lies on a table.")
    clocks.run(("clocks.md", newer), clock=LATER)

    form.save(tags=["brass"])

    assert clocks.item("horizontal")["description"] == "Lies on a table."


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "main",
        "0" * 40,
        "f" * 41,
        "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
        "../" * 20,
        "TREE",
        "COMMIT",
    ],
)
def test_a_version_that_is_none_asks_about_every_difference(
    clocks: Clocks, shown: str
) -> None:
    form = Form(clocks)
    repository = clocks.stored().snapshot.repository
    head = repository.head()
    assert head is not None
    form.shown = {"COMMIT": head}.get(shown, shown)

    conflict = form.conflict(description="Mine.", tags=["brass"])

    assert conflict.theirs.keys() == {"description", "tags"}
    assert "cannot be found" in str(conflict)
    form.shown = conflict.version
    form.save(description="Mine.", tags=["brass"])
    assert clocks.item("horizontal")["description"] == "Mine."


def test_an_item_that_was_removed_meanwhile_is_named_with_the_reason(
    clocks: Clocks,
) -> None:
    form = Form(clocks)
    change(clocks, RemoveItem(slug="horizontal", reason="It fell over."))

    with pytest.raises(EditRefused, match=r"has removed horizontal \(It fell over\)"):
        form.save(description="Mine.")


def test_an_item_that_was_renamed_meanwhile_is_named(clocks: Clocks) -> None:
    form = Form(clocks)
    files = clocks.files()
    moved = {p.replace("horizontal", "flat"): files[p].encode() for p in (ITEM, TEXT)}
    edit = edit_items(clocks.stored(), [], now=NOW)
    clocks.commit(edit._replace(files=moved, removals=(ITEM, TEXT), title="Move"))

    with pytest.raises(EditRefused, match="it is flat now"):
        form.save(description="Mine.")


def test_a_field_that_no_form_may_hold_stays_when_it_is_left_alone(
    clocks: Clocks,
) -> None:
    tags = [f"tag-{number}" for number in range(60)]
    clocks.by_hand(ITEM, clocks.files()[ITEM].replace("tags: []", f"tags: {tags}"))
    form = Form(clocks)

    form.save(description="Flat.")

    item = clocks.item("horizontal")
    assert (item["description"], item["tags"]) == ("Flat.", tags)


def test_a_text_kept_in_the_document_alone_is_no_change(clocks: Clocks) -> None:
    edit = edit_items(clocks.stored(), [], now=NOW)
    text = clocks.files()[ITEM].replace("markdown: Lies", "markdown: Stands")
    clocks.commit(edit._replace(files={ITEM: text.encode()}, title="By hand"))
    form = Form(clocks)
    update(clocks, name="Flat dial")
    before = clocks.files()[TEXT]

    form.save(tags=["brass"])

    assert form.fields["markdown"].startswith("Stands")
    assert clocks.files()[TEXT] == before


@pytest.mark.parametrize("ending", ["mdx", "md"])
def test_a_text_of_a_hand_made_item_is_compared_with_the_one_shown(
    clocks: Clocks, ending: str
) -> None:
    folder = "data/candle/candle"
    clocks.by_hand(
        f"{folder}.yml",
        "name: Candle\nsource_url: https://candle.example.net/\ncategory: sundials\n",
    )
    clocks.by_hand(f"{folder}.{ending}", "One.  \nTwo.\n")
    form = Form(clocks, "candle")
    clocks.by_hand(f"{folder}.{ending}", "Three.\n")

    form.save(description="Burns.")

    assert form.fields["markdown"] == "One.\nTwo."
    assert clocks.files()[f"{folder}.{ending}"] == "Three.\n"
    assert clocks.item("candle")["description"] == "Burns."
