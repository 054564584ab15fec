"""Text that describes one thing after another: below headings, names, and in bullets."""

from __future__ import annotations

import pytest

from generation.sources import read_document
from generation.sources.candidates import Document, Reading

THINGS = (
    ("Penpot", "https://penpot.app", "Design tool for teams."),
    ("Redis", "https://redis.io", "Keeps keys and values."),
    ("Hugo", "https://gohugo.io", "Makes static sites."),
)


def read(text: str, source: str = "list.md") -> Reading:
    return read_document(Document(source=source, text=text))


@pytest.mark.parametrize(
    "layout",
    [
        "### {0}\n\n{2}\n\n- **Website:** {1}\n- **Price:** free\n\n",
        "### {0}\n\n- **URL**: <{1}>\n- **Description**: {2}\n\n",
        "### {0}\n\n{2}\n\n[Website]({1}) | [GitHub](https://github.com/x/{0})\n\n",
        "### {0}\n\n🔗 {1}\n\n{2}\n\n",
        "### 3. {0}\n\n{2}\n\n[Visit website]({1})\n\n",
        "[{0}]({1})\n\n{2}\n\n",
        "**[{0}]({1})**  \n{2}\n\n",
        "**{0}**\n{1}\n{2}\n\n",
        "- [{0}]({1})\n  - {2}\n",
        "- [{0}]({1})\n  - {2}\n  - Germany\n",
        "- [{0}]({1})\n  id:: 65a1\n  collapsed:: true\n  - {2}\n",
        "- TODO [{0}]({1}) - {2}\n",
        "- **NEW** [{0}]({1}) - {2}\n",
        "- Python / [{0}]({1}) - {2}\n",
    ],
)
def test_each_thing_has_its_name_its_text_and_its_link(layout: str) -> None:
    reading = read(
        "# List\n\n## Tools\n\n" + "".join(layout.format(*t) for t in THINGS)
    )

    found = [(c.name, c.url, c.description, c.path) for c in reading.candidates]
    assert found == [(*thing, ("Tools",)) for thing in THINGS]


def test_further_links_below_a_heading_are_facts() -> None:
    layout = (
        "## {0}\n\n{2}\n\n[Docs](https://docs.example.org/{0}) · [Website]({1})\n\n"
    )

    reading = read("# List\n\n" + "".join(layout.format(*t) for t in THINGS))

    assert [(c.url, c.facts) for c in reading.candidates] == [
        (url, {"docs_url": f"https://docs.example.org/{name}"})
        for name, url, _ in THINGS
    ]


@pytest.mark.parametrize(
    "text",
    [
        "## Install\n\nSee [here](https://a.example.org).\n\n## Use\n\nRun it.\n\n"
        "## Test\n\nRun the tests.\n\n## License\n\nSee [here](https://b.example.org).\n",
        "## Why?\n\nBecause of [this](https://a.example.org).\n\n## How?\n\nLike "
        "[here](https://b.example.org).\n\n## When?\n\n[Here](https://c.example.org).\n",
        "A story. [Redis](https://redis.io) is in it.\n\nAnother one.\n\nA third.\n",
    ],
)
def test_text_about_something_else_lists_nothing(text: str) -> None:
    assert read(f"# Guide\n\n{text}").candidates == ()


def test_section_with_a_list_of_its_own_is_a_category() -> None:
    layout = "## {0}s\n\nAll of them. [Website](https://all.example.org)\n\n- [{0}]({1}) - {2}\n\n"

    reading = read("# List\n\n" + "".join(layout.format(*t) for t in THINGS))

    assert [(c.name, c.path) for c in reading.candidates] == [
        (name, (f"{name}s",)) for name, _, _ in THINGS
    ]


def test_section_of_bold_names_is_a_category() -> None:
    layout = "1. **{0}**: {2} [Website]({1})\n"
    lines = "".join(layout.format(*t) for t in THINGS)

    reading = read("# List\n\n" + "".join(f"## Part {n}\n\n{lines}\n" for n in "ABC"))

    assert [(c.name, c.path) for c in reading.candidates] == [
        (name, (f"Part {n}",)) for n in "ABC" for name, _, _ in THINGS
    ]


@pytest.mark.parametrize(
    "line",
    [
        "- [[Penpot]] — [penpot.app](https://penpot.app) — Design tool for teams.",
        "- [[Penpot|Penpot]]: Design tool for teams. Website: <https://penpot.app>",
        "- Penpot：Design tool for teams.，官网：<https://penpot.app>",
        '- "[Penpot](https://penpot.app)", Design tool for teams.',
    ],
)
def test_name_before_an_address_is_found(line: str) -> None:
    (item,) = read(f"{line}\n").candidates

    assert (item.name, item.url, item.description) == THINGS[0]


def test_words_that_open_something_are_no_category() -> None:
    reading = read(
        "## 1. Editors\n<details>\n<summary>Click to expand</summary>\n\n"
        "- [Vim](https://www.vim.org) - one\n</details>\n\n## Runners (3)\n\n"
        "- [Ava](https://ava.example.org) - two\n"
    )

    assert [(c.name, c.path) for c in reading.candidates] == [
        ("Vim", ("Editors",)),
        ("Ava", ("Runners",)),
    ]
