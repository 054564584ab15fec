"""Fetch what a stranger's URL names: the only module that opens one.

The decision: an address is judged where the connection is made. A host is looked up once,
every answer must be a public address, and the socket connects to one of those very answers,
so that neither an odd spelling, nor a redirect, nor a name server that changes its mind
leads into our network. What arrives is limited in bytes and in time.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
import urllib3
from pydantic import field_validator
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from generation.exceptions import (
    AddressNotAllowed,
    SourceError,
    SourceTimedOut,
    SourceTooLarge,
    SourceUnreachable,
    UnreadableSource,
)
from generation.items import Record

Answer = tuple[int, int, int, str, tuple[Any, ...]]
Resolver = Callable[..., Sequence[Answer]]
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

USER_AGENT = "Gazetteer/0.1 (+directory builder)"
_CHUNK = 16 * 1024
_GZIP = zlib.MAX_WBITS | 16
_TEXT_SUBTYPE = re.compile(
    r"(^|[.+-])(csv|javascript|json|jsonl|markdown|ndjson|toml|xhtml|xml|ya?ml)($|[.+-])"
)

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


class FetchLimits(Record):
    """How far a fetch may go.

    `seconds` is wall clock for everything, redirects included. `allowed_networks` and
    `allowed_hosts` (exact names) add to what may be visited; nothing lifts the rule
    altogether. `ca_bundle` is the path of a private CA.
    """

    max_bytes: int = 5 * 1024 * 1024
    seconds: float = 20.0
    redirects: int = 5
    allowed_networks: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    ca_bundle: str = ""

    @field_validator("allowed_networks")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        if any(ipaddress.ip_network(network).prefixlen == 0 for network in networks):
            raise ValueError("a network that holds every address is not an exception")
        return networks


class Page(Record):
    """What arrived. `url` is where it was in the end; `content_type` is as sent."""

    requested_url: str
    url: str
    content_type: str
    content: bytes


DEFAULT_LIMITS = FetchLimits()


def fetch(
    url: str,
    *,
    limits: FetchLimits = DEFAULT_LIMITS,
    resolve: Resolver = socket.getaddrinfo,
) -> Page:
    """Get a page of text, or raise the SourceError that says why not."""
    with _Visit(url, limits, resolve) as visit, _Session(visit) as session:
        target = visit.check(url)
        for _ in range(limits.redirects + 1):
            with session.get(target, stream=True, timeout=limits.seconds) as response:
                if not response.is_redirect:
                    return _read_page(visit, response, requested_url=url)
                visit.is_redirected = True
                target = visit.check(_redirect_target(response))
        raise visit.error(
            SourceUnreachable,
            f"there are more than {limits.redirects} redirects. "
            "Give the address that they end at.",
        )


def is_public(address: str) -> bool:
    """Whether an address is one that anybody on the internet may visit."""
    ip = _unwrap(address)
    return (
        ip.is_global
        and not (ip.is_multicast or ip.is_reserved)
        and not any(ip in network for network in _NOT_PUBLIC)
    )


def _unwrap(address: str) -> IPAddress:
    """Take out the IPv4 address that an IPv6 address is only another spelling of."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return ip.ipv4_mapped
        if ip in _NAT64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip


