"""A lock between processes that does not outlive whoever holds it.

The semaphore of `multiprocessing` stays taken when its holder is killed. An idle worker of
Django-Q2 holds one while it waits for a task, so that killing it stopped the whole cluster
for good, while its processes went on saying hello. A record lock is given back by the kernel.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time

LOOKS_EVERY = 0.05


class LastingLock:
    """Made before a fork, and then shared by all processes; not by threads of one of them."""

    def __init__(self) -> None:
        self._file, name = tempfile.mkstemp()
        # Without a name: it is gone when the last process is.
        os.unlink(name)  # noqa: PTH108 - the name is all that there is

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        if block and timeout is None:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            return True
        deadline = time.monotonic() + (timeout or 0 if block else 0)
        while True:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except OSError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(LOOKS_EVERY)

    def release(self) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN)

    def __del__(self) -> None:
        os.close(self._file)

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *why: object) -> None:
        self.release()
