"""Which texts are links, and how pages are named: only http and https, only plain files.

Whatever is not a web address stays text. Whatever would not be a plain file name on every
disk gets a name made from it.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit

PLAIN_NAME = re.compile(r"[a-z0-9_-][a-z0-9._-]{0,99}", re.IGNORECASE)
HOST = re.compile(
    r"[^\s\x00-\x1f\"'<>\\^`{|}%@/?#:\[\]]+|\[[0-9a-f:.]+\]", re.IGNORECASE
)
# Most addresses need no mending; to take them apart all the same is a fifth of a plan.
PLAIN_ADDRESS = re.compile(
    r"https?://((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24})(?:/[A-Za-z0-9/._~-]*)?"
)
STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
ALLOWED_IN_PATH = "/:@!$&'()*+,;=%~"


class Link(NamedTuple):
    """A web address that may stand in an `href`, and how to speak of it."""

    href: str
    host: str

    @property
    def label(self) -> str:
        """The address without scheme, `www.` and final slash, for people to read."""
        return re.sub(r"^https?://(www\.)?", "", self.href).rstrip("/")


def web_link(text: str) -> Link | None:
    """Read a web address, or say that this is none."""
    if plain := PLAIN_ADDRESS.fullmatch(text):
        return Link(text, plain[1].removeprefix("www."))
    return _mended(text)


def _mended(text: str) -> Link | None:
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    bare = f"[{host}]" if ":" in host else host
    if parts.scheme not in ("http", "https") or not HOST.fullmatch(bare):
        return None
    # A user name before the host only serves to make one site look like another.
    place = bare if port is None else f"{bare}:{port}"
    href = urlunsplit(
        (
            parts.scheme,
            place,
            _escape(parts.path),
            _escape(parts.query, also="?"),
            _escape(parts.fragment, also="?"),
        )
    )
    return Link(href, host.removeprefix("www."))


def page_name(identifier: str) -> str:
    """Name the file of an id: the id itself wherever it is a plain name."""
    if PLAIN_NAME.fullmatch(identifier):
        return identifier
    readable = re.sub(r"[^a-z0-9]+", "-", identifier.lower()).strip("-")[:60]
    digest = hashlib.sha256(identifier.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{readable}-{digest}".lstrip("-")


def _escape(text: str, *, also: str = "") -> str:
    return quote(
        STRAY_PERCENT.sub("%25", text), safe=ALLOWED_IN_PATH + also, errors="replace"
    )
