"""`/metrics` for Prometheus: read from the database when it is asked for.

Runs are made in forked children and on other hosts, whose counters would be lost with them;
what they did is in the database. A window of an hour keeps what is read small. What this
server's own processes have counted comes from `config/timings.py`.
"""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from config import timings
from directories.services.figures import Figures


def has_token(request: HttpRequest) -> bool:
    """Whether METRICS_TOKEN is set and was sent."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    token = settings.METRICS_TOKEN
    return bool(token) and constant_time_compare(given, token)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures, for whoever sends METRICS_TOKEN; for all others there is no such page."""
    if not has_token(request):
        raise Http404
    registry = CollectorRegistry()
    registry.register(Figures())
    timings.register(registry)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
