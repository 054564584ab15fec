"""Bookmarks as browsers and link keepers export them."""

from __future__ import annotations

import json

import pytest

from generation.exceptions import UnreadableSource
from generation.sources import read_document
from generation.sources.candidates import Document, Reading

CHROME = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<!-- This is an automatically generated file.
     It will be read and overwritten.
     DO NOT EDIT! -->
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
<TITLE>Bookmarks</TITLE>
<H1>Bookmarks</H1>
<DL><p>
    <DT><H3 ADD_DATE="1700000000" LAST_MODIFIED="0" PERSONAL_TOOLBAR_FOLDER="true">Bookmarks bar</H3>
    <DL><p>
        <DT><A HREF="https://www.sqlite.org/" ADD_DATE="1700000000" ICON="data:image/png;base64,iVBORw0KGgo=">SQLite Home Page</A>
        <DT><H3 ADD_DATE="1700000000">Editors &amp; IDEs</H3>
        <DL><p>
            <DT><A HREF="https://www.vim.org/?a=1&amp;b=2" ADD_DATE="1700000001">Vim</A>
            <DT><H3>Small</H3>
            <DL><p>
                <DT><A HREF="https://www.gnu.org/software/ed/">GNU ed</A>
            </DL><p>
            <DT><A HREF="https://neovim.io/">Neovim</A>
        </DL><p>
        <DT><A HREF="javascript:alert(1)">Bookmarklet</A>
        <DT><A HREF="https://lwn.net/">LWN</A>
    </DL><p>
</DL><p>
"""

FIREFOX = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<TITLE>Bookmarks</TITLE><H1>Bookmarks Menu</H1>
<DL><p>
    <DT><H3 UNFILED_BOOKMARKS_FOLDER="true">Other Bookmarks</H3>
    <DL><p>
        <DT><A HREF="https://www.mozilla.org/" SHORTCUTURL="m" TAGS="web,open source">Mozilla</A>
        <DD>Makes Firefox.
    </DL><p>
    <HR>
    <DT><A HREF="place:sort=8">Recent</A>
</DL>
"""

PINBOARD = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
<TITLE>Pinboard Bookmarks</TITLE>
<H1>Bookmarks</H1>
<DL><p><DT><A HREF="https://git-scm.com/" ADD_DATE="1462905000" PRIVATE="0" TOREAD="1" TAGS="git,vcs">Git</A>
<DT><A HREF="https://fossil-scm.org/" ADD_DATE="1462905001" PRIVATE="0" TOREAD="0" TAGS="">Fossil</A>
</DL></p>"""

RAINDROP = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<TITLE>Raindrop.io Bookmarks</TITLE>
<H1>Raindrop.io Bookmarks</H1>
<DL><p>
<DT><H3 ADD_DATE="1" LAST_MODIFIED="1">Reading</H3>
<DL><p>
<DT><A HREF="https://standardebooks.org/" ADD_DATE="1700000000" LAST_MODIFIED="1700000000" TAGS="books" DATA-COVER="https://a.example.org/c.png" DATA-IMPORTANT="true">Standard Ebooks</A>
<DD>Free and carefully set
</DL><p>
</DL><p>"""

POCKET = """<!DOCTYPE html>
<html><head><title>Pocket Export</title></head><body>
<h1>Unread</h1>
<ul>
<li><a href="https://www.openstreetmap.org/" time_added="1600000000" tags="maps,geo">OpenStreetMap</a></li>
</ul>
<h1>Read Archive</h1><ul></ul></body></html>"""


def read(text: str) -> Reading:
    return read_document(Document(source="bookmarks.html", text=text))


def test_folders_are_the_path_and_roots_are_none() -> None:
    found = {c.name: c for c in read(CHROME).candidates}

    assert list(found) == ["SQLite Home Page", "Vim", "GNU ed", "Neovim", "LWN"]
    assert found["SQLite Home Page"].path == found["LWN"].path == ()
    assert found["Vim"].path == found["Neovim"].path == ("Editors & IDEs",)
    assert found["GNU ed"].path == ("Editors & IDEs", "Small")
    assert found["Vim"].url == "https://www.vim.org/?a=1&b=2"
    assert found["Vim"].facts == {"added_at": "2023-11-14"}


