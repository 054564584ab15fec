"""An index that is promised is whole: half of one would find nothing, and say so to nobody."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from directories.exceptions import IndexIncomplete, NoIndex
from directories.services.search_index import (
    ATTEMPTS,
    ENGINE,
    FOLDER,
    _run_pagefind,
    check_index,
    index_site,
)
from tests.generation.repositories.test_website_browser import unpack


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = unpack(tmp_path_factory.mktemp("indexed"))
    assert index_site(site)
    return site


@pytest.fixture
def copy(indexed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(indexed / FOLDER, tmp_path / FOLDER)


def plain(site: Path) -> bool:
    return "plain" in (site / ENGINE).read_text() and not (site / FOLDER).exists()


def test_what_pagefind_wrote_is_found_whole(indexed: Path) -> None:
    check_index(indexed / FOLDER)

    assert "pagefind" in (indexed / ENGINE).read_text()


PARTS = (
    *(
        "pagefind.js",
        "pagefind-entry.json",
        "wasm.en.pagefind",
        "pagefind.en_*.pf_meta",
    ),
    *("fragment/*.pf_fragment", "index/*.pf_index", "filter/*.pf_filter"),
)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_empty_cut_or_missing_is_named(copy: Path, part: str) -> None:
    path = sorted(copy.glob(part))[0]
    whole = path.read_bytes()

    for content in (b"", whole[: len(whole) // 2]):
        if content and part == "pagefind.js":
            continue
        path.write_bytes(content)
        with pytest.raises(IndexIncomplete, match=path.name):
            check_index(copy)
    path.unlink()
    with pytest.raises(IndexIncomplete, match=path.name):
        check_index(copy)


def test_an_index_that_was_written_by_half_is_made_again(tmp_path: Path) -> None:
    site = unpack(tmp_path)
    made = 0

    def interrupted_once(folder: Path) -> None:
        nonlocal made
        made += 1
        _run_pagefind(folder)
        if made == 1:
            (folder / FOLDER / "pagefind-entry.json").write_bytes(b"")

    assert index_site(site, interrupted_once)

    assert made == 2
    check_index(site / FOLDER)


def test_an_index_that_is_never_whole_is_taken_away(tmp_path: Path) -> None:
    site = unpack(tmp_path)
    made = 0

    def interrupted(folder: Path) -> None:
        nonlocal made
        made += 1
        _run_pagefind(folder)
        (folder / FOLDER / "pagefind-entry.json").write_bytes(b"")

    with pytest.raises(NoIndex, match=r"pagefind-entry\.json is empty"):
        index_site(site, interrupted)

    assert made == ATTEMPTS
    assert plain(site)


def test_a_configuration_where_one_happens_to_be_is_not_obeyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = unpack(tmp_path / "site")
    (site / "pagefind.toml").write_text(f'logfile = "{tmp_path / "log"}"\n')
    monkeypatch.chdir(site)

    index_site(site)

    assert not (tmp_path / "log").exists()


def test_a_website_without_items_needs_no_index(tmp_path: Path) -> None:
    site = unpack(tmp_path)
    shutil.rmtree(site / "items")

    assert not index_site(site)
    assert plain(site)
