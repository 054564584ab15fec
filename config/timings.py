"""How long requests take, for `/metrics`: sums of this server's processes since it started.

gunicorn's processes write into files of one folder (`deploy/gunicorn_config.py` makes it), so
that whichever is asked knows what all have done. Elsewhere there is one process, and memory.
Labels are names of ours, never what a stranger sent.
"""

from __future__ import annotations

import os

from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics
from prometheus_client.multiprocess import MultiProcessCollector

from config.routes import route_of
from internal_api.timings import BUCKETS, CALLS

# A time beside each figure would double what is read, and nobody asks for it.
disable_created_metrics()  # type: ignore[no-untyped-call]

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
METHODS = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

REQUESTS = Histogram(
    "gazetteer_http_request_seconds",
    "Requests, by route, method and kind of answer.",
    ("route", "method", "status"),
    # A run that is made in a request takes its time.
    buckets=(*BUCKETS, 120, 600),
    registry=None,
)


def count_request(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    method = request.method if request.method in METHODS else "other"
    kind = f"{response.status_code // 100}xx"
    REQUESTS.labels(route_of(request), method, kind).observe(seconds)


def register(registry: CollectorRegistry) -> None:
    """Let a registry tell what all processes of this server have counted."""
    if os.environ.get(FOLDER):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return
    registry.register(REQUESTS)
    registry.register(CALLS)
