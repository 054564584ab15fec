"""Put a run on the queue, or say why that cannot be."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from uuid import UUID

import structlog
from django.conf import settings
from django_q.brokers import get_broker
from django_q.tasks import async_task

from generation import tracing
from generation.contract.about import About
from generation.exceptions import CannotDispatch

log = structlog.get_logger(__name__)

TASK = "generation.tasks.directory_generation.generate_directory"


def why_not() -> str:
    """Say why nothing is handed to workers by these settings; "" when it is."""
    if not settings.TRIGGER_ENABLED:
        return "TRIGGER_ENABLED is false"
    if not settings.TRIGGER_SECRET_KEY:
        return "TRIGGER_SECRET_KEY is not set"
    return ""


def enqueue(run_id: UUID) -> None:
    """Hand a run to the cluster. Raises CannotDispatch within about three seconds."""
    if reason := why_not():
        raise CannotDispatch(reason)
    try:
        with tracing.span("enqueue", kind="producer", run=str(run_id)):
            trace = tracing.carried()
            async_task(
                TASK,
                {"v": 1, "run_id": str(run_id)} | ({"trace": trace} if trace else {}),
                task_name=f"generate {run_id}",
                group="generation",
            )
    except Exception as exc:
        # Whatever the broker's client raises, the person's run shall not wait for it.
        raise CannotDispatch(
            f"the queue does not answer ({type(exc).__name__}); see TRIGGER_API_URL"
        ) from exc


def queue_size() -> int | None:
    """Count the messages that wait in the queue; None when that cannot be told."""
    if why_not():
        return None
    try:
        return int(get_broker().queue_size())
    except Exception:
        # Whatever the broker's client raises: nobody waits for this figure.
        log.warning("queue does not answer", exc_info=True)
        return None


def queue_key() -> str:
    """Name the key of the queue without telling it: both sides compare it in a hello."""
    digest = hashlib.sha256(b"queue:" + settings.TRIGGER_SECRET_KEY.encode())
    return digest.hexdigest()[:8]


def about_here() -> About:
    """Say what this side is set to, for the other side to compare."""
    try:
        found = settings.GIT_ROOT.stat()
        folder = f"{found.st_ino}"
        uid = found.st_uid
    except OSError:
        folder, uid = "", -1
    return About(
        now=datetime.now(UTC),
        dispatches=not why_not(),
        queue=settings.TRIGGER_MACHINE,
        queue_key=queue_key(),
        lease_seconds=settings.RUN_LEASE_SECONDS,
        git_root_inode=folder,
        git_root_uid=uid,
    )
