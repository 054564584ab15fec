"""One request while it arrives: bytes in, a complete request or a refusal out.

No sockets and no waiting here. The head is read once, by gunicorn's own parser, so that its
length and its meaning cannot be understood in two ways.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import InvalidRequestLine, NoMoreData
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader

from config.web_server.chunks import Chunks
from config.web_server.limits import KIB, Limits
from config.web_server.refusals import Refused
from config.web_server.spool import Room, Spool

PIECE = 64 * KIB

Clock = Callable[[], float]


class Incoming:
    """What has arrived of a request.

    `idle_seconds` is how long a later one of its connection may take to begin.
    """

    def __init__(
        self,
        cfg: Any,
        client: Any,
        *,
        room: Room,
        limits: Limits,
        longest_body: int,
        idle_seconds: float | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self.request: Any = None
        self.body: Spool | None = None
        self.rest = b""
        self._limits = limits
        self._cfg = cfg
        self._client = client
        self._room = room
        self._longest_body = longest_body
        self._clock = clock
        self._deadline = clock() + (idle_seconds or limits.head_seconds)
        self._head = bytearray()
        self._chunks: Chunks | None = None
        self._missing = 0
        self._body_begun = 0.0

    @property
    def has_begun(self) -> bool:
        return bool(self._head) or self.request is not None

    @property
    def deadline(self) -> float:
        """When it is too slow to be waited for any longer."""
        if self.body is None:
            return self._deadline
        earned = self.body.size / self._limits.bytes_per_second
        return self._body_begun + self._limits.patience_seconds + earned

    @property
    def wants(self) -> int:
        """How many bytes to read at once: of a body with a length no more than it has."""
        return min(self._missing, 4 * PIECE) if self._missing else PIECE

    @property
    def body_size(self) -> int:
        return self.body.size if self.body else 0

    def takes_continue(self) -> bool:
        """Whether the client waits for a word before it sends the body. True once."""
        waits = self.request is not None and self.request._expected_100_continue
        if waits:
            self.request._expected_100_continue = False
        return bool(waits)

    def feed(self, data: bytes) -> bool:
        """Take bytes; True once the request is complete. What is too much stays in `rest`.

        Raises Refused, an error of gunicorn's parser, or OSError where the disk is full.
        """
        if self.body is not None:
            return self._feed_body(data)
        if not self._head:
            self._deadline = min(
                self._deadline, self._clock() + self._limits.head_seconds
            )
        searched = max(0, len(self._head) - 3)
        self._head += data
        end = self._head.find(b"\r\n\r\n", searched, self._limits.head)
        if end < 0:
            if len(self._head) >= self._limits.head:
                raise Refused(431, "The head of the request is longer than 64 KiB.")
            return False
        head, rest = bytes(self._head[: end + 4]), bytes(self._head[end + 4 :])
        self._head.clear()
        self._read_head(head)
        return self._feed_body(rest)

    def close(self) -> None:
        """Give back what the body holds."""
        if self.body is not None:
            self.body.close()

    def _read_head(self, head: bytes) -> None:
        try:
            self.request = Request(self._cfg, IterUnreader([head]), self._client)
        except (NoMoreData, StopIteration) as exc:
            raise InvalidRequestLine("an empty line") from exc
        reader = self.request.body.reader
        if isinstance(reader, ChunkedReader):
            codings = [v for k, v in self.request.headers if k == "TRANSFER-ENCODING"]
            if [coding.lower() for coding in codings] != ["chunked"]:
                raise Refused(501, "Send the body as it is, or chunked.")
            self._chunks = Chunks(self._limits)
        else:
            self._missing = reader.length
        self._check(self._missing)
        self.body = Spool(self._room)
        self._body_begun = self._clock()

    def _check(self, length: int) -> None:
        if length > self._longest_body:
            raise Refused(413, "The request is larger than this server takes.")

    def _feed_body(self, data: bytes) -> bool:
        assert self.body is not None
        if self._chunks is None:
            piece, self.rest = data[: self._missing], data[self._missing :]
            self._missing -= len(piece)
            self.body.write(piece)
            is_complete = not self._missing
        else:
            piece = self._chunks.feed(data)
            self._check(self.body.size + len(piece))
            self.body.write(piece)
            is_complete = self._chunks.is_complete
            if is_complete:
                self.rest = self._chunks.rest
                self._give_length()
        if is_complete:
            self.request.body = self.body.opened()
        return is_complete

    def _give_length(self) -> None:
        """Name the length, as a proxy does that buffers: applications read no chunks."""
        assert self.body is not None
        self.request.headers = [
            *(pair for pair in self.request.headers if pair[0] != "TRANSFER-ENCODING"),
            ("CONTENT-LENGTH", str(self.body.size)),
        ]
