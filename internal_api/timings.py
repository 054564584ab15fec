"""How long calls of workers take, for `/metrics`."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import Histogram

# From what a signature takes to what a worker does not wait for any longer, in seconds.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

CALLS = Histogram(
    "gazetteer_internal_call_seconds",
    "Calls of workers, by what they say or ask for.",
    ("action",),
    buckets=BUCKETS,
    registry=None,
)


def count_call(view: str, actions: Sequence[str], seconds: float) -> None:
    """Count a call by its one kind of command; `several` has more, and others their view's name."""
    kinds = set(actions)
    name = kinds.pop() if len(kinds) == 1 else "several" if kinds else view
    CALLS.labels(name).observe(seconds)
