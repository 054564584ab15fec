"""Shapes of text that cost, or once cost, the square of their length.

Each is a file name, which names the format, and a function from a length to a text of about
that length. `stages` names everything that a run and an editor do with a source.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from generation.contract.context import DirectoryContext, Identity, RunContext
from generation.contract.request import GenerationRequest
from generation.editing.importing import import_items
from generation.editing.inspecting import read_details
from generation.git import Repository
from generation.markup import plain_text, strip_raw_html
from generation.pipeline import STEPS
from generation.pipeline.draft import Draft, Tools
from generation.repositories import Masthead
from generation.repositories.data import read_data
from generation.repositories.list import render_list
from generation.sources import read_document
from generation.sources.candidates import Document, Reading
from generation.sources.decoding import decode_named
from generation.sources.fetch import Page
from generation.sources.fetch.stop import Stop

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PAGE = "<!DOCTYPE html><html><body>"
ITEM = "- [a](https://a.example.org)\n"
NETSCAPE = "<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<DL>"
RSS = "<rss><channel><item><title>a</title><link>https://a.org</link></item>"


class Shape(NamedTuple):
    file: str
    make: Callable[[int], str]


def repeated(file: str, piece: str, *, before: str = "", after: str = "") -> Shape:
    """One piece over and over."""
    return Shape(file, lambda size: before + piece * (size // len(piece)) + after)


def numbered(file: str, piece: str, *, before: str = "", after: str = "") -> Shape:
    """One piece over and over, each with another number in place of `@`."""

    def make(size: int) -> str:
        length = len(piece.replace("@", "12345"))
        pieces = (piece.replace("@", f"{n:05}") for n in range(size // length))
        return before + "".join(pieces) + after

    return Shape(file, make)


def nested(
    file: str, opening: str, closing: str, *, before: str = "", middle: str = ""
) -> Shape:
    """A piece inside itself, as deep as the length allows."""

    def make(size: int) -> str:
        depth = size // (len(opening) + len(closing))
        return before + opening * depth + middle + closing * depth

    return Shape(file, make)


def _growing_indent(size: int) -> str:
    lines, used, depth = [], 0, 0
    while used < size:
        line = "  " * depth + ITEM
        lines.append(line)
        used += len(line)
        depth += 1
    return "".join(lines)


def _staircase(size: int) -> str:
    """Blocks at every depth up to what a page may have, again and again."""
    once = "<div class=c>" * 300 + "<a href=https://a.org/>x</a>" + "</div>" * 300
    return PAGE + once * (size // len(once))


def _classes(size: int) -> str:
    """Boxes that share no class name with most others."""
    count = size // 75
    return PAGE + "".join(
        f"<div class='a{n % 997} b{n % 991} c{n % 983}'><a href=https://a.org/{n}>x{n}</a></div>"
        for n in range(count)
    )


def _long_names(size: int) -> str:
    """Names of one link that have all but their ends in common."""
    start = "word " * 30
    return "".join(
        f"- [{start}{n}](https://a.example.org/)\n"
        for n in range(size // (len(start) + 35))
    )


def _one_house(size: int) -> str:
    return "".join(
        f"- [tool {n:05}](https://github.com/owner/tool-{n:05}) - Does the same.\n"
        for n in range(size // 75)
    )


def _long_and_common(size: int) -> str:
    """Addresses of one beginning, names that become the same slug."""
    return "".join(
        f"- [Tool!{'!' * (n % 7)}](https://a.org/{'p/' * 40}{n})\n"
        for n in range(size // 120)
    )


def _many_headings(size: int) -> str:
    return "".join(
        f"## Kind {n:05}\n\n- [Tool {n:05}](https://a.org/{n})\n\n"
        for n in range(size // 54)
    )


def _many_tags(size: int) -> str:
    return "".join(
        f"- [Tool {n:05}](https://a.org/{n}) - Words. `tag {n:05}` `tag {n + 1:05}`\n"
        for n in range(size // 66)
    )


def _wide_json(size: int) -> str:
    keys = {f"k{n}": n for n in range(size // 14)}
    return json.dumps([{"name": "a", "url": "https://a.org", **keys}])


def _keys_that_differ(size: int) -> str:
    return json.dumps(
        [
            {"name": f"n{n}", "url": f"https://a.org/{n}", f"k{n}": "x", f"l{n}": [n]}
            for n in range(size // 72)
        ]
    )


def _json_references(size: int) -> str:
    rows = [
        {"id": n, "name": f"n{n}", "url": f"https://a.org/{n}", "category": n}
        for n in range(size // 110)
    ]
    return json.dumps(
        {
            "items": rows,
            "categories": [{"id": r["id"], "name": r["name"]} for r in rows],
        }
    )


def _maps_of_maps(size: int) -> str:
    return json.dumps(
        {
            f"g{n}": {"x": {"y": {"url": f"https://a.org/{n}"}}}
            for n in range(size // 55)
        }
    )


def _yaml_records(size: int) -> str:
    return "".join(
        f"- name: a{n}\n  url: https://a.org/{n}\n  k{n}: v\n"
        for n in range(size // 48)
    )


def _linked_data(size: int) -> str:
    things = [
        {"@type": "Product", "name": f"n{n}", "url": f"https://a.org/{n}"}
        for n in range(size // 62)
    ]
    text = json.dumps({"@graph": things})
    return f"{PAGE}<script type='application/ld+json'>{text}</script>"


def _linked_data_nest(size: int) -> str:
    depth = min(size // 40, 400)
    once = '{"@type":"Thing","mainEntity":' * depth + "{}" + "}" * depth
    script = f"<script type='application/ld+json'>{once}</script>"
    return PAGE + script * (size // len(script))


def _linked_data_references(size: int) -> str:
    """Things that refer to each other by their ids."""
    things = [
        {
            "@id": f"#{n}",
            "@type": "Product",
            "name": "x",
            "isPartOf": {"@id": f"#{n + 1}"},
        }
        for n in range(size // 85)
    ]
    text = json.dumps({"@graph": things})
    return f"{PAGE}<script type='application/ld+json'>{text}</script>"


def _select(size: int) -> str:
    return PAGE + "<select>" + "<option>x" * (size // 9)


def _table_columns(size: int) -> str:
    columns = size // 3 // 24
    row = "<td>x" * columns
    return f"{PAGE}<table><tr>{row}<tr>{row}<tr>{row.replace('x', '<a href=//a.org/>x</a>')}</table>"


def _spans(size: int) -> str:
    return (
        PAGE
        + "<table>"
        + "<tr><td rowspan=1000 colspan=1000><a href=//a.org/>x</a>" * (size // 56)
    )


def _markdown_columns(size: int) -> str:
    count = size // 9
    return f"|{'a|' * count}\n|{'-|' * count}\n|{'b|' * count}\n|{'c|' * count}\n"


def _sparse_csv(size: int) -> str:
    columns = 200
    rows = size // (columns + 20)
    head = ",".join(["name", "url", *(f"c{n}" for n in range(columns))])
    return head + "\n" + f"a,https://a.org/{',' * columns}\n" * rows


def _csv_columns(size: int) -> str:
    count = size // 10
    return f"name,url{',c' * count}\na,https://a.org{',x' * count}\nb,https://b.org{',y' * count}\n"


def _definitions(size: int) -> str:
    """Reference definitions and as many uses."""
    count = size // 62
    uses = "".join(f"- [tool {n:05}][r{n:05}] - x\n" for n in range(count))
    return (
        uses + "\n" + "".join(f"[r{n:05}]: https://a.org/{n}\n" for n in range(count))
    )


def _rst_definitions(size: int) -> str:
    count = size // 56
    uses = "".join(f"* `tool {n:05}`_ - x\n" for n in range(count))
    return (
        uses
        + "\n"
        + "".join(f".. _tool {n:05}: https://a.org/{n}\n" for n in range(count))
    )


def _bundle_of_folders(size: int) -> str:
    """A data repository as one file."""
    files = [
        {
            "path": f"data/i{n}/i{n}.yml",
            "text": f"name: i{n}\nsource_url: https://a.org/{n}\n",
        }
        for n in range(size // 100)
    ]
    return json.dumps({"gazetteer-bundle": 1, "files": files})


def _notebook(size: int) -> str:
    cell = {"cell_type": "markdown", "source": ["- [a](https://a.org)\n"] * 3}
    return json.dumps({"nbformat": 4, "cells": [cell] * (size // 110)})


def _same_panels(size: int) -> str:
    return PAGE + "".join(
        f"<a role=tab href='#p{n}'>T{n}</a><div id=p{n} hidden><a href=//a.org/{n}>x</a></div>"
        for n in range(size // 78)
    )


def _groups_in_groups(size: int) -> str:
    """Lists in lists, each with words of its own, and all items in the innermost."""
    depth = 90
    groups = "".join(f"<ul><li>The group of number {n} of them: " for n in range(depth))
    items = "".join(
        f"<li><a href='https://a.org/{n}'>x{n}</a>" for n in range(size // 37)
    )
    return f"{PAGE}{groups}<ul>{items}"


def _references_to_one(size: int) -> str:
    """A list of references to one thing that says much."""
    keys = {f"k{n}": n for n in range(size // 28)}
    thing = {
        "@id": "#a",
        "@type": "Product",
        "name": "n",
        "url": "https://a.org",
        **keys,
    }
    members = [{"@id": "#a", "name": f"n{n}"} for n in range(size // 56)]
    graph = [thing, {"@type": "ItemList", "itemListElement": members}]
    text = json.dumps({"@graph": graph})
    return f"{PAGE}<script type='application/ld+json'>{text}</script>"


def _folded_data(size: int) -> str:
    """Objects whose values are all one long list, by its number."""
    numbers = [1] * (size // 6)
    values = ["x", "y", numbers, *({"a": 2} for _ in range(size // 20))]
    text = json.dumps(values)
    return f"{PAGE}<script type='application/json'>{text}</script>"


def _long_key(size: int) -> str:
    """One long key, and many lists below it."""
    lists = {
        f"g{n}": [{"name": "a", "url": "https://a.org"}] for n in range(size // 100)
    }
    return json.dumps({"k" * (size // 2): lists})


def _long_value(size: int) -> str:
    """One text in hundreds of things, each of which has it as its value."""
    nest = "<i itemscope></i>" + "<div itemprop=a>" * 300
    return f"{PAGE}<div itemscope>{nest}{'word ' * ((size - 5000) // 5)}"


def _many_classes(size: int) -> str:
    """Cards with class names by the hundred, and much in each."""
    names = " ".join(f"c{n}" for n in range(size // 24))
    card = f"<div class='{names}'><a href=https://a.org/>x</a>{'<i>y</i>' * (size // 60)}</div>"
    return PAGE + card * 4


A = "<a href='https://a.org/@'>x@</a>"

SHAPES: dict[str, Shape] = {
    # ----- pages: links -----
    "links that never end": repeated("a.html", '<a href="x">', before=PAGE),
    "links that never end, to elsewhere": numbered(
        "a.html", '<a href="https://a.org/@">', before=PAGE
    ),
    "links with a word each, never ended": numbered(
        "a.html", '<a href="https://a.org/@">w@ ', before=PAGE
    ),
    "links side by side": numbered("a.html", A, before=PAGE),
    "links in one paragraph": numbered("a.html", A + " ", before=f"{PAGE}<p>"),
    "links in one item": numbered("a.html", A + " - ", before=f"{PAGE}<ul><li>"),
    "links in one cell": numbered("a.html", A, before=f"{PAGE}<table><tr><td>"),
    "links in one card": numbered(
        "a.html", A, before=f"{PAGE}<div class=c>{A}</div>" * 3 + "<div class=c>"
    ),
    "blocks in links": repeated("a.html", "<a href=//a.org/><div>", before=PAGE),
    "links in bold that never ends": repeated(
        "a.html", "<b><a href=//a.org/>x", before=PAGE
    ),
    "links in headings": numbered("a.html", f"<h2>{A}</h2>", before=PAGE),
    # ----- pages: formatting, the adoption agency -----
    "bold that never ends": repeated("a.html", "<b>x", before=PAGE),
    "bold in paragraphs": repeated("a.html", "<p><b>x", before=PAGE),
    "bold of many kinds": numbered("a.html", "<b class=c@>x<p>", before=PAGE),
    "ends without beginnings": repeated("a.html", "</b></i></a></p>", before=PAGE),
    "bold and italics crossed": repeated("a.html", "<b><i>x</b>y</i>", before=PAGE),
    "fonts around blocks": repeated("a.html", "<font><div>x</font></div>", before=PAGE),
    "nobr in nobr": repeated("a.html", "<nobr>x", before=PAGE),
    # ----- pages: nests -----
    "divisions in divisions": nested("a.html", "<div>", "</div>", before=PAGE),
    "divisions, many nests": Shape("a.html", _staircase),
    "items in items": repeated("a.html", "<ul><li>x", before=PAGE),
    "closed lists in lists": nested(
        "a.html", "<ul><li>", "</li></ul>", before=PAGE, middle=A
    ),
    "tables in tables": repeated("a.html", "<table><tr><td>", before=PAGE),
    "spans in spans": repeated("a.html", "<span>x", before=PAGE),
    "quotations in quotations": repeated("a.html", "<blockquote>x", before=PAGE),
    "paragraphs": repeated("a.html", "<p>x", before=PAGE),
    "paragraph ends": repeated("a.html", "</p>", before=PAGE),
    "terms": repeated("a.html", "<dt>x<dd>y", before=f"{PAGE}<dl>"),
    "terms with links": numbered("a.html", f"<dt>{A}<dd>y", before=f"{PAGE}<dl>"),
    "options": Shape("a.html", _select),
    "templates": repeated("a.html", "<template>", before=PAGE),
    "drawings": repeated("a.html", "<svg><g>", before=PAGE),
    "mathematics": repeated("a.html", "<math><mi>", before=PAGE),
    "forms": repeated("a.html", "<form><input>", before=PAGE),
    "forms in items": repeated("a.html", "<li><form>x</form>", before=f"{PAGE}<ul>"),
    "headers": repeated("a.html", "<header>x</header>", before=PAGE),
    "headers in divisions": nested(
        "a.html", "<div><header>x</header>", "", before=PAGE
    ),
    "buttons": repeated("a.html", "<button>x", before=PAGE),
    "footnotes": repeated("a.html", "<sup>[1]</sup>", before=PAGE),
    "footnotes in footnotes": repeated("a.html", "<sup>x", before=PAGE),
    "rubies": repeated("a.html", "<ruby>x<rt>y", before=PAGE),
    "frames": repeated("a.html", "<frameset><frame>", before="<html>"),
    "misplaced in tables": repeated("a.html", "x<b>", before=f"{PAGE}<table>"),
    "misplaced links in tables": numbered(
        "a.html", f"<tr>{A}", before=f"{PAGE}<table>"
    ),
    "groups in groups": Shape("a.html", _groups_in_groups),
    "paragraphs in fonts": Shape(
        "a.html",
        lambda size: (
            f"{PAGE}<p>"
            + "".join(f"<font color={n}>" for n in range(60))
            + "<p>x" * (size // 4)
        ),
    ),
    "fonts in items": numbered("a.html", "<li><font color=@>x", before=f"{PAGE}<ul>"),
    "drawings in drawings": repeated("a.html", "<path>", before=f"{PAGE}<svg>"),
    # ----- pages: siblings -----
    "100,000 siblings": repeated("a.html", "<i></i>", before=PAGE),
    "siblings that alternate": numbered(
        "a.html", f"<div>{A}</div><p>y</p>", before=PAGE
    ),
    "cards": numbered(
        "a.html", f"<div class=card><h3>{A}</h3><p>Words of it.</p></div>", before=PAGE
    ),
    "cards in cards": repeated(
        "a.html", "<div class=card><a href=//a.org/>x</a>", before=PAGE
    ),
    "cards of many classes": Shape("a.html", _classes),
    "cards of hundreds of classes": Shape("a.html", _many_classes),
    "cards with classes of their own": numbered(
        "a.html", f"<div class='post-@ k@'>{A}</div>", before=PAGE
    ),
    "custom elements": numbered("a.html", f"<x-@>{A}</x-@>", before=PAGE),
    "items of a list": numbered("a.html", f"<li>{A} - words", before=f"{PAGE}<ul>"),
    "lists of one item": numbered("a.html", f"<ul><li>{A}</ul>", before=PAGE),
    "sections": numbered(
        "a.html", f"<section><h2>s@</h2><ul><li>{A}</ul></section>", before=PAGE
    ),
    "headings without lists": numbered("a.html", "<h2>h@</h2>", before=PAGE),
    "headings and words": numbered(
        "a.html", f"<h3>h@</h3><p>words</p>{A}", before=PAGE
    ),
    "menus": numbered("a.html", f"<nav><ul><li>{A}</ul></nav>", before=PAGE),
    "lists that are menus": numbered(
        "a.html", "<ul><li><a href='/@'>x@</a></ul>", before=PAGE
    ),
    "folds": numbered(
        "a.html", f"<details><summary>s@</summary>{A}</details>", before=PAGE
    ),
    "tabs and panels": Shape("a.html", _same_panels),
    "images": repeated("a.html", "<img src=x alt=y>", before=PAGE),
    "line breaks": numbered("a.html", f"{A} - w<br>", before=PAGE),
    "empty lines": repeated("a.html", "<br>\n", before=PAGE),
    "columns of a page's table": Shape("a.html", _table_columns),
    "rows of a page's table": numbered(
        "a.html", f"<tr><td>{A}<td>w", before=f"{PAGE}<table>"
    ),
    "cells that span": Shape("a.html", _spans),
    "tables of one row": numbered("a.html", f"<table><tr><td>{A}</table>", before=PAGE),
    # ----- pages: what the parser sees before there is a tree -----
    "attributes": numbered("a.html", " a@=x", before=f"{PAGE}<a href=//a.org/"),
    "attributes in quotes": numbered("a.html", " a@='>'", before=f"{PAGE}<a"),
    "attributes of many elements": repeated(
        "a.html", f"<p {' '.join(f'a{n}' for n in range(200))}>", before=PAGE
    ),
    "equal attributes": repeated("a.html", " a=1", before=f"{PAGE}<a"),
    "attributes of the body": numbered("a.html", "<body a@=x>", before=PAGE),
    "classes of one element": numbered(
        "a.html", " c@", before=f"{PAGE}<div class='", after=f"'>{A}</div>"
    ),
    "entities": repeated("a.html", "&amp;&lt;&#x41;", before=PAGE),
    "entities that never end": repeated("a.html", "&#", before=PAGE),
    "ampersands": repeated("a.html", "&", before=PAGE),
    "comments": repeated("a.html", "<!--x-->", before=PAGE),
    "comments that never end": repeated("a.html", "<!--", before=PAGE),
    "comments before a page": repeated("a.html", "<!-- x -->"),
    "angle brackets": repeated("a.html", "<", before=PAGE),
    "angle brackets and slashes": repeated("a.html", "</", before=PAGE),
    "angle brackets and letters": repeated("a.html", "<a", before=PAGE),
    "opened quotes": repeated("a.html", '<a b="', before=PAGE),
    "declarations": repeated("a.html", "<!DOCTYPE ", before=PAGE),
    "sections of characters": repeated("a.html", "<![CDATA[", before=PAGE),
    "instructions": repeated("a.html", "<?x ", before=PAGE),
    "scripts": repeated("a.html", "<script>x</script>", before=PAGE),
    "scripts that never end": repeated("a.html", "<script>", before=PAGE),
    "scripts in comments": repeated("a.html", "<script><!--<script>", before=PAGE),
    "styles": repeated("a.html", "<style>x{}</style>", before=PAGE),
    "titles": repeated("a.html", "<title>x</title>", before=PAGE),
    "plain text": repeated("a.html", "<plaintext>", before=PAGE),
    "one long word": repeated("a.html", "x", before=f"{PAGE}<ul><li>"),
    "blanks in a page": repeated("a.html", " ", before=f"{PAGE}<ul><li>{A}", after="x"),
    "dashes in a page": repeated("a.html", " - ", before=f"{PAGE}<ul><li>{A}"),
    # ----- pages: data for machines -----
    "linked data": Shape("a.html", _linked_data),
    "linked data in linked data": Shape("a.html", _linked_data_nest),
    "linked data that refers": Shape("a.html", _linked_data_references),
    "references to one thing": Shape("a.html", _references_to_one),
    "folded data": Shape("a.html", _folded_data),
    "a long value in microdata": Shape("a.html", _long_value),
    "broken pieces of a stream": repeated(
        "a.html",
        '__next_f.push([1,"\\q"])',
        before=f"{PAGE}<script>",
        after="</script>",
    ),
    "scripts of linked data": numbered(
        "a.html",
        '<script type="application/ld+json">{"@type":"Product","name":"n@",'
        '"url":"https://a.org/@"}</script>',
        before=PAGE,
    ),
    "broken linked data": repeated(
        "a.html", '<script type="application/ld+json">{"a":</script>', before=PAGE
    ),
    "microdata": numbered(
        "a.html",
        '<div itemscope itemtype="https://schema.org/Product"><a itemprop="url" '
        'href="https://a.org/@"><i itemprop="name">n@</i></a></div>',
        before=PAGE,
    ),
    "microdata in microdata": repeated(
        "a.html", '<div itemscope itemprop="a">', before=PAGE
    ),
    "microdata in closed microdata": repeated(
        "a.html",
        '<div itemscope itemprop="a">' * 200
        + "<i itemprop=name>x</i>"
        + "</div>" * 200,
        before=PAGE,
    ),
    "microdata that refers": numbered(
        "a.html", '<div itemscope itemref="r@ r0 r1" id="r@"></div>', before=PAGE
    ),
    "RDFa": repeated("a.html", '<span typeof="Thing" property="b">', before=PAGE),
    "data of a script": repeated(
        "a.html",
        '{"name":"a","url":"https://a.org"},',
        before=f"{PAGE}<script id=__NEXT_DATA__ type=application/json>[",
        after="0]</script>",
    ),
    "assignments in scripts": repeated(
        "a.html", "window.x = {", before=f"{PAGE}<script>", after="</script>"
    ),
    "brackets in scripts": repeated(
        "a.html", "[{", before=f"{PAGE}<script>self.x=", after="</script>"
    ),
    "strings in scripts": repeated(
        "a.html",
        'self.__next_f.push([1,"a:[\\"$\\"]"])\n',
        before=f"{PAGE}<script>",
        after="</script>",
    ),
    "metas": repeated("a.html", '<meta property="og:image" content="x">'),
    "icons": numbered("a.html", '<link rel="icon" href="/@">', before="<html><head>"),
    "licences": numbered("a.html", "<a rel=license href=/@>x@</a>", before=PAGE),
    # ----- Markdown -----
    "brackets": repeated("a.md", "[", before=ITEM),
    "brackets in items": repeated("a.md", "- [\n"),
    "brackets that close": repeated("a.md", "]", before=ITEM),
    "brackets in brackets": nested("a.md", "[", "](x)", before=ITEM),
    "images in links": nested("a.md", "[![", "](x)](y)", before=ITEM),
    "stars": repeated("a.md", "*a **b ", before=ITEM[:-1]),
    "stars, one run": repeated("a.md", "*", before=f"{ITEM}a"),
    "underscores": repeated("a.md", "_a __b", before=ITEM),
    "backticks": Shape(
        "a.md",
        lambda size: ITEM + "".join("`" * (n % 90) + " " for n in range(size // 46)),
    ),
    "backticks, one kind": repeated("a.md", "` ", before=ITEM),
    "tildes": repeated("a.md", "~~a ", before=ITEM),
    "quotes": repeated("a.md", ">", before=ITEM),
    "quotes in lines": repeated("a.md", "> > > > a\n", before=ITEM),
    "quotes and items": repeated("a.md", "> - ", before=ITEM),
    "lists, ever deeper": Shape("a.md", _growing_indent),
    "lists in one line": repeated("a.md", "- ", before=ITEM, after="x"),
    "numbers in one line": repeated("a.md", "1. ", before=ITEM, after="x"),
    "items": numbered("a.md", "- [t@](https://a.org/@) - Words.\n"),
    "empty items": repeated("a.md", "-\n", before=ITEM),
    "definitions and uses": Shape("a.md", _definitions),
    "definitions of one name": repeated("a.md", "[a]: https://a.org\n", before=ITEM),
    "uses without definitions": repeated("a.md", "[a][b] ", before=ITEM),
    "columns": Shape("a.md", _markdown_columns),
    "rows": numbered(
        "a.md", "| t@ | https://a.org/@ |\n", before="| Name | URL |\n|-|-|\n"
    ),
    "rows of one column": repeated("a.md", "|-|\n", before="|a|\n|-|\n"),
    "tables": numbered("a.md", "| N | URL |\n|-|-|\n| t@ | https://a.org/@ |\n\n"),
    "headings": numbered("a.md", "# h@\n", before=ITEM),
    "headings and items": Shape("a.md", _many_headings),
    "underlined headings": repeated("a.md", "a\n=\n", before=ITEM),
    "one long underline": repeated("a.md", "=", before=f"{ITEM}\na\n"),
    "rules": repeated("a.md", "***\n", before=ITEM),
    "fences": repeated("a.md", "```\n", before=ITEM),
    "HTML in Markdown": repeated("a.md", "<div>\n\n", before=ITEM),
    "links of HTML in Markdown": repeated(
        "a.md", '<a href="https://a.org">', before=ITEM
    ),
    "tables of HTML in Markdown": repeated("a.md", "<table><tr><td>\n", before=ITEM),
    "closed tables of HTML in Markdown": Shape(
        "a.md",
        lambda size: (
            ITEM
            + ("\n" + "<table><tr><td>" * 40 + "x" + "</td></tr></table>" * 40 + "\n")
            * (size // 1323)
        ),
    ),
    "comments in Markdown": repeated("a.md", "<!--\n\n", before=ITEM),
    "folds in Markdown": repeated(
        "a.md", "<details><summary>x</summary>\n\n- [a](https://a.org)\n\n", before=ITEM
    ),
    "entities in Markdown": repeated("a.md", "&a", before=ITEM),
    "backslashes": repeated("a.md", "\\", before=ITEM),
    "autolinks": repeated("a.md", "<https://a", before=ITEM),
    "bare addresses": numbered("a.md", "https://a.org/@ ", before=ITEM),
    "mail addresses": repeated("a.md", "a@a.", before=ITEM),
    "parentheses": repeated("a.md", "(", before="- [a](https://a.org"),
    "badges": repeated("a.md", "![x](https://img.shields.io/x) ", before=ITEM[:-1]),
    "stars of figures": repeated("a.md", "1 \u2605 ", before=ITEM[:-1]),
    "tags": repeated("a.md", "`Go` ", before=ITEM[:-1]),
    "tags of many items": Shape("a.md", _many_tags),
    "parts in parentheses": repeated(
        "a.md", "([Demo](https://b.org)) ", before=ITEM[:-1]
    ),
    "dashes": repeated("a.md", " - ", before=ITEM[:-1]),
    "words and dashes": repeated("a.md", "word - ", before=ITEM[:-1]),
    "bars at the end of a description": repeated(
        "a.md", " |", before=ITEM[:-1] + " - a", after=" b"
    ),
    "blanks": repeated("a.md", " ", before=f"{ITEM}- ", after="x"),
    "blanks at the end": repeated("a.md", "a \t ", before=ITEM[:-1] + " - ", after="x"),
    "empty lines of Markdown": repeated("a.md", "\n", before=ITEM, after=ITEM),
    "dots": repeated("a.md", ".", before=ITEM[:-1] + " - "),
    "bars": repeated("a.md", "|", before=ITEM),
    "paragraphs with a link": numbered("a.md", "[t@](https://a.org/@)\n\n"),
    "front matter": repeated("a.md", "a: b\n", before="---\n"),
    "footnotes of Markdown": numbered("a.md", "[^@]: x\n", before=ITEM),
    # ----- what is done with items -----
    "one address": numbered("a.md", "- [t@](https://a.org/)\n"),
    "one item": repeated("a.md", ITEM),
    "one name": numbered("a.md", "- [tool](https://a.org/@)\n"),
    "one name on many hosts": numbered(
        "a.md", "- [tool](https://a@.org/) - Does it.\n"
    ),
    "long names with one beginning": Shape("a.md", _long_names),
    "names of one slug": Shape("a.md", _long_and_common),
    "one owner": Shape("a.md", _one_house),
    "names of common words": numbered("a.md", "- [the tool @ app](https://a.org/)\n"),
    "one description": numbered(
        "a.md", "- [t@](https://t@.org/) - Much the same as all the others here.\n"
    ),
    # ----- other lists of lines -----
    "items of reStructuredText": numbered("a.rst", "* `t@ <https://a.org/@>`_ - x\n"),
    "definitions of reStructuredText": Shape("a.rst", _rst_definitions),
    "backticks of reStructuredText": repeated(
        "a.rst", "`a <", before="* `a <https://a.org>`_ "
    ),
    "bars of reStructuredText": repeated(
        "a.rst", "|a ", before="* `a <https://a.org>`_ "
    ),
    "substitutions": numbered(
        "a.rst", ".. |s@| replace:: x\n", before="* `a <https://a.org>`_\n\n"
    ),
    "underlines of reStructuredText": repeated(
        "a.rst", "a\n=\n\n", before="* `a <https://a.org>`_\n\n"
    ),
    "indents of reStructuredText": Shape(
        "a.rst",
        lambda size: (
            "* `a <https://a.org>`_\n\n"
            + "".join(f"{' ' * (n % 300)}* b\n\n" for n in range(size // 154))
        ),
    ),
    "grids": repeated(
        "a.rst",
        "+--+--+\n|a |b |\n",
        before="* `a <https://a.org>`_\n\n",
        after="+--+--+\n",
    ),
    "items of AsciiDoc": numbered("a.adoc", "* https://a.org/@[t@] - x\n"),
    "attributes of AsciiDoc": numbered(
        "a.adoc", ":a@: {a@}\n", before="* https://a.org[A]\n"
    ),
    "attributes that grow": Shape(
        "a.adoc",
        lambda size: (
            ":a: " + "x" * (size // 2) + "\n* https://a.org[A] " + "{a}" * (size // 6)
        ),
    ),
    "cells of AsciiDoc": repeated(
        "a.adoc", "|x\n", before="* https://a.org[a]\n\n|===\n"
    ),
    "items of Org": numbered("a.org", "- [[https://a.org/@][t@]] - x\n"),
    "marks of Org": repeated("a.org", "*/=~", before="- [[https://a.org][A]] "),
    "brackets of Org": repeated("a.org", "[[", before="- [[https://a.org][A]] "),
    "blanks of Org": repeated(
        "a.org", " ", before="- [[https://a.org][A]]\n* a", after="b\n"
    ),
    "headings of Org": repeated(
        "a.org", "* a\n** b\n", before="- [[https://a.org][A]]\n"
    ),
    "items of a wiki": numbered("a.wiki", "* [https://a.org/@ t@] - x\n"),
    "braces of a wiki": repeated("a.wiki", "{{", before="* [https://a.org A]\n"),
    "templates of a wiki": repeated(
        "a.wiki", "{{a|", before="* [https://a.org A]\n", after="}}"
    ),
    "tables of a wiki": repeated("a.wiki", "{|\n", before="* [https://a.org A]\n"),
    "marks of a wiki": repeated("a.wiki", "''[[", before="* [https://a.org A] "),
    "references of a wiki": repeated("a.wiki", "<ref>", before="* [https://a.org A]\n"),
    "equals signs of a wiki": repeated("a.wiki", "=", before="* [https://a.org A]\n"),
    "items of Textile": numbered("a.textile", '* "t@":https://a.org/@ - x\n'),
    "quotes of Textile": repeated("a.textile", '"a', before='* "A":https://a.org '),
    "marks of Textile": repeated("a.textile", "*_@-", before='* "A":https://a.org '),
    "plain addresses": numbered("a.txt", "https://a.org/@\n"),
    "plain addresses in one line": numbered("a.txt", "https://a.org/@ "),
    "one enormous line": repeated("a.txt", "word ", before="https://a.org "),
    "plain records": numbered("a.txt", "Name: a@\nURL: https://a.org/@\n\n"),
    "fields of plain records": numbered(
        "a.txt", "Name: a@\nURL: https://a.org/@\nk@: v\n\n"
    ),
    "11111!": repeated("a.txt", "1", before="https://a.org - ", after="!"),
    "aaaa!": repeated("a.txt", "a", before="https://a.org\n", after="!"),
    "colons": repeated("a.txt", "a:", before="https://a.org\n"),
    "slashes": repeated("a.txt", "/", before="https://a.org"),
    "points in an address": repeated("a.txt", "a.", before="https://", after="org"),
    "queries": numbered("a.txt", "&utm_a@=x", before="https://a.org/?"),
    "percent signs": repeated("a.txt", "%41", before="https://a.org/"),
    # ----- tables of characters -----
    "rows of CSV": numbered(
        "a.csv", "t@,https://a.org/@,w\n", before="name,url,description\n"
    ),
    "columns of CSV": Shape("a.csv", _csv_columns),
    "empty columns of CSV": Shape("a.csv", _sparse_csv),
    "an open quotation mark": repeated(
        "a.csv", "x,y\n", before='name,url\nA,https://a.org\n"'
    ),
    "quotation marks": repeated("a.csv", '"', before="name,url\nA,https://a.org\n"),
    "quotation marks in pairs": repeated(
        "a.csv", '"a""b",', before="name,url\nA,https://a.org\n"
    ),
    "quotation marks of lines": repeated(
        "a.csv", '"a\n', before="name,url\nA,https://a.org\n"
    ),
    "tabs": repeated("a.tsv", "\t", before="name\turl\nA\thttps://a.org\n"),
    "semicolons": repeated("a.csv", "a;b,c\td|", before="name,url\nA,https://a.org\n"),
    "blanks of a cell": repeated(
        "a.csv", " ", before='name,url\n"notion.', after='x",https://a.org\n'
    ),
    "comments of CSV": repeated("a.csv", "# a\n", after="name,url\nA,https://a.org\n"),
    # ----- records -----
    "records of JSON": numbered(
        "a.json",
        '{"name":"t@","url":"https://a.org/@"},',
        before="[",
        after='{"name":"a"}]',
    ),
    "deep JSON": nested("a.json", "[", "]"),
    "deep objects of JSON": nested("a.json", '{"a":', "}", middle="1"),
    "many deep objects": repeated(
        "a.json",
        '{"a":' * 40 + '"https://a.org"' + "}" * 40 + ",",
        before="[",
        after="0]",
    ),
    "wide JSON": Shape("a.json", _wide_json),
    "keys that differ": Shape("a.json", _keys_that_differ),
    "JSON that refers": Shape("a.json", _json_references),
    "maps of maps": Shape("a.json", _maps_of_maps),
    "a long key of JSON": Shape("a.json", _long_key),
    "equal keys": repeated(
        "a.json", '"name":"x",', before='[{"url":"https://a.org",', after='"a":1}]'
    ),
    "JSON that never ends": repeated(
        "a.json", '{"name":"a","url":"https://a.org"},', before="["
    ),
    "lines of JSON": numbered("a.jsonl", '{"name":"t@","url":"https://a.org/@"}\n'),
    "JSON without commas": repeated("a.json", '{"name":"a","url":"https://a.org"} '),
    "commas of JSON": repeated("a.json", ",", before="["),
    "escapes of JSON": repeated(
        "a.json", "\\u00e9", before='[{"url":"https://a.org","name":"', after='"}]'
    ),
    "numbers of JSON": repeated(
        "a.json", "9", before='[{"url":"https://a.org","name":', after="}]"
    ),
    "tags of JSON": numbered(
        "a.json",
        '"g@",',
        before='[{"name":"a","url":"https://a.org","tags":[',
        after='"x"]}]',
    ),
    "categories of JSON": numbered(
        "a.json",
        '{"name":"t@","url":"https://a.org/@","category":"c@"},',
        before="[",
        after='{"name":"a"}]',
    ),
    "notebooks": Shape("a.ipynb", _notebook),
    "bundles": Shape("a.json", _bundle_of_folders),
    "records of YAML": numbered("a.yml", "- name: t@\n  url: https://a.org/@\n"),
    "YAML of many keys": Shape("a.yml", _yaml_records),
    "deep YAML": repeated("a.yml", "[", before="url: https://a.org\nx: "),
    "YAML, ever deeper": Shape(
        "a.yml",
        lambda size: (
            "url: https://a.org\n"
            + "".join(" " * n + "a:\n" for n in range(int((2 * size) ** 0.5)))
        ),
    ),
    "keys of YAML": numbered("a.yml", "k@: v\n", before="url: https://a.org\n"),
    "aliases": repeated(
        "a.yml", "- *a\n", before="- &a {name: a, url: 'https://a.org'}\n"
    ),
    "strings of YAML": repeated(
        "a.yml", "x\n\n  ", before="- url: https://a.org\n  name: 'a ", after="'"
    ),
    "records of TOML": numbered(
        "a.toml", "[[a]]\nname = 't@'\nurl = 'https://a.org/@'\n"
    ),
    "tables of TOML": numbered(
        "a.toml", "[a.b@]\nname = 't@'\nurl = 'https://a.org/@'\n"
    ),
    "dots of TOML": repeated(
        "a.toml", "a.", before="[[a]]\nurl='https://a.org'\n", after="a = 1\n"
    ),
    "arrays of TOML": repeated(
        "a.toml", "[", before="[[a]]\nurl='https://a.org'\nx = "
    ),
    # ----- feeds and trees -----
    "items of a feed": numbered(
        "a.xml",
        "<item><title>t@</title><link>https://a.org/@</link></item>",
        before="<rss><channel>",
        after="</channel></rss>",
    ),
    "items in items of a feed": repeated("a.xml", "<item><title>a</title>", before=RSS),
    "HTML in feeds": repeated(
        "a.xml",
        "&lt;div&gt;",
        before="<rss><channel><item><title>a</title><link>https://a.org</link><description>",
        after="</description></item></channel></rss>",
    ),
    "links of HTML in feeds": repeated(
        "a.xml",
        "&lt;a href=x&gt;",
        before="<rss><channel><item><title>a</title><link>https://a.org</link><description>",
        after="</description></item></channel></rss>",
    ),
    "categories of a feed": numbered(
        "a.xml",
        "<category>c@</category>",
        before="<rss><channel><item><title>a</title><link>https://a.org</link>",
        after="</item></channel></rss>",
    ),
    "names of elements": numbered(
        "a.xml", "<n@/>", before=RSS, after="</channel></rss>"
    ),
    "names of spaces": numbered(
        "a.xml", "<x xmlns:p@='u@'/>", before=RSS, after="</channel></rss>"
    ),
    "attributes of XML": numbered("a.xml", " a@='x'", before="<rss", after="/>"),
    "sections of characters in XML": repeated(
        "a.xml",
        "<![CDATA[x]]>",
        before="<rss><channel><item><title>",
        after="</title></item></channel></rss>",
    ),
    "entries of Atom": numbered(
        "a.xml",
        "<entry><title>t@</title><link href='https://a.org/@'/></entry>",
        before="<feed>",
        after="</feed>",
    ),
    "outlines": numbered(
        "a.opml",
        "<outline text='t@' xmlUrl='https://a.org/@'/>",
        before="<opml><body>",
        after="</body></opml>",
    ),
    "deep outlines": nested(
        "a.opml", "<outline text='a'>", "</outline>", before="<opml><body>"
    ),
    "many deep outlines": repeated(
        "a.opml",
        "<outline text='a'>" * 30
        + "<outline text='t' xmlUrl='https://a.org'/>"
        + "</outline>" * 30,
        before="<opml><body>",
        after="</body></opml>",
    ),
    "addresses of a site map": numbered(
        "a.xml",
        "<url><loc>https://a.org/@</loc></url>",
        before="<urlset>",
        after="</urlset>",
    ),
    "records of XML": numbered(
        "a.xml",
        "<tool><name>t@</name><url>https://a.org/@</url></tool>",
        before="<?xml version='1.0'?><tools>",
        after="</tools>",
    ),
    "deep XML": nested("a.xml", "<a>", "</a>", before="<?xml version='1.0'?>"),
    "bookmarks": numbered(
        "a.html", "<DT><A HREF='https://a.org/@'>t@</A>\n", before=NETSCAPE
    ),
    "folders of bookmarks": repeated(
        "a.html",
        "<DT><H3>a</H3><DL>\n<DT><A HREF='https://a.org'>a</A>\n",
        before=NETSCAPE,
    ),
    "folders that close": repeated(
        "a.html",
        "<DT><H3>a</H3><DL><DT><A HREF='https://a.org'>a</A></DL>",
        before=NETSCAPE,
    ),
    "tags of bookmarks": numbered(
        "a.html",
        "g@,",
        before=NETSCAPE + "<DT><A HREF='https://a.org' TAGS='",
        after="'>a</A>",
    ),
    "open tags of bookmarks": repeated("a.html", "<a ", before=NETSCAPE),
    "words about bookmarks": repeated(
        "a.html", "<DD>x", before=NETSCAPE + "<DT><A HREF='https://a.org'>a</A>"
    ),
    "XBEL": numbered(
        "a.xbel",
        "<bookmark href='https://a.org/@'><title>t@</title></bookmark>",
        before="<xbel>",
        after="</xbel>",
    ),
    # ----- texts that are in no format, or in all -----
    "guesses: pipes and commas": repeated("a", "a|b,c;d\t"),
    "guesses: colons": repeated("a", "a: b: "),
    "guesses: equals signs": repeated("a", "a = "),
    "guesses: angle brackets": repeated("a", "<a>b "),
    "guesses: lines of one letter": repeated("a", "a\n"),
    "guesses: rules": repeated("a", "-" * 70 + "\n"),
    "guesses: one rule": repeated("a", "-"),
    "guesses: blanks": repeated("a", " ", before="a", after="b"),
    "guesses: blanks in lines": repeated("a", " " * 99 + "\n", before="a\n", after="b"),
    "guesses: stars": repeated("a", "* "),
    "guesses: braces": repeated("a", "{"),
    "guesses: quotation marks": repeated("a", '"'),
    "guesses: numbers": repeated("a", "1."),
    "guesses: accents": repeated("a", "\u0301", before="e"),
    "guesses: marks of direction": repeated(
        "a", "\u202e\u2066", before="https://a.org "
    ),
    "guesses: ideographs": repeated("a", "\u6570", before="https://a.org "),
    "guesses: ligatures": repeated("a", "\ufdfa", before="https://a.org "),
}


@cache
def _tools() -> Tools:
    context = RunContext(
        run_id=UUID(int=1),
        attempt=1,
        clock=NOON,
        directory=DirectoryContext(
            id=UUID(int=2), namespace="n", slug="shapes", name="Shapes"
        ),
        committer=Identity(name="A", email="a@example.org"),
        request=GenerationRequest(name="Shapes", prompt="programs"),
    )
    nothing = read_data(Repository(Path("there-is-none.git")))

    def fetch(url: str, *, typed: bool = True, stop: Stop | None = None) -> Page:
        raise AssertionError("nothing is to be fetched")

    def document(sha256: str) -> bytes:
        raise AssertionError("no document is kept elsewhere")

    return Tools(context, nothing, fetch, document, lambda part: None)


STEPS_OF_A_SOURCE = STEPS[[step.name for step in STEPS].index("content-filtering") :]


# The stages that read; the others are about what was found.
READING = ("decode", "read", "details", "markup")


def stages(name: str, size: int) -> Iterator[tuple[str, Callable[[], None]]]:
    """Name what is done with a source, one after the other."""
    shape = SHAPES[name]
    text = shape.make(size)
    content = text.encode("utf-8", "surrogatepass")
    tools = _tools()
    draft = Draft(documents=(Document(source=shape.file, text=text),))

    def decoding() -> None:
        decode_named(content)
        if name.startswith("guesses"):
            # An encoding that is not declared has to be guessed, too.
            decode_named(content + b"\xe9")

    def step_of(number: int) -> Callable[[], None]:
        def take() -> None:
            nonlocal draft
            draft = STEPS_OF_A_SOURCE[number].run(draft, tools).draft

        return take

    def rendering() -> None:
        for _ in render_list(draft.catalogue, Masthead(slug="shapes", name="Shapes")):
            pass

    def importing() -> None:
        import_items(tools.stored, reading, now=NOON.isoformat())

    reading = Reading(kind="markdown")

    def reading_one() -> None:
        nonlocal reading
        reading = read_document(draft.documents[0])

    yield "decode", decoding
    yield "read", reading_one
    # What was read is not read again.
    draft = draft.but(documents=(), candidates=reading.candidates)
    for number, step in enumerate(STEPS_OF_A_SOURCE):
        yield step.name, step_of(number)
    yield "list", rendering
    yield "import", importing
    if shape.file.endswith(("html", "a")):
        url = "https://example.org/"
        page = Page(
            requested_url=url, url=url, content_type="text/html", content=content
        )
        yield "details", lambda: void(read_details(page))
    yield "markup", lambda: void((plain_text(text), strip_raw_html(text)))


def void(_: object) -> None:
    """Drop what a stage gives."""
