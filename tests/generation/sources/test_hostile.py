"""Input that was made to hurt: never a crash, never long, always a reason."""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generation.exceptions import SourceError
from generation.sources import read_document
from generation.sources.candidates import Document, Reading
from generation.sources.decoding import decode
from tests.examples import examples

# CPU seconds. What is guarded against takes minutes or for ever; a slow machine must not
# fail: it has more than twice the time that the longest needs.
LONGEST = 30.0
ITEM = "- [a](https://a.example.org)\n"
LAUGHS = (
    '<!DOCTYPE l [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY a{n} "{"&a;" * 10}">' for n in range(10))
    + "]><rss><item><title>&a9;</title></item></rss>"
)
NETSCAPE = "<!DOCTYPE NETSCAPE-Bookmark-file-1>"

HOSTILE: dict[str, tuple[str, Callable[[], str]]] = {
    "line of 10 MB": ("a.md", lambda: ITEM + "x" * 10_000_000),
    "line of 10 MB of brackets": ("a.md", lambda: "[" * 10_000_000),
    "endless table": (
        "a.md",
        lambda: "| Name | URL |\n|-|-|\n" + "| a | https://a.org |\n" * 15_000,
    ),
    "more lines than are read": ("a.md", lambda: ITEM + "\n" * 60_000 + ITEM),
    "wide table": ("a.md", lambda: "|" + "a|" * 40_000 + "\n|" + "-|" * 40_000),
    "quotes in quotes": ("a.md", lambda: ">" * 100_000 + ITEM),
    "lists in lists": ("a.md", lambda: "".join("  " * n + ITEM for n in range(1_000))),
    "lists in one line": ("a.md", lambda: "- " * 50_000 + ITEM),
    "stars": ("a.md", lambda: (ITEM[:-1] + "*a **b " * 1_200 + "\n") * 50),
    "tables that never end": ("a.md", lambda: ITEM + "\n<table>\n\n" * 20_000),
    "folds in folds": (
        "a.md",
        lambda: f"<details><summary>x</summary>\n\n{ITEM}\n" * 3_000,
    ),
    "elements in elements": ("a.md", lambda: ITEM + "\n<div>" + "<div>" * 100_000),
    "tags in tags": ("a.html", lambda: "<div>" * 100_000),
    "zero bytes": ("a.md", lambda: "- [a\0](https://a.org/\0)\n" * 1_000),
    "lone surrogates": ("a.md", lambda: "- [a\ud800](https://a.org/\udfff)\n" * 500),
    "turned text": ("a.md", lambda: "- [\u202ea\u200b](https://a.org) \u2066b\n" * 500),
    "billion laughs": ("a.xml", lambda: LAUGHS),
    "elements without end": ("a.xml", lambda: "<rss>" + "<a/>" * 600_000),
    "attributes": (
        "a.xml",
        lambda: "<rss " + " ".join(f"a{n}='x'" for n in range(100_000)) + "/>",
    ),
    "ampersands": ("a.xml", lambda: "<rss><item><title>" + "&" * 1_000_000),
    "comments": ("a.xml", lambda: "<!--" * 1_000_000),
    "brackets of a doctype": ("a.xml", lambda: "<!DOCTYPE " + "[" * 1_000_000),
    "deep outline": ("a.opml", lambda: "<opml><body>" + "<outline text='a'>" * 100_000),
    "deep HTML in a feed": (
        "a.xml",
        lambda: (
            "<rss><item><title>a</title><link>https://a.org</link><description>"
            + "&lt;div&gt;" * 500_000
            + "</description></item></rss>"
        ),
    ),
    "deep JSON": ("a.json", lambda: "[" * 1_000_000),
    "deep JSON that ends": ("a.json", lambda: '{"a":' * 900 + "1" + "}" * 900),
    "long JSON": (
        "a.json",
        lambda: json.dumps(
            [{"name": "a", "url": "https://a.org"}] * 20_000 + [{"name": "a"}] * 80_100
        ),
    ),
    "deep bookmarks in JSON": (
        "a.json",
        lambda: (
            '{"roots":{"r":{"children":['
            + '{"name":"x","children":[' * 300
            + "]}" * 300
            + "]}}}"
        ),
    ),
    "aliases": (
        "a.yml",
        lambda: "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\nurl: https://a.org\n",
    ),
    "deep YAML": ("a.yml", lambda: "url: https://a.org\nx: " + "[" * 100_000),
    "deep TOML": ("a.toml", lambda: "[[a]]\nurl='https://a.org'\nx = " + "[" * 50_000),
    "dotted TOML": (
        "a.toml",
        lambda: "[[a]]\nurl='https://a.org'\n" + ".".join("a" * 50_000) + " = 1\n",
    ),
    "100,000 columns": ("a.csv", lambda: "name,url," + "c," * 100_000 + "\na,b\n"),
    "a million rows": (
        "a.csv",
        lambda: "name,url\n" + "a,https://a.org\n" * 20_000 + "a,\n" * 980_000,
    ),
    "open quotation mark": (
        "a.csv",
        lambda: 'name,url\nA,https://a.org\n"' + "x,y\n" * 500_000,
    ),
    "deep folders": ("a.html", lambda: NETSCAPE + "<DT><H3>a</H3><DL>" * 50_000),
    "open tags": ("a.html", lambda: NETSCAPE + "<a " * 1_000_000),
    "open attributes": ("a.html", lambda: NETSCAPE + "<a " + 'x="' * 1_000_000),
    "backticks": ("a.rst", lambda: "* `a <https://a.org>`_ " + "`a <" * 200_000),
    "attributes in AsciiDoc": (
        "a.adoc",
        lambda: ":a: " + "x" * 1_900 + "\n* https://a.org[A] " + "{a}" * 3_000,
    ),
    "marks in Org": ("a.org", lambda: "- [[https://a.org][A]] " + "*/=~" * 200_000),
    "braces in wikitext": (
        "a.wiki",
        lambda: "* [https://a.org A]\n" + "{{" * 5_000_000,
    ),
    "templates in templates": (
        "a.wiki",
        lambda: "{{columns-list|\n" * 40_000 + "* [https://a.org A] b\n" * 9_000,
    ),
    "references that never end": (
        "a.wiki",
        lambda: "* [https://a.org A] b\n" + "<ref><!--<ref name=" * 200_000,
    ),
    "marks in wikitext": (
        "a.wiki",
        lambda: ("* [https://a.org A] " + "[[''[https://b//<" * 690 + "\n") * 40,
    ),
    "blanks in wikitext": (
        "a.wiki",
        lambda: ("= " + " " * 11_900 + "x\n* " + " " * 11_900 + "x\n") * 400,
    ),
    "cells that reach far": (
        "a.wiki",
        lambda: (
            "{|\n"
            + ("| rowspan=1000 colspan=100 | " + "x" * 300 + "\n") * 100
            + "|-\n| a\n" * 24_000
            + "|}\n"
        ),
    ),
    "tables in tables": ("a.wiki", lambda: "{|\n" * 25_000 + "|}\n" * 24_000),
    "cells in one row": ("a.wiki", lambda: "{|\n" + ("||" * 200 + "\n") * 49_000),
    "rows between bars": ("a.wiki", lambda: ("|[[" + "|^" * 5_000 + "|\n") * 400),
    "marks in Textile": (
        "a.textile",
        lambda: ('* "A":https://a.org ' + '"a *_@"b' * 1_400 + "\n") * 150,
    ),
    "cells of a notebook": (
        "a.ipynb",
        lambda: json.dumps(
            {
                "nbformat": 4,
                "cells": [{"cell_type": "markdown", "source": ITEM}] * 30_000,
            }
        ),
    ),
    "deep notebook": ("a.ipynb", lambda: '{"nbformat": 4, "cells":' + "[" * 1_000_000),
    "a field that never ends": (
        "a.txt",
        lambda: "Name: a\nURL: https://a.org\n" * 10_000 + ("x" * 300 + "\n") * 29_000,
    ),
    "fields without end": (
        "a.txt",
        lambda: (
            "Name: a\nURL: https://a.org\n" * 10_000
            + "".join(f"{n}{' b' * 19}: x\n" for n in range(9_000))
            + "".join(f"a{n}: x\n" for n in range(20_000))
            + "a " * 5_000_000
        ),
    ),
    "addresses in one line": ("a.txt", lambda: "https://a.org " * 300_000),
    "figures": ("a.md", lambda: (ITEM[:-1] + " - " + "1 ★ " * 2_400 + "\n") * 50),
    "dashes": ("a.md", lambda: (ITEM[:-1] + "- " * 4_900 + "\n") * 50),
    "arrows": ("a.md", lambda: (ITEM[:-1] + "\u2192" * 9_000 + "x\n") * 100),
    "paragraphs of links": ("a.md", lambda: "[a](https://a.org/)\n\n" * 24_000),
    "things below headings": (
        "a.md",
        lambda: "### A\n\nwords of it\n\n[Website](https://a.org/)\n\n" * 8_000,
    ),
    "borders of tables": ("a.rst", lambda: "== ==\n" * 49_000),
    "drawn tables that never end": ("a.rst", lambda: "\n== ==\nx\n" * 16_000),
    "lines of a grid": ("a.rst", lambda: "+--+--+\n" * 49_000),
    "columns of a grid": (
        "a.rst",
        lambda: f"+{'-+' * 1_900}\n" + f"|{' |' * 1_900}\n+{'-+' * 1_900}\n" * 60,
    ),
    "copies of cells": (
        "a.adoc",
        lambda: "* https://a.org[a]\n\n|===\n" + "999*|x\n" * 20_000,
    ),
    "elements behind an address": (
        "a.html",
        lambda: "<html><ul><li>" + "https://aaaa" * 160 + " " + "<s></s>" * 40_000,
    ),
    "addresses in elements": (
        "a.html",
        lambda: "<html><ul><li>" + "<s>https://a</s>" * 20_000,
    ),
    "broken bundle": ("a.json", lambda: '{"gazetteer-bundle":1,"files":' + "[" * 9_999),
}


