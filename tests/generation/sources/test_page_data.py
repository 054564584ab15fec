"""What a page holds for machines: JSON-LD, microdata, RDFa, the data of scripts."""

from __future__ import annotations

import json
import time
from html import escape
from typing import Any

import pytest

from generation.exceptions import SourceError
from generation.sources import read_document
from generation.sources.candidates import Document, Reading

URL = "https://lists.example.org/tools/"
APPS = (
    ("Redis", "https://redis.io/", "An in-memory data store."),
    ("Grafana", "https://grafana.com/", "Dashboards for metrics."),
    ("Hugo", "https://gohugo.io/", "A static site generator."),
)


def read(body: str) -> Reading:
    text = f"<!doctype html><html><body>{body}</body></html>"
    return read_document(
        Document(source=URL, url=URL, media_type="text/html", text=text)
    )


def linked_data(value: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps(value)}</script>'


def app(name: str, url: str, description: str) -> dict[str, str]:
    kind = "SoftwareApplication"
    return {"@type": kind, "name": name, "url": url, "description": description}


def item_list(*items: Any, name: str = "") -> dict[str, Any]:
    listed = [{"@type": "ListItem", "item": item} for item in items]
    return {"@type": "ItemList", "name": name, "itemListElement": listed}


def test_list_of_linked_data_is_read() -> None:
    reading = read(linked_data(item_list(*(app(*facts) for facts in APPS))))

    assert [(c.name, c.url, c.description) for c in reading.candidates] == list(APPS)


def test_names_of_several_lists_sort_their_items() -> None:
    redis, grafana, hugo = (app(*facts) for facts in APPS)

    reading = read(
        linked_data(
            [item_list(redis, name="Data"), item_list(grafana, hugo, name="Web")]
        )
    )

    assert [c.path for c in reading.candidates] == [("Data",), ("Web",), ("Web",)]


def test_broken_block_costs_only_itself() -> None:
    reading = read(
        '<script type="application/ld+json">{"@type": "ItemList", </script>'
        + linked_data(item_list(*(app(*facts) for facts in APPS)))
    )

    assert [c.name for c in reading.candidates] == ["Redis", "Grafana", "Hugo"]


def test_references_are_followed_once_and_cycles_end() -> None:
    things = [{"@id": f"#{n}", **app(*facts)} for n, facts in enumerate(APPS)]
    ring = [
        {"@id": "#a", "@type": "ItemList", "itemListElement": [{"@id": "#b"}]},
        {"@id": "#b", "@type": "ItemList", "itemListElement": [{"@id": "#a"}]},
    ]

    reading = read(
        linked_data(
            {
                "@graph": [
                    *things,
                    *ring,
                    item_list(*({"@id": f"#{n}"} for n in range(3))),
                ]
            }
        )
    )

    assert [c.name for c in reading.candidates] == ["Redis", "Grafana", "Hugo"]


def test_way_to_the_page_and_its_publisher_are_no_items() -> None:
    crumbs = [
        {"@type": "ListItem", "name": name, "item": f"https://lists.example.org/{name}"}
        for name in ("Home", "Tools", "All")
    ]

    reading = read(
        linked_data(
            [
                {"@type": "BreadcrumbList", "itemListElement": crumbs},
                {
                    "@type": "Organization",
                    "name": "Us",
                    "url": "https://us.example.org",
                },
            ]
        )
    )

    assert reading.candidates == ()


def test_linked_data_completes_what_the_page_shows() -> None:
    cards = "".join(
        f"<div class='card'><h3><a href='/t/{name}'>{name}</a></h3></div>"
        for name, *_ in APPS
    )

    reading = read(
        f"<main>{cards}</main>"
        + linked_data(item_list(*(app(*facts) for facts in APPS)))
    )

    assert [(c.name, c.url, c.description) for c in reading.candidates] == list(APPS)


