"""How long, how much and how many: every bound of the web server, with its reason."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one process. Sizes are in bytes."""

    # gunicorn's own bounds allow 800 KiB, and a thousand clients at once.
    head: int = 64 * KIB
    # From the first byte, or from the beginning of a connection, to the end of the head.
    head_seconds: float = 10
    # A body or a reader may be slow to begin; from then on it keeps the pace of a modem.
    patience_seconds: float = 20
    bytes_per_second: int = 16 * KIB
    # How long a connection is read from after its last answer, so that the client sees that.
    linger_seconds: float = 2

    # What one request or answer keeps in memory, and what all of a process do: the web
    # side must stay below 400 MiB whatever a thousand clients send.
    memory_of_one: int = MIB
    memory_of_all: int = 32 * MIB
    # On disk and in memory: ten of the largest requests at once.
    most_of_all: int = 512 * MIB
    # Of an answer. For what is longer, the thread that makes it waits for the client.
    waiting_answer: int = 64 * MIB

    # Django holds a body in memory several times over while it reads it. Smaller ones do
    # not count; of larger ones so many bytes are worked on at once, or else a single one.
    small_body: int = MIB
    large_bodies: int = 32 * MIB
    # Requests that wait for a thread of their kind. With more, a connection for a request
    # of the other kind would not be accepted any more.
    waiting_requests: int = 400
    # After so long, a request whose client has hung up meanwhile is not worked on. Until
    # then it is answered: some clients close their half when they have sent everything.
    wait_seconds: float = 1

    # A chunk costs as much work as a kibibyte of body: clients that send a byte in each
    # would keep the process busy. These many are free, then one for so many bytes.
    free_chunks: int = 10_000
    bytes_of_a_chunk: int = 64
