"""What Django's own server does differently under our entry point."""

from __future__ import annotations

import http.client
import socket
import threading
from typing import cast
from wsgiref.types import StartResponse, WSGIEnvironment

from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

import config.wsgi  # noqa: F401 - what it changes is looked at here


def test_answer_is_not_kept_back_until_its_headers_are_acknowledged() -> None:
    delays: list[int] = []

    class Handler(WSGIRequestHandler):
        def setup(self) -> None:
            super().setup()
            connected = cast("socket.socket", self.connection)
            option = (socket.IPPROTO_TCP, socket.TCP_NODELAY)
            delays.append(connected.getsockopt(*option))

    def application(environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        start("200 OK", [("Content-Length", "2")])
        return [b"{}"]

    with ThreadedWSGIServer(("127.0.0.1", 0), Handler) as server:
        server.set_app(application)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
        connection.request("GET", "/")
        answer = connection.getresponse().read()
        connection.close()
        server.shutdown()
        thread.join()

    assert answer == b"{}"
    assert delays == [1]
