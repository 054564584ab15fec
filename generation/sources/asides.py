"""Sections that stand around a list and are not part of it.

Some headings say so by their words alone ("Sponsors"). A table of contents is known by where
its links lead: to headings of the same document, or all to one other place. A section on legal
matters is known by what it lists. The same words may head real categories, and a table of
contents may stand above the whole list, so its words alone decide nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from generation.sources.labels import is_licence
from generation.sources.urls import FORGES, host_of

# Headings of what every list has around its items. Compared whole, without case.
NOT_ITEMS = frozenset(
    {
        *("contributing", "contribution", "contributions", "contribute"),
        *("how to contribute", "contribution guidelines", "contributing guidelines"),
        *("contributors", "our contributors", "authors", "maintainers", "maintainer"),
        *("license", "licence", "licenses", "licences", "list of licenses"),
        *("list of licences", "copyright", "code of conduct"),
        *(
            "sponsors",
            "sponsor",
            "sponsorship",
            "sponsoring",
            "our sponsors",
            "backers",
        ),
        *("acknowledgments", "acknowledgements", "acknowledgment", "acknowledgement"),
        *("thanks", "special thanks", "credits", "footnotes", "footnote"),
        *("related lists", "related awesome lists", "other awesome lists"),
        *("similar lists", "other lists", "see also", "external links"),
        *("star history", "stargazers", "stargazers over time", "star history chart"),
        *("changelog", "change log", "disclaimer", "anti-features", "许可证", "贡献"),
    }
)
# They explain the marks of the list that follows, at whatever level its headings are.
LEGENDS = frozenset({"legend", "legende", "légende", "leyenda"})
CONTENTS = frozenset(
    {
        *("contents", "content", "table of contents", "table of content", "toc"),
        *("index", "in this list", "list of contents", "目录", "inhaltsverzeichnis"),
        *("inhalt", "table des matières", "sommaire", "tabla de contenidos", "índice"),
        *("contenido", "sumário", "indice", "оглавление", "содержание", "目次"),
    }
)
# No list has a category of one of these.
_NEVER_CATEGORY = frozenset(
    {
        *("contents", "table of contents", "table of content", "toc", "in this list"),
        *("list of contents", "目录", "inhaltsverzeichnis", "table des matières"),
        *("tabla de contenidos",),
    }
)
LEGAL = frozenset({"legal", "licensing"})
_LEGAL_PAGE = re.compile(
    r"(?:legal|privacy|cookies?|terms|imprint|impressum|licen[cs](?:e|es|ing)|copyright"
    r"|disclaimer|trademarks?|accessibility)(?: (?:policy|policies|notice|notices|statement"
    r"|settings|preferences|information|(?:and|&) conditions|of (?:use|service)|text))*",
    re.IGNORECASE,
)
_LICENCE_HOSTS = frozenset(
    {
        *("creativecommons.org", "opensource.org", "choosealicense.com", "spdx.org"),
        *("unlicense.org", "tldrlegal.com", "opendatacommons.org", "wtfpl.net"),
    }
)
_LICENCE_FILE = re.compile(r"/(?:licen[cs]es?|copying)(?:[./-][\w.-]*)?$", re.I)


def word_of(heading: str) -> str:
    return re.sub(r"^[\W_]+|[\W_]+$", "", heading).casefold()


def is_not_items(heading: str) -> bool:
    """Tell whether what stands below a heading is certainly no part of the list."""
    return word_of(heading) in NOT_ITEMS


def is_doubtful(heading: str) -> bool:
    """Tell whether what stands below a heading may be part of the list, or around it."""
    return word_of(heading) in LEGENDS | CONTENTS | LEGAL


def may_be_aside(heading: str) -> bool:
    return is_not_items(heading) or is_doubtful(heading)


def reason_of(heading: str) -> str:
    """Say why an entry that stands below a heading is left out."""
    return f"it stands under “{heading}”, which is not part of the list"


def folded(text: str) -> str:
    """Return the letters and digits of a heading, as an anchor to it has them."""
    return re.sub(r"[\W_]+", "", text.casefold())


class Link(NamedTuple):
    """An entry of a section: where its candidate is, its name and its address."""

    candidate: int
    name: str
    url: str


@dataclass
class Section:
    """A section of which its entries say what it is."""

    heading: str
    entries: list[Link] = field(default_factory=list)
    # How many entries stand before the last link to a heading; -1: there is no such link.
    contents_end: int = -1

    def note_anchor(self) -> None:
        """Note a link within the document."""
        self.contents_end = len(self.entries)

    @property
    def is_category(self) -> bool:
        """Tell whether headings below this one are parts of what it names."""
        word = word_of(self.heading)
        return word not in LEGENDS | _NEVER_CATEGORY and self.contents_end < 0

    def asides(self, usual: str) -> Sequence[Link]:
        """Return the entries that are no items. A table of contents ends with its links.

        `usual` is the place that most entries of the document lead to, if there is one.
        """
        if word_of(self.heading) in LEGENDS:
            return self.entries
        if word_of(self.heading) in LEGAL:
            count = sum(map(_is_legal, self.entries))
            return self.entries if count * 2 > len(self.entries) else []
        if self.contents_end >= 0:
            return self.entries[: self.contents_end]
        places = {place_of(link.url) for link in self.entries} - {usual}
        is_elsewhere = len(places) == 1 < len(self.entries)
        return self.entries if is_elsewhere else []


def leads_to_heading(name: str, url: str, headings: Collection[str]) -> bool:
    """Tell whether a link is to a heading of the document, though its address is whole."""
    fragment = urlsplit(url).fragment
    return folded(name) in headings or (bool(fragment) and folded(fragment) in headings)


def place_of(url: str) -> str:
    """Return the site or the repository that a link leads to."""
    host = host_of(url)
    if host not in FORGES:
        return host
    return "/".join((host, *urlsplit(url).path.strip("/").split("/")[:2]))


def _is_legal(link: Link) -> bool:
    return (
        is_licence(link.name)
        or bool(_LEGAL_PAGE.fullmatch(link.name))
        or host_of(link.url) in _LICENCE_HOSTS
        or bool(_LICENCE_FILE.search(urlsplit(link.url).path))
    )
