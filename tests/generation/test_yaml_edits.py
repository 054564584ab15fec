"""Single values change in a person's file, and nothing else of it does."""

from __future__ import annotations

from difflib import unified_diff
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.yaml import dump, parse
from generation.yaml_edits import REMOVE, CannotEdit, append, comments_of, edit

MINE = """\
# Top 😀
name: "Über 😀"   # the name
description: plain words # look again
tags:   # mine
  - a   # first
  - b
  - c
category: [x, y]
empty:
meta:
  # inside
  license: MIT   # of the code
  stars: 3
markdown: |-
  one

  two

# at the end
extra: {a: 1}
"""


def changed_lines(path: tuple[str | int, ...], value: Any, *, text: str = MINE) -> str:
    after = edit(text.encode(), {path: value}).decode()
    lines = unified_diff(text.splitlines(), after.splitlines(), n=0, lineterm="")
    return "\n".join(line for line in lines if line[:2] not in ("--", "++", "@@"))


@pytest.mark.parametrize(
    ("path", "value", "diff"),
    [
        (("name",), "New", '-name: "Über 😀"   # the name\n+name: New   # the name'),
        (("tags",), ["a", "c", "d: e"], "-  - b\n+  - 'd: e'"),
        (("category",), ["x"], "-category: [x, y]\n+category: [x]"),
        (("empty",), "full", "-empty:\n+empty: full"),
        (("meta", "stars"), 4, "-  stars: 3\n+  stars: 4"),
        (("meta", "new"), "x", "+  new: x"),
        (("meta", "stars"), REMOVE, "-  stars: 3"),
        (("markdown",), "one\n\n2", "-  two\n+  2"),
        (("extra", "a"), 2, "-extra: {a: 1}\n+extra: {a: 2}"),
        (("extra", "b"), 2, "-extra: {a: 1}\n+extra: {a: 1, b: 2}"),
        (("more",), "x", "+more: x"),
        (("facts", "x"), 1, "+facts:\n+  x: 1"),
    ],
)
def test_only_the_lines_of_one_value_change(
    path: tuple[str, ...], value: Any, diff: str
) -> None:
    assert changed_lines(path, value) == diff


def test_a_comment_beside_a_value_that_becomes_a_block_moves_above_it() -> None:
    after = edit(MINE.encode(), {("description",): "one\ntwo"}).decode()

    assert "# look again\ndescription: |-\n  one\n  two\n" in after


@pytest.mark.parametrize(
    ("path", "value"),
    [(("tags",), ["b"]), (("tags",), []), (("meta", "license"), REMOVE)],
)
def test_a_change_that_would_lose_a_comment_is_refused(
    path: tuple[str, ...], value: Any
) -> None:
    with pytest.raises(CannotEdit, match="comment"):
        edit(MINE.encode(), {path: value})


def test_line_ends_and_the_mark_of_the_encoding_stay() -> None:
    content = b"\xef\xbb\xbfname: A\r\ntags:\r\n- a\r\n"

    after = edit(content, {("name",): "B", ("tags",): ["a", "b"]})

    assert after == b"\xef\xbb\xbfname: B\r\ntags:\r\n- a\r\n- b\r\n"


def test_a_file_in_brackets_is_written_anew_in_its_own_order() -> None:
    after = edit(b'{"z": 1, "a": {}}', {("a", "k"): "v"})

    assert list(parse(after).items()) == [("z", 1), ("a", {"k": "v"})]


def test_of_a_key_that_is_given_twice_the_last_one_changes() -> None:
    assert edit(b"a: 1\na: 2\n", {("a",): 3}) == b"a: 1\na: 3\n"


def test_entries_are_added_behind_a_list() -> None:
    assert append(b"# mine\n- id: a\n", [{"id": "b"}], times=1) == (
        b"# mine\n- id: a\n- id: b\n"
    )


words = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], whitelist_characters="\n"),
    max_size=30,
)
keys = st.sampled_from(["name", "tags", "meta", "other", "key with space", "2026"])
values = words | st.lists(words, max_size=4) | st.integers() | st.booleans()
documents = st.dictionaries(
    keys, values | st.dictionaries(words, words, max_size=3), min_size=1
)


@given(documents, keys, values, st.booleans())
def test_an_edit_gives_exactly_what_was_asked_for(
    document: dict[str, Any], key: str, value: Any, has_comments: bool
) -> None:
    content = dump(document)
    if has_comments:
        content = b"# first\n" + content + b"# last\n"

    try:
        after = edit(content, {(key,): value})
    except CannotEdit:
        assert has_comments
        return

    assert parse(after) == {**document, key: value}
    assert comments_of(after) == comments_of(content)


CRLF = b"name: A\r\ntags:\r\n- a\r\n- b\r\norder: 3\r\n"


@pytest.mark.parametrize(
    ("changes", "after"),
    [
        ({("tags",): ["a"]}, CRLF.replace(b"- b\r\n", b"")),
        ({("order",): REMOVE}, CRLF.replace(b"order: 3\r\n", b"")),
        ({("tags",): ["a", "b", "c"]}, CRLF.replace(b"- b\r\n", b"- b\r\n- c\r\n")),
    ],
)
def test_lines_that_go_and_come_end_as_the_others_do(
    changes: Any, after: bytes
) -> None:
    assert edit(CRLF, changes) == after


def test_entries_that_are_added_end_their_lines_as_the_others_do() -> None:
    assert append(b"- id: a\r\n", [{"id": "b", "name": "B"}], times=1) == (
        b"- id: a\r\n- id: b\r\n  name: B\r\n"
    )


@pytest.mark.parametrize("key", ["on", "2024", "true", "null"])
def test_a_key_that_looks_like_a_value_is_a_key(key: str) -> None:
    content = f"{key}: x # mine\nname: A\n".encode()

    assert edit(content, {(key,): "z"}) == f"{key}: z # mine\nname: A\n".encode()


def test_what_was_not_asked_about_stays_as_it_stood_in_brackets_too() -> None:
    # Rewritten for its brackets; keys that we do not know keep their meaning.
    content = b"{name: A, mine: [NO, 010, yes], order: 1.10}\n"

    after = edit(content, {("tags",): ["NO"]})

    assert after == b"{name: A, mine: [NO, 010, yes], order: 1.10, tags: ['NO']}\n"
