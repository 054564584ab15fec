"""Bytes that wait for a slow client or for a thread: in memory if few, else on disk."""

from __future__ import annotations

import os
import threading
from tempfile import SpooledTemporaryFile

from config.web_server.limits import Limits


class Room:
    """Counts what all spools of a process hold. Threads share it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._in_memory = 0
        self._held = 0
        self._lock = threading.Lock()

    @property
    def is_full(self) -> bool:
        return self._held > self._limits.most_of_all

    def has_memory_for(self, count: int, *, held: int) -> bool:
        """Whether one that holds so much may keep more of it in memory."""
        return (
            held + count <= self._limits.memory_of_one
            and self._in_memory + count <= self._limits.memory_of_all
        )

    def change(self, *, held: int = 0, in_memory: int = 0) -> None:
        with self._lock:
            self._held += held
            self._in_memory += in_memory


class Spool:
    """Bytes are written to its end and read from its beginning, also while it grows."""

    def __init__(self, room: Room) -> None:
        self.size = 0
        self._room = room
        self._in_memory = 0
        self._file = SpooledTemporaryFile[bytes]()

    def write(self, piece: bytes | memoryview) -> None:
        """Raises OSError where the disk is full."""
        count = len(piece)
        is_on_disk = self.size > self._in_memory
        if not is_on_disk and not self._room.has_memory_for(count, held=self.size):
            self._file.rollover()
            self._room.change(in_memory=-self._in_memory)
            self._in_memory = 0
            is_on_disk = True
        self._file.seek(0, os.SEEK_END)
        self._file.write(bytes(piece))
        self.size += count
        if not is_on_disk:
            self._in_memory += count
        self._room.change(held=count, in_memory=0 if is_on_disk else count)

    def read_at(self, offset: int, count: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(count)

    def opened(self) -> SpooledTemporaryFile[bytes]:
        """Return the bytes as a file that stands at its beginning."""
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        """Give the room back. Safe to repeat."""
        self._file.close()
        self._room.change(held=-self.size, in_memory=-self._in_memory)
        self.size = self._in_memory = 0
