"""Processes of `manage.py` that do not import other people's packages, each for itself.

    python -m tests.forks 3

This parent has imported them. It reads one request per command from a socket, and forks: the
child has the arguments, environment, folder and standard streams of the request, and goes on
as `python manage.py` would: it reads the settings, imports our own modules and ends by itself.
The parent has none of our modules, because most of them depend on the settings.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import IO

CHECKOUT = Path(__file__).parents[1]
# What takes long to import, is needed by many commands and reads no settings.
PRELOADED = (
    "PIL.Image",
    "django.contrib.admin.options",
    "django.core.management.commands.migrate",
    "django.core.serializers.json",
    "django.db.backends.sqlite3.base",
    "docutils.core",
    "git",
    "http_message_signatures",
    "jinja2",
    "markdown",
    "markdown_it",
    "nh3",
    "orjson",
    "pydantic",
    "pydantic_settings",
    "rapidfuzz",
    "requests",
    "rich.progress",
    "selectolax.parser",
    "structlog",
    "yaml",
)


class Forked:
    """A command that runs: what a test needs of `subprocess.Popen`."""

    def __init__(
        self, report: IO[str], stdout: IO[str] | None, stderr: IO[str] | None
    ) -> None:
        self.stdout, self.stderr = stdout, stderr
        self._report = report
        self.pid = int(report.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        is_over = bool(select.select([self._report], [], [], 0)[0])
        return self.wait() if is_over else None

    def wait(self) -> int:
        if self.returncode is None:
            with self._report:
                self.returncode = int(self._report.readline())
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            # It may have ended since, and unlike a child of ours it is not kept for us.
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Read to the end; a command that takes too long is killed."""
        guard = Timer(timeout, self.kill)
        guard.start()
        try:
            with ThreadPoolExecutor(2) as readers:
                stdout, stderr = readers.map(_read, (self.stdout, self.stderr))
            self.wait()
        finally:
            guard.cancel()
        return stdout, stderr


def _read(stream: IO[str] | None) -> str:
    if stream is None or stream.closed:
        return ""
    with stream:
        return stream.read()


class Parent:
    """Starts commands as children of a process that has imported what they need."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel

    def start(
        self,
        *arguments: str,
        cwd: Path,
        env: Mapping[str, str],
        stdout: int | None = None,
        stderr: int | None = None,
    ) -> Forked:
        """Start `manage.py`; a stream for which no descriptor is given is a pipe."""
        request = {"arguments": arguments, "cwd": str(cwd), "env": dict(env)}
        report, theirs = os.pipe()
        given, opened = [theirs], [theirs]
        ends: list[IO[str] | None] = []
        for descriptor in (stdout, stderr):
            if descriptor is None:
                end, descriptor = os.pipe()
                opened.append(descriptor)
                ends.append(os.fdopen(end, encoding="utf-8"))
            else:
                ends.append(None)
            given.append(descriptor)
        socket.send_fds(self._channel, [json.dumps(request).encode()], given)
        for descriptor in opened:
            os.close(descriptor)
        return Forked(os.fdopen(report), *ends)


@contextmanager
def forking() -> Iterator[Parent]:
    """Have such a parent until the end of the block."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.forks", str(theirs.fileno())],
                cwd=CHECKOUT,
                env={"PATH": os.environ["PATH"]},
                pass_fds=[theirs.fileno()],
            )
        yield Parent(ours)
    process.wait()


def become_the_next_command(channel: socket.socket) -> None:
    """Return in a new process for each request, and end when nobody can ask any more."""
    # Ctrl-C is for those who run the tests, and for the commands.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        request, descriptors, _, _ = socket.recv_fds(channel, 1 << 20, 3)
        if not request:
            sys.exit()
        if not os.fork():
            break
        for descriptor in descriptors:
            os.close(descriptor)
    channel.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    report, *streams = descriptors
    if pid := os.fork():
        for stream in streams:
            os.close(stream)
        os.write(report, f"{pid}\n".encode())
        _, status = os.waitpid(pid, 0)
        os.write(report, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os._exit(0)
    os.close(report)
    for stream, number in zip(streams, (1, 2), strict=True):
        os.dup2(stream, number)
        os.close(stream)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _take(**json.loads(request))


def _take(arguments: list[str], cwd: str, env: dict[str, str]) -> None:
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    sys.argv = ["manage.py", *arguments]
    assert isinstance(sys.stdout, io.TextIOWrapper)
    sys.stdout.reconfigure(line_buffering=sys.stdout.isatty())


if __name__ == "__main__":
    for name in PRELOADED:
        importlib.import_module(name)
    gc.freeze()
    become_the_next_command(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_path(str(CHECKOUT / "manage.py"), run_name="__main__")
