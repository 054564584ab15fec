"""A thread that says "still here" while a run works, and hears "stop".

It has its own way to the web side, so that a long step does not keep it from speaking.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

import structlog

from generation.contract.commands import Heartbeat
from generation.exceptions import RunCancelled, RunRefused
from generation.operations import DirectoryOperations

log = structlog.get_logger(__name__)


class Pulse:
    """Beats every `seconds` from entering to leaving the block."""

    def __init__(self, operations: DirectoryOperations, *, seconds: float) -> None:
        self._operations = operations
        self._seconds = seconds
        self._stopped = threading.Event()
        self._verdict: RunCancelled | RunRefused | None = None
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
        self._stopped.set()
        self._thread.join()

    def check(self) -> None:
        """Raise what the web side has said since: RunCancelled or RunRefused."""
        if self._verdict is not None:
            raise self._verdict

    def _beat(self) -> None:
        try:
            while self._verdict is None and not self._stopped.wait(self._seconds):
                self._say_so()
        finally:
            self._operations.release()

    def _say_so(self) -> None:
        try:
            if self._operations.send(Heartbeat()).cancel:
                self._verdict = RunCancelled("the run was cancelled")
        except RunRefused as exc:
            self._verdict = exc
        except Exception:
            log.warning("heartbeat missed", exc_info=True)
