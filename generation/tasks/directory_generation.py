"""Make a directory, on whichever host the queue has brought us to."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings

from generation.client import InternalAPI, RemoteDirectoryOperations
from generation.exceptions import GenerationError, InternalAPIError, RunRefused
from generation.orchestrator import Host, generate
from generation.processes import process_name
from generation.sources.fetch import FetchLimits, fetch
from generation.tasks.no_database import no_database

log = structlog.get_logger(__name__)

VERSION = 1


def generate_directory(payload: dict[str, Any]) -> str:
    """Execute the run that a queue message names, and say how it ended.

    The message is `{"v": 1, "run_id": …}` and nothing richer: it may wait across a deploy.
    Never raises: the run's row knows how it ended, and the queue shall not try again.
    """
    if payload.get("v") != VERSION:
        log.error("message of another version", version=payload.get("v"))
        return "refused"
    try:
        run_id = UUID(payload.get("run_id"))
    except (AttributeError, TypeError, ValueError):
        log.error("message that names no run")
        return "refused"
    api = InternalAPI(
        settings.TRIGGER_INTERNAL_API_URL, settings.TRIGGER_INTERNAL_SECRET
    )
    try:
        with no_database():
            generate(RemoteDirectoryOperations(api, run_id), host())
    except RunRefused as exc:
        # Cancelled while it waited, or delivered twice: nothing is wrong.
        log.info("run not taken", run=str(run_id), reason=str(exc))
        return "refused"
    except InternalAPIError as exc:
        log.error("web side unreachable", run=str(run_id), reason=str(exc))
        return "failed"
    except GenerationError as exc:
        log.warning("run failed", run=str(run_id), reason=str(exc))
        return "failed"
    except (Exception, SystemExit):
        # Django-Q2 raises its time-out as a SystemExit; the run was told either way.
        log.exception("run failed by a mistake of ours", run=str(run_id))
        return "failed"
    finally:
        api.close()
    return "succeeded"


def host() -> Host:
    """What this machine lends to a run."""
    limits = FetchLimits(
        allowed_networks=settings.FETCH_ALLOWED_NETWORKS,
        allowed_hosts=settings.FETCH_ALLOWED_HOSTS,
        ca_bundle=settings.FETCH_CA_BUNDLE,
    )
    return Host(
        git_root=settings.GIT_ROOT,
        fetch=partial(fetch, limits=limits),
        heartbeat_seconds=settings.RUN_LEASE_SECONDS / 4,
        name=process_name(),
    )
