"""Running git: in an environment that begins empty, within bounds, and with an end to waiting.

What strangers put into a repository decides how long git works on it and how much memory
that takes. So each git has a limit of its processor time and of its memory, and what it
prints is read up to a limit. Commands that only read and write here stay in the process
group of their caller: who kills a run with its group kills them, too, before they could
write once more. A command that visits somebody's server starts helpers and waits for the
server, so it leads a session of its own, which can be killed as a whole.
"""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import threading
from _thread import start_new_thread
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

from generation.exceptions import RepositoryError, RepositoryLocked, RepositoryTooLarge
from generation.git.limits import LIMITS, Limits

_CONFIG = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    # A pack is mapped piece by piece: a run has a limit of its address space, and so has git.
    "core.packedGitWindowSize": "32m",
    "core.packedGitLimit": "128m",
    # Larger files are neither held in memory nor compared: an item's text is far smaller.
    "core.bigFileThreshold": "16m",
    "protocol.allow": "never",
    "gc.auto": "0",
    "fastimport.unpackLimit": "100",
    # Else each thread of `gc` may hold as much as ten large files.
    "pack.windowMemory": "256m",
}
_OPTIONS = {
    # To pack a file of megabytes as small as can be takes longer than all the rest of a small
    # change, and `gc` does so later: this is a third of the time for a twentieth more bytes.
    "fast-import": ("-c", "pack.compression=1"),
    # To compare two files of 1 MiB, of the same lines in another order, takes five seconds.
    "diff-tree": ("-c", "core.bigFileThreshold=512k"),
}
# Started by a shell that exits at once: a direct child would stay a zombie until we wait for it.
_IN_BACKGROUND = ("sh", "-c", 'nice -n 10 "$@" >/dev/null 2>&1 &', "sh")
# What git is started with for a visit. The other end of the pipe is held by us alone: when we
# are killed the pipe ends, and the watcher kills the whole session. A limit that cannot be set
# is there already, and a lower one. `ulimit` counts blocks of 512 bytes, and KiB.
_WATCHED = """\
exec 3<&0 </dev/null
(read -r _; kill -s KILL 0) <&3 3<&- >/dev/null 2>&1 &
exec 3<&-
ulimit -f "$1" 2>/dev/null
ulimit -d "$2" 2>/dev/null
ulimit -t "$3" 2>/dev/null
shift 3
exec "$@"
"""
# Nobody's home: git and its helpers look there for passwords (`.netrc`), keys and settings.
_HOME = "/nonexistent"
_ENVIRONMENT = {
    "HOME": _HOME,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TEMPLATE_DIR": "",
    "GIT_PROTOCOL_FROM_USER": "0",
    # What is not here is missing, and not fetched from wherever a repository names.
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
    "GIT_CONFIG_COUNT": str(len(_CONFIG)),
    **{f"GIT_CONFIG_KEY_{n}": key for n, key in enumerate(_CONFIG)},
    **{f"GIT_CONFIG_VALUE_{n}": value for n, value in enumerate(_CONFIG.values())},
}
# Of what git complains about so much is kept. A stranger's server may say more.
_MOST_COMPLAINTS = 1 << 16
# Of a reason so many characters are shown: an address may stand in it, of 2,000 at most.
_LONGEST_REASON = 2_500
# After its end, so many seconds until what it has started has closed its standard error.
_LAST_WORDS = 2.0
# As git and the C library say it: a full disk, a quota, and a limit of the size of files. A
# reader or a server that went away is a write error as well, and so is a folder of others.
_DISK_FULL = re.compile(
    r"no space left|disk ?space|quota exceeded|too large|write error"
    r"|(?:unable|failed) to (?:write|append|flush|deflate)|could(?: not|n't) write"
    r"|cannot (?:write|store pack)|error writing|short write",
    re.IGNORECASE,
)
_NOT_THE_DISK = re.compile(
    r"broken pipe|connection reset|permission|read-only file system|not permitted",
    re.IGNORECASE,
)
_OUT_OF_MEMORY = re.compile(
    r"out of memory|mmap failed|cannot be mapped|Cannot allocate memory", re.I
)


def named(path: Path) -> str:
    """Name a repository as its owner knows it: its folder and itself, not where they lie.

    In a hidden folder lies a copy, which nobody knows by its name.
    """
    folder = path.parent.name
    return "the copy" if folder.startswith(".") else f"{folder}/{path.name}"


def version() -> tuple[int, ...]:
    """Which git there is. Raises RepositoryError where there is none."""
    with _running(None, ["git", "--version"]) as running:
        output = running.process.stdout
        assert output is not None
        said = output.read(1_000).decode("utf-8", "replace")
    numbers = re.search(r"[0-9]+(?:[.][0-9]+)+", said)
    return tuple(map(int, numbers[0].split("."))) if numbers else ()


