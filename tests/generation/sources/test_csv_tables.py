"""Tables of plain text."""

from __future__ import annotations

import pytest

from generation.exceptions import UnreadableSource
from generation.sources import read_document
from generation.sources.candidates import Document, Reading


def read(text: str, *, media_type: str = "text/csv") -> Reading:
    return read_document(Document(source="tools.csv", media_type=media_type, text=text))


def test_columns_are_known_by_many_names() -> None:
    reading = read(
        "ID,Product,What it does,Website,Section,Keywords,Licence,GitHub\n"
        '1,Caddy,"Web server, with automatic HTTPS.",https://caddyserver.com,'
        'Web servers,"Go; HTTP/3",Apache-2.0,https://github.com/caddyserver/caddy\n'
    )

    (caddy,) = reading.candidates
    assert caddy.model_dump(exclude={"path", "groups", "labels", "locator"}) == {
        "name": "Caddy",
        "url": "https://caddyserver.com",
        "description": "Web server, with automatic HTTPS.",
        "category": "Web servers",
        "tags": ("Go", "HTTP/3"),
        "facts": {
            "license": "Apache-2.0",
            "source_code_url": "https://github.com/caddyserver/caddy",
        },
        "source": "tools.csv",
    }


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found(delimiter: str) -> None:
    rows = [
        ["Name", "URL", "Description"],
        ["nginx", "https://nginx.org", "Web server"],
        ["HAProxy", "https://www.haproxy.org", "Load balancer"],
    ]

    reading = read("\r\n".join(delimiter.join(row) for row in rows))

    assert [c.name for c in reading.candidates] == ["nginx", "HAProxy"]


def test_cell_may_hold_line_breaks() -> None:
    reading = read('name,url,body\nGit,https://git-scm.com,"One.\n\nTwo."\n')

    assert reading.candidates[0].facts["markdown"] == "One.\n\nTwo."


def test_columns_without_names_are_known_by_their_values() -> None:
    reading = read(
        "1;SQLite;https://sqlite.org;A small, fast, self-contained database engine\n"
        "2;DuckDB;https://duckdb.org;An in-process analytical database system\n"
        "3;PostgreSQL;https://www.postgresql.org;An object-relational database system\n"
    )

    assert [(c.name, c.url) for c in reading.candidates] == [
        ("SQLite", "https://sqlite.org"),
        ("DuckDB", "https://duckdb.org"),
        ("PostgreSQL", "https://www.postgresql.org"),
    ]
    assert reading.candidates[1].description.startswith("An in-process")


def test_address_without_scheme_is_a_link_in_a_link_column() -> None:
    reading = read("Tool,Site\nVim,www.vim.org\n")

    assert reading.candidates[0].url == "https://www.vim.org"


def test_row_without_link_is_left_out_with_a_reason() -> None:
    reading = read("name,url\nEmacs,\nVim,https://www.vim.org\nX,javascript:x()\n")

    assert [(left.name, left.reason) for left in reading.left_out] == [
        ("Emacs", "it has no link"),
        ("X", "its link is not a web address"),
    ]


def test_category_with_a_comma_is_not_torn_apart() -> None:
    reading = read(
        "name,url,category,tags\n"
        'Firefly III,https://firefly-iii.org,"Money, Budgeting","Money, Budgeting, PHP"\n'
    )

    assert reading.candidates[0].tags == ("Money, Budgeting", "PHP")


def test_table_is_recognised_by_its_header_alone() -> None:
    reading = read("title;link\nZig;https://ziglang.org\n", media_type="")

    assert reading.kind == "csv"


def test_text_that_is_no_table_is_refused() -> None:
    with pytest.raises(UnreadableSource, match="not a table"):
        read("just one line of words")
