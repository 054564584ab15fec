"""The website, read as a visitor's browser and a hostile editor would."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.items import Catalogue, Category, Item, Tag
from generation.repositories import Masthead
from generation.repositories.site import Owner
from generation.repositories.website import addresses, render_website
from generation.repositories.website.addresses import page_name, web_link
from generation.repositories.website.facts import read_facts
from generation.repositories.website.pages import INDEX_ITEMS
from generation.repositories.website.words import words_of

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
MASTHEAD = Masthead(
    slug="time-tracking",
    name="Time Tracking",
    description="Know where the day went.",
    company_name="Clockmakers & Sons",
    company_website="https://clocks.example",
)


class Reader(HTMLParser):
    """Note what the tests ask about."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def ids(self) -> list[str]:
        return [
            attributes["id"] for _, attributes in self.elements if "id" in attributes
        ]

    @property
    def links(self) -> Iterator[str]:
        for _, attributes in self.elements:
            yield from (
                attributes[name] for name in ("href", "src") if name in attributes
            )


def read(page: bytes) -> Reader:
    reader = Reader()
    reader.feed(page.decode())
    reader.close()
    return reader


def make_item(slug: str, **changes: Any) -> Item:
    fields: dict[str, Any] = {
        "id": slug,
        "slug": slug,
        "name": slug.replace("-", " ").title(),
        "description": f"What {slug} does.",
        "source_url": f"https://www.{slug}.example/",
        "category": "timers",
        "updated_at": "2024-03-01 12:00",
    }
    return Item(**fields | changes)


def make_catalogue(*items: Item) -> Catalogue:
    return Catalogue(
        items=items,
        categories=(
            Category(id="timers", name="Timers", description="They count."),
            Category(id="calendars", name="Calendars", priority=1),
            Category(id="empty", name="Nothing here"),
        ),
        tags=(
            Tag(id="c-sharp", name="C#"),
            Tag(id="cli", name="Command line"),
            Tag(id="unused", name="Unused"),
        ),
    )


def render(
    *items: Item, masthead: Masthead = MASTHEAD, owner: Owner | None = None
) -> dict[str, bytes]:
    return dict(render_website(make_catalogue(*items), masthead, owner))


def pages(site: dict[str, bytes]) -> dict[str, Reader]:
    return {
        path: read(content) for path, content in site.items() if path.endswith(".html")
    }


def outbound(reader: Reader) -> list[dict[str, str]]:
    return [link for link in reader.all("a") if "://" in link.get("href", "")]


ITEMS = (
    make_item("alarm", tags=("cli", "c-sharp"), featured=True),
    make_item("beeper", tags=("cli",), markdown="# Beeper\n\nIt [beeps](docs/x.md)."),
    make_item("calends", category="calendars", updated_at="2025-11-30 08:05"),
    make_item("dial", markdown="## Use\n\n| a | b |\n|---|--:|\n| 1 | 2 |"),
)


def many_items(number: int) -> list[Item]:
    return [make_item(f"item-{position:04}") for position in range(number)]


# What every page promises


def test_every_link_leads_to_a_file_and_every_fragment_to_an_element() -> None:
    site = render(*ITEMS)
    read_pages = pages(site)

    for path, reader in read_pages.items():
        for link in reader.links:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = path if not parts.path else _resolve(path, parts.path)
            assert target in site, f"{path} links to {link}"
            if parts.fragment:
                assert parts.fragment in read_pages[target].ids, f"{path}: {link}"


def _resolve(path: str, link: str) -> str:
    """Follow a relative link; one that climbs out of the site leads nowhere."""
    if link.startswith("/"):
        return link[1:]
    steps = list(PurePosixPath(path).parent.parts)
    for step in link.split("/"):
        if step == "..":
            steps.pop()
        else:
            steps.append(step)
    return "/".join(steps)


def test_every_page_is_reached_from_the_index() -> None:
    read_pages = pages(render(*ITEMS))
    reached, waiting = set[str](), ["index.html"]

    while waiting:
        path = waiting.pop()
        if path in reached:
            continue
        reached.add(path)
        links = (urlsplit(link["href"]) for link in read_pages[path].all("a"))
        waiting += [
            _resolve(path, link.path)
            for link in links
            if not link.scheme and link.path.endswith(".html")
        ]

    assert reached == read_pages.keys() - {"404.html"}


def test_the_same_catalogue_gives_the_same_bytes_in_any_order() -> None:
    one = make_catalogue(*ITEMS)
    other = Catalogue(
        items=one.items[::-1], categories=one.categories[::-1], tags=one.tags[::-1]
    )

    assert list(render_website(one, MASTHEAD)) == list(render_website(other, MASTHEAD))


