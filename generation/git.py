"""One bare repository. This is the one module that runs git.

There is no work tree and no index: blobs are read with `ls-tree` and `cat-file --batch`,
and one commit is written by `fast-import` into a ref of its own. `main` moves only by
compare-and-swap. A file's fingerprint is its blob id, which we can compute ourselves.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, NamedTuple, Protocol
from urllib.parse import urlsplit

from git import Git
from git.exc import CommandError

from generation.exceptions import (
    RepositoryError,
    RepositoryLocked,
    RepositoryMoved,
    RunRefused,
)

MAIN = "refs/heads/main"
PLAIN = "100644"
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
REF = re.compile(r"refs/[A-Za-z0-9][A-Za-z0-9._/-]{0,198}")

# What a repository may hold before it is packed: every commit of ours leaves a pack.
MOST_PACKS = 50
MOST_LOOSE = 6_700
# The git that can be told where a host is, and how long it may fetch, in seconds.
PINNING = (2, 37)
LONGEST_FETCH = 900.0
# How large the pack may be that comes from a URL, in bytes.
LARGEST_FETCH = 1 << 30
# So many names of blobs fit into any pipe: the smallest holds 4,096 bytes.
AT_ONCE = 90
# Git holds a lock for milliseconds. One of so many seconds was left by a git that was killed.
STALE = 60

# What would end a name or an address in a commit, and let the rest be read as something else.
_NOT_IN_IDENTITY = re.compile(r"[<>\x00-\x1f]")

# Our own settings, which only look like git's, and GitPython's.
_NOT_GITS = re.compile(r"GIT_ROOT|GIT_PYTHON_.*")

_CONFIG = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "protocol.allow": "never",
    "gc.auto": "0",
    "fastimport.unpackLimit": "100",
}
# To pack a file of megabytes as small as can be takes longer than all the rest of a small
# change, and `gc` does so later: this is a third of the time for a twentieth more bytes.
_OPTIONS = {"fast-import": ("-c", "pack.compression=1")}
_IMPORT = (
    "--quiet",
    "--force",
    "--date-format=raw",
    "--done",
    "--big-file-threshold=500k",
)
_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TEMPLATE_DIR": "",
    "GIT_PROTOCOL_FROM_USER": "0",
    "LC_ALL": "C",
    "GIT_CONFIG_COUNT": str(len(_CONFIG)),
    **{f"GIT_CONFIG_KEY_{n}": key for n, key in enumerate(_CONFIG)},
    **{f"GIT_CONFIG_VALUE_{n}": value for n, value in enumerate(_CONFIG.values())},
}


class Commit(NamedTuple):
    """What to write on top of `parent`: files to set and paths to remove.

    `merged` are further parents, whose files do not count.
    """

    parent: str | None
    message: str
    author: str
    email: str
    at: datetime
    files: Mapping[str, bytes]
    removals: Iterable[str]
    merged: tuple[str, ...] = ()


class Move(NamedTuple):
    """Where a ref shall point, if it is still at `old`. None stands for "no such ref"."""

    ref: str
    new: str | None
    old: str | None

    @property
    def back(self) -> Move:
        return Move(self.ref, new=self.old, old=self.new)


class Reader(Protocol):
    """What can be read like a repository: paths with ids, and contents by id."""

    def head(self, ref: str = ...) -> str | None: ...
    def tree(self, commit: str) -> dict[str, str]: ...
    def read(self, blobs: Iterable[str]) -> Iterator[bytes]: ...
    def find(self, blobs: Iterable[str]) -> Iterator[bytes | None]: ...


def version() -> tuple[int, ...]:
    """Which git there is. Raises RepositoryError where there is none."""
    _drop_inherited_variables()
    try:
        said = Git().execute(["git", "--version"], env=_ENVIRONMENT)
    except CommandError as exc:
        raise RepositoryError("there is no git command on the PATH") from exc
    numbers = re.search(r"[0-9]+(?:[.][0-9]+)+", str(said))
    return tuple(map(int, numbers[0].split("."))) if numbers else ()


def blob_id(content: bytes) -> str:
    """Compute the id that git gives to a file of this content."""
    return hashlib.sha1(
        b"blob %d\0" % len(content) + content, usedforsecurity=False
    ).hexdigest()


class Repository:
    """A bare repository at a path that we built ourselves."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def exists(self) -> bool:
        return (self.path / "HEAD").is_file()

    def create(self) -> bool:
        """Make the repository if it is not there. True when this call made it."""
        if self.exists():
            return False
        # Beside its place, so that a half-made one is never taken for a repository.
        draft = Repository(self.path.with_name(f".{self.path.name}.{os.getpid()}"))
        try:
            draft.path.mkdir(parents=True, exist_ok=True)
            draft._git("init", "--bare", "--quiet", "--initial-branch=main")
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

    def remove(self) -> None:
        """Delete the repository, and the folder of its namespace if that is empty now."""
        shutil.rmtree(self.path, ignore_errors=True)
        with suppress(OSError):
            self.path.parent.rmdir()

    def head(self, ref: str = MAIN) -> str | None:
        """Name the commit that a ref points to, or None where there is none."""
        if not self.exists():
            return None
        _check_ref(ref)
        listed = self._git("for-each-ref", "--format=%(objectname)", "--", ref)
        return listed.decode().strip() or None

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        """List the refs below a folder: name to commit."""
        if not self.exists():
            return {}
        if prefix != "refs/":
            _check_ref(prefix.rstrip("/"))
        listed = self._git("for-each-ref", "--format=%(refname) %(objectname)", prefix)
        return dict(line.split() for line in listed.decode().splitlines())

    def has(self, commit: str) -> bool:
        """Tell whether the objects hold a commit, on a branch or not."""
        try:
            self._git("cat-file", "-e", f"{commit}^{{commit}}")
        except RepositoryError:
            return False
        return True

    def parent(self, commit: str) -> str | None:
        """Name the commit that one was built on, the first of several; None for a first."""
        if not re.fullmatch(r"[0-9a-f]{40}", commit):
            raise RepositoryError(f"{commit!r} is not the id of a commit")
        line = self._git("rev-list", "--parents", "-n", "1", commit).decode().split()
        return line[1] if len(line) > 1 else None

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
        entries: dict[str, str] = {}
        listing = self._git("ls-tree", "-r", "-z", "--full-tree", commit)
        for line in listing.decode("utf-8", "surrogateescape").split("\0"):
            head, tab, path = line.partition("\t")
            if tab:
                mode, _, blob = head.split(" ")
                entries[path] = blob if mode == PLAIN else f"{blob} {mode}"
        return entries

    def tree_id(self, commit: str) -> str:
        """Name the tree of a commit: equal trees hold equal files."""
        return self._git("rev-parse", f"{commit}^{{tree}}").decode().strip()

    def read(self, blobs: Iterable[str]) -> Iterator[bytes]:
        """Read blobs, by what `tree` gives for them, in order and through one process."""
        wanted = [blob.partition(" ")[0] for blob in blobs]
        for blob, content in zip(wanted, self.find(wanted), strict=True):
            if content is None:
                raise RepositoryError(f"{self.path} has lost the object {blob}")
            yield content

    def find(self, blobs: Iterable[str]) -> Iterator[bytes | None]:
        """Read blobs that may be gone, in order; None for one that is."""
        wanted = list(blobs)
        if not wanted:
            return
        with self._process("cat-file", "--batch") as (stdin, stdout):
            # A few at a time: more names than a pipe holds would fill both and stop.
            for start in range(0, len(wanted), AT_ONCE):
                some = wanted[start : start + AT_ONCE]
                stdin.write("".join(f"{blob}\n" for blob in some).encode())
                stdin.flush()
                for _ in some:
                    header = stdout.readline().split()
                    if len(header) != 3:
                        yield None
                        continue
                    yield stdout.read(int(header[2]))
                    stdout.read(1)

    def patch(self, old: str | None, new: str, *, path: str) -> str:
        """Show what changed in one file, as git shows it. None stands for "nothing yet"."""
        shown = self._git(
            *("diff-tree", "-p", "--no-ext-diff", "--no-textconv", "--no-renames"),
            *(old or EMPTY_TREE, new, "--", f":(literal){path}"),
        )
        return shown.decode("utf-8", "replace")

    def merge_base(self, one: str, other: str) -> str | None:
        """Name the commit that both come from; None where there is none."""
        try:
            return self._git("merge-base", one, other).decode().split()[0]
        except RepositoryError:
            return None

    def contains(self, commit: str, *, branch: str = MAIN) -> bool:
        """Tell whether a branch's history holds a commit."""
        if not self.exists():
            return False
        try:
            self._git("merge-base", "--is-ancestor", commit, branch)
        except RepositoryError:
            return False
        return True

    def tidy(self) -> None:
        """Pack what lies about, once there is much of it. Not while a run writes here.

        Objects that no ref leads to stay for two weeks, should somebody want them back.
        """
        for draft in self.path.parent.glob(f".{self.path.name}.*"):
            shutil.rmtree(draft, ignore_errors=True)
        if not self.exists():
            return
        self._sweep_debris()
        self.unlock()
        packs = len(list(self.path.glob("objects/pack/*.pack")))
        loose = sum(1 for _ in self.path.glob("objects/[0-9a-f][0-9a-f]/*"))
        if packs > MOST_PACKS or loose > MOST_LOOSE:
            self._git("gc", "--quiet", "--prune=2.weeks.ago")

    def unlock(self) -> None:
        """Remove the locks that a killed git has left: they would keep everybody out."""
        for pattern in ("*.lock", "refs/**/*.lock"):
            for path in self.path.glob(pattern):
                with suppress(FileNotFoundError):
                    if time.time() - path.stat().st_mtime >= STALE:
                        path.unlink()

    def write(self, commit: Commit, *, ref: str) -> str:
        """Write one commit and point `ref` at it. Return its id.

        Nothing that anybody reads has changed until `main` is moved to it.
        """
        _check_ref(ref)
        try:
            with self._process("fast-import", *_IMPORT) as (stdin, stdout):
                for part in _fast_import_stream(commit, ref):
                    stdin.write(part)
                stdin.write(b"get-mark :1\n")
                stdin.flush()
                written = stdout.readline().decode().strip()
                stdin.write(b"done\n")
        except BaseException:
            self._sweep_debris()
            raise
        if not re.fullmatch(r"[0-9a-f]{40}", written):
            raise RepositoryError(f"git did not write a commit in {self.path}")
        return written

    def fetch_all(self, source: str | Path, *, addresses: Sequence[str] = ()) -> None:
        """Take over the history of the branch that another repository shows first.

        A URL is visited at these addresses only, without following it elsewhere and
        without a login, and may not be too large. Raises RepositoryError.
        """
        options = ["transfer.fsckObjects=true", "http.followRedirects=false"]
        # All in one pack, so that its size is that of what came.
        options += ["fetch.unpackLimit=1"]
        if isinstance(source, Path):
            ref = Repository(source).main_or_head()
            options += ["protocol.file.allow=always", f"safe.directory={source}"]
        else:
            parts = urlsplit(source)
            if version() < PINNING:
                raise RepositoryError("taking over a URL needs git 2.37 or newer")
            port = parts.port or (443 if parts.scheme == "https" else 80)
            pinned = ",".join(f"[{a}]" if ":" in a else a for a in addresses)
            options += [
                f"protocol.{parts.scheme}.allow=always",
                f"http.curloptResolve={parts.hostname}:{port}:{pinned}",
                "http.proxy=",
            ]
            ref = "HEAD"
        if ref is None:
            raise RepositoryError(f"{source} holds no commit yet")
        settings = [part for option in options for part in ("-c", option)]
        self._git(
            *settings,
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--",
            str(source),
            f"+{ref}:{MAIN}",
            seconds=LONGEST_FETCH,
            most=None if isinstance(source, Path) else LARGEST_FETCH,
        )

    def bundle(self, path: Path) -> Path | None:
        """Write branches and tags with their history into one file; None if there are none."""
        if not any(self.refs(f"refs/{kind}/") for kind in ("heads", "tags")):
            return None
        self._git("bundle", "create", "--quiet", str(path), "--branches", "--tags")
        return path

    def unbundle(self, path: Path) -> None:
        """Take over the branches and tags of a bundle. Raises RepositoryError."""
        for line in self._git("bundle", "unbundle", str(path)).decode().splitlines():
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
        lines = list(map(_update_line, moves))
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
        _check_ref(ref)
        held = self.refs(others)
        lines = [f"delete {name} {at}" for name, at in held.items() if name != ref]
        if commit and ref not in held and self.has(commit):
            lines.append(f"create {ref} {commit}")
        if lines:
            self._update_refs(*lines)

    def _update_refs(self, *lines: str) -> None:
        """Change several refs at once: all of them, or none."""
        with self._process("update-ref", "--stdin") as (stdin, _):
            stdin.write("".join(f"{line}\n" for line in lines).encode())

    def _git(
        self, *arguments: str, seconds: float | None = None, most: int | None = None
    ) -> bytes:
        """Run a git command to its end and return what it printed.

        It may take so many seconds, and write files of so many bytes at `most`.
        """
        _drop_inherited_variables()
        command = self._command(*arguments)
        try:
            output = Git(self.path).execute(
                command if most is None else [*_limited(most), *command],
                env=_ENVIRONMENT,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                kill_after_timeout=seconds,
            )
        except CommandError as exc:
            if most is not None and self._has_file_of(most):
                raise RepositoryError(
                    f"the repository is larger than {most / (1 << 20):,.0f} MiB"
                ) from exc
            named = next((a for a in arguments[::2] if a != "-c"), arguments[0])
            raise _failure(self.path, named, str(exc.stderr or exc)) from exc
        assert isinstance(output, bytes)
        return output

    def _has_file_of(self, size: int) -> bool:
        """Tell whether a file has grown until it might not grow any more."""
        files = (path for path in self.path.rglob("*") if path.is_file())
        return any(path.stat().st_size >= size - size % 512 for path in files)

    def _process(self, *arguments: str) -> _Conversation:
        _drop_inherited_variables()
        process = Git(self.path).execute(
            self._command(*arguments),
            env=_ENVIRONMENT,
            as_process=True,
            istream=subprocess.PIPE,
        )
        assert isinstance(process, Git.AutoInterrupt)
        return _Conversation(self.path, arguments[0], process)

    def _command(self, *arguments: str) -> list[str]:
        return [
            "git",
            f"--git-dir={self.path}",
            *_OPTIONS.get(arguments[0], ()),
            *arguments,
        ]

    def _sweep_debris(self) -> None:
        """Remove what an interrupted fast-import leaves: crash reports and half packs."""
        for pattern in (
            "fast_import_crash_*",
            "objects/pack/tmp_*",
            "objects/*/tmp_obj_*",
        ):
            for path in self.path.glob(pattern):
                path.unlink(missing_ok=True)


