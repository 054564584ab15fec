"""What a fetch is asked, how far it may go, and what it brings home."""

from __future__ import annotations

import ipaddress
from typing import Protocol

from pydantic import Field, field_validator

from generation.items import Record
from generation.sources.fetch.stop import Stop


class FetchLimits(Record):
    """How far a fetch may go.

    `seconds` is wall clock for everything on the wire, redirects included. `interval` lies
    between two fetches from one host, and `patience` is how long we wait, all in all, when
    a server asks us to come back later; both in seconds. `allowed_networks` and
    `allowed_hosts` (exact names) add to what may be visited; nothing lifts the rule
    altogether. `ca_bundle` is the path of a private CA.
    """

    max_bytes: int = 5 * 1024 * 1024
    seconds: float = 20.0
    redirects: int = 5
    interval: float = Field(default=1.0, ge=0)
    patience: float = Field(default=30.0, ge=0)
    allowed_networks: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    ca_bundle: str = ""

    @field_validator("allowed_networks")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        if any(ipaddress.ip_network(network).prefixlen == 0 for network in networks):
            raise ValueError("a network that holds every address is not an exception")
        return networks


class Hop(Record):
    """One redirect: what was asked for, the status, and where it led."""

    url: str
    status: int
    to: str


class Page(Record):
    """What arrived. `content_type` is as sent, `content` without its gzip.

    `url` is where people find it, and what its relative links are relative to: where it
    was in the end, or, for a raw file of a code forge, the page that shows the file. Then
    `raw_url` is where the bytes came from. `from_cache` says that the server vouched for
    the bytes of an earlier visit.
    """

    requested_url: str
    url: str
    content_type: str
    content: bytes
    status: int = 200
    redirects: tuple[Hop, ...] = ()
    raw_url: str = ""
    from_cache: bool = False


class Fetch(Protocol):
    """Get a page of text, or raise the SourceError that says why not.

    `typed` is for an address that a person wrote: others are fetched only where the
    robots.txt of their site lets us. `stop` ends the fetch from another thread.
    """

    def __call__(
        self, url: str, *, typed: bool = True, stop: Stop | None = None
    ) -> Page: ...


DEFAULT_LIMITS = FetchLimits()