def read(text: str, name: str) -> Reading | str:
    """Read a text, or return the reason why it cannot be read."""
    try:
        return read_document(Document(source=name, text=text))
    except SourceError as exc:
        return str(exc)


@pytest.mark.parametrize("case", HOSTILE)
def test_text_that_was_made_to_hurt(case: str) -> None:
    name, make = HOSTILE[case]
    text = make()
    begun = time.process_time()

    result = read(text, name)

    assert time.process_time() - begun < LONGEST
    assert result if isinstance(result, str) else result.kind


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(b"0" * 30_000_000),
        gzip.compress(gzip.compress(b"0" * 30_000_000)),
        b"\xff\xfe" + "- [a](https://a.org)\n".encode("utf-16-le")[:-1],
        b"\xff\xfe" + b"\x00\xd8" * 1_000,
        "- [a](https://a.org)\n".encode("utf-16-be"),
        b"- [\xff\xfe\x80a](https://a.org)\n" + "é".encode("utf-16") * 99,
        b"\x1f\x8b" * 1_000,
        b"\0" * 1_000_000,
        bytes(range(256)) * 1_000,
    ],
)
def test_bytes_that_were_made_to_hurt(content: bytes) -> None:
    begun = time.process_time()

    try:
        result = read(decode(content), "a.md")
    except SourceError as exc:
        result = str(exc)

    assert time.process_time() - begun < LONGEST
    assert result


