"""A program that is forked with its imports done is like one that was started."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.engine.conftest import forked, wait_until
from tests.prepared import CHECKOUT, Program

PROGRAM = """\
import json, os, sys
print(json.dumps([sys.argv, dict(os.environ), os.getcwd(), __name__, os.getsid(0)]))
print("django.conf" in sys.modules and "config.settings" in sys.modules, file=sys.stderr)
sys.stdout.flush()
getattr(os, sys.argv[1])(*map(int, sys.argv[2:]))
sys.exit(3)
"""


@pytest.mark.parametrize(
    ("words", "status"),
    [(("getpid",), 3), (("_exit", "4"), 4), (("kill", "0", "9"), -signal.SIGKILL)],
)
def test_forked_program_has_what_it_was_given(
    tmp_path: Path, words: tuple[str, ...], status: int
) -> None:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    log = tmp_path / "log"

    with forked(Program((str(path), *words), {"ENGINE_NAME": "x"}), log=log) as started:
        ended = started.wait(timeout=60)

    lines = log.read_text().splitlines()
    argv, environment, folder, name, session = json.loads(lines[-1])
    assert ended == status
    assert argv == [str(path), *words]
    assert environment.pop("LC_CTYPE", "") in ("", "C.UTF-8")
    assert environment == {"ENGINE_NAME": "x"}
    assert (folder, name) == (str(CHECKOUT), "__main__")
    assert session == started.pid != os.getpid()
    assert lines[0] == "False"


def test_variables_of_a_forked_program_are_in_proc(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text("import time; print(1, flush=True); time.sleep(60)")

    with forked(
        Program((str(path),), {"ENGINE_NAME": "x"}), log=tmp_path / "log"
    ) as started:
        wait_until((tmp_path / "log").read_text)
        shown = Path(f"/proc/{started.pid}/environ").read_bytes().strip(b"\0")

    assert b"ENGINE_NAME=x" in shown.split(b"\0")
    assert b"ROOM=" not in shown
    assert started.returncode == -signal.SIGKILL
