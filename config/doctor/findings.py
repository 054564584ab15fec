"""One line of what a doctor says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple

import structlog

log = structlog.get_logger(__name__)


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Finding(NamedTuple):
    """What was looked at, how it is, and what to do. `advice` is empty when it is well."""

    check: str
    level: Level
    message: str
    advice: str = ""


# A check yields what it found, without its own name.
Check = Callable[[], Iterator[tuple[Level, str, str]]]


def well(message: str) -> tuple[Level, str, str]:
    return Level.OK, message, ""


def doubtful(message: str, advice: str) -> tuple[Level, str, str]:
    return Level.WARNING, message, advice


def ill(message: str, advice: str) -> tuple[Level, str, str]:
    return Level.ERROR, message, advice


def examined(name: str, check: Check) -> Iterator[Finding]:
    """Make one check. A mistake in it is a finding, too: the others go on."""
    try:
        for level, message, advice in check():
            yield Finding(name, level, message, advice)
    except Exception as exc:
        log.debug("check failed", check=name, exc_info=True)
        yield Finding(
            name,
            Level.ERROR,
            f"could not be looked at: {type(exc).__name__}: {exc}",
            "mend what the message names; LOG_LEVEL=DEBUG shows where it happened",
        )
