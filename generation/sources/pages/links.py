"""Which of a block's links is the item's own.

Links that stand at one place in every block of a group, or are called the same, are
ranked as one: the whole list follows one of them, and another only where that is missing.
The project's own page comes first, then where it is developed and documented, and the
page that the list itself has about it last.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple
from urllib.parse import urlsplit

from generation.sources.labels import (
    is_read_more,
    link_fact,
    link_fact_of,
    says_nothing,
)
from generation.sources.listed import is_address
from generation.sources.names import name_key
from generation.sources.pages.parts import Link, Parts
from generation.sources.urls import clean_url, host_of

_SHARES = re.compile(
    r"/(?:sharer|share|intent/(?:tweet|post)|submit|sharing|shareArticle)\b"
    r"|[?&](?:share|replytocom|print)=",
    re.IGNORECASE,
)
_SORTS = re.compile(
    r"/(?:tags?|labels?|topics?|categor(?:y|ies)|c|t|collections?|keywords?|users?"
    r"|authors?|login|signin|signup|register|vote|upvote|cart|compare|stars?"
    r"|stargazers)(?:/|$)|[?&](?:tag|category|cat|topic|label|q)=",
    re.IGNORECASE,
)


_VISITS = re.compile(
    r"(?:visit|go to|open|launch|try|check out|official)\b.{0,60}|globe|earth"
    r"|external[ -]link|(?:.{0,60} )?(?:web ?site|home ?page)",
    re.IGNORECASE,
)


# A label that this share of the blocks have is a button's.
_COMMON = 3


class Rank(IntEnum):
    """How likely a link is the item's own, the likeliest first."""

    WEBSITE = 0
    NAMED = 1
    OUTSIDE = 2
    SOURCE = 3
    OTHER_FACT = 4
    NAMED_INSIDE = 5
    INSIDE = 6
    IN_SENTENCE = 7
    SOCIAL = 8
    NEVER = 9


class Found(NamedTuple):
    """A link of one block, resolved, with what it leads to."""

    url: str
    rank: Rank
    fact: str
    column: str
    is_sponsored: bool


def rank_links(
    blocks: Sequence[Parts], names: Sequence[str], own: Sequence[str], base: str
) -> list[list[Found]]:
    """Return each block's links, the item's own first.

    `own` are the links that the names themselves are, where they are links.
    """
    labels = Counter(link.label.casefold() for block in blocks for link in block.links)
    common = {label for label, n in labels.items() if n * _COMMON >= len(blocks) > 1}
    found = [
        [_found(link, name, url, base, common) for link in block.links]
        for block, name, url in zip(blocks, names, own, strict=True)
    ]
    columns = _ranks_of_columns(found)
    ranked = []
    for links in found:
        usable = [
            link._replace(rank=columns[link.column])
            for link in links
            if link.url and link.rank != Rank.NEVER
        ]
        ranked.append(sorted(usable, key=lambda link: link.rank))
    return ranked


def sorts_or_shares(url: str) -> bool:
    """Tell whether a link leads to a tag, a category or a button to share by."""
    return bool(_SORTS.search(url) or _SHARES.search(url))


def _found(link: Link, name: str, own: str, base: str, common: set[str]) -> Found:
    url = "" if link.url[:1] == "#" else clean_url(link.url, base=base)
    fact = _fact(link.label, url)
    is_named = link.url == own if own else _names(link, name, url)
    # Links at one place with different meanings ("crate", "repo") are two columns.
    meaning = fact if says_nothing(link.label) or not link.has_text else ""
    if link.label.casefold() in common:
        meaning = link.label.casefold()
    column = f"{link.path}|{'name' if is_named else meaning}"
    rank = _rank(link, url, fact, base, is_named=is_named)
    return Found(url, rank, fact, column, link.is_sponsored)


def _fact(label: str, url: str) -> str:
    """Return what a link is called, or what it is by where it leads."""
    return (
        link_fact(label.partition(":")[0])
        or ("website_url" if _VISITS.fullmatch(label) else "")
        or link_fact_of(url)
    )


def _names(link: Link, name: str, url: str) -> bool:
    """Tell whether a link says the name, or begins with it as a whole card does."""
    label, key = name_key(link.label), name_key(name)
    if not link.has_text or not key:
        return False
    # An address is told alike of all items, whether it holds their names or not.
    is_begun = label.startswith(key) and not is_address(link.label, url)
    return label == key or is_begun


def _rank(link: Link, url: str, fact: str, base: str, *, is_named: bool) -> Rank:
    if not url or _SHARES.search(urlsplit(url).path + "?" + urlsplit(url).query):
        return Rank.NEVER
    inside = bool(base) and host_of(url) == host_of(base)
    if inside and url.partition("#")[0] == base.partition("#")[0]:
        return Rank.NEVER
    if inside:
        return _rank_inside(link, url, is_named=is_named)
    if is_named:
        return Rank.NAMED
    if link.is_inline:
        # "Website: kimai.org" is a link beside a word, not one in a sentence.
        is_own = is_address(link.label, url) or (
            says_nothing(link.label) and fact in ("", "website_url")
        )
        return Rank.OUTSIDE if is_own else Rank.IN_SENTENCE
    if fact in ("social_url", "chat_url", "video_url", "forum_url"):
        return Rank.SOCIAL
    if fact == "website_url":
        return Rank.WEBSITE
    if fact == "source_code_url":
        return Rank.SOURCE
    return Rank.OTHER_FACT if fact else Rank.OUTSIDE


def _rank_inside(link: Link, url: str, *, is_named: bool) -> Rank:
    if is_named:
        return Rank.NAMED_INSIDE
    if _SORTS.search(urlsplit(url).path + "?" + urlsplit(url).query):
        return Rank.NEVER
    if link.is_inline and not is_read_more(link.label):
        return Rank.IN_SENTENCE
    return Rank.INSIDE


def _ranks_of_columns(found: Sequence[Sequence[Found]]) -> dict[str, Rank]:
    """Give every column the rank that most of its links have.

    A column of unknown meaning that few blocks have, or that leads to the same few
    places, is no homepage: it is somebody's profile or a sponsor.
    """
    ranks: dict[str, Counter[Rank]] = defaultdict(Counter)
    urls: dict[str, set[str]] = defaultdict(set)
    blocks: dict[str, set[int]] = defaultdict(set)
    for n, links in enumerate(found):
        for link in links:
            if link.url:
                ranks[link.column][link.rank] += 1
                urls[link.column].add(link.url)
                blocks[link.column].add(n)
    decided = {}
    for column, counted in ranks.items():
        rank = min(counted, key=lambda rank: (-counted[rank], rank))
        total = counted.total()
        if rank == Rank.OUTSIDE and (
            len(blocks[column]) * 2 < len(found) or len(urls[column]) * 2 < total
        ):
            rank = Rank.IN_SENTENCE
        decided[column] = rank
    return decided
