"""The database as the queue, which is looked at when something was written to it.

Django-Q2's database broker asks five times a second, and a run waits for the next time; to
ask often enough costs more of a processor than all the rest of an idle cluster. SQLite tells
for next to nothing whether its file was written to, and PostgreSQL tells by itself.
docs/adr/0010-waking-up-the-database-broker.md says what was measured.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any, Protocol

import psycopg
import structlog
from django.db import connections
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ

log = structlog.get_logger(__name__)

CHANNEL = "gazetteer_queue"
# Whatever was missed is found after so many seconds; a cluster that stops waits as long.
ASKS_ANYWAY_EVERY = 0.5
# Between two looks at the version of a SQLite file, in seconds.
LOOKS_EVERY = 0.02


class Watch(Protocol):
    """Waits for a write. What is written from the end of one wait on ends the next."""

    def wait(self, seconds: float) -> None: ...


class WakingBroker(ORM):  # type: ignore[misc]
    """Django-Q2's database broker. The process that takes tasks is woken up by writes."""

    # Only the process that takes tasks has one.
    _watch: Watch | None = None
    _is_idle = False

    def get_connection(self, list_key: str | None = None) -> Any:
        """Keep the connection as long as it works, where tasks are taken.

        Elsewhere each use has a new one, as Django-Q2 wants it.
        """
        if self._watch is None:
            return super().get_connection(list_key)
        connection = connections[Conf.ORM]
        connection.close_at = None
        connection.close_if_unusable_or_obsolete()
        return OrmQ.objects.using(Conf.ORM)

    def enqueue(self, task: Any) -> Any:
        added = super().enqueue(task)
        connection = connections[Conf.ORM]
        if connection.vendor == "postgresql":
            # It is heard when the transaction that we may be in is over.
            with connection.cursor() as cursor:
                cursor.execute(f"NOTIFY {CHANNEL}")
        return added

    def dequeue(self) -> Any:
        """Take a task, or nothing after a while. `Conf.POLL` is 0: the wait is ours."""
        if self._is_idle:
            # Made here: the process that made the broker may have been another.
            self._watch = self._watch or watch(Conf.ORM)
            self._watch.wait(ASKS_ANYWAY_EVERY)
        found = super().dequeue()
        self._is_idle = not found
        return found


def watch(alias: str) -> Watch:
    """Watch a database, by the best way that its kind has."""
    connection = connections[alias]
    match connection.vendor:
        case "sqlite":
            return FileWatch(str(connection.settings_dict["NAME"]))
        case "postgresql":
            return ChannelWatch(connection.get_connection_params())
        case _:
            return Clock()


class Clock:
    """For a database of which we know no better: time passes."""

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


class FileWatch:
    """SQLite counts the commits of others; a connection of its own, as the count is its."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._seen = -1

    def wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (version := self._version()) == self._seen:
            if time.monotonic() > deadline:
                return
            time.sleep(LOOKS_EVERY)
        self._seen = version

    def _version(self) -> int:
        try:
            if self._connection is None:
                # A URI, with whatever a path may hold escaped: it is only read.
                uri = f"{Path(self._path).absolute().as_uri()}?mode=ro"
                self._connection = sqlite3.connect(uri, uri=True)
            [version] = self._connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:
            # The broker will say what is wrong, when it asks.
            self.close()
            return self._seen
        return int(version)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


class ChannelWatch:
    """PostgreSQL tells whoever listens."""

    def __init__(self, parameters: dict[str, Any]) -> None:
        self._parameters = parameters
        self._connection: psycopg.Connection[Any] | None = None

    def wait(self, seconds: float) -> None:
        try:
            if self._connection is None:
                self._connection = psycopg.connect(**self._parameters, autocommit=True)
                self._connection.execute(f"LISTEN {CHANNEL}")
                # What came before nobody has told us.
                return
            for _ in self._connection.notifies(timeout=seconds, stop_after=1):
                pass
        except psycopg.Error:
            # Nor is it told while nobody listens: until then, time passes.
            if self._connection is not None:
                log.warning("the queue is not heard any more", exc_info=True)
            self.close()
            time.sleep(seconds)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
