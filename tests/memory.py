"""Where tests keep their files: in memory, if there is room.

They make a quarter of a million small files, most of them objects of git, and a disk takes a
minute or two longer over making and removing them.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
# In bytes. The whole suite has needed a fifth of it at a time.
ROOM = 2 << 30


def keep_files_in_memory() -> None:
    """Let all temporary files of this process and its children lie in memory.

    Where somebody has named another place for them, or where memory is no such place, nothing
    changes: it may be small, as in most containers, or keep programs from being run.
    """
    if "TMPDIR" not in os.environ and has_room(MEMORY):
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def has_room(folder: Path) -> bool:
    if not os.access(folder, os.W_OK) or not folder.is_mount():
        return False
    may_run_programs = not os.statvfs(folder).f_flag & os.ST_NOEXEC
    room = min(shutil.disk_usage(folder).free, available_memory())
    return may_run_programs and room >= ROOM


def available_memory() -> int:
    """Say what programs can still get without anything being swapped out, in bytes."""
    said = Path("/proc/meminfo").read_text()
    found = re.search(r"^MemAvailable: +([0-9]+) kB$", said, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
