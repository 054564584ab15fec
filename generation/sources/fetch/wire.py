"""Open a connection: the only module that does.

The decision: an address is judged where the connection is made. A host is looked up once,
every answer must be a public address, and the socket connects to one of those very answers,
so that neither an odd spelling, nor a redirect, nor a name server that changes its mind
leads into our network. What arrives is limited in bytes and in time.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from urllib3.connection import HTTPConnection, HTTPSConnection

from generation.exceptions import (
    AddressNotAllowed,
    SourceError,
    SourceTimedOut,
    SourceUnreachable,
)
from generation.sources.fetch.addresses import (
    Subject,
    checked_url,
    is_public,
    plain,
    subject_of,
    unwrap,
)
from generation.sources.fetch.bodies import Wanted, check_type, read_body
from generation.sources.fetch.pages import FetchLimits
from generation.sources.fetch.stop import Stop

Answer = tuple[int, int, int, str, tuple[Any, ...]]
Resolver = Callable[..., Sequence[Answer]]

USER_AGENT = "Gazetteer/0.1 (+directory builder)"
SYSTEM_RESOLVER: Resolver = socket.getaddrinfo
_CHUNK = 16 * 1024


class Response(NamedTuple):
    """What one request brought. Only a good status has content.

    `headers` has lower-case names. `location` is where a redirect leads, None where there
    is none, and empty where it cannot be read.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes = b""
    location: str | None = None


def ascii_url(url: str) -> str:
    """Spell a URL as it goes over the wire, or raise the SourceError that says why not.

    For another client, which may not know how names beyond ASCII are spelled.
    """
    subject = subject_of(url)
    prepared = requests.PreparedRequest()
    try:
        prepared.prepare_url(checked_url(url, subject), None)
    except (requests.RequestException, ValueError) as exc:
        raise subject.not_a_url() from exc
    assert prepared.url is not None
    return prepared.url


