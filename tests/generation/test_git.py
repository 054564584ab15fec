from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from generation.exceptions import RepositoryError, RepositoryLocked, RepositoryMoved
from generation.git import MAIN, Commit, Repository, blob_id, version
from generation.git.command import start_git
from generation.git.commits import fast_import_stream
from generation.git.repository import CRUFT
from tests.fakes import NOON

REF = "refs/gazetteer/run/1"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "ada" / "clocks.git")
    repository.create()
    return repository


def commit(
    files: Mapping[str, bytes],
    *,
    parent: str | None = None,
    removals: Iterable[str] = (),
    author: str = "Ada",
    message: str = "Wind up",
) -> Commit:
    return Commit(parent, message, author, "ada@example.org", NOON, files, removals)


def git(repository: Repository, *arguments: str) -> str:
    command = ["git", f"--git-dir={repository.path}", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_what_is_written_is_read_again(repository: Repository) -> None:
    files = {"a.txt": b"one\n", 'b/"ö" \\ c.txt': b"", "d/e/f.bin": bytes(range(256))}

    written = repository.write(commit(files), ref=REF)

    tree = repository.tree(written)
    assert dict(zip(tree, repository.read(tree.values()), strict=True)) == files


def test_blob_ids_are_those_of_git(repository: Repository) -> None:
    written = repository.write(commit({"a": b"one\n", "b": b""}), ref=REF)

    assert repository.tree(written) == {"a": blob_id(b"one\n"), "b": blob_id(b"")}


def test_a_commit_adds_to_its_parent_and_removes_from_it(
    repository: Repository,
) -> None:
    first = repository.write(commit({"a": b"1", "b": b"2"}), ref=REF)

    second = repository.write(
        commit({"c": b"3"}, parent=first, removals=["a"]), ref=REF
    )

    assert list(repository.tree(second)) == ["b", "c"]
    assert (
        git(repository, "log", "--format=%an %ae %ct %s", second).splitlines()
        == [f"Ada ada@example.org {int(NOON.timestamp())} Wind up"] * 2
    )


def test_main_does_not_move_when_a_commit_is_written(repository: Repository) -> None:
    repository.write(commit({"a": b"1"}), ref=REF)

    assert repository.head() is None


def test_a_branch_moves_only_from_where_we_saw_it(repository: Repository) -> None:
    first = repository.write(commit({"a": b"1"}), ref=REF)
    second = repository.write(commit({"a": b"2"}, parent=first), ref=REF)
    repository.move(MAIN, new=second, old=None)

    with pytest.raises(RepositoryMoved, match="run it again"):
        repository.move(MAIN, new=first, old=first)

    assert repository.head() == second


def test_a_ref_is_dropped(repository: Repository) -> None:
    written = repository.write(commit({"a": b"1"}), ref=REF)

    repository.move(REF, new=None, old=written)

    assert repository.head(REF) is None


def test_a_name_cannot_break_out_of_its_line(repository: Repository) -> None:
    hostile = "Ada <root@example.org> 0 +0000\ncommitter Eve"

    written = repository.write(commit({"a": b"1"}, author=hostile), ref=REF)

    shown = git(repository, "log", "--format=%an|%cn", written).strip()
    assert shown == "|".join(["Ada root@example.org 0 +0000committer Eve"] * 2)


@pytest.mark.parametrize(
    "ref",
    ["--upload-pack=x", "refs/../x", "main", "refs/heads/a.lock", "refs/heads//a", ""],
)
def test_what_is_no_ref_is_refused(repository: Repository, ref: str) -> None:
    with pytest.raises(RepositoryError, match="is not the name of a ref"):
        repository.head(ref)


def test_a_planted_hook_does_not_run(repository: Repository, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    hooks = repository.path / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("reference-transaction", "post-update", "pre-receive"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {marker}\n")
        (hooks / name).chmod(0o755)

    written = repository.write(commit({"a": b"1"}), ref=REF)
    repository.move(MAIN, new=written, old=None)

    assert not marker.exists()


def test_variables_of_an_outer_git_are_not_obeyed(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "elsewhere"))

    written = repository.write(commit({"a": b"1"}), ref=REF)

    assert not (tmp_path / "elsewhere").exists()
    monkeypatch.delenv("GIT_OBJECT_DIRECTORY")
    assert git(repository, "cat-file", "-t", written).strip() == "commit"


def test_a_full_disk_leaves_no_debris(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file-size limit stands in for the disk: git fails in the midst of its pack."""
    before = {path for path in repository.path.rglob("*") if path.is_file()}
    limited = repository.path.parent / "git"
    limited.write_text(f'#!/bin/sh\nulimit -f 8\nexec {shutil.which("git")} "$@"\n')
    limited.chmod(0o755)
    monkeypatch.setenv("PATH", f"{limited.parent}:{os.environ['PATH']}")

    with pytest.raises(RepositoryError, match=r"disk is full: ada/clocks\.git"):
        repository.write(commit({"a": os.urandom(500_000)}), ref=REF)

    assert {path for path in repository.path.rglob("*") if path.is_file()} == before


def test_a_missing_object_is_an_error_and_not_a_hang(repository: Repository) -> None:
    with pytest.raises(RepositoryError, match="has lost the object"):
        list(repository.read(["0" * 40]))


def test_many_and_large_files_are_read_in_order(repository: Repository) -> None:
    """More names than a pipe takes, and files that git does not compare with others."""
    files = {f"{at:03}.txt": f"{at}\n".encode() for at in range(400)}
    files["large.txt"] = b"x" * 600_000
    written = repository.write(commit(files), ref=REF)
    tree = repository.tree(written)
    wanted = [*tree.values(), "0" * 40]

    *found, lost = repository.find(wanted)

    assert dict(zip(tree, found, strict=True)) == files
    assert lost is None


def test_reading_can_be_given_up_half_way(repository: Repository) -> None:
    written = repository.write(commit({"a": b"1", "b": b"2"}), ref=REF)

    contents = repository.read(repository.tree(written).values())
    first = next(contents)
    contents.close()  # type: ignore[attr-defined]

    assert first == b"1"


def test_history_is_searched_for_a_commit(repository: Repository) -> None:
    first = repository.write(commit({"a": b"1"}), ref=REF)
    second = repository.write(commit({"a": b"2"}, parent=first), ref=REF)
    repository.move(MAIN, new=first, old=None)

    assert repository.contains(first)
    assert not repository.contains(second)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(RepositoryError, match="could not be written"):
        Repository(tmp_path / "file" / "x.git").create()


def test_a_half_made_repository_is_cleared_away(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "clocks.git")
    draft = tmp_path / ".clocks.git.4711"
    (draft / "objects").mkdir(parents=True)
    # One that another process is about to make, and one of another repository.
    left = {".clocks.git.4712", ".other.git.4711"}
    for name in left:
        (tmp_path / name).mkdir()
    theirs = os.open(tmp_path / ".clocks.git.4712", os.O_RDONLY)
    fcntl.flock(theirs, fcntl.LOCK_SH)

    repository.tidy()

    os.close(theirs)
    assert {path.name for path in tmp_path.iterdir()} == left


def test_who_tidies_up_leaves_what_another_one_writes(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stream(wanted: Commit, ref: str) -> Iterator[bytes]:
        *parts, last = fast_import_stream(wanted, ref)
        yield from parts
        # More than git holds back: by now there is half a pack.
        halves.extend(repository.path.glob("objects/pack/tmp_*"))
        repository.tidy()
        yield last

    halves: list[Path] = []
    monkeypatch.setattr("generation.git.repository.fast_import_stream", stream)

    written = repository.write(
        commit({str(at): os.urandom(1_000) for at in range(300)}), ref=REF
    )

    assert halves
    assert len(repository.tree(written)) == 300


def test_half_a_pack_of_a_git_that_was_killed_is_cleared_away(
    repository: Repository,
) -> None:
    half = repository.path / "objects" / "pack" / "tmp_pack_x"
    half.parent.mkdir(exist_ok=True)
    half.touch()

    repository.tidy()

    assert not half.exists()


def on_disk(repository: Repository) -> int:
    files = [path for path in repository.path.rglob("*") if path.is_file()]
    return sum(path.stat().st_blocks * 512 for path in files)


def sixty(number: int) -> dict[str, bytes]:
    """Files that take a block of the disk each, and next to nothing in a pack."""
    return {f"{number}/{at:02}": b"%d of %d\n" % (at, number) for at in range(60)}


def wait_for_gc(repository: Repository) -> None:
    until = time.monotonic() + 60
    while True:
        with (
            suppress(BlockingIOError),
            repository._writing(fcntl.LOCK_EX | fcntl.LOCK_NB),
        ):
            return
        assert time.monotonic() < until
        time.sleep(0.02)


def test_many_small_commits_are_packed_by_the_room_that_they_take(
    repository: Repository,
) -> None:
    head = None
    for number in range(8):
        head = repository.write(commit(sixty(number), parent=head), ref=REF)
        repository.tidy_in_background()
        wait_for_gc(repository)

    # Each commit has 60 files, two trees and itself: 2 MB in blocks of 4 KiB.
    assert on_disk(repository) < 1_500_000
    assert len(repository.tree(REF)) == 480
    assert git(repository, "fsck", "--full") == ""


def test_little_is_left_as_it_is(repository: Repository) -> None:
    repository.write(commit(sixty(1)), ref=REF)

    repository.tidy_in_background()

    wait_for_gc(repository)
    assert not list(repository.path.glob("objects/pack/*.pack"))


def test_what_nobody_refers_to_is_packed_once(repository: Repository) -> None:
    """It stays for two weeks, and would be loose for as long, and packed at every edit."""
    if version() < CRUFT:
        pytest.skip("this git cannot pack what nobody refers to")
    for number in range(8):
        left = repository.write(commit(sixty(number)), ref=f"{REF}{number}")
        repository.move(f"{REF}{number}", new=None, old=left)
    assert repository._is_scattered()

    repository.tidy()

    assert repository.has(left)
    assert not repository._is_scattered()


def test_who_packs_in_the_background_is_not_swept_away(repository: Repository) -> None:
    with repository._writing(fcntl.LOCK_SH) as held:
        start_git(
            repository.path, "-c", "alias.wait=!sleep 1", "wait", keeping_open=held
        )

    exclusive = fcntl.LOCK_EX | fcntl.LOCK_NB
    with pytest.raises(BlockingIOError), repository._writing(exclusive):
        pass
    wait_for_gc(repository)


def test_refs_that_go_away_do_not_disturb_who_tidies_up(repository: Repository) -> None:
    over = threading.Event()

    def come_and_go() -> None:
        folder = repository.path / "refs" / "gazetteer" / "hand"
        while not over.is_set():
            folder.mkdir(parents=True)
            folder.rmdir()
            folder.parent.rmdir()

    others = threading.Thread(target=come_and_go)
    others.start()
    try:
        for _ in range(500):
            repository.unlock()
    finally:
        over.set()
        others.join()


def test_a_lock_that_a_killed_git_has_left_is_removed_once_it_is_old(
    repository: Repository,
) -> None:
    written = repository.write(commit({"a": b"1"}), ref=REF)
    lock = repository.path / "refs" / "heads" / "main.lock"
    lock.parent.mkdir(exist_ok=True)
    lock.touch()

    repository.unlock()
    with pytest.raises(RepositoryLocked) as caught:
        repository.move(MAIN, new=written, old=None)
    long_ago = lock.stat().st_mtime - caught.value.retry_after
    os.utime(lock, (long_ago, long_ago))
    repository.unlock()
    repository.move(MAIN, new=written, old=None)

    assert caught.value.may_pass
    assert repository.head() == written