def test_files_come_in_path_order_and_only_once() -> None:
    paths = [file.path for file in render_website(make_catalogue(*ITEMS), MASTHEAD)]

    assert paths == sorted(set(paths))


def test_a_page_is_made_only_when_it_is_asked_for() -> None:
    broken = make_item("zebra").model_copy(update={"meta": {"license": {1: object}}})
    theme = Owner(templates={"404.html": "{{ nothing.at.all }}"})
    files = render_website(make_catalogue(broken), MASTHEAD, theme)

    assert next(files).path == ".github/workflows/pages.yml"


def test_every_page_has_one_heading_a_title_a_language_and_a_description() -> None:
    for path, reader in pages(render(*ITEMS)).items():
        assert len(reader.all("h1")) == 1, path
        assert len(reader.all("title")) == 1, path
        assert reader.all("html") == [{"lang": "en", "dir": "ltr"}], path
        descriptions = [m for m in reader.all("meta") if m.get("name") == "description"]
        assert descriptions[0]["content"], path


def test_no_id_stands_twice_in_a_page() -> None:
    for path, reader in pages(render(*ITEMS)).items():
        assert max(Counter(reader.ids).values()) == 1, path


def test_headings_never_skip_a_level() -> None:
    for path, reader in pages(render(*ITEMS)).items():
        levels = [
            int(tag[1]) for tag, _ in reader.elements if tag in {"h1", "h2", "h3", "h4"}
        ]
        steps = [after - before for before, after in pairwise(levels)]
        assert max(steps, default=0) <= 1, path


def test_pages_bear_a_strict_policy_and_load_nothing_from_elsewhere() -> None:
    for path, reader in pages(render(*ITEMS)).items():
        assert not reader.all("style"), path
        for script in reader.all("script"):
            # A block of data is never run, whatever the policy.
            assert script.get("type") == "application/ld+json" or script["src"], path
        for tag, attributes in reader.elements:
            inline = [
                name for name in attributes if name == "style" or name[:2] == "on"
            ]
            assert not inline, path
            if tag != "a" and attributes.get("rel") != "canonical":
                loaded = attributes.get("src", "") + attributes.get("href", "")
                assert not urlsplit(loaded).netloc, path


def test_outbound_links_tell_nothing_and_vouch_for_nothing() -> None:
    for path, reader in pages(render(*ITEMS)).items():
        for link in outbound(reader):
            assert link["rel"] == "noopener nofollow", path


# What strangers write


def test_hostile_text_stays_text_on_every_page() -> None:
    hostile = make_item(
        "evil",
        name=HOSTILE,
        description=HOSTILE,
        tags=("cli",),
        markdown=HOSTILE,
        meta={"license": HOSTILE, HOSTILE: HOSTILE},
        source_url="https://evil.example/" + HOSTILE,
    )
    calm = render(make_item("evil", tags=("cli",), meta={"license": "MIT", "x": "x"}))
    masthead = Masthead(slug="evil", name=HOSTILE, description=HOSTILE)

    site = render(hostile, masthead=masthead)

    for path, reader in pages(site).items():
        # Each page loads as many scripts and pictures as the harmless one does.
        expected = read(calm[path])
        assert len(reader.all("script")) == len(expected.all("script")), path
        assert len(reader.all("img")) == len(expected.all("img")), path
        assert not any("onerror" in attributes for _, attributes in reader.elements), (
            path
        )
    assert "<script>alert(1)</script>" in pages(site)["items/evil/index.html"].text


def test_the_names_of_groups_are_escaped() -> None:
    catalogue = Catalogue(
        items=(make_item("alarm", category="c", tags=("t",)),),
        categories=(Category(id="c", name=HOSTILE, description=HOSTILE),),
        tags=(Tag(id="t", name=HOSTILE),),
    )

    for path, reader in pages(dict(render_website(catalogue, MASTHEAD))).items():
        assert not any("onerror" in attributes for _, attributes in reader.elements), (
            path
        )


def test_an_ampersand_in_a_description_is_escaped_once() -> None:
    page = render(make_item("alarm", description="", name="Tick & Tock"))[
        "items/alarm/index.html"
    ]

    assert b'content="Tick &amp; Tock in Time Tracking"' in page


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " JaVaScRiPt:alert(1)",
        "data:text/html,hello",
        "//elsewhere.example/",
        "https://",
        "https://[half",
        "https://host:port/",
        "https://a b.example/",
        "mailto:somebody@host.example",
        "",
    ],
)
def test_what_is_no_web_address_is_text(url: str) -> None:
    page = pages(render(make_item("alarm", source_url=url, meta={"demo_url": url})))

    assert [link["href"] for link in outbound(page["items/alarm/index.html"])] == [
        MASTHEAD.company_website
    ]
    assert "Visit" not in page["items/alarm/index.html"].text