# Pieces of every format, so that made-up texts come near to what readers look for.
PIECES = (
    *("- ", "* ", "\n", "\n\n", "  ", "# ", "## ", "** ", "| ", "|-|-|\n", ": ", " - "),
    *(
        "[a](",
        ")",
        "[a]: ",
        "https://a.example.org/b",
        "http://c.example.org",
        "//d.org",
    ),
    *(
        "<table>",
        "<tr><td>",
        "</table>",
        "<ul><li>",
        "<a href='https://a.org/x'>",
        "</a>",
    ),
    *("<rss>", "<item>", "<title>a</title>", "<link>https://a.org</link>", "</item>"),
    *(
        "<feed>",
        "<entry>",
        "<link href='https://a.org/y'/>",
        "</rss>",
        "<!DOCTYPE rss>",
    ),
    *("<opml><body>", "<outline text='a' xmlUrl='https://a.org'>", "</outline>"),
    *(
        NETSCAPE,
        "<DT><H3>f</H3><DL>",
        "<DT><A HREF='https://a.org'>a</A>",
        "<DD>",
        "</DL>",
    ),
    *('{"name":', '"a"', ",", '"url":', '"https://a.org/z"', "}", "[", "]", "[[a]]\n"),
    *("name: a\n", "url: https://a.org\n", "- name: b\n", "  url: https://b.org\n"),
    *("name,url\n", "a,https://a.org\n", "name = 'a'\n", "url = 'https://a.org'\n"),
    *(
        "`a <https://a.org>`_",
        "====\n",
        "https://a.org[A]",
        "[[https://a.org][A]]",
        "::",
    ),
    *(
        "★ 12k",
        "(MIT)",
        "`Go`",
        "**",
        "\0",
        "\u202e",
        "\ud800",
        "é",
        "&amp;",
        "&",
        "<",
        ">",
    ),
    *("{{", "}}", "{|\n", "|-\n", "|}\n", "[https://a.org/w ", "<ref>", "'''", "; "),
    *('"a":https://a.org/t ', "h2. ", "_. "),
    *("/rel/ative", "{a}", ":a: b\n", "---\n", "```\n", ".. _a: https://a.org\n", "\t"),
)
NAMES = (
    *("", "a.md", "a.html", "a.csv", "a.tsv", "a.json", "a.jsonl", "a.yml", "a.toml"),
    *(
        "a.xml",
        "a.opml",
        "a.rst",
        "a.adoc",
        "a.org",
        "a.wiki",
        "a.textile",
        "a.ipynb",
        "a.txt",
    ),
)
texts = st.one_of(
    st.text(max_size=300),
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
)


