"""Feeds as different programs write them."""

from __future__ import annotations

import json

import pytest

from generation.exceptions import UnreadableSource
from generation.sources import read_document
from generation.sources.candidates import Candidate, Document, Reading

WORDPRESS = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
	xmlns:content="http://purl.org/rss/1.0/modules/content/"
	xmlns:dc="http://purl.org/dc/elements/1.1/"
	xmlns:atom="http://www.w3.org/2005/Atom">
<channel>
	<title>News from the museum</title>
	<atom:link href="https://museum.example.org/feed/" rel="self" type="application/rss+xml" />
	<link>https://museum.example.org</link>
	<item>
		<title>Antikythera &#8211; the oldest computer</title>
		<link>https://museum.example.org/antikythera/?utm_source=rss&#038;utm_medium=rss</link>
		<comments>https://museum.example.org/antikythera/#respond</comments>
		<dc:creator><![CDATA[Ada]]></dc:creator>
		<pubDate>Tue, 03 Mar 2026 23:30:00 -0200</pubDate>
		<category><![CDATA[Machines]]></category>
		<category><![CDATA[bronze]]></category>
		<guid isPermaLink="false">https://museum.example.org/?p=77</guid>
		<description><![CDATA[<p>It shows where the planets stand. It is 2,000 years old [&#8230;]</p>
<p>The post <a href="https://museum.example.org/antikythera/">Antikythera</a> appeared first on <a href="https://museum.example.org">News</a>.</p>
]]></description>
		<content:encoded><![CDATA[<p>A long text.</p>]]></content:encoded>
	</item>
	<item><title></title><link>https://museum.example.org/untitled</link>
	<category>Uncategorized</category></item>
</channel></rss>"""

YOUTUBE = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015"
 xmlns:media="http://search.yahoo.com/mrss/" xmlns="http://www.w3.org/2005/Atom">
 <link rel="self" href="http://www.youtube.com/feeds/videos.xml?channel_id=UC1"/>
 <title>Clickspring</title>
 <entry>
  <id>yt:video:ML4tw_UzqZE</id>
  <title>Making the Antikythera Mechanism</title>
  <link rel="alternate" href="https://www.youtube.com/watch?v=ML4tw_UzqZE"/>
  <author><name>Clickspring</name><uri>https://www.youtube.com/channel/UC1</uri></author>
  <published>2017-03-11T12:56:09+00:00</published>
  <media:group>
   <media:title>Making the Antikythera Mechanism</media:title>
   <media:thumbnail url="https://i1.ytimg.com/vi/ML4tw_UzqZE/hqdefault.jpg" width="480"/>
   <media:description>A reconstruction with the tools of its time.</media:description>
  </media:group>
 </entry>
</feed>"""

GHOST = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>
<title><![CDATA[Plain Text]]></title><link>https://plain.example.org/</link>
<item><title><![CDATA[Why <em>ed</em> is enough]]></title>
<description><![CDATA[The standard editor, explained.]]></description>
<link>https://plain.example.org/ed/</link><guid isPermaLink="false">64ab</guid>
<category><![CDATA[Editors]]></category><category><![CDATA[Unix]]></category>
<pubDate>Mon, 05 Jan 2026 08:00:00 GMT</pubDate></item></channel></rss>"""

RSS_1 = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://lists.example.org/"><title>Lists</title></channel>
<item rdf:about="https://www.gnu.org/software/ed/"><title>GNU ed</title>
<link>https://www.gnu.org/software/ed/</link><dc:subject>Editors</dc:subject>
<description>A line-oriented text editor.</description><dc:date>2026-02-01</dc:date></item>
</rdf:RDF>"""

RSS_091 = """<?xml version="1.0" encoding="ISO-8859-1"?>
<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"
 "http://my.netscape.com/publish/formats/rss-0.91.dtd">
<rss version="0.91"><channel><title>Old news</title>
<item><title>Caf&eacute; &amp; Co</title><link>http://old.example.org/?a=1&b=2</link>
<description>Fish & chips</description></item>
</channel></rss>"""


def read(text: str, url: str = "") -> Reading:
    return read_document(Document(source="feed.xml", url=url, text=text))


def only(text: str, url: str = "") -> Candidate:
    (candidate,) = read(text, url).candidates
    return candidate


def test_blog_post_is_an_item() -> None:
    reading = read(WORDPRESS)

    (item,) = reading.candidates
    assert reading.kind == "feed"
    assert item.name == "Antikythera – the oldest computer"
    assert item.url == "https://museum.example.org/antikythera/"
    assert (
        item.description
        == "It shows where the planets stand. It is 2,000 years old\u2026"
    )
    assert (item.category, item.tags) == ("Machines", ("bronze",))
    assert item.facts == {
        "author": "Ada",
        "comments_url": "https://museum.example.org/antikythera/#respond",
        "published_at": "2026-03-04",
    }


def test_post_without_a_title_is_left_out() -> None:
    (left,) = read(WORDPRESS).left_out

    assert left.url == "https://museum.example.org/untitled"
    assert left.reason == "it has no name"


def test_video_is_an_item() -> None:
    item = only(YOUTUBE)

    assert item.name == "Making the Antikythera Mechanism"
    assert item.url == "https://www.youtube.com/watch?v=ML4tw_UzqZE"
    assert item.description == "A reconstruction with the tools of its time."
    assert item.facts["published_at"] == "2017-03-11"
    assert item.facts["image_url"].startswith("https://i1.ytimg.com/")


def test_markup_in_a_title_is_not_part_of_the_name() -> None:
    item = only(GHOST)

    assert (item.name, item.category, item.tags) == (
        "Why ed is enough",
        "Editors",
        ("Unix",),
    )


def test_posts_beside_the_channel_are_read() -> None:
    item = only(RSS_1)

    assert (item.name, item.url) == ("GNU ed", "https://www.gnu.org/software/ed/")
    assert (item.category, item.facts["published_at"]) == ("Editors", "2026-02-01")


def test_what_is_broken_in_small_ways_is_mended() -> None:
    item = only(RSS_091)

    assert (item.name, item.url) == ("Café & Co", "http://old.example.org/?a=1&b=2")
    assert item.description == "Fish & chips"


def test_feed_that_ends_too_early_is_read_up_to_there() -> None:
    whole = GHOST.replace("</item>", "</item><item><title>Second</title><link>")

    reading = read(whole.partition("</channel>")[0])

    assert [c.name for c in reading.candidates] == ["Why ed is enough"]
    assert "not valid XML" in reading.warnings[0]


def test_relative_links_of_atom_are_resolved() -> None:
    text = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://a.example.org/b/">'
        '<entry><title type="html">C &amp;amp; D</title><link href="c"/>'
        "<category term='letters' label='Letters'/>"
        '<summary type="xhtml"><div>Two <b>letters</b>.</div></summary></entry></feed>'
    )

    item = only(text)

    assert (item.name, item.url) == ("C & D", "https://a.example.org/b/c")
    assert (item.category, item.description) == ("Letters", "Two letters.")


