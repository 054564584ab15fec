"""Spans of what a run does and asks for, where tracing is switched on; elsewhere nothing.

`config/telemetry.py` switches it on and says where spans go. A span holds names that we have
given and ids, never a text, an address or what an exception says: strangers wrote those.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

Kind = Literal["internal", "server", "client", "producer", "consumer"]

_tracer: Any = None


def switch_on(tracer: Any) -> None:
    """Make spans by this tracer of OpenTelemetry; None switches it off again."""
    global _tracer
    _tracer = tracer


@contextmanager
def span(
    name: str,
    *,
    kind: Kind = "internal",
    within: Mapping[str, str] | None = None,
    **facts: str | int,
) -> Iterator[Any]:
    """Time what the block does. `within` is what `carried` said in another process.

    Yields the span, or None where tracing is off.
    """
    if _tracer is None:
        yield None
        return
    from opentelemetry import propagate, trace

    with _tracer.start_as_current_span(
        name,
        context=None if within is None else propagate.extract(within),
        kind=getattr(trace.SpanKind, kind.upper()),
        attributes=facts,
        record_exception=False,
        set_status_on_exception=False,
    ) as made:
        try:
            yield made
        except BaseException as exc:
            made.set_status(trace.StatusCode.ERROR, type(exc).__name__)
            raise


def passed(name: str, *, seconds: float) -> None:
    """Make a span of something that has just ended."""
    if _tracer is not None:
        now = time.time_ns()
        _tracer.start_span(name, start_time=now - int(seconds * 1e9)).end(now)


def carried() -> dict[str, str]:
    """What another process needs to go on with the span that we are in; {} for none."""
    told: dict[str, str] = {}
    if _tracer is not None:
        from opentelemetry import propagate

        propagate.inject(told)
    return told
