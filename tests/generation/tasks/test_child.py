"""A run's own process: what it says, how it dies, and that nothing of it stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from generation.tasks.child import Child, Ended, in_child

WELL = Ended("succeeded", "")


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def is_running(pid: int) -> bool:
    return state_and_parent(pid)[0] not in ("", "Z")


def state_and_parent(pid: int) -> tuple[str, int]:
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "", 0
    return words[0], int(words[1])


def children() -> set[int]:
    """Ours, zombies as well. Other tests may have left one that goes on living."""
    pids = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    return {pid for pid in pids if state_and_parent(pid)[1] == os.getpid()}


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_child_says_how_it_ended() -> None:
    assert in_child(lambda child: Ended("failed", "ünglück")) == ("failed", "ünglück")


def test_much_is_said_without_a_jam() -> None:
    assert len(in_child(lambda child: Ended("failed", "x" * 1_000_000)).reason) == 10**6


def test_child_is_another_process_in_a_group_of_its_own() -> None:
    said = in_child(lambda child: Ended("x", f"{os.getpid()} {os.getpgid(0)}")).reason

    pid, group = said.split()
    assert pid == group != str(os.getpid())


def test_nothing_is_left_open_and_no_zombie() -> None:
    in_child(lambda child: WELL)
    before, others = descriptors(), children()

    for _ in range(5):
        in_child(lambda child: WELL)

    assert descriptors() == before
    assert children() <= others


def kill_itself(child: Child) -> Ended:
    os.kill(os.getpid(), signal.SIGKILL)
    return WELL


def crash(child: Child) -> Ended:
    os.kill(os.getpid(), signal.SIGSEGV)
    return WELL


def leave(child: Child) -> Ended:
    os._exit(3)


def exit_early(child: Child) -> Ended:
    raise SystemExit


def eat(child: Child) -> Ended:
    hoard = []
    while True:
        hoard.append(bytearray(16 * 1024 * 1024))


@pytest.mark.parametrize(
    ("work", "reason"),
    [
        (kill_itself, "no memory left"),
        (crash, "crashed (SIGSEGV)"),
        (leave, "without a word"),
        (exit_early, "without a word"),
    ],
)
def test_death_is_told_by_its_cause(
    work: Callable[[Child], Ended], reason: str
) -> None:
    ended = in_child(work)

    assert ended.outcome == ""
    assert reason in ended.reason


def test_a_child_that_stands_still_is_not_waited_for() -> None:
    others = children()

    def work(child: Child) -> Ended:
        os.kill(os.getpid(), signal.SIGSTOP)
        return WELL

    ended = in_child(work, patience=1)

    assert ended == ("", "the process of the run stood still for 1 s")
    assert children() <= others


def test_a_child_that_has_said_all_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stand_still() -> None:
        os.kill(os.getpid(), signal.SIGSTOP)

    monkeypatch.setattr("generation.tasks.child.send_all", stand_still)
    monkeypatch.setattr("generation.tasks.child.LEAVING", 1)

    assert in_child(lambda child: Ended("failed", "no items")) == ("failed", "no items")


def test_a_child_that_dies_in_mid_word_has_said_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write = os.write

    def write_and_die(descriptor: int, words: memoryview) -> int:
        write(descriptor, words[:10])
        os.kill(os.getpid(), signal.SIGKILL)
        return 10

    def work(child: Child) -> Ended:
        monkeypatch.setattr("generation.tasks.child.os.write", write_and_die)
        return WELL

    ended = in_child(work)

    assert ended.outcome == ""
    assert "was killed (SIGKILL)" in ended.reason


def test_a_child_that_works_may_take_longer() -> None:
    def work(child: Child) -> Ended:
        time.sleep(6)
        return WELL

    assert in_child(work, patience=4) == WELL


def test_memory_is_limited_in_the_child_alone() -> None:
    def work(child: Child) -> Ended:
        try:
            return eat(child)
        except MemoryError:
            return Ended("failed", "out of memory")

    assert in_child(work, memory_mib=2_000) == ("failed", "out of memory")
    assert len(bytearray(16 * 1024 * 1024))


def test_memory_of_what_the_child_starts_is_limited_as_well() -> None:
    def work(child: Child) -> Ended:
        limit = subprocess.run(
            ["sh", "-c", "ulimit -v"], check=True, capture_output=True, text=True
        )
        return Ended("x", limit.stdout.strip())

    assert in_child(work, memory_mib=2_000).reason == str(2_000 * 1024)


def test_what_the_child_started_ends_with_it(tmp_path: Path) -> None:
    def work(child: Child) -> Ended:
        sleeper = subprocess.Popen(["sleep", "60"])
        return Ended("x", str(sleeper.pid))

    pid = int(in_child(work).reason)

    wait_for(lambda: not is_running(pid))


def test_who_waits_and_is_interrupted_ends_the_child(tmp_path: Path) -> None:
    told = tmp_path / "pid"

    def work(child: Child) -> Ended:
        told.write_text(str(os.getpid()))
        parent = os.getppid()
        wait_for(lambda: state_and_parent(parent)[0] == "S")
        os.kill(parent, signal.SIGALRM)
        time.sleep(60)
        return WELL

    def time_out(number: int, frame: object) -> None:
        raise SystemExit("too long")

    before = signal.signal(signal.SIGALRM, time_out)
    try:
        with pytest.raises(SystemExit):
            in_child(work)
    finally:
        signal.signal(signal.SIGALRM, before)

    assert not is_running(int(told.read_text()))


def test_stop_interrupts_the_child() -> None:
    def work(child: Child) -> Ended:
        try:
            child.stop()
            time.sleep(60)
        except KeyboardInterrupt:
            return Ended("cancelled", "")
        return WELL

    assert in_child(work).outcome == "cancelled"


def test_stop_kills_a_child_that_does_not_listen() -> None:
    def work(child: Child) -> Ended:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        while True:
            child.stop()
            time.sleep(0.1)

    begun = time.monotonic()
    ended = in_child(work)

    assert ended.outcome == ""
    assert time.monotonic() - begun < 10


ORPHAN = """
import os, subprocess, sys, time
from generation.tasks.child import Ended, in_child

def work(child):
    sleeper = subprocess.Popen(["sleep", "60"])
    print(os.getpid(), sleeper.pid, flush=True)
    time.sleep(60)

in_child(work)
"""


def test_child_dies_with_its_parent() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert all(map(is_running, pids))

    parent.kill()
    parent.wait()

    wait_for(lambda: not any(map(is_running, pids)))
    parent.stdout.close()