def test_what_no_browser_opens_elsewhere_is_left_out() -> None:
    reading = read(CHROME)

    assert [(left.name, left.reason) for left in reading.left_out] == [
        ("Bookmarklet", "its link is not a web address")
    ]


def test_tags_and_descriptions_are_read() -> None:
    (mozilla,) = read(FIREFOX).candidates
    (ebooks,) = read(RAINDROP).candidates

    assert (mozilla.tags, mozilla.path) == (("web", "open source"), ())
    assert mozilla.description == "Makes Firefox."
    assert (ebooks.description, ebooks.tags) == ("Free and carefully set", ("books",))
    assert ebooks.path == ("Reading",)


def test_bookmarks_without_folders_are_read() -> None:
    git, fossil = read(PINBOARD).candidates

    assert (git.name, git.tags, git.facts) == (
        "Git",
        ("git", "vcs"),
        {"added_at": "2016-05-10"},
    )
    assert (fossil.name, fossil.tags) == ("Fossil", ())


def test_dated_links_of_a_link_keeper_are_bookmarks() -> None:
    reading = read(POCKET)

    (item,) = reading.candidates
    assert reading.kind == "bookmarks"
    assert (item.name, item.tags) == ("OpenStreetMap", ("maps", "geo"))
    assert item.facts == {"added_at": "2020-09-13"}


def test_what_chromium_keeps_is_read() -> None:
    bookmarks = {
        "checksum": "0",
        "roots": {
            "bookmark_bar": {
                "name": "Bookmarks bar",
                "type": "folder",
                "children": [
                    {
                        "name": "Maps",
                        "type": "folder",
                        "children": [
                            {
                                "date_added": "13344473600000000",
                                "name": "OpenStreetMap",
                                "type": "url",
                                "url": "https://www.openstreetmap.org/",
                            }
                        ],
                    }
                ],
            },
            "other": {"name": "Other bookmarks", "type": "folder", "children": []},
        },
        "version": 1,
    }

    (item,) = read(json.dumps(bookmarks)).candidates

    assert (item.name, item.path) == ("OpenStreetMap", ("Maps",))
    assert item.facts == {"added_at": "2023-11-14"}


def test_what_firefox_backs_up_is_read() -> None:
    backup = {
        "guid": "root________",
        "type": "text/x-moz-place-container",
        "root": "placesRoot",
        "children": [
            {
                "title": "menu",
                "root": "bookmarksMenuFolder",
                "type": "text/x-moz-place-container",
                "children": [
                    {
                        "title": "Tools",
                        "type": "text/x-moz-place-container",
                        "children": [
                            {
                                "title": "curl",
                                "uri": "https://curl.se/",
                                "type": "text/x-moz-place",
                                "dateAdded": 1700000000000000,
                                "tags": "http,cli",
                            },
                            {"type": "text/x-moz-place-separator"},
                        ],
                    }
                ],
            }
        ],
    }

    (item,) = read(json.dumps(backup)).candidates

    assert (item.name, item.url) == ("curl", "https://curl.se/")
    assert (item.path, item.tags) == (("Tools",), ("http", "cli"))
    assert item.facts == {"added_at": "2023-11-14"}


def test_xbel_is_read() -> None:
    text = """<?xml version="1.0"?><!DOCTYPE xbel PUBLIC "+//IDN python.org//DTD XBEL 1.0//EN" "http://www.python.org/topics/xml/dtds/xbel-1.0.dtd">
    <xbel version="1.0"><folder><title>Python</title>
    <bookmark href="https://docs.python.org/" added="2026-01-02T00:00:00"><title>Docs of Python</title>
    <desc>All versions.</desc></bookmark></folder></xbel>"""

    (item,) = read(text).candidates

    assert (item.name, item.path) == ("Docs of Python", ("Python",))
    assert item.description == "All versions."


def test_bookmarks_without_any_are_refused() -> None:
    with pytest.raises(UnreadableSource, match="without any bookmark"):
        read("<!DOCTYPE NETSCAPE-Bookmark-file-1><TITLE>Bookmarks</TITLE><DL></DL>")


def test_deep_folders_are_harmless() -> None:
    text = "<!DOCTYPE NETSCAPE-Bookmark-file-1>" + "<DT><H3>a</H3><DL><p>" * 20_000
    text += '<DT><A HREF="https://curl.se/">curl</A>'

    (item,) = read(text).candidates

    assert item.name == "curl"
    assert len(item.path) <= 100