def test_linked_data_about_something_else_adds_nothing() -> None:
    items = "".join(f"<li><a href='{u}'>{n}</a> - {d}</li>" for n, u, d in APPS)
    posts = [
        app(f"Post {n}", f"https://lists.example.org/blog/{n}", "News.")
        for n in range(5)
    ]

    reading = read(f"<ul>{items}</ul>" + linked_data(item_list(*posts)))

    assert [c.name for c in reading.candidates] == ["Redis", "Grafana", "Hugo"]


def test_rdfa_is_read() -> None:
    body = "".join(
        f"<div vocab='https://schema.org/' typeof='SoftwareApplication'>"
        f"<span property='name'>{name}</span><link property='url' href='{url}'>"
        f"<span property='description'>{description}</span></div>"
        for name, url, description in APPS
    )

    reading = read(body)

    assert [(c.name, c.url, c.description) for c in reading.candidates] == list(APPS)


def test_data_of_a_script_is_read_where_the_page_shows_no_list() -> None:
    records = [
        dict(zip(("name", "url", "summary"), facts, strict=True)) for facts in APPS
    ]
    menu = [{"title": word, "href": f"/{word}"} for word in ("home", "blog", "about")]
    state = {"menu": menu, "tools": records}

    reading = read(f"<script>window.__STATE__ = {json.dumps(state)};</script>")

    assert reading.kind == "html data"
    assert [(c.name, c.url) for c in reading.candidates] == [
        facts[:2] for facts in APPS
    ]


def test_folded_data_is_unfolded() -> None:
    values: list[Any] = [["Reactive", 1], {"tools": 2}, [3, 4, 5]]
    values += [
        {"name": 6 + 3 * n, "url": 7 + 3 * n, "description": 8 + 3 * n}
        for n in range(3)
    ]
    values += [text for facts in APPS for text in facts]

    reading = read(
        f'<script type="application/json" id="__NUXT_DATA__">{json.dumps(values)}</script>'
    )

    assert [(c.name, c.url, c.description) for c in reading.candidates] == list(APPS)


@pytest.mark.parametrize(
    "body",
    [
        '<script type="application/ld+json">' + '{"a":' * 100_000 + "</script>",
        '<script type="application/json">[[1,2],{"name":1,"url":1},{"b":1}]</script>',
        "<script>" + 'window.a={"b":' * 5_000 + "</script>",
        f"<script type='application/json'>{json.dumps([{'a': 1}, [1] * 300])}</script>",
        "<i data-a='" + '{"a":[' * 900 + "'></i>",
        f"<astro-island props='{json.dumps({'a': [1, [[0, {}]] * 90_000]})}'></astro-island>",
        "<div itemscope itemtype='https://schema.org/Thing'>" * 900,
        linked_data([item_list({"@id": f"#{n}"}, {"@id": "#0"}) for n in range(2_000)]),
    ],
    ids=[
        *("deep", "folded ring", "assignments", "folded bush", "attribute", "island"),
        *("scopes", "references"),
    ],
)
def test_hostile_data_takes_no_long_time(body: str) -> None:
    before = time.process_time()

    try:
        read(body)
    except SourceError:
        pass

    assert time.process_time() - before < 30


def streamed(*rows: str, size: int = 90) -> str:
    """What a server of React components sends, in scripts of so many letters."""
    stream = "".join(rows)
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    return "<script>(self.__next_f=self.__next_f||[]).push([0])</script>" + "".join(
        f"<script>self.__next_f.push([1,{json.dumps(piece)}])</script>"
        for piece in pieces
    )


def test_list_in_a_stream_of_components_is_read() -> None:
    long = "Dashboards for métrics.\nAnd more."
    tools = [
        {"name": "Redis", "url": "https://redis.io/", "description": "A data store."},
        {"name": "Grafana", "url": "https://grafana.com/", "description": "$a"},
        {"name": "$$ Hugo", "url": "https://gohugo.io/", "description": "$undefined"},
    ]
    body = ["$", "$L4", None, {"menu": [{"href": "/about"}], "tools": tools}]

    reading = read(
        '<div id="app">Loading</div>'
        + streamed(
            '1:"$Sreact.fragment"\n2:I[123,["static/a.js"],"Grid"]\n',
            f"a:T{len(long.encode()):x},{long}",
            f"3:{json.dumps(body)}\n",
            "4:{broken\n",
        )
    )

    assert reading.kind == "html data"
    assert [(c.name, c.url, c.description) for c in reading.candidates] == [
        ("Redis", "https://redis.io/", "A data store."),
        ("Grafana", "https://grafana.com/", "Dashboards for métrics. And more."),
        ("$ Hugo", "https://gohugo.io/", ""),
    ]


