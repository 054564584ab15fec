"""What a process needs before it takes part in the queue: the key, and a voice."""

from __future__ import annotations

import sys
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks

from generation.signing import LEAST_SECRET_BYTES, is_long_enough

# The schemes that redis-py opens.
BROKERS = ("redis", "rediss", "unix")


class GenerationConfig(AppConfig):
    name = "generation"

    def ready(self) -> None:
        from django_q.conf import Conf
        from django_q.signals import post_spawn

        from generation.tasks.cluster import change_cluster
        from generation.tasks.presence import begin

        # Messages are signed pickles: whoever holds this key runs code on the workers. It
        # is not Django's own, so that a worker cannot forge the web side's cookies.
        if settings.TRIGGER_SECRET_KEY:
            Conf.SECRET_KEY = settings.TRIGGER_SECRET_KEY
        if sys.argv[1:2] == ["qcluster"]:
            # Before the first fork: otherwise each process reads the pipeline anew, with a
            # run waiting. No other command is to wait for it.
            import generation.sources.formats
            import generation.tasks.directory_generation  # noqa: F401
        change_cluster()
        post_spawn.connect(begin, dispatch_uid="hello")
        checks.register(check_secrets)
        checks.register(check_key)
        checks.register(check_broker)


def check_secrets(**kwargs: Any) -> list[checks.CheckMessage]:
    """Refuse secrets that could be guessed, and an empty one where one is needed."""
    messages: list[checks.CheckMessage] = []
    needed = settings.TRIGGER_ENABLED or settings.IS_WORKER
    for name in ("TRIGGER_INTERNAL_SECRET", "TRIGGER_INTERNAL_SECRET_PREVIOUS"):
        secret = getattr(settings, name)
        is_missing = needed and not secret and not name.endswith("PREVIOUS")
        if is_missing or (secret and not is_long_enough(secret)):
            messages.append(
                checks.Error(
                    f"{name} has to be at least {LEAST_SECRET_BYTES} bytes long.",
                    hint="Make one with: openssl rand -hex 32",
                    id="generation.E001",
                )
            )
    if settings.IS_WORKER and not settings.TRIGGER_SECRET_KEY:
        messages.append(
            checks.Error(
                "A worker needs TRIGGER_SECRET_KEY, the same as the web side's.",
                id="generation.E002",
            )
        )
    if settings.TRIGGER_SECRET_KEY and not is_long_enough(settings.TRIGGER_SECRET_KEY):
        messages.append(
            checks.Error(
                "TRIGGER_SECRET_KEY has to be at least "
                f"{LEAST_SECRET_BYTES} bytes long.",
                hint="Make one with: openssl rand -hex 32",
                id="generation.E004",
            )
        )
    if settings.IS_WORKER and not settings.TRIGGER_API_URL:
        messages.append(
            checks.Error(
                "A worker without a database needs a broker: set TRIGGER_API_URL.",
                id="generation.E003",
            )
        )
    return messages


def check_key(**kwargs: Any) -> list[checks.CheckMessage]:
    """Warn where runs were to go to workers, and none does."""
    if not settings.TRIGGER_ENABLED or settings.TRIGGER_SECRET_KEY:
        return []
    return [
        checks.Warning(
            "TRIGGER_ENABLED is on and TRIGGER_SECRET_KEY is not set: no run is handed to a "
            "worker, each is made where it is started.",
            hint="Make a key with `openssl rand -hex 32`, and give workers the same; or "
            "switch TRIGGER_ENABLED off.",
            id="generation.W001",
        )
    ]


def check_broker(**kwargs: Any) -> list[checks.CheckMessage]:
    """Refuse the address of a broker that the queue cannot speak to."""
    # Of an address without a scheme nothing is shown: it may begin with a password.
    scheme, mark, _ = settings.TRIGGER_API_URL.partition("://")
    if not settings.TRIGGER_API_URL or (mark and scheme.lower() in BROKERS):
        return []
    instead = f", and not with {scheme[:20]}://" if mark and scheme.isalnum() else ""
    return [
        checks.Error(
            f"TRIGGER_API_URL has to begin with {' or '.join(f'{b}://' for b in BROKERS)}"
            f"{instead}.",
            hint="For example redis://localhost:6379/0. Leave it empty to have the database "
            "for a queue.",
            id="generation.E005",
        )
    ]
