"""Several pages of one site: what each is called sorts what it lists.

A site with a page for every category says the category once, in the page's title.
Candidates that have no heading and no category of their own get it from there.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from generation.sources.candidates import Reading
from generation.sources.names import clean_name
from generation.sources.urls import host_of

_PARTS = re.compile(r"\s+[|\u00b7\u2022\u2013\u2014\u00bb\u203a-]+\s+")
_LONGEST = 80


def name_pages(pages: Sequence[tuple[str, Reading]]) -> list[Reading]:
    """Return the readings of (url, reading), sorted by page where a site has several."""
    sites: dict[str, list[int]] = defaultdict(list)
    for n, (url, reading) in enumerate(pages):
        if url and reading.title and reading.candidates:
            sites[host_of(url)].append(n)
    named = [reading for _, reading in pages]
    for numbers in sites.values():
        titles = _own_titles([named[n].title for n in numbers])
        if len(set(titles) - {""}) < 2:
            continue
        for n, title in zip(numbers, titles, strict=True):
            named[n] = _under(named[n], title)
    return named


def _own_titles(titles: list[str]) -> list[str]:
    """Take off what the pages' titles share: the name of the site."""
    parts = [[clean_name(part) for part in _PARTS.split(title)] for title in titles]
    used = Counter(part for page in parts for part in set(page))
    own = []
    for page in parts:
        rare = [part for part in page if part and used[part] * 2 <= len(parts)]
        own.append(min(rare, key=lambda part: used[part], default="")[:_LONGEST])
    return own


def _under(reading: Reading, title: str) -> Reading:
    if not title:
        return reading
    candidates = tuple(
        candidate
        if candidate.path or candidate.groups or candidate.category
        else candidate.model_copy(update={"path": (title,), "locator": title})
        for candidate in reading.candidates
    )
    return reading.model_copy(update={"candidates": candidates})
