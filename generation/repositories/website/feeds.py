"""RSS, Atom and JSON Feed: what changed last, in the whole directory and in each category.

Feeds need absolute links, so a site without an address has none. All times are those of
the items.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import escape

from generation.repositories.website.page import Page
from generation.repositories.website.shelves import Card, Group, latest, mark_of

if TYPE_CHECKING:
    from generation.repositories.website.frame import Site

ENTRIES = 50
# What XML 1.0 has no way to write.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class FeedKind(NamedTuple):
    name: str
    type: str
    label: str


class FeedLink(NamedTuple):
    """A feed as a page names it."""

    path: str
    type: str
    title: str
    name: str


FEEDS = (
    FeedKind("rss.xml", "application/rss+xml", "RSS"),
    FeedKind("atom.xml", "application/atom+xml", "Atom"),
    FeedKind("feed.json", "application/feed+json", "JSON Feed"),
)


def feed_links(site: Site, group: Group | None) -> list[FeedLink]:
    """Name the feeds of the directory, or of one category."""
    if not site.settings.url or not site.shelves.changed:
        return []
    folder = group.folder if group else ""
    if group and not any(card.day for card in group.cards):
        return []
    return [
        FeedLink(f"{folder}{kind.name}", kind.type, _title(site, group), kind.label)
        for kind in FEEDS
    ]


def feed_pages(site: Site) -> Iterator[Page]:
    """Make all feeds. A category whose items have no dates has none."""
    if not site.settings.url:
        return
    groups: list[Group | None] = [None, *site.shelves.categories]
    for group in groups:
        cards = site.shelves.changed if group is None else latest(group.cards)
        if cards:
            yield from _feeds_of(site, group, cards[:ENTRIES])


def _feeds_of(site: Site, group: Group | None, cards: Sequence[Card]) -> Iterator[Page]:
    folder = group.folder if group else ""
    mark = mark_of(
        site.mark, group.mark if group else "", *(card.mark for card in cards)
    )
    for kind, write in zip(FEEDS, (_rss, _atom, _json), strict=True):
        url = f"{site.settings.url}{folder}{kind.name}"
        feed = functools.partial(_Feed, site, group, cards, url)
        make = functools.partial(_make, write, feed)
        yield Page(f"{folder}{kind.name}", mark, make)


def _make(write: Callable[[_Feed], str], feed: Callable[[], _Feed]) -> bytes:
    return write(feed()).encode("utf-8", "replace")


class _Feed:
    """What the three kinds say in their own ways."""

    def __init__(
        self, site: Site, group: Group | None, cards: Sequence[Card], url: str
    ) -> None:
        self.site = site
        self.cards = cards
        self.url = url
        self.home = site.url_of(group.path if group else "index.html")
        self.title = _title(site, group)
        about = group.description if group else site.masthead.description
        self.summary = about or self.title
        self.author = site.masthead.company_name or site.masthead.name
        self.updated = _moment(cards[0])


def _rss(feed: _Feed) -> str:
    items = "".join(
        f"<item><title>{_text(card.item.name)}</title>"
        f"<link>{_text(feed.site.url_of(card.path))}</link>"
        f'<guid isPermaLink="true">{_text(feed.site.url_of(card.path))}</guid>'
        f"<pubDate>{format_datetime(_moment(card), usegmt=True)}</pubDate>"
        f"<category>{_text(card.category.name)}</category>"
        f"<description>{_text(card.item.description or card.item.name)}</description>"
        "</item>\n"
        for card in feed.cards
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>\n'
        f"<title>{_text(feed.title)}</title>\n<link>{_text(feed.home)}</link>\n"
        f'<atom:link rel="self" type="application/rss+xml" href="{_text(feed.url)}"/>\n'
        f"<description>{_text(feed.summary)}</description>\n"
        f"<language>{_text(feed.site.settings.language)}</language>\n"
        f"<lastBuildDate>{format_datetime(feed.updated, usegmt=True)}</lastBuildDate>\n"
        f"{items}</channel></rss>\n"
    )


def _atom(feed: _Feed) -> str:
    entries = "".join(
        f"<entry><title>{_text(card.item.name)}</title>"
        f"<id>{_text(feed.site.url_of(card.path))}</id>"
        f'<link rel="alternate" href="{_text(feed.site.url_of(card.path))}"/>'
        f"<updated>{_stamp(card)}</updated>"
        f'<category term="{_text(card.category.id)}" label="{_text(card.category.name)}"/>'
        f"<summary>{_text(card.item.description or card.item.name)}</summary>"
        "</entry>\n"
        for card in feed.cards
    )
    language = _text(feed.site.settings.language)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{language}">\n'
        f"<title>{_text(feed.title)}</title>\n<id>{_text(feed.url)}</id>\n"
        f"<subtitle>{_text(feed.summary)}</subtitle>\n"
        f"<updated>{feed.updated:%Y-%m-%dT%H:%M:%SZ}</updated>\n"
        f'<link rel="self" type="application/atom+xml" href="{_text(feed.url)}"/>\n'
        f'<link rel="alternate" type="text/html" href="{_text(feed.home)}"/>\n'
        f"<author><name>{_text(feed.author)}</name></author>\n"
        f"{entries}</feed>\n"
    )


def _json(feed: _Feed) -> str:
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.home,
        "feed_url": feed.url,
        "description": feed.summary,
        "language": feed.site.settings.language,
        "authors": [{"name": feed.author}],
        "items": [
            {
                "id": feed.site.url_of(card.path),
                "url": feed.site.url_of(card.path),
                **({"external_url": card.link.href} if card.link else {}),
                "title": card.item.name,
                "content_text": card.item.description or card.item.name,
                "date_modified": _stamp(card),
                "tags": [card.category.name, *(tag.name for tag in card.tags)],
            }
            for card in feed.cards
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _title(site: Site, group: Group | None) -> str:
    return f"{group.name}: {site.masthead.name}" if group else site.masthead.name


def _text(text: str) -> str:
    return str(escape(UNWRITABLE.sub("", text)))


def _moment(card: Card) -> datetime:
    try:
        return datetime.strptime(card.item.updated_at[:16], "%Y-%m-%d %H:%M").replace(
            tzinfo=UTC
        )
    except ValueError:
        # A day that the calendar does not have, such as the 31st of February.
        return datetime.strptime(card.day[:7], "%Y-%m").replace(tzinfo=UTC)


def _stamp(card: Card) -> str:
    return f"{_moment(card):%Y-%m-%dT%H:%M:%SZ}"
