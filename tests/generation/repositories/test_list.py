"""The list reads well, passes the field's checks, and no item breaks out of its line (T32).

The checks that others wrote are run by hand (`checks/`); what they asked for is held here.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from generation.items import Catalogue, Category, Item
from generation.repositories import Masthead
from generation.repositories.list import MOST_BYTES, render_list

GOLDEN = Path(__file__).parents[2] / "golden" / "list"
MASTHEAD = Masthead(slug="time", name="Time tracking software", description="keep time")
TEXTS = st.one_of(
    st.text(alphabet=st.characters(), max_size=120),
    st.text(alphabet=" \n[]()<>!*_`~#-+=.:/\\|&;@$\"'{}ab1\u2028", max_size=60),
)


def make_item(
    name: str = "Kimai",
    description: str = "Track time.",
    *,
    url: str | None = None,
    slug: str = "",
    category: str = "tools",
    featured: bool = False,
) -> Item:
    slug = slug or name.lower().replace(" ", "-") or "nameless"
    return Item(
        id=slug,
        slug=slug,
        name=name,
        description=description,
        source_url=f"https://{slug}.example/" if url is None else url,
        category=category,
        updated_at="2026-01-02 03:04",
        featured=featured,
    )


def render(
    *items: Item, categories: tuple[Category, ...] = (), masthead: Masthead = MASTHEAD
) -> dict[str, str]:
    categories = categories or (Category(id="tools", name="Tools"),)
    catalogue = Catalogue(items=items, categories=categories)
    return {
        file.path: file.content.decode() for file in render_list(catalogue, masthead)
    }


def readme(*items: Item, categories: tuple[Category, ...] = ()) -> str:
    return render(*items, categories=categories)["README.md"]


def item_lines(text: str) -> list[str]:
    contents = re.sub(r"## Contents\n\n(- .*\n)+", "", text)
    return [line for line in contents.splitlines() if line.startswith("- ")]


def line_of(item: Item) -> str:
    [line] = item_lines(readme(item))
    return line


def parse(text: str) -> list[Token]:
    return MarkdownIt("gfm-like", {"linkify": False}).parse(text)


def test_list_matches_the_golden_files() -> None:
    files = render(
        make_item("Kimai", "kimai is a time tracker for teams"),
        make_item(
            "ActivityWatch", "Watch what you do, on linux and MacOS", featured=True
        ),
        make_item("Solid_Time*", "Simple [beta] tracker <b>bold</b>", slug="solidtime"),
        make_item("Nameless", "", category="c"),
        make_item(
            "Kimai again", "Twice.", url="http://www.kimai.example", category="c"
        ),
        make_item("日本", "日本語の説明。", slug="nippon", category="cjk"),
        categories=(
            Category(id="tools", name="Tools & Apps", description="what one uses"),
            Category(id="c", name="🚀 C# and C++!", priority=None),
            Category(id="cjk", name="日本 ❤️", priority=1),
            Category(id="empty", name="Empty"),
        ),
    )

    assert list(files) == ["README.md", "contributing.md"]
    for path, text in files.items():
        assert text == (GOLDEN / path).read_text(encoding="utf-8")


def test_same_items_give_the_same_bytes() -> None:
    items = [make_item("B"), make_item("A"), make_item("C", category="other")]

    assert render(*items) == render(*reversed(items))


def test_files_end_with_one_newline() -> None:
    for text in render(make_item()).values():
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


def test_empty_catalogue_has_no_contents() -> None:
    text = readme()

    assert "## Contents" not in text
    assert "Nothing is listed yet." in text


def test_contents_name_the_sections() -> None:
    names = ["A & B", "Foo", "foo", "数据库", "Été"]
    categories = tuple(Category(id=f"c{n}", name=name) for n, name in enumerate(names))
    items = [make_item(f"Item {n}", category=f"c{n}") for n in range(len(names))]

    text = readme(*items, categories=categories)

    assert re.findall(r"^- \[(.*)\]\(#(.*)\)$", text, re.MULTILINE) == [
        ("A & B", "a--b"),
        ("Foo", "foo"),
        ("foo", "foo-1"),
        ("Été", "été"),
        ("数据库", "数据库"),
    ]
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings == [
        "Contents",
        "A & B",
        "Foo",
        "foo",
        "Été",
        "数据库",
        "Contributing",
    ]


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("🚀 Games!", "Games"),
        ("Health ❤️ Care", "Health Care"),
        ("License", "License Items"),
        ("contents", "contents Items"),
        ("🚀", "tools"),
        ("javascript", "JavaScript"),
    ],
)
def test_heading_is_made_of_the_category(name: str, heading: str) -> None:
    text = readme(make_item(), categories=(Category(id="tools", name=name),))

    assert f"\n## {heading}\n" in text


def test_categories_stand_by_priority_and_items_by_name() -> None:
    categories = (
        Category(id="a", name="Alpha"),
        Category(id="z", name="Zulu", priority=1),
        Category(id="m", name="mike"),
    )
    items = [
        make_item("beta", category="a"),
        make_item("Alpha", category="a"),
        make_item("Zed", category="a", featured=True),
        make_item("One", category="m"),
        make_item("Two", category="z"),
    ]

    lines = item_lines(readme(*items, categories=categories))

    assert re.findall(r"\[(\w+)\]", " ".join(lines)) == [
        "Two",
        "Zed",
        "Alpha",
        "beta",
        "One",
    ]


def test_item_of_an_unknown_category_is_not_lost() -> None:
    assert "\n## elsewhere\n" in readme(make_item(category="elsewhere"))


def test_address_stands_in_the_list_once() -> None:
    text = readme(
        make_item("First", url="https://www.a.example/x/"),
        make_item("Second", url="http://a.example/x?utm_source=y"),
        make_item(
            "First", slug="third", url="https://a.example/x/index.html", category="z"
        ),
        make_item("Other", url="https://a.example/x#other"),
        categories=(Category(id="tools", name="Tools"), Category(id="z", name="Zulu")),
    )

    assert len(item_lines(text)) == 2
    assert "\nAlso in this category: Second (see First).\n" in text
    assert "\nAlso in this category: First (see Tools).\n" in text


def test_item_without_a_web_address_is_named_without_a_link() -> None:
    assert line_of(make_item(url="javascript:alert(1)")) == "- Kimai - Track time."


@pytest.mark.parametrize(
    "url", ["http://[2001:db8::1]:8080/x", "https://dot.example.org./x"]
)
def test_unusual_hosts_are_linked(url: str) -> None:
    line = f"- [Kimai]({url}) - Track time."

    assert line in render(make_item(url=url))["README.md"].splitlines()


def test_item_without_a_name_goes_by_its_host() -> None:
    assert line_of(make_item(" ", slug="x")).startswith(
        "- [x.example](https://x.example/)"
    )


@pytest.mark.parametrize(
    ("description", "sentence"),
    [
        ("track time", "Track time."),
        ("Kimai is a time tracker", "A time tracker."),
        ("kimai: Kimai - track time!", "Track time!"),
        ("Kimai's tracker", "Kimai's tracker."),
        ("Kimaira is not it", "Kimaira is not it."),
        ("– track, track;", "Track, track."),
        ("iOS app", "iOS app."),
        ("(beta) tracker", "(beta) tracker."),
        ("'single' quoted", "'Single' quoted."),
        ("“curly” quotes", '"curly" quotes.'),
        ('An unbalanced " quote', "An unbalanced quote."),
        ('A 19" rack', "A 19″ rack."),
        ('Says "yes."', 'Says "yes."'),
        ('Says "yes.".', 'Says "yes."'),
        ("So good!!", "So good!"),
        ("日本語の説明。", "日本語の説明."),
        ("uses nodejs, postgres and git.", "Uses Node.js, PostgreSQL and Git."),
        ("clone github.com/x/git or git-lfs", "Clone github.com/x/git or git-lfs."),
        ("A sentence. " + "word " * 80, "A sentence. " + "word " * 56 + "word..."),
        ("A " + "word " * 25 + "here. " + "word " * 80, "A " + "word " * 25 + "here."),
    ],
)
def test_description_is_made_a_sentence(description: str, sentence: str) -> None:
    line = line_of(make_item(description=description))

    assert line == f"- [Kimai](https://kimai.example/) - {sentence}"


@pytest.mark.parametrize("description", ["", " ", "Kimai", "Kimai.", "...", "-"])
def test_nothing_is_said_where_nothing_remains(description: str) -> None:
    line = line_of(make_item(description=description))

    assert line == "- [Kimai](https://kimai.example/)"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("open-source time tracking", "Open-Source Time Tracking"),
        ("the best of the web", "The Best of the Web"),
        ("Databases", "Awesome Databases"),
        ("LLM AI", "Awesome LLM AI"),
        ("nodejs frameworks", "*Node.js Frameworks*"),
        ("iOS libraries", "*iOS Libraries*"),
        ("日本 リスト", "日本 リスト"),
        ("a [b](c) d", r"A \[B\](C) D"),
    ],
)
def test_title_is_in_title_case(name: str, title: str) -> None:
    text = render(make_item(), masthead=Masthead(slug="x", name=name))["README.md"]

    badge = "[![Awesome](https://awesome.re/badge.svg)](https://awesome.re)"
    assert text.startswith(f"# {title} {badge}\n\n## Contents\n")


@given(TEXTS, TEXTS, TEXTS)
def test_no_text_breaks_out_of_its_line(
    name: str, description: str, other: str
) -> None:
    items = [
        make_item(name, description, slug="one"),
        make_item(description, name, slug="two"),
    ]
    categories = (Category(id="tools", name=other, description=description),)
    masthead = Masthead(slug="x", name=other, description=name)

    text = render(*items, categories=categories, masthead=masthead)["README.md"]
    tokens = parse(text)

    # The heading's badge, the entry of the contents, two items, the contribution guide.
    links = [token for inline in tokens for token in inline.children or []]
    assert sum(token.type == "link_open" for token in links) == 5
    assert sum(token.type == "image" for token in links) == 1
    assert [token.tag for token in tokens if token.type == "heading_open"] == [
        "h1", "h2", "h2", "h2",
    ]  # fmt: skip
    assert sum(token.type == "list_item_open" for token in tokens) == 3
    assert sum(token.type == "bullet_list_open" for token in tokens) == 2
    assert not any(token.type.startswith("html") for token in [*tokens, *links])
    assert len(item_lines(text)) == 2


def test_contributing_says_how_and_where() -> None:
    text = render(make_item())["contributing.md"]

    assert text.startswith("# Contributing to Time Tracking Software\n")
    assert "\n- Tools\n" in text


def large_catalogue(items: int, categories: int) -> Catalogue:
    return Catalogue(
        items=tuple(
            make_item(
                f"Item {number}",
                "A long description with enough words in it to look like a real one.",
                category=f"c{min(number % (2 * categories), categories)}",
            )
            for number in range(items)
        ),
        categories=tuple(
            Category(id=f"c{number}", name=f"Category {number}")
            for number in range(categories + 1)
        ),
    )


def test_large_list_is_split_and_loses_nothing() -> None:
    files = list(render_list(large_catalogue(12_000, 20), MASTHEAD))

    paths = [file.path for file in files]
    assert paths == sorted(paths)
    assert "categories/category-20.md" in paths
    assert "categories/category-20-2.md" in paths
    assert all(len(file.content) < 500_000 for file in files)
    assert len(files[0].content) <= MOST_BYTES
    text = "".join(file.content.decode() for file in files)
    assert len(re.findall(r"^- \[Item \d+\]", text, re.MULTILINE)) == 12_000
    assert (
        "6,000 items on pages of their own: [Category 20](categories/category" in text
    )


def test_prices_are_no_mathematics() -> None:
    """GitHub sets what stands between two `$` as a formula."""
    prices = "From $5 a month, or $50 a year."
    line = line_of(make_item("Clock $ Co", prices, url="https://clock.example/"))

    assert "https://clock.example/" in line
    assert line.count("$") == line.count("\\$") == 3
