"""What the tests of isolation have done in a process of its own."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from generation.exceptions import SourceUnreachable

MIB = 1 << 20


def know_munich(host: str, port: int, *given: Any, **options: Any) -> list[Any]:
    """Answer as a name server that knows one host, by its name in ASCII."""
    if host != "xn--mnchen-3ya.example":
        raise OSError(f"no such host: {host}")
    return [(2, 1, 6, "", ("127.0.0.1", port))]


def echo(*parts: bytes) -> Iterator[bytes]:
    yield from parts


def environment() -> Iterator[bytes]:
    yield Path("/proc/self/environ").read_bytes()


def whoami() -> Iterator[bytes]:
    yield f"{os.getpid()} {os.getsid(0)} {os.getpgid(0)}".encode()


def print_and_yield() -> Iterator[bytes]:
    print("noise", flush=True)  # noqa: T201
    os.write(1, b"more noise")
    yield b"signal"


def sleep_for_ever() -> Iterator[bytes]:
    yield b"first"
    time.sleep(3600)


def loop_for_ever() -> Iterator[bytes]:
    while True:
        pass
    yield b""


def compute_for_ever() -> Iterator[bytes]:
    # One operation in C, that neither a thread nor a signal handler interrupts.
    yield str(9**9**8 % 7).encode()


def grow() -> Iterator[bytes]:
    hoard = []
    while True:
        hoard.append(bytearray(16 * MIB))
    yield b""


def talk_for_ever() -> Iterator[bytes]:
    while True:
        yield bytes(MIB)


def recurse() -> Iterator[bytes]:
    yield from recurse()


def be_unreachable() -> Iterator[bytes]:
    error = SourceUnreachable("there is no such host")
    error.status = 503
    raise error
    yield b""


def have_a_bug() -> Iterator[bytes]:
    quoted = b"a secret of a stranger".hex()
    raise KeyError(quoted)
    yield b""


def die() -> Iterator[bytes]:
    os._exit(3)
    yield b""


def start_a_process() -> Iterator[bytes]:
    child = subprocess.Popen(["sleep", "3600"])
    yield str(child.pid).encode()
    time.sleep(3600)
