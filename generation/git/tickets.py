"""One lock per directory for everyone who moves its branches: first come, first served.

It lies next to the repositories, as the folder `.<slug>.lock`. Everyone who waits for the lock
or has it keeps a numbered file in there (a ticket), held by `flock`, so that the kernel gives
up the tickets of processes that die. The lowest ticket that is held has the lock.
docs/adr/0011-one-lock-per-directory.md says why it is not a plain `flock`.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from generation.exceptions import RepositoryBusy, RepositoryError

# In seconds. Somebody waits for the answer, so it is not longer than a page may load.
LONGEST_WAIT = 30.0
# How often a waiting one looks, and how often it tries a file that is held for a moment.
_EVERY = 0.02
_SOON = 0.001
# How long the one that leaves waits while another draws a ticket, to clear away after both.
_LEAVING = 1.0
_GUARD = "guard"


@contextmanager
def directory_lock(
    git_root: Path, *, namespace: str, slug: str, wait: float | None = None
) -> Iterator[None]:
    """Keep everyone else from moving the branches of a directory during the block.

    It works between threads and between processes that share the disk, and ends with its
    process. A caller that has it already would wait for itself. Raises RepositoryBusy after `wait`
    seconds (LONGEST_WAIT if not given), and RepositoryError where nothing can be locked.
    """
    folder = git_root / namespace / f".{slug}.lock"
    deadline = time.monotonic() + (LONGEST_WAIT if wait is None else wait)
    try:
        ticket, held = _draw(folder, deadline)
    except OSError as exc:
        raise _cannot_lock(folder, exc) from exc
    try:
        _wait_for_turn(ticket, deadline)
        yield
    finally:
        # Others see no ticket any more, also where a child process has inherited its file.
        ticket.unlink(missing_ok=True)
        os.close(held)
        _clear_away(folder)


def _draw(folder: Path, deadline: float) -> tuple[Path, int]:
    """Make the next ticket. Its descriptor holds it until it is closed."""
    with _guarded(folder, deadline):
        number = 1 + max(map(_number, _tickets(folder)), default=0)
        # The number of a ticket that has just gone may come again, its name never does.
        ticket = folder / f"{number:09d}.{uuid4().hex}"
        held = os.open(ticket, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            ticket.unlink(missing_ok=True)
            os.close(held)
            raise
    return ticket, held


def _wait_for_turn(ticket: Path, deadline: float) -> None:
    """Wait until nobody who came earlier is left. Raises RepositoryBusy."""
    try:
        while any(map(_is_held, _tickets(ticket.parent, before=ticket))):
            if time.monotonic() >= deadline:
                raise _busy(ticket.parent)
            time.sleep(_EVERY)
    except OSError as exc:
        raise _cannot_lock(ticket.parent, exc) from exc


def _tickets(folder: Path, *, before: Path | None = None) -> list[Path]:
    """List the tickets that are there, those of the dead among them, by their number."""
    found = sorted(path for path in folder.iterdir() if path.name[0].isdigit())
    return [path for path in found if before is None or path < before]


def _number(ticket: Path) -> int:
    return int(ticket.name.partition(".")[0])


def _is_held(ticket: Path) -> bool:
    """Tell whether the owner of a ticket lives. That of a dead one is removed."""
    try:
        descriptor = os.open(ticket, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        ticket.unlink(missing_ok=True)
        return False
    finally:
        os.close(descriptor)


@contextmanager
def _guarded(folder: Path, deadline: float) -> Iterator[None]:
    """Be alone in the folder for a moment, in which it is not removed."""
    guard = _take_guard(folder, deadline)
    try:
        yield
    finally:
        fcntl.flock(guard, fcntl.LOCK_UN)
        os.close(guard)


def _take_guard(folder: Path, deadline: float) -> int:
    """Lock the guard, which others hold for microseconds unless they were stopped.

    The last one to leave removes it with its folder. Then what was opened and locked is not
    what is there now, and the next one is tried.
    """
    while True:
        with suppress(FileNotFoundError):
            folder.mkdir(parents=True, exist_ok=True)
            guard = os.open(folder / _GUARD, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_there(guard, folder / _GUARD):
                    return guard
            except BlockingIOError:
                pass
            except BaseException:
                os.close(guard)
                raise
            os.close(guard)
        if time.monotonic() >= deadline:
            raise _busy(folder)
        time.sleep(_SOON)


def _is_there(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _clear_away(folder: Path) -> None:
    """Remove the folder if nobody waits in it, and that of the namespace if it is empty."""
    with suppress(OSError, RepositoryBusy):
        with _guarded(folder, time.monotonic() + _LEAVING):
            if not _tickets(folder):
                (folder / _GUARD).unlink()
                folder.rmdir()
        folder.parent.rmdir()


def _busy(folder: Path) -> RepositoryBusy:
    return RepositoryBusy(
        f"{_name_of(folder)} is being changed by others at the moment"
    )


def _name_of(folder: Path) -> str:
    """Name the directory whose lock lies in a folder."""
    slug = folder.name.removeprefix(".").removesuffix(".lock")
    return f"{folder.parent.name}/{slug}"


def _cannot_lock(folder: Path, exc: OSError) -> RepositoryError:
    return RepositoryError(
        f"{_name_of(folder)} cannot be locked: {exc.strerror}. Everyone who changes a directory must be "
        "able to write there, on a file system that knows flock: see to it that web side "
        "and workers run as one user, or as a group that may write below GIT_ROOT"
    )
