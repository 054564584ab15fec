"""Real servers on the loopback, some of them hostile, for whoever tests a fetch."""

from __future__ import annotations

import gzip
import itertools
import socket
import socketserver
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import Any

MIB = 1024 * 1024


class Handler(BaseHTTPRequestHandler):
    """Hands a GET to the page of that path; a page writes the wire itself."""

    server: Site

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.requests.append((self.path, self.headers))
        try:
            self.server.pages.get(path, answer(b"no such page", status=404))(self)
        except OSError:
            self.server.was_cut_off = True
        self.close_connection = True

    def send(self, sent: bytes) -> None:
        self.wfile.write(sent)
        self.server.bytes_sent += len(sent)

    def log_message(self, format: str, *args: Any) -> None:
        pass


ServerPage = Callable[[Handler], None]


class Site(socketserver.ThreadingTCPServer):
    """A server that counts who knocked, and what it managed to send."""

    allow_reuse_address = True

    def __init__(
        self,
        pages: Mapping[str, ServerPage],
        *,
        address: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.pages = dict(pages)
        self.connections = 0
        self.requests: list[tuple[str, Message]] = []
        self.bytes_sent = 0
        self.was_cut_off = False
        self.closing = threading.Event()
        self._tls = tls
        super().__init__((address, 0), Handler)

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://{self.server_address[0]!s}:{self.port}"

    def get_request(self) -> tuple[Any, Any]:
        connection, client = self.socket.accept()
        self.connections += 1
        if self._tls:
            # A client that refuses our certificate ends this with an OSError.
            connection = self._tls.wrap_socket(connection, server_side=True)
        return connection, client


@contextmanager
def serving(
    pages: Mapping[str, ServerPage] | ServerPage,
    *,
    address: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
) -> Iterator[Site]:
    """Serve pages by path, or one page at `/`, until the block ends."""
    pages = pages if isinstance(pages, Mapping) else {"/": pages}
    with Site(pages, address=address, tls=tls) as site:
        thread = threading.Thread(target=site.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield site
        finally:
            site.closing.set()
            site.shutdown()
            thread.join()


def answer(
    body: bytes = b"",
    *,
    status: int = 200,
    reason: str = "Fine",
    content_type: str | None = "text/plain",
    headers: Mapping[str, str] | None = None,
) -> ServerPage:
    """A well-behaved page; `headers` may replace the declared length."""
    given = {"Content-Length": str(len(body))}
    if content_type is not None:
        given["Content-Type"] = content_type
    return raw(head(given | dict(headers or {}), status=f"{status} {reason}"), body)


def redirect(location: str, *, status: int = 302) -> ServerPage:
    return answer(status=status, headers={"Location": location})


def gzipped(body: bytes) -> ServerPage:
    return answer(body, headers={"Content-Encoding": "gzip"})


def raw(*parts: bytes) -> ServerPage:
    def page(handler: Handler) -> None:
        for part in parts:
            handler.send(part)

    return page


def endless(start: bytes, *, mebibytes: int) -> ServerPage:
    """A body without an end in sight."""

    def page(handler: Handler) -> None:
        handler.send(start)
        for _ in range(mebibytes * 16):
            handler.send(b"x" * (MIB // 16))

    return page


def drip(start: bytes, drop: bytes, *, every: float = 0.05) -> ServerPage:
    """A page that comes drop by drop, so that no single read is slow."""

    def page(handler: Handler) -> None:
        handler.send(start)
        while not handler.server.closing.wait(every):
            handler.send(drop)

    return page


def gzip_bomb(mebibytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    zeros = bytes(MIB)
    parts = [packer.compress(zeros) for _ in range(mebibytes)]
    return b"".join([*parts, packer.flush()])


def silent_bomb(layers: int) -> bytes:
    """Layers of gzip around a great many empty members: much work, not one byte."""
    packed = gzip.compress(b"") * (4 * MIB // len(gzip.compress(b"")))
    for _ in range(layers - 1):
        packed = gzip.compress(packed)
    return packed


def validated(
    body: bytes, *, etag: str = "", last_modified: str = "", **headers: str
) -> ServerPage:
    """A page that is sent once, and vouched for to whoever names its validators."""
    validators = {"ETag": etag, "Last-Modified": last_modified}
    validators = {name: value for name, value in validators.items() if value}

    def page(handler: Handler) -> None:
        if (etag and handler.headers["If-None-Match"] == etag) or (
            last_modified and handler.headers["If-Modified-Since"] == last_modified
        ):
            handler.send(head(validators, status="304 Not Modified"))
        else:
            answer(body, headers={**validators, **headers})(handler)

    return page


def in_turn(*pages: ServerPage) -> ServerPage:
    """The next of these pages at each visit, the last one for ever."""
    rest = itertools.chain(pages, itertools.repeat(pages[-1]))
    return lambda handler: next(rest)(handler)


class Names:
    """A name server that knows the sites it was given; each is reached on its port."""

    def __init__(self, **sites: Site) -> None:
        self._sites = {name.replace("_", "."): site for name, site in sites.items()}

    def __call__(self, host: str, port: int, **wanted: Any) -> list[Any]:
        if host not in self._sites:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        address = ("127.0.0.1", self._sites[host].port)
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)]


class FakeResolver:
    """Gives the next of its answers at each lookup, the last one for ever."""

    def __init__(self, *lookups: Sequence[tuple[str, int]]) -> None:
        self.hosts: list[str] = []
        self._lookups = itertools.chain(lookups, itertools.repeat(lookups[-1]))

    def __call__(self, host: str, port: int, **wanted: Any) -> list[Any]:
        self.hosts.append(host)
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                socket.IPPROTO_TCP,
                "",
                (address, port),
            )
            for address, port in next(self._lookups)
        ]


def head(headers: Mapping[str, str], *, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()
