"""Lists at the size that people keep them in, of shapes that were once misread.

Every name is invented; every entry must be read with its name, link and category.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from generation.sources import read_document
from generation.sources.candidates import Document
from generation.yaml import dump

CATEGORIES, IN_EACH = 41, 29
_FIRST = ("Amber", "Birch", "Cedar", "Dune", "Ember", "Fjord", "Grove", "Heath")
_SECOND = ("Anvil", "Basket", "Compass", "Drum", "Easel", "Flute", "Gauge", "Hammer")
_AREAS = ("Pottery", "Weaving", "Kites", "Bread", "Bells", "Maps", "Content", "Legal")


class Thing(NamedTuple):
    name: str
    url: str
    description: str


def things() -> Iterator[tuple[str, list[Thing]]]:
    """Yield each category with its entries, always the same."""
    for group in range(CATEGORIES):
        yield (
            f"{_AREAS[group % 8]} {group // 8}" if group >= 8 else _AREAS[group],
            [_thing(group * IN_EACH + n) for n in range(IN_EACH)],
        )


def _thing(number: int) -> Thing:
    name = f"{_FIRST[number % 8]} {_SECOND[number // 8 % 8]} {number}"
    return Thing(
        name,
        f"https://{name.replace(' ', '-').lower()}.example.org/",
        f"Does what number {number} does, and nothing else.",
    )


def _anchor(category: str) -> str:
    return category.lower().replace(" ", "-")


def contents_above_the_list() -> str:
    lines = ["# Awesome crafts", "", "> Things we use.", "", "# Table of Contents", ""]
    lines += [f"- [{category}](#{_anchor(category)})" for category, _ in things()]
    for category, entries in things():
        lines += [
            "",
            f"## {category}",
            "",
            "**[⬆ back to top](#table-of-contents)**",
            "",
        ]
        lines += [f"- [{t.name}]({t.url}) - {t.description}" for t in entries]
    lines += ["", "# License", "", "- [CC0](https://creativecommons.org/zero/1.0/)", ""]
    return "\n".join(lines)


def ranked_folds() -> str:
    lines = ["# Best-of crafts", "", "## Contents", ""]
    for category, entries in things():
        anchor = _anchor(category)
        lines.append(f"- [{category}](#{anchor}) _{len(entries)} projects_")
    for category, entries in things():
        lines += ["", f"## {category}", "", "_What is ranked here._", ""]
        *shown, hidden = entries
        for rank, thing in enumerate(shown):
            lines += [
                f'<details><summary><b><a href="{thing.url}">{thing.name}</a></b> '
                f"({'🥇🥈🥉'[rank % 3]}{60 - rank} ·  ⭐ {rank}.{rank % 10}K) - "
                f"{thing.description} <code>"
                '<a href="http://bit.example.org/34MB">MIT</a></code></summary>',
                "",
                f"- [GitHub](https://github.com/example/{rank}) (👨‍💻 4 · ⏱️ 30.07.2024):",
                "",
                "\t```",
                f"\tgit clone https://github.com/example/{rank}",
                "\t```",
                f"- [PyPi](https://pypi.org/project/p{rank}) (📥 18M / month):",
                "\t```",
                f"\tpip install p{rank}",
                "\t```",
                "</details>",
            ]
        lines += [
            "<details><summary>Show 1 hidden projects...</summary>",
            "",
            f'- <b><a href="{hidden.url}">{hidden.name}</a></b> (🥉2 ·  ⭐ 11) - '
            f"{hidden.description}",
            "</details>",
            "<br>",
        ]
    return "\n".join([*lines, ""])


def projects() -> str:
    return dump(
        {
            "configuration": {"markdown_header_file": "config/header.md"},
            "categories": [
                {
                    "category": _anchor(category),
                    "title": category,
                    "subtitle": "Things.",
                }
                for category, _ in things()
            ],
            "labels": [{"label": "wind", "image": "https://img.example.org/w.png"}],
            "projects": [
                {
                    "name": thing.name,
                    **_address(n, thing),
                    "category": _anchor(category),
                }
                for category, entries in things()
                for n, thing in enumerate(entries)
            ],
        }
    ).decode()


def _address(number: int, thing: Thing) -> dict[str, str]:
    """Name a project by its repository; every tenth has a page of its own only."""
    if number % 10 == 0:
        return {"homepage": thing.url, "description": thing.description}
    return {"github_id": _repository(thing), "pypi_id": _anchor(thing.name)}


def _repository(thing: Thing) -> str:
    return f"example/{_anchor(thing.name)}"


def backup_of_bookmarks() -> str:
    collections = [
        {
            "id": number,
            "name": category,
            "description": "",
            "color": "#0ea5e9",
            "parentId": None,
            "isPublic": False,
            "links": [
                {
                    "id": n,
                    "name": thing.name,
                    "type": "url",
                    "description": thing.description,
                    "url": thing.url,
                    "collectionId": number,
                    "tags": [{"id": 1, "name": "hand made"}],
                    "pinnedBy": [],
                    "createdAt": "2024-02-29T10:00:00.000Z",
                }
                for n, thing in enumerate(entries)
            ],
            "rssSubscriptions": [],
        }
        for number, (category, entries) in enumerate(things(), 1)
    ]
    return json.dumps(
        {"id": 1, "name": "A Person", "collections": collections, "pinnedLinks": []}
    )


def groups_of_links() -> str:
    return json.dumps(
        [
            {"title": category, "links": [_as_link(thing) for thing in entries]}
            for category, entries in things()
        ]
    )


def _as_link(thing: Thing) -> dict[str, str]:
    return {"title": thing.name, "url": thing.url, "note": thing.description}


def read(text: str, source: str) -> list[tuple[str, str, str]]:
    candidates = read_document(Document(source=source, text=text)).candidates
    return [(c.name, c.url, c.category or c.path[-1]) for c in candidates]


@pytest.mark.parametrize(
    ("source", "write"),
    [
        ("README.md", contents_above_the_list),
        ("README.md", ranked_folds),
        ("backup.json", backup_of_bookmarks),
        ("links.json", groups_of_links),
    ],
)
def test_large_list_is_read_in_full(source: str, write: Callable[[], str]) -> None:
    expected = [
        (thing.name, thing.url, category)
        for category, entries in things()
        for thing in entries
    ]

    assert len(expected) > 1_000
    assert read(write(), source) == expected


def test_large_list_of_projects_is_read_in_full() -> None:
    expected = [
        (
            thing.name,
            thing.url if n % 10 == 0 else f"https://github.com/{_repository(thing)}",
            category,
        )
        for category, entries in things()
        for n, thing in enumerate(entries)
    ]

    assert read(projects(), "projects.yaml") == expected
