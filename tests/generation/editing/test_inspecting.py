"""What a page says of itself becomes the fields of an item, and a hostile page nothing."""

from __future__ import annotations

import pytest

from generation.editing.inspecting import Details, read_details
from generation.exceptions import SourceError, UnreadableSource
from generation.sources.fetch import Page

HOME = """<!doctype html><html><head>
<title>Open-source time tracking – Kimai</title>
<meta name="description" content="Track work time &amp; print invoices.">
<meta property="og:site_name" content="Kimai">
<meta property="og:title" content="Kimai – Open-source time tracking">
<meta property="og:image" content="/images/card.png">
<link rel="canonical" href="https://www.kimai.org/">
<link rel="icon" sizes="32x32" href="small.png"><link rel="icon" sizes="192x192" href="large.png">
<link rel="alternate" type="application/atom+xml" href="feed.xml">
<meta name="keywords" content="time tracking, invoices">
</head><body><h1>Welcome</h1><a rel="license" href="https://opensource.org/licenses/AGPL-3.0">x</a></body>
</html>"""
REPOSITORY = """<html><head>
<title>GitHub - kimai/kimai: Kimai is a time-tracking application</title>
<meta property="og:title" content="GitHub - kimai/kimai: Kimai is a time-tracking application">
<meta property="og:description" content="Kimai is a time-tracking application - kimai/kimai">
<meta property="og:image" content="https://images.example.org/kimai.png">
</head><body><a href="/topics/php">php</a><a href="/topics/self-hosted">self-hosted</a>
<a href="#AGPL-3.0-1-ov-file">AGPL-3.0 license</a></body></html>"""
LINKED = """<html><head><title>Home</title><script type="application/ld+json">
{"@graph": [{"@type": "WebSite", "name": "The site"},
 {"@type": ["SoftwareApplication"], "name": "Timy", "description": "Counts minutes.",
  "image": {"url": "https://timy.example.net/i.png"}, "license": "https://spdx.org/licenses/MIT.html",
  "codeRepository": "https://github.com/timy/timy", "keywords": ["time", "minutes"]}]}
</script></head></html>"""


def read(text: str | bytes, url: str, content_type: str = "text/html") -> Details:
    content = text.encode() if isinstance(text, str) else text
    return read_details(
        Page(requested_url=url, url=url, content_type=content_type, content=content)
    )


def test_a_home_page() -> None:
    found = read(HOME, "https://www.kimai.org/")

    assert found.name == "Kimai"
    assert found.description == "Track work time & print invoices."
    assert found.source_url == "https://www.kimai.org/"
    assert found.image_url == "https://www.kimai.org/images/card.png"
    assert found.icon_url == "https://www.kimai.org/large.png"
    assert found.feed_url == "https://www.kimai.org/feed.xml"
    assert found.license == "AGPL-3.0"
    assert found.tags == ("time tracking", "invoices")
    assert found.sources["name"] == "og:site_name"


def test_the_page_of_a_repository() -> None:
    found = read(REPOSITORY, "https://github.com/kimai/kimai")

    assert (found.name, found.license) == ("kimai", "AGPL-3.0")
    assert found.description == "Kimai is a time-tracking application"
    assert found.tags == ("php", "self-hosted")
    assert found.source_code_url == "https://github.com/kimai/kimai"


def test_linked_data_is_surest() -> None:
    found = read(LINKED, "https://timy.example.net/app")

    assert (found.name, found.description) == ("Timy", "Counts minutes.")
    assert found.facts() == {
        "license": "MIT",
        "source_code_url": "https://github.com/timy/timy",
        "image_url": "https://timy.example.net/i.png",
    }


@pytest.mark.parametrize(
    ("title", "url", "name"),
    [
        ("Kimai - Time tracking", "https://kimai.org/", "Kimai"),
        ("Time tracking | Kimai", "https://kimai.org/", "Kimai"),
        ("Guide: how to track", "https://example.org/guide", "Guide"),
        ("计时器 – 免费", "https://example.org/", "计时器"),
    ],
)
def test_a_title_is_taken_apart(title: str, url: str, name: str) -> None:
    assert read(f"<html><title>{title}</title>", url).name == name


def test_a_page_that_says_nothing_gives_nothing() -> None:
    found = read("<html><body><p>Hello</p>", "https://example.org/x")

    assert found == Details(source_url="https://example.org/x")


def test_links_that_nobody_should_follow_are_left_out() -> None:
    page = """<html><head><title>X</title>
    <meta property="og:image" content="javascript:alert(1)">
    <link rel="icon" href="data:image/svg+xml,<svg onload=alert(1)>">
    <link rel="canonical" href="https://evil.example.com/">
    <link rel="alternate" type="application/rss+xml" href="file:///etc/passwd"></head>"""

    found = read(page, "https://example.org/")

    assert (found.image_url, found.icon_url, found.feed_url) == ("", "", "")
    assert found.source_url == "https://example.org/"


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "image/png"),
        (b"just a text", "text/plain"),
        (b"<div>" * 100_000, "text/html"),
        (b"<p " + b" ".join(b"a%d=1" % n for n in range(50_000)) + b">", "text/html"),
        (b"", "text/html"),
    ],
)
def test_a_hostile_page_is_an_error_in_words(content: bytes, content_type: str) -> None:
    with pytest.raises(SourceError) as refused:
        read(content, "https://example.org/", content_type)

    assert isinstance(refused.value, UnreadableSource)
    assert len(str(refused.value)) < 200


def test_deep_linked_data_is_passed_over() -> None:
    deep = '{"a":' * 5_000 + "1" + "}" * 5_000
    page = f'<html><title>X</title><script type="application/ld+json">{deep}</script>'

    assert read(page, "https://example.org/x").name == "X"
