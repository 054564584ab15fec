"""How many examples a property is tried with: some for each change, many now and then.

`pytest -m exhaustive` tries each property as often as its author has asked for, and each
other run `PER_PUSH` times at most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

PER_PUSH = 100
EXHAUSTIVE = "exhaustive"

Test = TypeVar("Test", bound=Callable[..., None])


def is_exhaustive() -> bool:
    return settings.get_current_profile_name() == EXHAUSTIVE


def with_more(test: Test) -> Test:
    """Have `-m exhaustive` select a test that all other runs have as well."""
    return pytest.mark.exhaustive(test) if is_exhaustive() else test


def examples(most: int, *, slow: Sequence[HealthCheck] = ()) -> Callable[[Test], Test]:
    """Try a property so often, where that was asked for. `slow` is what is no fault of it."""
    chosen = settings(
        max_examples=most if is_exhaustive() else min(most, PER_PUSH),
        suppress_health_check=[HealthCheck.too_slow, *slow],
    )
    return lambda test: with_more(chosen(test))
