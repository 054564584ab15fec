"""Takes the chunked transfer coding off a body while it arrives (RFC 9112, section 7.1)."""

from __future__ import annotations

import re
from enum import Enum

from config.web_server.limits import Limits
from config.web_server.refusals import Refused

# Eight digits are 4 GiB. What follows a semicolon means something to nobody.
SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?")
LONGEST_LINE = 1024
LONGEST_TRAILERS = 8 * 1024


class _Part(Enum):
    SIZE = "the line with the size of a chunk"
    CONTENT = "the bytes of a chunk"
    END = "the line end behind a chunk"
    TRAILERS = "the lines behind the last chunk"


class Chunks:
    """Feed it what arrives, and it returns what of it is body."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.is_complete = False
        self._arrived = bytearray()
        self._part = _Part.SIZE
        self._missing = 0
        self._count = 0
        self._length = 0
        self._trailers = 0

    @property
    def rest(self) -> bytes:
        """What came behind the end of the body."""
        return bytes(self._arrived)

    def feed(self, data: bytes) -> bytes:
        """Raises Refused where this is not the coding."""
        self._arrived += data
        body = bytearray()
        while not self.is_complete and self._step(body):
            pass
        return bytes(body)

    def _step(self, body: bytearray) -> bool:
        """Read one part. False where more has to arrive first."""
        match self._part:
            case _Part.CONTENT:
                return self._read_content(body)
            case _Part.END:
                return self._read_end()
            case _Part.SIZE:
                return self._read_size()
            case _Part.TRAILERS:
                return self._read_trailer()

    def _read_content(self, body: bytearray) -> bool:
        piece = self._arrived[: self._missing]
        if not piece:
            return False
        del self._arrived[: len(piece)]
        body += piece
        self._missing -= len(piece)
        self._length += len(piece)
        if not self._missing:
            self._part = _Part.END
        return True

    def _read_end(self) -> bool:
        if len(self._arrived) < 2:
            return False
        if self._arrived[:2] != b"\r\n":
            raise Refused(400, "A chunk is longer than announced.")
        del self._arrived[:2]
        self._part = _Part.SIZE
        return True

    def _read_size(self) -> bool:
        line = self._line()
        if line is None:
            return False
        found = SIZE_LINE.fullmatch(line)
        if not found:
            raise Refused(400, "The size of a chunk is not a hexadecimal number.")
        self._missing = int(found[1], 16)
        self._part = _Part.CONTENT if self._missing else _Part.TRAILERS
        self._count += 1
        paid = self._length // self._limits.bytes_of_a_chunk
        if self._count > self._limits.free_chunks + paid:
            raise Refused(400, "Send larger chunks: these hold a few bytes each.")
        return True

    def _read_trailer(self) -> bool:
        line = self._line()
        if line is None:
            return False
        self._trailers += len(line)
        if self._trailers > LONGEST_TRAILERS:
            raise Refused(400, "The fields behind the last chunk are too long.")
        self.is_complete = not line
        return True

    def _line(self) -> bytes | None:
        end = self._arrived.find(b"\r\n", 0, LONGEST_LINE + 2)
        if end < 0:
            if len(self._arrived) > LONGEST_LINE:
                raise Refused(400, "A line of the chunked coding is too long.")
            return None
        line = bytes(self._arrived[:end])
        del self._arrived[: end + 2]
        return line
