"""What a process that makes directories is called, when it may be forked, how it ends."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

# Held while a process is forked, and by threads that talk to the network meanwhile: a fork
# copies their locks as they are, and nobody there would ever give them back.
FORKING = threading.Lock()

# How often a process looks whether its parent is there, in seconds.
LOOKS_EVERY = 0.5
# From <sys/prctl.h>: the signal that the kernel sends when the parent has ended.
PR_SET_PDEATHSIG = 1

# What sends away what it has gathered: reports, spans.
_senders: list[Callable[[], object]] = []


def process_name() -> str:
    """`host:pid`. Two processes of one name are never alive at once."""
    return f"{platform.node()}:{os.getpid()}"


def send_before_exit(send: Callable[[], object]) -> None:
    """Have this called when a run is over: its processes end without Python's own end."""
    _senders.append(send)


def send_all() -> None:
    for send in _senders:
        # What nobody takes is lost, and the run is not.
        with suppress(Exception):
            send()


def _ask_the_kernel() -> bool:
    try:
        prctl = ctypes.CDLL(None).prctl
    except (AttributeError, OSError):
        return False
    return bool(prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0)


def end_with_parent(
    parent: int, *, ask_the_kernel: Callable[[], bool] = _ask_the_kernel
) -> None:
    """Have this process killed when the one that forked it, `parent`, has ended.

    The kernel does it at once, even to a process that is stopped or busy in a library. On
    systems other than Linux a thread looks twice a second. What counts for the kernel is the
    thread that forked: it has to live as long as its process does.
    """
    if not ask_the_kernel():
        call_when_orphaned(parent, _kill_this_process)
    elif os.getppid() != parent:
        # It ended between the fork and the request.
        _kill_this_process()


def call_when_orphaned(parent: int, then: Callable[[], None]) -> None:
    """Call a function in a thread when the process that forked this one has ended."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(LOOKS_EVERY)
        then()

    threading.Thread(target=look, name="parent", daemon=True).start()


def _kill_this_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
