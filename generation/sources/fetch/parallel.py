"""Fetch many pages at once, a few of each host, and give them back in order.

Whatever ends this early (a person, an error of ours, Ctrl-C) ends the fetches as well: those
that wait never begin, and those on the wire have their sockets shut.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import NamedTuple
from urllib.parse import urlsplit

from generation.exceptions import SourceError
from generation.sources.fetch.pages import Fetch, Page
from generation.sources.fetch.stop import Stop

AT_ONCE = 8
PER_HOST = 2
# How often somebody is asked whether to go on, when no page arrives meanwhile; in seconds.
TICK = 0.25


class Asked(NamedTuple):
    """An address to fetch. `typed`: a person wrote it."""

    url: str
    typed: bool = True


class Fetched(NamedTuple):
    """A page, or why there is none, and the seconds that took with all waiting."""

    page: Page | None
    error: SourceError | None
    seconds: float


def fetch_each(
    fetch: Fetch,
    asked: Sequence[Asked],
    *,
    arrived: Callable[[int], None],
    each: Callable[[int, Fetched], None] = lambda number, fetched: None,
    at_once: int = AT_ONCE,
    per_host: int = PER_HOST,
) -> list[Fetched]:
    """Fetch them all; the results are in the order of `asked`, whatever came first.

    `each` is given every result as it comes, with its place in `asked`. `arrived` is told
    how many are there, often. What they raise ends the whole.
    """
    stop = Stop()
    hosts = [_host(each.url) for each in asked]
    results: list[Fetched | None] = [None] * len(asked)
    waiting = dict.fromkeys(range(len(asked)))
    running: dict[Future[Fetched], int] = {}
    busy: Counter[str] = Counter()
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="fetch")
    try:
        while waiting or running:
            for number in tuple(waiting):
                if len(running) == at_once:
                    break
                if busy[hosts[number]] < per_host:
                    del waiting[number]
                    busy[hosts[number]] += 1
                    # The run's name goes along into the log.
                    context = copy_context()
                    future = pool.submit(
                        context.run, _timed, fetch, asked[number], stop
                    )
                    running[future] = number
            done, _ = wait(running, timeout=TICK, return_when=FIRST_COMPLETED)
            for future in done:
                number = running.pop(future)
                busy[hosts[number]] -= 1
                results[number] = found = future.result()
                each(number, found)
            arrived(len(asked) - len(waiting) - len(running))
    finally:
        stop.say()
        pool.shutdown(cancel_futures=True)
    return [result for result in results if result is not None]


def _timed(fetch: Fetch, asked: Asked, stop: Stop) -> Fetched:
    begun = time.monotonic()
    page = error = None
    try:
        page = fetch(asked.url, typed=asked.typed, stop=stop)
    except SourceError as exc:
        error = exc
    return Fetched(page, error, round(time.monotonic() - begun, 3))


def _host(url: str) -> str:
    """Name the host for counting; what is no URL is counted under itself."""
    try:
        return urlsplit(url).netloc.lower().removeprefix("www.") or url
    except ValueError:
        return url
