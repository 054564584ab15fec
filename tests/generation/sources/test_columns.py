"""Tables whose columns nobody has named as we would."""

from __future__ import annotations

import pytest

from generation.sources import read_document
from generation.sources.candidates import Document, Reading

TOOLS = (
    ("Umami", "https://umami.is/", "Counts visitors of a website."),
    ("Matomo", "https://matomo.org/", "Counts them, and tells more."),
    ("Plausible", "https://plausible.io/", "Counts without cookies."),
)
NAMED = [tool[:2] for tool in TOOLS]


def read(text: str) -> Reading:
    return read_document(Document(source="list", text=text))


def page(header: str, row: str) -> Reading:
    """A table with this header, and this row for each tool."""
    rows = "".join(row.format(name, url, text) for name, url, text in TOOLS)
    return read(
        f"<!doctype html><html><body><main><h1>Tools</h1><table>{header}{rows}</table>"
        "</main></body></html>"
    )


def found(reading: Reading) -> list[tuple[str, str, str]]:
    return [(c.name, c.url, c.description) for c in reading.candidates]


@pytest.mark.parametrize("header", ["Provider", "Vendor", "Anbieter", "Site", "X", ""])
@pytest.mark.parametrize("label", ["Website", "Book a table", "<b>{1}</b>", "<img>"])
def test_name_is_the_short_text_that_differs(header: str, label: str) -> None:
    reading = page(
        f"<tr><th>{header}</th><th>What for</th><th>Where</th></tr>",
        f"<tr><td>{{0}}</td><td>{{2}}</td><td><a href='{{1}}'>{label}</a></td></tr>",
    )

    assert found(reading) == list(TOOLS)


def test_table_without_a_header_is_read_by_what_stands_in_it() -> None:
    markdown = "| | |\n|---|---|\n" + "".join(
        f"| [{name}]({url}) | {' '.join(text.split()[-2:])} |\n"
        for name, url, text in TOOLS
    )
    html = page("", "<tr><td><a href='{1}'>{0}</a></td><td>{2}</td></tr>")

    assert [(c.name, c.url) for c in read(markdown).candidates] == NAMED
    assert found(html) == list(TOOLS)


def test_link_on_a_logo_is_the_link_of_its_row() -> None:
    markdown = "| Logo | Name | Description |\n|---|---|---|\n" + "".join(
        f"| [![]({name}.png)]({url}) | {name} | {text} |\n" for name, url, text in TOOLS
    )
    html = page(
        "<tr><th>Name</th><th>Free</th><th>Links</th></tr>",
        "<tr><td>{0}</td><td>✓</td><td><a href='{1}' aria-label='Website'><svg/></a></td></tr>",
    )

    assert found(read(markdown)) == list(TOOLS)
    assert [(c.name, c.url) for c in html.candidates] == NAMED


def test_text_below_the_name_describes_it() -> None:
    reading = page(
        "<tr><th>Tool</th><th>Price</th></tr>",
        "<tr><td><a href='{1}'>{0}</a><br>{2}</td><td>$9</td></tr>",
    )

    assert found(reading) == list(TOOLS)


def test_category_that_is_said_once_holds_for_the_rows_below() -> None:
    reading = read(
        "| Category | Tool | Description |\n|---|---|---|\n"
        "| **Databases** | [Redis](https://redis.io) | Keys and values |\n"
        "| | [MySQL](https://www.mysql.com) | Popular |\n"
        "| Caches | [Valkey](https://valkey.io) | Fork |\n"
    )

    assert [c.category for c in reading.candidates] == [
        "Databases",
        "Databases",
        "Caches",
    ]


@pytest.mark.parametrize(
    "row",
    [
        "<tr><td>{0}</td><td>{2}</td></tr>",
        "<tr><td>10:00</td><td><a href='{1}'>Watch</a></td></tr>",
        "<tr><td><a href='{1}'>{0}</a></td><td><a href='{1}x'>{0} 2</a></td></tr>",
    ],
    ids=["no links", "no names", "no text"],
)
def test_table_of_something_else_is_none_of_names(row: str) -> None:
    assert "10:00" not in [c.name for c in page("", row).candidates]
    assert "Watch" not in [c.name for c in page("", row).candidates]


def test_footnotes_are_no_part_of_a_description() -> None:
    reading = page(
        "<tr><th>Name</th><th>About</th></tr>",
        "<tr><td><a href='{1}'>{0}</a></td>"
        "<td>{2}<sup class='reference'><a href='#cite-1'>[1]</a></sup></td></tr>",
    )
    markdown = read(
        "- [Umami](https://umami.is/) - Counts.[^1]\n\n[^1]: See elsewhere.\n"
    )

    assert found(reading) == list(TOOLS)
    assert found(markdown) == [("Umami", "https://umami.is/", "Counts.")]
