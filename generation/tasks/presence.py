"""What workers report of themselves to the web side: that they take runs, or do not.

A worker says hello for as long as its cluster takes messages, and goodbye when that has
ended: because it was stopped, because a part of the cluster has become silent, or because
the cluster was killed. The web side counts on it in between.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import threading
import time
from collections.abc import Iterable
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import structlog
from django.conf import settings

from generation.contract.hello import Hello
from generation.exceptions import GenerationError
from generation.processes import FORKING
from generation.tasks.signs import CLUSTER, Part

if TYPE_CHECKING:
    from generation.client import InternalAPI

log = structlog.get_logger(__name__)

SAYS_HELLO_EVERY = 60
# Between two looks at the signs of life of the cluster, in seconds.
LOOKS_EVERY = 1.0
# The same until the cluster has begun to work: the first hello is waited for.
LOOKS_FIRST_EVERY = 0.05
GOODBYE_SECONDS = 2


def begin(**kwargs: Any) -> None:
    """Called in each worker process, when it has been forked. The thread ends with it."""
    leaving = threading.Event()
    thread = threading.Thread(
        target=_say_hello, args=(leaving,), name="hello", daemon=True
    )
    thread.start()
    # A process of multiprocessing has no atexit. This is called when it ends in good
    # order: the cluster was stopped, or another process takes its place.
    Finalize(None, _leave, args=(leaving, thread), exitpriority=10)


def say_goodbye(pids: Iterable[int]) -> None:
    """Ask the web side not to count on these processes. Nobody waits for it long."""
    api = _api(tries=1, time_outs=(GOODBYE_SECONDS, GOODBYE_SECONDS))
    for pid in pids:
        if not _is_heard(api, pid=pid, is_leaving=True):
            break
    api.close()


def _say_hello(leaving: threading.Event) -> None:
    api = _api()
    is_counted_on, due, pause = False, 0.0, LOOKS_FIRST_EVERY
    while not leaving.wait(pause):
        silent = _silent()
        if silent is not None and is_counted_on:
            log.warning("cluster takes no messages", silent=silent.name.lower())
            is_counted_on = not _is_heard(api, is_leaving=True)
            due = 0.0
        elif silent is None and time.monotonic() >= due:
            # It may have been heard although no answer came.
            is_counted_on, pause = True, LOOKS_EVERY
            due = time.monotonic() + SAYS_HELLO_EVERY
            _is_heard(api, is_leaving=False)


def _silent() -> Part | None:
    """Name the part of the cluster that does not work; None outside of one."""
    return CLUSTER.silent() if multiprocessing.parent_process() else None


def _leave(leaving: threading.Event, thread: threading.Thread) -> None:
    leaving.set()
    # A hello that is under way must not be heard after the goodbye.
    thread.join(GOODBYE_SECONDS)
    say_goodbye([os.getpid()])


def _api(**options: Any) -> InternalAPI:
    # Here, because every command imports this module, and few of them speak.
    from generation.client import InternalAPI

    return InternalAPI(
        settings.TRIGGER_INTERNAL_API_URL, settings.TRIGGER_INTERNAL_SECRET, **options
    )


def _is_heard(api: InternalAPI, *, pid: int = 0, is_leaving: bool) -> bool:
    from generation.dispatch import queue_key

    hello = Hello(
        host=platform.node(),
        pid=pid or os.getpid(),
        queue=settings.TRIGGER_MACHINE,
        queue_key=queue_key(),
        is_leaving=is_leaving,
    )
    try:
        with FORKING:
            api.post("/workers/hello", hello.model_dump_json(), key=str(uuid4()))
    except GenerationError as exc:
        log.error("hello not heard", reason=str(exc), is_leaving=is_leaving)
        return False
    return True