def test_a_body_links_only_to_web_and_mail_addresses() -> None:
    body = "[a](javascript:x) [b](../x) [c](#d) [e](https://f.example/g) <javascript:h>"
    item = make_item("alarm", markdown=body)

    page = read(render(item)["items/alarm/index.html"])

    links = [link["href"] for link in outbound(page) if "f.example" in link["href"]]
    assert links == ["https://f.example/g"]
    assert not any("javascript" in link for link in page.links)


@pytest.mark.parametrize(
    ("url", "href", "host"),
    [
        ("https://www.alarm.example/", "https://www.alarm.example/", "alarm.example"),
        ("HTTP://Alarm.example", "http://alarm.example", "alarm.example"),
        ("https://real.example@evil.example/", "https://evil.example/", "evil.example"),
        (
            "https://a.example/x y?q=|#[z]",
            "https://a.example/x%20y?q=%7C#%5Bz%5D",
            None,
        ),
        ("https://a.example/100%", "https://a.example/100%25", "a.example"),
        ("https://a.example:8080/%C3%A9", "https://a.example:8080/%C3%A9", "a.example"),
        ("https://[::1]/", "https://[::1]/", "::1"),
        ("https://bücher.example/ä", "https://bücher.example/%C3%A4", "bücher.example"),
    ],
)
def test_a_web_address_is_made_valid(url: str, href: str, host: str | None) -> None:
    link = web_link(url)

    assert link is not None
    assert link.href == href
    assert link.host == (host or "a.example")


@given(
    st.from_regex(addresses.PLAIN_ADDRESS, fullmatch=True)
    | st.text(alphabet="htps:/.-ab1wA~_?#%", max_size=40)
)
def test_a_plain_address_is_read_as_if_it_were_taken_apart(url: str) -> None:
    assert web_link(url) == addresses._mended(url)


def test_an_id_that_is_no_file_name_gets_one() -> None:
    names = [
        page_name(id) for id in ("c-sharp", "../../etc", "C/C++", "C++", "日本", "")
    ]

    assert names[0] == "c-sharp"
    assert len(set(names)) == len(names)
    assert all(
        set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for name in names
    )


# What is shown, and what is not


def test_a_category_without_items_and_an_unused_tag_do_not_exist() -> None:
    site = render(*ITEMS)

    assert "categories/empty/index.html" not in site
    assert "tags/unused/index.html" not in site
    assert b"Nothing here" not in site["index.html"]


def test_a_directory_without_tags_has_no_tag_section() -> None:
    site = render(make_item("alarm"))

    assert "tags" not in read(site["index.html"]).ids
    assert "tags/index.html" not in site


def test_an_empty_directory_says_so() -> None:
    site = render()

    assert [path for path in site if path.endswith(".html")] == [
        "404.html",
        "about/index.html",
        "index.html",
    ]
    assert "assets/items.js" not in site
    assert b"Nothing has been added" in site["index.html"]
    assert "Last updated" not in read(site["index.html"]).text


def test_the_404_page_leads_home() -> None:
    page = read(render(*ITEMS)["404.html"])

    assert "Page not found" in page.text
    assert "/index.html" in list(page.links)


def test_a_small_index_shows_every_item_below_its_category() -> None:
    index = read(render(*many_items(INDEX_ITEMS))["index.html"])

    links = {link for link in index.links if link.startswith("items/")}
    assert len(links) == INDEX_ITEMS
    assert "in-timers" in index.ids


def test_a_large_index_shows_categories_and_featured_items_only() -> None:
    items = [*many_items(INDEX_ITEMS), make_item("star", featured=True)]

    index = read(render(*items)["index.html"])

    links = {link for link in index.links if link.startswith("items/")}
    assert "items/star/index.html" in links
    assert len(links) < 10
    assert "categories/timers/index.html" in list(index.links)


def test_categories_come_by_priority_then_name() -> None:
    index = read(render(*ITEMS)["categories/index.html"])

    links = [link for link in index.links if re.match(r"\.\./categories/.*/", link)]
    assert links == [
        "../categories/calendars/index.html",
        "../categories/timers/index.html",
    ]


