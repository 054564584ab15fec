"""How the service is: numbers for monitors, none of which tells a stranger anything."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max, Min

from directories.models import GenerationRun, RunState, Worker
from generation import dispatch


class Readiness(NamedTuple):
    """Whether requests can be served, and how runs are getting on.

    `queue_depth` counts messages, None where there is no queue or it does not answer. Ages
    are in seconds, None where there is nothing to be old. `degraded` names what is missing
    that we can do without: runs are made in process then.
    """

    is_ready: bool
    database: str
    queue: str
    queue_depth: int | None = None
    queued_runs: int = 0
    running_runs: int = 0
    oldest_queued_seconds: float | None = None
    worker_seen_seconds_ago: float | None = None
    degraded: tuple[str, ...] = ()


# What is away, by name; the rest would show a stranger how busy we are.
FOR_EVERYBODY = ("is_ready", "database", "queue", "degraded")


def is_alive() -> bool:
    """Tell whether this process can reach its database."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def readiness() -> Readiness:
    """Look at everything that a request needs. Ends within a few seconds."""
    if not is_alive():
        return Readiness(False, database="does not answer", queue="not asked")
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return Readiness(False, database="is behind the code", queue="not asked")
    off = dispatch.why_not()
    depth = None if off else dispatch.queue_size()
    queue = "off" if off else ("answers" if depth is not None else "does not answer")
    active = GenerationRun.objects.active()
    queued = active.filter(state=RunState.QUEUED)
    seen = _age(Worker.objects.aggregate(at=Max("last_seen_at"))["at"])
    degraded = []
    if queue == "does not answer":
        degraded.append("queue")
    if not off and not Worker.objects.alive().exists():
        degraded.append("workers")
    return Readiness(
        is_ready=True,
        database="answers",
        queue=queue,
        queue_depth=depth,
        queued_runs=queued.count(),
        running_runs=active.filter(state=RunState.RUNNING).count(),
        oldest_queued_seconds=_age(queued.aggregate(at=Min("created_at"))["at"]),
        worker_seen_seconds_ago=seen,
        degraded=tuple(degraded),
    )


def _age(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    return round(max(0.0, (datetime.now(UTC) - moment).total_seconds()), 1)
