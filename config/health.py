"""`/healthz` and `/readyz`: for load balancers and monitors, without a login."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from directories.services import health


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while this process answers and reaches its database, else 503."""
    is_alive = health.is_alive()
    return JsonResponse({"ok": is_alive}, status=200 if is_alive else 503)


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when requests can be served, else 503.

    A queue or workers that are away do not make it 503: runs are made in process then, and
    `degraded` says so.
    """
    found = health.readiness()
    return JsonResponse(found._asdict(), status=200 if found.is_ready else 503)
