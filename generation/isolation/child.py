"""The process that does the work: see the package.

python -m generation.isolation.child
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import resource
import signal
import sys
import threading
import traceback
from typing import IO, Any

import structlog

from generation.exceptions import GenerationError, LimitExceeded
from generation.isolation import (
    END,
    ERROR,
    HEAD,
    LENGTH,
    MIB,
    PART,
    Bounds,
    Work,
    too_much_memory,
)

# People's requests go first.
_NICENESS = 10


def main() -> None:
    """Do what the other side asks, and tell what comes of it."""
    # Whatever prints something has no place among the frames.
    out = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR)
    )
    [length] = LENGTH.unpack(sys.stdin.buffer.read(LENGTH.size))
    message = sys.stdin.buffer.read(length)
    # What is to be done is read here, and with it the modules that it needs. It comes from our
    # parent, through a pipe that nobody else can write to.
    work, arguments, bounds = pickle.loads(message)  # noqa: S301  # nosec B301
    del message
    threading.Thread(target=_end_with_parent, daemon=True).start()
    status = 1
    try:
        _limit(bounds)
        with open(out, "wb", closefd=False) as pipe:
            _work(work, arguments, bounds, pipe)
        status = 0
    finally:
        # Nothing is worth tidying up here, and it might take for ever.
        os._exit(status)


def _work(
    work: Work, arguments: tuple[Any, ...], bounds: Bounds, pipe: IO[bytes]
) -> None:
    try:
        for part in work(*arguments):
            _say(pipe, PART, part)
    except GenerationError as exc:
        facts = {
            n: getattr(exc, n) for n in ("status", "retry_after") if hasattr(exc, n)
        }
        _say_error(pipe, type(exc).__name__, str(exc), facts)
    except MemoryError:
        _say_error(pipe, LimitExceeded.__name__, str(too_much_memory(bounds)), {})
    except RecursionError:
        _say_error(pipe, LimitExceeded.__name__, "it is nested too deeply", {})
    except Exception as exc:  # noqa: BLE001 - a bug; the other side raises it
        # Where it was. What it says may quote a stranger.
        traceback.print_tb(exc.__traceback__)
        _say_error(pipe, type(exc).__name__, "", {})
    else:
        _say(pipe, END, b"")


def _say_error(pipe: IO[bytes], kind: str, message: str, facts: dict[str, Any]) -> None:
    _say(pipe, ERROR, json.dumps({"kind": kind, "message": message, **facts}).encode())


def _say(pipe: IO[bytes], kind: bytes, content: bytes) -> None:
    pipe.write(HEAD.pack(kind, len(content)))
    pipe.write(content)
    pipe.flush()


def _limit(bounds: Bounds) -> None:
    """Have the kernel end what does not end by itself."""
    os.nice(_NICENESS)
    _lower(resource.RLIMIT_AS, bounds.memory_mib * MIB)
    # Not the processor time that reading our own code has taken.
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = bounds.cpu_seconds + int(used.ru_utime + used.ru_stime) + 1
    # A second before it is killed it gets a signal that says why.
    _lower(resource.RLIMIT_CPU, seconds, grace=1)
    _lower(resource.RLIMIT_CORE, 0)


def _lower(kind: int, limit: int, *, grace: int = 0) -> None:
    """Set a limit, unless that of our parent is lower already."""
    _, hard = resource.getrlimit(kind)
    wanted = limit + grace
    highest = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(kind, (min(limit, highest), highest))


def _end_with_parent() -> None:
    """Wait for the end of a pipe that nobody writes to any more: it ends with its writer."""
    sys.stdin.buffer.read(1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
