"""A few kilobytes in a repository stand for millions of files, or for gigabytes of one."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from generation.exceptions import RepositoryError, RepositoryTooLarge
from generation.git import LIMITS, MAIN, Limits, Repository
from generation.git.contents import _lines
from tests.generation.test_git import commit

MANY = 10
BOMB = ("-c", "core.compression=1", "fast-import", "--quiet", "--force")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "ada" / "clocks.git")
    repository.create()
    return repository


def within(repository: Repository, **limits: int) -> Repository:
    return Repository(repository.path, limits=LIMITS._replace(**limits))


def git(repository: Repository, *arguments: str, given: str = "") -> str:
    command = ["git", f"--git-dir={repository.path}", *arguments]
    made = subprocess.run(
        command, input=given.encode(), check=True, capture_output=True
    )
    return made.stdout.decode().strip()


def tree_of(repository: Repository, *lines: str) -> str:
    return git(repository, "mktree", given="".join(f"{line}\n" for line in lines))


def commit_of(repository: Repository, tree: str) -> str:
    identity = ("-c", "user.name=Eve", "-c", "user.email=eve@example.org")
    return git(repository, *identity, "commit-tree", tree, "-m", "Bomb")


def tree_bomb(repository: Repository, *, levels: int, leaf: str) -> str:
    """Make a commit whose folders hold ten times the same folder, and so on."""
    tree = leaf
    for _ in range(levels):
        tree = tree_of(
            repository, *(f"040000 tree {tree}\t{name}" for name in range(MANY))
        )
    return commit_of(repository, tree)


def blob_bomb(repository: Repository, *, mebibytes: int) -> str:
    """Make a commit with a file of zeros, which nobody has in memory at one time."""
    importing = subprocess.Popen(
        ["git", f"--git-dir={repository.path}", *BOMB],
        stdin=subprocess.PIPE,
    )
    assert importing.stdin is not None
    with importing.stdin as stdin:
        stdin.write(
            b"commit refs/heads/main\ncommitter Eve <eve@example.org> 0 +0000\n"
            b"data 4\nBomb\nM 100644 inline data/zeros.md\n"
            b"data %d\n" % (mebibytes << 20)
        )
        for _ in range(mebibytes):
            stdin.write(bytes(1 << 20))
        stdin.write(b"\n")
    assert importing.wait() == 0
    head = repository.head()
    assert head is not None
    return head


def test_a_million_files_are_not_listed(repository: Repository) -> None:
    blob = git(repository, "hash-object", "-w", "--stdin", given="x")
    files = (f"100644 blob {blob}\t{name}" for name in range(MANY))
    bomb = tree_bomb(repository, levels=5, leaf=tree_of(repository, *files))

    with pytest.raises(RepositoryTooLarge) as caught:
        repository.tree(bomb)

    assert str(caught.value) == (
        "ada/clocks.git holds more than 200,000 files and folders. Remove those that do "
        "not belong to the directory"
    )


def test_a_million_folders_that_hold_nothing_are_not_gone_through(
    repository: Repository,
) -> None:
    bomb = tree_bomb(repository, levels=6, leaf=tree_of(repository))

    with pytest.raises(RepositoryTooLarge, match="200,000 files and folders"):
        repository.tree(bomb)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"entries": 3}, "more than 3 files and folders"),
        ({"depth": 1}, r"nests folders more than 1 deep \(a/b/c…\)"),
        ({"path": 20}, r"path of more than 20 bytes \(a/long/l{12}"),
        ({"paths": 30}, "paths of more than 0 MiB together"),
    ],
)
def test_each_limit_of_a_listing_is_named(
    repository: Repository, limits: dict[str, int], reason: str
) -> None:
    written = repository.write(
        commit({"a/b/c": b"1", f"a/long/{'l' * 20}": b"2", "z": b"3"}), ref=MAIN
    )

    with pytest.raises(RepositoryTooLarge, match=reason):
        within(repository, **limits).tree(written)
    assert len(repository.tree(written)) == 3


def test_what_is_within_all_limits_is_listed_and_read(repository: Repository) -> None:
    files = {"a/b": b"1234", "c": b"12"}
    written = repository.write(commit(files), ref=MAIN)
    exact = within(
        repository, entries=3, depth=1, path=3, paths=5, blob=4, contents=6, refs=1
    )

    tree = exact.tree(written)

    assert dict(zip(tree, exact.read(tree.values()), strict=True)) == files
    assert exact.refs() == {MAIN: written}
    exact.check_limits(written)


def test_a_path_without_end_is_not_waited_for() -> None:
    """Nothing that git lists is held in memory until it ends."""

    class Endless:
        given = 0

        def read1(self, size: int) -> bytes:
            self.given += size
            return b"x" * size

    endless = Endless()

    [line] = _lines(endless, longest=1_000)  # type: ignore[arg-type]

    assert len(line) == endless.given < 1_000_000


def test_a_file_of_hundred_mebibytes_is_not_read(repository: Repository) -> None:
    bomb = blob_bomb(repository, mebibytes=100)
    [blob] = repository.tree(bomb).values()

    with pytest.raises(RepositoryTooLarge) as caught:
        list(repository.read([blob]))

    assert str(caught.value) == (
        f"ada/clocks.git holds a file of 100 MiB (git object {blob}), and 64 MiB is "
        "the most. Remove it or make it smaller"
    )
    with pytest.raises(RepositoryTooLarge, match="holds a file of 100 MiB"):
        repository.check_limits(bomb)


def test_files_that_are_read_together_are_limited_together(
    repository: Repository,
) -> None:
    written = repository.write(
        commit({f"{name}.md": b"%06d" % name for name in range(200)}), ref=MAIN
    )
    tight = within(repository, contents=1_000)
    blobs = list(tight.tree(written).values())

    with pytest.raises(RepositoryTooLarge, match="that are read together"):
        list(tight.read(blobs))
    with pytest.raises(RepositoryTooLarge, match="that are read together"):
        tight.check_limits(written)
    assert len(list(tight.read(blobs[:160]))) == 160


def test_refs_are_counted(repository: Repository) -> None:
    written = repository.write(commit({"a": b"1"}), ref=MAIN)
    for name in ("b", "c"):
        repository.move(f"refs/heads/{name}", new=written, old=None)

    with pytest.raises(RepositoryTooLarge, match="more than 2 branches, tags"):
        within(repository, refs=2).refs()


def test_a_long_patch_is_cut_off(repository: Repository) -> None:
    written = repository.write(commit({"a": b"line\n" * 10_000}), ref=MAIN)

    shown = within(repository, patch=1_000).patch(None, written, path="a")

    assert len(shown) == 1_000
    assert "+line\n" in shown


def test_a_file_that_is_too_large_to_compare_is_named_only(
    repository: Repository,
) -> None:
    files = [{"a": line * 200_000} for line in (b"one\n", b"two\n")]
    old = repository.write(commit(files[0]), ref=MAIN)
    new = repository.write(commit(files[1], parent=old), ref=MAIN)

    shown = repository.patch(old, new, path="a")

    assert shown.endswith("Binary files a/a and b/a differ\n")


def test_a_list_of_parents_without_end_is_not_read(repository: Repository) -> None:
    """A commit may have as many parents as fit into it."""
    first = repository.write(commit({"a": b"1"}), ref=MAIN)
    raw = git(repository, "cat-file", "commit", first)
    head, author, rest = raw.partition("author")
    octopus = head + f"parent {first}\n" * 3_000 + author + rest + "\n"
    made = git(
        repository, "hash-object", "-w", "-t", "commit", "--stdin", given=octopus
    )

    with pytest.raises(RepositoryTooLarge, match="git rev-list lists more than 0 MiB"):
        within(repository, printed=100_000).parent(made)


class Backend(BaseHTTPRequestHandler):
    """Git's own server."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.server.root),  # type: ignore[attr-defined]
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        answer = subprocess.run(
            ["git", "-c", "safe.directory=*", "http-backend"],
            env=environment,
            input=self.rfile.read(length),
            capture_output=True,
        ).stdout
        head, _, body = answer.partition(b"\r\n\r\n")
        self.send_response(200)
        for line in head.decode().split("\r\n"):
            name, _, value = line.partition(": ")
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def served(repository: Repository) -> Iterator[str]:
    """The address of the repository at a server that leaves out what it is asked to."""
    git(repository, "config", "uploadpack.allowFilter", "true")
    with ThreadingHTTPServer(("127.0.0.1", 0), Backend) as server:
        server.root = repository.path.parent  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{repository.path.name}"
        server.shutdown()


