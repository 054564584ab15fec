"""The lock of a directory: one at a time, in the order in which they came, even when one dies."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from generation.exceptions import RepositoryBusy, RepositoryError
from generation.git import directory_lock

FORK = multiprocessing.get_context("fork")
Lock = Callable[..., AbstractContextManager[None]]


@pytest.fixture
def lock(tmp_path: Path) -> Lock:
    return partial(directory_lock, tmp_path, namespace="ada", slug="clocks")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ada" / ".clocks.lock"


def tickets(folder: Path) -> int:
    return len(list(folder.glob("*.*"))) if folder.exists() else 0


def wait_until(is_so: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "it takes too long"
        time.sleep(0.005)


def hold(lock: Lock, told: Connection) -> None:
    """Take the lock, report it, and keep it until one is killed."""
    with lock():
        told.send(os.getpid())
        signal.pause()


def started(lock: Lock, told: Connection) -> BaseProcess:
    process = FORK.Process(target=hold, args=(lock, told))
    process.start()
    return process


def kill(process: BaseProcess) -> None:
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def test_threads_are_served_in_the_order_in_which_they_came(
    lock: Lock, folder: Path
) -> None:
    served: list[int] = []

    def work(number: int) -> None:
        with lock():
            served.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    with lock():
        for count, thread in enumerate(threads, 2):
            thread.start()
            wait_until(lambda count=count: tickets(folder) == count)  # type: ignore[misc]
    for thread in threads:
        thread.join()

    assert served == list(range(8))


def test_processes_are_served_in_the_order_in_which_they_came(
    lock: Lock, folder: Path
) -> None:
    here, there = FORK.Pipe()
    waiting: list[BaseProcess] = []
    with lock():
        for count in range(2, 7):
            waiting.append(started(lock, there))
            wait_until(lambda count=count: tickets(folder) == count)  # type: ignore[misc]

    for process in waiting:
        assert here.poll(20)
        assert here.recv() == process.pid
        kill(process)


def test_whoever_has_just_had_it_stands_behind_those_who_wait(
    lock: Lock, folder: Path
) -> None:
    served: list[str] = []

    def wait() -> None:
        with lock():
            served.append("waiting")

    thread = threading.Thread(target=wait)
    with lock():
        thread.start()
        wait_until(lambda: tickets(folder) == 2)
    with lock():
        served.append("again")
    thread.join()

    assert served == ["waiting", "again"]


def test_a_killed_holder_gives_the_lock_back(lock: Lock) -> None:
    here, there = FORK.Pipe()
    holder = started(lock, there)
    assert here.poll(20)
    with pytest.raises(RepositoryBusy), lock(wait=0.1):
        pass

    kill(holder)

    with lock(wait=5):
        pass


def test_a_killed_waiter_keeps_nobody_waiting(lock: Lock, folder: Path) -> None:
    _, there = FORK.Pipe()
    served = threading.Event()

    def work() -> None:
        with lock():
            served.set()

    behind = threading.Thread(target=work)
    with lock():
        waiter = started(lock, there)
        wait_until(lambda: tickets(folder) == 2)
        behind.start()
        wait_until(lambda: tickets(folder) == 3)
        kill(waiter)

    assert served.wait(5)
    behind.join()
    assert not folder.exists()


def test_whoever_has_waited_long_enough_is_told_and_leaves_nothing(
    lock: Lock, folder: Path
) -> None:
    with lock():
        begun = time.monotonic()
        match = "ada/clocks is being changed"
        with pytest.raises(RepositoryBusy, match=match), lock(wait=0.2):
            pass
        assert time.monotonic() - begun >= 0.2
        assert tickets(folder) == 1


def test_a_child_that_inherits_the_file_does_not_keep_the_lock(lock: Lock) -> None:
    with lock():
        child = FORK.Process(target=signal.pause)
        child.start()
    try:
        with lock(wait=0):
            pass
    finally:
        kill(child)


def test_directories_do_not_wait_for_each_other(lock: Lock, tmp_path: Path) -> None:
    with lock(), directory_lock(tmp_path, namespace="ada", slug="dials", wait=0):
        pass


def test_neither_its_folder_nor_an_empty_namespace_stays(
    lock: Lock, tmp_path: Path
) -> None:
    with lock():
        pass

    assert not (tmp_path / "ada").exists()


def test_repositories_next_to_it_stay(lock: Lock, folder: Path) -> None:
    (folder.parent / "clocks.git").mkdir(parents=True)

    with lock():
        pass

    assert [path.name for path in folder.parent.iterdir()] == ["clocks.git"]


def test_it_holds_while_its_folder_comes_and_goes(lock: Lock, tmp_path: Path) -> None:
    """Nobody waits for half of the time, so that the folder is removed again and again."""
    counted = tmp_path / "counted"
    counted.write_text("0")

    def count() -> None:
        for _ in range(40):
            with lock():
                before = int(counted.read_text())
                time.sleep(0)
                counted.write_text(str(before + 1))
            time.sleep(random.random() / 200)

    def count_in_threads() -> None:
        threads = [threading.Thread(target=count) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    processes = [FORK.Process(target=count_in_threads) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert counted.read_text() == "160"
    assert not (tmp_path / "ada").exists()


def test_a_folder_that_cannot_be_written_is_named(lock: Lock, tmp_path: Path) -> None:
    (tmp_path / "ada").write_text("in the way")

    with pytest.raises(RepositoryError, match=r"cannot be locked.*one user"), lock():
        pass
