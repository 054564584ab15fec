"""A stranger's template makes pages, and nothing else."""

from __future__ import annotations

import re

import pytest

from generation.exceptions import RepositoryError
from generation.repositories.site import Owner, SiteSettings
from generation.repositories.website import render_website
from generation.repositories.website.colour import (
    CARD,
    DARK_CARD,
    DARK_PAPER,
    PAPER,
    contrast,
    palettes,
)
from generation.repositories.website.words import words_of
from tests.generation.repositories.test_website import (
    MASTHEAD,
    make_catalogue,
    make_item,
    render,
)

CATALOGUE = make_catalogue(make_item("alarm", tags=("cli",)))


def page_of(template: str, name: str = "item.html") -> str:
    owner = Owner(templates={name: template})
    site = dict(render_website(CATALOGUE, MASTHEAD, owner))
    return site["items/alarm/index.html"].decode()


def test_a_template_of_the_owner_stands_in_for_ours() -> None:
    template = (
        '{% extends "base.html" %}{% block content %}'
        "<h1>{{ card.item.name | upper }} of {{ card.category.name }}</h1>"
        "{{ w.count(site.cards | length, 'items') }} {{ card.link.label }}"
        "{% endblock %}"
    )

    page = page_of(template)

    assert "<h1>ALARM of Timers</h1>1 item alarm.example" in page
    assert 'class="foot"' in page


def test_what_a_template_prints_is_escaped() -> None:
    owner = Owner(templates={"404.html": "{{ masthead.name }}"})
    masthead = MASTHEAD.model_copy(update={"name": "<script>"})

    site = dict(render_website(CATALOGUE, masthead, owner))

    assert site["404.html"] == b"&lt;script&gt;"


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ card.item.parse_file('/etc/passwd') }}",
        "{{ card.item.parse_raw(b'x', proto='pickle', allow_pickle=True) }}",
        "{{ card.item.model_construct() }}",
        "{{ card.item.model_dump.__globals__ }}",
        "{{ masthead.__init__.__globals__ }}",
        "{{ site.with_related.__func__ }}",
        "{{ w._texts }}",
        "{{ w.for_script() }}",
        "{{ cards_of.__self__.owner }}",
        "{{ cards_of.im_self }}",
        "{{ web_link.__globals__ }}",
        "{{ settings.model_validate({}) }}",
        "{{ site.cards.append(1) }}",
        "{{ 'x' * 1000000000 }}",
        "{{ 9 ** 9999999 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ 'x'.center(1000000000) }}",
        "{{ 'x'.ljust(1000000000) }}",
        "{{ 'x' | center(1000000000) }}",
        "{{ range(99999999) | list }}",
        "{{ lipsum(9999) }}",
        "{{ cycler.__init__ }}",
        "{% include '../../list/contributing.md' %}",
        "{% include '/etc/passwd' %}",
        "{{ nothing.here }}",
        "{% for %}",
        "{{ 1 / 0 }}",
        "{% include 'item.html' %}",
    ],
)
def test_a_template_reaches_nothing_and_grows_into_nothing(attack: str) -> None:
    with pytest.raises(RepositoryError) as caught:
        page_of(attack)

    message = str(caught.value)
    assert "website/templates/" in message
    assert "Mend it and run again" in message
    assert "root:" not in message
    # It is the attack that fails, and not a page before it.
    assert "header.html" not in message
    assert "index.html" not in message


def test_a_page_without_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "generation.repositories.website.theme.MOST_CHARACTERS", 100_000
    )
    loops = "{% for a in w.say('search_hint') %}" * 3
    attack = f"{loops}{'x' * 50}{'{% endfor %}' * 3}"

    with pytest.raises(RepositoryError, match="characters"):
        page_of(attack)


def test_a_place_in_a_broken_template_is_named() -> None:
    with pytest.raises(RepositoryError, match=r"item\.html, line 3"):
        page_of("a\nb\n{% if %}")


def test_style_and_files_of_the_owner_are_published() -> None:
    static = {"assets/theme.css": b":root{}", "favicon.svg": b"<svg/>", "a/b.txt": b"x"}

    site = render(make_item("alarm"), owner=Owner(static=static))

    assert b"assets/theme.css" in site["index.html"]
    assert site["favicon.svg"] == b"<svg/>"
    assert site["a/b.txt"] == b"x"


# Words and colours


def test_words_of_the_owner_are_said() -> None:
    owner = Owner(
        settings=SiteSettings(language="eo"),
        words={"categories": "Kategorioj", "items_one": "{number} ero"},
    )

    page = render(make_item("alarm"), owner=owner)["index.html"].decode()

    assert "Kategorioj" in page
    assert "1 ero" in page
    assert 'lang="eo" dir="ltr"' in page


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"catgories": "x"}, "catgories is no text"),
        ({"skip": "{skip}"}, "skip may hold no gap"),
        ({"items_one": "{number.__class__}"}, r"may hold \{number\}"),
        ({"items_one": "{number:>99999999}"}, r"may hold \{number\}"),
        ({"items_one": "{"}, r"may hold \{number\}"),
    ],
)
def test_wrong_words_are_named(words: dict[str, str], reason: str) -> None:
    with pytest.raises(RepositoryError, match=reason):
        words_of("en", words)


def test_every_word_that_a_template_says_is_in_the_catalogue() -> None:
    from generation.repositories.website.assets import FOLDER

    known = dict(words_of("en", {}).items())
    for path in FOLDER.glob("*.html"):
        for key in re.findall(r'w\.say\("(\w+)"', path.read_text()):
            assert key in known, f"{path.name}: {key}"


@pytest.mark.parametrize(
    "accent",
    ["#0b6b5d", "#ffff00", "#ff00ff", "#000000", "#ffffff", "#7f7f7f", "#0000ff"],
)
def test_every_accent_can_be_read(accent: str) -> None:
    light, dark = palettes(accent)

    for palette, grounds in ((light, (PAPER, CARD)), (dark, (DARK_PAPER, DARK_CARD))):
        for ground in (*grounds, palette.wash):
            assert contrast(palette.accent, ground) >= 4.5
            assert contrast(palette.strong, ground) >= 4.5
        assert contrast(palette.on_accent, palette.accent) >= 4.5
