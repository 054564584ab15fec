"""Work on strangers' bytes in a process that can be killed.

Whatever a stranger's server, page or template makes of it, the work ends: after so many
seconds, so much processor time, so much memory, so much output. The process is a new
interpreter and no fork: it holds no secret, no thread and no connection, and its
environment is made from nothing. It leads a group of processes, so that what it starts ends
with it, and it ends with us.

The function and its arguments go there by pickle. What comes back is bytes and is never
unpickled: a process that a stranger has taken over can send nothing but a wrong answer.
"""

from __future__ import annotations

import json
import os
import pickle
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

from generation import exceptions
from generation.exceptions import GenerationError, LimitExceeded

_ROOT = Path(__file__).resolve().parents[2]
# What goes there: its length, and a pickle.
LENGTH = struct.Struct(">Q")
# What comes back are frames: a kind, a length, and so many bytes.
HEAD = struct.Struct(">cQ")
PART, ERROR, END = b"p", b"e", b"."
MIB = 1 << 20

Work = Callable[..., Iterable[bytes]]


class Bounds(NamedTuple):
    """How long the work may take, and how much of it there may be.

    `seconds` are by the clock, `cpu_seconds` of a processor. `memory_mib` limits the address
    space, that of each process which the work starts included.
    """

    seconds: float
    cpu_seconds: int
    memory_mib: int = 1024
    output_mib: int = 64


def call_isolated(work: Work, *arguments: object, bounds: Bounds) -> bytes:
    """Do the work elsewhere, and return all that it yields. See `iterate_isolated`."""
    return b"".join(iterate_isolated(work, *arguments, bounds=bounds))


def iterate_isolated(work: Work, *arguments: object, bounds: Bounds) -> Iterator[bytes]:
    """Do the work elsewhere, and yield what it yields, piece by piece.

    `work` is a function of a module. A GenerationError that it raises is raised here, and
    LimitExceeded where it breaks a bound; any other exception is a bug and a RuntimeError.
    """
    message = pickle.dumps((work, arguments, bounds))
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, *_flags(), "-m", f"{__name__}.child"],
        cwd=_ROOT,
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        deadline = time.monotonic() + bounds.seconds
        try:
            _send(process.stdin, LENGTH.pack(len(message)) + message)
            yield from _frames(process, process.stdout, deadline, bounds)
        finally:
            # It has not been waited for, so the number is still its own.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _send(stdin: IO[bytes], message: bytes) -> None:
    """Write past the buffer, which would complain again when it is closed."""
    left = memoryview(message)
    with suppress(BrokenPipeError):
        while left:
            left = left[os.write(stdin.fileno(), left) :]


def _frames(
    process: subprocess.Popen[bytes], stdout: IO[bytes], deadline: float, bounds: Bounds
) -> Iterator[bytes]:
    room = bounds.output_mib * MIB
    while True:
        head = _read(stdout, HEAD.size, deadline, bounds)
        if len(head) < HEAD.size:
            raise _cause_of_death(process, bounds)
        kind, length = HEAD.unpack(head)
        room -= length
        if room < 0:
            raise LimitExceeded(f"it makes more than {bounds.output_mib} MiB")
        content = _read(stdout, length, deadline, bounds)
        if len(content) < length:
            raise _cause_of_death(process, bounds)
        if kind == END:
            return
        if kind == ERROR:
            raise _error(content)
        yield content


def _read(stdout: IO[bytes], length: int, deadline: float, bounds: Bounds) -> bytes:
    """Read so many bytes, fewer where the process ends. Raises LimitExceeded."""
    parts: list[bytes] = []
    while length:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([stdout], [], [], left)[0]:
            raise LimitExceeded(f"it takes more than {bounds.seconds:.0f} seconds")
        part = os.read(stdout.fileno(), min(length, MIB))
        if not part:
            break
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _cause_of_death(
    process: subprocess.Popen[bytes], bounds: Bounds
) -> LimitExceeded | RuntimeError:
    """Say of what it has died that has not said so itself."""
    status = process.wait()
    if status == -signal.SIGXCPU:
        return too_much_work(bounds)
    if status in (-signal.SIGKILL, -signal.SIGSEGV, -signal.SIGABRT):
        return too_much_memory(bounds)
    return RuntimeError(f"an isolated process ended without a word, status {status}")


def too_much_work(bounds: Bounds) -> LimitExceeded:
    return LimitExceeded(f"it takes more than {bounds.cpu_seconds} seconds of work")


def too_much_memory(bounds: Bounds) -> LimitExceeded:
    return LimitExceeded(f"it needs more than {bounds.memory_mib} MiB of memory")


def _error(content: bytes) -> Exception:
    """Make the error again by the name of its class, if that is a GenerationError."""
    said = json.loads(content)
    kind = getattr(exceptions, str(said["kind"]), None)
    if not (isinstance(kind, type) and issubclass(kind, GenerationError)):
        return RuntimeError(f"{said['kind']} in an isolated process; see its traceback")
    error = kind(str(said["message"]))
    for name in ("status", "retry_after"):
        if isinstance(said.get(name), int | float):
            setattr(error, name, said[name])
    return error


def _flags() -> list[str]:
    return ["-B"] if sys.dont_write_bytecode else []


def _environment() -> dict[str, str]:
    """Name where programs are found, and nothing else."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
