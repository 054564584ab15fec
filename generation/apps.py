"""What a process needs before it takes part in the queue: the key, and a voice."""

from __future__ import annotations

import os
import platform
import sys
import threading
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import structlog
from django.apps import AppConfig
from django.conf import settings
from django.core import checks

from generation.contract.hello import Hello
from generation.locks import LastingLock
from generation.signing import LEAST_SECRET_BYTES, is_long_enough

if TYPE_CHECKING:
    from generation.client import InternalAPI

log = structlog.get_logger(__name__)

# The schemes that redis-py opens.
BROKERS = ("redis", "rediss", "unix")
SAYS_HELLO_EVERY = 60
GOODBYE_SECONDS = 2


class GenerationConfig(AppConfig):
    name = "generation"

    def ready(self) -> None:
        from django_q.conf import Conf
        from django_q.signals import post_spawn

        # Messages are signed pickles: whoever holds this key runs code on the workers. It
        # is not Django's own, so that a worker cannot forge the web side's cookies.
        if settings.TRIGGER_SECRET_KEY:
            Conf.SECRET_KEY = settings.TRIGGER_SECRET_KEY
        if sys.argv[1:2] == ["qcluster"]:
            # Before the first fork: otherwise each process reads the pipeline anew, with a
            # run waiting. No other command is to wait for it.
            import generation.sources.formats
            import generation.tasks.directory_generation  # noqa: F401
        _outlive_killed_workers()
        post_spawn.connect(_begin_to_say_hello, dispatch_uid="hello")
        checks.register(check_secrets)
        checks.register(check_key)
        checks.register(check_broker)


def check_secrets(**kwargs: Any) -> list[checks.CheckMessage]:
    """Refuse secrets that could be guessed, and an empty one where one is needed."""
    messages: list[checks.CheckMessage] = []
    needed = settings.TRIGGER_ENABLED or settings.IS_WORKER
    for name in ("TRIGGER_INTERNAL_SECRET", "TRIGGER_INTERNAL_SECRET_PREVIOUS"):
        secret = getattr(settings, name)
        is_missing = needed and not secret and not name.endswith("PREVIOUS")
        if is_missing or (secret and not is_long_enough(secret)):
            messages.append(
                checks.Error(
                    f"{name} has to be at least {LEAST_SECRET_BYTES} bytes long.",
                    hint="Make one with: openssl rand -hex 32",
                    id="generation.E001",
                )
            )
    if settings.IS_WORKER and not settings.TRIGGER_SECRET_KEY:
        messages.append(
            checks.Error(
                "A worker needs TRIGGER_SECRET_KEY, the same as the web side's.",
                id="generation.E002",
            )
        )
    if settings.TRIGGER_SECRET_KEY and not is_long_enough(settings.TRIGGER_SECRET_KEY):
        messages.append(
            checks.Error(
                "TRIGGER_SECRET_KEY has to be at least "
                f"{LEAST_SECRET_BYTES} bytes long.",
                hint="Make one with: openssl rand -hex 32",
                id="generation.E004",
            )
        )
    if settings.IS_WORKER and not settings.TRIGGER_API_URL:
        messages.append(
            checks.Error(
                "A worker without a database needs a broker: set TRIGGER_API_URL.",
                id="generation.E003",
            )
        )
    return messages


def check_key(**kwargs: Any) -> list[checks.CheckMessage]:
    """Warn where runs were to go to workers, and none does."""
    if not settings.TRIGGER_ENABLED or settings.TRIGGER_SECRET_KEY:
        return []
    return [
        checks.Warning(
            "TRIGGER_ENABLED is on and TRIGGER_SECRET_KEY is not set: no run is handed to a "
            "worker, each is made where it is started.",
            hint="Make a key with `openssl rand -hex 32`, and give workers the same; or "
            "switch TRIGGER_ENABLED off.",
            id="generation.W001",
        )
    ]


def check_broker(**kwargs: Any) -> list[checks.CheckMessage]:
    """Refuse the address of a broker that the queue cannot speak to."""
    # Of an address without a scheme nothing is shown: it may begin with a password.
    scheme, mark, _ = settings.TRIGGER_API_URL.partition("://")
    if not settings.TRIGGER_API_URL or (mark and scheme.lower() in BROKERS):
        return []
    instead = f", and not with {scheme[:20]}://" if mark and scheme.isalnum() else ""
    return [
        checks.Error(
            f"TRIGGER_API_URL has to begin with {' or '.join(f'{b}://' for b in BROKERS)}"
            f"{instead}.",
            hint="For example redis://localhost:6379/0. Leave it empty to have the database "
            "for a queue.",
            id="generation.E005",
        )
    ]


def _outlive_killed_workers() -> None:
    """Give the cluster's queues locks that a killed worker does not take with it."""
    from django_q import cluster, queues

    class Queue(queues.Queue):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self._rlock, self._wlock = LastingLock(), LastingLock()

    cluster.Queue = Queue


def _begin_to_say_hello(**kwargs: Any) -> None:
    """Called in each worker process, when it has been forked. The thread ends with it."""
    leaving = threading.Event()
    thread = threading.Thread(
        target=_say_hello, args=(leaving,), name="hello", daemon=True
    )
    thread.start()
    # A process of multiprocessing has no atexit. This is called when it ends in good
    # order: the cluster was stopped, or another process takes its place.
    Finalize(None, _say_goodbye, args=(leaving, thread), exitpriority=10)


def _say_hello(leaving: threading.Event) -> None:
    from generation.client import InternalAPI

    api = InternalAPI(
        settings.TRIGGER_INTERNAL_API_URL, settings.TRIGGER_INTERNAL_SECRET
    )
    while not leaving.is_set():
        _say(api, is_leaving=False)
        leaving.wait(SAYS_HELLO_EVERY)


def _say_goodbye(leaving: threading.Event, thread: threading.Thread) -> None:
    """Tell the web side not to count on this process. Nobody waits for it long."""
    from generation.client import InternalAPI

    leaving.set()
    # A hello that is under way shall not be heard after the goodbye.
    thread.join(GOODBYE_SECONDS)
    api = InternalAPI(
        settings.TRIGGER_INTERNAL_API_URL,
        settings.TRIGGER_INTERNAL_SECRET,
        tries=1,
        time_outs=(GOODBYE_SECONDS, GOODBYE_SECONDS),
    )
    _say(api, is_leaving=True)
    api.close()


def _say(api: InternalAPI, *, is_leaving: bool) -> None:
    from generation.dispatch import queue_key
    from generation.exceptions import GenerationError
    from generation.processes import FORKING

    hello = Hello(
        host=platform.node(),
        pid=os.getpid(),
        queue=settings.TRIGGER_MACHINE,
        queue_key=queue_key(),
        is_leaving=is_leaving,
    )
    try:
        with FORKING:
            api.post("/workers/hello", hello.model_dump_json(), key=str(uuid4()))
    except GenerationError as exc:
        log.error("hello not heard", reason=str(exc), is_leaving=is_leaving)
