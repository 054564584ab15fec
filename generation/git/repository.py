"""One bare repository."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import urlsplit

from generation.exceptions import (
    RepositoryError,
    RepositoryMoved,
    RepositoryTooLarge,
    RunRefused,
)
from generation.git.command import (
    named,
    run_git,
    start_git,
    talk_to_git,
    version,
    visit_with_git,
)
from generation.git.commits import EMPTY_TREE, Commit, fast_import_stream
from generation.git.contents import blobs_of, check_sizes, entries_of
from generation.git.limits import LIMITS, Limits
from generation.git.refs import MAIN, REF, Move, check_ref, update_line

# What a repository may hold before it is packed. Beside its largest pack that is so many
# bytes on the disk, or as many as are in that pack: then packing all of it again and again
# costs no more than a few times what writing it has cost.
MOST_PACKS = 50
MOST_LOOSE = 6_700
MOST_APART = 1 << 20
# The git that keeps what nobody refers to in a pack of its own, until it is old enough to go.
CRUFT = (2, 37)
# The git that can be told where a host is.
PINNING = (2, 37)
# How long git may fetch, in seconds. A server that sends less than so many bytes a second for
# so many seconds is given up earlier.
LONGEST_FETCH = 300.0
LOWEST_SPEED = 1_000
LOWEST_SPEED_SECONDS = 30
# How large the pack may be that comes from a URL, in bytes.
LARGEST_FETCH = 1 << 30
# Git holds a lock for milliseconds. One of so many seconds was left by a git that was killed.
STALE = 60

_IMPORT = (
    "--quiet",
    "--force",
    "--date-format=raw",
    "--done",
    "--big-file-threshold=500k",
)


class Reader(Protocol):
    """What can be read like a repository: paths with ids, and contents by id."""

    def head(self, ref: str = ...) -> str | None: ...
    def tree(self, commit: str) -> dict[str, str]: ...
    def read(self, blobs: Iterable[str]) -> Iterator[bytes]: ...
    def find(self, blobs: Iterable[str]) -> Iterator[bytes | None]: ...


class Repository:
    """A bare repository at a path that we built ourselves.

    Whatever would read or write more than the limits allow raises RepositoryTooLarge.
    """

    def __init__(self, path: Path, *, limits: Limits = LIMITS) -> None:
        self.path = path
        self.limits = limits

    def exists(self) -> bool:
        return (self.path / "HEAD").is_file()

    def create(self) -> bool:
        """Make the repository if it is not there. True when this call made it."""
        if self.exists():
            return False
        # Beside its place, so that a half-made one is never taken for a repository.
        draft = Repository(self.path.with_name(f".{self.path.name}.{os.getpid()}"))
        try:
            draft._make_folder()
            with draft._writing(fcntl.LOCK_SH):
                run_git(
                    draft.path, "init", "--bare", "--quiet", "--initial-branch=main"
                )
                with suppress(FileNotFoundError):
                    self.path.rmdir()
                draft.path.rename(self.path)
        except OSError as exc:
            shutil.rmtree(draft.path, ignore_errors=True)
            if self.exists():
                return False
            raise RepositoryError(_cannot_write(self.path, exc)) from exc
        except BaseException:
            shutil.rmtree(draft.path, ignore_errors=True)
            raise
        return True

    def _make_folder(self) -> None:
        """Make the folder, also when that of the namespace, empty until now, just goes."""
        for _ in range(5):
            with suppress(FileNotFoundError):
                return self.path.mkdir(parents=True, exist_ok=True)
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.path)

    def remove(self) -> None:
        """Delete the repository, and the folder of its namespace if that is empty now."""
        shutil.rmtree(self.path, ignore_errors=True)
        with suppress(OSError):
            self.path.parent.rmdir()

    def head(self, ref: str = MAIN) -> str | None:
        """Name the commit that a ref points to, or None where there is none."""
        if not self.exists():
            return None
        check_ref(ref)
        listed = self._git("for-each-ref", "--format=%(objectname)", "--", ref)
        return listed.decode().strip() or None

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        """List the refs below a folder: name to commit."""
        if not self.exists():
            return {}
        if prefix != "refs/":
            check_ref(prefix.rstrip("/"))
        listed = self._git(
            *("for-each-ref", f"--count={self.limits.refs + 1}"),
            *("--format=%(refname) %(objectname)", prefix),
        )
        refs = dict(line.split() for line in listed.decode().splitlines())
        if len(refs) > self.limits.refs:
            raise RepositoryTooLarge(
                f"{named(self.path)} has more than {self.limits.refs:,} branches, tags "
                "and other refs. Delete those that it does not need"
            )
        return refs

    def has(self, commit: str) -> bool:
        """Tell whether the objects hold a commit, on a branch or not."""
        try:
            self._git("cat-file", "-e", f"{commit}^{{commit}}")
        except RepositoryTooLarge:
            raise
        except RepositoryError:
            return False
        return True

    def holds(self, path: str, *, ref: str = MAIN) -> bool:
        """Tell whether a branch has a file or a folder at a path."""
        check_ref(ref)
        try:
            self._git("cat-file", "-e", f"{ref}:{path}")
        except RepositoryTooLarge:
            raise
        except RepositoryError:
            return False
        return True

    def parents(self, commit: str) -> list[str]:
        """Name the commits that one was built on, in their order; none for a first."""
        if not re.fullmatch(r"[0-9a-f]{40}", commit):
            raise RepositoryError(f"{commit!r} is not the id of a commit")
        listed = self._git("rev-list", "--parents", "-n", "1", commit)
        return listed.decode().split()[1:]

    def parent(self, commit: str) -> str | None:
        """Name the commit that one was built on, the first of several; None for a first."""
        return next(iter(self.parents(commit)), None)

    def main_or_head(self) -> str | None:
        """Name `main`, or, where there is none, the branch that is checked out."""
        if self.head() is not None:
            return MAIN
        try:
            ref = self._git("symbolic-ref", "--quiet", "HEAD").decode().strip()
        except RepositoryError:
            return None
        return ref if REF.fullmatch(ref) and self.head(ref) else None

    def tree(self, commit: str) -> dict[str, str]:
        """List every entry of a commit: path to blob id, in git's order.

        What is no plain file (a link, a submodule, an executable) has its mode behind the
        id, so that it is equal to nothing that we write.
        """
        return dict(entries_of(self.path, commit, limits=self.limits))

    def check_limits(self, commit: str) -> None:
        """Raise RepositoryTooLarge if a commit holds more than is read, and name it."""
        check_sizes(self.path, commit, limits=self.limits)

    def tree_id(self, commit: str) -> str:
        """Name the tree of a commit: equal trees hold equal files."""
        return self._git("rev-parse", f"{commit}^{{tree}}").decode().strip()

    def read(self, blobs: Iterable[str]) -> Iterator[bytes]:
        """Read blobs, by what `tree` gives for them, in order and through one process."""
        wanted = [blob.partition(" ")[0] for blob in blobs]
        for blob, content in zip(wanted, self.find(wanted), strict=True):
            if content is None:
                raise RepositoryError(f"{named(self.path)} has lost the object {blob}")
            yield content

    def find(self, blobs: Iterable[str]) -> Iterator[bytes | None]:
        """Read blobs that may be gone, in order; None for one that is."""
        return blobs_of(self.path, list(blobs), limits=self.limits)

    def patch(self, old: str | None, new: str, *, path: str) -> str:
        """Show what changed in one file, as git shows it, the beginning of a long change.

        None stands for "nothing yet".
        """
        shown = run_git(
            self.path,
            *("diff-tree", "-p", "--no-ext-diff", "--no-textconv", "--no-renames"),
            *(old or EMPTY_TREE, new, "--", f":(literal){path}"),
            limits=self.limits._replace(
                printed=self.limits.patch, processor=self.limits.patch_processor
            ),
            is_cut=True,
        )
        return shown.decode("utf-8", "replace")

    def merge_base(self, one: str, other: str) -> str | None:
        """Name the commit that both come from; None where there is none."""
        try:
            return self._git("merge-base", one, other).decode().split()[0]
        except RepositoryTooLarge:
            raise
        except RepositoryError:
            return None

    def contains(self, commit: str, *, branch: str = MAIN) -> bool:
        """Tell whether a branch's history holds a commit."""
        if not self.exists():
            return False
        try:
            self._git("merge-base", "--is-ancestor", commit, branch)
        except RepositoryTooLarge:
            raise
        except RepositoryError:
            return False
        return True

    def tidy(self) -> None:
        """Pack what lies about, once there is much of it. Not while a run writes here.

        Objects that no ref leads to stay for two weeks, should somebody want them back.
        """
        for path in self.path.parent.glob(f".{self.path.name}.*"):
            alone = Repository(path)._writing(fcntl.LOCK_EX | fcntl.LOCK_NB)
            with suppress(BlockingIOError, RepositoryError), alone:
                shutil.rmtree(path, ignore_errors=True)
        if not self.exists():
            return
        self._sweep_debris()
        self.unlock()
        if self._is_scattered():
            self._git(*_gc(), is_bounded=False)

    def tidy_in_background(self) -> None:
        """Begin to pack what lies about, once there is much of it, and do not wait.

        Others may read and write meanwhile. It goes on when this process ends.
        """
        if self.exists() and self._is_scattered():
            with self._writing(fcntl.LOCK_SH) as folder:
                # The lock goes along, so that what git writes is not taken for debris.
                start_git(self.path, *_gc(), keeping_open=folder)

    def _is_scattered(self) -> bool:
        """Tell whether there is so much beside the largest pack that packing is worth it."""
        packs: dict[str, int] = defaultdict(int)
        unreferred: set[str] = set()
        loose = apart = 0
        for path in _files(self.path / "objects"):
            size = _size_on_disk(path)
            if path.parent.name == "pack":
                packs[path.stem] += size
                # Where packing leaves what nobody refers to, which is not packed better again.
                if path.suffix == ".mtimes":
                    unreferred.add(path.stem)
            else:
                apart += size
                loose += len(path.parent.name) == 2
        sizes = sorted(packs[name] for name in packs.keys() - unreferred)
        largest = sizes.pop() if sizes else 0
        return (
            len(sizes) >= MOST_PACKS
            or loose > MOST_LOOSE
            or apart + sum(sizes) > max(MOST_APART, largest)
        )

    def unlock(self) -> None:
        """Remove the locks that a killed git has left: they would keep everybody out."""
        for path in _files(self.path, "refs"):
            if path.suffix == ".lock" and _age(path) >= STALE:
                path.unlink(missing_ok=True)

    def write(self, commit: Commit, *, ref: str) -> str:
        """Write one commit and point `ref` at it. Return its id.

        Nothing that anybody reads has changed until `main` is moved to it.
        """
        check_ref(ref)
        try:
            with (
                self._writing(fcntl.LOCK_SH),
                self._talk("fast-import", *_IMPORT) as (stdin, stdout),
            ):
                for part in fast_import_stream(commit, ref):
                    stdin.write(part)
                stdin.write(b"get-mark :1\n")
                stdin.flush()
                written = stdout.readline().decode().strip()
                stdin.write(b"done\n")
        except BaseException:
            self._sweep_debris()
            raise
        if not re.fullmatch(r"[0-9a-f]{40}", written):
            raise RepositoryError(f"git did not write a commit in {named(self.path)}")
        return written

    def fetch_all(
        self,
        source: str | Path,
        *,
        addresses: Sequence[str] = (),
        seconds: float = LONGEST_FETCH,
    ) -> None:
        """Take over the history of the branch that another repository shows first.

        A URL is in ASCII. It is visited at these addresses only, without following it
        elsewhere and without a login, for so many seconds at most, and may not be too
        large. Raises RepositoryError.
        """
        options = ["transfer.fsckObjects=true", "http.followRedirects=false"]
        # All in one pack, so that its size is that of what came.
        options += ["fetch.unpackLimit=1"]
        filters: tuple[str, ...] = ()
        if isinstance(source, Path):
            ref = Repository(source).main_or_head()
            options += ["protocol.file.allow=always", f"safe.directory={source}"]
        else:
            options += _options_of_visit(source, addresses)
            # A server that can leaves out what would be refused in any case.
            filters = (f"--filter=blob:limit={self.limits.blob + 1}",)
            ref = "HEAD"
        if ref is None:
            raise RepositoryError(f"{source} holds no commit yet")
        settings = [part for option in options for part in ("-c", option)]
        # Git writes down there whom to ask for what a filter has left out.
        config = self.path / "config"
        before = config.read_bytes()
        visit_with_git(
            self.path,
            *settings,
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            *filters,
            "--",
            str(source),
            f"+{ref}:{MAIN}",
            command="fetch",
            seconds=seconds,
            most=LARGEST_FETCH,
            limits=self.limits,
        )
        if filters:
            config.write_bytes(before)
            self._forget_filter(source)

    def _forget_filter(self, source: str | Path) -> None:
        """Make a plain repository of one that was fetched with a filter.

        Git can neither pack nor bundle a history with gaps. Raises RepositoryTooLarge where
        there is one.
        """
        with self._talk(
            *("rev-list", "--objects", "--missing=print", "--no-object-names", MAIN)
        ) as (_, stdout):
            for line in stdout:
                if line.startswith(b"?"):
                    raise RepositoryTooLarge(
                        f"{source} holds a file of more than {self.limits.blob >> 20} MiB "
                        "in its history. Remove it, or adopt a copy without it"
                    )
        for marker in self.path.glob("objects/pack/*.promisor"):
            marker.unlink()

    def bundle(self, path: Path) -> Path | None:
        """Write branches and tags with their history into one file; None if there are none."""
        if not any(self.refs(f"refs/{kind}/") for kind in ("heads", "tags")):
            return None
        self._git(
            *("bundle", "create", "--quiet", str(path), "--branches", "--tags"),
            is_bounded=False,
        )
        return path

    def unbundle(self, path: Path) -> None:
        """Take over the branches and tags of a bundle. Raises RepositoryError."""
        # A backup is the operator's own, and may be of any size.
        listed = self._git("bundle", "unbundle", str(path), is_bounded=False)
        for line in listed.decode().splitlines():
            commit, ref = line.split()
            if ref != "HEAD":
                self.move(ref, new=commit, old=None)

    def move(
        self,
        ref: str,
        *,
        new: str | None,
        old: str | None,
        holding: str | None = None,
        also: Iterable[Move] = (),
    ) -> None:
        """Point a ref elsewhere if it is still at `old`. None stands for "no such ref".

        Raises RepositoryMoved when somebody else was quicker. `holding` is a ref that has
        to be there at that moment, else RunRefused: whoever deletes it keeps us from moving.
        With `also`, all of the refs move or none.
        """
        moves = [Move(ref, new, old), *also]
        lines = list(map(update_line, moves))
        if holding and (held := self.head(holding)):
            lines.append(f"verify {holding} {held}")
        elif holding:
            raise RunRefused(f"another attempt has taken over in {self.path.name}")
        try:
            self._update_refs(*lines)
        except RepositoryError as exc:
            if holding and self.head(holding) is None:
                raise RunRefused(
                    f"another attempt has taken over in {self.path.name}"
                ) from exc
            if any(self.head(move.ref) != move.old for move in moves):
                raise RepositoryMoved(
                    f"{self.path.name} was changed by somebody else during this run; "
                    "run it again"
                ) from exc
            raise

    def take_ref(self, ref: str, *, commit: str | None, others: str) -> None:
        """Drop all other refs below a folder, and hold `commit` by `ref`, in one step.

        Whoever holds one of the others (see `move`) does so no longer after this.
        """
        check_ref(ref)
        held = self.refs(others)
        lines = [f"delete {name} {at}" for name, at in held.items() if name != ref]
        if commit and ref not in held and self.has(commit):
            lines.append(f"create {ref} {commit}")
        if lines:
            self._update_refs(*lines)

    def _update_refs(self, *lines: str) -> None:
        """Change several refs at once: all of them, or none."""
        with self._talk("update-ref", "--stdin") as (stdin, _):
            stdin.write("".join(f"{line}\n" for line in lines).encode())

    def _sweep_debris(self) -> None:
        """Remove what an interrupted fast-import leaves: crash reports and half packs.

        While another one writes, that is left to whoever comes next.
        """
        with suppress(BlockingIOError), self._writing(fcntl.LOCK_EX | fcntl.LOCK_NB):
            for path in _files(self.path, "objects"):
                if path.name.startswith(("fast_import_crash_", "tmp_")):
                    path.unlink(missing_ok=True)

    def _git(self, *arguments: str, is_bounded: bool = True) -> bytes:
        return run_git(self.path, *arguments, limits=self.limits, is_bounded=is_bounded)

    def _talk(
        self, *arguments: str
    ) -> AbstractContextManager[tuple[IO[bytes], IO[bytes]]]:
        return talk_to_git(self.path, *arguments, limits=self.limits)

    @contextmanager
    def _writing(self, how: int) -> Iterator[int]:
        """Hold a lock that writers share. The kernel takes it back from those who die.

        What is yielded is the descriptor that holds it.
        """
        try:
            folder = os.open(self.path, os.O_RDONLY)
        except OSError as exc:
            raise RepositoryError(f"there is no repository {named(self.path)}") from exc
        try:
            fcntl.flock(folder, how)
            yield folder
        finally:
            os.close(folder)


