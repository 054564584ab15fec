"""What a process that makes directories is called, and when it may be forked."""

from __future__ import annotations

import os
import platform
import threading
from collections.abc import Callable

# Held while a process is forked, and by threads that talk to the network meanwhile: a fork
# copies their locks as they are, and nobody there would ever give them back.
FORKING = threading.Lock()

# What a process of a run still has to do when it is over: it ends without Python's own end.
before_exit: list[Callable[[], object]] = []


def process_name() -> str:
    """`host:pid`. Two processes of one name are never alive at once."""
    return f"{platform.node()}:{os.getpid()}"
