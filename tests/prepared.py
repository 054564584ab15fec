"""Fork a Python program from a process that has imported what takes long.

A fresh start of `manage.py` takes nearly two seconds of a processor, most of them for imports.
`start` asks a process that was started once (see `serve`) and has done these, but has read
none of our settings: what it forks gets the variables, the arguments and the folder of the
program, leads a session of its own, and runs it from its first line until it ends as any
interpreter does.
"""

from __future__ import annotations

import atexit
import ctypes
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
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Timer
from typing import IO, NamedTuple

CHECKOUT = Path(__file__).parents[1]
# None of these reads a setting or a variable when it is imported.
MODULES = (
    "PIL.Image",
    "django.contrib.admin.options",
    "django.core.management.commands.runserver",
    "django.core.management.commands.shell",
    "django.db.backends.postgresql.base",
    "django.db.backends.sqlite3.base",
    "django.db.migrations.executor",
    "django.views.decorators.clickjacking",
    "django.views.i18n",
    "generation.apps",
    "generation.editing.operations",
    "generation.sources.formats",
    "generation.tasks.directory_generation",
    "http_message_signatures",
    "prometheus_client.core",
    "psutil",
    "pydantic_settings",
    "redis",
    "rich.progress",
)
# The kernel shows a process's variables where they were when it began: those of a forked
# one have to find room there.
ROOM = 1 << 14
LONGEST_REQUEST = 1 << 17


class Program(NamedTuple):
    """`python -m words…` where `is_module`, else `python words…`, in a folder."""

    words: tuple[str, ...]
    environment: dict[str, str]
    is_module: bool = False
    folder: str = str(CHECKOUT)


class Started:
    """A process that was forked for a test: what that needs of `subprocess.Popen`.

    `stdout` and `stderr` are there where they are pipes.
    """

    def __init__(
        self, ending: int, stdout: IO[str] | None, stderr: IO[str] | None
    ) -> None:
        self.stdout, self.stderr = stdout, stderr
        self._ending = os.fdopen(ending)
        self.pid = int(self._ending.readline())
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._ending], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            self.returncode = int(self._ending.readline())
            self._ending.close()
        return self.returncode

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(timeout=0)
        return self.returncode

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Read to the end; a process that takes longer than so many seconds is killed."""
        with self._killed_after(timeout), ThreadPoolExecutor(2) as readers:
            stdout, stderr = readers.map(_read, (self.stdout, self.stderr))
            self.wait()
        return stdout, stderr

    @contextmanager
    def _killed_after(self, seconds: float) -> Iterator[None]:
        guard = Timer(seconds, self.kill)
        guard.start()
        try:
            yield
        finally:
            guard.cancel()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            # It may have ended since, and its number is not kept for us.
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _read(stream: IO[str] | None) -> str:
    if stream is None or stream.closed:
        return ""
    with stream:
        return stream.read()


def start(
    program: Program, *, stdout: int | None = None, stderr: int | None = None
) -> Started:
    """Fork a program; a stream for which no descriptor is given is a pipe to its reader."""
    ending, end = os.pipe()
    files, opened = [], [end]
    readers: list[IO[str] | None] = []
    for descriptor in (stdout, stderr):
        reader = None
        if descriptor is None:
            readable, descriptor = os.pipe()
            opened.append(descriptor)
            reader = os.fdopen(readable, encoding="utf-8")
        files.append(descriptor)
        readers.append(reader)
    socket.send_fds(_server(), [json.dumps(program).encode()], [*files, end])
    for descriptor in opened:
        os.close(descriptor)
    return Started(ending, *readers)


@cache
def _server() -> socket.socket:
    """Start what serves this process's tests. It ends when this socket is closed."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LONGEST_REQUEST)
    with theirs:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.prepared"],
            cwd=CHECKOUT,
            env={"PATH": os.environ["PATH"], "ROOM": "-" * ROOM},
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
    atexit.register(server.wait)
    atexit.register(ours.close)
    return ours


def serve() -> Program:
    """Fork for each request, and report how it ends. Returns in what was forked."""
    for name in MODULES:
        importlib.import_module(name)
    compile_templates()
    # What is never looked at by the collector stays shared by all that are forked.
    gc.collect()
    gc.freeze()
    # Whatever Python has set of its own accord, such as LC_CTYPE.
    added = {k: v for k, v in os.environ.items() if k not in ("PATH", "ROOM")}
    control = socket.socket(fileno=os.dup(0))
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
    endings: dict[int, int] = {}

    def bury(*_: object) -> None:
        while endings:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            ending = endings.pop(pid)
            with suppress(BrokenPipeError):
                os.write(ending, b"%d\n" % os.waitstatus_to_exitcode(status))
            os.close(ending)

    signal.signal(signal.SIGCHLD, bury)
    while True:
        request, files, _, _ = socket.recv_fds(control, LONGEST_REQUEST, 3)
        if not request:
            os._exit(0)
        # Nobody is buried before it is known.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        if pid := os.fork():
            stdout, stderr, endings[pid] = files
            os.close(stdout)
            os.close(stderr)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
            continue
        break
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    os.setsid()
    os.write(files[2], b"%d\n" % os.getpid())
    os.dup2(files[0], 1)
    os.dup2(files[1], 2)
    for number in (*files, *endings.values()):
        os.close(number)
    control.close()
    program = Program(*json.loads(request))
    become(program.environment | added, program.folder)
    return program


def compile_templates() -> None:
    """Have those of websites compiled, which a process does with the first that it makes."""
    from generation.repositories.website.theme import _built_in

    own = _built_in()
    for name in own.list_templates(extensions=["html"]):
        own.get_template(name)


def become(environment: dict[str, str], folder: str) -> None:
    """Have these variables and no others, and show them in /proc."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    assert isinstance(sys.stdout, io.TextIOWrapper)
    sys.stdout.reconfigure(line_buffering=sys.stdout.isatty())
    # The 50th and 51st field, of which the second may hold blanks.
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    first, end = map(int, fields[47:49])
    shown = b"".join(b"%s=%s\0" % pair for pair in os.environb.items())
    assert len(shown) <= end - first, "more variables than room"
    ctypes.memmove(first, shown.ljust(end - first, b"\0"), end - first)


def main() -> None:
    program = serve()
    sys.argv = list(program.words)
    if program.is_module:
        runpy.run_module(program.words[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(str(CHECKOUT / program.words[0]), run_name="__main__")


if __name__ == "__main__":
    main()
