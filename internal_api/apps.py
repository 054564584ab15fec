"""The door the workers knock on: signed requests in, services behind."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks


class InternalAPIConfig(AppConfig):
    name = "internal_api"

    def ready(self) -> None:
        checks.register(check_plain_secret, checks.Tags.security, deploy=True)


def check_plain_secret(**kwargs: Any) -> list[checks.CheckMessage]:
    """Warn of the simple scheme, where the installation is to be deployed."""
    if not settings.TRIGGER_ALLOW_PLAIN_SECRET:
        return []
    return [
        checks.Warning(
            "TRIGGER_ALLOW_PLAIN_SECRET is on: the secret of the internal API is "
            "accepted in a header, where one request that is read gives it away.",
            hint="Set it to false, unless a client of yours cannot sign.",
            id="internal_api.W001",
        )
    ]
