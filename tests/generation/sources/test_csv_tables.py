"""Tables of plain text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from generation.exceptions import UnreadableSource
from generation.sources import read_document
from generation.sources.candidates import Document, Reading
from generation.sources.fields import SYNONYMS, field_of_header, surest_fields


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


@pytest.mark.parametrize(
    "header",
    [
        "Tool Name,Website URL,Tool Description,Tool Category",
        "What is the name of the tool?,Link to the tool,What does it do?,"
        "Which category fits best?",
        "Plugin,Link,Info,Industry",
        "Werkzeug,Webseite,Kurzbeschreibung,Rubrik",
        "Outil,Site web,Résumé,Thème",
        "Herramienta,Enlace,Descripción,Categoría",
        "Ferramenta,Link,Descrição,Categoria",
        "Strumento,Sito,Descrizione,Tipo",
        "Название,Ссылка,Описание,Категория",
        "ツール,リンク,説明,カテゴリー",
        "名称,官网,介绍,分类",
    ],
)
def test_columns_are_known_in_words_of_their_own(header: str) -> None:
    reading = read(f"{header}\nVim,https://www.vim.org,Edits text.,Editors\n")

    (vim,) = reading.candidates
    assert (vim.name, vim.url) == ("Vim", "https://www.vim.org")
    assert (vim.description, vim.category) == ("Edits text.", "Editors")


@pytest.mark.parametrize(
    "header",
    [
        "Affiliate link",
        "Demo link",
        "First name",
        "Your name",
        "Careers page link",
        "Category description",
        "License type",
        "Is it a good tool?",
        "Price of the product",
    ],
)
def test_header_that_says_another_thing_is_no_field(header: str) -> None:
    assert field_of_header(header) in ("", "demo_url")


def test_column_of_a_surer_name_comes_before_one_with_a_telling_word() -> None:
    reading = read(
        "Provider,Tool,Tool category,Category,Website\n"
        "Acme,Anvil,Heavy,Smithing,https://anvil.example.org\n"
    )

    (anvil,) = reading.candidates
    assert (anvil.name, anvil.category) == ("Anvil", "Smithing")


def test_column_of_a_name_alone_will_do_where_there_is_no_better() -> None:
    reading = read("Provider,Website\nAcme,https://acme.example.org\n")

    assert reading.candidates[0].name == "Acme"


def test_table_is_recognised_by_the_words_of_its_header() -> None:
    reading = read(
        "Timestamp,What is the name of the tool?,Link to the tool\n"
        "1/2/2026 10:11:12,Zig,https://ziglang.org\n"
        "1/3/2026 10:11:12,Odin,https://odin-lang.org\n",
        media_type="",
    )

    assert [c.name for c in reading.candidates] == ["Zig", "Odin"]


def test_names_of_columns_are_documented() -> None:
    page = Path("docs/reference/sources.md").read_text(encoding="utf-8")

    missing = [
        f for f, names in SYNONYMS.items() if f"| {', '.join(names)} |" not in page
    ]

    assert not missing


SORTED = [
    ("Vim", "Editors"),
    ("Emacs", "Editors"),
    ("Redis", "Databases"),
    ("SQLite", "Databases"),
    ("Caddy", "Servers"),
    ("nginx", "Servers"),
]


def table_with(header: str, values: Sequence[str]) -> str:
    rows = [
        f"{name},https://{name.lower()}.example.org,{value}\n"
        for (name, _), value in zip(SORTED, values, strict=True)
    ]
    return "".join([f"Name,URL,{header}\n", *rows])


@pytest.mark.parametrize("header", ["Department", "Used in", "Bucket", ""])
def test_a_column_of_few_words_that_repeat_is_the_category(header: str) -> None:
    reading = read(table_with(header, [group for _, group in SORTED]))

    assert [c.category for c in reading.candidates] == [group for _, group in SORTED]


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("Pricing", ["Free tier", "Per seat", "Per seat"] * 2),
        ("Made in", ["MIT", "GPL-3.0", "MIT"] * 2),
        ("Country", ["Germany", "France", "France"] * 2),
        ("Recommended", ["yes", "no", "no"] * 2),
        ("Entry", ["2 Jan 2026", "3 Jan 2026", "2 Jan 2026"] * 2),
        ("Remark", ["Editors", "Databases", "Servers", "Mail", "Chat", "Chat"]),
        ("Remark", ["Editors"] * 6),
        ("Remark", ["Editors", "", "", "", "", "Editors"]),
    ],
)
def test_a_column_that_sorts_by_something_else_is_no_category(
    header: str, values: list[str]
) -> None:
    reading = read(table_with(header, values))

    assert {c.category for c in reading.candidates} == {""}


@pytest.mark.parametrize(
    "when",
    [
        "2026-01-02T10:11:12.000Z",
        "2026-01-02 10:11:12 +0000",
        "1/2/2026 10:11:12 AM",
        "Fri, 02 Jan 2026 10:11:12 GMT",
        "January 2, 2026 10:11 AM",
    ],
)
def test_a_time_is_no_description(when: str) -> None:
    quoted = f'"{when}"'

    reading = read(
        f"{quoted},Vim,https://www.vim.org\n{quoted},nano,https://nano.org\n"
    )

    assert [(c.name, c.description) for c in reading.candidates] == [
        ("Vim", ""),
        ("nano", ""),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Name,Notes\n[Vim](https://www.vim.org),Edits text.\n",
        "Notes,Tool\nEdits text.,[Vim](https://www.vim.org)\n",
        "Link,Notes\n[Vim](https://www.vim.org),Edits text.\n",
        'Tool,Notes\n"=HYPERLINK(""https://www.vim.org"",""Vim"")",Edits text.\n',
        'Tool;Notes\n"=HYPERLINK(""https://www.vim.org"";""Vim"")";Edits text.\n',
        'Name,Site,Notes\nVim,"=HYPERLINK(""https://www.vim.org"")",Edits text.\n',
        "[Vim](https://www.vim.org),Edits text.\n"
        "[nano](https://www.nano-editor.org),Edits text without modes.\n",
    ],
)
def test_a_cell_that_is_a_link_with_a_text_is_a_name_and_a_link(text: str) -> None:
    vim = read(text).candidates[0]

    assert (vim.name, vim.url) == ("Vim", "https://www.vim.org")
    assert vim.description == "Edits text."


def test_the_address_of_a_related_page_is_left_off() -> None:
    reading = read(
        "Name,URL,Category\n"
        "uBlock (https://www.notion.so/uBlock-1a2b?pvs=21),https://ublock.org,"
        '"Browsers (https://www.notion.so/Browsers-3c4d?pvs=21)"\n'
    )

    (ublock,) = reading.candidates
    assert (ublock.name, ublock.category) == ("uBlock", "Browsers")


@pytest.mark.parametrize(
    "above",
    [
        "sep=,\n",
        "\ufeffsep=,\r\n",
        "Our tools,,\n,,\n",
        '"Tools, and more"\nExported on 2 January 2026\n\n',
    ],
)
def test_what_stands_above_the_header_is_passed_over(above: str) -> None:
    reading = read(
        f"{above}Name,URL,Category\nVim,https://www.vim.org,Editors\n"
        "Redis,https://redis.io,Databases\nCaddy,https://caddyserver.com,Servers\n"
    )

    assert [(c.name, c.category) for c in reading.candidates] == [
        ("Vim", "Editors"),
        ("Redis", "Databases"),
        ("Caddy", "Servers"),
    ]


def test_stated_delimiter_is_taken() -> None:
    reading = read("sep=;\nName;URL\nVim, improved;https://www.vim.org\n")

    assert reading.candidates[0].name == "Vim, improved"


@pytest.mark.parametrize("tags", ['["web","news"]', "['web', 'news']", "#web #news"])
def test_tags_may_be_written_in_many_ways(tags: str) -> None:
    quoted = tags.replace('"', '""')

    reading = read(f'Name,URL,Tags\nVim,https://www.vim.org,"{quoted}"\n')

    assert reading.candidates[0].tags == ("web", "news")


def test_surest_of_several_headers_keeps_the_field() -> None:
    headers = ["Industry", "Company", "Tool", "Category", "Info", "About the tool"]

    assert surest_fields(headers) == ["", "", "name", "category", "description", ""]
