"""Figures for a monitor, as Prometheus reads them.

Totals are of all rows that are there; what has `last_hour` in its name is of runs that ended
in the last hour, of at most MOST_RUNS.
"""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Count, Q
from django.db.models.functions import Now
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from directories.models import (
    Directory,
    GenerationRun,
    RunLogLine,
    RunState,
    UsedNonce,
    Worker,
)
from directories.services import health

WINDOW = timedelta(hours=1)
MOST_RUNS = 500


class Figures(Collector):
    def collect(self) -> Iterator[Metric]:
        yield from _runs()
        yield from _waiting()
        yield from _workers()
        recent = list(
            GenerationRun.objects.filter(finished_at__gt=Now() - WINDOW)
            .order_by("-finished_at")
            .only("report", "attempt")[:MOST_RUNS]
        )
        yield from _steps(recent)
        yield from _fetches(recent)
        yield from _repositories()
        yield _gauge(
            "internal_calls_recent",
            "Signed requests that were accepted in about the last six minutes.",
            [((), UsedNonce.objects.filter(expires_at__gt=Now()).count())],
        )

    def describe(self) -> Iterable[Metric]:
        """Nothing: asking the database when a registry is made would be too early."""
        return ()


def _runs() -> Iterator[Metric]:
    is_worker = Q(dispatched_at__isnull=False)
    counted: dict[tuple[str, ...], float] = {
        (state, where): 0
        for state in RunState.values
        for where in ("process", "worker")
    }
    for where, chosen in (("worker", is_worker), ("process", ~is_worker)):
        rows = GenerationRun.objects.filter(chosen).order_by().values_list("state")
        for state, count in rows.annotate(count=Count("pk")):
            counted[state, where] = count
    yield _gauge(
        "runs", "Runs, by their state and by who makes them.", counted.items(),
        labels=("state", "where"),
    )  # fmt: skip
    ended = GenerationRun.objects.filter(finished_at__gt=Now() - WINDOW).order_by()
    by_state: Counter[str] = Counter(ended.values_list("state", flat=True))
    over = [s for s in RunState.values if s not in (RunState.QUEUED, RunState.RUNNING)]
    yield _gauge(
        "runs_last_hour",
        "Runs that ended in the last hour, by their state.",
        [((state,), by_state[state]) for state in over],
        labels=("state",),
    )


def _waiting() -> Iterator[Metric]:
    ready = health.readiness()
    yield _gauge(
        "up_degraded",
        "What is missing that we can do without; runs are made in requests meanwhile.",
        [((name,), float(name in ready.degraded)) for name in ("queue", "workers")],
        labels=("missing",),
    )
    depth = [] if ready.queue_depth is None else [((), float(ready.queue_depth))]
    yield _gauge("queue_messages", "Messages in the queue; none: not told.", depth)
    yield _gauge(
        "queue_oldest_seconds",
        "How long the oldest waiting run has waited, 0 when none waits.",
        [((), ready.oldest_queued_seconds or 0.0)],
    )


def _workers() -> Iterator[Metric]:
    rows = Worker.objects.alive().order_by().values_list("queue")
    yield _gauge(
        "workers",
        "Worker processes that are alive, by their queue.",
        [((queue,), count) for queue, count in rows.annotate(count=Count("pk"))],
        labels=("queue",),
    )


def _steps(recent: list[GenerationRun]) -> Iterator[Metric]:
    """From the runs' own logs: a failed run has steps, too."""
    seconds: dict[str, list[float]] = defaultdict(list)
    lines = RunLogLine.objects.filter(run__in=[run.pk for run in recent])
    for facts in lines.order_by().values_list("facts", flat=True):
        if "step" in facts and "seconds" in facts:
            seconds[str(facts["step"])].append(float(facts["seconds"]))
    for name, of_all in (("sum", sum), ("max", max)):
        yield _gauge(
            f"step_last_hour_seconds_{name}",
            "Wall time of steps, of runs that ended in the last hour.",
            [((step,), of_all(times)) for step, times in sorted(seconds.items())],
            labels=("step",),
        )
    yield _gauge(
        "step_last_hour_count",
        "How often a step was gone through, in runs that ended in the last hour.",
        [((step,), len(times)) for step, times in sorted(seconds.items())],
        labels=("step",),
    )


def _fetches(recent: list[GenerationRun]) -> Iterator[Metric]:
    outcomes: Counter[str] = Counter({"read": 0, "from_cache": 0, "failed": 0})
    waited = 0.0
    for run in recent:
        for source in (run.report or {}).get("sources", ()):
            retrieval = source.get("retrieval") or {}
            waited += float(retrieval.get("seconds") or 0)
            if source.get("error"):
                outcomes["failed"] += 1
            else:
                outcomes["from_cache" if retrieval.get("from_cache") else "read"] += 1
    yield _gauge(
        "sources_last_hour",
        "Sources of runs that ended in the last hour, by what became of them.",
        [((outcome,), count) for outcome, count in sorted(outcomes.items())],
        labels=("outcome",),
    )
    yield _gauge(
        "fetch_last_hour_seconds_sum",
        "Time spent fetching, with all waiting, in runs that ended in the last hour.",
        [((), waited)],
    )


def _repositories() -> Iterator[Metric]:
    yield _gauge("directories", "Directories.", [((), Directory.objects.count())])
    root = Path(settings.GIT_ROOT)
    free = [((), float(shutil.disk_usage(root).free))] if root.is_dir() else []
    yield _gauge("git_root_free_bytes", "Room for repositories.", free)


def _gauge(
    name: str,
    text: str,
    samples: Iterable[tuple[tuple[str, ...], float]],
    *,
    labels: tuple[str, ...] = (),
) -> Metric:
    family = GaugeMetricFamily(f"gazetteer_{name}", text, labels=labels)
    for values, figure in samples:
        family.add_metric(values, figure)
    return family
