"""Settings under which the promises of a run could not be kept."""

from __future__ import annotations

from typing import Any

from django.core import checks
from django.db import connections


def check_databases(**kwargs: Any) -> list[checks.CheckMessage]:
    """A run's commands have to be visible when they are answered, not when a view ends."""
    return [
        checks.Error(
            f"ATOMIC_REQUESTS is on for the database {alias!r}.",
            hint="Switch it off: services open their own transactions, and short ones.",
            id="directories.E001",
        )
        for alias in connections
        if connections[alias].settings_dict.get("ATOMIC_REQUESTS")
    ]
