"""Records in JSON of any shape."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from generation.exceptions import UnreadableSource
from generation.sources import read_document
from generation.sources.candidates import Document, Reading


def read(value: Any) -> Reading:
    text = value if isinstance(value, str) else json.dumps(value)
    return read_document(Document(source="tools.json", text=text))


def test_records_are_found_however_deep() -> None:
    reading = read(
        {
            "meta": {"homepage": "https://example.org"},
            "data": {
                "tools": [{"title": "Redis", "link": {"href": "https://redis.io"}}]
            },
        }
    )

    (redis,) = reading.candidates
    assert (redis.name, redis.url) == ("Redis", "https://redis.io")
    assert redis.locator == "/data/tools"


def test_nested_objects_are_read_as_fields() -> None:
    (item,) = read(
        [
            {
                "name": "Gitea",
                "links": {
                    "homepage": "https://about.gitea.com",
                    "repository": "https://github.com/go-gitea/gitea",
                },
                "group": {"slug": "forges", "title": "Software forges"},
                "tags": [{"name": "Go"}, {"name": "Git"}],
                "license": {"spdx_id": "MIT"},
                "stars": "44.1k",
                "author": {"name": "Lunny Xiao", "url": "https://github.com/lunny"},
            }
        ]
    ).candidates

    assert (item.name, item.url) == ("Gitea", "https://about.gitea.com")
    assert (item.category, item.tags) == ("Software forges", ("Go", "Git"))
    assert item.facts == {
        "license": "MIT",
        "source_code_url": "https://github.com/go-gitea/gitea",
    }


def test_names_of_groups_become_the_path() -> None:
    reading = read(
        {
            "Databases": [{"name": "MariaDB", "url": "https://mariadb.org"}],
            "Queues": [{"name": "RabbitMQ", "url": "https://www.rabbitmq.com"}],
        }
    )

    assert [c.path for c in reading.candidates] == [("Databases",), ("Queues",)]


def test_titles_of_sections_become_the_path() -> None:
    reading = read(
        [
            {
                "title": "Editors",
                "items": [{"name": "Vim", "url": "https://www.vim.org"}],
            }
        ]
    )

    assert reading.candidates[0].path == ("Editors",)


def test_list_of_linked_data_is_read() -> None:
    reading = read(
        {
            "@type": "ItemList",
            "itemListElement": [
                {
                    "@type": "ListItem",
                    "position": 1,
                    "item": {"name": "Nextcloud", "url": "https://nextcloud.com"},
                }
            ],
        }
    )

    assert reading.candidates[0].name == "Nextcloud"


def test_json_lines_are_read_and_a_broken_line_is_told() -> None:
    reading = read(
        '{"name": "jq", "url": "https://jqlang.org"}\n'
        '{"name": "yq", "url": "https://mikefarah.gitbook.io/yq"}\n'
        '{"name": "broken"\n'
    )

    assert [c.name for c in reading.candidates] == ["jq", "yq"]
    assert reading.left_out[0].reason == "this line is not valid JSON"


def test_record_without_link_is_left_out_with_a_reason() -> None:
    reading = read([{"name": "a", "url": "https://a.example.org"}, {"name": "b"}])

    assert [(left.name, left.reason) for left in reading.left_out] == [
        ("b", "it has no link")
    ]


def test_long_text_is_kept_for_the_page_of_the_item() -> None:
    reading = read([{"name": "a", "url": "https://a.example.org", "content": "# A\n"}])

    assert reading.candidates[0].facts["markdown"] == "# A"


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"a": 1,,}'])
def test_broken_or_deep_json_is_refused(text: str) -> None:
    with pytest.raises(UnreadableSource):
        read(text)


@pytest.mark.parametrize("logo", ["signal.png", "logo.SVG", "icon.webp"])
def test_the_name_of_a_file_is_no_host(logo: str) -> None:
    record = {"name": "Signal", "url": "signal.org", "logo": logo}

    (item,) = read([record]).candidates

    assert (item.url, item.facts) == ("https://signal.org", {})


@pytest.mark.parametrize(
    "html",
    [
        "<p>A <b>small</b> editor<br>for text &amp; code.</p>",
        "&lt;p&gt;A small editor for text &amp;amp; code.&lt;/p&gt;",
    ],
)
def test_description_in_html_is_cleaned(html: str) -> None:
    record = {"name": "nano", "url": "https://nano.org", "description": html}

    (item,) = read([record]).candidates

    assert item.description == "A small editor for text & code."


def test_angle_brackets_of_a_language_stay_in_a_description() -> None:
    record = {"name": "a", "url": "https://a.org", "description": "Maps Vec<T> to <U>."}

    assert read([record]).candidates[0].description == "Maps Vec<T> to <U>."


def test_what_a_registry_finds_is_read() -> None:
    links = {
        "npm": "https://www.npmjs.com/package/react",
        "homepage": "https://react.dev/",
        "repository": "https://github.com/facebook/react",
        "bugs": "https://github.com/facebook/react/issues",
    }
    package = {"name": "react", "description": "Draws.", "keywords": ["ui"]}
    found = [
        {"package": {**package, "links": links}, "score": {"final": 0.9}},
        {"package": {**package, "name": "preact", "links": {"npm": links["npm"]}}},
    ]

    react, preact = read({"objects": found, "total": 2}).candidates

    assert (react.name, react.url) == ("react", "https://react.dev/")
    assert (react.description, react.tags) == ("Draws.", ("ui",))
    assert react.facts == {"source_code_url": "https://github.com/facebook/react"}
    assert (preact.name, preact.url) == ("preact", links["npm"])


@pytest.mark.parametrize(
    "envelope",
    [
        lambda inner: {"type": "Feature", "properties": inner, "geometry": None},
        lambda inner: {"kind": "t3", "data": inner},
        lambda inner: {"type": "tools", "id": "1", "attributes": inner},
        lambda inner: {"@type": "ListItem", "item": inner},
        lambda inner: {"__typename": "Tool", **inner},
    ],
)
def test_kind_of_an_envelope_is_no_category(
    envelope: Callable[[dict[str, str]], dict[str, Any]],
) -> None:
    inner = {"name": "Vim", "url": "https://www.vim.org"}

    (bare,) = read([envelope(inner)]).candidates
    (sorted_one,) = read([envelope({**inner, "type": "Editors"})]).candidates

    assert (bare.category, sorted_one.category) == ("", "Editors")


def test_object_keyed_by_name_may_have_two_entries() -> None:
    rg = {"url": "https://github.com/BurntSushi/ripgrep", "description": "Searches."}
    fd = {"url": "https://github.com/sharkdp/fd", "description": "Finds files."}

    assert [c.name for c in read({"rg": rg, "fd": fd}).candidates] == ["rg", "fd"]


def test_categories_keyed_by_name_may_have_few_entries() -> None:
    def link(name: str) -> dict[str, str]:
        return {"url": f"https://{name}.example.org"}

    reading = read(
        {
            "Editors": {"Vim": link("vim")},
            "Databases": {"Redis": link("redis"), "SQLite": link("sqlite")},
        }
    )

    assert [(c.name, c.path) for c in reading.candidates] == [
        ("Vim", ("Editors",)),
        ("Redis", ("Databases",)),
        ("SQLite", ("Databases",)),
    ]


@pytest.mark.parametrize(
    "value",
    [
        {"author": {"url": "https://a.org"}, "repository": {"url": "https://b.org"}},
        {"next": {"href": "https://a.org/2"}, "prev": {"href": "https://a.org/1"}},
        {
            "image": {
                "small": {"url": "https://a.org/s"},
                "large": {"url": "https://a.org/l"},
            }
        },
    ],
)
def test_parts_of_a_document_are_no_list(value: Any) -> None:
    assert read(value).candidates == ()


def writing(**more: Any) -> dict[str, Any]:
    item = {"name": "Hemingway", "url": "https://hemingwayapp.com"}
    return {"description": "For writers", "items": [item], **more}


@pytest.mark.parametrize(
    "value",
    [
        {"categories": {"Writing": writing()}},
        {"categories": {"writing": writing(title="Writing")}},
        {
            "Writing": writing(),
            "Coding": {**writing(), "items": [{"name": "x", "url": "https://x.org"}]},
        },
        {"categories": {"Writing": writing()["items"]}},
        [{"Writing": writing()["items"]}],
        [{"taxonomy": "Writing", "links": writing()["items"]}],
        [{"chapter": "Writing", "icon": "pen", "links": writing()["items"]}],
        [
            {"bucket": "Writing", "id": "w", "links": writing()["items"]},
            {
                "bucket": "Coding",
                "id": "c",
                "links": [{"name": "x", "url": "https://x.org"}],
            },
        ],
    ],
)
def test_what_heads_a_list_of_records_is_the_path(value: Any) -> None:
    assert read(value).candidates[0].path == ("Writing",)


def test_words_of_a_program_beside_a_list_are_no_path() -> None:
    reading = read([{"component": "Grid", "variant": "wide", **writing()}])

    assert reading.candidates[0].path == ()


@pytest.mark.parametrize(
    ("categories", "reference"),
    [
        ([{"id": 1, "name": "Editors"}], {"categoryId": 1}),
        ([{"id": "1", "name": "Editors"}], {"category_id": 1}),
        ([{"slug": "ed", "title": "Editors"}], {"category": "ed"}),
        ([{"id": 7, "name": "Editors"}], {"categories": [7]}),
        ({"ed": {"name": "Editors"}}, {"categoryKey": "ed"}),
        ({"1": "Editors"}, {"cat_id": 1}),
        (
            [{"id": 1, "name": "All", "children": [{"id": 2, "name": "Editors"}]}],
            {"categoryIds": [2]},
        ),
    ],
)
def test_reference_to_a_category_is_followed(categories: Any, reference: Any) -> None:
    vim = {"name": "Vim", "url": "https://www.vim.org", **reference}

    (item,) = read({"categories": categories, "tools": [vim]}).candidates

    assert (item.category, item.path) == ("Editors", ())


def test_references_to_tags_are_followed() -> None:
    vim = {"name": "Vim", "url": "https://www.vim.org", "tagIds": [1, 2]}
    tags = [{"id": 1, "name": "modal"}, {"id": 2, "name": "text"}]

    (item,) = read({"tags": tags, "tools": [vim]}).candidates

    assert item.tags == ("modal", "text")


def test_reference_that_leads_nowhere_is_no_category() -> None:
    vim = {"name": "Vim", "url": "https://www.vim.org", "categoryId": 9}

    (item,) = read(
        {"categories": [{"id": 1, "name": "Editors"}], "tools": [vim]}
    ).candidates

    assert (item.category, item.path) == ("", ())
