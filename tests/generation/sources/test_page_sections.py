"""Pages that describe one thing after another without a list, a table or a card."""

from __future__ import annotations

import pytest

from generation.sources import read_document
from generation.sources.candidates import Document, Reading

THINGS = (
    ("Umami", "https://umami.is/", "Counts visitors of a website."),
    ("Matomo", "https://matomo.org/", "Counts them, and tells much more."),
    ("Plausible", "https://plausible.io/", "Counts without any cookies."),
    ("Listmonk", "https://listmonk.app/", "Sends letters to many people."),
)


def read(body: str) -> Reading:
    text = f"<!doctype html><html><body>{body}</body></html>"
    return read_document(Document(source="list", media_type="text/html", text=text))


@pytest.mark.parametrize(
    "layout",
    [
        "<p><strong>{0}</strong><br>{2}<br><a href='{1}'>Visit website</a></p>",
        "<p><strong>{0}</strong></p><p>{2}</p><p><a href='{1}'>{1}</a></p>",
        "<p><span style='font-weight: 700'>{0}</span></p><p>{2} <a href='{1}'>{1}</a></p>",
        "<p><b>{0}</b> - <a href='{1}'>{1}</a><br>{2}</p>",
        "<p><strong>1. <a href='{1}'>{0}</a></strong></p><p>{2}</p>",
        "<h3>{0}</h3><p>{2}</p><p>Website: <a href='{1}'>{1}</a></p>",
        "<h3>{0}</h3><p>{2}</p><p>公式サイト：<a href='{1}'>{1}</a></p>",
        "<h3>{0}</h3><p>{2}</p><p><a href='{1}'>Get {0}</a></p>",
        "<h3>3. {0} – Best for teams</h3><p>{2}</p><a href='{1}'>Visit site</a>",
        "<h3>3. <a href='{1}'>{0}</a>: best for teams</h3><p>{2}</p>",
        "<h3><a href='{1}'>{0}</a> (free)</h3><p>{2}</p>",
        "<h3>{0}（便利なツール）</h3><p>{2}</p><p><a href='{1}'>公式サイト</a></p>",
        "<details><summary>{0}</summary><p>{2}</p><p><a href='{1}'>Website</a></p></details>",
        "<b>{0}</b> - {2}<br><a href='{1}'>{1}</a><br><br>",
        "<b>{0}</b><br>{2}<br>{1}<br><a href='{1}'>{1}</a><br>",
    ],
)
def test_each_thing_has_its_name_its_text_and_its_link(layout: str) -> None:
    body = "".join(layout.format(*thing) for thing in THINGS)

    reading = read(f"<main><h1>Tools</h1><div>{body}</div></main>")

    found = [(c.name, c.url) for c in reading.candidates]
    assert found == [thing[:2] for thing in THINGS]
    for candidate, (_, _, text) in zip(reading.candidates, THINGS, strict=True):
        assert candidate.description.startswith(text)


@pytest.mark.parametrize(
    "layout",
    [
        "<p><strong>{0}</strong><br>{2}<br><a href='{1}'>Visit website</a></p>",
        "<p><b>{0}</b> - <a href='{1}'>{1}</a><br>{2}</p>",
        "<details><summary>{0}</summary><p>{2}</p><a href='{1}'>Website</a></details>",
    ],
)
def test_headings_above_such_things_sort_them(layout: str) -> None:
    sections = "".join(
        f"<h2>Part {part}</h2>"
        + "".join(
            layout.format(f"{name} {part}", url + part, text)
            for name, url, text in THINGS
        )
        for part in "ABC"
    )

    reading = read(f"<main><h1>Tools</h1>{sections}</main>")

    assert [(c.name, c.path) for c in reading.candidates] == [
        (f"{thing[0]} {part}", (f"Part {part}",)) for part in "ABC" for thing in THINGS
    ]


@pytest.mark.parametrize(
    "layout",
    [
        "<details><summary>How is part {0} done?</summary><p>Like this, <a href='{1}'>here"
        "</a>.</p></details>",
        "<h3>What is {0}?</h3><p>It is explained <a href='{1}'>here</a>.</p>",
        "<p><strong>Why {0}?</strong></p><p>Because of <a href='{1}'>this</a>.</p>",
        "<h2>Day {0}</h2><p>We went to <a href='{1}'>a town</a> and ate, and slept.</p>",
    ],
)
def test_questions_and_stories_are_no_things(layout: str) -> None:
    body = "".join(layout.format(*thing) for thing in THINGS)

    assert read(f"<main><h1>Questions</h1>{body}</main>").candidates == ()


@pytest.mark.parametrize("head", ["<div class='t'>{}</div>", "<h3>{}</h3>"])
@pytest.mark.parametrize("logos", [False, True])
def test_boxes_of_short_links_are_categories(head: str, logos: bool) -> None:
    def link(number: int) -> str:
        shown = f"<img alt='N{number} logo'>" if logos else f"N{number}"
        return f"<li><a href='https://n{number}.example.org/'>{shown}</a></li>"

    boxes = "".join(
        f"<div class='box'>{head.format(f'Box {box}')}<ul>"
        + "".join(link(10 * box + n) for n in range(3))
        + "</ul></div>"
        for box in range(1, 4)
    )

    reading = read(f"<main><h1>Start</h1>{boxes}</main>")

    assert [(c.name, c.path) for c in reading.candidates] == [
        (f"N{10 * box + n}", (f"Box {box}",)) for box in range(1, 4) for n in range(3)
    ]


def test_what_only_a_script_would_show_is_read_where_nothing_is_shown() -> None:
    rows = "".join(
        f"<tr><td><a href='{url}'>{name}</a></td><td>{text}</td></tr>"
        for name, url, text in THINGS
    )

    reading = read(
        f"<div id='sheet' style='display:none'><table><tr><td>Name</td><td>About</td></tr>{rows}"
        "</table></div>"
    )

    assert [c.name for c in reading.candidates] == [thing[0] for thing in THINGS]


def test_how_many_stand_below_a_heading_is_no_part_of_it() -> None:
    items = "".join(
        f"<li><a href='{url}'>{n}</a>: {text}</li>" for n, url, text in THINGS
    )

    reading = read(
        f"<h2>Counting <span class='badge'>4</span></h2><ul>{items}</ul>"
        f"<h2>Sending (4)</h2><ul>{items}</ul>"
    )

    assert {c.path for c in reading.candidates} == {("Counting",), ("Sending",)}
