"""A run makes only pages of which something changed, and ends where a full build ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from generation.git import MAIN, Commit, Repository
from generation.items import Catalogue, Item
from generation.repositories.site import Owner, SiteSettings
from generation.repositories.state import Reconciled, take_snapshot
from generation.repositories.website import exports, manifest, plan_website
from generation.repositories.website.manifest import bring_up_to_date
from generation.repositories.website.page import Page
from tests.generation.repositories.test_website import (
    MASTHEAD,
    make_catalogue,
    make_item,
)

OWNER = Owner(settings=SiteSettings(url="https://clocks.example/"))


def items(number: int = 30) -> list[Item]:
    return [
        make_item(
            f"item-{at:02}",
            tags=("cli",) if at % 2 else ("c-sharp",),
            category="timers" if at % 3 else "calendars",
            markdown=f"## Use\n\nPress {at}.",
            updated_at=f"2024-01-{1 + at % 28:02} 10:00",
        )
        for at in range(number)
    ]


def build(
    repository: Repository, catalogue: Catalogue, *, owner: Owner = OWNER
) -> tuple[Reconciled, list[str]]:
    """Bring a repository up to date, and say which pages were made."""
    made: list[str] = []

    def watched(page: Page) -> Page:
        def make() -> bytes:
            made.append(page.path)
            return page.make()

        def renew(old: bytes, is_same: Callable[[str], bool]) -> bytes:
            made.append(page.path)
            assert page.renew is not None
            return page.renew(old, is_same)

        return page._replace(make=make, renew=page.renew and renew)

    pages = plan_website(catalogue, MASTHEAD, owner)
    result = bring_up_to_date(take_snapshot(repository), map(watched, pages))
    commit(repository, result.files, result.removals)
    return result, made


def commit(
    repository: Repository, files: dict[str, bytes], removals: tuple[str, ...] = ()
) -> None:
    if not files and not removals:
        return
    parent = repository.head()
    change = Commit(
        parent=parent,
        message="x",
        author="A",
        email="a@b.example",
        at=datetime(2024, 1, 1, tzinfo=UTC),
        files=files,
        removals=removals,
    )
    new = repository.write(change, ref="refs/gazetteer/test")
    repository.move(MAIN, new=new, old=parent)


@pytest.fixture
def make_repository(tmp_path: Path) -> Any:
    def make(name: str) -> Repository:
        repository = Repository(tmp_path / f"{name}.git")
        repository.create()
        return repository

    return make


def tree_of(repository: Repository) -> str:
    head = repository.head()
    assert head is not None
    return repository.tree_id(head)


def test_a_second_run_over_the_same_items_makes_nothing(make_repository: Any) -> None:
    repository = make_repository("one")
    build(repository, make_catalogue(*items()))

    result, made = build(repository, make_catalogue(*items()))

    assert made == []
    assert (result.files, result.removals) == ({}, ())


@pytest.mark.parametrize(
    "change",
    [
        {"description": "Other."},
        {"name": "Another name"},
        {"markdown": "Other text."},
        {"meta": {"license": "MIT"}},
        {"tags": ("cli", "c-sharp")},
        {"category": "calendars"},
        {"featured": True},
        {"updated_at": "2024-05-05 05:05"},
        {"source_url": "https://elsewhere.example/"},
        None,
    ],
)
@pytest.mark.parametrize("at", [4, 29])
def test_an_incremental_build_ends_where_a_full_one_does(
    make_repository: Any, change: dict[str, Any] | None, at: int
) -> None:
    """None stands for the removal of the item."""
    step, whole = make_repository("step"), make_repository("whole")
    before, after = items(), items()
    if change is None:
        del after[at]
    else:
        after[at] = after[at].model_copy(update=change)

    build(step, make_catalogue(*before))
    _, made = build(step, make_catalogue(*after))
    build(whole, make_catalogue(*after))

    assert tree_of(step) == tree_of(whole)
    item_pages = [path for path in made if path.startswith("items/")]
    assert len(item_pages) < 16


@pytest.mark.parametrize("is_first", [True, False])
def test_the_first_new_item_and_the_last_change_every_menu(
    make_repository: Any, is_first: bool
) -> None:
    step, whole = make_repository("step"), make_repository("whole")
    plain, with_a_day = items(8), items(8)
    with_a_day[4] = with_a_day[4].model_copy(
        update={"meta": {"added_at": "2024-02-03"}}
    )
    before, after = (plain, with_a_day) if is_first else (with_a_day, plain)

    build(step, make_catalogue(*before))
    build(step, make_catalogue(*after))
    build(whole, make_catalogue(*after))

    assert tree_of(step) == tree_of(whole)


def test_lines_of_unchanged_items_are_not_made_again(
    make_repository: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, whole = make_repository("one"), make_repository("whole")
    before = items(8)
    odd = {
        "slug": '=odd, "slug":"item-03"',
        "description": 'Two\r\nitem-02,lines, "one" item',
    }
    before[5] = before[5].model_copy(update=odd)
    build(repository, make_catalogue(*before))
    after = [*before[:1], *before[2:], make_item("item-99", tags=("cli",))]
    after[0] = after[0].model_copy(update={"name": "Zulu", "featured": True})
    lines: list[str] = []
    write = exports._csv_line

    def watched(*cells: str) -> bytes:
        lines.append(cells[0])
        return write(*cells)

    monkeypatch.setattr(exports, "_csv_line", watched)

    build(repository, make_catalogue(*after))

    assert sorted(lines) == ['=odd, "slug":"item-03"', "item-00", "item-99", "slug"]
    build(whole, make_catalogue(*after))
    assert tree_of(repository) == tree_of(whole)


def test_a_changed_description_makes_one_item_page(make_repository: Any) -> None:
    repository = make_repository("one")
    build(repository, make_catalogue(*items()))
    after = items()
    after[7] = after[7].model_copy(update={"description": "Other."})

    result, made = build(repository, make_catalogue(*after))

    assert [path for path in made if path.startswith("items/")] == [
        "items/item-07/index.html"
    ]
    assert "tags/c-sharp/index.html" not in made
    assert set(result.files) - {".gazetteer/files.jsonl", ".gazetteer/pages.jsonl"} <= (
        set(made)
    )


def test_other_settings_and_templates_make_every_page(make_repository: Any) -> None:
    repository = make_repository("one")
    build(repository, make_catalogue(*items()))
    own = Owner(
        settings=OWNER.settings, templates={"header.html": "<header>Own</header>"}
    )

    build(repository, make_catalogue(*items()), owner=own)

    tree = repository.tree(repository.head() or "")
    [page] = repository.read([tree["items/item-00/index.html"]])
    assert b"<header>Own</header>" in page


def test_a_template_that_counts_items_is_made_again(make_repository: Any) -> None:
    own = OWNER._replace(
        templates={"item.html": "{{ card.item.name }} of {{ site.cards | length }}"}
    )
    step, whole = make_repository("step"), make_repository("whole")

    build(step, make_catalogue(*items(5)), owner=own)
    build(step, make_catalogue(*items(6)), owner=own)
    build(whole, make_catalogue(*items(6)), owner=own)

    tree = step.tree(step.head() or "")
    [page] = step.read([tree["items/item-00/index.html"]])
    assert page == b"Item 00 of 6"
    assert tree_of(step) == tree_of(whole)


def test_a_site_whose_items_have_no_dates_names_no_feed(make_repository: Any) -> None:
    undated = [item.model_copy(update={"updated_at": ""}) for item in items(3)]
    repository = make_repository("one")

    build(repository, make_catalogue(*undated))

    tree = repository.tree(repository.head() or "")
    [page] = repository.read([tree["index.html"]])
    assert "rss.xml" not in tree
    assert b"rss.xml" not in page


def test_new_code_without_a_new_byte_makes_no_commit(
    make_repository: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = make_repository("one")
    build(repository, make_catalogue(*items()))
    monkeypatch.setattr(manifest, "version", lambda: "another")

    result, made = build(repository, make_catalogue(*items()))

    assert "items/item-00/index.html" in made
    assert (result.files, result.removals) == ({}, ())


def test_a_page_that_a_person_changed_is_left_alone_and_told(
    make_repository: Any,
) -> None:
    repository = make_repository("one")
    build(repository, make_catalogue(*items()))
    commit(repository, {"items/item-01/index.html": b"mine"})
    commit(repository, {}, ("items/item-02/index.html",))

    result, _ = build(repository, make_catalogue(*items()))

    assert result.left_alone == ("items/item-01/index.html", "items/item-02/index.html")
    assert result.files == {}


def test_shards_of_the_table_that_are_no_longer_needed_go(
    make_repository: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generation.repositories.state.ONE_SHARD", 40)
    repository, whole = make_repository("one"), make_repository("whole")
    build(repository, make_catalogue(*items(40)))
    monkeypatch.setattr("generation.repositories.state.ONE_SHARD", 4096)

    build(repository, make_catalogue(*items(3)))
    build(whole, make_catalogue(*items(3)))

    assert tree_of(repository) == tree_of(whole)
