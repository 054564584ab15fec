"""Files into items, items into files, and both ways without a loss."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generation.editing import Edit
from generation.editing.exporting import FORMATS, export, unguarded
from generation.editing.importing import Duplicates, import_items, read_file
from generation.exceptions import EditRefused, SourceError
from generation.items import Catalogue, Category, Item, Tag
from generation.repositories.data import Stored, read_data
from generation.repositories.following import catalogue_of
from generation.sources.candidates import Reading
from generation.spreadsheets import guarded
from generation.yaml import dump
from tests.generation.editing.conftest import NOW, Clocks
from tests.generation.repositories.test_merge_properties import Shelf
from tests.generation.test_orchestrator import LATER

CSV = """\
name,url,description,category,tags,license
Candle,https://candle.example.net/,Burns down.,Fire clocks,"wax, light",MIT
Horizontal,http://www.example.org/horizontal,Flat and heavy.,Sundials,stone,
Nowhere,not a link,Leads nowhere.,Sundials,,
"""
BOOKMARKS = """\
<!DOCTYPE NETSCAPE-Bookmark-file-1>
<TITLE>Bookmarks</TITLE><H1>Bookmarks</H1><DL><p>
<DT><H3>Fire clocks</H3><DL><p>
<DT><A HREF="https://candle.example.net/" TAGS="wax,light">Candle</A>
<DD>Burns down.
</DL><p></DL><p>
"""
OPML = """\
<?xml version="1.0"?><opml version="2.0"><head><title>Clocks</title></head><body>
<outline text="Fire clocks"><outline text="Candle" type="link" \
url="https://candle.example.net/" description="Burns down."/></outline></body></opml>
"""
JSON = json.dumps(
    [
        {
            "name": "Candle",
            "url": "https://candle.example.net/",
            "description": "Burns down.",
            "category": "Fire clocks",
            "tags": ["wax", "light"],
        }
    ]
)


def take(clocks: Clocks, text: str, name: str, duplicates: Duplicates = "skip") -> Edit:
    reading = read_file(text.encode(), name=name)
    edit = import_items(clocks.stored(), reading, now=NOW, duplicates=duplicates)
    if edit:
        clocks.commit(edit)
    return edit


def exported(clocks: Clocks, form: str) -> str:
    catalogue = catalogue_of(clocks.stored())
    return b"".join(export(catalogue, form, title="Clocks")).decode()


@pytest.mark.parametrize(
    ("text", "name"),
    [(CSV, "a.csv"), (JSON, "a.json"), (OPML, "a.opml"), (BOOKMARKS, "a.html")],
)
def test_every_format_becomes_items_that_stay(
    clocks: Clocks, text: str, name: str
) -> None:
    edit = take(clocks, text, name)
    clocks.run(clock=LATER)

    assert edit.title == "Import 1 item"
    item = clocks.item("candle")
    assert (item["name"], item["description"]) == ("Candle", "Burns down.")
    assert item["category"] == "fire-clocks"


def test_what_is_left_out_is_told(clocks: Clocks) -> None:
    edit = take(clocks, CSV, "a.csv")

    left = {e.name: e.notes[0] for e in edit.effects if e.action == "left out"}
    assert left["Horizontal"] == "it is in the directory already: horizontal"
    assert "Nowhere" in left
    meta = clocks.item("candle")["meta"]
    assert meta == {"license": "MIT", "added_at": "2026-11-23"}
    assert clocks.item("horizontal")["description"] == "Lies flat in the garden."


def test_what_is_there_is_brought_up_to_date(clocks: Clocks) -> None:
    edit = take(clocks, CSV, "a.csv", duplicates="update")

    assert edit.title == "Import 1 item, update 1"
    item = clocks.item("horizontal")
    assert (item["description"], item["tags"]) == ("Flat and heavy.", ["stone"])
    assert item["source_url"] == "https://example.org/horizontal"


def test_a_file_without_items_is_refused(clocks: Clocks) -> None:
    with pytest.raises(EditRefused, match="nothing that could be an item"):
        import_items(clocks.stored(), Reading(kind="csv"), now=NOW)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_an_export_that_is_imported_again_changes_nothing(
    clocks: Clocks, form: str
) -> None:
    take(clocks, CSV, "a.csv")
    text = exported(clocks, form)

    edit = take(clocks, text, f"a.{form}", duplicates="update")

    assert not edit, edit.effects
    assert {effect.action for effect in edit.effects} == {"unchanged"}


@pytest.mark.parametrize("form", list(FORMATS))
def test_an_export_makes_the_same_directory_elsewhere(
    clocks: Clocks, form: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    take(clocks, CSV, "a.csv")
    name = f"a.{FORMATS[form].ending}"
    other = Clocks(tmp_path_factory.mktemp("other"))
    other.run(("one.md", "## Other\n\n- [One](https://one.example.net/) - One.\n"))

    take(other, exported(clocks, form), name)

    for slug in ("candle", "clepsydra", "horizontal", "vertical"):
        ours, theirs = clocks.item(slug), other.item(slug)
        for key in ("name", "description", "source_url", "category", "tags"):
            assert theirs[key] == ours[key], (slug, key)


HOSTILE = Catalogue(
    items=(
        Item(
            id="1",
            slug="evil",
            name="=cmd|' /C calc'!A0",
            description='@SUM(1)\x0b </outline> & "quotes"',
            source_url="https://example.org/?a=1&b='\"<>",
            category="c",
            tags=("t",),
            updated_at="2026-11-22 12:00",
            meta={"=key": "+1", "list": ["a", "b"], "map": {"b": 1, "a": [2]}},
        ),
    ),
    categories=(Category(id="c", name="-Category"), Category(id="empty", name="Empty")),
    tags=(Tag(id="t", name="\tTag"),),
)


def test_a_spreadsheet_finds_no_formula() -> None:
    text = b"".join(export(HOSTILE, "csv", title="X")).decode()

    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == 2
    for cell in (*rows[0], *rows[1]):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell


@pytest.mark.parametrize("form", ["opml", "bookmarks", "json"])
def test_hostile_text_stays_text(form: str) -> None:
    text = b"".join(export(HOSTILE, form, title="<b>X</b>")).decode()

    reading = read_file(text.encode(), name=f"a.{FORMATS[form].ending}")
    [candidate] = reading.candidates
    # The readers take signs off the ends of names, and tags out of descriptions.
    assert "cmd|' /C calc'!A0" in candidate.name
    assert candidate.description.startswith("@SUM(1)")
    assert candidate.description.endswith('& "quotes"')


def test_exports_are_the_same_whatever_the_order(clocks: Clocks) -> None:
    catalogue = catalogue_of(clocks.stored())
    turned = catalogue.model_copy(update={"items": catalogue.items[::-1]})

    for form in FORMATS:
        pieces: list[Any] = list(export(catalogue, form, title="X"))
        assert b"".join(pieces) == b"".join(export(turned, form, title="X"))
        assert len(pieces) > len(catalogue.items)


# What a reader smooths, tears apart or takes for something else.
odd = st.one_of(
    st.sampled_from(
        [
            *(
                "C#",
                "C",
                "F#",
                "#web",
                "a, b",
                "c; d",
                "a|b",
                "=1+1",
                "'=x",
                "-y",
                "NO",
            ),
            *(
                'say "x"',
                '["a"]',
                "a & b",
                "&lt;b&gt;",
                "<i>x</i>",
                "1.10",
                "2048",
                "🚀",
            ),
            *(
                "Two\nlines",
                "Name.",
                "**bold**",
                "Contents",
                "a/b",
                "x,",
                "MIT",
                "true",
            ),
        ]
    ),
    st.text(
        st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=12
    ).filter(str.strip),
)
scalar = odd | st.integers(-5, 5000) | st.booleans()


@st.composite
def stocks(draw: st.DrawFn) -> Stored:
    """A directory as runs and people may have filled it."""
    shelf = Shelf()
    names = draw(st.lists(odd, min_size=1, max_size=4))
    labels = {
        kind: draw(st.lists(odd.map(str.strip), min_size=1, max_size=4, unique=True))
        for kind in ("categories", "tags")
    }
    for kind, texts in labels.items():
        rows = [{"id": f"{kind}-{n}", "name": text} for n, text in enumerate(texts)]
        shelf.files[f"{kind}.yml"] = dump(rows)
    for number, name in enumerate(names):
        tags = draw(st.sets(st.integers(0, len(labels["tags"]) - 1)))
        text = draw(st.just("") | odd)
        facts = st.dictionaries(odd, scalar | st.lists(odd, max_size=3), max_size=3)
        document = {
            "name": name,
            "description": draw(st.just("") | odd),
            # Two items may share a link.
            "source_url": f"https://example.org/{draw(st.integers(0, 2))}?a=1&b=2",
            "category": f"categories-{draw(st.integers(0, len(labels['categories']) - 1))}",
            "tags": [f"tags-{n}" for n in sorted(tags)],
            "featured": draw(st.booleans()),
            "updated_at": "2026-11-01 00:00",
            "markdown": text,
            "meta": draw(facts),
        }
        shelf.files[f"data/item-{number}/item-{number}.yml"] = dump(document)
        shelf.files[f"data/item-{number}/item-{number}.md"] = text.encode()
    return read_data(shelf)


@pytest.mark.parametrize("form", list(FORMATS))
@settings(max_examples=25, deadline=None)
@given(stored=stocks())
def test_whatever_is_exported_and_imported_again_changes_nothing(
    form: str, stored: Stored
) -> None:
    content = b"".join(export(catalogue_of(stored), form, title="X"))
    try:
        reading = read_file(content, name=f"a.{FORMATS[form].ending}")
    except SourceError:
        return

    edit = import_items(stored, reading, now=NOW, duplicates="update")

    assert {effect.action for effect in edit.effects} <= {"unchanged", "left out"}
    assert (edit.files, edit.removals) == ({}, ())


TAGGED = json.dumps(
    [
        {
            "name": "One",
            "url": "https://one.example.org",
            "tags": ["C#", "a, b", "c; d"],
        },
        {"name": "Two", "url": "https://two.example.org", "tags": ["C", "#web", "F#"]},
    ]
)


def test_signs_of_tags_go_through_a_table(clocks: Clocks) -> None:
    take(clocks, TAGGED, "a.json")
    rows = list(csv.reader(io.StringIO(exported(clocks, "csv"))))

    tags = {row[0]: row[5] for row in rows}
    assert tags["one"] == '["C#", "a, b", "c; d"]'
    assert tags["two"] == "C; web; F#"
    reading = read_file(exported(clocks, "csv").encode(), name="a.csv")
    read = {candidate.name: candidate.tags for candidate in reading.candidates}
    assert read["One"] == ("C#", "a, b", "c; d")
    assert read["Two"] == ("C", "web", "F#")


@pytest.mark.parametrize(
    ("form", "old", "new"),
    [
        ("opml", 'category="C#,a, b,c; d"', 'category="a, b,new,c; d"'),
        ("bookmarks", 'TAGS="C#,a, b,c; d"', 'TAGS="a, b,c; d,new"'),
        ("csv", '[""C#"", ""a, b"", ""c; d""]', '[""a, b"", ""c; d"", ""new""]'),
        ("json", '["C#", "a, b", "c; d"]', '["a, b", "c; d", "new"]'),
    ],
)
def test_of_tags_that_a_format_tears_only_what_was_changed_changes(
    clocks: Clocks, form: str, old: str, new: str
) -> None:
    take(clocks, TAGGED, "a.json")
    before = clocks.item("one")["tags"]
    text = exported(clocks, form)
    assert old in text

    take(clocks, text.replace(old, new), f"a.{FORMATS[form].ending}", "update")

    assert clocks.item("one")["tags"] == [*before[1:], "new"]


def test_a_text_that_looks_guarded_keeps_its_sign() -> None:
    for text in ("=1", "'=1", "''=1", "'quoted'", "plain", "-", "@x"):
        assert unguarded(guarded(text)) == text
