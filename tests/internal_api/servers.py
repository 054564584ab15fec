"""Web sides on the loopback that misbehave, and a proxy in front of the real one."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from generation.signing import MARK


class Call(NamedTuple):
    method: str
    path: str
    headers: Message
    body: bytes


class Said(NamedTuple):
    """An answer. Of its headers, only those that matter to us."""

    status: int
    body: bytes = b"{}"
    headers: dict[str, str] = {}


# None hangs up without a word.
Answering = Callable[[Call], Said | None]


class WebSide(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answering: Answering, *, is_ours: bool = True) -> None:
        self.answering = answering
        self.is_ours = is_ours
        self.calls: list[Call] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: WebSide

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = Call(self.command, self.path, self.headers, body)
        self.server.calls.append(call)
        self.close_connection = True
        said = self.server.answering(call)
        if said is None:
            return
        self.send_response(said.status)
        if self.server.is_ours:
            self.send_header(MARK, "1")
        for name, value in said.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(said.body)))
        self.end_headers()
        self.wfile.write(said.body)

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving(answering: Answering, *, is_ours: bool = True) -> Iterator[WebSide]:
    """Serve while the block runs. Who is not ours does not answer as the internal API."""
    with WebSide(answering, is_ours=is_ours) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def always(status: int, body: bytes = b"{}", **headers: str) -> Answering:
    return lambda call: Said(status, body, headers)


def in_turn(*answers: Said | None) -> Answering:
    """Give each answer once, in order, and the last one for ever."""
    left = list(answers)
    return lambda call: left.pop(0) if len(left) > 1 else left[0]


def forward(upstream: str, *, host: str = "") -> Answering:
    """Hand calls to another server and bring its answers back, as a proxy does."""
    address = urlsplit(upstream)

    def answer(call: Call) -> Said:
        connection = http.client.HTTPConnection(
            str(address.hostname), address.port, timeout=30
        )
        skipped = {"host", "connection", "content-length", "accept-encoding"}
        headers = {k: v for k, v in call.headers.items() if k.lower() not in skipped}
        headers["Host"] = host or call.headers["Host"]
        try:
            connection.request(call.method, call.path, call.body or None, headers)
            response = connection.getresponse()
            kept = ("Content-Type", "Idempotency-Replayed")
            return Said(
                response.status,
                response.read(),
                {name: value for name, value in response.getheaders() if name in kept},
            )
        finally:
            connection.close()

    return answer
