"""A thread that says "still here" while a run works, and hears "stop".

It has its own way to the web side, so that a long step does not keep it from speaking. It
does not speak for a step that stands still: a lease that is renewed for ever by a run that
hangs would keep everybody else from it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import structlog

from generation.contract.commands import Heartbeat
from generation.exceptions import GenerationError, RunCancelled, RunRefused, StepStalled
from generation.operations import DirectoryOperations

log = structlog.get_logger(__name__)

# Somebody who presses "cancel" looks at the page: seconds between two beats at most.
BEATS_EVERY = 2.0


def do_nothing() -> None:
    """For hosts whose main thread is not the run's: it will look by itself."""


class Pulse:
    """Beats from entering to leaving the block.

    `stop` is called at each beat after the run was cancelled, refused or found to stand
    still, for a step that does not look by itself. `stalls_after` is in seconds without
    any sign of progress.
    """

    def __init__(
        self,
        operations: DirectoryOperations,
        *,
        seconds: float,
        stalls_after: float = 600,
        stop: Callable[[], None] = do_nothing,
    ) -> None:
        self._operations = operations
        self._seconds = min(seconds, BEATS_EVERY)
        self._stalls_after = stalls_after
        self._stop = stop
        self._ended = threading.Event()
        self._shield = threading.Lock()
        self._verdict: GenerationError | None = None
        self._moved_at = time.monotonic()
        self._thread = threading.Thread(
            target=self._beat, name="heartbeat", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def verdict(self) -> GenerationError | None:
        """Why the run has to end, once that is known."""
        return self._verdict

    def check(self) -> None:
        """Note that the run moves, and raise what was heard since the last time.

        RunCancelled, RunRefused or StepStalled.
        """
        self._moved_at = time.monotonic()
        if self._verdict is not None:
            raise self._verdict

    def end(self) -> None:
        """Beat no more: the run is over, and nobody shall be interrupted for it."""
        self._ended.set()

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Do not call `stop` during this block, which must be short."""
        with self._shield:
            yield

    def _beat(self) -> None:
        try:
            while not self._ended.wait(self._seconds):
                if self._verdict is None:
                    self._say_so()
                if self._verdict is not None:
                    with self._shield:
                        if not self._ended.is_set():
                            self._stop()
        finally:
            self._operations.release()

    def _say_so(self) -> None:
        stood = time.monotonic() - self._moved_at
        if stood > self._stalls_after:
            self._verdict = StepStalled(f"nothing has moved for {stood:.0f} seconds")
            return
        try:
            if self._operations.send(Heartbeat()).cancel:
                self._verdict = RunCancelled("the run was cancelled")
        except RunRefused as exc:
            self._verdict = exc
        except Exception:
            log.warning("heartbeat missed", exc_info=True)
