"""Every write, and what is read for more than one door.

Admin, API and pages ask this package for a service, `services.editing`, and get it imported
when it is first used: the ones below bring the whole pipeline along, and every command of
`manage.py` imports all doors to check them. Web servers and clusters import them before they
fork; see `read_ahead`.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from directories.services import (
        adopting,
        descriptions,
        editing,
        proposals,
        revisions,
        sweeping,
    )

__all__ = ["adopting", "descriptions", "editing", "proposals", "revisions", "sweeping"]


def __getattr__(name: str) -> ModuleType:
    """Import a service; from then on it is an attribute, and this is asked no more."""
    if name == "adopting":
        import directories.services.adopting
    elif name == "descriptions":
        import directories.services.descriptions
    elif name == "editing":
        import directories.services.editing
    elif name == "proposals":
        import directories.services.proposals
    elif name == "revisions":
        import directories.services.revisions
    elif name == "sweeping":
        import directories.services.sweeping  # noqa: F401
    # Missing still while it is being imported: `from … import` finds it by itself then.
    found: object = globals().get(name)
    if not isinstance(found, ModuleType):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return found


def read_ahead() -> None:
    """Import what requests and runs need, so that the first of them does not wait for it.

    Before a fork: then all processes share the memory as well.
    """
    import directories.services.adopting
    import directories.services.descriptions
    import directories.services.editing
    import directories.services.proposals
    import directories.services.sweeping  # noqa: F401
    import generation.repositories.website
    import generation.sources.formats
    import generation.tasks.directory_generation  # noqa: F401
