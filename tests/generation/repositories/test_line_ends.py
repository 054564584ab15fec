"""What an editor changes of the white space at ends is nobody's edit.

A line may end otherwise, a text may have a byte order mark, blanks at the ends of lines or
other blank lines around it. The run goes on as if nothing had happened.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generation.repositories.data import read_data
from generation.repositories.state import is_respaced, take_snapshot
from tests.generation.made import first_run
from tests.generation.repositories.test_merge_properties import World, path_of
from tests.generation.test_orchestrator import (
    commit_by_hand,
    files,
    heads,
    repository,
    run,
)

YML, MD = path_of("alpha"), path_of("alpha", "md")
OLD = "First line.  \nSecond.\n\n- a\n- b"


def said(description: str, text: str | None) -> dict[str, dict[str, Any]]:
    facts = {"license": "MIT"} | ({"markdown": text} if text else {})
    entry = {"description": description, "category": "x", "tags": [], "facts": facts}
    return {"alpha": entry}


def world(text: str | None = OLD) -> World:
    made = World()
    made._generate(said("Old.", text), recreate=False)
    # A shelf knows the blobs of the trees that were asked for.
    made.shelf.tree("")
    return made


@st.composite
def spacings(draw: st.DrawFn, content: bytes) -> bytes:
    """The same file as some editor would save it."""
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    lines = [
        line.rstrip() + draw(st.sampled_from(["", " ", "  ", "\t"]))
        for line in content.decode().strip().split("\n")
    ]
    before = draw(st.sampled_from(["", "\ufeff", end, "\ufeff" + end]))
    after = draw(st.sampled_from(["", end, end * 3, f"{end}  {end}"]))
    return (before + end.join(lines) + after).encode()


@pytest.mark.parametrize("text", [OLD, None])
@settings(max_examples=15, deadline=None)
@given(data=st.data(), touched=st.sets(st.sampled_from([YML, MD]), min_size=1))
def test_white_space_at_ends_is_no_edit(
    text: str | None, data: st.DataObject, touched: set[str]
) -> None:
    there = world(text)
    for path in sorted(touched):
        there.shelf.files[path] = data.draw(spacings(there.shelf.files[path]))
    before = dict(there.shelf.files)

    there._generate(said("Old.", text), recreate=False)
    assert there.shelf.files == before, "without anything new, nothing is written"

    there._generate(said("New.", f"New {text}" if text else None), recreate=False)
    fresh = World()
    fresh.day = 2
    fresh._generate(said("New.", f"New {text}" if text else None), recreate=False)
    assert there.shelf.files[MD] == fresh.shelf.files[MD]
    got, wanted = there.document("alpha"), fresh.document("alpha")
    got["meta"].pop("added_at")
    wanted["meta"].pop("added_at")
    assert got == wanted

    after = dict(there.shelf.files)
    there._generate(said("New.", f"New {text}" if text else None), recreate=False)
    assert there.shelf.files == after


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_an_edit_is_one_however_its_lines_end(data: st.DataObject) -> None:
    there = world()
    mine = data.draw(spacings(b"My own.\nSecond line.\n"))
    there.shelf.files[MD] = mine

    there._generate(said("New.", "New text."), recreate=False)

    assert there.shelf.files[MD] == mine, "its bytes stay"
    key = there.document("alpha")["markdown"]
    assert [line.rstrip() for line in key.split("\n")] == ["My own.", "Second line."]
    assert "\r" not in key
    assert there.document("alpha")["description"] == "New."
    after = dict(there.shelf.files)
    there._generate(said("New.", "New text."), recreate=False)
    assert there.shelf.files == after


def test_an_item_that_goes_goes_with_other_line_ends() -> None:
    there = world()
    there._generate(
        said("Old.", OLD) | {"beta": said("B.", None)["alpha"]}, recreate=True
    )
    there.shelf.files[MD] = there.shelf.files[MD].replace(b"\n", b"\r\n")

    there._generate({"beta": said("B.", None)["alpha"]}, recreate=True)

    assert not [path for path in there.shelf.files if path.startswith("data/alpha/")]


def test_a_copy_in_the_document_that_only_lost_its_blanks_is_no_edit() -> None:
    there = world()
    text = there.shelf.files[YML].decode()
    edited = text.replace("First line.  ", "First line.").replace("Old.", "Mine.", 1)
    assert edited.count("Mine.") == 1
    there.shelf.files[YML] = edited.encode()

    there._generate(said("New.", "New text."), recreate=False)

    document = there.document("alpha")
    assert (document["description"], document["markdown"]) == ("Mine.", "New text.")
    assert there.shelf.files[MD] == b"New text.\n"


def test_a_text_is_judged_by_what_was_recorded_where_its_blob_is_gone() -> None:
    there = world("One.\nTwo.")
    snapshot = take_snapshot(there.shelf)
    del there.shelf._blobs[snapshot.written[MD]]
    there.shelf.files[MD] = b"\xef\xbb\xbfOne.\r\nTwo.\r\n\r\n"

    there._generate(said("Old.", "New text."), recreate=False)

    assert there.shelf.files[MD] == b"New text.\n"
    assert there.document("alpha")["markdown"] == "New text."


def test_other_files_of_a_run_may_end_their_lines_otherwise(tmp_path: Path) -> None:
    first_run(tmp_path)
    for kind in ("data", "list", "website"):
        texts = {
            path: text.replace("\n", "\r\n")
            for path, text in files(tmp_path, kind).items()
            if path.endswith((".md", ".yml", ".html")) and ".gazetteer" not in path
        }
        commit_by_hand(tmp_path, texts, kind=kind)
    before = heads(tmp_path)

    run(tmp_path)

    assert heads(tmp_path) == before
    assert not [
        path
        for path in files(tmp_path)
        if take_snapshot(repository(tmp_path)).is_edited(path)
        and not path.startswith(".gazetteer")
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"a b\n", b"a  b\n"),
        (b"- a\n  - b\n", b"- a\n- b\n"),
        (b"a\n\nb", b"a\nb"),
        (b"\xff\n", b"\xff\r\n"),
        (b"a", b""),
    ],
)
def test_other_white_space_says_something(one: bytes, other: bytes) -> None:
    assert not is_respaced(one, other)


def test_front_matter_above_a_text_is_named_and_never_shown() -> None:
    there = world()
    there.shelf.files[MD] = b"---\r\ntitle: Alpha\r\n---\r\n\r\nMine.\r\n"

    stored = read_data(there.shelf)

    assert stored.items[0].item.markdown == "Mine."
    assert stored.warnings == (
        f"{MD} begins with front matter (---), which is not read: move its keys to {YML}",
    )


@pytest.mark.parametrize("text", ["---\n\nMine.\n\n---\n", "---\nMine.\n---\nMore.\n"])
def test_a_rule_above_a_text_is_no_front_matter(text: str) -> None:
    there = world()
    there.shelf.files[MD] = text.encode()

    assert read_data(there.shelf).items[0].item.markdown == text.strip()
