"""Who may still try to log in, and what somebody is told who may not.

Wrong passwords are counted for a user name from one address, so that nobody can lock a
person out from elsewhere, and over all names from one address, so that nobody can go
through the names instead. The counts are rows: all processes see them, on every database.
"""

from __future__ import annotations

from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone


class Handler(AxesDatabaseHandler):  # type: ignore[misc]
    """What the library counts, and one bound more."""

    def is_locked(
        self, request: HttpRequest, credentials: dict[str, Any] | None = None
    ) -> bool:
        if super().is_locked(request, credentials):
            return True
        recent = AccessAttempt.objects.filter(
            ip_address=request.axes_ip_address,  # type: ignore[attr-defined]
            attempt_time__gt=timezone.now() - settings.AXES_COOLOFF_TIME,
        )
        failures = recent.aggregate(total=Sum("failures_since_start"))["total"] or 0
        return bool(failures >= settings.LOGIN_FAILURES_OF_AN_ADDRESS)


def locked_out(
    request: HttpRequest,
    response: HttpResponse | None,
    credentials: dict[str, Any] | None,
) -> HttpResponse:
    """Say how long to wait, and who can shorten it. The same for names that nobody has."""
    wait = get_cool_off(request)
    assert wait is not None
    answer = render(
        request,
        "admin/locked_out.html",
        {"minutes": int(wait.total_seconds() // 60)},
        status=429,
    )
    answer["Retry-After"] = str(int(wait.total_seconds()))
    return answer