def run_git(
    path: Path,
    *arguments: str,
    limits: Limits = LIMITS,
    is_bounded: bool = True,
    is_cut: bool = False,
) -> bytes:
    """Run a git command in a repository to its end and return what it printed.

    One that is not bounded may work as long as it needs. What is printed beyond the limit is
    cut off where that is wanted, and an error elsewhere. Raises RepositoryError.
    """
    command = _command(path, arguments)
    with _running(path, command, limits=limits if is_bounded else None) as running:
        output = running.process.stdout
        assert output is not None
        printed = _read(output, limits.printed + 1)
        if len(printed) > limits.printed:
            if is_cut:
                return printed[: limits.printed]
            raise RepositoryTooLarge(
                f"git {arguments[0]} lists more than {_mib(limits.printed)} of "
                f"{named(path)}. Remove refs, files or history that it does not need"
            )
        running.finish(path, arguments[0])
    return printed


def visit_with_git(
    path: Path,
    *arguments: str,
    command: str,
    seconds: float,
    most: int,
    limits: Limits = LIMITS,
) -> None:
    """Run a git command that talks to another repository, which may be a stranger's server.

    After so many seconds it is killed, with all that it has started; files may have so many
    bytes at `most`. Raises RepositoryError.
    """
    started = [
        *("sh", "-c", _WATCHED, "sh"),
        *(str(most // 512), str(limits.visit_memory >> 10), str(limits.processor)),
        *_command(path, arguments),
    ]
    with _running(path, started, stdin=subprocess.PIPE, is_leader=True) as running:
        try:
            running.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired as exc:
            raise RepositoryError(
                f"git {command} took longer than {seconds:g} seconds; try again later"
            ) from exc
        try:
            running.finish(path, command)
        except RepositoryError as exc:
            if _has_file_of(path, most):
                raise RepositoryTooLarge(
                    f"the repository is larger than {_mib(most)}"
                ) from exc
            raise


def start_git(path: Path, *arguments: str, keeping_open: int) -> None:
    """Start a git command that is not waited for: it yields to others, and survives us.

    The descriptor stays open in it. What becomes of it is not reported.
    """
    with _running(
        path,
        [*_IN_BACKGROUND, *_command(path, arguments)],
        pass_fds=(keeping_open,),
        is_detached=True,
    ) as running:
        running.finish(path, arguments[0])


@contextmanager
def talk_to_git(
    path: Path, *arguments: str, limits: Limits = LIMITS
) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Lend the pipes to a git command in a repository; it never outlives the block.

    Raises RepositoryError at its end, with what git said, where git has failed.
    """
    command = _command(path, arguments)
    with _running(path, command, stdin=subprocess.PIPE, limits=limits) as running:
        stdin, stdout = running.process.stdin, running.process.stdout
        assert stdin is not None
        assert stdout is not None
        has_given_up = False
        try:
            yield stdin, stdout
        except BrokenPipeError:
            # Git has given up, and says why on its standard error.
            has_given_up = True
            stdout.close()
        with suppress(BrokenPipeError):
            stdin.close()
        running.finish(path, arguments[0], has_given_up=has_given_up)


class _Running(NamedTuple):
    process: subprocess.Popen[bytes]
    complaints: _Complaints

    def finish(self, path: Path, command: str, *, has_given_up: bool = False) -> None:
        """Wait until git is over. Raises RepositoryError if it has failed."""
        status = self.process.wait()
        if status or has_given_up:
            raise _failure(path, command, self.complaints.text(), status)


class _Complaints:
    """What a process writes to its standard error, read all the time.

    If nobody read, a process with much to complain about would wait for us, and we for it.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._kept = b""
        self._is_over = threading.Event()
        # A `threading.Thread` is waited for until it has begun, and that is for ever where
        # it has no memory to begin with: runs and visits have a limit of theirs.
        start_new_thread(self._listen, ())

    def text(self) -> str:
        self._is_over.wait(_LAST_WORDS)
        return self._kept.decode("utf-8", "replace")

    def _listen(self) -> None:
        try:
            while part := os.read(self._stream.fileno(), 1 << 16):
                self._kept += part[: _MOST_COMPLAINTS - len(self._kept)]
        finally:
            self._stream.close()
            self._is_over.set()


@contextmanager
def _running(
    path: Path | None,
    command: Sequence[str],
    *,
    stdin: int = subprocess.DEVNULL,
    pass_fds: tuple[int, ...] = (),
    limits: Limits | None = None,
    is_leader: bool = False,
    is_detached: bool = False,
) -> Iterator[_Running]:
    """Start a process; it never outlives the block, and as a leader nothing of its session.

    Nothing runs between fork and exec: the web side has threads. So limits are set from
    outside, as soon as the process is there. Raises RepositoryError.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 (no shell reads what is ours to say)
            command,
            cwd=path,
            env=_ENVIRONMENT | {"PATH": os.environ.get("PATH", os.defpath)},
            stdin=stdin,
            # Nobody reads what a leader prints, and nobody lets it wait for that.
            stdout=subprocess.DEVNULL if is_leader else subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=pass_fds,
            start_new_session=is_leader or is_detached,
        )
    except OSError as exc:
        raise _cannot_start(path, exc) from exc
    assert process.stderr is not None
    try:
        complaints = _Complaints(process.stderr)
        if limits is not None:
            _limit(process.pid, limits)
        yield _Running(process, complaints)
    finally:
        # Its number is its own, and that of its group, as long as it was not waited for.
        if process.returncode is None:
            with suppress(ProcessLookupError):
                (os.killpg if is_leader else os.kill)(process.pid, signal.SIGKILL)
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                # For a leader this is what makes the watcher end whatever is left.
                with suppress(BrokenPipeError):
                    stream.close()


def _limit(pid: int, limits: Limits) -> None:
    """Limit a process that has just begun. A lower limit that is there already stays."""
    # The second number cannot be caught: it comes a second after the first.
    wanted = {
        resource.RLIMIT_CPU: (limits.processor, limits.processor + 1),
        resource.RLIMIT_DATA: (limits.memory, limits.memory),
    }
    # Only Linux can limit another process than the one that asks.
    set_limit = getattr(resource, "prlimit", None)
    for kind, values in wanted.items():
        if set_limit is not None:
            with suppress(OSError, ValueError):
                set_limit(pid, kind, values)


def _cannot_start(path: Path | None, exc: OSError) -> RepositoryError:
    if path is not None and not path.is_dir():
        return RepositoryError(f"there is no repository {named(path)}")
    if isinstance(exc, FileNotFoundError):
        return RepositoryError("there is no git command on the PATH")
    return RepositoryError(f"git cannot be started: {exc.strerror}")


def _command(path: Path, arguments: tuple[str, ...]) -> list[str]:
    return [
        "git",
        f"--git-dir={path}",
        *_OPTIONS.get(arguments[0], ()),
        *arguments,
    ]


def _read(stream: IO[bytes], most: int) -> bytes:
    """Read to the end, or so many bytes. Room is taken for those that come, not for all."""
    parts: list[bytes] = []
    left = most
    while left and (part := stream.read(min(left, 1 << 16))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _has_file_of(path: Path, size: int) -> bool:
    """Tell whether a file has grown until it might not grow any more."""
    files = (path for path in path.rglob("*") if path.is_file())
    return any(path.stat().st_size >= size - size % 512 for path in files)


def _failure(path: Path, command: str, errors: str, status: int) -> RepositoryError:
    name = named(path)
    # What another server has said is not ours to repeat, and it may imitate git.
    ours = (line for line in errors.splitlines() if not line.startswith("remote:"))
    errors = "\n".join(ours)
    if is_disk_full(errors) or status == -signal.SIGXFSZ:
        return RepositoryError(
            f"the disk is full: {name} could not be written. Free some space and run it "
            "again"
        )
    if _OUT_OF_MEMORY.search(errors):
        return RepositoryTooLarge(
            f"git {command} needs too much memory in {name}. Remove very large files from "
            "the repository, with their history"
        )
    if status == -signal.SIGXCPU:
        return RepositoryTooLarge(
            f"git {command} takes too long in {name}. Remove what makes the repository so "
            "large, with its history"
        )
    if ".lock': File exists" in errors:
        return RepositoryLocked(f"{name} is locked by another git")
    reason = next((line for line in errors.splitlines() if "fatal:" in line), "")
    reason = reason.partition("fatal:")[2].strip().rstrip("'") or "it gave no reason"
    # Where repositories lie is nobody's business who only asked for one.
    reason = reason.replace(f"{path.parent.parent}/", "")
    reason = "".join(filter(str.isprintable, reason))[:_LONGEST_REASON]
    return RepositoryError(f"git {command} failed in {name}: {reason}")


def is_disk_full(errors: str) -> bool:
    """Tell whether git complains about the room on the disk, in any of its spellings."""
    return any(
        _DISK_FULL.search(line) and not _NOT_THE_DISK.search(line)
        for line in errors.splitlines()
    )


def _mib(size: int) -> str:
    return f"{size / (1 << 20):,.0f} MiB"
