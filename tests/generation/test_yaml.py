from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generation.yaml import (
    InvalidYAML,
    Plain,
    Quoted,
    as_bool,
    as_integer,
    dump,
    parse,
    scalar_text,
)

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
        (b"a: !!int " + b"9" * 5_000, "cannot be read"),
        (b"a: !!bool maybe", "cannot be read"),
        (b"a: !!timestamp soon", "cannot be read"),
    ],
)
def test_hostile_yaml_is_refused_at_once(content: bytes, reason: str) -> None:
    begun = time.process_time()

    with pytest.raises(InvalidYAML, match=reason):
        parse(content)

    assert time.process_time() - begun < 2


WORDS = (
    *("NO", "no", "Yes", "on", "Off", "True", "FALSE", "y", "N", "Null", "NULL"),
    *("1.10", "1.0e3", "010", "+3", "1_000", "0x1F", "0o17", "0b11", "1e3", "-0"),
    *("12:30:45", "190:20:30.15", "2026-11-30", "2026-11-30T11:27:00.000Z", "=", "<<"),
    *(".NaN", ".Inf", "1.", ".5", "9" * 200),
)
VALUES = ("true", "false", "0", "2048", "-7", "0.5", "1.0e+17", ".inf")
# Texts as sources have them, and what some version of YAML makes something else of.
meant = st.one_of(
    plain,
    st.sampled_from(
        [*WORDS, *VALUES, "null", "~", "", "🚀", "a\n🚀", "\ue000🚀", "\\U0001F680"]
    ),
    st.from_regex(r"[-+]?[0-9._:exob]{1,8}", fullmatch=True),
)


@pytest.mark.parametrize("word", WORDS)
def test_a_word_without_quotes_keeps_its_own_text(word: str) -> None:
    document = parse(f"name: {word}\ntags: [{word}]\n".encode())

    assert document == {"name": word, "tags": [word]}


@pytest.mark.parametrize("word", [*VALUES, "null", "~", "NO", "010", "12:30:45", "="])
def test_a_key_is_always_text(word: str) -> None:
    assert parse(f"{word}: x".encode()) == {word: "x"}


@pytest.mark.parametrize("value", VALUES)
def test_a_value_that_is_read_as_one_is_written_as_it_stood(value: str) -> None:
    read = parse(f"a: {value}".encode())["a"]

    assert not isinstance(read, str)
    assert scalar_text(read) == value
    assert dump({"a": read}) == f"a: {value}\n".encode()


@pytest.mark.parametrize("word", [*WORDS, *VALUES])
def test_words_that_are_written_again_stand_as_they_stood(word: str) -> None:
    content = f"a: {word}\nb:\n- {word}\n".encode()

    assert dump(parse(content)) == content


@given(meant)
def test_every_reader_of_yaml_reads_a_text_as_text(text: str) -> None:
    written = dump({"text": text, "list": [text], text: 1})

    for read in (parse, yaml.safe_load):
        document = read(written)
        assert document["text"] == text
        assert document["list"] == [text]
        assert text in document
        assert type(document["text"]) is str


@pytest.mark.parametrize("word", ["1e3", "0o17", "1.5e3", "y", "N"])
def test_what_only_other_readers_take_for_a_value_stands_in_quotes(word: str) -> None:
    assert dump([word]) == f"- '{word}'\n".encode()


@pytest.mark.parametrize(
    "text", ["🚀 Space", "Goes up 🚀 and down", "👩‍🚀", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "𝔘", "\ue000 🚀"]
)
def test_signs_beyond_the_basic_plane_stand_as_they_are(text: str) -> None:
    assert dump({"name": text}) == f"name: {text}\n".encode()


def test_lines_with_emoji_are_as_long_as_others() -> None:
    with_emoji, without = (dump({"a": f"{sign} bc " * 60}) for sign in ("🚀", "☀"))

    assert with_emoji.decode().replace("🚀", "☀") == without.decode()


def test_switches_and_numbers_are_read_where_they_are_meant() -> None:
    on, off, ten = parse(b"[Yes, off, 010]")

    assert (as_bool(on), as_bool(off), as_bool(True), as_bool("yes")) == (
        *(True, False, True),
        None,
    )
    assert (as_integer(ten), as_integer(Plain("1_000")), as_integer(3)) == (10, 1000, 3)
    assert (as_integer(True), as_integer("3"), as_integer(Plain("1e3"))) == (None,) * 3


def test_long_digits_are_no_work() -> None:
    begun = time.process_time()

    assert parse(b"a: " + b"9" * 1_000_000 + b"x")["a"].endswith("9x")
    assert parse(b"a: " + b"9" * 1_000_000)["a"] == "9" * 1_000_000

    assert time.process_time() - begun < 2
