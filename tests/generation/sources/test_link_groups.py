from __future__ import annotations

import json
from typing import Any

import pytest

from generation.sources import read_document
from generation.sources.candidates import Document, Reading
from generation.yaml import dump

WHEEL = {"name": "Kick wheel", "url": "https://wheel.example.org/"}
KILN = {"name": "Kiln", "url": "https://kiln.example.org/"}
ASH = {"name": "Ash", "url": "https://ash.example.org/"}
IN_GROUPS = [("Kick wheel", "Pottery"), ("Kiln", "Pottery"), ("Ash", "Glaze")]


def read(value: Any, name: str = "list.json") -> Reading:
    text = dump(value).decode() if name.endswith(".yml") else json.dumps(value)
    return read_document(Document(source=name, text=text))


def sorted_names(reading: Reading) -> list[tuple[str, str]]:
    return [(c.name, c.category or c.path[-1]) for c in reading.candidates]


@pytest.mark.parametrize("name", ["list.json", "list.yml"])
@pytest.mark.parametrize("title", ["name", "title", "category"])
@pytest.mark.parametrize(
    "key", ["links", "urls", "sites", "bookmarks", "items", "resources", "entries"]
)
def test_groups_are_read_under_any_key(key: str, title: str, name: str) -> None:
    groups = [{title: "Pottery", key: [WHEEL, KILN]}, {title: "Glaze", key: [ASH]}]

    assert sorted_names(read(groups, name)) == IN_GROUPS
    assert sorted_names(read({"groups": groups}, name)) == IN_GROUPS


def test_groups_may_be_kept_by_their_names() -> None:
    groups = {"Pottery": {"links": [WHEEL, KILN]}, "Glaze": {"links": [ASH]}}

    assert sorted_names(read(groups)) == IN_GROUPS


@pytest.mark.parametrize("key", ["items", "bookmarks", "sites"])
def test_group_may_have_a_page_of_its_own(key: str) -> None:
    groups = [
        {"name": "Pottery", "url": "https://example.org/pottery", key: [WHEEL, KILN]},
        {"name": "Glaze", "url": "https://example.org/glaze", key: [ASH]},
    ]

    assert sorted_names(read(groups)) == IN_GROUPS


def test_group_may_hold_the_pages_of_well_known_hosts() -> None:
    hosts = [
        {"name": "GitHub", "url": "https://github.com/"},
        {"name": "GitLab", "url": "https://gitlab.com/"},
    ]

    reading = read([{"name": "Code", "links": hosts}, {"name": "Clay", "links": [ASH]}])

    assert sorted_names(reading) == [
        ("GitHub", "Code"),
        ("GitLab", "Code"),
        ("Ash", "Clay"),
    ]


@pytest.mark.parametrize(
    "labels", [("Website", "Source"), ("Homepage", "Docs"), ("Rezension", "Laden")]
)
@pytest.mark.parametrize("key", ["links", "urls"])
def test_further_links_of_a_thing_make_it_no_group(
    key: str, labels: tuple[str, str]
) -> None:
    things = [
        {
            "name": name,
            key: [
                {"name": label, "url": f"https://{name}.example.org/{label}"}
                for label in labels
            ],
        }
        for name in ("kiln", "loom", "wheel")
    ]

    assert [c.name for c in read(things).candidates] == ["kiln", "loom", "wheel"]


def test_thing_with_a_link_and_further_links_is_no_group() -> None:
    things = [
        {**KILN, "links": [{"name": "A talk on it", "url": "https://t.example.org/"}]},
        {**ASH, "links": [{"name": "Its history", "url": "https://h.example.org/"}]},
    ]

    assert [c.name for c in read(things).candidates] == ["Kiln", "Ash"]


