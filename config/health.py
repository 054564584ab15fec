"""`/healthz` and `/readyz`: for load balancers and monitors, without a login."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.metrics import has_token
from directories.services import health

# By any of these a proxy shows itself, behind which everybody comes from this machine.
FORWARDING = {"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-Ip"}


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
    `degraded` says so. Strangers get no figures.
    """
    found = health.readiness()
    document = found._asdict()
    if not _may_see_figures(request):
        document = {name: document[name] for name in health.FOR_EVERYBODY}
    return JsonResponse(document, status=200 if found.is_ready else 503)


def _may_see_figures(request: HttpRequest) -> bool:
    """Anyone with METRICS_TOKEN may, and anyone on this machine without a proxy between."""
    if has_token(request):
        return True
    if settings.BEHIND_PROXY or settings.CLIENT_ADDRESS_HEADER:
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return address.is_loopback and not FORWARDING & {*request.headers}