def test_featured_items_come_first_then_by_name() -> None:
    items = (
        make_item("b", name="beta"),
        make_item("a", name="Alpha"),
        make_item("z", name="Zulu", featured=True),
    )

    page = read(render(*items)["categories/timers/index.html"])

    links = [link for link in page.links if link.startswith("../../items/")]
    assert links == [
        "../../items/z/index.html",
        "../../items/a/index.html",
        "../../items/b/index.html",
    ]


def test_the_newest_item_dates_the_website() -> None:
    text = read(render(*ITEMS)["index.html"]).text

    assert "Last updated 2025-11-30" in text
    assert "© 2025 Clockmakers & Sons" in " ".join(text.split())


def test_an_item_page_shows_what_is_known() -> None:
    meta = {
        "license": "MIT",
        "languages": ["Go", "Rust"],
        "source_code_url": "https://code.example/alarm",
        "stars": 12345,
        "archived": False,
        "first_release": 2019,
        "checks": {"nested": True},
        "history": [{"nested": True}],
        "nothing": None,
    }

    page = read(render(make_item("alarm", meta=meta))["items/alarm/index.html"])

    words = " ".join(page.text.split())
    assert "License MIT Languages Go Rust Stars 12,345 Archived No Source code" in words
    assert "First release 2019" in words
    assert {"https://code.example/alarm"} <= {link["href"] for link in outbound(page)}
    assert "nested" not in words
    assert "Visit alarm.example" in words


def test_facts_of_a_shape_that_we_do_not_know_are_left_out() -> None:
    facts = read_facts(
        {"a": {}, "b": [], "c": [None, {}], "d": "  ", "_e": "x", "f": "y"},
        words_of("en", {}),
    )

    assert [fact.label for fact in facts] == ["F"]


def test_a_body_starts_below_the_heading_of_its_page_and_shows_no_picture() -> None:
    body = "# One\n\n### Two\n\n![x](https://pictures.example/x.png)"

    page = read(render(make_item("dial", markdown=body))["items/dial/index.html"])

    headings = [tag for tag, _ in page.elements if tag in {"h1", "h2", "h3", "h4"}]
    assert headings == ["h1", "h2", "h2", "h3"]
    assert not any("pictures.example" in link for link in page.links)


def test_a_body_does_not_repeat_the_head_of_its_page() -> None:
    body = "# Alarm\n\nWhat alarm does.\n\nIt also wakes."

    page = read(render(make_item("alarm", markdown=body))["items/alarm/index.html"])

    words = " ".join(page.text.split())
    assert words.count("What alarm does.") == 1
    assert "It also wakes." in words


def test_related_items_share_the_category_and_the_most_tags() -> None:
    items = (
        make_item("alarm", tags=("cli", "c-sharp")),
        *(make_item(f"plain-{position}") for position in range(9)),
        make_item("twin", tags=("c-sharp", "cli")),
        make_item("cousin", tags=("cli",)),
        make_item("stranger", tags=("cli", "c-sharp"), category="calendars"),
    )

    page = read(render(*items)["items/alarm/index.html"])

    related = [link for link in page.links if link.startswith("../../items/")]
    assert related[:2] == [
        "../../items/twin/index.html",
        "../../items/cousin/index.html",
    ]
    assert len(related) == 6
    assert "../../items/stranger/index.html" not in related


def test_an_item_alone_in_its_category_has_no_related_items() -> None:
    page = read(render(make_item("alarm"))["items/alarm/index.html"])

    assert "related" not in page.ids


def test_the_script_of_items_is_data_and_nothing_else() -> None:
    script = render(make_item("alarm", name=HOSTILE))["assets/items.js"].decode()

    head, begin, row, end = script.splitlines()
    assert json.loads(head.removeprefix("globalThis.directory = ").rstrip(";"))
    assert (begin, end) == ("globalThis.directory.items = [", "];")
    assert json.loads(row.rstrip(","))[:2] == ["alarm", HOSTILE]


def test_a_category_names_those_around_it_and_not_all() -> None:
    names = [f"Kind {number:04}" for number in range(400)]
    catalogue = Catalogue(
        categories=tuple(Category(id=name[5:], name=name) for name in names),
        items=tuple(
            Item(
                id=name,
                slug=f"item-{name[5:]}",
                name=name,
                description="",
                source_url=f"https://example.org/{name[5:]}",
                category=name[5:],
                updated_at="2026-01-01 00:00",
            )
            for name in names
        ),
    )

    pages = {
        file.path: file.content.decode()
        for file in render_website(catalogue, Masthead(slug="x", name="X"))
    }

    page = pages["categories/0200/index.html"]
    assert page.count("Kind 0") < 150
    assert 'aria-current="page"' in page
    assert 'href="../../categories/index.html">All categories' in page