def _options_of_visit(url: str, addresses: Sequence[str]) -> list[str]:
    """Let git visit a URL at these addresses, and no other by any way."""
    parts = urlsplit(url)
    if version() < PINNING:
        raise RepositoryError("taking over a URL needs git 2.37 or newer")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    pinned = ",".join(f"[{a}]" if ":" in a else a for a in addresses)
    return [
        f"protocol.{parts.scheme}.allow=always",
        f"http.curloptResolve={parts.hostname}:{port}:{pinned}",
        "http.proxy=",
        f"http.lowSpeedLimit={LOWEST_SPEED}",
        f"http.lowSpeedTime={LOWEST_SPEED_SECONDS}",
    ]


def _files(root: Path, *folders: str) -> Iterator[Path]:
    """List the files in a folder and below some of its folders, or below all of them.

    Others may change it meanwhile: what has gone is left out.
    """
    for path, names, files in os.walk(root):
        if folders and path == str(root):
            names[:] = folders
        for name in files:
            yield Path(path, name)


def _gc() -> tuple[str, ...]:
    cruft = ("--cruft",) if version() >= CRUFT else ()
    return ("gc", "--quiet", "--prune=2.weeks.ago", *cruft)


def _size_on_disk(path: Path) -> int:
    """Say what room a file takes, which is a whole block for the smallest; 0 for none."""
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0


def _age(path: Path) -> float:
    """Say how old a file is, in seconds; 0 for one that has gone."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0


def _cannot_write(path: Path, exc: OSError) -> str:
    return f"{named(path)} could not be written: {exc.strerror}"
