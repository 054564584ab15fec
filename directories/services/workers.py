"""Who is there to make directories."""

from __future__ import annotations

from django.db.models.functions import Now

from directories.models import Worker
from generation.contract.hello import Hello


def greet(hello: Hello) -> None:
    """Note that a worker is there, or that it is not any more."""
    if hello.is_leaving:
        Worker.objects.filter(host=hello.host, pid=hello.pid).delete()
        return
    Worker.objects.update_or_create(
        host=hello.host,
        pid=hello.pid,
        defaults={
            "queue": hello.queue,
            "queue_key": hello.queue_key,
            "version": hello.version,
            "last_seen_at": Now(),
        },
    )


def why_none(*, queue: str, queue_key: str) -> str:
    """Say why no worker would take a run from this queue; "" when one would."""
    alive = Worker.objects.alive()
    if not alive.exists():
        return "no worker has been heard of in the last 150 seconds"
    here = alive.filter(queue=queue)
    if not here.exists():
        return f"no worker serves the queue {queue!r}; see TRIGGER_MACHINE"
    if not here.filter(queue_key=queue_key).exists():
        return "the workers have another TRIGGER_SECRET_KEY"
    return ""
