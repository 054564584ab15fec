"""Fetch a page: its forge's raw file, at a polite pace, by the leave of robots.txt.

One Fetcher serves one run: it remembers the pace and the robots.txt of every host for so
long. What is dangerous about a URL is the business of `wire.py`, whoever asks.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from generation.exceptions import (
    AddressNotAllowed,
    SourceError,
    SourceUnreachable,
    UnreadableSource,
)
from generation.sources.fetch import robots
from generation.sources.fetch.addresses import Subject, checked_url, plain, subject_of
from generation.sources.fetch.bodies import Wanted
from generation.sources.fetch.cache import Entry, PageCache
from generation.sources.fetch.pace import Pacer, retry_after
from generation.sources.fetch.pages import DEFAULT_LIMITS, FetchLimits, Hop, Page
from generation.sources.fetch.raw_files import FORGES, Forge, page_of, raw_urls
from generation.sources.fetch.stop import Stop
from generation.sources.fetch.wire import (
    SYSTEM_RESOLVER,
    Client,
    Resolver,
    Response,
    ascii_url,
)

# How often we come back to a server that is busy and says for how long.
_RETURNS = 2
_GONE = frozenset({404, 410})
# What we heed of a Retry-After at most, in seconds.
LONGEST_WAIT = 3_600.0
_BUSY = frozenset({429, 503})
_LOGIN = re.compile(
    r"(^|/)(log[-_]?in|sign[-_]?in|sso|authenticate|session/new)(\.\w+)?(/|$)",
    re.IGNORECASE,
)


_LOGIN_HOST = re.compile(r"(accounts?|auth|id|log[-_]?in|sign[-_]?in|sso)\.", re.I)
_HTML = frozenset({"text/html", "application/xhtml+xml"})


class Fetcher:
    """Gets pages, from several threads at once. It is a `Fetch`."""

    def __init__(
        self,
        limits: FetchLimits = DEFAULT_LIMITS,
        *,
        cache: PageCache | None = None,
        forges: tuple[Forge, ...] = FORGES,
        resolve: Resolver = SYSTEM_RESOLVER,
    ) -> None:
        self.limits = limits
        self.cache = cache
        self.forges = forges
        self.resolve = resolve
        self.pacer = Pacer(limits.interval)
        self.robots = robots.Robots()

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to another process without turns and rules: those belong to this one."""
        again = partial(
            Fetcher, cache=self.cache, forges=self.forges, resolve=self.resolve
        )
        return again, (self.limits,)

    def __call__(
        self, url: str, *, typed: bool = True, stop: Stop | None = None
    ) -> Page:
        """Get a page of text, or raise the SourceError that says why not."""
        return _Journey(self, url, typed=typed, stop=stop or Stop()).fetch()

    def ascii_url(self, url: str) -> str:
        """Spell a URL for another client, or raise the SourceError."""
        return ascii_url(url)

    def addresses(self, url: str) -> tuple[str, ...]:
        """Say where another client may go for a URL, or raise the SourceError."""
        client = Client(self.limits, resolve=self.resolve, stop=Stop())
        return client.addresses(url, subject=subject_of(url))


def fetch(
    url: str,
    *,
    limits: FetchLimits = DEFAULT_LIMITS,
    resolve: Resolver = SYSTEM_RESOLVER,
) -> Page:
    """Get one page of text by itself, or raise the SourceError that says why not."""
    return Fetcher(limits, resolve=resolve)(url)


class _Answer(NamedTuple):
    """What a server said, and what we knew before if it says that this is still so."""

    response: Response
    known: Entry | None


