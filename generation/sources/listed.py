"""What a line or a row comes to: an entry, or none and the reason for it.

Here, too, is what lines and rows have in common: which of their links lead out of the
page, and which of those say what they lead to.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urldefrag, urlsplit

from generation.sources.figures import drop_figures, is_figure
from generation.sources.labels import says_nothing
from generation.sources.names import clean_name, name_key, squeeze
from generation.sources.pieces import BARE_URL, Piece, Pieces
from generation.sources.urls import clean_url, host_of


class Entry(NamedTuple):
    """What one line or row says, before anyone knows where it stands."""

    name: str
    url: str
    description: str = ""
    category: str = ""
    tags: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    facts: dict[str, str | list[str]] = {}
    group: str = ""


class NoEntry(NamedTuple):
    """A line that is none. Without a reason it is not worth telling (an anchor)."""

    name: str = ""
    url: str = ""
    reason: str = ""
    group: str = ""


NO_LINK = "it has no link"

NOT_WEB = "its link is not a web address"

IN_SENTENCE = "its link stands inside a sentence, so it is not clear what is listed"

SEVERAL = "it names several links and describes none of them"

NO_NAME = "its link has no text, so it has no name"

SILENT = "its link does not say what it leads to"

NO_COLUMNS = "its table does not say which column holds the name or the link"

LONGEST_NAME = 160

LONGEST_GROUP = 80


def own_links(pieces: Pieces, base: str) -> list[tuple[int, str]]:
    """Return (position, address) of each link that leads out of the page."""
    page = urldefrag(base).url
    links = []
    for n, piece in enumerate(pieces):
        if piece.kind != "link" or not squeeze(piece.text) or piece.url[:1] == "#":
            continue
        if is_figure(piece.text):
            continue
        url = clean_url(piece.url, base=base)
        if url and (not page or urldefrag(url).url != page):
            links.append((n, url))
    if links:
        return links
    # A picture is the link only when words beside it say what it shows.
    pictures = [n for n, piece in enumerate(pieces) if piece.kind == "image"]
    for n in pictures[:1]:
        url = clean_url(pieces[n].url, base=base)
        if url and any(piece.kind == "strong" for piece in pieces):
            return [(n, url)]
    return []


def without_link(pieces: Pieces, text: str) -> NoEntry:
    addresses = [piece.url for piece in pieces if piece.kind == "link"]
    group = text if len(text) <= LONGEST_GROUP else ""
    if addresses and all(address.startswith("#") for address in addresses):
        return NoEntry(group=group)
    if not text:
        return NoEntry()
    return NoEntry(text[:LONGEST_GROUP], "", NOT_WEB if addresses else NO_LINK, group)


def link_name(link: Piece) -> str:
    text = squeeze(link.text)
    if BARE_URL.fullmatch(text):
        parts = urlsplit(text)
        text = parts.netloc.removeprefix("www.") + parts.path.rstrip("/")
    return clean_name(drop_figures(text))[:LONGEST_NAME]


def is_silent(piece: Piece) -> bool:
    """Tell whether a link's text does not name what it leads to."""
    return (
        piece.kind == "image"
        or says_nothing(piece.text)
        or is_address(piece.text, piece.url)
    )


def is_address(text: str, url: str) -> bool:
    """Tell whether a link shows where it leads, in full or by its host."""
    text = squeeze(text).casefold()
    if BARE_URL.fullmatch(text):
        return True
    shown = text.removeprefix("www.").rstrip("/")
    return bool(shown) and shown.partition("/")[0] == host_of(clean_url(url))


def names_its_link(text: str, link: Piece) -> bool:
    """Tell "GitLab" on a link to GitLab's own page from "GitLab" on a repository."""
    url = clean_url(link.url)
    key = name_key(text)
    return len(key) > 3 and key in host_of(url) and not urlsplit(url).path.strip("/")
