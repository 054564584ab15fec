"""Fetch what a stranger's URL names. The package's one way in is its names here.

`wire.py` alone opens a connection; the other modules decide what is asked, when, and what
is made of the answer.
"""

from __future__ import annotations

from generation.sources.fetch.addresses import is_public
from generation.sources.fetch.cache import PageCache
from generation.sources.fetch.fetcher import Fetcher, fetch
from generation.sources.fetch.pages import Fetch, FetchLimits, Hop, Page
from generation.sources.fetch.parallel import Asked, Fetched, fetch_each
from generation.sources.fetch.stop import Stop

__all__ = [
    "Asked",
    "Fetch",
    "FetchLimits",
    "Fetched",
    "Fetcher",
    "Hop",
    "Page",
    "PageCache",
    "Stop",
    "fetch",
    "fetch_each",
    "is_public",
]
