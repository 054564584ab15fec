from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection

from generation.locks import LastingLock

FORK = multiprocessing.get_context("fork")


def hold(lock: LastingLock, told: Connection) -> None:
    lock.acquire()
    told.send("held")
    signal.pause()


def test_a_killed_holder_gives_the_lock_back() -> None:
    lock = LastingLock()
    here, there = FORK.Pipe()
    holder = FORK.Process(target=hold, args=(lock, there))
    holder.start()
    assert here.recv() == "held"
    assert not lock.acquire(block=False)
    assert not lock.acquire(timeout=0.1)
    assert holder.pid

    os.kill(holder.pid, signal.SIGKILL)
    holder.join()

    assert lock.acquire(timeout=5)
    lock.release()
