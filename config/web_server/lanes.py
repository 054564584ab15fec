"""Threads for one kind of request, so that it never waits for another kind."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from config.web_server.limits import Limits

Work = Callable[[], bool]
Done = Callable[["Future[bool]"], None]


class Lane:
    """A pool of threads in which large bodies take turns. For one caller, the main loop."""

    def __init__(self, threads: int, *, limits: Limits) -> None:
        self._limits = limits
        self._pool = ThreadPoolExecutor(max_workers=threads)
        self._large: deque[tuple[Work, Done, int]] = deque()
        self._in_work = 0
        self._unfinished = 0
        self._most = threads + limits.waiting_requests

    @property
    def is_full(self) -> bool:
        return self._unfinished >= self._most

    def submit(self, work: Work, done: Done, *, size: int) -> None:
        """Call `work` in a thread, and `done` there when it has ended."""
        self._unfinished += 1
        if size <= self._limits.small_body:
            self._pool.submit(work).add_done_callback(done)
            return
        self._large.append((work, done, size))
        self._start_large()

    def finished(self, *, size: int) -> None:
        """Let the next one in."""
        self._unfinished -= 1
        if size > self._limits.small_body:
            self._in_work -= size
            self._start_large()

    def _start_large(self) -> None:
        while self._large:
            work, done, size = self._large[0]
            if self._in_work and self._in_work + size > self._limits.large_bodies:
                return
            self._large.popleft()
            self._in_work += size
            self._pool.submit(work).add_done_callback(done)

    def shutdown(self, wait: bool = True) -> None:
        self._pool.shutdown(wait=wait)
