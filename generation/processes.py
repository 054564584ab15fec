"""What a process that makes directories is called, and when it may be forked."""

from __future__ import annotations

import os
import platform
import threading
from collections.abc import Callable
from contextlib import suppress

# Held while a process is forked, and by threads that talk to the network meanwhile: a fork
# copies their locks as they are, and nobody there would ever give them back.
FORKING = threading.Lock()

# What sends away what it has gathered: reports, spans.
_senders: list[Callable[[], object]] = []


def process_name() -> str:
    """`host:pid`. Two processes of one name are never alive at once."""
    return f"{platform.node()}:{os.getpid()}"


def send_before_exit(send: Callable[[], object]) -> None:
    """Have this called when a run is over: its processes end without Python's own end."""
    _senders.append(send)


def send_all() -> None:
    for send in _senders:
        # What nobody takes is lost, and the run is not.
        with suppress(Exception):
            send()
