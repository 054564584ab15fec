"""A proposal meets a `main` that has moved: nothing of either is lost, and `main` wins."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, note
from hypothesis import strategies as st

from generation.report import Conflict
from generation.repositories.state import is_table
from generation.repositories.threeway import Merge, merge_trees
from generation.repositories.units import slug_of
from generation.yaml import dump, parse
from tests.examples import examples
from tests.generation.repositories.test_merge_properties import (
    SLUGS,
    Shelf,
    World,
    edits,
    sources,
)

Files = dict[str, bytes]
ALPHA = "data/alpha/alpha.yml"
ITEM = {
    "name": "Alpha",
    "description": "First words.",
    "source_url": "https://example.org/alpha",
    "category": "sun",
    "tags": ["red"],
    "updated_at": "2026-01-01 00:00",
}


def merge(
    base: Files, ours: Files, theirs: Files, chosen: set[str] | None = None
) -> tuple[Files, Merge]:
    """Merge three states, and give what `main` holds then."""
    shelf = Shelf()
    trees = []
    for files in (base, ours, theirs):
        shelf.files = files
        trees.append(shelf.tree("head"))
    merged = merge_trees(shelf, *trees, chosen=chosen)
    result = {p: c for p, c in ours.items() if p not in merged.removals}
    return result | merged.files, merged


def item(**fields: Any) -> bytes:
    document = {k: v for k, v in {**ITEM, **fields}.items() if v is not None}
    return dump(document)


def one(**fields: Any) -> Files:
    return {ALPHA: item(**fields)}


def test_what_only_one_side_changed_is_taken() -> None:
    after, merged = merge(
        one(), one(name="Aleph"), one(description="New.", tags=["red", "blue"])
    )

    assert merged.conflicts == ()
    assert parse(after[ALPHA]) == ITEM | {
        "name": "Aleph",
        "description": "New.",
        "tags": ["red", "blue"],
    }


def test_where_both_changed_a_field_main_wins_and_it_is_told() -> None:
    after, merged = merge(one(), one(name="Aleph"), one(name="Alif"))

    assert parse(after[ALPHA])["name"] == "Aleph"
    assert merged.conflicts == (
        Conflict(item="alpha", field="name", ours="Aleph", theirs="Alif"),
    )


def test_a_comment_on_main_stays() -> None:
    ours = {ALPHA: item().replace(b"category:", b"# my shelf\ncategory:")}

    after, _ = merge(one(), ours, one(description="New."))

    assert b"# my shelf\n" in after[ALPHA]
    assert parse(after[ALPHA])["description"] == "New."


def test_the_later_of_two_dates_stands() -> None:
    ours = one(name="Aleph", updated_at="2026-01-03 00:00")

    after, merged = merge(
        one(), ours, one(description="New.", updated_at="2026-01-02 00:00")
    )

    assert merged.conflicts == ()
    assert parse(after[ALPHA])["updated_at"] == "2026-01-03 00:00"


def test_keys_that_nobody_knows_merge_as_well() -> None:
    after, _ = merge(
        one(brand="Old", meta={"stars": 1, "license": "MIT"}),
        one(brand="Old", meta={"stars": 2, "license": "MIT"}, featured=True),
        one(brand="New", meta={"stars": 1}, price="free"),
    )

    document = parse(after[ALPHA])
    assert (document["brand"], document["featured"]) == ("New", True)
    assert (document["price"], document["meta"]) == ("free", {"stars": 2})


@pytest.mark.parametrize(
    ("ours", "theirs"), [({}, one(name="Alif")), (one(name="Aleph"), {})]
)
def test_a_removal_meets_a_change(ours: Files, theirs: Files) -> None:
    after, merged = merge(one(), ours, theirs)

    assert after == ours
    assert [c.item for c in merged.conflicts] == ["alpha"]


def test_two_items_of_one_folder_are_not_mixed() -> None:
    ours = one(description=None)
    theirs = one(source_url="https://example.org/other", description="Another.")

    after, merged = merge({}, ours, theirs)

    assert after == ours
    assert len(merged.conflicts) == 1


def test_what_is_no_item_is_left_as_main_has_it() -> None:
    after, merged = merge(one(), {ALPHA: b"name: ["}, one(name="Alif"))

    assert after == {ALPHA: b"name: ["}
    assert len(merged.conflicts) == 1


def test_labels_merge_by_entry() -> None:
    sun, water = {"id": "sun", "name": "Sun"}, {"id": "water", "name": "Water"}
    fire = {"id": "fire", "name": "Fire"}
    base = {"categories.yml": dump([sun, water])}
    ours = {"categories.yml": b"# mine\n" + dump([sun | {"name": "Sunlight"}, water])}
    theirs = {"categories.yml": dump([sun | {"priority": 1}, water, fire])}

    after, merged = merge(base, ours, theirs)

    assert merged.conflicts == ()
    assert after["categories.yml"].startswith(b"# mine\n")
    assert parse(after["categories.yml"]) == [
        {"id": "sun", "name": "Sunlight", "priority": 1},
        water,
        fire,
    ]


def test_an_entry_that_is_removed_goes_unless_main_needs_it() -> None:
    sun, water = {"id": "sun", "name": "Sun"}, {"id": "water", "name": "Water"}
    base = {"tags.yml": dump([sun, water, {"id": "old", "name": "Old"}])}
    ours = {
        "tags.yml": dump(
            [sun, {**water, "name": "Waters"}, *parse(base["tags.yml"])[2:]]
        )
    }

    after, merged = merge(base, ours, {"tags.yml": dump([sun])})

    assert parse(after["tags.yml"]) == [sun, {**water, "name": "Waters"}]
    assert [c.item for c in merged.conflicts] == ["tags.yml: water"]


def test_chosen_items_bring_their_labels_and_nothing_else() -> None:
    sun, fire = {"id": "sun", "name": "Sun"}, {"id": "fire", "name": "Fire"}
    base = one() | {"categories.yml": dump([sun]), "config.yml": b"name: A\n"}
    theirs = {
        **one(name="Alif", category="fire"),
        "data/beta/beta.yml": item(name="Beta", category="ice"),
        "categories.yml": dump([sun, fire, {"id": "ice", "name": "Ice"}]),
        "config.yml": b"name: B\n",
    }

    after, _ = merge(base, base, theirs, chosen={"alpha"})

    assert parse(after[ALPHA])["name"] == "Alif"
    assert parse(after["categories.yml"]) == [sun, fire]
    assert after["config.yml"] == b"name: A\n"
    assert "data/beta/beta.yml" not in after


def test_what_is_kept_away_stays_away() -> None:
    path = ".gazetteer/tombstones.yml"
    entries = [{"id": key, "slug": key} for key in "abc"]
    base, ours, theirs = ({path: dump(entries[n : n + 1])} for n in range(3))
    theirs = {path: dump([entries[0], entries[2]])}

    after, _ = merge(base, ours, theirs)

    assert parse(after[path]) == [entries[1], entries[2]]


# --- whole histories


def live(
    source: dict[str, Any], mine: list[Any], theirs: list[Any], chosen: set[str] | None
) -> None:
    """Propose what a source says now, while a person edits `main`; then accept it."""
    note(repr((source, mine, theirs, chosen)))
    world = World()
    said = {
        "description": "First words.",
        "category": "Sun",
        "tags": ["red"],
        "facts": {},
    }
    world.run(dict.fromkeys(SLUGS, said), recreate=False)
    base = dict(world.shelf.files)
    proposed = World()
    proposed.shelf.files, proposed.day = dict(base), world.day
    proposed.written = {slug: dict(known) for slug, known in world.written.items()}
    proposed._generate(source, recreate=False)
    for name, *arguments in theirs:
        getattr(proposed, name)(*arguments)
    for name, *arguments in mine:
        getattr(world, name)(*arguments)
    main = dict(world.shelf.files)

    after, _ = merge(base, main, proposed.shelf.files, chosen)

    if main == base and chosen is None:
        assert after == proposed.shelf.files
    untouched = [p for p in main if base.get(p) == proposed.shelf.files.get(p)]
    assert all(after[p] == main[p] for p in untouched if not is_table(p))
    if chosen is not None:
        others = [p for p in main if slug_of(p) and slug_of(p) not in chosen]
        assert all(after[path] == main[path] for path in others)
    world.shelf.files = after
    world.said |= source
    if not world.bodies and not world.key_texts:
        # One copy of a text follows the other with the next run only.
        world._check({} if theirs or chosen is not None else source, recreate=False)
    again, rest = merge(main, after, after, chosen)
    assert again == after
    assert rest.is_empty
    # The next run finds everything as if it had all been written on main.
    world.run(source, recreate=False)


@examples(200, slow=list(HealthCheck))
@given(sources, st.lists(edits, max_size=5))
def test_a_reviewed_run_loses_nothing_of_main(source: Any, mine: Any) -> None:
    live(source, mine, [], None)


@examples(100, slow=list(HealthCheck))
@given(
    sources,
    st.lists(edits, max_size=4),
    st.sets(st.sampled_from(SLUGS)),
)
def test_accepting_a_part_loses_nothing_of_main(
    source: Any, mine: Any, chosen: Any
) -> None:
    live(source, mine, [], chosen)


@examples(200, slow=list(HealthCheck))
@given(st.lists(edits, max_size=4), st.lists(edits, max_size=4))
@example([("add_key", "alpha", "")], [("add_key", "alpha", "one")])
def test_two_people_lose_nothing_of_main(mine: Any, theirs: Any) -> None:
    live({}, mine, theirs, None)


BODY = "data/alpha/alpha.md"


def test_line_ends_of_a_text_are_no_change_of_main() -> None:
    base = one(markdown="First.\nSecond.") | {BODY: b"First.\nSecond.\n"}
    ours = base | {BODY: b"\xef\xbb\xbfFirst.\r\nSecond.\r\n"}
    theirs = one(markdown="New.") | {BODY: b"New.\n"}

    after, merged = merge(base, ours, theirs)

    assert merged.conflicts == ()
    assert after[BODY] == b"New.\n"
    assert parse(after[ALPHA])["markdown"] == "New."
