"""Lists, tables and plain cards in HTML pages."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
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

    assert time.process_time() - before < 30


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


@given(st.lists(MARKUP | st.text(max_size=5), max_size=60).map("".join))
def test_any_page_is_read_or_refused(body: str) -> None:
    try:
        reading = read(body)
    except SourceError:
        return
    for candidate in reading.candidates:
        assert candidate.name
        assert candidate.url.lower().startswith(("https://", "http://"))


def test_element_with_endless_attributes_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(UnreadableSource, match="too many attributes"):
        read(f"<a {' '.join(f'a{n}=1' for n in range(100_000))}>x</a>")


def card(name: str, url: str, *, mark: str = "", sort: str = "") -> str:
    return (
        f"<div class='card' id='c-{name}'><h3>{name}</h3><i class='x'>{sort}</i>"
        f"<p>A program that is called {name}.</p><b class='badge'>{mark}</b>"
        f"<a href='/{name}'>More</a> <a href='{url}'>Website</a></div>"
    )


def test_repeated_words_at_one_place_are_the_category() -> None:
    sorts = ["Editors", "Servers"] * 3
    cards = "".join(
        card(f"Tool {n}", f"https://{n}.example.org", sort=sort)
        for n, sort in enumerate(sorts)
    )

    assert [c.category for c in read(f"<main>{cards}</main>").candidates] == sorts


@pytest.mark.parametrize(
    "words",
    [
        ["MIT", "GPL-3.0", "MIT", "MIT", "GPL-3.0", "MIT"],
        ["Free", "Paid", "Free", "Paid", "Free", "Free"],
        ["12 stars", "9 stars", "12 stars", "9 stars", "12 stars", "9 stars"],
        ["May 2024", "June 2024", "May 2024", "June 2024", "May 2024", "May 2024"],
        ["Tool A", "Tool B", "Tool C", "Tool D", "Tool E", "Tool F"],
    ],
    ids=["licences", "prices", "counts", "dates", "all different"],
)
def test_words_that_sort_nothing_are_no_category(words: list[str]) -> None:
    cards = "".join(
        card(f"Name {n}", f"https://{n}.example.org", sort=word)
        for n, word in enumerate(words)
    )

    found = read(f"<main>{cards}</main>").candidates

    assert [c.category for c in found] == [""] * len(words)


def test_headings_above_cards_sort_them_and_their_words_do_not() -> None:
    body = "".join(
        f"<section><h2>{heading}</h2>"
        + "".join(
            card(f"{heading} {n}", f"https://{heading}{n}.example.org", sort=sort)
            for n, sort in enumerate(["Web", "Desktop", "Web"])
        )
        + "</section>"
        for heading in ("Editors", "Servers")
    )

    found = read(f"<main>{body}</main>").candidates

    assert {(c.path, c.category) for c in found} == {
        (("Editors",), ""),
        (("Servers",), ""),
    }


def test_advertisement_among_cards_is_left_out_with_its_reason() -> None:
    cards = [card(f"Tool {n}", f"https://{n}.example.org") for n in range(4)]
    cards.insert(2, card("Cheap hosting", "https://ads.example.net", mark="Sponsored"))

    reading = read(f"<main>{''.join(cards)}</main>")

    assert [c.name for c in reading.candidates] == [f"Tool {n}" for n in range(4)]
    assert [(x.name, x.reason) for x in reading.left_out] == [
        ("Cheap hosting", "it is marked as an advertisement")
    ]


def test_news_beside_the_cards_are_left_out_with_their_reason() -> None:
    cards = "".join(
        f"<div class='card'><h3>Tool {n}</h3><p>It does the work of {n} people.</p>"
        f"<a href='https://{n}.example.org'>Website</a></div>"
        for n in range(12)
    )
    news = "".join(
        f"<div><h3>News {n}</h3><a href='https://n{n}.example.net/'>read it</a></div>"
        for n in range(3)
    )

    reading = read(f"<main><div>{news}</div><div>{cards}</div></main>")

    assert [c.name for c in reading.candidates] == [f"Tool {n}" for n in range(12)]
    assert {x.reason for x in reading.left_out} == {
        "it stands beside the page's list, not in it"
    }


def test_one_column_of_links_is_followed_in_the_whole_list() -> None:
    cards = "".join(
        f"<div class='card'><h3><a href='/tool/{n}'>Tool {n}</a></h3>"
        f"<a href='https://github.com/o/{n}'><img src='/github.svg' alt=''></a>"
        + (
            f"<a href='https://{n}.example.org'><img src='/web.svg'></a>"
            if n != 2
            else ""
        )
        + "</div>"
        for n in range(5)
    )

    found = read(f"<main>{cards}</main>").candidates

    assert [c.url for c in found] == [
        "https://0.example.org",
        "https://1.example.org",
        "https://github.com/o/2",
        "https://3.example.org",
        "https://4.example.org",
    ]
    assert found[0].facts == {"source_code_url": "https://github.com/o/0"}


def test_cell_over_several_rows_counts_in_each() -> None:
    reading = read(
        "<table><tr><th>Category</th><th>Name</th><th>Description</th></tr>"
        "<tr><td rowspan='2'>Data</td><td><a href='https://redis.io'>Redis</a></td>"
        "<td>A store.</td></tr><tr><td><a href='https://sqlite.org'>SQLite</a></td>"
        "<td>An engine.</td></tr></table>"
    )

    assert [(c.name, c.category) for c in reading.candidates] == [
        ("Redis", "Data"),
        ("SQLite", "Data"),
    ]


def test_hidden_panel_that_a_tab_shows_is_read_under_its_name() -> None:
    reading = read(
        "<a role='tab' href='#db' aria-controls='db'>Databases</a>"
        "<div role='tabpanel' id='db' hidden><ul><li><a href='https://redis.io'>Redis</a>"
        ": a store</li></ul></div>"
    )

    assert [(c.name, c.path) for c in reading.candidates] == [("Redis", ("Databases",))]


def test_what_a_disclosure_holds_does_not_head_what_follows_it() -> None:
    reading = read(
        "<details><summary>Databases</summary><ul><li><a href='https://redis.io'>Redis"
        "</a>: a store</li></ul></details><ul><li><a href='https://gohugo.io'>Hugo</a>: "
        "a generator</li></ul>"
    )

    assert [c.path for c in reading.candidates] == [("Databases",), ()]


def test_name_that_is_also_a_kind_of_link_is_a_name_on_its_own_page() -> None:
    reading = read(
        "<ul><li><a href='https://about.gitlab.com/'>GitLab</a></li>"
        "<li><a href='https://gitlab.com/a/b'>GitLab</a></li></ul>"
    )

    assert [c.url for c in reading.candidates] == ["https://about.gitlab.com/"]


def test_ways_through_a_document_are_no_items() -> None:
    reading = read(
        "<div><a href='https://a.example.org/1'>Prev</a><a href='https://a.example.org'>"
        "Up</a><a href='https://a.example.org/3'>Next</a></div>"
    )

    assert reading.candidates == ()


def test_a_bare_address_ends_with_its_element() -> None:
    reading = read(
        "<ul><li><span>Redis</span> <span>https://redis.io</span><span>A store</span></li>"
        "<li>Hugo <em>https://gohugo.io/<wbr>about</em><small>A generator</small></li>"
        "<li>SQLite https://sqlite.org<title>hidden</title><input></li></ul>"
    )

    assert [(c.name, c.url, c.description) for c in reading.candidates] == [
        ("Redis", "https://redis.io", "A store"),
        ("Hugo", "https://gohugo.io/about", "A generator"),
        ("SQLite", "https://sqlite.org", ""),
    ]


@pytest.mark.parametrize(
    "label",
    [
        *("Learn more", "Get started", "Try it free", "Sign up here", "View on GitHub"),
        *(
            "Visit Umami",
            "Umami website",
            "Try Umami for free",
            "www.umami.is",
            "umami.is",
        ),
        *("zur Webseite", "Site web", "Ver", "公式サイトはこちら", "Подробнее"),
    ],
)
def test_link_that_only_asks_to_follow_it_names_nothing(label: str) -> None:
    reading = read(
        "<ul>"
        f"<li><strong>Umami</strong>: Counts visitors. <a href='https://www.umami.is/'>{label}</a></li>"
        "<li><strong>Matomo</strong>: Counts more. <a href='https://matomo.org/'>Website</a></li>"
        "</ul>"
    )

    assert [(c.name, c.url, c.description) for c in reading.candidates] == [
        ("Umami", "https://www.umami.is/", "Counts visitors."),
        ("Matomo", "https://matomo.org/", "Counts more."),
    ]
