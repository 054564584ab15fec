"""Moments in which Ctrl-C has to wait: when half a result would be worse than either end.

Python raises KeyboardInterrupt between any two instructions, also between a BEGIN and the
note that a transaction is open. And a terminal sends its Ctrl-C to the git commands that we
started as well: they inherit the blocked signals.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pydantic_core import PydanticSerializationError

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore SIGINT and SIGTERM in this block, which must be short and end by itself.

    Only the main thread hears signals; elsewhere this does nothing.
    """
    with _collected():
        yield


@contextmanager
def deferred() -> Iterator[None]:
    """Let SIGINT and SIGTERM take effect when this block has ended, and not within it."""
    with _collected() as arrived:
        yield
    for number in arrived:
        signal.raise_signal(number)


@contextmanager
def undisguised() -> Iterator[None]:
    """Raise an interrupt as what it is where pydantic has made an error of its own of it."""
    try:
        yield
    except PydanticSerializationError as exc:
        if KeyboardInterrupt.__name__ in str(exc):
            raise KeyboardInterrupt from exc
        raise


@contextmanager
def _collected() -> Iterator[list[int]]:
    arrived: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        arrived.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield arrived
        return
    before = {number: signal.signal(number, note) for number in SIGNALS}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield arrived
    finally:
        # What has arrived meanwhile is delivered now, to `note`.
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in before.items():
            signal.signal(number, handler)
