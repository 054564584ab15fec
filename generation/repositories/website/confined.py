"""Pages that an owner's templates make are made in a process that can be killed.

The sandbox of `theme` decides what a template may see. It cannot bound how long a template
runs or how much memory it takes: a loop that yields nothing never comes back to it.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from generation.exceptions import LimitExceeded, RepositoryError
from generation.isolation import Bounds, iterate_isolated
from generation.repositories import File
from generation.repositories.shown import Shown
from generation.repositories.site import TEMPLATES
from generation.repositories.website import plan_website


class Limits(NamedTuple):
    """How much templates may take. Times are those of a processor, in seconds.

    A page of the built-in templates takes a millisecond, whatever the directory holds. A website without
    items takes 75 MiB of address space, and one of 10,000 takes 160.
    """

    page: float = 5
    website: int = 20
    pages_per_second: int = 100
    # A machine has other things to do as well: so many times longer by the clock.
    patience: int = 3
    memory_mib: int = 256
    items_per_mib: int = 50
    output_mib: int = 512


LIMITS = Limits()


def make_confined(
    shown: Shown, paths: Iterable[str], *, limits: Limits = LIMITS
) -> Iterator[File]:
    """Make the pages of these paths, in their order. Raises RepositoryError."""
    wanted = tuple(paths)
    if not wanted:
        return
    seconds = limits.website + len(wanted) // limits.pages_per_second
    items = len(shown.catalogue.items)
    bounds = Bounds(
        seconds=seconds * limits.patience,
        cpu_seconds=seconds,
        memory_mib=limits.memory_mib + items // limits.items_per_mib,
        output_mib=limits.output_mib,
    )
    pieces = iterate_isolated(_make, shown, wanted, limits.page, bounds=bounds)
    try:
        for path, piece in zip(wanted, pieces, strict=True):
            yield File(path, piece)
    except LimitExceeded as exc:
        raise RepositoryError(
            f"the website cannot be made with the templates below {TEMPLATES} of the data "
            f"repository: {exc}. Mend them and run again"
        ) from exc


def _make(shown: Shown, paths: tuple[str, ...], seconds: float) -> Iterator[bytes]:
    """Make pages, each in so many seconds at most. Called in the other process."""
    pages = {
        page.path: page
        for page in plan_website(
            shown.catalogue, shown.masthead, shown.owner, sources=shown.sources
        )
    }
    for path in paths:
        with _no_longer_than(seconds, path):
            content = pages[path].make()
        yield content


@contextmanager
def _no_longer_than(seconds: float, path: str) -> Iterator[None]:
    """Stop a page that takes more processor time, and name it.

    It does not interrupt one long operation; the bounds of the process end that.
    """

    def stop(number: int, frame: object) -> None:
        raise RepositoryError(
            f"a template below {TEMPLATES} takes more than {seconds:g} seconds for "
            f"{path}. Mend it and run again"
        )

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