class _Conversation:
    """A git process that is spoken to over pipes; it never outlives the `with` block."""

    def __init__(self, path: Path, command: str, process: Git.AutoInterrupt) -> None:
        self._path = path
        self._command = command
        self._process = process

    def __enter__(self) -> tuple[IO[bytes], IO[bytes]]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        return stdin, stdout

    def __exit__(
        self, kind: type[BaseException] | None, exc: object, tb: object
    ) -> None:
        proc = self._process.proc
        assert proc is not None
        assert proc.stdin is not None
        assert proc.stdout is not None
        assert proc.stderr is not None
        # A broken pipe means that git has given up, and says why on its standard error.
        git_gave_up = kind is not None and issubclass(kind, BrokenPipeError)
        if kind is not None and not git_gave_up:
            proc.kill()
        with suppress(BrokenPipeError), proc.stdout, proc.stderr:
            with suppress(BrokenPipeError):
                proc.stdin.close()
            errors = proc.stderr.read().decode("utf-8", "replace")
        status = proc.wait()
        if git_gave_up or (kind is None and status):
            raise _failure(self._path, self._command, errors)


def _limited(most: int) -> list[str]:
    """Begin a command that may write files of so many bytes, by what every shell has."""
    blocks = most // 512
    return ["sh", "-c", f'ulimit -f {blocks} && exec "$@"', "sh"]


