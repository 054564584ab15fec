"""What a cluster with a database may run, on a schedule of its own."""

from __future__ import annotations

from directories.services.sweeping import sweep as sweep_once


def sweep() -> dict[str, int]:
    """Look after all runs once; for a Django-Q schedule."""
    return sweep_once()._asdict()
