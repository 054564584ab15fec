"""The real command in a real process, with a state folder of its own."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, NamedTuple

import pytest

CHECKOUT = Path(__file__).parents[2]
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


class Gazetteer:
    """`manage.py` with everything it writes below `state`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
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

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(CHECKOUT / "manage.py"), *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environment: str) -> Ended:
        process = self.start(*arguments, **environment)
        stdout, stderr = process.communicate(timeout=120)
        return Ended(process.returncode, stdout, stderr)

    def generate(self, *arguments: str, **environment: str) -> Ended:
        return self.run("generate_directory", *arguments, **environment)

    def make(self) -> Any:
        """Make the directory `clocks` and return what --json says."""
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
        process = subprocess.Popen(
            [sys.executable, str(CHECKOUT / "manage.py"), *arguments],
            cwd=self.folder,
            env=self.environment | {"TERM": "xterm", "COLUMNS": "100"},
            stdout=subprocess.DEVNULL,
            stderr=theirs,
        )
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


@pytest.fixture
def gazetteer(tmp_path: Path) -> Gazetteer:
    return Gazetteer(tmp_path / "one")
