"""Slugs are safe names on every system, and a slug stays as it is (T34)."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.slugs import LONGEST, is_slug, slugify, unique_slug

NAMES = st.text(alphabet=st.characters(), max_size=200)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Plain Name", "plain-name"),
        ("C", "c"),
        ("C++", "c-plus-plus"),
        ("C#", "c-sharp"),
        ("F# tools", "f-sharp-tools"),
        ("Track #1", "track-1"),
        (".NET", "dot-net"),
        ("ASP.NET", "asp-net"),
        ("Café Zürich", "cafe-zurich"),
        ("Straße", "strasse"),
        ("Łódź Ørsted Æther", "lodz-orsted-aether"),
        ("\uff26\uff55\uff4c\uff4c", "full"),
        ("../../etc/passwd", "etc-passwd"),
        ("GIT~1", "git-1"),
        ("trailing. ", "trailing"),
        ("nul\x00byte", "nul-byte"),
        ("git", "git-item"),
        ("CON", "con-item"),
        ("lpt9", "lpt9-item"),
        ("README", "readme-item"),
    ],
)
def test_name_becomes_a_slug(name: str, slug: str) -> None:
    assert slugify(name) == slug


def test_name_without_ascii_letters_becomes_a_digest() -> None:
    assert slugify("数据库") == "item-263200d7d5"
    assert slugify("数据", fallback="category").startswith("category-")
    assert slugify("数据") != slugify("数据库")


@pytest.mark.parametrize(
    "text",
    ["", "-a", "a-", "A", "a_b", "a.b", "a/b", "..", "a\n", "ä", "a" * 81, "con", "com0",
     "lpt1", "git", "index", "readme", "a b", "a\x00", "~", "\uff41"],
)  # fmt: skip
def test_text_is_not_a_slug(text: str) -> None:
    assert not is_slug(text)


@pytest.mark.parametrize("text", ["a", "1", "a-b", "a--b", "a" * 80, "com", "console"])
def test_text_is_a_slug(text: str) -> None:
    assert is_slug(text)


def test_case_and_composition_make_no_difference() -> None:
    decomposed = unicodedata.normalize("NFD", "Über Café")

    assert slugify("über café") == slugify(decomposed) == "uber-cafe"


def test_taken_slug_gets_a_number() -> None:
    taken = {"foo", "foo-2"}

    assert unique_slug("Foo", taken) == "foo-3"


def test_number_fits_into_the_length() -> None:
    slug = unique_slug("a" * 100, {"a" * LONGEST})

    assert slug == "a" * (LONGEST - 2) + "-2"


@given(NAMES)
def test_slug_is_total_and_idempotent(name: str) -> None:
    slug = slugify(name)

    assert is_slug(slug)
    assert slugify(slug) == slug


@given(st.lists(st.sampled_from(["a", "A", "a-2", "数", "con", "x" * 90]), max_size=12))
def test_unique_slugs_are_unique(names: list[str]) -> None:
    taken: set[str] = set()

    for name in names:
        taken.add(unique_slug(name, taken))

    assert len(taken) == len(names)
    assert all(map(is_slug, taken))
