"""A run in a process of its own, below the worker that the queue knows.

What happens to it there (no memory left, a crash in a library, a kill) does not happen to
the worker, which is alive to tell. The child is forked, so that nothing is imported twice,
and leads a process group, so that the commands which it starts end with it. When the worker
dies, the child does, too: it reads from a pipe that only the worker can close. While it can do
anything at all it writes a sign of life to the pipe that it will speak through, so that a
worker does not wait for one that is frozen.
docs/adr/0005-a-run-in-a-child-process.md says what else was measured.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from generation.processes import FORKING, send_all

# After an interrupt, so many seconds until the child is killed.
GRACE = 1.5
# After its last word, so many seconds to send away reports and to go.
LEAVING = 30


class Ended(NamedTuple):
    """How a child ended. `outcome` is empty when it died without a word."""

    outcome: str
    reason: str


class Child:
    """What a child may do to itself. Handed to its work."""

    def __init__(self) -> None:
        self._interrupted_at = 0.0

    def stop(self) -> None:
        """Interrupt the main thread; on a later call, when that did not help, kill."""
        if not self._interrupted_at:
            self._interrupted_at = time.monotonic()
            os.kill(os.getpid(), signal.SIGINT)
        elif time.monotonic() - self._interrupted_at > GRACE:
            os.killpg(0, signal.SIGKILL)


def in_child(
    work: Callable[[Child], Ended], *, memory_mib: int = 0, patience: float = 180
) -> Ended:
    """Do the work in a forked process, wait for it, and say how it ended.

    Whatever interrupts the waiting ends the child and all that it has started.
    `memory_mib` limits its address space; 0 is no limit. A child that gives no sign of
    life for `patience` seconds is killed.
    """
    told, tell = os.pipe()
    alive, lifeline = os.pipe()
    pid = _fork()
    if pid == 0:
        os.close(told)
        os.close(lifeline)
        voice = _Voice(tell, seconds=patience / 4)
        _become(work, voice=voice, alive=alive, memory_mib=memory_mib)
    os.close(tell)
    os.close(alive)
    try:
        text = _hear(told, patience)
    finally:
        os.close(told)
        # It is gone, or is to go. Before it is waited for, the number is surely its own.
        _kill_group(pid)
        _, status = os.waitpid(pid, 0)
        os.close(lifeline)
    if text is None:
        return Ended("", f"the process of the run stood still for {patience:.0f} s")
    if text.endswith("\n"):
        return Ended(**json.loads(text))
    return Ended("", _cause_of_death(status, memory_mib))


def _hear(told: int, patience: float) -> str | None:
    """Listen until the child is gone, or has said all and does not go.

    What was said in full ends with a line's end. None when the child is silent for too long.
    """
    heard, seconds = b"", patience
    while select.select([told], [], [], seconds)[0]:
        part = os.read(told, 1 << 16)
        if not part:
            return heard.decode(errors="replace")
        # Signs of life are blanks before the first word.
        heard = (heard + part).lstrip()
        seconds = LEAVING if heard.endswith(b"\n") else patience
    return heard.decode() if heard.endswith(b"\n") else None


class _Voice:
    """The child's end of the pipe. Signs of life come from a thread, until the last word."""

    def __init__(self, tell: int, *, seconds: float) -> None:
        self._tell = tell
        self._seconds = seconds
        self._lock = threading.Lock()
        self._is_over = False

    def breathe(self) -> None:
        while True:
            time.sleep(self._seconds)
            with self._lock:
                if self._is_over:
                    return
                try:
                    os.write(self._tell, b"\n")
                except BrokenPipeError:
                    # The worker is dead, and so is this process in a moment.
                    return

    def say(self, ended: Ended) -> None:
        with self._lock:
            self._is_over = True
        # Left open: it ends with the process.
        words = memoryview(json.dumps(ended._asdict()).encode() + b"\n")
        while words:
            words = words[os.write(self._tell, words) :]


def _fork() -> int:
    # Patience has an end: a thread that hangs in the network shall not keep a run waiting.
    is_quiet = FORKING.acquire(timeout=5)
    try:
        with warnings.catch_warnings():
            # Python warns of threads; the one that we have is quiet.
            warnings.simplefilter("ignore", DeprecationWarning)
            return os.fork()
    finally:
        if is_quiet:
            FORKING.release()


def _become(
    work: Callable[[Child], Ended], *, voice: _Voice, alive: int, memory_mib: int
) -> None:
    """Live as the child. Never returns, and runs nothing that was meant for the parent."""
    status = 1
    try:
        os.setsid()
        signal.alarm(0)
        for number in (signal.SIGALRM, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Thread(target=_die_with_parent, args=(alive,), daemon=True).start()
        threading.Thread(target=voice.breathe, daemon=True).start()
        if memory_mib:
            limit = memory_mib * 1024 * 1024
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        voice.say(work(Child()))
        status = 0
        send_all()
    finally:
        os._exit(status)


def _die_with_parent(alive: int) -> None:
    """Wait for the end of a pipe that nobody writes to: it ends with the parent."""
    os.read(alive, 1)
    os.killpg(0, signal.SIGKILL)


def _kill_group(pid: int) -> None:
    """End what the child has started, and the child."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _cause_of_death(status: int, memory_mib: int) -> str:
    if not os.WIFSIGNALED(status):
        return "the process of the run ended without a word; see the worker's log"
    number = os.WTERMSIG(status)
    name = signal.Signals(number).name
    if number == signal.SIGKILL:
        return (
            "the process of the run was killed (SIGKILL), as the kernel does when there "
            "is no memory left"
        )
    limit = f"; its memory was limited to {memory_mib} MiB" if memory_mib else ""
    return f"the process of the run crashed ({name}){limit}"
