"""Outlines of feeds, as readers export them; and site maps, which name nothing."""

from __future__ import annotations

import pytest

from generation.exceptions import UnreadableSource
from generation.sources import read_document
from generation.sources.candidates import Document, Reading

FEEDLY = """<?xml version="1.0" encoding="UTF-8"?>

<opml version="1.0">
    <head><title>Ada subscriptions in feedly Cloud</title></head>
    <body>
        <outline text="Databases" title="Databases">
            <outline type="rss" text="SQLite News" title="SQLite News"
                xmlUrl="https://sqlite.org/news.rss" htmlUrl="https://sqlite.org/news.html"/>
            <outline text="PostgreSQL" title="PostgreSQL">
                <outline type="rss" text="Planet PostgreSQL" title="Planet PostgreSQL"
                    xmlUrl="https://planet.postgresql.org/rss20.xml"
                    htmlUrl="https://planet.postgresql.org/" description="Blogs &amp; news"/>
            </outline>
        </outline>
        <outline type="rss" text="LWN" xmlUrl="https://lwn.net/headlines/rss"
            category="/Linux/Kernel,/News"/>
        <outline type="link" text="Debian" url="https://www.debian.org/"/>
        <outline text="A note"/>
    </body>
</opml>"""


def read(text: str) -> Reading:
    return read_document(Document(source="feeds.opml", text=text))


def test_outlines_above_an_entry_are_its_path() -> None:
    sqlite, planet, lwn, debian = read(FEEDLY).candidates

    assert (sqlite.name, sqlite.url) == ("SQLite News", "https://sqlite.org/news.html")
    assert sqlite.facts == {"feed_url": "https://sqlite.org/news.rss"}
    assert (sqlite.path, planet.path) == (("Databases",), ("Databases", "PostgreSQL"))
    assert planet.description == "Blogs & news"
    assert (lwn.url, lwn.tags) == ("https://lwn.net/headlines/rss", ("Kernel", "News"))
    assert (debian.url, debian.path) == ("https://www.debian.org/", ())


def test_outline_without_a_link_is_left_out() -> None:
    (left,) = read(FEEDLY).left_out

    assert (left.name, left.reason) == ("A note", "it has no link")


def test_bare_ampersands_are_read() -> None:
    text = '<opml><body><outline text="Q&A" xmlUrl="http://a.example.org/?x=1&y=2"/></body></opml>'

    (item,) = read(text).candidates

    assert (item.name, item.url) == ("Q&A", "http://a.example.org/?x=1&y=2")


def test_deep_outline_is_refused() -> None:
    with pytest.raises(UnreadableSource, match="nested too deeply"):
        read("<opml><body>" + '<outline text="a">' * 10_000)


SITE_MAP = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
<url><loc>https://example.org/a</loc><lastmod>2026-01-01</lastmod></url>
<url><loc>https://example.org/b</loc>%s</url>
</urlset>"""
TITLE = """<news:news><news:publication_date>2026-02-03</news:publication_date>
<news:title>A clock is found</news:title></news:news>"""


def test_site_map_names_nothing_and_nothing_is_invented() -> None:
    with pytest.raises(UnreadableSource, match="site map of 2 pages"):
        read(SITE_MAP % "")


def test_stated_title_names_a_page_of_a_site_map() -> None:
    reading = read(SITE_MAP % TITLE)

    (item,) = reading.candidates
    assert (item.name, item.url) == ("A clock is found", "https://example.org/b")
    assert item.facts == {"published_at": "2026-02-03"}
    assert [left.url for left in reading.left_out] == ["https://example.org/a"]
    assert reading.warnings == ("1 of 2 pages have no name",)


def test_index_of_site_maps_is_called_by_its_name() -> None:
    text = "<sitemapindex><sitemap><loc>https://example.org/1.xml</loc></sitemap></sitemapindex>"

    with pytest.raises(UnreadableSource, match="index of 1 site maps"):
        read(text)
