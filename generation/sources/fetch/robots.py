"""Whether a site lets programs read a page that no person has pointed us to.

By RFC 9309: a robots.txt that is not there (4xx) forbids nothing; one that cannot be reached
(5xx, no answer, no time) forbids everything, for as long as that lasts. 429 says "later",
so it counts as not reached. What is longer than 500 KiB is read up to there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from protego import Protego

from generation.exceptions import AddressNotAllowed, SourceError, SourceUnwelcoming
from generation.sources.fetch.addresses import Subject

AGENT = "Gazetteer"
LARGEST = 500 * 1024
# RFC 9309: "at least five consecutive redirects".
REDIRECTS = 5

Reader = Callable[[str], tuple[int, bytes]]


class Rules:
    """What one robots.txt says to us. None: it could not be reached."""

    def __init__(self, text: str | None) -> None:
        self.is_known = text is not None
        self._rules = Protego.parse(text or "")

    def allow(self, url: str) -> bool:
        return self.is_known and bool(self._rules.can_fetch(url, AGENT))

    @property
    def delay(self) -> float:
        """Seconds between two requests, 0 where it does not say."""
        rate = self._rules.request_rate(AGENT)
        between = rate.seconds / rate.requests if rate and rate.requests else 0.0
        return max(float(self._rules.crawl_delay(AGENT) or 0), between)


class Robots:
    """The rules of every site, read once for as long as this lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sites: dict[str, threading.Lock] = {}
        self._rules: dict[str, Rules] = {}

    def check(self, url: str, *, read: Reader, subject: Subject) -> Rules:
        """Return the rules that let us visit a URL, or raise SourceUnwelcoming."""
        rules = self._of(site_of(url), read)
        if not rules.is_known:
            raise subject.error(
                SourceUnwelcoming,
                "the robots.txt of its site could not be read, so we stay away. "
                "Try again later.",
            )
        if not rules.allow(url):
            raise subject.error(
                SourceUnwelcoming,
                "the robots.txt of its site asks programs to stay away. If you may read "
                "it all the same, list the address as a source.",
            )
        return rules

    def _of(self, site: str, read: Reader) -> Rules:
        with self._lock:
            busy = self._sites.setdefault(site, threading.Lock())
        with busy:
            if site not in self._rules:
                self._rules[site] = _read(f"{site}/robots.txt", read)
            return self._rules[site]


def site_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _read(url: str, read: Reader) -> Rules:
    try:
        status, content = read(url)
    except AddressNotAllowed:
        # So is the page itself, and that is the better reason.
        raise
    except SourceError:
        return Rules(None)
    if 200 <= status < 300:
        return Rules(content.decode("utf-8-sig", errors="replace"))
    # More redirects than we follow count as not there.
    if 300 <= status < 500 and status != 429:
        return Rules("")
    return Rules(None)
