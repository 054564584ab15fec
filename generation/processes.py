"""What a process that makes directories is called, in claims and in hellos alike."""

from __future__ import annotations

import os
import platform


def process_name() -> str:
    """`host:pid`. Two processes of one name are never alive at once."""
    return f"{platform.node()}:{os.getpid()}"
