"""Several pages of one site, sorted by what each is called."""

from __future__ import annotations

from generation.sources import read_document
from generation.sources.candidates import Document, Reading
from generation.sources.titles import name_pages

SITE = "https://hdl.example.org"


def page(path: str, title: str, *names: str) -> tuple[str, Reading]:
    url = f"{SITE}/{path}/"
    boxes = "".join(
        f"<div class='box'><p><a href='/items/{name}'><strong>{name}</strong></a><br>"
        f"A tool called {name}.</p><nav><a href='https://{name}.example.net/'>"
        "<img src='/web.svg' title='web'></a></nav></div>"
        for name in names
    )
    text = f"<!doctype html><title>Tools | {title}</title><body><h1>{title}</h1>{boxes}"
    document = Document(source=url, url=url, media_type="text/html", text=text)
    return url, read_document(document)


def test_pages_of_a_site_sort_their_items() -> None:
    readings = name_pages(
        [
            page("sim", "Simulators", "ghdl", "verilator"),
            page("fw", "Frameworks", "vunit"),
        ]
    )

    assert [[c.path for c in reading.candidates] for reading in readings] == [
        [("Simulators",), ("Simulators",)],
        [("Frameworks",)],
    ]


def test_title_of_a_single_page_is_no_category() -> None:
    (reading,) = name_pages([page("sim", "Simulators", "ghdl", "verilator")])

    assert [c.path for c in reading.candidates] == [(), ()]


def test_what_all_titles_share_is_no_category() -> None:
    readings = name_pages([page("1", "Tools", "ghdl"), page("2", "Tools", "vunit")])

    assert {c.path for reading in readings for c in reading.candidates} == {()}


def test_page_with_one_card_is_read_and_its_icon_is_the_link() -> None:
    _, reading = page("wave", "Viewers", "gtkwave")

    (item,) = reading.candidates
    assert (item.name, item.url) == ("gtkwave", "https://gtkwave.example.net/")
    assert item.description == "A tool called gtkwave."
