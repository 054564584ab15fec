"""Every write, and what is read for more than one door.

Admin, API and pages ask this package for a service, `services.editing`, and get it imported
when it is first used: the ones below bring the whole pipeline along, and every command of
`manage.py` imports all doors to check them. Web servers and clusters import them before they
fork; see `read_ahead`.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from directories.services import (
        adopting,
        descriptions,
        editing,
        proposals,
        sweeping,
    )

__all__ = ["adopting", "descriptions", "editing", "proposals", "sweeping"]


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")


def read_ahead() -> None:
    """Import what requests and runs need, so that the first of them does not wait for it.

    Before a fork: then all processes share the memory as well.
    """
    for name in (*(f"{__name__}.{service}" for service in __all__), *_FOR_RUNS):
        import_module(name)


_FOR_RUNS = (
    "generation.tasks.directory_generation",
    "generation.sources.formats",
    "generation.repositories.website",
)
