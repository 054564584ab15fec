"""A person's edit through us: list and website follow, and the next run keeps it."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from generation.contract.commands import RepositoryKind
from generation.contract.context import DirectoryContext, Identity
from generation.contract.request import GenerationRequest
from generation.exceptions import RepositoryMoved
from generation.git import Repository
from generation.git.command import run_git
from generation.publish import HANDS, Hand
from generation.repositories.data import read_data
from generation.repositories.revision import (
    Revision,
    bring_along,
    edit_item,
    stage_revision,
)
from generation.yaml import parse
from tests.fakes import DIRECTORY_ID, NOON, make_run
from tests.generation.made import first_run
from tests.generation.test_edits import HORIZONTAL, assert_silent
from tests.generation.test_orchestrator import (
    LATER,
    commit_by_hand,
    files,
    heads,
    repository,
    run,
)

EVE = Identity(name="Eve", email="eve@example.org")
CLOCKS = DirectoryContext(
    id=DIRECTORY_ID,
    namespace="ada",
    slug="clocks",
    name="Clocks",
    description="Things that tell the time.",
)
REQUEST = make_run(("list.md", "# Nothing")).context.request
NOW = f"{NOON:%Y-%m-%d %H:%M}"


def repositories(root: Path) -> dict[RepositoryKind, Repository]:
    return {kind: repository(root, kind) for kind in ("data", "list", "website")}


def revise(
    root: Path, revision: Revision, *, request: GenerationRequest = REQUEST
) -> dict[RepositoryKind, str | None]:
    found = repositories(root)
    publication, _ = stage_revision(
        revision,
        read_data(found["data"]).snapshot,
        found,
        Hand(EVE, uuid4(), NOON),
        directory=CLOCKS,
        request=request,
    )
    publication.publish()
    return {kind: planned.new for kind, planned in publication.planned.items()}


def renamed(root: Path, name: str) -> Revision:
    content = files(root)[HORIZONTAL].encode()
    edited = edit_item(content, {("name",): name}, now=NOW)
    return Revision("Rename an item", {HORIZONTAL: edited})


def test_list_and_website_follow_an_edit(tmp_path: Path) -> None:
    first_run(tmp_path)

    commits = revise(tmp_path, renamed(tmp_path, "Flat dial"))

    assert list(filter(None, commits.values())) == heads(tmp_path)
    assert "[Flat dial](" in files(tmp_path, "list")["README.md"]
    assert "Flat dial" in files(tmp_path, "website")["index.html"]


def test_an_edit_through_us_is_one_by_hand(tmp_path: Path) -> None:
    first_run(tmp_path)
    records = {p: t for p, t in files(tmp_path).items() if p.startswith(".gazetteer/")}

    revise(tmp_path, renamed(tmp_path, "Flat dial"))

    now = files(tmp_path)
    assert {path: now[path] for path in records} == records
    shown = run_git(
        repository(tmp_path).path, "log", "-1", "--format=%an %ae|%B", "main"
    )
    assert shown.decode().strip() == "Eve eve@example.org|Rename an item"


def test_the_next_run_keeps_the_edit_and_changes_nothing(tmp_path: Path) -> None:
    first_run(tmp_path)
    revise(tmp_path, renamed(tmp_path, "Flat dial"))

    assert_silent(tmp_path)

    assert "name: Flat dial" in files(tmp_path)[HORIZONTAL]


def test_an_item_that_is_removed_through_us_stays_away(tmp_path: Path) -> None:
    first_run(tmp_path)
    paths = (HORIZONTAL, HORIZONTAL.replace(".yml", ".md"))

    revise(tmp_path, Revision("Remove an item", removals=paths))
    shown = files(tmp_path, "list")["README.md"]
    run(tmp_path, clock=LATER)

    assert "Horizontal" not in shown
    assert HORIZONTAL not in files(tmp_path)


@pytest.mark.parametrize(
    "request_fields",
    [
        {},
        {"company": {"name": "Dials", "website": "https://example.org/"}},
        {"company": {"name": "Clocks"}},
        {"website": {"url": "https://example.org/list/", "accent": "#aa0000"}},
        {"website": {"domain": "clocks.example.org", "language": "ar"}},
    ],
)
def test_a_run_leaves_nothing_to_bring_along(
    tmp_path: Path, request_fields: dict[str, object]
) -> None:
    run(tmp_path, **request_fields)

    # The request that is kept may be newer than the data: the data decides.
    changes, figures = bring_along(
        repository(tmp_path),
        repositories(tmp_path),
        message="Follow",
        directory=CLOCKS.model_copy(update={"name": "Another name"}),
        request=None,
    )

    assert [c for c in changes.values() if c.files or c.removals] == []
    assert (figures.items, figures.categories) == (3, 2)


def test_a_hand_written_label_is_shown_as_the_next_run_will(tmp_path: Path) -> None:
    first_run(tmp_path)
    edited = edit_item(
        files(tmp_path)[HORIZONTAL].encode(),
        {("category",): "Garden dials", ("tags",): ["Bronze work"]},
        now=NOW,
    )

    revise(tmp_path, Revision("Sort an item", {HORIZONTAL: edited}))
    shown = files(tmp_path, "list"), files(tmp_path, "website")
    run(tmp_path, clock=LATER)

    assert (files(tmp_path, "list"), files(tmp_path, "website")) == shown
    assert "## Garden dials" in shown[0]["README.md"]


def test_what_somebody_pushed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    first_run(tmp_path)
    found = repositories(tmp_path)
    publication, _ = stage_revision(
        renamed(tmp_path, "Flat dial"),
        read_data(found["data"]).snapshot,
        found,
        Hand(EVE, uuid4(), NOON),
        directory=CLOCKS,
        request=REQUEST,
    )
    commit_by_hand(tmp_path, {"pages/about.md": "# About"})
    before = heads(tmp_path)

    with pytest.raises(RepositoryMoved):
        publication.publish()

    assert heads(tmp_path) == before
    assert all(r.refs(HANDS) == {} for r in found.values())


def test_what_is_there_already_makes_no_commit(tmp_path: Path) -> None:
    first_run(tmp_path)
    before = heads(tmp_path)
    same = Revision(
        "Nothing", {HORIZONTAL: files(tmp_path)[HORIZONTAL].encode()}, ("no/such.file",)
    )

    assert set(revise(tmp_path, same).values()) == {None}
    assert heads(tmp_path) == before


def test_the_date_moves_with_what_matters() -> None:
    content = b"name: A  # the first\nfeatured: true\nupdated_at: '2020-01-01 00:00'\n"

    unmoved = edit_item(content, {("featured",): False}, now=NOW)
    moved = edit_item(content, {("name",): "B"}, now=NOW)
    chosen = edit_item(
        content, {("name",): "B", ("updated_at",): "2021-01-01 00:00"}, now=NOW
    )

    assert parse(unmoved)["updated_at"] == "2020-01-01 00:00"
    assert moved == (b"name: B  # the first\nfeatured: true\nupdated_at: '%s'\n") % (
        NOW.encode()
    )
    assert parse(chosen)["updated_at"] == "2021-01-01 00:00"