@examples(400)
@given(text=texts, name=st.sampled_from(NAMES))
@example(text="[[a]]\n[[a]]\n", name="a.toml")
def test_any_text_is_read_or_refused(text: str, name: str) -> None:
    result = read(text, name)

    if isinstance(result, Reading):
        for candidate in result.candidates:
            assert candidate.name
            assert candidate.url.startswith(("http://", "https://"))


def letters(text: str) -> str:
    """What is left of an address however it was escaped: its ASCII letters and digits."""
    return "".join(c for c in text.casefold() if c.isascii() and c.isalnum())


@examples(400)
@given(
    pieces=st.lists(st.sampled_from([p for p in PIECES if "&" not in p]), max_size=40),
    name=st.sampled_from(NAMES),
)
@example(pieces=["<ul><li>", "<link>https://a.org</link>", "<title>a</title>"], name="")
@example(pieces=['"https://a.org/z"', "- ", "name,url\n"], name="a.csv")
def test_every_address_stands_in_the_text(pieces: list[str], name: str) -> None:
    text = "".join(pieces)
    result = read(text, name)

    if isinstance(result, Reading):
        for candidate in result.candidates:
            # "//d.org" and "example.org" get a scheme; nothing else is added.
            address = letters(candidate.url.partition("://")[2])
            # A parser may bring text together that a stray tag had kept apart.
            joined = re.sub(r"<[^<>]*>", "", text)
            assert address in letters(text) or address in letters(joined)
