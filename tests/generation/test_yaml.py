from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.yaml import InvalidYAML, Quoted, dump, parse

plain = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], whitelist_characters="\n\t")
)


@given(st.dictionaries(plain, plain | st.lists(plain) | st.integers() | st.booleans()))
def test_what_is_dumped_is_parsed_again(document: dict[str, object]) -> None:
    assert parse(dump(document)) == document


@given(plain)
def test_dumping_is_stable(text: str) -> None:
    once = dump({"text": text})

    assert dump(parse(once)) == once


def test_times_stay_text_in_both_directions() -> None:
    written = dump({"updated_at": Quoted("2026-11-22 12:00")})

    assert written == b"updated_at: '2026-11-22 12:00'\n"
    assert parse(b"updated_at: 2026-11-22 12:00:00") == {
        "updated_at": "2026-11-22 12:00:00"
    }


def test_prose_stands_as_lines() -> None:
    assert dump({"text": "one\n\ntwo"}) == b"text: |-\n  one\n\n  two\n"


def test_equal_values_are_not_written_as_aliases() -> None:
    shared = ["a"]

    assert b"*" not in dump({"one": shared, "two": shared})


LAUGHS = b"a: &a [x, x]\n" + b"".join(
    b"%c: &%c [*%c, *%c]\n" % (n, n, n - 1, n - 1) for n in range(ord("b"), ord("z"))
)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (LAUGHS, "aliases"),
        (b"[" * 100_000, "nested"),
        (b"{a: " * 30_000, "nested"),
        (b"- x\n" * 60_000, "too many"),
        (b"a: " + b"x" * 1_100_000, "larger"),
        (b"\xff\xfe\xff", "UTF-8"),
        (b"a: b\nc: [}", "in line 2"),
        (b"a: 'b\n", "not valid YAML"),
        (b"!!python/object/apply:os.system ['true']", "not valid YAML"),
        (b"a: " + b"9" * 5_000, "cannot be read"),
    ],
)
def test_hostile_yaml_is_refused_at_once(content: bytes, reason: str) -> None:
    begun = time.process_time()

    with pytest.raises(InvalidYAML, match=reason):
        parse(content)

    assert time.process_time() - begun < 2
