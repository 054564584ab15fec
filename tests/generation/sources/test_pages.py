"""Lists, tables and plain cards in HTML pages."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generation.exceptions import SourceError, UnreadableSource
from generation.sources import read_document
from generation.sources.candidates import Document, Reading

URL = "https://lists.example.org/tools/"


def read(body: str) -> Reading:
    return read_document(
        Document(
            source=URL,
            url=URL,
            media_type="text/html",
            text=f"<!doctype html><html><body>{body}</body></html>",
        )
    )


def test_item_is_read_as_in_markdown() -> None:
    reading = read(
        "<h1>List</h1><h2>Analytics</h2><ul><li><a href='http://www.awstats.org/'>AWStats"
        "</a> - Generate statistics. (<a href='https://github.com/eldy/awstats'>Source "
        "Code</a>) <code>GPL-3.0</code> <code>Perl</code></li></ul>"
    )

    (item,) = reading.candidates
    assert item.model_dump(exclude={"category", "tags", "groups"}) == {
        "name": "AWStats",
        "url": "http://www.awstats.org/",
        "description": "Generate statistics.",
        "path": ("Analytics",),
        "labels": ("Perl",),
        "facts": {
            "license": "GPL-3.0",
            "source_code_url": "https://github.com/eldy/awstats",
        },
        "source": URL,
        "locator": "Analytics",
    }


def test_what_surrounds_the_list_is_ignored() -> None:
    reading = read(
        "<header><ul><li><a href='https://x.com/us'>X</a></li></ul></header>"
        "<nav><a href='/'>Home</a></nav><div class='breadcrumbs'><ul><li>"
        "<a href='https://a.example.org'>A</a></li></ul></div>"
        "<ul hidden><li><a href='https://b.example.org'>B</a></li></ul>"
        "<ul><li><a href='/imprint'>Imprint</a></li><li><a href='/blog'>Blog</a></li></ul>"
        "<ul><li><a href='https://redis.io'>Redis</a>: a store</li></ul>"
        "<aside><ul><li><a href='https://c.example.org'>C</a></li></ul></aside>"
        "<footer><ul><li><a href='https://d.example.org'>D</a></li></ul></footer>"
    )

    assert [c.name for c in reading.candidates] == ["Redis"]


def test_relative_links_are_resolved() -> None:
    reading = read("<ul><li><a href='redis.html'>Redis</a>: a store</li></ul>")

    assert reading.candidates[0].url == "https://lists.example.org/tools/redis.html"


def test_base_element_counts() -> None:
    reading = read(
        "<base href='https://cdn.example.org/'><ul><li><a href='x'>X1</a>: y</li></ul>"
    )

    assert reading.candidates[0].url == "https://cdn.example.org/x"


def test_table_inside_a_layout_table_is_read() -> None:
    reading = read(
        "<table><tr><td><table><thead><tr><th>#</th><th>Name</th><th>Category</th>"
        "<th>What it does</th></tr></thead><tr><td>1</td>"
        "<td><a href='https://www.psycopg.org'><b>psycopg</b></a></td><td>Drivers</td>"
        "<td>PostgreSQL adapter.</td></tr></table></td></tr></table>"
    )

    (item,) = reading.candidates
    assert (item.name, item.category) == ("psycopg", "Drivers")
    assert item.description == "PostgreSQL adapter."


def test_row_across_a_table_heads_the_rows_below() -> None:
    reading = read(
        "<table><tr><th>Tool</th><th>Verdict</th><th>Links</th></tr>"
        "<tr><th colspan='3'>Python</th></tr><tr><td>ruff</td><td>A fast linter.</td>"
        "<td><a href='https://docs.astral.sh/ruff/'>Website</a></td></tr></table>"
    )

    (item,) = reading.candidates
    assert (item.name, item.path) == ("ruff", ("Python",))
    assert item.url == "https://docs.astral.sh/ruff/"


def test_definition_list_is_read() -> None:
    reading = read(
        "<dl><dt><a href='https://git-scm.com'>Git</a></dt><dd>Version control.</dd>"
        "<dt>Mercurial</dt><dd>Version control. "
        "<a href='https://www.mercurial-scm.org'>Website</a></dd></dl>"
    )

    assert [(c.name, c.description) for c in reading.candidates] == [
        ("Git", "Version control."),
        ("Mercurial", "Version control."),
    ]


def test_definition_list_inside_an_item_is_read() -> None:
    reading = read(
        "<ul><li>Version control<dl><dt><a href='https://git-scm.com'>Git</a></dt>"
        "<dd>By Linus.</dd></dl></li></ul>"
    )

    (git,) = reading.candidates
    assert (git.description, git.groups) == ("By Linus.", ("Version control",))


def test_page_of_a_code_forge_is_read_where_the_readme_is() -> None:
    reading = read(
        "<main><ul><li><a href='https://github.com/a/b/issues'>Issues</a> 7</li></ul>"
        "<article class='markdown-body'><h2>Tools</h2><ul>"
        "<li><a href='https://one.example.org'>One</a> - First.</li>"
        "<li><a href='https://two.example.org'>Two</a> - Second.</li>"
        "<li><a href='https://six.example.org'>Six</a> - Sixth.</li></ul></article>"
        "<ul><li><a href='https://github.com/octocat'>octocat</a> wrote</li></ul></main>"
    )

    assert [c.name for c in reading.candidates] == ["One", "Two", "Six"]


def test_cards_are_read_where_there_is_no_list() -> None:
    names = ["Gitea", "Forgejo", "Gogs"]
    cards = "".join(
        f"<div class='card'><h3><a href='/{name}'>{name}</a></h3><p>A forge written in "
        f"Go.</p><a href='https://{name}.example.org/?utm_source=x'>Visit</a></div>"
        for name in names
    )

    reading = read(f"<main><h2>Forges</h2><div>{cards}</div></main>")

    assert [(c.name, c.url) for c in reading.candidates] == [
        (name, f"https://{name}.example.org/") for name in names
    ]
    assert reading.candidates[0].path == ("Forges",)
    assert reading.candidates[0].description == "A forge written in Go."


def test_link_around_a_block_is_named_by_its_first_words() -> None:
    reading = read(
        "<ul><li><a href='https://zim-wiki.org'><h3>Zim</h3><p>A desktop wiki.</p></a>"
        "</li></ul>"
    )

    assert reading.candidates[0].name == "Zim"
    assert reading.candidates[0].description == "A desktop wiki."


def test_deep_nesting_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(UnreadableSource, match="nested too deeply"):
        read("<div>" * 100_000)


@pytest.mark.parametrize(
    "body",
    [
        "<div>" * 900 + "<p>x" * 20_000,
        "<table><tr><td>" * 900 + "<a href='https://a.example.org'>a</a>",
        "<ul><li>" + "x " * 300_000,
        "<ul>" + "<li>(([[ - - : " * 20_000,
        "<!--" * 50_000,
        "<a><p>" * 20_000,
    ],
)
def test_hostile_pages_take_no_long_time(body: str) -> None:
    before = time.process_time()

    read(body)

    assert time.process_time() - before < 5


MARKUP = st.sampled_from(
    [
        "<ul>",
        "</ul>",
        "<li>",
        "</li>",
        "<a href='https://a.example.org'>",
        "</a>",
        "<dl>",
        "<dt>",
        "<dd>",
        "</dl>",
        "<table>",
        "<tr>",
        "<td>",
        "</td>",
        "</table>",
        "<h2>",
        "</h2>",
        "<p>",
        "<b>",
        "</b>",
        "<code>",
        "<div class='tag'>",
        "</div>",
        "<!--",
        "<br>",
        "<summary>",
        "</summary>",
        "<th>",
        "</p>",
        "</li></ul></td>",
        "<details>",
        "text",
    ],
)


@settings(deadline=None)  # a busy machine is not a bug
@given(st.lists(MARKUP | st.text(max_size=5), max_size=60).map("".join))
def test_any_page_is_read_or_refused(body: str) -> None:
    try:
        reading = read(body)
    except SourceError:
        return
    for candidate in reading.candidates:
        assert candidate.name
        assert candidate.url.lower().startswith(("https://", "http://"))
