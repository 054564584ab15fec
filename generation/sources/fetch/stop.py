"""A word that ends fetches from another thread, wherever they hang at that moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stop:
    """Said once and for good. What listens is called by the one who says it."""

    def __init__(self) -> None:
        self._said = threading.Event()
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    @property
    def is_said(self) -> bool:
        return self._said.is_set()

    def say(self) -> None:
        with self._lock:
            self._said.set()
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()

    def wait(self, seconds: float) -> bool:
        """Sleep, but not on; tell whether it was said."""
        return self._said.wait(seconds)

    @contextmanager
    def calling(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call it in this block as soon as the word is said, at once if it was before."""
        with self._lock:
            self._listeners.append(listener)
            is_late = self._said.is_set()
        try:
            if is_late:
                listener()
            yield
        finally:
            with self._lock:
                self._listeners.remove(listener)
