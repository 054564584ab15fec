"""What slow, large and many clients may do to the web server: a real one, on the loopback."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from config.env import CHECKOUT
from tests.engine.conftest import free_port, process, wait_until

MIB = 1024 * 1024
CONFIG = "tests/config/web_server/gunicorn_config.py"
MINUTE = 60


class Server:
    def __init__(self, port: int, pid: int, log: Path) -> None:
        self.port = port
        self.pid = pid
        self.log = log

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=MINUTE)

    def ask(self, path: str, body: bytes | None = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=MINUTE)
        connection.request("POST" if body else "GET", path, body)
        answer = connection.getresponse()
        read = answer.read()
        connection.close()
        return json.loads(read)

    def answers(self) -> bool:
        try:
            return bool(self.ask("/"))
        except OSError:
            return False


@contextmanager
def serving(folder: Path, **environment: str) -> Iterator[Server]:
    port = free_port()
    log = folder / "web.log"
    with process(
        *(sys.executable, "-m", "gunicorn", "--config", CONFIG),
        "tests.config.web_server.gunicorn_config:application",
        environment={
            "PATH": os.environ["PATH"],
            "STATE_ROOT": str(folder),
            "PORT": str(port),
            **environment,
        },
        log=log,
    ) as started:
        server = Server(port, started.pid, log)
        wait_until(server.answers)
        yield server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("web")) as started:
        yield started


def everything(connected: socket.socket) -> bytes:
    """Read until the server closes."""
    pieces = []
    while piece := connected.recv(MIB):
        pieces.append(piece)
    return b"".join(pieces)


def answer(connected: socket.socket) -> tuple[int, Any]:
    response = http.client.HTTPResponse(connected)
    response.begin()
    return response.status, json.loads(response.read())


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    coded = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return coded + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [0, 1, 70_000, 3 * MIB], ids=str)
@pytest.mark.parametrize("coding", ["with a length", "chunked"])
def test_body_reaches_the_application_whole(
    server: Server, size: int, coding: str
) -> None:
    body = os.urandom(size)
    head = (
        f"Content-Length: {size}"
        if coding != "chunked"
        else "Transfer-Encoding: chunked"
    )
    with server.connect() as connected:
        connected.sendall(f"POST / HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n".encode())
        connected.sendall(body if coding != "chunked" else chunked(body, 5000))
        status, report = answer(connected)

    assert status == 200
    assert report["sha256"] == hashlib.sha256(body).hexdigest()
    assert (report["length"], report["transfer_encoding"]) == (str(size), None)


def test_requests_that_arrive_together_are_all_answered_in_order(
    server: Server,
) -> None:
    post = b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
    coded = b"POST /9 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    last = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with server.connect() as connected:
        connected.sendall(post % 1 + coded + chunked(b"abcdef", 2) + post % 2 + last)
        read = everything(connected)

    reports = [
        json.loads("{" + part.partition(b"}")[0].decode() + "}")
        for part in read.split(b"{")[1:]
    ]
    assert [(r["path"], r["read"]) for r in reports] == [
        ("/1", 3),
        ("/9", 6),
        ("/2", 3),
        ("/last", 0),
    ]


def test_client_that_waits_for_a_word_gets_it_before_its_body(server: Server) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
    with server.connect() as connected:
        connected.sendall(head)
        assert connected.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connected.sendall(b"body")
        status, report = answer(connected)

    assert (status, report["read"]) == (200, 4)


def test_body_that_is_too_large_is_refused_before_it_is_sent(server: Server) -> None:
    with server.connect() as connected:
        connected.sendall(
            b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
            b"Content-Length: 99000000\r\n\r\n"
        )
        status, problem = answer(connected)

    assert (status, problem["title"]) == (413, "Request Entity Too Large")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 66_000, 431),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    ],
    ids=["long head", "no size", "wrong size", "packed"],
)
def test_what_is_no_request_gets_a_problem_document(
    server: Server, sent: bytes, status: int
) -> None:
    with server.connect() as connected:
        connected.sendall(sent)
        read = everything(connected)

    assert read.startswith(b"HTTP/1.1 %d " % status)
    assert json.loads(read.partition(b"\r\n\r\n")[2])["status"] == status


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ],
    ids=["no line", "empty", "two lengths of two kinds", "two lengths"],
)
def test_head_that_means_two_things_is_refused(server: Server, sent: bytes) -> None:
    with server.connect() as connected:
        connected.sendall(sent)
        read = everything(connected)

    assert read.startswith(b"HTTP/1.1 400 ")
    assert server.answers()


@pytest.mark.parametrize(
    "begun",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nbeg",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nbeg",
    ],
    ids=["head", "body", "chunk"],
)
def test_request_that_does_not_go_on_is_cut_off(server: Server, begun: bytes) -> None:
    with server.connect() as connected:
        connected.sendall(begun)
        read = everything(connected)

    assert read.startswith(b"HTTP/1.1 408 ")


def test_connection_without_a_request_is_closed_without_a_word(server: Server) -> None:
    with server.connect() as connected:
        assert everything(connected) == b""


def test_slow_clients_hold_no_thread(tmp_path: Path) -> None:
    with serving(tmp_path, TEST_SECONDS="60") as server, ExitStack() as clients:
        for begun in (
            b"",
            b"GET /",
            b"POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\nbeg",
            b"GET /long/4 HTTP/1.1\r\nHost: a\r\n\r\n",
        ):
            for _ in range(6):
                clients.enter_context(server.connect()).sendall(begun)

        assert server.ask("/here")["path"] == "/here"


def test_answer_that_is_not_read_is_given_up(server: Server) -> None:
    with server.connect() as connected:
        connected.sendall(b"GET /long/60 HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: is_closed(server, connected))

    assert server.answers()


def is_closed(server: Server, connected: socket.socket) -> bool:
    """Whether the kernel lists the server's end no more as one that is open."""
    port = f"{connected.getsockname()[1]:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()
    ends = [line.split() for line in lines if f":{port} " in line]
    return not any(
        words[1].endswith(f":{server.port:04X}") and words[3] == "01" for words in ends
    )


