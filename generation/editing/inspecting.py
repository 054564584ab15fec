"""What a page says of itself: the fields of an item about it, read without any model.

From JSON-LD, OpenGraph, the head, and the page of a repository on a forge, the surest
first. Nothing is invented: a field of which the page says nothing stays empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field
from selectolax.lexbor import LexborHTMLParser

from generation.exceptions import UnreadableSource
from generation.items import Record
from generation.sources.decoding import decode_named
from generation.sources.fetch import Page
from generation.sources.labels import is_licence
from generation.sources.names import clean_description, clean_name, squeeze
from generation.sources.pages.structured import linked_data
from generation.sources.pages.tree import parse_page
from generation.sources.urls import FORGES, clean_url, host_of

LONGEST_NAME, LONGEST_DESCRIPTION = 200, 1_000
MOST_TAGS = 12
# Of a text, no more is looked through; names and descriptions are shorter by far.
_LONGEST_TEXT = 10_000
# What JSON-LD calls a thing that one links to, the surest first.
_THINGS = (
    *(
        "softwareapplication",
        "webapplication",
        "mobileapplication",
        "softwaresourcecode",
    ),
    *(
        "product",
        "dataset",
        "creativework",
        "book",
        "course",
        "organization",
        "website",
    ),
)
_SEPARATOR = re.compile(r"\s+[-\u2013\u2014|·•:»]+\s+|:\s+")
_LICENCE_URL = re.compile(
    r"(?:opensource\.org/licen[cs]es?|spdx\.org/licenses|choosealicense\.com/licenses)"
    r"/([\w.+-]+?)(?:\.html|/)?$",
    re.IGNORECASE,
)
_CREATIVE_COMMONS = re.compile(
    r"creativecommons\.org/(?:licenses|publicdomain)/([\w-]+)/([\d.]+)", re.IGNORECASE
)
_BOILERPLATE = re.compile(
    r"\s*(?:Contribute to \S+ development by creating an account on \w+\.?|"
    r"[-\u2013·]\s*[\w.-]+/[\w.-]+)\s*$"
)
_FEEDS = ("application/rss+xml", "application/atom+xml", "application/feed+json")


class Details(Record):
    """What was found. `sources` says of each field where in the page it stood."""

    source_url: str
    name: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    image_url: str = ""
    icon_url: str = ""
    license: str = ""
    feed_url: str = ""
    source_code_url: str = ""
    sources: dict[str, str] = Field(default_factory=dict)

    def facts(self) -> dict[str, str]:
        """What of it belongs below `meta` of an item."""
        keys = ("license", "source_code_url", "feed_url", "image_url", "icon_url")
        return {key: value for key in keys if (value := getattr(self, key))}


def read_details(page: Page) -> Details:
    """Read a page that was fetched. Raises SourceError for what is no page."""
    text = decode_named(page.content, content_type=page.content_type).text
    if "<" not in text[:10_000]:
        raise UnreadableSource("It is no web page. Give the address of one.")
    return _Reader(parse_page(text), page.url).details()


class _Reader:
    def __init__(self, parser: LexborHTMLParser, url: str) -> None:
        self._parser = parser
        self._url = url
        href = self._attribute("base[href]", "href")
        self._base = clean_url(href, base=url) or url
        self._thing = self._main_thing()
        parts = urlsplit(url)
        segments = [part for part in parts.path.split("/") if part]
        self._repository = ""
        if host_of(url) in FORGES and len(segments) >= 2:
            self._repository = segments[1].removesuffix(".git")
        self._is_home = not segments
        self._sources: dict[str, str] = {}

    def details(self) -> Details:
        license_ = self._first("license", self._licences(), squeeze)
        return Details(
            source_url=self._canonical(),
            name=self._first("name", self._names(), clean_name)[:LONGEST_NAME],
            description=self._first(
                "description", self._descriptions(), clean_description
            )[:LONGEST_DESCRIPTION],
            tags=tuple(self._tags()),
            image_url=self._first("image_url", self._images(), self._link),
            icon_url=self._first("icon_url", self._icons(), self._link),
            license=license_[:100],
            feed_url=self._first("feed_url", self._feeds(), self._link),
            source_code_url=self._first(
                "source_code_url", self._repositories(), self._link
            ),
            sources=self._sources,
        )

    def _first(
        self, field: str, found: Iterable[tuple[str, str]], clean: Callable[[str], str]
    ) -> str:
        for text, where in found:
            if value := clean(unescape(text)):
                self._sources[field] = where
                return value
        return ""

    def _names(self) -> Iterator[tuple[str, str]]:
        if self._repository:
            yield self._repository, "the repository"
        yield _text(self._thing.get("name")), "JSON-LD"
        yield self._meta("application-name"), "application-name"
        site = self._meta("og:site_name")
        if self._is_home:
            yield site, "og:site_name"
        host = host_of(self._url).split(".")[0]
        for title, where in (
            (self._meta("og:title"), "og:title"),
            (self._text("title"), "title"),
            (self._text("h1"), "h1"),
        ):
            parts = [part for part in _SEPARATOR.split(title) if part.strip()]
            if self._is_home:
                # "Kimai - time tracking" and "Time tracking - Kimai" are of kimai.org.
                alike = (p for p in parts if re.sub(r"\W", "", p).casefold() == host)
                yield next(alike, ""), where
            named = [part for part in parts if part != site]
            yield (named or parts or [""])[0], where

    def _descriptions(self) -> Iterator[tuple[str, str]]:
        for text, where in (
            (_text(self._thing.get("description")), "JSON-LD"),
            (self._meta("og:description"), "og:description"),
            (self._meta("description"), "description"),
            (self._meta("twitter:description"), "twitter:description"),
        ):
            yield (_BOILERPLATE.sub("", text) if self._repository else text), where

    def _tags(self) -> Iterator[str]:
        raw = self._thing.get("keywords")
        words = raw if isinstance(raw, list) else _text(raw).split(",")
        if self._repository:
            words = [
                node.text(strip=True)
                for node in self._parser.css('a[href*="/topics/"], a[rel~="tag"]')
            ]
        elif not any(map(_text, words)):
            words = self._meta("keywords").split(",")
        plain = (squeeze(unescape(_text(word)))[:60] for word in words)
        kept = list(dict.fromkeys(word for word in plain if word))
        # A page that names dozens of keywords names none.
        if 0 < len(kept) <= MOST_TAGS:
            self._sources["tags"] = "topics" if self._repository else "keywords"
            yield from kept

    def _images(self) -> Iterator[tuple[str, str]]:
        yield self._meta("og:image:secure_url"), "og:image"
        yield self._meta("og:image"), "og:image"
        yield self._meta("twitter:image"), "twitter:image"
        yield _address(self._thing.get("image")), "JSON-LD"

    def _icons(self) -> Iterator[tuple[str, str]]:
        icons = []
        for number, node in enumerate(self._parser.css("link[rel][href]")):
            words = (node.attributes.get("rel") or "").lower().split()
            href = node.attributes.get("href") or ""
            if "icon" not in words and "apple-touch-icon" not in words:
                continue
            sizes = node.attributes.get("sizes") or ""
            size = max((int(n) for n in re.findall(r"\d{1,4}", sizes)), default=0)
            is_drawing = "svg" in (node.attributes.get("type") or href)
            icons.append((-(10_000 if is_drawing else size), number, href))
        for _, _, href in sorted(icons):
            yield href, "link icon"

    def _licences(self) -> Iterator[tuple[str, str]]:
        yield _licence(_address(self._thing.get("license"))), "JSON-LD"
        for node in self._parser.css('a[rel~="license"], link[rel~="license"]'):
            text = node.text(strip=True)
            href = node.attributes.get("href") or ""
            yield (text if is_licence(text) else _licence(href)), "rel=license"
        if self._repository:
            for node in self._parser.css("a[href]"):
                text = squeeze(node.text())
                bare = re.sub(r"\s+licen[cs]e$", "", text, flags=re.IGNORECASE)
                if bare != text and is_licence(bare):
                    yield bare, "the repository"

    def _feeds(self) -> Iterator[tuple[str, str]]:
        for node in self._parser.css('link[rel~="alternate"][href]'):
            if (node.attributes.get("type") or "").lower() in _FEEDS:
                yield node.attributes.get("href") or "", "link alternate"

    def _repositories(self) -> Iterator[tuple[str, str]]:
        if self._repository:
            parts = urlsplit(self._url)
            owner = next(part for part in parts.path.split("/") if part)
            place = f"{parts.scheme}://{parts.netloc}/{owner}/{self._repository}"
            yield place, "the repository"
        yield _address(self._thing.get("codeRepository")), "JSON-LD"

    def _canonical(self) -> str:
        """Take the address that the page wants, if it is one of the same host."""
        wanted = self._link(self._attribute('link[rel~="canonical"]', "href"))
        own = clean_url(self._url) or self._url
        return wanted if wanted and host_of(wanted) == host_of(own) else own

    def _main_thing(self) -> dict[str, Any]:
        """Find what the page is about, among the things that it describes."""
        found: dict[str, dict[str, Any]] = {}
        for thing in linked_data(self._parser):
            kinds = thing.get("@type")
            for kind in kinds if isinstance(kinds, list) else [kinds]:
                found.setdefault(str(kind).lower(), dict(thing))
        return next((found[kind] for kind in _THINGS if kind in found), {})

    def _meta(self, name: str) -> str:
        for attribute in ("property", "name"):
            text = self._attribute(f'meta[{attribute}="{name}"]', "content")
            # Patterns look for blanks in it: runs of them are none any more.
            if text := squeeze(text[:_LONGEST_TEXT]):
                return text
        return ""

    def _attribute(self, selector: str, name: str) -> str:
        node = self._parser.css_first(selector)
        return (node.attributes.get(name) or "").strip() if node else ""

    def _text(self, selector: str) -> str:
        node = self._parser.css_first(selector)
        return squeeze(node.text()[:_LONGEST_TEXT]) if node else ""

    def _link(self, text: str) -> str:
        return clean_url(text, base=self._base)


def _text(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, dict):
        value = value.get("@value") or value.get("name") or ""
    return squeeze(value[:_LONGEST_TEXT]) if isinstance(value, str) else ""


def _address(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, dict):
        value = value.get("url") or value.get("@id") or value.get("contentUrl") or ""
    return value if isinstance(value, str) else ""


def _licence(text: str) -> str:
    """Name a licence by its address, where that says it."""
    if match := _LICENCE_URL.search(text):
        return match[1]
    if match := _CREATIVE_COMMONS.search(text):
        return f"CC-{match[1].upper()}-{match[2]}"
    return text if text and "://" not in text and len(text) <= 60 else ""