def test_bookmarks_in_collections_keep_collection_and_tags() -> None:
    backup = {
        "username": "aperson",
        "collections": [
            {
                "id": 1,
                "name": "Pottery",
                "links": [
                    {
                        "id": 11,
                        "type": "url",
                        **WHEEL,
                        "collectionId": 1,
                        "tags": [{"id": 2, "name": "C#"}],
                    },
                    {
                        "id": 12,
                        "type": "url",
                        "name": "",
                        "url": "https://n.example.org",
                    },
                ],
                "rssSubscriptions": [],
            },
            {
                "id": 2,
                "name": "Glaze",
                "parentId": 1,
                "links": [{**ASH, "type": "url"}],
            },
        ],
        "pinnedLinks": [],
    }

    reading = read(backup)

    assert sorted_names(reading) == [("Kick wheel", "Pottery"), ("Ash", "Glaze")]
    assert reading.candidates[0].tags == ("C#",)
    assert [(left.url, left.reason) for left in reading.left_out] == [
        ("https://n.example.org", "it has no name")
    ]


def test_list_with_few_links_is_read_and_says_what_is_missing() -> None:
    reading = read({"tools": [KILN, {"name": "Loom"}, {"name": "Wheel"}]})

    assert [c.name for c in reading.candidates] == ["Kiln"]
    assert [(left.name, left.reason) for left in reading.left_out] == [
        ("Loom", "it has no link"),
        ("Wheel", "it has no link"),
    ]


def test_list_without_links_says_so() -> None:
    reading = read([{"name": "Loom", "text": "Weaves."}, {"name": "Wheel"}])

    assert reading.candidates == ()
    assert {left.reason for left in reading.left_out} == {"it has no link"}
    assert [left.name for left in reading.left_out] == ["Loom", "Wheel"]


def test_list_with_few_links_beside_another_says_why_it_is_not_read() -> None:
    people = [
        {"name": "Jo", "url": "https://jo.example.org"},
        {"name": "Li"},
        {"name": "Mo"},
    ]

    reading = read({"tools": [KILN, ASH], "thanks": people})

    assert [c.name for c in reading.candidates] == ["Kiln", "Ash"]
    assert [left.name for left in reading.left_out] == ["Jo", "Li", "Mo"]
    assert "fewer than half" in reading.left_out[0].reason


def test_entry_is_named_by_the_title_of_its_page_where_nobody_named_it() -> None:
    reading = read(
        [
            {
                "url": "https://kiln.example.org/",
                "title": "Kiln",
                "website_title": "K.",
            },
            {
                "url": "https://ash.example.org/",
                "title": "",
                "website_title": "Ash site",
            },
        ]
    )

    assert [c.name for c in reading.candidates] == ["Kiln", "Ash site"]


def test_text_that_is_html_becomes_words() -> None:
    reading = read([{**KILN, "content": "<p>Burns <b>clay</b>.</p>"}, ASH])

    assert reading.candidates[0].facts["markdown"] == "Burns clay."


def test_ids_of_packages_are_links() -> None:
    reading = read(
        {
            "categories": [{"category": "frames", "title": "Frames"}],
            "labels": [{"label": "wind", "image": "https://img.example.org/w.png"}],
            "projects": [
                {
                    "name": "a",
                    "github_id": "example/a",
                    "pypi_id": "a",
                    "category": "frames",
                },
                {"name": "b", "gitlab_id": "example/b", "labels": ["wind"]},
                {"name": "c", "pypi_id": "c-line"},
                {"name": "d", "npm_id": "@example/d"},
                {"name": "e", "maven_id": "org.example:e"},
                {
                    "name": "f",
                    "homepage": "https://f.example.org",
                    "github_id": "example/f",
                },
            ],
        },
        "projects.yml",
    )

    assert {c.name: c.url for c in reading.candidates} == {
        "a": "https://github.com/example/a",
        "b": "https://gitlab.com/example/b",
        "c": "https://pypi.org/project/c-line",
        "d": "https://www.npmjs.com/package/@example/d",
        "e": "https://search.maven.org/artifact/org.example/e",
        "f": "https://f.example.org",
    }
    a, b, *_, f = reading.candidates
    assert (a.category, a.facts) == (
        "Frames",
        {"package_url": "https://pypi.org/project/a"},
    )
    assert b.tags == ("wind",)
    assert f.facts == {"source_code_url": "https://github.com/example/f"}


def test_id_of_a_person_is_no_link() -> None:
    reading = read(
        [{"name": "Jo", "github_id": "4711"}, {"name": "Li", "github_id": "li"}]
    )

    assert reading.candidates == ()