def test_long_answer_reaches_a_client_that_reads(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=MINUTE)
    connection.request("GET", "/long/20")
    response = connection.getresponse()

    assert len(response.read()) == 20 * MIB
    connection.request("GET", "/again")
    assert json.loads(connection.getresponse().read())["path"] == "/again"
    connection.close()


def test_workers_and_monitors_do_not_wait_for_people(server: Server) -> None:
    with ExitStack() as people:
        for _ in range(8):
            busy = people.enter_context(server.connect())
            busy.sendall(b"GET /wait/2 HTTP/1.1\r\nHost: a\r\n\r\n")
        for path in ("/healthz", "/metrics", "/internal/trigger/about"):
            assert server.ask(path)["path"] == path

        busy.setblocking(False)
        with pytest.raises(BlockingIOError):
            busy.recv(1)


def test_more_requests_than_may_wait_are_asked_to_come_again(tmp_path: Path) -> None:
    with serving(tmp_path) as server, ExitStack() as people:
        first = [people.enter_context(server.connect()) for _ in range(22)]
        for one in first:
            one.sendall(
                b"GET /wait/0.2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            )
        wait_until(lambda: is_refused(server))
        assert server.ask("/healthz")["path"] == "/healthz"
        answered = [everything(one) for one in first]

    assert all(read.startswith(b"HTTP/1.1 200 ") for read in answered)


def is_refused(server: Server) -> bool:
    with server.connect() as connected:
        connected.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        read = everything(connected)
    return read.startswith(b"HTTP/1.1 503 ") and b"Retry-After: 10" in read


def test_the_oldest_incomplete_request_makes_room_for_a_new_one(tmp_path: Path) -> None:
    own = {"TEST_CONNECTIONS": "20", "TEST_SECONDS": "60"}
    with serving(tmp_path, **own) as server, ExitStack() as clients:
        waiting = [clients.enter_context(server.connect()) for _ in range(40)]

        assert server.answers()
        assert everything(waiting[0]) == b""


def test_bodies_beyond_the_room_are_refused_and_the_last_one_is_taken(
    tmp_path: Path,
) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n"
    with serving(tmp_path, TEST_SECONDS="60") as server, ExitStack() as clients:
        first = [clients.enter_context(server.connect()) for _ in range(3)]
        for each in first:
            each.sendall(head + bytes(2_900_000))
        status, problem = answer(first[0])

        assert (status, problem["status"]) == (503, 503)
        assert server.ask("/", bytes(3_000_000))["read"] == 3_000_000


def test_large_bodies_are_all_answered_in_turns(server: Server) -> None:
    body = bytes(200_000)
    with ExitStack() as clients:
        at_once = [clients.enter_context(server.connect()) for _ in range(10)]
        for each in at_once:
            each.sendall(
                b"POST /wait/0.05 HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n"
                + body
            )
        reports = [answer(each) for each in at_once]

    assert [(status, r["read"]) for status, r in reports] == [(200, 200_000)] * 10


def test_request_whose_client_hung_up_while_it_waited_is_left_out(
    server: Server,
) -> None:
    with ExitStack() as people:
        for _ in range(4):
            busy = people.enter_context(server.connect())
            busy.sendall(b"GET /wait/1 HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in range(10):
            with server.connect() as gone:
                gone.sendall(b"GET /wait/9000 HTTP/1.1\r\nHost: a\r\n\r\n")

        assert server.ask("/here")["path"] == "/here"


def test_server_that_is_stopped_answers_what_it_has_begun(tmp_path: Path) -> None:
    with (
        serving(tmp_path) as server,
        server.connect() as busy,
        server.connect() as idle,
    ):
        busy.sendall(b"GET /wait/1 HTTP/1.1\r\nHost: a\r\n\r\n")
        idle.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer(idle)[0] == 200
        os.kill(server.pid, signal.SIGTERM)

        read = everything(busy)
        assert everything(idle) == b""
        wait_until(lambda: "Shutting down" in server.log.read_text())

    assert read.startswith(b"HTTP/1.1 200 ")


def test_shipped_web_server_listens_on_the_loopback(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert f"http://127.0.0.1:{server.port}" in server.log.read_text()
    assert str(CHECKOUT) not in server.log.read_text()
