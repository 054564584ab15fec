"""A file of the website that is still to be made."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Page(NamedTuple):
    """`mark` digests what the bytes follow from. `changed` is for a sitemap: the day of
    the last change, empty where nobody knows it, None for what a sitemap does not name."""

    path: str
    mark: str
    make: Callable[[], bytes]
    changed: str | None = None
