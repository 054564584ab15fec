"""Make a directory, on whichever host the queue has brought us to."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings

from generation import tracing
from generation.client import InternalAPI, RemoteDirectoryOperations
from generation.contract.commands import RecordAttemptFailure
from generation.exceptions import (
    AttemptFailed,
    GenerationError,
    InternalAPIElsewhere,
    InternalAPIRefused,
    InternalAPIUnreachable,
    PublishedUnheard,
    RunCancelled,
    RunRefused,
)
from generation.heartbeat import do_nothing
from generation.orchestrator import Host, attempt
from generation.processes import process_name, send_all
from generation.sources.fetch import Fetcher, FetchLimits, PageCache
from generation.tasks.child import Child, Ended, in_child
from generation.tasks.no_database import no_database

log = structlog.get_logger(__name__)

VERSION = 1
# Between two tries to tell that an attempt is over, in seconds.
TELLS_EVERY = 5


def generate_directory(payload: dict[str, Any]) -> str:
    """Make one attempt at the run that a queue message names, and say how it ended.

    The message is `{"v": 1, "run_id": …}` and nothing richer: it may wait across a deploy.
    Where tracing is on, `trace` says which request it comes from.
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
    trace = payload.get("trace")
    try:
        with tracing.span(
            "run",
            kind="consumer",
            within=trace if isinstance(trace, dict) else {},
            run=str(run_id),
        ):
            return _generate(run_id)
    finally:
        send_all()


def _generate(run_id: UUID) -> str:
    api = _api()
    try:
        with no_database():
            operations = RemoteDirectoryOperations(api, run_id)
            operations.claim(process_name())
            return _attempt(operations)
    except RunRefused as exc:
        # Cancelled while it waited, or delivered twice: nothing is wrong.
        log.info("run not taken", run=str(run_id), reason=str(exc))
        return "refused"
    except InternalAPIUnreachable as exc:
        log.error("web side unreachable", run=str(run_id), reason=str(exc))
        return "failed"
    except InternalAPIElsewhere as exc:
        log.error("not the web side's address", run=str(run_id), reason=str(exc))
        return "failed"
    except InternalAPIRefused as exc:
        log.error("web side refuses this worker", run=str(run_id), reason=str(exc))
        return "failed"
    except (Exception, SystemExit):
        # Django-Q2 raises its time-out as a SystemExit; the run was told either way.
        log.exception("run failed by a mistake of ours", run=str(run_id))
        return "failed"
    finally:
        api.close()


def host(*, stop: Callable[[], None] = do_nothing) -> Host:
    """What this machine lends to a run."""
    limits = FetchLimits(
        allowed_networks=settings.FETCH_ALLOWED_NETWORKS,
        allowed_hosts=settings.FETCH_ALLOWED_HOSTS,
        ca_bundle=settings.FETCH_CA_BUNDLE,
        interval=settings.FETCH_INTERVAL_SECONDS,
    )
    room = settings.FETCH_CACHE_MEGABYTES * 1024 * 1024
    cache = PageCache(settings.FETCH_CACHE_ROOT, max_bytes=room) if room else None
    return Host(
        git_root=settings.GIT_ROOT,
        fetch=Fetcher(limits, cache=cache),
        heartbeat_seconds=settings.RUN_LEASE_SECONDS / 4,
        name=process_name(),
        stalls_after=settings.RUN_STALL_SECONDS,
        stop=stop,
    )


def _attempt(operations: RemoteDirectoryOperations) -> str:
    """Let a child make the attempt that was claimed, and tell its end where it could not."""
    begun = time.monotonic()
    # A connection that two processes hold would mix up their answers.
    operations.disconnect()
    try:
        ended = in_child(
            partial(_make, operations),
            memory_mib=settings.RUN_MEMORY_MIB,
            # Its lease has long run out by then, and another attempt may be under way.
            patience=2 * settings.RUN_LEASE_SECONDS,
        )
    except SystemExit:
        minutes = (time.monotonic() - begun) / 60
        ended = Ended("", f"the run took longer than a run may, {minutes:.0f} minutes")
    if not ended.outcome:
        log.error("attempt lost", run=str(operations.run_id), reason=ended.reason)
        _tell(operations, ended.reason)
        return "lost"
    facts = {"run": str(operations.run_id), "reason": ended.reason}
    match ended.outcome:
        case "succeeded":
            log.info("run succeeded", run=facts["run"])
        case "refused":
            log.info("run given up, another attempt has it", **facts)
        case "broken":
            log.error("run failed by a mistake of ours", **facts)
        case _:
            log.warning("run not made", outcome=ended.outcome, **facts)
    return ended.outcome


def _make(operations: RemoteDirectoryOperations, child: Child) -> Ended:
    """Make the attempt. Called in the child, which has connections of its own."""
    api = _api()
    try:
        attempt(operations.through(api), host(stop=child.stop))
    except RunRefused as exc:
        return Ended("refused", str(exc))
    except InternalAPIUnreachable as exc:
        return Ended("", str(exc))
    except PublishedUnheard as exc:
        return Ended("", str(exc))
    except (RunCancelled, KeyboardInterrupt):
        return Ended("cancelled", "")
    except AttemptFailed as exc:
        return Ended("failed" if exc.retry_in is None else "put off", str(exc))
    except GenerationError as exc:
        return Ended("failed", str(exc))
    except Exception as exc:  # noqa: BLE001 - logged where it happened
        # Only what it is: what it says may quote a source.
        return Ended("broken", type(exc).__name__)
    finally:
        api.close()
    return Ended("succeeded", "")


def _tell(operations: RemoteDirectoryOperations, reason: str) -> None:
    """Say that the attempt is over, for as long as its lease may last.

    After that, the web side has found out by itself.
    """
    until = time.monotonic() + settings.RUN_LEASE_SECONDS
    while True:
        try:
            operations.last_word(RecordAttemptFailure(reason=reason))
            return
        except (RunRefused, InternalAPIRefused, InternalAPIElsewhere):
            return
        except InternalAPIUnreachable as exc:
            if time.monotonic() > until:
                log.error("end not told", reason=str(exc))
                return
            time.sleep(TELLS_EVERY)


def _api() -> InternalAPI:
    return InternalAPI(
        settings.TRIGGER_INTERNAL_API_URL, settings.TRIGGER_INTERNAL_SECRET
    )
