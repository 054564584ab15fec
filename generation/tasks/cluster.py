"""What we change in the processes of a Django-Q2 cluster.

    parent ── sentinel ─┬─ workers   take tasks from the task queue and make runs
                        ├─ pusher    takes messages from the broker, puts them in that queue
                        └─ monitor   takes results from the result queue

- Each of them ends with the process that forked it, because what is left of a killed cluster
  would go on making runs that nobody can stop, or look alive and take none.
- Each shows signs of life while it works, on which the hello of the workers depends.
- Queues and events between them outlive a process that is killed while it uses them.
- A cluster whose sentinel was killed ends with status 1.

Written for the version below; a test compares it with the installed one.
"""

from __future__ import annotations

import atexit
import logging
import mmap
import multiprocessing
import multiprocessing.queues
import os
import signal
import time
from collections.abc import Callable
from queue import Full
from typing import Any

import structlog
from django_q import cluster, queues
from django_q.brokers import Broker, get_broker

from generation.locks import LastingLock
from generation.processes import call_when_orphaned, end_with_parent
from generation.tasks.presence import say_goodbye
from generation.tasks.signs import CLUSTER, SHOWS_EVERY, Part

log = structlog.get_logger(__name__)

WRITTEN_FOR = (1, 11)
# Between two looks at an event that is waited for, in seconds.
LOOKS_EVERY = 0.25
# The pusher's place in the queue is lost when a worker waits at an empty one for so long.
PLACE_IS_LOST_AFTER = 3 * SHOWS_EVERY
# What is left of a killed cluster may take so many seconds to report that it is gone.
REPORTS_FOR = 10

_worker, _pusher, _monitor = cluster.worker, cluster.pusher, cluster.monitor


def change_cluster() -> None:
    """Have a cluster that begins in this process use what is below. Once is enough."""
    cluster.Cluster = Cluster
    cluster.Sentinel = Sentinel
    cluster.Queue = Queue
    cluster.Event = Event
    cluster.worker, cluster.pusher, cluster.monitor = worker, pusher, monitor


class Queue(queues.Queue):  # type: ignore[misc]
    """A queue between processes any of which may be killed at any time.

    A process that waits at it shows a sign of life, as the part that was set for its side.
    """

    put_by: Part | None = None
    got_by: Part | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._rlock, self._wlock = LastingLock(), LastingLock()

    # Django-Q2 counts what is in a queue below a lock that a killed process keeps for
    # ever: each method goes to what it is derived from.

    def put(self, task: Any, block: bool = True, timeout: float | None = None) -> None:
        put = multiprocessing.queues.Queue.put
        if not block or timeout is not None:
            put(self, task, block, timeout)
            return
        began = time.monotonic()
        while True:
            self._show(self.put_by)
            try:
                put(self, task, timeout=SHOWS_EVERY)
            except Full:
                self._free_lost_place(began)
            else:
                self._show(self.put_by)
                return

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        get = multiprocessing.queues.Queue.get
        if not block or timeout is not None:
            return get(self, block, timeout)
        with CLUSTER.waiting(), self._rlock:
            while not self._reader.poll(SHOWS_EVERY):
                # The pusher relies on it: there was nothing here at this moment.
                self._show(self.got_by)
            # It takes the lock that this process has already.
            return get(self)

    def qsize(self) -> int:
        return multiprocessing.queues.Queue.qsize(self)

    def empty(self) -> bool:
        return multiprocessing.queues.Queue.empty(self)

    def _show(self, part: Part | None) -> None:
        if part is not None:
            CLUSTER.show(part)

    def _free_lost_place(self, began: float) -> None:
        """Give back the place of a process that was killed before it had used it.

        The queue seems full then, while a worker waits at it and nothing comes.
        """
        if self.got_by is None or self._buffer:
            return
        if CLUSTER.shown_at(self.got_by) > began + PLACE_IS_LOST_AFTER:
            log.warning("place in the queue freed")
            self._sem.release()