def test_item_of_json_feed_is_what_it_points_to() -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Links",
        "items": [
            {
                "id": "1",
                "url": "https://me.example.org/1",
                "external_url": "https://sqlite.org/",
                "title": "SQLite",
                "content_html": "<p>A database in a file.</p>",
                "date_published": "2026-01-02T03:04:05Z",
                "tags": ["Databases", "C"],
                "authors": [{"name": "Ada"}],
            },
            {
                "id": "2",
                "url": "https://me.example.org/2",
                "content_text": "A thought.",
            },
        ],
    }

    reading = read(json.dumps(feed))

    (item,) = reading.candidates
    assert (item.name, item.url) == ("SQLite", "https://sqlite.org/")
    assert (item.description, item.category) == ("A database in a file.", "Databases")
    assert item.facts == {
        "author": "Ada",
        "post_url": "https://me.example.org/1",
        "published_at": "2026-01-02",
    }
    assert [left.reason for left in reading.left_out] == ["it has no name"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<rss><channel><title>Empty</title></channel></rss>", "without posts"),
        ("<rss <<<", "not valid XML"),
        (
            '<!DOCTYPE rss [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>'
            "<rss><channel><item><title>&b;</title></item></channel></rss>",
            "declares entities",
        ),
        (
            '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
            "<rss><channel><item><title>&x;</title></item></channel></rss>",
            "declares entities",
        ),
        ("<rss>" + "<item>" * 5_000, "nested too deeply"),
    ],
)
def test_what_is_no_feed_or_an_attack_is_refused(text: str, reason: str) -> None:
    with pytest.raises(UnreadableSource, match=reason):
        read(text)
