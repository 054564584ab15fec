"""Looking an installation over: what is set, what is reachable, and what to do about it.

It lies in the outermost package because it looks at everything, in both roles: a worker has
neither a database nor the packages that need one, so those are asked on the web side only.
"""

from __future__ import annotations

from django.conf import settings

from config.doctor import everywhere
from config.doctor.findings import Check, Finding, examined


def checks() -> dict[str, Check]:
    """Name every check of this role, in the order in which one thing needs another."""
    if settings.IS_WORKER:
        return everywhere.CHECKS
    # Not in a worker: its process has no database and no models.
    from config.doctor import web_side

    return everywhere.CHECKS | web_side.CHECKS


def examine(only: tuple[str, ...] = ()) -> list[Finding]:
    """Make the checks, all or those named, and say what was found. Never raises."""
    return [
        finding
        for name, check in checks().items()
        if not only or name in only
        for finding in examined(name, check)
    ]
