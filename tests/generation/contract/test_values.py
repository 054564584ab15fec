"""One type for one thing: every door gives the same answer, and what it takes is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from generation.contract.request import Company, DocumentReference, GenerationRequest
from generation.contract.request import Website as RequestedWebsite
from generation.contract.values import HttpUrl, ItemLink
from generation.editing.operations import AddItem, UpdateItem
from generation.exceptions import RepositoryError
from generation.repositories.site import SiteSettings, read_owner
from generation.sources.urls import clean_url

PLACES = (
    *("", "https://example.org", "https://example.org/", "http://example.org/list"),
    *(
        "https://example.org/list/",
        "https://example.org:8443/a/b/",
        "https://é.example/",
    ),
    *(
        "https://example.org/%C3%A9/",
        "https://example.org/é/",
        "HTTPS://EXAMPLE.org/A/",
    ),
    *("https://localhost/", "https://127.0.0.1:8000/", "https://[::1]/"),
    *("https://example.org/?q", "https://example.org/?", "https://example.org/a?b=c"),
    *("https://example.org/#top", "https://example.org/#", "https://u:p@example.org/"),
    *('https://example.org/"x', "https://example.org/'x", "https://example.org/<x>"),
    *("https://example.org/a b", "https://example.org/{x}", "https://example.org/a|b"),
    *("https://example.org/`x`", "https://example.org/a^b", "https://example.org/a\\b"),
    *("ftp://example.org/", "javascript:alert(1)", "example.org", "//example.org/"),
    *(
        "https://",
        "https:///list",
        "https://example",
        "/list/",
        "https://exa mple.org/",
    ),
    *("https://example.org/\x00", "https://example.org:99999/", "https://[::1/"),
)
COLOURS = ("", "#0b6b5d", "#0B6B5D", "#abc", "abc", "#abcd", "red", "#0b6b5", "#ggg")
LANGUAGES = (
    "",
    "en",
    "pt-BR",
    "zh-Hans-CN",
    "EN",
    "e",
    "english",
    "en_GB",
    "en-",
    "../en",
)
DOMAINS = (
    *("", "directory.example.org", "Directory.Example.ORG", "example.org", "xn--e.org"),
    *("example", ".", "-a.org", "a..org", "a b", "a.org/", "https://a.org", "a" * 254),
)
VALUES = [
    *(("url", value) for value in PLACES),
    *(("accent", value) for value in COLOURS),
    *(("language", value) for value in LANGUAGES),
    *(("domain", value) for value in DOMAINS),
]


def answer(door: Callable[[], object]) -> object:
    """Return what a door makes of a value, or None where it refuses it."""
    try:
        return door()
    except (ValidationError, RepositoryError):
        return None


def settings_of(website: dict[str, Any]) -> SiteSettings:
    """Go the way of a run: from the request to the settings of the website."""
    request = GenerationRequest(
        name="a", prompt="b", website=RequestedWebsite(**website)
    )
    sent = GenerationRequest.model_validate_json(request.model_dump_json())
    assert sent.website is not None
    return SiteSettings(**sent.website.model_dump(exclude_defaults=True))


def nothing(blobs: list[str]) -> Iterator[bytes]:
    """Read none of a repository's files: there are none."""
    return iter(())


def settings_from_file(document: dict[str, Any]) -> SiteSettings:
    """Go the way of the owner: from `config.yml`."""
    content = yaml.safe_dump(document, allow_unicode=True).encode()
    return read_owner({}, nothing, settings=SiteSettings(), config=content).settings


@pytest.mark.parametrize(("key", "value"), VALUES, ids=ascii)
def test_a_website_setting_is_the_same_at_all_doors(key: str, value: str) -> None:
    in_file = {"app_url": value} if key == "url" else {"website": {key: value}}

    asked = answer(lambda: settings_of({key: value}))
    written = answer(lambda: settings_from_file(in_file))

    assert asked == written
    assert asked == answer(lambda: SiteSettings(**{key: value}))
    if isinstance(asked, SiteSettings):
        assert settings_from_file(asked.as_config()) == asked


def test_some_are_taken_and_some_refused() -> None:
    taken = {v for k, v in VALUES if answer(partial(settings_of, {k: v}))}

    assert {"https://example.org/list/", "#abc", "pt-BR", "example.org"} <= taken
    assert taken.isdisjoint({"https://example.org/?q", 'https://example.org/"x', "red"})


LINKS = (
    *(place for place in PLACES if place),
    *("https://example.org/?a=1&b=2", "https://example.org/(x)", "www.example.org"),
    "https://example.org/" + "a" * 3_000,
    "https://example.org/" + "a" * 5_000,
)


@pytest.mark.parametrize("url", LINKS, ids=lambda url: ascii(url)[:40])
def test_a_source_is_the_same_at_all_doors(url: str) -> None:
    doors: list[Callable[[], object]] = [
        lambda: TypeAdapter(HttpUrl).validate_python(url),
        lambda: Company(name="a", website=url).website,
        lambda: GenerationRequest(name="a", source_urls=(url,)).source_urls[0],
        lambda: DocumentReference(sha256="0" * 64, name="a", url=url, size=1).url,
    ]

    assert len(set(map(answer, doors))) == 1


@pytest.mark.parametrize("url", LINKS, ids=lambda url: ascii(url)[:40])
def test_the_link_of_an_item_is_the_same_at_all_doors(url: str) -> None:
    doors: list[Callable[[], object]] = [
        lambda: TypeAdapter(ItemLink).validate_python(url),
        lambda: AddItem(name="a", category="c", source_url=url).source_url,
        lambda: UpdateItem(slug="a", source_url=url).source_url,
    ]
    answers = set(map(answer, doors))

    assert len(answers) == 1
    # What the form of a link takes and what readers take differ in nothing else.
    [taken] = answers
    cleaned = clean_url(taken) if isinstance(taken, str) else ""
    assert cleaned == clean_url(url)
    # It is written down as it is read again.
    assert clean_url(cleaned) == cleaned
