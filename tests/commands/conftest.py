"""Commands as they are typed, each test with a state folder of its own.

`run` goes through Django's command line in this process, as `manage.py` does; `start`, and
`run` with variables that settings are made of, in a process of its own.
tests/commands/test_processes.py has one of those for each command and exit status.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.core.management import execute_from_command_line
from django.db import connections
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from config.env import Environment
from tests.prepared import CHECKOUT, Program, Started, start

READ_BY_SETTINGS = {name.upper() for name in Environment.model_fields}
LIST = """\
# Clocks

## Sundials

- [Horizontal](https://example.org/horizontal) - Lies flat in the garden.
- [Vertical](https://example.org/vertical) - Hangs on a wall.
"""


class Ended(NamedTuple):
    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


class Stream(io.TextIOWrapper):
    """A standard stream that is no terminal."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), "utf-8", write_through=True)

    buffer: io.BytesIO


class Made(NamedTuple):
    """What is copied, because that is quicker than to make it: a folder with an empty
    database, and another where the directory `clocks` was made, with what was said then."""

    empty: Path
    folder: Path
    json: str


class Gazetteer:
    """`manage.py` with everything it writes below `state`."""

    def __init__(self, folder: Path, made: Made | None = None) -> None:
        self.folder = folder
        self._made = made
        self.state = folder / "state"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "STATE_ROOT": str(self.state),
            "DATABASE_URL": f"sqlite:///{self.state}/gazetteer.sqlite3",
            "GIT_ROOT": str(self.state / "repositories"),
            "SECRET_KEY": "not a secret, because nothing is kept",
            "SOURCE_DATE_EPOCH": "1780000000",
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "list.md").write_text(LIST)

    def start(self, *arguments: str, **environment: str) -> Started:
        return start(self._program(*arguments, **environment))

    def _program(self, *arguments: str, **environment: str) -> Program:
        words = ("manage.py", *arguments)
        own = self.environment | environment
        return Program(words, own, folder=str(self.folder))

    def start_python(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `manage.py` as it is typed, with everything that it has to import."""
        return subprocess.Popen(
            [sys.executable, str(CHECKOUT / "manage.py"), *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environment: str) -> Ended:
        if environment.keys() & READ_BY_SETTINGS:
            return self.run_process(*arguments, **environment)
        with self._here(self.environment | environment) as output:
            try:
                execute_from_command_line(["manage.py", *arguments])
                status = 0
            except SystemExit as exc:
                status = exc.code if isinstance(exc.code, int) else int(bool(exc.code))
        stdout, stderr = (stream.buffer.getvalue().decode() for stream in output)
        return Ended(status, stdout, stderr)

    def run_process(self, *arguments: str, **environment: str) -> Ended:
        process = self.start(*arguments, **environment)
        stdout, stderr = process.communicate(timeout=120)
        return Ended(process.wait(), stdout, stderr)

    @contextlib.contextmanager
    def _here(self, environment: dict[str, str]) -> Iterator[tuple[Stream, Stream]]:
        """Let this process be one that was started in the folder, with its environment."""
        # As settings do when they are read.
        self.state.mkdir(parents=True, exist_ok=True)
        database = connections["default"].settings_dict
        stdout, stderr = Stream(), Stream()
        level = logging.getLogger().level
        handlers = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
        with (
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(stdout),
            contextlib.redirect_stderr(stderr),
            pytest.MonkeyPatch.context() as patch,
            override_settings(
                STATE_ROOT=self.state,
                GIT_ROOT=self.state / "repositories",
                CHECKPOINT_ROOT=self.state / "checkpoints",
                FETCH_CACHE_ROOT=self.state / "pages",
            ),
        ):
            connections.close_all()
            patch.setitem(database, "NAME", str(self.database))
            for name in environment.keys() - READ_BY_SETTINGS:
                patch.setenv(name, environment[name])
            # What a program takes for its width where nobody looks.
            patch.setenv("COLUMNS", "120")
            try:
                yield stdout, stderr
            finally:
                connections.close_all()
                logging.getLogger().setLevel(level)
                for number, handler in handlers.items():
                    signal.signal(number, handler)
                for stream in (stdout, stderr):
                    stream.flush()

    @property
    def database(self) -> Path:
        return self.state / "gazetteer.sqlite3"

    def generate(self, *arguments: str, **environment: str) -> Ended:
        return self.run("generate_directory", *arguments, **environment)

    def migrate(self) -> None:
        """Begin with a database that is empty instead of missing."""
        assert self._made is not None
        shutil.copytree(self._made.empty, self.state, dirs_exist_ok=True)

    def make(self) -> Any:
        """Make the directory `clocks` and return what --json says."""
        if self._made is not None and not self.database.exists():
            shutil.copytree(self._made.folder / "state", self.state, dirs_exist_ok=True)
            here = str(self.folder.resolve())
            return json.loads(self._made.json.replace(str(self._made.folder), here))
        ended = self.generate(
            "clocks", "--name", "Clocks", "--source", "list.md", "--json"
        )
        assert ended.status == 0, ended.stderr
        return ended.json

    def written(self) -> set[Path]:
        return {path for path in self.state.rglob("*") if path.is_file()}

    def run_git(self, repository: str, *arguments: str) -> str:
        """What git says of a repository; alone, `rev-parse` gives the tree of main."""
        if arguments == ("rev-parse",):
            arguments = ("rev-parse", "main^{tree}")
        path = self.state / "repositories" / "admin" / repository
        command = ["git", f"--git-dir={path}", *arguments]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()

    def heads(self) -> list[str]:
        names = ("clocks-data.git", "clocks.git", "clocks-website.git")
        return [self.run_git(name, "rev-parse") for name in names]

    def in_terminal(self, *arguments: str, interrupt_at: str = "") -> Ended:
        """Run with a terminal for standard error, which shows what is in `stderr`.

        There is one Ctrl-C as soon as it shows `interrupt_at`.
        """
        ours, theirs = pty.openpty()
        program = self._program(*arguments, TERM="xterm", COLUMNS="100")
        with Path(os.devnull).open("w") as nowhere:
            process = start(program, stdout=nowhere.fileno(), stderr=theirs)
        os.close(theirs)
        guard = threading.Timer(120, process.kill)
        guard.start()
        shown = b""
        with os.fdopen(ours, "rb", buffering=0) as terminal:
            try:
                while part := terminal.read(4096):
                    shown += part
                    if interrupt_at and interrupt_at.encode() in shown:
                        process.send_signal(signal.SIGINT)
                        interrupt_at = ""
            except OSError:  # how Linux says that the other end is closed
                pass
        status = process.wait()
        guard.cancel()
        return Ended(status, "", shown.decode())


@pytest.fixture(autouse=True)
def _own_databases(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Each state folder has its own, and none of them is the one of other tests."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="session")
def made(
    tmp_path_factory: pytest.TempPathFactory,
    django_db_blocker: DjangoDbBlocker,
    django_db_setup: None,
    migrated_database: sqlite3.Connection,
) -> Made:
    first = Gazetteer(tmp_path_factory.mktemp("made").resolve())
    empty = tmp_path_factory.mktemp("empty")
    with closing(sqlite3.connect(empty / first.database.name)) as database:
        migrated_database.backup(database)
    shutil.copytree(empty, first.state)
    with django_db_blocker.unblock():
        document = first.make()
    return Made(empty, first.folder, json.dumps(document))


@pytest.fixture
def gazetteer(tmp_path: Path, made: Made) -> Gazetteer:
    """Nothing was done there yet."""
    return Gazetteer(tmp_path / "one", made)