class Client:
    """One fetch on the wire: its cookies, and the time that its requests share."""

    def __init__(self, limits: FetchLimits, *, resolve: Resolver, stop: Stop) -> None:
        self._limits = limits
        self._resolve = resolve
        self._stop = stop
        self._cookies = RequestsCookieJar()
        self._left = limits.seconds

    def get(
        self,
        url: str,
        *,
        subject: Subject,
        wanted: Wanted,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Ask once, following nothing, or raise the SourceError that says why not."""
        url = checked_url(url, subject)
        visit = _Visit(
            subject, self._limits, self._resolve, seconds=self._left, stop=self._stop
        )
        try:
            with visit, _Session(visit, self._cookies) as session:
                return _ask(session, url, subject, wanted, headers or {})
        finally:
            self._left -= visit.elapsed()

    def addresses(self, url: str, *, subject: Subject) -> tuple[str, ...]:
        """Say to which addresses a URL leads, for another client, or why not to any."""
        parts = urlsplit(checked_url(url, subject))
        port = parts.port or (443 if parts.scheme == "https" else 80)
        visit = _Visit(
            subject, self._limits, self._resolve, seconds=self._left, stop=self._stop
        )
        with visit:
            answers = visit.look_up(parts.hostname or "", port)
        return tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))


def _ask(
    session: _Session,
    url: str,
    subject: Subject,
    wanted: Wanted,
    headers: Mapping[str, str],
) -> Response:
    with session.get(
        url, stream=True, timeout=session.seconds, headers=dict(headers)
    ) as answer:
        response = Response(
            url=answer.url,
            status=answer.status_code,
            headers={name.lower(): value for name, value in answer.headers.items()},
        )
        if answer.is_redirect:
            return response._replace(location=_redirect_target(answer))
        if not 200 <= answer.status_code < 300:
            return response
        check_type(response.headers, url=response.url, wanted=wanted, subject=subject)
        content = read_body(
            answer.raw.stream(_CHUNK, decode_content=False),
            declared=answer.raw.length_remaining or 0,
            encoding=response.headers.get("content-encoding", ""),
            wanted=wanted,
            subject=subject,
        )
        return response._replace(content=content)


class _Visit:
    """One request: its clock, its sockets, and its errors in words for a person.

    Timeouts of sockets are per read, and a server that drips never meets one. So a timer
    shuts the sockets down, or whoever says stop; leaving the visit turns whatever that
    looked like into the error that it was.
    """

    def __init__(
        self,
        subject: Subject,
        limits: FetchLimits,
        resolve: Resolver,
        *,
        seconds: float,
        stop: Stop,
    ) -> None:
        self.limits = limits
        self._subject = subject
        self._resolve = resolve
        self._stop = stop
        self._networks = [ipaddress.ip_network(n) for n in limits.allowed_networks]
        self._hosts = {plain(host) for host in limits.allowed_hosts}
        self._began = time.monotonic()
        self._ends = self._began + seconds
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._is_over = False
        self._woken = threading.Event()
        self._timer = threading.Timer(max(seconds, 0), self._shut_down)
        self._timer.daemon = True
        self._block = ExitStack()

    def __enter__(self) -> Self:
        self._timer.start()
        self._block.enter_context(self._stop.calling(self._shut_down))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._block.close()
        self._timer.cancel()
        self._timer.join()
        for sock in self._sockets:
            sock.close()
        if problem := self._explain(exc):
            raise problem from exc

    def elapsed(self) -> float:
        return time.monotonic() - self._began

    def remaining(self) -> float:
        """Seconds left, more than none."""
        left = self._ends - time.monotonic()
        if left <= 0 or self._is_over:
            raise self._ended()
        return left

    def connect(self, host: str, port: int) -> socket.socket:
        """Look a host up once, judge every answer, connect to one of them."""
        answers = self.look_up(host, port)
        failure: OSError | None = None
        for waiting, answer in zip(range(len(answers), 0, -1), answers, strict=True):
            try:
                # An address that swallows our packets leaves time for those behind it.
                return self._connect_to(answer, seconds=self.remaining() / waiting)
            except OSError as exc:
                failure = exc
        if isinstance(failure, TimeoutError):
            raise self._ended() from failure
        raise self._subject.error(
            SourceUnreachable,
            "nothing answers there. Check the address, or try again later.",
        ) from failure

    def look_up(self, host: str, port: int) -> Sequence[Answer]:
        """Find the addresses of a host. One that may not be visited spoils them all."""
        answers = self._look_up(host, port)
        for answer in answers:
            if not self._is_allowed(host, str(answer[4][0])):
                raise self._subject.error(
                    AddressNotAllowed,
                    "it leads into a private or reserved network. "
                    "Give an address that is public.",
                )
        return answers

    def _look_up(self, host: str, port: int) -> Sequence[Answer]:
        """Ask in a thread: a lookup cannot be interrupted, only left behind."""
        found: Future[Sequence[Answer]] = Future()

        def look_up() -> None:
            try:
                found.set_result(self._resolve(host, port, type=socket.SOCK_STREAM))
            except BaseException as exc:  # noqa: BLE001, raised again by result()
                found.set_exception(exc)
            self._woken.set()

        thread = threading.Thread(target=look_up, name="lookup", daemon=True)
        thread.start()
        self._woken.wait(self.remaining())
        if not found.done():
            raise self._ended()
        try:
            return found.result()
        except (OSError, UnicodeError) as exc:
            raise self._subject.error(
                SourceUnreachable,
                "its host cannot be found. Check the spelling, or try again later.",
            ) from exc

    def _is_allowed(self, host: str, address: str) -> bool:
        ip = unwrap(address)
        return (
            plain(host) in self._hosts
            or any(ip in network for network in self._networks)
            or is_public(address)
        )

    def _connect_to(self, answer: Answer, *, seconds: float) -> socket.socket:
        family, kind, protocol, _, address = answer
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(seconds)
            self._track(sock)
            sock.connect(address)
            sock.settimeout(self.remaining())
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
            raise self._ended()

    def _shut_down(self) -> None:
        with self._lock:
            self._is_over = True
            for sock in self._sockets:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        self._woken.set()

    def _explain(self, exc: BaseException | None) -> SourceError | None:
        """Say what went wrong, unless that is already said or not ours to say."""
        if exc is not None and not isinstance(exc, Exception):
            return None
        if self._is_over:
            return self._ended()
        match exc:
            case requests.exceptions.InvalidURL():
                return self._subject.not_a_url()
            case requests.Timeout() | urllib3.exceptions.TimeoutError():
                return self._ended()
            case requests.exceptions.SSLError() | urllib3.exceptions.SSLError():
                return self._subject.error(
                    SourceUnreachable,
                    "no secure connection. Its certificate may be expired, made out "
                    "to another name, or signed by nobody we know.",
                )
            case requests.RequestException() | urllib3.exceptions.HTTPError():
                return self._subject.error(
                    SourceUnreachable, "the connection broke. Try again later."
                )
        return None

    def _ended(self) -> SourceError:
        if self._stop.is_said:
            return self._subject.error(SourceUnreachable, "we were told to stop.")
        return self._subject.error(
            SourceTimedOut,
            f"it took longer than {self.limits.seconds:g} seconds. Try again later.",
        )


class _Session(requests.Session):
    """A session that takes nothing from the environment and connects as told."""

    def __init__(self, visit: _Visit, cookies: RequestsCookieJar) -> None:
        super().__init__()
        self.seconds = visit.remaining()
        self.cookies = cookies
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
