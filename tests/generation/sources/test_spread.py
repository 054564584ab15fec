"""Several things in one place, and the other ways to write a list in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from generation.sources import read_document
from generation.sources.candidates import Document, Reading


def read(text: str) -> Reading:
    return read_document(Document(source="README.md", text=text))


def names(text: str) -> list[str]:
    return [candidate.name for candidate in read(text).candidates]


def places(text: str) -> list[tuple[str, Sequence[str]]]:
    found = read(text).candidates
    return [(candidate.name, candidate.path + candidate.groups) for candidate in found]


def test_links_side_by_side_are_items() -> None:
    text = (
        "## Databases\n\n- [SQLite](https://sqlite.org), [Redis](https://redis.io) and "
        "[Valkey](https://valkey.io).\n"
        "- Editors: [Vim](https://www.vim.org) | [Emacs](https://www.gnu.org/e)\n"
    )

    assert places(text) == [
        ("SQLite", ("Databases",)),
        ("Redis", ("Databases",)),
        ("Valkey", ("Databases",)),
        ("Vim", ("Databases", "Editors")),
        ("Emacs", ("Databases", "Editors")),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "- [Vim](https://www.vim.org), [Documentation](https://vimhelp.org)",
        "- [Vim](https://www.vim.org) | [Source](https://github.com/vim/vim)",
        "- [Vim](https://www.vim.org) ([Neovim](https://neovim.io))",
        "- [Vim](https://www.vim.org), like [ed](https://example.org/ed), edits text.",
        "- [Vim](https://www.vim.org), [Vi improved](http://vim.org/)",
    ],
)
def test_several_links_of_one_thing_stay_one_item(line: str) -> None:
    assert names(line) == ["Vim"]


def test_cells_of_a_table_that_only_arranges_are_items() -> None:
    text = (
        "| | | |\n|-|-|-|\n| [A](https://a.org) | [B](https://b.org) | [C](https://c.org) |\n"
        "| [D](https://d.org) | [E](https://e.org) | |\n"
    )

    assert names(text) == ["A", "B", "C", "D", "E"]


def test_columns_of_such_a_table_are_groups() -> None:
    text = (
        "| Web | Mobile |\n|-|-|\n| [A](https://a.org) | [B](https://b.org) |\n"
        "| [C](https://c.org) | [D](https://d.org) |\n"
    )

    assert places(text) == [
        ("A", ("Web",)),
        ("C", ("Web",)),
        ("B", ("Mobile",)),
        ("D", ("Mobile",)),
    ]


def test_table_with_a_column_of_names_has_one_item_a_row() -> None:
    text = (
        "| Name | Author |\n|-|-|\n| [A](https://a.org) | [Ada](https://ada.org) |\n"
        "| [B](https://b.org) | [Bob](https://bob.org) |\n"
    )

    assert names(text) == ["A", "B"]


def test_linked_headings_with_a_text_below_are_items() -> None:
    reading = read(
        "# List\n\n## Tools\n\n### [Alpha](https://a.org)\nDoes alpha.\n\n"
        "### [Beta](https://b.org) ![](https://img.shields.io/x)\n\nDoes beta.\n\nMore.\n\n"
        "## Others\n\n- [C](https://c.org) - See.\n"
    )

    alpha, beta, other = reading.candidates
    assert (alpha.name, alpha.description, alpha.path) == (
        "Alpha",
        "Does alpha.",
        ("Tools",),
    )
    assert (beta.description, beta.path) == ("Does beta.", ("Tools",))
    assert other.path == ("Others",)


def test_linked_heading_above_a_list_is_a_category() -> None:
    text = (
        "## [Alpha](https://a.org)\n\n- [A](https://a.org/1) - One.\n\n"
        "## [Beta](https://b.org)\n\n- [B](https://b.org/1) - Two.\n"
    )

    assert places(text) == [("A", ("Alpha",)), ("B", ("Beta",))]


@pytest.mark.parametrize(
    "text",
    [
        "[A](https://a.org) - first thing\n[B](https://b.org) - second thing\n",
        "[A](https://a.org): first thing  \n[B](https://b.org): second thing\n",
        "🔹 [A](https://a.org) - first thing\n🔸 [B](https://b.org) - second thing\n",
        "• [A](https://a.org)\n• [B](https://b.org)\n",
        "▸ A: https://a.org\n▸ B: https://b.org\n",
    ],
)
def test_lines_that_each_begin_an_item(text: str) -> None:
    assert names(f"## T\n\n{text}\n- [C](https://c.org) - third\n") == ["A", "B", "C"]


def test_paragraphs_that_each_begin_an_item() -> None:
    text = "".join(f"[{n}](https://{n}.org)\n: thing of {n}\n\n" for n in "abc")

    found = read(f"{text}- [d](https://d.org)\n").candidates

    assert [(c.name, c.description) for c in found] == [
        ("a", "thing of a"),
        ("b", "thing of b"),
        ("c", "thing of c"),
        ("d", ""),
    ]


def test_prose_with_links_stays_prose() -> None:
    text = (
        "[We](https://us.org) like lists.\n[Read on](https://us.org/more) for more.\n\n"
        "- [A](https://a.org) - One.\n"
    )

    assert names(text) == ["A"]


def test_tables_and_folds_of_html_are_read() -> None:
    text = (
        "## X\n\n<table>\n<tr><th>Name</th><th>About</th></tr>\n\n"
        "<tr><td><a href='https://a.org'>A</a></td><td>One thing</td></tr>\n<tr>\n<td>\n\n"
        "[B](https://b.org)\n\n</td><td>Two things</td></tr>\n</table>\n\n"
        "<details><summary>Fold</summary>\n\n- [C](https://c.org) - Three.\n\n</details>\n\n"
        "<h2>Y</h2>\n\n<ul><li><a href='https://d.org'>D</a> - Four</li></ul>\n"
    )

    found = [(c.name, c.description, c.path) for c in read(text).candidates]

    assert found == [
        ("A", "One thing", ("X",)),
        ("B", "Two things", ("X",)),
        ("C", "Three.", ("X", "Fold")),
        ("D", "Four", ("Y",)),
    ]


def test_line_that_nobody_wrote_is_left_out_alone() -> None:
    reading = read(
        f"- [A](https://a.org) - One.\n{'x' * 250_000}\n- [B](https://b.org) - Two.\n"
    )

    assert [c.name for c in reading.candidates] == ["A", "B"]
    assert [left.reason for left in reading.left_out] == [
        "its line has more than 200,000 characters"
    ]


def test_fields_above_the_text_are_no_part_of_it() -> None:
    text = "---\ntitle: Tools\nlink: https://no.org\n---\n- [A](https://a.org) - One.\n"

    assert places(text) == [("A", ())]


@pytest.mark.parametrize(
    "line",
    [
        "[Vim](https://www.vim.org) ★ 12k - A text editor",
        "[Vim](https://www.vim.org) - A text editor ⭐ 1,234",
        "[Vim](https://www.vim.org) (⭐️1.2k) - A text editor",
        "[Vim](https://www.vim.org) :star: 99 - A text editor",
        "[Vim](https://www.vim.org) - A text editor [⭐ 12](https://example.org/stars)",
        "[Vim](https://www.vim.org) 🔥🔥 - A text editor 🌟🌟🌟",
        "[Vim (★ 5)](https://www.vim.org) - A text editor :rocket:",
        "[Vim ★123](https://www.vim.org) - 12.3k stars. A text editor",
        "[⭐ 7](https://example.org/stars) [Vim](https://www.vim.org) - A text editor",
        "[Vim](https://www.vim.org) - A text editor; 500+ stars | 20 forks",
    ],
)
def test_counters_and_scores_are_dropped(line: str) -> None:
    (item,) = read(f"- {line}\n").candidates

    assert (item.name, item.description) == ("Vim", "A text editor")
    assert (item.facts, item.labels) == ({}, ())


@pytest.mark.parametrize(
    "text",
    [
        "A 5★ app with ★ inside.",
        "Made at the university (MIT)",
        "Awarded 500 stars",
        "Ratio 16:9",
        "See the docs: it is short.",
        "For C#, F# and Go (all of them)",
    ],
)
def test_words_of_a_description_stay(text: str) -> None:
    (item,) = read(f"- [Vim](https://www.vim.org) - {text}\n").candidates

    assert item.description == text


@pytest.mark.parametrize(
    ("text", "licence", "labels"),
    [
        ("A text editor. (GPL-3.0)", "GPL-3.0", ()),
        ("A text editor. *(C, GPL-3.0)*", "GPL-3.0", ("C",)),
        ("A text editor. [MIT]", "MIT", ()),
        ("A text editor.【MIT】", "MIT", ()),
        ("A text editor. License: Apache-2.0.", "Apache-2.0", ()),
        ("A text editor. Lizenz: MIT", "MIT", ()),
        ("A text editor. [Read more](/details/vim.md) `MIT` `C`", "MIT", ("C",)),
    ],
)
def test_licences_behind_a_description_are_facts(
    text: str, licence: str, labels: tuple[str, ...]
) -> None:
    (item,) = read(f"- [Vim](https://www.vim.org) - {text}\n").candidates

    assert item.description == "A text editor."
    assert (item.facts, item.labels) == ({"license": licence}, labels)