class _Journey:
    """One fetch, from the address that was given to the page that it leads to."""

    def __init__(self, fetcher: Fetcher, url: str, *, typed: bool, stop: Stop) -> None:
        self._fetcher = fetcher
        self._limits = fetcher.limits
        self._url = url
        self._stop = stop
        self._subject = subject_of(url)
        self._client = Client(fetcher.limits, resolve=fetcher.resolve, stop=stop)
        self._wanted = Wanted(fetcher.limits.max_bytes)
        self._is_typed = typed
        # Hosts that a person has named, and hosts that have given us a turn.
        self._named: set[str] = set()
        self._paced: set[str] = set()
        self._patience = fetcher.limits.patience

    def fetch(self) -> Page:
        url = checked_url(self._url, self._subject)
        if page := self._raw_file(url, is_typed=self._is_typed):
            return page
        page = self._follow(url, is_typed=self._is_typed)
        if page.redirects and not page.raw_url:
            # A short link, or a repository that has moved.
            with suppress(SourceError):
                if found := self._raw_file(page.url, is_typed=False):
                    way = (*page.redirects, *found.redirects)
                    return found.model_copy(update={"redirects": way})
        return page

    def _raw_file(self, url: str, *, is_typed: bool) -> Page | None:
        """Get the text behind a page of a forge, if there is one and it can be found."""
        for place in raw_urls(url, self._fetcher.forges):
            try:
                page = self._follow(place, is_typed=is_typed)
            except SourceError as exc:
                if exc.status not in _GONE:
                    raise
            else:
                if not _is_page_instead_of_file(page):
                    return page
            self._paced.clear()
        return None

    def _follow(self, url: str, *, is_typed: bool) -> Page:
        """Ask, and ask where we are sent to, until a page comes."""
        start, subject = url, self._subject
        hops: list[Hop] = []
        if is_typed:
            self._named.add(_host(url))
        for _ in range(self._limits.redirects + 1):
            answer = self._ask(url, subject)
            if answer.response.location is None:
                return self._page(start, answer, tuple(hops), subject)
            subject = subject._replace(is_redirected=True)
            target = checked_url(answer.response.location, subject)
            if url.startswith("https:") and not target.startswith("https:"):
                raise subject.error(
                    AddressNotAllowed,
                    "it is not secure, although the first one was. If you trust it, "
                    "give the address that begins with http:// yourself.",
                )
            hops.append(Hop(url=url, status=answer.response.status, to=target))
            url = target
        raise subject.error(
            SourceUnreachable,
            f"there are more than {self._limits.redirects} redirects. "
            "Give the address that they end at.",
        )

    def _ask(self, url: str, subject: Subject) -> _Answer:
        """Ask for one address, when its host is ready for it."""
        if _host(url) not in self._named:
            self._ask_for_leave(url, subject)
        cache = self._fetcher.cache
        known = cache.get(url) if cache else None
        if known and len(known.content) > self._limits.max_bytes:
            known = None
        for is_last in (*[False] * _RETURNS, True):
            self._wait_for_turn(url, subject)
            response = self._client.get(
                url,
                subject=subject,
                wanted=self._wanted,
                headers=known.conditions() if known else None,
            )
            if not self._is_told_to_return(response) or is_last:
                break
        if cache and response.status == 200:
            cache.put(url, response.content, response.headers)
        return _Answer(response, known if response.status == 304 else None)

    def _ask_for_leave(self, url: str, subject: Subject) -> None:
        rules = self._fetcher.robots.check(
            url, read=partial(self._read_robots, subject=subject), subject=subject
        )
        if rules.delay:
            self._fetcher.pacer.slow_down(_host(url), rules.delay)

    def _read_robots(self, url: str, *, subject: Subject) -> tuple[int, bytes]:
        """Get a robots.txt with a client and an allowance of its own."""
        client = Client(self._limits, resolve=self._fetcher.resolve, stop=self._stop)
        wanted = Wanted(robots.LARGEST, is_text=False, is_cut=True)
        for _ in range(robots.REDIRECTS + 1):
            self._wait_for_turn(url, subject)
            response = client.get(url, subject=subject, wanted=wanted)
            if response.location is None:
                break
            url = checked_url(response.location, subject)
        return response.status, response.content

    def _wait_for_turn(self, url: str, subject: Subject) -> None:
        """Wait for a host's next turn. It needs none for what it sends us to itself."""
        host = _host(url)
        if host in self._paced:
            return
        self._paced.add(host)
        seconds = self._fetcher.pacer.take(host, patience=self._limits.patience)
        if seconds is None:
            raise subject.error(
                SourceUnreachable,
                "its server has asked us to stay away for a while. Try again later.",
                status=429,
            )
        if self._stop.wait(seconds):
            raise subject.error(SourceUnreachable, "we were told to stop.")

    def _is_told_to_return(self, response: Response) -> bool:
        """Whether a busy server says when to return, and we have the patience."""
        if response.status not in _BUSY:
            return False
        seconds = retry_after(response.headers.get("retry-after", ""))
        if seconds is None:
            return False
        host = _host(response.url)
        self._fetcher.pacer.hold(host, seconds)
        if seconds > self._patience:
            return False
        self._patience -= seconds
        self._paced.discard(host)
        return True

    def _page(
        self, start: str, answer: _Answer, hops: tuple[Hop, ...], subject: Subject
    ) -> Page:
        """Make a page of what came, or say what to do about what did not."""
        response, known = answer
        if known:
            content, content_type = known.content, known.content_type
        elif 200 <= response.status < 300:
            content = response.content
            content_type = response.headers.get("content-type", "")
        else:
            problem = subject.error(
                SourceUnreachable, _advice(response.status), status=response.status
            )
            if response.status in _BUSY:
                told = retry_after(response.headers.get("retry-after", ""))
                problem.retry_after = min(told or 0.0, LONGEST_WAIT)
            raise problem
        if hops and _is_html(content_type) and _is_login(response.url, start):
            raise subject.error(
                UnreadableSource,
                "it is a page to log in at. Give an address that anybody may read, or "
                "save the page and give the file.",
            )
        shown = page_of(response.url, self._fetcher.forges)
        return Page(
            requested_url=self._url,
            url=shown or response.url,
            content_type=content_type,
            content=content,
            status=response.status,
            redirects=hops,
            raw_url=response.url if shown else "",
            from_cache=known is not None,
        )


def _advice(status: int) -> str:
    match status:
        case 401 | 403 | 407 | 451:
            return (
                f"the server does not let us in (status {status}). It may want a login, "
                "or turn programs away. Save the page and give the file."
            )
        case 404 | 410:
            return f"there is no such page (status {status}). Check the address."
        case 429:
            return (
                f"the server wants to be asked less often (status {status}). "
                "Try again later."
            )
        case _ if status >= 500:
            return f"the server has a problem (status {status}). Try again later."
        case _:
            return f"the server answered with status {status}. Check the address."


def _is_html(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() in _HTML


def _is_page_instead_of_file(page: Page) -> bool:
    """Whether a forge shows something around the file that we asked it for."""
    path = urlsplit(page.raw_url or page.url).path.lower()
    return _is_html(page.content_type) and not path.endswith((".html", ".htm"))


def _is_login(url: str, start: str) -> bool:
    """Whether the way has led to a page to log in at that nobody asked for."""
    there, here = urlsplit(url), urlsplit(start)
    if _LOGIN.search(here.path):
        return False
    is_elsewhere = there.netloc != here.netloc and _LOGIN_HOST.match(there.netloc)
    return bool(is_elsewhere or _LOGIN.search(there.path))


def _host(url: str) -> str:
    return plain(urlsplit(url).netloc).removeprefix("www.")
