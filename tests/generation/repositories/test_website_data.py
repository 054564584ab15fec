"""What programs read of a website: feeds, sitemap, data files, pictures, hosting files."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image

from generation.items import Catalogue, Category, Item
from generation.repositories.site import Collection, MenuLink, Note, Owner, SiteSettings
from generation.repositories.state import Provenance
from generation.repositories.website import exports, render_website
from tests.generation.repositories.test_website import (
    HOSTILE,
    MASTHEAD,
    make_catalogue,
    make_item,
    pages,
    read,
    render,
)

URL = "https://clocks.example/list/"
OWNER = Owner(settings=SiteSettings(url=URL))
ITEMS = (
    make_item("alarm", tags=("cli",), description="Tick & <tock>\x0b."),
    make_item("beeper", updated_at="2025-11-30 08:05"),
    make_item("calends", category="calendars", updated_at="2024-02-31 10:00"),
    make_item("undated", updated_at=""),
)
ATOM = "{http://www.w3.org/2005/Atom}"
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture(scope="module")
def site() -> dict[str, bytes]:
    return render(*ITEMS, owner=OWNER)


def test_feeds_are_well_formed_newest_first_and_absolute(
    site: dict[str, bytes],
) -> None:
    atom = ElementTree.fromstring(site["atom.xml"])
    rss = ElementTree.fromstring(site["rss.xml"])
    feed = json.loads(site["feed.json"])

    ids = [entry.findtext(f"{ATOM}id") for entry in atom.findall(f"{ATOM}entry")]
    assert ids[0] == f"{URL}items/beeper/"
    assert ids == [item["id"] for item in feed["items"]]
    assert ids == [item.findtext("link") for item in rss.iter("item")]
    assert len(ids) == 3
    assert atom.findtext(f"{ATOM}updated") == "2025-11-30T08:05:00Z"
    assert atom.find(f"{ATOM}link").get("href") == f"{URL}atom.xml"  # type: ignore[union-attr]
    assert [i.findtext("description") for i in rss.iter("item")][1] == "Tick & <tock>."
    assert feed["items"][1]["tags"] == ["Timers", "Command line"]


def test_a_day_that_no_calendar_has_does_not_stop_a_feed(
    site: dict[str, bytes],
) -> None:
    assert b"2024-02-01T00:00:00Z" in site["categories/calendars/atom.xml"]


def test_each_category_has_feeds_and_names_them(site: dict[str, bytes]) -> None:
    page = read(site["categories/calendars/index.html"])

    feeds = [link["href"] for link in page.all("link") if link["rel"] == "alternate"]
    assert feeds == [
        f"../../categories/calendars/{name}"
        for name in ("rss.xml", "atom.xml", "feed.json")
    ]
    assert len(json.loads(site["categories/calendars/feed.json"])["items"]) == 1


def test_the_sitemap_names_every_page_and_only_pages(site: dict[str, bytes]) -> None:
    tree = ElementTree.fromstring(site["sitemap.xml"])

    named = {loc.text for loc in tree.iter(f"{MAP}loc")}
    html = {p for p in site if p.endswith(".html") and p != "404.html"}
    assert named == {URL + path.removesuffix("index.html") for path in html}
    assert b"<lastmod>2025-11-30</lastmod>" in site["sitemap.xml"]
    assert f"Sitemap: {URL}sitemap.xml" in site["robots.txt"].decode()


def test_a_large_sitemap_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "SITEMAP_URLS", 5)

    site = render(*ITEMS, owner=OWNER)

    index = ElementTree.fromstring(site["sitemap.xml"])
    parts = [loc.text.removeprefix(URL) for loc in index.iter(f"{MAP}loc")]  # type: ignore[union-attr]
    named = [
        loc.text
        for part in parts
        for loc in ElementTree.fromstring(site[part]).iter(f"{MAP}loc")
    ]
    assert len(parts) > 1
    assert len(named) == len(set(named)) == sum(p.endswith(".html") for p in site) - 1


def test_every_page_has_a_canonical_address_and_json_ld(site: dict[str, bytes]) -> None:
    for path, reader in pages(site).items():
        [canonical] = [x for x in reader.all("link") if x["rel"] == "canonical"]
        assert canonical["href"] == URL + path.removesuffix("index.html")
        if path != "404.html":
            assert reader.all("script")[-1] == {"type": "application/ld+json"}, path


def test_json_ld_is_read_back_whatever_the_name() -> None:
    evil = make_item("evil", name="</script><script>alert(1)</script>")

    page = render(evil, owner=OWNER)["items/evil/index.html"].decode()

    [block] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)
    thing, trail = json.loads(block)
    assert thing["mainEntity"]["name"] == evil.name
    assert trail["itemListElement"][-1]["item"] == f"{URL}items/evil/"


def test_without_an_address_nothing_pretends_to_have_one() -> None:
    site = render(*ITEMS)

    absent = {"sitemap.xml", "rss.xml", "atom.xml", "feed.json", "picture.png", "CNAME"}
    assert absent.isdisjoint(site)
    assert b"Sitemap" not in site["robots.txt"]
    assert b"canonical" not in site["index.html"]
    assert b"ld+json" not in site["index.html"]
    assert b"rss" not in site["index.html"].lower()


def test_items_json_fits_its_schema(site: dict[str, bytes]) -> None:
    document = json.loads(site["items.json"])
    schema = json.loads(site["schemas/items-1.json"])

    assert document["$schema"] == f"{URL}schemas/items-1.json"
    assert fits(document, schema) == []
    assert document["items"][0]["page"] == f"{URL}items/alarm/"
    assert [item["slug"] for item in document["items"]] == sorted(
        item.slug for item in ITEMS
    )


def fits(value: Any, schema: dict[str, Any], place: str = "") -> list[str]:
    """Check the keywords that our schema uses."""
    kinds = {"string": str, "object": dict, "array": list, "boolean": bool}
    wrong = []
    if "const" in schema and value != schema["const"]:
        wrong.append(f"{place}: not {schema['const']}")
    if "type" in schema and not isinstance(value, kinds[schema["type"]]):
        return [f"{place}: no {schema['type']}"]
    wrong += [
        f"{place}: no {key}" for key in schema.get("required", ()) if key not in value
    ]
    for key, inner in schema.get("properties", {}).items():
        if key in value:
            wrong += fits(value[key], inner, f"{place}/{key}")
    if schema.get("type") == "array":
        for at, one in enumerate(value):
            wrong += fits(one, schema["items"], f"{place}/{at}")
    return wrong


def test_facts_of_any_shape_are_data() -> None:
    meta = {"when": "2024-01-01", "nested": {"a": [1, None, True]}}

    document = json.loads(render(make_item("alarm", meta=meta))["items.json"])

    assert document["items"][0]["meta"] == meta


def test_csv_holds_every_item_and_no_formula() -> None:
    site = render(*ITEMS, make_item("evil", name='=HYPERLINK("x")', description="a\nb"))

    rows = list(csv.DictReader(io.StringIO(site["items.csv"].decode(), newline="")))

    assert len(rows) == 5
    assert {row["name"] for row in rows} >= {'\'=HYPERLINK("x")', "Alarm"}
    assert rows[1]["tags"] == "Command line"


def test_llms_txt_lists_items_until_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch, site: dict[str, bytes]
) -> None:
    assert (
        f"- [Beeper]({URL}items/beeper/): What beeper does."
        in site["llms.txt"].decode()
    )

    monkeypatch.setattr(exports, "LLMS_ITEMS", 2)
    text = render(*ITEMS, owner=OWNER)["llms.txt"].decode()
    assert "Beeper" not in text
    assert f"- [Timers]({URL}categories/timers/)" in text


def test_there_is_one_picture_a_category_and_one_for_the_site(
    site: dict[str, bytes],
) -> None:
    drawn = [path for path in site if path.endswith(".png")]

    assert drawn == [
        "categories/calendars/picture.png",
        "categories/timers/picture.png",
        "picture.png",
    ]
    for path in drawn:
        assert Image.open(io.BytesIO(site[path])).size == (1200, 630)
        assert len(site[path]) < 40_000
    image = read(site["items/alarm/index.html"]).all("meta")
    assert {"property": "og:image", "content": f"{URL}{drawn[1]}"} in image


def test_a_picture_of_letters_that_the_font_lacks_is_drawn_without_them() -> None:
    from generation.repositories.website.colour import palettes
    from generation.repositories.website.pictures import draw

    light, _ = palettes("#0b6b5d")

    assert draw("日本語", "", "日", light) == draw("", "", "", light)
    assert draw("Tools", "", "T", light) != draw("Other", "", "O", light)
    assert draw("word " * 60, "x " * 90, "T", light)


def test_changes_come_by_day_and_say_what_is_new() -> None:
    items = (
        make_item("old", updated_at="2023-01-01 00:00"),
        make_item(
            "fresh", updated_at="2025-11-30 08:05", extra={"created_at": "2025-11-30"}
        ),
    )

    page = read(render(*items)["changes/index.html"])

    words = " ".join(page.text.split())
    assert words.index("2025-11-30") < words.index("2023-01-01")
    assert "Fresh New What fresh does." in words
    assert words.count("New What") == 1


def test_what_is_new_comes_by_the_day_on_which_it_was_added() -> None:
    items = (
        make_item("old", meta={"added_at": "2023-01-01"}),
        make_item("fresh", meta={"added_at": "2025-11-30"}),
        make_item("theirs", extra={"created_at": "2024-05-06T07:08:09Z"}),
        make_item("odd", meta={"added_at": "some day"}),
    )

    site = render(*items, owner=OWNER)

    words = " ".join(read(site["new/index.html"]).text.split())
    days = ("2025-11-30", "2024-05-06", "2023-01-01")
    assert [words.index(day) for day in days] == sorted(map(words.index, days))
    assert "Odd" not in words
    assert "Added 2023-01-01" in " ".join(
        read(site["items/old/index.html"]).text.split()
    )
    assert 'href="new/index.html"' in site["index.html"].decode()


def test_without_a_day_nothing_is_new(site: dict[str, bytes]) -> None:
    assert "new/index.html" not in site
    assert "new/index.html" not in site["index.html"].decode()


def test_the_about_page_counts_each_source() -> None:
    sources = {
        slug: (Provenance(source=source, locator="line 3", kind=kind),)
        for slug, source, kind in (
            ("alarm", "https://lists.example/a.md", "markdown"),
            ("beeper", "https://lists.example/a.md", "markdown"),
            ("calends", "old.yml", "ever-works"),
        )
    }
    catalogue = make_catalogue(*ITEMS)

    site = dict(render_website(catalogue, MASTHEAD, sources=sources))

    words = " ".join(read(site["about/index.html"]).text.split())
    assert "lists.example/a.mda list with headings22025-11-30 " in words
    assert "old.ymlever-works12024-02-31 Added by hand–1–" in words
    assert "line 3" in read(site["items/alarm/index.html"]).text


def test_collections_gather_by_either_end() -> None:
    owner = Owner(
        collections=(
            Collection(id="best", name="The best", items=("alarm", "gone")),
            Collection(id="none", name="Nothing"),
        )
    )
    beeper = make_item("beeper", extra={"collections": ["best"]})

    site = render(make_item("alarm"), beeper, make_item("dial"), owner=owner)

    links = set(read(site["collections/best/index.html"]).links)
    assert "../../items/alarm/index.html" in links
    assert "../../items/beeper/index.html" in links
    assert "../../items/dial/index.html" not in links
    assert "collections/none/index.html" not in site


def test_a_long_category_is_cut_into_pages() -> None:
    items = [make_item(f"item-{at:03}") for at in range(130)]

    site = render(*items)

    second = read(site["categories/timers/2/index.html"])
    assert "Page 2 of 3" in second.text
    assert "../../../categories/timers/index.html" in list(second.links)
    assert "../../../categories/timers/3/index.html" in list(second.links)
    shown = [
        link
        for page in ("", "2/", "3/")
        for link in dict.fromkeys(
            re.findall(rb"items/item-\d+/", site[f"categories/timers/{page}index.html"])
        )
    ]
    assert len(shown) == len(set(shown)) == 130


def test_pages_and_menus_of_the_owner_are_there() -> None:
    owner = Owner(
        settings=SiteSettings(
            header=(MenuLink(label="Blog", href="https://blog.example/"),),
            footer=(
                MenuLink(label="Imprint", href="/pages/imprint"),
                MenuLink(label="Bad", href="javascript:alert(1)"),
            ),
            footer_text="Made by friends.",
        ),
        notes=(
            Note(
                "imprint",
                "---\ntitle: 'Who we are'\n---\n# X\n\nWe [mail](mailto:a@b.example).",
            ),
        ),
    )

    site = render(make_item("alarm"), owner=owner)

    page = read(site["pages/imprint/index.html"])
    assert "Who we are" in page.text
    assert "https://blog.example/" in list(page.links)
    assert "../../pages/imprint/index.html" in list(page.links)
    assert not any("javascript" in link for link in page.links)
    assert "Bad" not in page.text
    assert "Made by friends." in page.text


def test_hosts_find_their_files() -> None:
    owner = Owner(settings=SiteSettings(domain="tools.example.org"))

    site = render(make_item("alarm"), owner=owner)

    assert site["CNAME"] == b"tools.example.org\n"
    assert site[".nojekyll"] == b""
    assert b"deploy-pages" in site[".github/workflows/pages.yml"]
    assert b"public" in site[".gitlab-ci.yml"]
    assert b'href="/assets/style.css"' in site["404.html"]


def test_the_404_page_knows_its_base_path(site: dict[str, bytes]) -> None:
    assert b'href="/list/assets/style.css"' in site["404.html"]
    assert b'href="/list/index.html"' in site["404.html"]


def test_hostile_names_stay_text_in_data() -> None:
    catalogue = Catalogue(
        items=(
            Item(
                id="a", slug="a", name=HOSTILE, description=HOSTILE, category="c",
                source_url="https://a.example/", updated_at="2024-01-01 00:00",
            ),
        ),
        categories=(Category(id="c", name=HOSTILE),),
    )  # fmt: skip

    site = dict(render_website(catalogue, MASTHEAD, OWNER))

    for name in ("rss.xml", "atom.xml", "sitemap.xml"):
        ElementTree.fromstring(site[name])
        assert b"<script" not in site[name]
    assert json.loads(site["feed.json"])["items"][0]["title"] == HOSTILE
