"""Where a request went, in words of ours: for figures and traces, which nobody shall fill."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def route_of(request: HttpRequest) -> str:
    """Name the pattern of its address. The admin is one place."""
    match = request.resolver_match
    if match is None:
        is_static = request.path.startswith(f"/{settings.STATIC_URL.lstrip('/')}")
        return "/static/" if is_static else "none"
    return "/admin/" if match.route.startswith("admin/") else f"/{match.route}"
