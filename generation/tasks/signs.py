"""When each part of a cluster last showed that it works, for all of its processes to see.

A process that is there may be stopped, or wait for something that never comes. So each part
shows a sign of life from the loop that does its work, and from no other thread.
"""

from __future__ import annotations

import mmap
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum

# A part that has shown nothing for so many seconds takes no messages. Longer than the wait
# for a locked SQLite file (20 s), after which all goes on.
SILENT_AFTER = 30
# How often a part that waits shows that it does, in seconds.
SHOWS_EVERY = 1.0
# As many as a cluster may have: `trigger_workers` in config/env.py.
MOST_WORKERS = 64
BYTES_PER_NUMBER = 8


class Part(IntEnum):
    """What has to work so that a message becomes a run."""

    SENTINEL = 0
    """restarts the others"""
    MONITOR = 1
    """takes results from the workers"""
    PUSHER = 2
    """takes messages from the broker"""
    TAKER = 3
    """the idle worker whose turn it is to take the next task"""


class Signs:
    """Made before the first fork, and shared by all processes. No lock: a number is written
    at once, and a process that is killed leaves nothing half done."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin with nothing shown, in memory of its own."""
        self._shown = _shared(len(Part)).cast("d")
        self._workers = _shared(MOST_WORKERS).cast("q")
        # What only this process knows.
        self._waits_since = 0.0

    def show(self, part: Part) -> None:
        # The same clock in all processes of a machine.
        self._shown[part] = time.monotonic()

    def shown_at(self, part: Part) -> float:
        """Return the time of the last sign; 0 before the first."""
        return self._shown[part]

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While the block runs, this process waits for a task."""
        self._waits_since = time.monotonic()
        try:
            yield
        finally:
            self._waits_since = 0.0

    def silent(self, *, now: float | None = None) -> Part | None:
        """Name a part without which this worker gets no task; None when all is well.

        A worker that makes a run does not depend on the one whose turn it is.
        """
        now = time.monotonic() if now is None else now
        for part in Part:
            seen = self.shown_at(part)
            if part is Part.TAKER:
                if not self._waits_since:
                    continue
                seen = max(seen, self._waits_since)
            if not seen or now - seen > SILENT_AFTER:
                return part
        return None

    def note_workers(self, pids: Iterable[int]) -> None:
        """Keep the numbers of the workers for the process that has to say goodbye for them."""
        known = [*pids][:MOST_WORKERS]
        for place in range(MOST_WORKERS):
            self._workers[place] = known[place] if place < len(known) else 0

    def workers(self) -> list[int]:
        return [pid for pid in self._workers if pid]


def _shared(numbers: int) -> memoryview:
    return memoryview(mmap.mmap(-1, numbers * BYTES_PER_NUMBER))


CLUSTER = Signs()
