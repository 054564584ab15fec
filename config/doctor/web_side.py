"""What only the web side has: a database, and the workers that it has heard of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from config.doctor.findings import Check, Level, doubtful, ill, well
from directories.models import Worker
from directories.services import database, health, queueing
from generation import dispatch

Found = Iterator[tuple[Level, str, str]]

SLOW = 0.05


def look_at_database() -> Found:
    begun = time.monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            took = time.monotonic() - begun
            names = connection.introspection.table_names(cursor)
    except DatabaseError as exc:
        yield ill(
            f"the database does not answer: {exc}".strip(),
            "start it, or correct DATABASE_URL",
        )
        return
    yield well(f"{connection.display_name} answers, in {1000 * took:.0f} ms")
    if not names:
        yield ill("the database is empty", "run: manage.py migrate")
        return
    executor = MigrationExecutor(connection)
    if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        missing = ", ".join(f"{m.app_label}.{m.name}" for m, _ in plan[:3])
        yield ill(
            f"the database is behind the code, by {len(plan)}: {missing}",
            "back up, then run: manage.py migrate",
        )
        return
    yield well("every migration is applied")
    if connection.vendor == "sqlite" and settings.TRIGGER_API_URL:
        yield doubtful(
            "SQLite beside a broker of its own: one writer at a time",
            "use PostgreSQL where workers run on several hosts",
        )
    yield from _clock()


def look_at_workers() -> Found:
    if reason := dispatch.why_not():
        yield well(f"not used, runs are made in process: {reason}")
        return
    if not _is_usable():
        yield ill("cannot be told without a database", "see above")
        return
    if reason := queueing.why_in_process():
        yield doubtful(
            f"{reason}: runs are made in process meanwhile",
            "start one: manage.py qcluster; if one runs, read its log for 'hello not heard'",
        )
    else:
        alive = Worker.objects.alive().count()
        yield well(f"{alive} alive, in {settings.TRIGGER_MACHINE!r}")
    ready = health.readiness()
    waited = ready.oldest_queued_seconds or 0
    if waited > 2 * settings.RUN_LEASE_SECONDS:
        yield doubtful(
            f"{ready.queued_runs} waiting, the oldest for {waited:.0f} s",
            "start more workers, or look whether those that are there have become silent",
        )


def _is_usable() -> bool:
    try:
        return database.is_ready()
    except Exception:  # noqa: BLE001 - whatever is wrong was said before
        return False


def _clock() -> Found:
    """Leases are kept by the database's clock, signatures are checked by ours."""
    with connection.cursor() as cursor:
        before = datetime.now(UTC)
        cursor.execute("SELECT CURRENT_TIMESTAMP")
        said = cursor.fetchone()[0]
    at = datetime.fromisoformat(said) if isinstance(said, str) else said
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    skew = abs((at - before).total_seconds())
    text = f"our clock and the database's differ by {skew:.1f} s"
    if skew >= 5:
        yield doubtful(text, "set the clocks by NTP")
    else:
        yield well(text)


CHECKS: dict[str, Check] = {"database": look_at_database, "workers": look_at_workers}
