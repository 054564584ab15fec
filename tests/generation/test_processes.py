"""A process that was forked ends with the one that forked it, however that ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import pytest

from generation.processes import end_with_parent

FORK = multiprocessing.get_context("fork")


def ask_in_vain() -> bool:
    """As on a system whose kernel has no such service."""
    return False


def bind_and_wait(told: Connection, options: dict[str, Callable[[], bool]]) -> None:
    end_with_parent(os.getppid(), **options)
    told.send(os.getpid())
    signal.pause()


def fork_and_wait(told: Connection, options: dict[str, Callable[[], bool]]) -> None:
    FORK.Process(target=bind_and_wait, args=(told, options)).start()
    signal.pause()


# Only the kernel ends a process that is stopped.
@pytest.mark.parametrize(
    ("options", "is_stopped"),
    [({}, False), ({}, True), ({"ask_the_kernel": ask_in_vain}, False)],
)
def test_child_ends_with_a_killed_parent(
    options: dict[str, Callable[[], bool]], is_stopped: bool
) -> None:
    here, there = FORK.Pipe(duplex=False)
    parent = FORK.Process(target=fork_and_wait, args=(there, options))
    parent.start()
    there.close()
    child = here.recv()
    assert parent.pid
    if is_stopped:
        os.kill(child, signal.SIGSTOP)

    os.kill(parent.pid, signal.SIGKILL)
    parent.join()

    # The last writer of the pipe is gone: end of file, and no need to know its number.
    assert here.poll(20)
    with pytest.raises(EOFError):
        here.recv()


@pytest.mark.parametrize("options", [{}, {"ask_the_kernel": ask_in_vain}])
def test_child_whose_parent_was_gone_before_ends_at_once(
    options: dict[str, Callable[[], bool]],
) -> None:
    def begin_late() -> None:
        end_with_parent(1, **options)
        time.sleep(20)

    child = FORK.Process(target=begin_late)
    child.start()
    child.join(timeout=20)

    assert child.exitcode == -signal.SIGKILL
