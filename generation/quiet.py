"""No search for garbage while much is made that stays.

Python looks for cycles each time so many objects more have been made, and walks over all
that there are. Where tens of thousands are made that live until the end, it finds
nothing, and that takes longer than to make them.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """Put the collector to rest. For work of a second or so, not for a whole run."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def what_is_there_stays() -> Iterator[None]:
    """Let the collector look only at what is made from now on. For work of any length."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
