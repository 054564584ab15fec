from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generation.contract.commands import RepositoryKind
from generation.contract.context import Identity
from generation.exceptions import (
    HalfPublished,
    RepositoryError,
    RepositoryMoved,
    RunRefused,
)
from generation.git import MAIN, Commit, Repository
from generation.git.command import run_git
from generation.publish import (
    KINDS,
    Change,
    Publication,
    Signature,
    forget_staged,
    has_begun,
    put_back,
    put_back_half,
    repository_path,
    take_over,
    take_up,
)
from tests.fakes import NOON, RUN_ID

SIGNATURE = Signature(Identity(name="Ada", email="ada@example.org"), RUN_ID, 1, NOON)


def repositories(root: Path) -> dict[RepositoryKind, Repository]:
    return {
        kind: Repository(
            repository_path(root, namespace="ada", slug="clocks", kind=kind)
        )
        for kind in KINDS
    }


def changes(root: Path, **files: bytes) -> dict[RepositoryKind, Change]:
    """A change of every repository; none for a kind without a file."""
    return {
        kind: Change(
            repository,
            repository.head(),
            "Wind up",
            {"a.txt": files[kind]} if kind in files else {},
            (),
        )
        for kind, repository in repositories(root).items()
    }


def publish(root: Path, **files: bytes) -> Publication:
    publication = Publication(changes(root, **files), SIGNATURE)
    publication.stage()
    publication.publish()
    return publication


def heads(root: Path) -> dict[str, str | None]:
    return {kind: repository.head() for kind, repository in repositories(root).items()}


def push(repository: Repository) -> str:
    """Somebody else commits to main."""
    commit = Commit(
        repository.head(), "By hand", "Eve", "eve@example.org", NOON, {"b": b"2"}, ()
    )
    written = repository.write(commit, ref="refs/heads/eve")
    repository.move(MAIN, new=written, old=repository.head())
    return written


def test_repositories_lie_side_by_side(tmp_path: Path) -> None:
    paths = [str(r.path.relative_to(tmp_path)) for r in repositories(tmp_path).values()]

    assert paths == [
        "ada/clocks-data.git",
        "ada/clocks.git",
        "ada/clocks-website.git",
    ]


def test_all_three_move_together(tmp_path: Path) -> None:
    publication = publish(tmp_path, data=b"1", list=b"2", website=b"3")

    planned = {kind: commit.new for kind, commit in publication.planned.items()}
    assert heads(tmp_path) == planned
    assert None not in planned.values()


def test_what_has_not_changed_gets_no_commit(tmp_path: Path) -> None:
    publish(tmp_path, data=b"1", list=b"2", website=b"3")
    before = heads(tmp_path)

    publication = publish(tmp_path, website=b"4")

    after = heads(tmp_path)
    assert publication.planned["data"].new is None
    assert (after["data"], after["list"]) == (before["data"], before["list"])
    assert after["website"] != before["website"]


def test_commits_name_their_run_in_trailers(tmp_path: Path) -> None:
    publish(tmp_path, data=b"1")

    repository = repositories(tmp_path)["data"]
    message = run_git(repository.path, "log", "-1", "--format=%B", "main").decode()
    assert message.splitlines() == [
        "Wind up",
        "",
        f"Run-Id: {RUN_ID}",
        "Attempt: 1",
        "",
    ]


def test_nothing_moves_when_somebody_was_quicker_in_the_last(tmp_path: Path) -> None:
    publish(tmp_path, data=b"1", list=b"2", website=b"3")
    before = heads(tmp_path)
    publication = Publication(
        changes(tmp_path, data=b"4", list=b"5", website=b"6"), SIGNATURE
    )
    publication.stage()
    theirs = push(repositories(tmp_path)["website"])

    with pytest.raises(RepositoryMoved):
        publication.publish()

    assert heads(tmp_path) == before | {"website": theirs}


def test_no_staged_ref_is_left_over(tmp_path: Path) -> None:
    publish(tmp_path, data=b"1", list=b"2", website=b"3")
    discarded = Publication(changes(tmp_path, data=b"4"), SIGNATURE)
    discarded.stage()

    discarded.discard()

    for repository in repositories(tmp_path).values():
        assert repository.head(SIGNATURE.ref) is None


def test_repositories_made_for_nothing_are_unmade(tmp_path: Path) -> None:
    publication = Publication(changes(tmp_path, data=b"1", list=b"2"), SIGNATURE)
    publication.stage()

    publication.discard()

    assert list(tmp_path.iterdir()) == []


def test_a_failed_stage_leaves_nothing(tmp_path: Path) -> None:
    broken = changes(tmp_path, data=b"1", list=b"2")
    unwritable = Repository(tmp_path / "file" / "x.git")
    (tmp_path / "file").write_text("in the way")
    broken["list"] = broken["list"]._replace(repository=unwritable)

    with pytest.raises(Exception, match="could not be written"):
        Publication(broken, SIGNATURE).stage()

    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def taken_over(root: Path, publication: Publication) -> bool:
    """Let another attempt finish what this one has planned."""
    found = repositories(root)
    other = SIGNATURE._replace(attempt=2)
    take_over(publication.planned, found, other)
    return take_up(publication.planned, found, other)