class _Visit:
    """One fetch: its clock, its sockets, and its errors in words for a person.

    Timeouts of sockets are per read, and a server that drips never meets one. So a timer
    shuts the sockets down, and leaving the visit turns whatever that looked like into a
    SourceTimedOut.
    """

    def __init__(self, url: str, limits: FetchLimits, resolve: Resolver) -> None:
        self.limits = limits
        self.is_redirected = False
        self._name = _without_secrets(url)
        self._resolve = resolve
        self._networks = [ipaddress.ip_network(n) for n in limits.allowed_networks]
        self._hosts = {_plain(host) for host in limits.allowed_hosts}
        self._ends = time.monotonic() + limits.seconds
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._is_over = False
        self._timer = threading.Timer(limits.seconds, self._shut_down)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        self._timer.join()
        for sock in self._sockets:
            sock.close()
        if problem := self._explain(exc):
            raise problem from exc

    def error(self, kind: type[SourceError], reason: str) -> SourceError:
        # Where a redirect leads is what the server sent: it is not repeated.
        name = self._name
        where = f"the address that {name} redirects to" if self.is_redirected else name
        return kind(f"Could not fetch {where}: {reason}")

    def remaining(self) -> float:
        """Seconds left, more than none."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise self._timed_out()
        return left

    def check(self, url: str) -> str:
        """Return the URL if it is a plain http or https one."""
        url = url.strip()
        parts = _split(url)
        if parts is None or re.search(r"[\x00-\x1f\x7f]", url):
            raise self._not_a_url()
        if parts.scheme not in {"http", "https"}:
            raise self.error(
                AddressNotAllowed,
                "only addresses that begin with http:// or https:// are fetched.",
            )
        if "@" in parts.netloc:
            raise self.error(
                AddressNotAllowed,
                "it holds a user name or a password. Give it without.",
            )
        if not parts.hostname or re.search(r"[\\\s]", parts.netloc):
            raise self._not_a_url()
        return url

    def check_size(self, size: int) -> None:
        if size > self.limits.max_bytes:
            raise self.error(
                SourceTooLarge,
                f"it is larger than {self.limits.max_bytes:,} bytes. "
                "Give a smaller page.",
            )

    def connect(self, host: str, port: int) -> socket.socket:
        """Look a host up once, judge every answer, connect to one of them."""
        answers = self._look_up(host, port)
        for answer in answers:
            if not self._is_allowed(host, str(answer[4][0])):
                raise self.error(
                    AddressNotAllowed,
                    "it leads into a private or reserved network. "
                    "Give an address that is public.",
                )
        failure: OSError | None = None
        for waiting, answer in zip(range(len(answers), 0, -1), answers, strict=True):
            try:
                # An address that swallows our packets leaves time for those behind it.
                return self._connect_to(answer, seconds=self.remaining() / waiting)
            except OSError as exc:
                failure = exc
        if isinstance(failure, TimeoutError):
            raise self._timed_out() from failure
        raise self.error(
            SourceUnreachable,
            "nothing answers there. Check the address, or try again later.",
        ) from failure

    def _look_up(self, host: str, port: int) -> Sequence[Answer]:
        """Ask in a thread: a lookup cannot be interrupted, only left behind."""
        found: Future[Sequence[Answer]] = Future()

        def look_up() -> None:
            try:
                found.set_result(self._resolve(host, port, type=socket.SOCK_STREAM))
            except BaseException as exc:  # noqa: BLE001, raised again by result()
                found.set_exception(exc)

        thread = threading.Thread(target=look_up, daemon=True)
        thread.start()
        thread.join(self.remaining())
        if not found.done():
            raise self._timed_out()
        try:
            return found.result()
        except (OSError, UnicodeError) as exc:
            raise self.error(
                SourceUnreachable,
                "its host cannot be found. Check the spelling, or try again later.",
            ) from exc

    def _is_allowed(self, host: str, address: str) -> bool:
        ip = _unwrap(address)
        return (
            _plain(host) in self._hosts
            or any(ip in network for network in self._networks)
            or is_public(address)
        )

    def _connect_to(self, answer: Answer, *, seconds: float) -> socket.socket:
        family, kind, protocol, _, address = answer
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(seconds)
            sock.connect(address)
            sock.settimeout(self.remaining())
            self._track(sock)
        except BaseException:
            sock.close()
            raise
        return sock

    def _track(self, sock: socket.socket) -> None:
        # A duplicate, because TLS takes the first socket object apart. Shutting the one
        # down shuts the other.
        with self._lock:
            self._sockets.append(sock.dup())
            is_over = self._is_over
        if is_over:
            raise self._timed_out()

    def _shut_down(self) -> None:
        with self._lock:
            self._is_over = True
            for sock in self._sockets:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def _explain(self, exc: BaseException | None) -> SourceError | None:
        """Say what went wrong, unless that is already said or not ours to say."""
        if exc is not None and not isinstance(exc, Exception):
            return None
        if self._is_over:
            return self._timed_out()
        match exc:
            case requests.exceptions.InvalidURL():
                return self._not_a_url()
            case requests.Timeout() | urllib3.exceptions.TimeoutError():
                return self._timed_out()
            case requests.exceptions.SSLError() | urllib3.exceptions.SSLError():
                return self.error(
                    SourceUnreachable,
                    "no secure connection. Its certificate may be expired, made out "
                    "to another name, or signed by nobody we know.",
                )
            case requests.RequestException() | urllib3.exceptions.HTTPError():
                return self.error(
                    SourceUnreachable, "the connection broke. Try again later."
                )
        return None

    def _timed_out(self) -> SourceError:
        return self.error(
            SourceTimedOut,
            f"it took longer than {self.limits.seconds:g} seconds. Try again later.",
        )

    def _not_a_url(self) -> SourceError:
        return self.error(
            AddressNotAllowed,
            "it is not a URL. Give one that looks like https://example.com/list.",
        )


class _Session(requests.Session):
    """A session that takes nothing from the environment and connects as told."""

    def __init__(self, visit: _Visit) -> None:
        super().__init__()
        self.trust_env = False
        self.verify = visit.limits.ca_bundle or True
        self.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"})
        adapter = HTTPAdapter(max_retries=0)
        adapter.poolmanager.pool_classes_by_scheme = _pool_classes(visit)
        self.adapters.clear()
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow nothing: requests would read the whole body of a redirect first."""


