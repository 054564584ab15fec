"""A file of the website that is still to be made."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Surroundings(NamedTuple):
    """What several pages show of each other, where that takes long to find out.

    As long as the `mark` is what it was, so is `find(path)`, a digest of what the page of
    that path shows.
    """

    name: str
    mark: str
    find: Callable[[str], str]


class Page(NamedTuple):
    """`mark` digests what the bytes follow from, apart from what `around` digests.
    `changed` is for a sitemap: the day of the last change, empty where nobody knows it,
    None for what a sitemap does not name. `renew` makes the same as `make`, sooner, from
    the file that is there and from which pages are made of the same as then."""

    path: str
    mark: str
    make: Callable[[], bytes]
    changed: str | None = None
    around: Surroundings | None = None
    renew: Callable[[bytes, Callable[[str], bool]], bytes] | None = None
