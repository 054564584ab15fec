"""Work in a process of its own ends: by itself, or by one of its bounds."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from generation.exceptions import LimitExceeded, SourceTimedOut, SourceUnreachable
from generation.isolation import Bounds, Work, call_isolated, iterate_isolated
from tests.generation.isolated_work import (
    MIB,
    be_unreachable,
    compute_for_ever,
    die,
    echo,
    environment,
    grow,
    have_a_bug,
    loop_for_ever,
    print_and_yield,
    recurse,
    sleep_for_ever,
    start_a_process,
    talk_for_ever,
    whoami,
)

BOUNDS = Bounds(seconds=60, cpu_seconds=30, memory_mib=512, output_mib=4)


def until(condition: Callable[[], bool], *, seconds: float = 60) -> bool:
    """Wait for something that happens at once, unless the machine is busy."""
    ends = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < ends:
        time.sleep(0.02)
    return found


def is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_what_the_work_yields_comes_back() -> None:
    large = os.urandom(3 * MIB)

    assert list(iterate_isolated(echo, b"", b"two", large, bounds=BOUNDS)) == [
        b"",
        b"two",
        large,
    ]
    assert call_isolated(echo, b"a", b"b", bounds=BOUNDS) == b"ab"


def test_it_knows_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIGGER_INTERNAL_SECRET", "hush")

    found = call_isolated(environment, bounds=BOUNDS).split(b"\0")

    assert sorted(v.partition(b"=")[0] for v in found if v) == [b"LC_ALL", b"PATH"]


def test_it_leads_a_session_and_a_group_of_its_own() -> None:
    pid, session, group = call_isolated(whoami, bounds=BOUNDS).split()

    assert pid == session == group != str(os.getpid()).encode()


def test_what_it_prints_is_no_answer(capfd: pytest.CaptureFixture[str]) -> None:
    assert call_isolated(print_and_yield, bounds=BOUNDS) == b"signal"
    assert "more noise" in capfd.readouterr().err


def test_it_ends_by_the_clock() -> None:
    parts = iterate_isolated(sleep_for_ever, bounds=BOUNDS._replace(seconds=8))

    assert next(parts) == b"first"
    with pytest.raises(LimitExceeded, match="more than 8 seconds"):
        next(parts)


@pytest.mark.parametrize("work", [loop_for_ever, compute_for_ever])
def test_it_ends_when_it_has_worked_too_much(work: Work) -> None:
    bounds = BOUNDS._replace(cpu_seconds=1, seconds=300, memory_mib=2048)

    with pytest.raises(LimitExceeded, match="more than 1 seconds of work"):
        call_isolated(work, bounds=bounds)


def test_it_ends_when_it_grows_too_much() -> None:
    with pytest.raises(LimitExceeded, match="more than 512 MiB of memory"):
        call_isolated(grow, bounds=BOUNDS)


def test_it_ends_when_it_says_too_much() -> None:
    with pytest.raises(LimitExceeded, match="makes more than 4 MiB"):
        call_isolated(talk_for_ever, bounds=BOUNDS)


def test_it_ends_when_it_calls_itself_without_end() -> None:
    with pytest.raises(LimitExceeded, match="nested too deeply"):
        call_isolated(recurse, bounds=BOUNDS)


def test_an_error_of_ours_comes_back_as_it_is() -> None:
    with pytest.raises(SourceUnreachable, match=r"^there is no such host$") as raised:
        call_isolated(be_unreachable, bounds=BOUNDS)

    assert raised.value.status == 503
    assert not isinstance(raised.value, SourceTimedOut)


def test_a_bug_is_a_bug_and_quotes_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match=r"^KeyError in an isolated process"):
        call_isolated(have_a_bug, bounds=BOUNDS)

    traceback = capfd.readouterr().err
    assert "have_a_bug" in traceback
    assert b"stranger".hex() not in traceback


def test_one_that_dies_without_a_word_is_a_bug() -> None:
    with pytest.raises(RuntimeError, match="without a word, status 3"):
        call_isolated(die, bounds=BOUNDS)


def test_what_it_has_started_ends_with_it() -> None:
    parts = iterate_isolated(start_a_process, bounds=BOUNDS)
    pid = int(next(parts))
    assert is_alive(pid)

    parts.close()  # type: ignore[attr-defined]

    assert until(lambda: not is_alive(pid))


def test_it_ends_with_its_parent() -> None:
    code = (
        "from tests.generation.test_isolation import *\n"
        "parts = iterate_isolated(start_a_process, bounds=BOUNDS)\n"
        "print(next(parts).decode(), flush=True)\n"
        "time.sleep(3600)\n"
    )
    asking = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert asking.stdout is not None
    pid = int(asking.stdout.readline())

    asking.kill()
    asking.wait()
    asking.stdout.close()

    assert until(lambda: not is_alive(pid))
