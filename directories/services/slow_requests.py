"""How many requests may take long: what they wait for is decided by strangers.

A request that waits for somebody else's server, renders somebody's templates or makes a run
keeps a thread of the web server. There are places for a quarter of the threads, and a user may
have half of the places. A place is a locked file, so that all processes of a host share them
and the kernel gives back those of one that dies.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User

from directories.exceptions import Overloaded


@contextmanager
def slow_request(user: User | None) -> Iterator[None]:
    """Hold one of the places during the block. Raises Overloaded where none is left.

    Outside of the web server (a command, a worker) there is no limit.
    """
    places: int | None = settings.SLOW_REQUESTS
    if places is None:
        yield
        return
    name = str(user.pk) if user else "nobody"
    try:
        held = _hold(Path(settings.SLOW_REQUESTS_ROOT), places, name)
    except OSError as exc:
        raise Overloaded(
            f"the server cannot count its slow requests ({exc.strerror}); try again later"
        ) from exc
    try:
        yield
    finally:
        os.close(held)


def _hold(folder: Path, places: int, name: str) -> int:
    """Take a place in somebody's name. Its descriptor holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    held = _take(folder, places)
    try:
        os.truncate(held, 0)
        os.pwrite(held, name.encode(), 0)
        # After its own name is written: of two at the same moment, one at least sees both.
        if _count(folder, places, name) > max(1, places // 2):
            raise Overloaded(
                "you have as many slow requests under way as one user may; wait for one of "
                "them, and try again"
            )
    except BaseException:
        os.close(held)
        raise
    return held


def _take(folder: Path, places: int) -> int:
    for number in range(places):
        place = os.open(folder / str(number), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(place)
        else:
            return place
    raise Overloaded(
        "the server is waiting for as many slow answers as it may; try again in a moment"
    )


def _count(folder: Path, places: int, name: str) -> int:
    """Count the places that are held in somebody's name."""
    paths = [folder / str(number) for number in range(places)]
    # Only these are tried: a place that is being tried looks taken to others.
    named = [path for path in paths if path.exists() and path.read_text() == name]
    return sum(map(_is_held, named))


def _is_held(path: Path) -> bool:
    with suppress(FileNotFoundError), path.open() as place:
        try:
            fcntl.flock(place, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
