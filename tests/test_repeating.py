"""A suite with tests that fail once, twice or never, run as ours is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.env import CHECKOUT

# Each fails as often as its name says, and counts its tries in a file.
TESTS = """\
import pathlib, pytest

def fail(name, times):
    print("try of", name)
    path = pathlib.Path(__file__).with_name(name)
    tries = path.stat().st_size if path.exists() else 0
    path.write_bytes(b"." * (tries + 1))
    assert tries >= times, f"{name} failed, try {tries + 1}"
"""
ENGINE = f"""{TESTS}
def test_never(): fail("never", 0)
def test_once(): fail("once", 1)
def test_twice(): fail("twice", 2)

@pytest.fixture
def shaky():
    fail("shaky", 1)

def test_of_a_shaky_fixture(shaky): pass
"""
ELSEWHERE = f"""{TESTS}
def test_elsewhere(): fail("elsewhere", 1)

@pytest.mark.browser
def test_in_a_browser(): fail("browser", 1)
"""


@pytest.mark.parametrize("processes", ["0", "2"])
def test_only_engine_and_browser_are_tried_twice_and_that_is_told(
    tmp_path: Path, processes: str
) -> None:
    engine, elsewhere = tmp_path / "tests" / "engine", tmp_path / "tests" / "other"
    for folder, text in ((engine, ENGINE), (elsewhere, ELSEWHERE)):
        folder.mkdir(parents=True)
        (folder / f"test_{folder.name}.py").write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  browser: in one\n")

    ended = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "tests.repeating"),
            *("-p", "no:cacheprovider", "-p", "no:django", "-n", processes),
            # Where others keep theirs, it would clear away what earlier runs have left.
            f"--basetemp={tmp_path / 'its own'}",
        ],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )

    tries = {p.name: p.stat().st_size for p in tmp_path.glob("tests/*/*[a-z]")}
    tries = {name: n for name, n in tries.items() if "." not in name}
    assert tries == {
        "never": 1,
        "once": 2,
        "twice": 2,
        "shaky": 2,
        "elsewhere": 1,
        "browser": 2,
    }
    assert ended.returncode == 1
    said = ended.stdout
    assert said.splitlines()[-1].startswith("2 failed, 4 passed"), said
    failed = {line.split()[1] for line in said.splitlines() if line[:7] == "FAILED "}
    assert failed == {
        "tests/engine/test_engine.py::test_twice",
        "tests/other/test_other.py::test_elsewhere",
    }
    flaky = [line.strip("= ") for line in said.splitlines() if " FLAKY " in line]
    assert sorted(flaky) == [
        "FLAKY tests/engine/test_engine.py::test_of_a_shaky_fixture",
        "FLAKY tests/engine/test_engine.py::test_once",
        "FLAKY tests/engine/test_engine.py::test_twice",
        "FLAKY tests/other/test_other.py::test_in_a_browser",
    ]
    once = said.partition("test_engine.py::test_once ")[2].partition("= FLAKY ")[0]
    assert "once failed, try 1" in once.partition("the second time:")[0]
    assert "the second time:\nsetup: passed\ncall: passed" in once
    assert once.count("try of once") == 2, once
    twice = said.partition("FLAKY tests/engine/test_engine.py::test_twice")[2]
    assert "twice failed, try 1" in twice
    assert "twice failed, try 2" in twice.partition("the second time:")[2]