class Event:
    """A flag that all processes see.

    To set one of multiprocessing's waits for those who wait for it. Where one of them was
    killed meanwhile, as by a SIGTERM to the whole group, that is for ever.
    """

    def __init__(self) -> None:
        self._flag = mmap.mmap(-1, 1)

    def is_set(self) -> bool:
        return self._flag[0] == 1

    def set(self) -> None:
        self._flag[0] = 1

    def wait(self, timeout: float | None = None) -> bool:
        began = time.monotonic()
        while not self.is_set():
            if timeout is not None and time.monotonic() - began >= timeout:
                return False
            time.sleep(LOOKS_EVERY)
        return True


class Cluster(cluster.Cluster):  # type: ignore[misc]
    """The process that was started by hand or by a service manager."""

    def start(self) -> int:
        CLUSTER.reset()
        pid = int(super().start())
        # Before multiprocessing waits for the sentinel, and asks for no status.
        atexit.register(self._end)
        return pid

    def _end(self) -> None:
        self.sentinel.join()
        if self.sentinel.exitcode:
            log.error("cluster lost its sentinel", status=self.sentinel.exitcode)
            # The monitor does so, too, unless it was killed as well.
            signal.alarm(REPORTS_FOR)
            say_goodbye(CLUSTER.workers())
            logging.shutdown()
            os._exit(1)


class Sentinel(cluster.Sentinel):  # type: ignore[misc]
    """Restarts the others, and shows at each turn that it does."""

    def __init__(self, *arguments: Any, start: bool = True, **options: Any) -> None:
        end_with_parent(_parent())
        super().__init__(*arguments, start=False, **options)
        self.task_queue.put_by = Part.PUSHER
        self.task_queue.got_by = Part.TAKER
        self.result_queue.got_by = Part.MONITOR
        if start:
            self.start()

    def status(self) -> str:
        """Called at each turn of all its loops, also of those in which it stops."""
        CLUSTER.show(Part.SENTINEL)
        CLUSTER.note_workers(process.pid for process in self.pool if process.pid)
        return str(super().status())


def worker(*arguments: Any, **options: Any) -> None:
    """Make runs. A run dies with its worker, and another attempt follows it.

    So a worker without a cluster is killed at once, also in the middle of a run: the lease
    would let it finish, but nobody could stop it, and another cluster resumes the run.
    """
    end_with_parent(_parent())
    _worker(*arguments, **options)


def pusher(task_queue: Queue, event: Any, broker: Broker | None = None) -> None:
    end_with_parent(_parent())
    broker = broker or get_broker()
    broker.dequeue = _shown(Part.PUSHER, broker.dequeue)
    _pusher(task_queue, event, broker)


def monitor(result_queue: Queue, broker: Broker | None = None) -> None:
    """Take results. It makes no runs, so it may outlive a killed cluster for some seconds.

    In these it reports that the workers, which were killed before it, are gone.
    """
    call_when_orphaned(_parent(), _report_dead_workers)
    _monitor(result_queue, broker)


def _report_dead_workers() -> None:
    # Nothing handles this signal here: at the latest, it ends the process.
    signal.alarm(REPORTS_FOR)
    try:
        log.error("cluster was killed", workers=CLUSTER.workers())
        say_goodbye(CLUSTER.workers())
    finally:
        os.kill(os.getpid(), signal.SIGKILL)


def _shown(part: Part, work: Callable[[], Any]) -> Callable[[], Any]:
    """Show a sign of life each time that the work is done."""

    def work_and_show() -> Any:
        done = work()
        CLUSTER.show(part)
        return done

    return work_and_show


def _parent() -> int:
    parent = multiprocessing.parent_process()
    # Called by hand, in a process of its own: there it ends with the one that started it.
    return parent.pid if parent and parent.pid else os.getppid()
