"""What names the content of an item's files."""

from __future__ import annotations

import pytest

from generation.repositories.versions import (
    ItemVersion,
    item_version,
    label_version,
    taxonomy_version,
)

ONE, TWO, THREE = "1" * 40, "2" * 40, "3" * 40
YML, MD = "data/candle/candle.yml", "data/candle/candle.md"


def test_a_version_changes_with_either_file_and_with_nothing_else() -> None:
    tree = {YML: ONE, MD: TWO}
    version = item_version(tree, "candle")
    assert version is not None

    same = item_version({**tree, "data/other/other.yml": THREE}, "candle")
    others = [
        item_version(changed, "candle")
        for changed in ({YML: THREE, MD: TWO}, {YML: ONE, MD: THREE}, {YML: ONE})
    ]

    assert same == version
    assert len({version.tag, *(other.tag for other in others if other)}) == 4


@pytest.mark.parametrize(
    ("tree", "found"),
    [
        ({"data/candle/candle.yaml": ONE}, ItemVersion(ONE)),
        ({"data/candle/candle.yaml": ONE, YML: TWO}, ItemVersion(TWO)),
        ({YML: ONE, "data/candle/candle.mdx": TWO}, ItemVersion(ONE, TWO)),
        ({YML: f"{ONE} 100755", MD: f"{TWO} 120000"}, ItemVersion(ONE, TWO)),
        ({MD: ONE}, None),
        ({}, None),
    ],
)
def test_the_files_of_an_item_are_found_as_they_are_read(
    tree: dict[str, str], found: ItemVersion | None
) -> None:
    assert item_version(tree, "candle") == found


@pytest.mark.parametrize("version", [ItemVersion(ONE), ItemVersion(ONE, TWO)])
def test_a_form_carries_a_version_there_and_back(version: ItemVersion) -> None:
    assert ItemVersion.parse(str(version)) == version


@pytest.mark.parametrize(
    "text",
    ["", ONE[1:], ONE + "1", f"{ONE}.", f"{ONE}.{TWO}.{THREE}", f"{ONE}\n", "G" * 40],
)
def test_anything_else_is_no_version(text: str) -> None:
    assert ItemVersion.parse(text) is None


def test_the_version_of_the_taxonomy_changes_with_either_file() -> None:
    tree = {"categories.yml": ONE, "tags.yml": TWO}

    assert label_version(tree, "categories") == ONE
    assert label_version({"tags/tags.yml": THREE}, "tags") == THREE
    assert label_version({}, "tags") == "0" * 40
    versions = {
        taxonomy_version(each)
        for each in (tree, {**tree, "tags.yml": THREE}, {"categories.yml": ONE}, {})
    }
    assert len(versions) == 4
