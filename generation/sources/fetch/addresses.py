"""Which URLs and which addresses may be visited, and how an error names them."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import SplitResult, urldefrag, urlsplit

from generation.exceptions import AddressNotAllowed, SourceError

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# What `is_global` lets through although nobody publishes a list there: carrier networks,
# cloud host services, and the IPv6 ranges that carry an IPv4 address inside.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("100.64.0.0/10", "168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24"),
        *("::/96", "64:ff9b:1::/48", "2001::/23", "2002::/16"),
        *("3fff::/20", "5f00::/16", "fec0::/10"),
    )
)


class Subject(NamedTuple):
    """What a fetch is about, in the words of its errors."""

    name: str
    is_redirected: bool = False

    def error(
        self, kind: type[SourceError], reason: str, *, status: int = 0
    ) -> SourceError:
        # Where a redirect leads is what the server sent: it is not repeated.
        name = self.name
        where = f"the address that {name} redirects to" if self.is_redirected else name
        problem = kind(f"Could not fetch {where}: {reason}")
        problem.status = status
        return problem

    def not_a_url(self) -> SourceError:
        return self.error(
            AddressNotAllowed,
            "it is not a URL. Give one that looks like https://example.com/list.",
        )


def subject_of(url: str) -> Subject:
    """Name a URL in an error: no userinfo, no query, nothing that a screen would obey."""
    parts = split(url.strip())
    if parts is None or not parts.hostname or not url.strip().isprintable():
        return Subject("this address")
    if "@" in url:
        return Subject(parts.hostname)
    return Subject(f"{parts.scheme}://{parts.netloc}{parts.path}")


def checked_url(url: str, subject: Subject) -> str:
    """Return the URL without its fragment if it is a plain http or https one."""
    url = url.strip()
    parts = split(url)
    if parts is None or re.search(r"[\x00-\x1f\x7f]", url):
        raise subject.not_a_url()
    if parts.scheme not in {"http", "https"}:
        raise subject.error(
            AddressNotAllowed,
            "only addresses that begin with http:// or https:// are fetched.",
        )
    if "@" in parts.netloc:
        raise subject.error(
            AddressNotAllowed,
            "it holds a user name or a password. Give it without.",
        )
    if not parts.hostname or re.search(r"[\\\s]", parts.netloc):
        raise subject.not_a_url()
    return urldefrag(url).url


def split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def is_public(address: str) -> bool:
    """Whether an address is one that anybody on the internet may visit."""
    ip = unwrap(address)
    return (
        ip.is_global
        and not (ip.is_multicast or ip.is_reserved)
        and not any(ip in network for network in _NOT_PUBLIC)
    )


def unwrap(address: str) -> IPAddress:
    """Take out the IPv4 address that an IPv6 address is only another spelling of."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return ip.ipv4_mapped
        if ip in _NAT64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip


def plain(host: str) -> str:
    return host.lower().rstrip(".")