def _update_line(move: Move) -> str:
    _check_ref(move.ref)
    verb = "update" if move.new and move.old else "create" if move.new else "delete"
    return " ".join(filter(None, (verb, move.ref, move.new, move.old)))


def _fast_import_stream(commit: Commit, ref: str) -> Iterator[bytes]:
    author, email = (_NOT_IN_IDENTITY.sub("", s) for s in (commit.author, commit.email))
    stamp = f"{author} <{email}> {int(commit.at.timestamp())} +0000"
    message = commit.message.encode()
    yield (
        f"commit {ref}\nmark :1\nauthor {stamp}\ncommitter {stamp}\n"
        f"data {len(message)}\n"
    ).encode()
    yield message + b"\n"
    if commit.parent:
        yield f"from {commit.parent}\n".encode()
    for parent in commit.merged:
        yield f"merge {parent}\n".encode()
    for path in commit.removals:
        yield b"D " + _quoted(path) + b"\n"
    for path, content in commit.files.items():
        yield b"M 100644 inline " + _quoted(path) + b"\ndata %d\n" % len(content)
        yield content
        yield b"\n"


def _quoted(path: str) -> bytes:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return b'"' + escaped.encode("utf-8", "surrogateescape") + b'"'


def _check_ref(ref: str) -> None:
    """Refuse what git could read as an option or as a path out of its folder."""
    if (
        not REF.fullmatch(ref)
        or ".." in ref
        or "//" in ref
        or ref.endswith((".lock", "/"))
    ):
        raise RepositoryError(f"{ref!r} is not the name of a ref")


def _drop_inherited_variables() -> None:
    """Forget git's variables of whoever started us, such as GIT_DIR inside a hook.

    GitPython hands the process' whole environment to git, so it is cleaned there.
    """
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        if not _NOT_GITS.fullmatch(name):
            del os.environ[name]


def _failure(path: Path, command: str, errors: str) -> RepositoryError:
    if "No space left" in errors or "Disk quota" in errors or "too large" in errors:
        return RepositoryError(
            f"the disk is full: {path} could not be written. Free some space and run it "
            "again"
        )
    if ".lock': File exists" in errors:
        return RepositoryLocked(f"{path} is locked by another git")
    reason = next((line for line in errors.splitlines() if "fatal:" in line), "")
    reason = reason.partition("fatal:")[2].strip().rstrip("'") or "it gave no reason"
    return RepositoryError(f"git {command} failed in {path}: {reason}")


def _cannot_write(path: Path, exc: OSError) -> str:
    return f"{path} could not be written: {exc.strerror}"