def staged(root: Path) -> Publication:
    publication = Publication(
        changes(root, data=b"1", list=b"2", website=b"3"), SIGNATURE
    )
    publication.stage()
    return publication


def test_an_attempt_that_wakes_too_late_moves_nothing_back(tmp_path: Path) -> None:
    late = staged(tmp_path)
    assert taken_over(tmp_path, late)
    published = heads(tmp_path)

    with pytest.raises(RunRefused):
        late.publish()

    assert heads(tmp_path) == published
    assert None not in published.values()


def test_an_attempt_that_was_taken_over_moves_nothing_more(tmp_path: Path) -> None:
    publish(tmp_path, data=b"0", list=b"0", website=b"0")
    late = staged(tmp_path)
    push(repositories(tmp_path)["list"])
    before = heads(tmp_path)
    assert not taken_over(tmp_path, late)

    with pytest.raises(RunRefused):
        late.publish()

    assert heads(tmp_path) == before


def test_what_a_late_attempt_drops_is_only_its_own(tmp_path: Path) -> None:
    late = staged(tmp_path)
    second = Publication(
        changes(tmp_path, data=b"1", list=b"2", website=b"3"),
        SIGNATURE._replace(attempt=2),
    )
    second.stage()

    late.discard()
    second.publish()

    assert None not in heads(tmp_path).values()


def test_what_cannot_be_moved_back_is_left_to_another_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, data=b"0", list=b"0", website=b"0")
    half = staged(tmp_path)
    move = Repository.move

    def full(self: Repository, ref: str, **options: Any) -> None:
        if ref == MAIN and (
            self.path.name == "clocks.git" or options["new"] != half.planned["data"].new
        ):
            raise RepositoryError("the disk is full")
        move(self, ref, **options)

    with monkeypatch.context() as disk:
        disk.setattr(Repository, "move", full)
        with pytest.raises(HalfPublished) as caught:
            half.publish()

    assert caught.value.may_pass
    assert taken_over(tmp_path, half)


def test_a_cancelled_run_is_put_back_where_nobody_has_built_on_it(
    tmp_path: Path,
) -> None:
    publish(tmp_path, data=b"0", list=b"0", website=b"0")
    half = staged(tmp_path)
    found = repositories(tmp_path)
    before = heads(tmp_path)
    data = half.planned["data"]
    found["data"].move(MAIN, new=data.new, old=data.old)
    theirs = push(found["list"])
    assert has_begun(half.planned, found)

    put_back(half.planned, found)

    assert heads(tmp_path) == before | {"list": theirs}


def test_an_attempt_that_is_taken_over_at_the_last_moment_moves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has just seen that its ref is there, and git looks once more as it moves `main`."""
    publish(tmp_path, data=b"0", list=b"0", website=b"0")
    late = staged(tmp_path)
    before = heads(tmp_path)
    update = Repository._update_refs

    def taken_over_first(self: Repository, *lines: str) -> None:
        monkeypatch.undo()
        take_over(late.planned, repositories(tmp_path), SIGNATURE._replace(attempt=2))
        update(self, *lines)

    monkeypatch.setattr(Repository, "_update_refs", taken_over_first)
    with pytest.raises(RunRefused):
        late.publish()

    assert heads(tmp_path) == before


def half_published(root: Path) -> Publication:
    """Of three new commits, those of data and list are on `main`."""
    half = staged(root)
    for kind in ("data", "list"):
        commit = half.planned[kind]
        repositories(root)[kind].move(MAIN, new=commit.new, old=commit.old)
    return half


def test_half_of_a_result_is_put_back(tmp_path: Path) -> None:
    publish(tmp_path, data=b"0", list=b"0", website=b"0")
    before = heads(tmp_path)
    half = half_published(tmp_path)

    assert put_back_half(half.planned, repositories(tmp_path))

    assert heads(tmp_path) == before


def test_repositories_that_half_of_a_result_has_made_are_unmade(tmp_path: Path) -> None:
    half = half_published(tmp_path)
    for repository in repositories(tmp_path).values():
        forget_staged(repository, RUN_ID)

    assert put_back_half(half.planned, repositories(tmp_path))

    assert not any(r.exists() for r in repositories(tmp_path).values())


@pytest.mark.parametrize("published", [(), KINDS])
def test_all_of_a_result_or_none_is_left_as_it_is(
    tmp_path: Path, published: tuple[RepositoryKind, ...]
) -> None:
    publish(tmp_path, data=b"0", list=b"0", website=b"0")
    whole = staged(tmp_path)
    for kind in published:
        commit = whole.planned[kind]
        repositories(tmp_path)[kind].move(MAIN, new=commit.new, old=commit.old)
    before = heads(tmp_path)

    assert not put_back_half(whole.planned, repositories(tmp_path))

    assert heads(tmp_path) == before


@pytest.mark.parametrize("kind", KINDS)
def test_half_of_a_result_stays_where_somebody_has_been_since(
    tmp_path: Path, kind: RepositoryKind
) -> None:
    publish(tmp_path, data=b"0", list=b"0", website=b"0")
    half = half_published(tmp_path)
    push(repositories(tmp_path)[kind])
    before = heads(tmp_path)

    assert not put_back_half(half.planned, repositories(tmp_path))

    assert heads(tmp_path) == before
