"""Visits to strangers' servers for a person who waits for the answer.

Whatever the server sends and however slowly, the visit ends: it happens in a process of its
own, and so does the first reading of what has come.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from generation.editing.inspecting import Details, read_details
from generation.git import MAIN, Repository
from generation.isolation import Bounds, call_isolated
from generation.repositories.checking import check
from generation.repositories.data import read_data

if TYPE_CHECKING:
    from generation.sources.fetch import Fetcher

# Reading a page of five megabytes takes a second, and 10,000 items five.
PAGE = Bounds(seconds=30, cpu_seconds=10, memory_mib=512)
REPOSITORY = Bounds(seconds=60, cpu_seconds=60, memory_mib=1024)
# How long one may take for whom nobody else has to wait, in seconds.
PATIENT = 600


def visit_page(url: str, *, fetcher: Fetcher) -> Details:
    """Read what a page says of itself. Raises SourceError and LimitExceeded."""
    return Details.model_validate_json(
        call_isolated(_visit_page, url, fetcher, bounds=PAGE)
    )


def visit_repository(
    url: str, path: Path, *, fetcher: Fetcher, is_patient: bool = False
) -> None:
    """Fetch the history of a data repository into the bare one at `path`.

    What has come was read once when this returns, so reading it again ends as well. Raises
    SourceError, RepositoryError and LimitExceeded.
    """
    bounds = REPOSITORY
    if is_patient:
        bounds = bounds._replace(seconds=PATIENT, cpu_seconds=PATIENT, memory_mib=4096)
    call_isolated(_visit_repository, url, path, fetcher, bounds.seconds, bounds=bounds)


# --- what follows happens in the other process


def _visit_page(url: str, fetcher: Fetcher) -> Iterator[bytes]:
    yield read_details(fetcher(url)).model_dump_json().encode()


def _visit_repository(
    url: str, path: Path, fetcher: Fetcher, seconds: float
) -> Iterator[bytes]:
    repository = Repository(path)
    url = fetcher.ascii_url(url)
    repository.fetch_all(url, addresses=fetcher.addresses(url), seconds=seconds)
    if repository.head() is not None:
        check(repository, ref=MAIN, now="2000-01-01 00:00")
        read_data(repository)
    yield b""
