"""Lists as people write them in Markdown."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.exceptions import SourceError, UnreadableSource
from generation.sources import read_document
from generation.sources.candidates import Candidate, Document, Reading


def read(text: str, *, url: str = "") -> Reading:
    return read_document(
        Document(source="list.md", url=url, media_type="text/markdown", text=text)
    )


def only(text: str) -> Candidate:
    (candidate,) = read(text).candidates
    return candidate


def test_item_is_name_link_and_description() -> None:
    item = only("- [Plausible](https://plausible.io/) - Simple web *analytics*.")

    assert item.model_dump(include={"name", "url", "description"}) == {
        "name": "Plausible",
        "url": "https://plausible.io/",
        "description": "Simple web analytics.",
    }


@pytest.mark.parametrize(
    "line",
    [
        "- [Vim](https://www.vim.org) \u2013 A text editor",
        "* [Vim](https://www.vim.org): A text editor",
        "1. **[Vim](https://www.vim.org)** A text editor",
        "- [x] [Vim](https://www.vim.org) — A text editor",
        "- ⭐ ~~[Vim](https://www.vim.org)~~ · A text editor",
        "- ![](https://img.shields.io/x.svg) [Vim](https://www.vim.org) - A text editor",
        "- **Vim** - A text editor ([website](https://www.vim.org))",
        "- **Vim**: A text editor. [Home page](https://www.vim.org)",
        "- Vim - [link](https://www.vim.org) - A text editor",
        "- Vim: A text editor [https://www.vim.org](https://www.vim.org)",
        "- <b><a href='https://www.vim.org'>Vim</a></b> - A text editor",
        "- [Vim](https://www.vim.org)\n\n  A text editor",
        "- [Vim][] - A text editor\n\n[vim]: https://www.vim.org",
        "- [Vim] - A text editor\n\n[vim]:\n  https://www.vim.org",
        "- [Vim][v] - A text editor\n\n[v]: <https://www.vim.org> 'Vim'",
        "| Name | About |\n|---|---|\n| [Vim](https://www.vim.org) | A text editor |",
        "| Tool | Site | Summary |\n|-|-|-|\n| Vim | https://www.vim.org | A text editor |",
    ],
)
def test_shapes_of_one_item(line: str) -> None:
    item = only(f"# Tools\n\n{line}\n")

    assert (item.name, item.url) == ("Vim", "https://www.vim.org")
    assert item.description.rstrip(".") == "A text editor"


def test_links_and_marks_behind_the_text_become_facts_and_labels() -> None:
    item = only(
        "- [AWStats](http://www.awstats.org/) - Generate statistics. "
        "([Demo](https://www.awstats.org/#DEMO), "
        "[Source Code](https://github.com/eldy/awstats)) "
        "`GPL-3.0` `Perl/Docker` `CI/CD`"
    )

    assert item.description == "Generate statistics."
    assert item.labels == ("Perl", "Docker", "CI/CD")
    assert item.facts == {
        "demo_url": "https://www.awstats.org/#DEMO",
        "license": "GPL-3.0",
        "source_code_url": "https://github.com/eldy/awstats",
    }


def test_several_licences_are_a_sorted_list() -> None:
    item = only(
        "- [ripgrep](https://github.com/BurntSushi/ripgrep) - Search. `Unlicense/MIT`"
    )

    assert item.facts["license"] == ["MIT", "Unlicense"]


def test_links_inside_the_text_stay_as_words() -> None:
    item = only(
        "- [gymnasium](https://github.com/Farama-Foundation/Gymnasium) - Environments "
        "([gym](https://github.com/openai/gym) successor). [Read more](/gymnasium.md)"
    )

    assert item.description == "Environments (gym successor)."


def test_code_at_the_end_of_a_sentence_is_no_label() -> None:
    item = only(
        "- [fzf](https://github.com/junegunn/fzf) - Try it with `fzf --preview`"
    )

    assert item.labels == ()
    assert item.description == "Try it with fzf --preview"


def test_entities_and_blanks_are_cleaned() -> None:
    item = only("- [R&amp;D](https://a.example.org)   -   Fast\n  &amp; small")

    assert (item.name, item.description) == ("R&D", "Fast & small")


def test_path_is_the_headings_without_the_title() -> None:
    item = only(
        "# My list\n\n## Software\n\n### Analytics\n\n- [Matomo](https://matomo.org/)\n"
    )

    assert item.path == ("Software", "Analytics")
    assert item.locator == "Software > Analytics"


def test_lines_that_head_a_nested_list_are_groups() -> None:
    reading = read(
        "# L\n## Web\n"
        "**Servers**\n\n- [nginx](https://nginx.org)\n\n"
        "**Proxies**\n\n- HTTP\n  - [HAProxy](https://www.haproxy.org)\n"
        "- **TCP**\n  - [Envoy](https://www.envoyproxy.io)\n"
    )

    assert [(c.path, c.groups) for c in reading.candidates] == [
        (("Web", "Servers"), ()),
        (("Web", "Proxies"), ("HTTP",)),
        (("Web", "Proxies"), ("TCP",)),
    ]


def test_bold_line_above_a_heading_stands_above_it() -> None:
    reading = read(
        "# L\n## Projects\n\n**Web**\n\n### Servers\n- [nginx](https://nginx.org)\n\n"
        "**Data**\n\n### Stores\n- [Redis](https://redis.io)\n"
    )

    assert [c.path for c in reading.candidates] == [
        ("Projects", "Web", "Servers"),
        ("Projects", "Data", "Stores"),
    ]


def test_nested_items_are_items_of_their_own() -> None:
    reading = read(
        "- [Django](https://www.djangoproject.com) - A framework.\n"
        "  - [DRF](https://www.django-rest-framework.org) - Web APIs.\n"
    )

    assert [(c.name, c.description) for c in reading.candidates] == [
        ("Django", "A framework."),
        ("DRF", "Web APIs."),
    ]


def test_locator_survives_an_insertion_above() -> None:
    text = "## A\n\n- [x](https://x.example.org)\n"

    assert only(text).locator == only("Hello.\n\nMore.\n\n" + text).locator


@pytest.mark.parametrize(
    "heading", ["License", "⭐ Contributing", "SEE ALSO", "Footnotes"]
)
def test_sections_around_the_list_are_left_out(heading: str) -> None:
    reading = read(f"# L\n## {heading}\n- [Foo](https://foo.example.org) - Bar.\n")

    assert reading.candidates == ()
    assert "which is not part of the list" in reading.left_out[0].reason


def test_anchors_are_neither_items_nor_left_out() -> None:
    reading = read(
        "## Contents\n- [Web](#web)\n  - [Servers](#servers)\n\n## Web\n- [a](https://a.example.org)"
    )

    assert [c.name for c in reading.candidates] == ["a"]
    assert reading.left_out == ()


@pytest.mark.parametrize(
    "line",
    [
        "- Before you start, please read [the guide](https://example.org/guide) well",
        "- Other lists: [A](https://a.example.org), [B](https://b.example.org)",
        "- [![Build](https://img.shields.io/x.svg)](https://ci.example.org/x)",
        "- Fast, small and free",
    ],
)
def test_what_is_no_entry_is_not_listed(line: str) -> None:
    reading = read(f"- [Vim](https://www.vim.org)\n{line}\n")

    assert [c.name for c in reading.candidates] == ["Vim"]


def test_prose_is_left_out_with_a_reason() -> None:
    reading = read("- Please read [the guide](https://example.org/guide) first\n")

    assert reading.left_out[0].reason.startswith("its link stands inside a sentence")


def test_relative_links_count_only_where_nothing_leads_outside() -> None:
    url = "https://lists.example.org/list.md"

    assert read("- [a](a.md)\n", url=url).candidates[0].url.endswith("/a.md")
    assert (
        len(read("- [a](a.md)\n- [b](https://b.example.org)", url=url).candidates) == 1
    )


def test_text_without_any_list_is_refused_with_advice() -> None:
    with pytest.raises(UnreadableSource, match="holds no list"):
        read_document(Document(source="notes.txt", text="Only some words."))


def test_larger_than_the_limit_is_refused() -> None:
    with pytest.raises(UnreadableSource, match="20 MiB"):
        read("x" * (20 * 1024 * 1024 + 1))


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(" " * (2 * n) + "- [a](https://a.example.org)" for n in range(500)),
        "- [a](https://a.example.org) " + "[" * 9_000,
        ("- " + "[" * 4_900 + "](x)\n") * 50,
        "- [a](https://a.example.org)" + " " * 9_000 + "x",
        "> " * 5_000 + "- [a](https://a.example.org)",
        "- [a](https://a.example.org) " + "*a **b " * 1_300,
    ],
)
def test_hostile_input_takes_no_long_time(text: str) -> None:
    before = time.process_time()

    read(text)

    assert time.process_time() - before < 30


MARKUP = st.sampled_from(
    [
        "- ",
        "  - ",
        "# ",
        "**",
        "`",
        "[",
        "](",
        ")",
        "https://a.example.org",
        "#x",
        "\n",
        "| a | b |\n|---|---|\n",
        "<a href='",
        "'>",
        "</a>",
        "![",
        " - ",
        "(",
        "&amp;",
        "é",
    ],
)


@given(st.lists(MARKUP | st.text(max_size=5), max_size=40).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        reading = read(text, url="https://lists.example.org/")
    except SourceError:
        return
    for candidate in reading.candidates:
        assert candidate.name
        assert candidate.url.lower().startswith(("https://", "http://"))


def test_a_bare_address_ends_with_its_element() -> None:
    reading = read(
        "- Redis <span>https://redis.io</span><span>A store</span>\n"
        "- Hugo https://gohugo.io/<wbr>about - A generator\n"
    )

    assert [(c.name, c.url, c.description) for c in reading.candidates] == [
        ("Redis", "https://redis.io", "A store"),
        ("Hugo", "https://gohugo.io/about", "A generator"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "- **MambaOut**: Do we need it? (*CVPR'25*) [[Paper](https://arxiv.org/abs/2)]",
        "- [2024/05] **MambaOut** - Do we need it? [[arXiv](https://arxiv.org/abs/2)]",
    ],
)
def test_paper_is_called_by_its_title(line: str) -> None:
    (paper,) = read(f"{line}\n").candidates

    assert (paper.name, paper.url) == ("MambaOut", "https://arxiv.org/abs/2")
    assert paper.description.startswith("Do we need it?")