def _pool_classes(visit: _Visit) -> dict[str, type[urllib3.HTTPConnectionPool]]:
    """Make urllib3 connect through the visit; names, Host and TLS remain its business."""

    class Connection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return visit.connect(self._dns_host, self.port)

    class SecureConnection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return visit.connect(self._dns_host, self.port)

    class Pool(urllib3.HTTPConnectionPool):
        ConnectionCls = Connection

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = SecureConnection

    return {"http": Pool, "https": SecurePool}


def _redirect_target(response: requests.Response) -> str:
    # Headers are read as Latin-1, but what servers put there is UTF-8.
    location = response.headers["Location"].encode("latin-1").decode(errors="replace")
    with suppress(ValueError):
        return urljoin(response.url, location)
    return ""


def _read_page(
    visit: _Visit, response: requests.Response, *, requested_url: str
) -> Page:
    content_type = response.headers.get("Content-Type", "")
    if not 200 <= response.status_code < 300:
        raise visit.error(
            SourceUnreachable,
            f"the server answered with status {response.status_code}. "
            "Check the address.",
        )
    if not _is_text(content_type):
        raise visit.error(
            UnreadableSource,
            "it is not text. Give a web page, or a Markdown, JSON, CSV or YAML file.",
        )
    visit.check_size(response.raw.length_remaining or 0)
    return Page(
        requested_url=requested_url,
        url=response.url,
        content_type=content_type,
        content=b"".join(_read_body(visit, response)),
    )


def _is_text(content_type: str) -> bool:
    kind, _, subtype = content_type.partition(";")[0].strip().lower().partition("/")
    if not subtype or kind == "text":
        return True
    return kind == "application" and bool(_TEXT_SUBTYPE.search(subtype))


def _read_body(visit: _Visit, response: requests.Response) -> Iterator[bytes]:
    """Count what arrives and what it unfolds to.

    Only one layer of gzip is undone. Of several layers, the inner ones could keep us busy
    for hours without a byte coming out.
    """
    arrived = _count(visit, response.raw.stream(_CHUNK, decode_content=False))
    match response.headers.get("Content-Encoding", "").strip().lower():
        case "" | "identity":
            return arrived
        case "gzip" | "x-gzip":
            return _count(visit, _unzip(visit, arrived))
    raise visit.error(UnreadableSource, "it is compressed in a way we did not ask for.")


def _count(visit: _Visit, chunks: Iterable[bytes]) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        visit.check_size(size)
        yield chunk


def _unzip(visit: _Visit, chunks: Iterable[bytes]) -> Iterator[bytes]:
    decoder = zlib.decompressobj(_GZIP)
    is_whole = True
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                if decoder.eof:
                    decoder = zlib.decompressobj(_GZIP)
                yield decoder.decompress(rest, _CHUNK)
                rest = decoder.unconsumed_tail or decoder.unused_data
                is_whole = decoder.eof
        if not is_whole:
            raise zlib.error("the end is missing")
    except zlib.error as exc:
        raise visit.error(
            UnreadableSource, "what arrived is compressed and damaged. Try again later."
        ) from exc


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _without_secrets(url: str) -> str:
    """Name a URL in an error: no userinfo, no query, nothing that a screen would obey."""
    parts = _split(url.strip())
    if parts is None or not parts.hostname or not url.strip().isprintable():
        return "this address"
    if "@" in url:
        return parts.hostname
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _plain(host: str) -> str:
    return host.lower().rstrip(".")
