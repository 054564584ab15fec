"""Site maps: addresses that a site wants found. They name nothing, so nothing is invented.

Only where an extension of the format states a title (news, videos) there is an entry. A
name made from the last part of an address would look as if the source had said it.
"""

from __future__ import annotations

from typing import NoReturn

from generation.exceptions import UnreadableSource
from generation.sources.candidates import Candidate, Document, LeftOut, Reading
from generation.sources.feeds import day_of
from generation.sources.names import clean_description, clean_name
from generation.sources.prose import first_words, html_to_text
from generation.sources.urls import clean_url
from generation.sources.xml_tree import Element, parse_xml

NO_TITLE = "its site map gives an address, but no name"
_TITLES = ("news:title", "video:title")
_TEXT = "video:description"
_MOST_SHOWN = 1_000


def read_sitemap(document: Document) -> Reading:
    """Read the pages whose titles are stated. Raises UnreadableSource where none is."""
    tree = parse_xml(document.text)
    pages = list(tree.root.all("url"))
    if tree.root.name == "sitemapindex":
        _refuse_index(tree.root)
    candidates: list[Candidate] = []
    left_out: list[LeftOut] = []
    for page in pages:
        url = clean_url(page.first("loc"), base=document.url)
        name = _stated(page, _TITLES)
        if url and name:
            candidates.append(_candidate(page, name, url, document))
        elif url and len(left_out) < _MOST_SHOWN:
            left_out.append(
                LeftOut(name=url, url=url, source=document.source, reason=NO_TITLE)
            )
    if not candidates:
        raise UnreadableSource(
            f"It is a site map of {len(pages):,} pages: addresses without names. Give the "
            "page that lists them, a feed, or a table with a name for each address."
        )
    unnamed = len(pages) - len(candidates)
    return Reading(
        kind="sitemap",
        candidates=tuple(candidates),
        left_out=tuple(left_out),
        warnings=(f"{unnamed:,} of {len(pages):,} pages have no name",)
        if unnamed
        else (),
    )


def _refuse_index(root: Element) -> NoReturn:
    maps = sum(1 for _ in root.all("sitemap"))
    raise UnreadableSource(
        f"It is an index of {maps:,} site maps, and site maps name nothing. Give the page "
        "that lists the things, a feed, or a table with a name for each address."
    )


def _stated(page: Element, names: tuple[str, ...]) -> str:
    found = (e.text for e in page.walk() if e.name in names)
    return clean_name(html_to_text(next(filter(None, found), "")))[:200]


def _candidate(page: Element, name: str, url: str, document: Document) -> Candidate:
    day = day_of(
        next((e.text for e in page.walk() if e.name.endswith(":publication_date")), "")
    )
    texts = (e.text for e in page.walk() if e.name == _TEXT)
    description = first_words(html_to_text(next(filter(None, texts), "")))
    return Candidate(
        name=name,
        url=url,
        description=clean_description(description),
        facts={"published_at": day} if day else {},
        source=document.source,
    )
