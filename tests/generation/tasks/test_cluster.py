"""The queues between the processes of a cluster, any of which may be killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from queue import Full

import django_q
import pytest
from django_q import cluster

from generation.tasks.cluster import (
    WRITTEN_FOR,
    Queue,
    Sentinel,
    monitor,
    pusher,
    worker,
)
from generation.tasks.signs import CLUSTER, Part

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def tasks() -> Iterator[Queue]:
    queue = Queue(maxsize=1)
    queue.put_by, queue.got_by = Part.PUSHER, Part.TAKER
    yield queue
    # With the thread that writes to it: other tests fork.
    queue.close()
    queue.join_thread()


def killed_in(name: str, queue: Queue) -> None:
    """Be killed while this process holds the lock or the place of that name."""

    def take_and_wait() -> None:
        getattr(queue, name).acquire()
        os.kill(os.getpid(), signal.SIGKILL)

    process = FORK.Process(target=take_and_wait)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def get_and_pass_on(tasks: Queue, results: Queue) -> None:
    results.put(tasks.get())


def test_changes_are_of_the_installed_version() -> None:
    assert django_q.VERSION[:2] == WRITTEN_FOR


def test_cluster_is_made_of_our_parts() -> None:
    used = (cluster.Sentinel, cluster.worker, cluster.pusher, cluster.monitor)

    assert used == (Sentinel, worker, pusher, monitor)


@pytest.mark.parametrize("held", ["_rlock", "_wlock", "_sem"])
def test_queue_outlives_a_process_that_is_killed_while_it_uses_it(
    tasks: Queue, held: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generation.tasks.cluster.PLACE_IS_LOST_AFTER", 0.1)
    results = Queue()
    killed_in(held, tasks)
    taker = FORK.Process(target=get_and_pass_on, args=(tasks, results))
    taker.start()

    tasks.put("a task")

    assert results.get(timeout=20) == "a task"
    taker.join()


def test_place_of_a_task_that_waits_is_not_given_away(tasks: Queue) -> None:
    CLUSTER.show(Part.TAKER)
    tasks.put("a task")

    tasks._free_lost_place(began=time.monotonic())

    with pytest.raises(Full):
        tasks.put("another", timeout=0.1)
    assert tasks.get(timeout=20) == "a task"


def test_both_sides_of_a_queue_show_that_they_wait(tasks: Queue) -> None:
    before = CLUSTER.shown_at(Part.TAKER), CLUSTER.shown_at(Part.PUSHER)
    taker = FORK.Process(target=tasks.get)
    taker.start()
    deadline = time.monotonic() + 20
    while CLUSTER.shown_at(Part.TAKER) == before[0]:
        assert time.monotonic() < deadline

    tasks.put("a task")

    taker.join(timeout=20)
    assert taker.exitcode == 0
    assert CLUSTER.shown_at(Part.PUSHER) > before[1]
