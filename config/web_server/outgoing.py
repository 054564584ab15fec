"""One answer on its way: what the client does not take at once waits, and no thread does."""

from __future__ import annotations

import select
import socket
import time
from typing import IO

from config.web_server.incoming import PIECE
from config.web_server.limits import Limits
from config.web_server.spool import Room, Spool


class Outgoing:
    """What gunicorn writes to in the place of the socket, which does not block.

    A thread writes until the answer is complete; then the main loop sends what is left.
    """

    def __init__(self, sock: socket.socket, *, room: Room, limits: Limits) -> None:
        self._socket = sock
        self._room = room
        self._limits = limits
        self._spool: Spool | None = None
        self._offset = 0
        self._sent = 0
        self._begun = 0.0

    @property
    def has_waiting(self) -> bool:
        return self._spool is not None

    @property
    def deadline(self) -> float:
        """When the client is too slow to be waited for: as slow as one that sends."""
        earned = self._sent / self._limits.bytes_per_second
        return self._begun + self._limits.patience_seconds + earned

    def sendall(self, data: bytes | memoryview) -> None:
        """Raises OSError where the client is gone or too slow, or the disk is full."""
        left = memoryview(data)
        if self._spool is None:
            left = left[self._send_now(left) :]
            if not left:
                return
            self._spool = Spool(self._room)
            self._begun, self._sent = time.monotonic(), 0
        elif self._is_too_long(len(left)):
            self._wait_for_client()
            self.sendall(left)
            return
        self._spool.write(left)

    def send(self, data: bytes) -> int:
        self.sendall(data)
        return len(data)

    def sendfile(self, file: IO[bytes], offset: int = 0, count: int = 0) -> int:
        file.seek(offset)
        left = count
        while left and (piece := file.read(min(left, 4 * PIECE))):
            self.sendall(piece)
            left -= len(piece)
        return count - left

    def flush(self) -> None:
        """Send what the client takes now, a mebibyte at most: others wait, too."""
        for _ in range(16):
            if self._spool is None:
                return
            piece = self._spool.read_at(self._offset, PIECE)
            taken = self._send_now(piece)
            self._offset += taken
            if self._offset == self._spool.size:
                self.close()
            if taken < len(piece):
                return

    def gettimeout(self) -> float:
        return 0.0

    def shutdown(self, how: int) -> None:
        """Refuse what gunicorn does after a broken answer: the main loop closes."""
        raise OSError("the main loop closes connections")

    def close(self) -> None:
        """Forget what has not been sent."""
        if self._spool is not None:
            self._spool.close()
        self._spool, self._offset = None, 0

    def _send_now(self, data: bytes | memoryview) -> int:
        taken = 0
        view = memoryview(data)
        while taken < len(view):
            try:
                taken += self._socket.send(view[taken:])
            except BlockingIOError:
                break
        self._sent += taken
        return taken

    def _is_too_long(self, more: int) -> bool:
        assert self._spool is not None
        waiting = self._spool.size + more
        return waiting > self._limits.waiting_answer or self._room.is_full

    def _wait_for_client(self) -> None:
        poll = select.poll()
        poll.register(self._socket, select.POLLOUT)
        while self._spool is not None:
            seconds = self.deadline - time.monotonic()
            if seconds <= 0 or not poll.poll(1000 * seconds):
                raise TimeoutError("the client reads too slowly")
            self.flush()
