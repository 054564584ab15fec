"""How often one host is asked, and when it wants to be asked again.

The pace is kept by one process: two of them, making two directories, do not know of each
other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# A robots.txt may ask for more, but ten minutes a page would be as good as a no.
LONGEST_DELAY = 10.0


class Pacer:
    """Gives each host its turns, `interval` seconds apart."""

    def __init__(
        self, interval: float, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._interval = interval
        self._now = now
        self._lock = threading.Lock()
        self._free: dict[str, float] = {}
        self._held: dict[str, float] = {}
        self._delays: dict[str, float] = {}

    def take(self, host: str, *, patience: float) -> float | None:
        """Take the next turn and return the seconds until it comes.

        None where the server has asked us to stay away for longer than `patience`.
        """
        with self._lock:
            now = self._now()
            held = self._held.get(host, now)
            if held - now > patience:
                return None
            turn = max(now, held, self._free.get(host, now))
            pause = max(self._interval, self._delays.get(host, 0.0))
            self._free[host] = turn + pause
            return turn - now

    def hold(self, host: str, seconds: float) -> None:
        """Leave a host alone for a while: it has asked for that."""
        with self._lock:
            until = self._now() + seconds
            self._held[host] = max(until, self._held.get(host, until))

    def slow_down(self, host: str, delay: float) -> None:
        """Heed the delay that a robots.txt names, up to a bound."""
        with self._lock:
            self._delays[host] = min(delay, LONGEST_DELAY)


def retry_after(header: str) -> float | None:
    """Return the seconds that a Retry-After asks for: a number, or a date."""
    header = header.strip()
    if header.isascii() and header.isdecimal():
        return float(header[:9])
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
