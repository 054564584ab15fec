"""How requests are put together, in whatever pieces they arrive."""

from __future__ import annotations

from typing import Any

import pytest
from gunicorn.config import Config
from hypothesis import given
from hypothesis import strategies as st

from config.web_server.chunks import Chunks
from config.web_server.incoming import Incoming
from config.web_server.lanes import Lane
from config.web_server.limits import Limits
from config.web_server.refusals import Refused
from config.web_server.spool import Room, Spool

LIMITS = Limits(memory_of_one=100, memory_of_all=150, most_of_all=1000)
HEAD = b"POST /a?b=c HTTP/1.1\r\nHost: a\r\n"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def incoming(clock: Clock | None = None, **options: Any) -> Incoming:
    return Incoming(
        Config(),
        ("192.0.2.1", 7),
        room=Room(LIMITS),
        limits=Limits(),
        longest_body=500,
        clock=clock or Clock(),
        **options,
    )


def in_pieces(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [piece for piece in [*pieces, data] if piece]


pieces = st.lists(st.integers(1, 40), max_size=30)


@given(body=st.binary(max_size=400), sizes=pieces, is_chunked=st.booleans())
def test_request_is_the_same_in_whatever_pieces_it_arrives(
    body: bytes, sizes: list[int], is_chunked: bool
) -> None:
    if is_chunked:
        half = len(body) // 2
        parts = [part for part in (body[:half], body[half:]) if part]
        coded = b"".join(b"%x;a=b\r\n%b\r\n" % (len(p), p) for p in parts)
        sent = (
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + coded + b"0\r\nX: y\r\n\r\n"
        )
    else:
        sent = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    request = incoming()
    *before, last = in_pieces(sent, sizes)

    assert not any(request.feed(piece) for piece in before)
    assert request.feed(last + b"GET /next")

    assert request.request.body.read() == body
    assert request.rest == b"GET /next"
    assert ("CONTENT-LENGTH", str(len(body))) in request.request.headers
    assert (request.request.path, request.request.query) == ("/a", "b=c")
    request.close()


def test_head_has_ten_seconds_from_its_first_byte() -> None:
    clock = Clock()
    request = incoming(clock, idle_seconds=75)
    assert request.deadline == 1075
    clock.now += 50

    request.feed(b"GET")
    clock.now += 5
    request.feed(b" / HTTP")

    assert request.deadline == 1060


def test_body_that_keeps_its_pace_has_time() -> None:
    clock = Clock()
    request = incoming(clock)
    request.feed(HEAD + b"Content-Length: 400\r\n\r\n")
    before = request.deadline
    request.feed(bytes(300))

    assert before == 1020
    assert request.deadline == 1020 + 300 / (16 * 1024)
    request.close()


def test_chunks_that_grow_beyond_the_longest_body_are_refused() -> None:
    request = incoming()
    request.feed(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")

    with pytest.raises(Refused, match="larger than this server takes"):
        request.feed((b"40\r\n" + bytes(64) + b"\r\n") * 10)
    request.close()


def test_chunks_of_a_byte_each_are_refused_in_time() -> None:
    chunks = Chunks(Limits(free_chunks=100))

    assert chunks.feed(b"1\r\na\r\n" * 100) == b"a" * 100
    with pytest.raises(Refused, match="larger chunks"):
        chunks.feed(b"1\r\na\r\n" * 100)


@pytest.mark.parametrize(
    "sent",
    [b"-1\r\n", b"0x1\r\n", b"\r\n", b"1" * 2000, b"1 \n;\r\n", b"fffffffff\r\n"],
    ids=["negative", "prefix", "empty", "long", "line feed", "too many digits"],
)
def test_line_that_names_no_size_is_refused(sent: bytes) -> None:
    with pytest.raises(Refused):
        Chunks(Limits()).feed(sent)


def test_endless_trailers_are_refused() -> None:
    chunks = Chunks(Limits())
    chunks.feed(b"0\r\n")

    with pytest.raises(Refused):
        chunks.feed(b"X: y\r\n" * 5000)


def test_memory_is_shared_and_what_does_not_fit_goes_to_disk() -> None:
    room = Room(LIMITS)
    first, second, third = Spool(room), Spool(room), Spool(room)
    first.write(bytes(90))
    assert room.has_memory_for(60, held=0)
    assert not room.has_memory_for(61, held=0)

    second.write(bytes(80))
    third.write(bytes(60))
    first.write(bytes(50))

    assert room.has_memory_for(90, held=0), "the first went to disk as well"
    assert not room.is_full
    third.write(bytes(1000))
    assert room.is_full
    assert third.read_at(1050, 100) == bytes(10)
    for spool in (first, second, third, third):
        spool.close()
    assert not room.is_full
    assert room.has_memory_for(100, held=0)


def test_large_bodies_take_turns_and_small_ones_pass() -> None:
    limits = Limits(small_body=10, large_bodies=100, waiting_requests=4)
    lane = Lane(4, limits=limits)
    ended: list[int] = []

    def submit(size: int) -> None:
        lane.submit(lambda: True, lambda _: ended.append(size), size=size)

    submit(500)
    submit(60)
    submit(50)
    submit(5)
    lane.finished(size=500)
    lane.finished(size=5)
    assert not lane.is_full
    lane.finished(size=60)
    lane.finished(size=50)
    lane.shutdown()

    assert sorted(ended) == [5, 50, 60, 500]
