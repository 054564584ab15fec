"""The outermost layer as an application: its commands and its checks."""

from __future__ import annotations

import gc
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks

from config.optional import without

# What DRF would do with them: map fields of PostgreSQL, render descriptions for a browsable
# API, and give tests a client.
NOT_FOR_DRF = (
    "django.contrib.postgres",
    "docutils",
    "markdown",
    "pygments",
    "requests",
)


class OutermostConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        if not settings.IS_WORKER:
            # Before anything of DRF, as this application is the first.
            with without(*NOT_FOR_DRF):
                import django.contrib.admindocs.utils  # noqa: F401
                import rest_framework.compat  # noqa: F401
            checks.register(check_addresses, checks.Tags.security, deploy=True)
        # No garbage collection looks at what is here by now: see `manage.py`. Processes that
        # are forked share its memory longer, too.
        gc.freeze()
        gc.enable()


def check_addresses(**kwargs: Any) -> list[checks.CheckMessage]:
    """Warn of limits that would count everybody as one, where a proxy is in front."""
    if settings.CLIENT_ADDRESS_HEADER or not settings.BEHIND_PROXY:
        return []
    return [
        checks.Warning(
            "BEHIND_PROXY is on and CLIENT_ADDRESS_HEADER is not set: all callers seem to "
            "come from the proxy, and wrong passwords of one lock out all.",
            hint="Name the header in which the proxy gives the caller's address: X-Real-IP, "
            "X-Forwarded-For.",
            id="config.W001",
        )
    ]