def copied(tmp_path: Path, url: str, limits: Limits = LIMITS) -> Repository:
    copy = Repository(tmp_path / "copies" / "data.git", limits=limits)
    copy.create()
    copy.fetch_all(url, addresses=("127.0.0.1",))
    return copy


def test_what_was_fetched_from_a_server_that_filters_is_whole(
    repository: Repository, served: str, tmp_path: Path
) -> None:
    first = repository.write(commit({"a": b"1" * 5_000}), ref=MAIN)
    last = repository.write(commit({"b": b"2"}, parent=first), ref=MAIN)
    before = (repository.path / "config").read_text()

    copy = copied(tmp_path, served)

    assert copy.head() == last
    assert dict(zip("ab", copy.read(copy.tree(last).values()), strict=True)) == {
        "a": b"1" * 5_000,
        "b": b"2",
    }
    assert git(copy, "fsck", "--full", "--strict") == ""
    # Nothing in it names a place that git would fetch from.
    assert "remote" not in (copy.path / "config").read_text()
    assert not list(copy.path.glob("objects/pack/*.promisor"))
    assert copy.bundle(tmp_path / "bundle") is not None
    assert (repository.path / "config").read_text() == before


def test_a_large_file_of_a_server_is_left_there_and_refused(
    repository: Repository, served: str, tmp_path: Path
) -> None:
    """Also one that was removed later: what is missing can be neither packed nor saved."""
    first = repository.write(commit({"a": os.urandom(300_000)}), ref=MAIN)
    repository.write(commit({"b": b"2"}, parent=first, removals=["a"]), ref=MAIN)

    with pytest.raises(RepositoryTooLarge, match="in its history"):
        copied(tmp_path, served, LIMITS._replace(blob=100_000))

    packs = (tmp_path / "copies").rglob("*.pack")
    assert sum(path.stat().st_size for path in packs) < 10_000


def test_what_is_missing_is_not_fetched_from_where_a_repository_says(
    repository: Repository, tmp_path: Path
) -> None:
    other = Repository(tmp_path / "other.git")
    other.create()
    [blob] = other.tree(other.write(commit({"a": b"1"}), ref=MAIN)).values()
    with (repository.path / "config").open("a") as config:
        config.write(
            "[core]\n\trepositoryFormatVersion = 1\n"
            "[extensions]\n\tpartialClone = elsewhere\n"
            f'[remote "elsewhere"]\n\turl = {other.path}\n\tpromisor = true\n'
        )

    with pytest.raises(RepositoryError):
        list(repository.read([blob]))

    # Where nobody forbids it git fetches, else this would show nothing.
    assert git(repository, "cat-file", "blob", blob) == "1"