@pytest.mark.parametrize(
    "row",
    ["", "3:", "zz", "3:Tffffffff,x", f"3:{'[' * 50_000}", '3:"x"\n', "3:[1]\n" * 2000],
)
def test_stream_that_holds_no_list_is_no_mistake(row: str) -> None:
    assert not read(f"<p>Nothing</p>{streamed(row, size=5000)}").candidates


def as_attribute(value: Any) -> str:
    return escape(json.dumps(value), quote=True)


def islanded(value: Any) -> list[Any]:
    """Encode a value as Astro does: behind its kind."""
    if isinstance(value, list):
        return [1, [islanded(inner) for inner in value]]
    if isinstance(value, dict):
        return [0, {key: islanded(inner) for key, inner in value.items()}]
    return [0, value]


RECORDS = [
    dict(zip(("name", "url", "description"), facts, strict=True)) for facts in APPS
]


@pytest.mark.parametrize(
    "body",
    [
        f'<div id="app" data-page="{as_attribute({"props": {"tools": RECORDS}})}"></div>',
        f'<div data-react-class="List" data-react-props="{as_attribute({"t": RECORDS})}">'
        "</div>",
        f'<tool-list :tools="{as_attribute(RECORDS)}"></tool-list>',
        '<astro-island uid="a" props="'
        + as_attribute({"tools": islanded(RECORDS), "dark": [0, True]})
        + '"></astro-island>',
        '<astro-island props="'
        + as_attribute({"tools": [1, json.dumps(islanded(RECORDS)[1])]})
        + '"></astro-island>',
    ],
    ids=["inertia", "react", "vue", "astro", "old astro"],
)
def test_data_in_an_attribute_is_read(body: str) -> None:
    reading = read(f"<main>{body}</main>")

    assert reading.kind == "html data"
    assert [(c.name, c.url, c.description) for c in reading.candidates] == list(APPS)


def folded(value: Any, values: list[Any]) -> int:
    """Store a value as Nuxt does, and return its number."""
    number = len(values)
    values.append(value)
    if isinstance(value, list):
        values[number] = [folded(inner, values) for inner in value]
    elif isinstance(value, dict):
        values[number] = {key: folded(inner, values) for key, inner in value.items()}
    return number


def test_folded_objects_are_unfolded() -> None:
    tools = [
        {**record, "category": {"id": n, "name": "Servers", "badge": {"color": "red"}}}
        for n, record in enumerate(RECORDS)
    ]
    values: list[Any] = [["ShallowReactive", 1]]
    folded({"data": {"tools": tools}}, values)

    reading = read(
        f'<script type="application/json" id="__NUXT_DATA__">{json.dumps(values)}</script>'
    )

    assert [(c.name, c.url, c.description) for c in reading.candidates] == list(APPS)
    assert {c.category for c in reading.candidates} == {"Servers"}


def test_categories_of_a_page_s_data_are_followed() -> None:
    tools = [{**record, "categoryId": 2} for record in RECORDS]
    props = {"categories": [{"id": 2, "name": "Servers"}], "tools": tools}
    state = {"props": {"pageProps": props}}

    reading = read(
        '<script id="__NEXT_DATA__" type="application/json">'
        f"{json.dumps(state)}</script>"
    )

    assert [(c.name, c.category) for c in reading.candidates] == [
        (name, "Servers") for name, *_ in APPS
    ]


def test_buttons_in_an_attribute_are_no_list() -> None:
    buttons = [
        {"name": "Mastodon", "url": "https://mastodon.social/share"},
        {"name": "Reddit", "url": "https://www.reddit.com/submit"},
    ]

    assert not read(f'<div data-share="{as_attribute(buttons)}"></div>').candidates
