"""What a robots.txt lets us do."""

from __future__ import annotations

import time

import pytest

from generation.exceptions import (
    AddressNotAllowed,
    SourceError,
    SourceTimedOut,
    SourceUnwelcoming,
)
from generation.sources.fetch.addresses import Subject
from generation.sources.fetch.robots import Robots, Rules

SUBJECT = Subject("https://example.org/lists/sun.md")
URL = "https://example.org/lists/sun.md"


def check(status: int, content: bytes) -> Rules:
    return Robots().check(URL, read=lambda url: (status, content), subject=SUBJECT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "User-agent: *\nDisallow:",
        "User-agent: *\nDisallow: /lists\nAllow: /lists/sun",
        "User-agent: *\nDisallow: /*.md$\nAllow: /lists/sun.md",
        "User-agent: Gazetteer\nAllow: /\n\nUser-agent: *\nDisallow: /",
        "User-agent: otherbot\nDisallow: /",
        "<!doctype html><title>Not found</title>",
        "\0\0\0\xff",
    ],
)
def test_page_is_allowed(text: str) -> None:
    assert check(200, text.encode()).is_known


@pytest.mark.parametrize(
    "text",
    [
        "User-agent: *\nDisallow: /",
        "User-agent: *\nDisallow: /*.md$",
        "User-agent: gazetteer\nDisallow: /\n\nUser-agent: *\nAllow: /",
        "\ufeffUser-agent: *\nDisallow: /lists/",
        "USER-AGENT: *\r\nDISALLOW: /lists # not these\r\n",
    ],
)
def test_page_is_forbidden(text: str) -> None:
    with pytest.raises(SourceUnwelcoming, match="list the address as a source"):
        check(200, text.encode())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 301])
def test_robots_txt_that_is_not_there_forbids_nothing(status: int) -> None:
    assert check(status, b"User-agent: *\nDisallow: /").is_known


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_robots_txt_that_cannot_be_had_forbids_everything(status: int) -> None:
    with pytest.raises(SourceUnwelcoming, match="could not be read"):
        check(status, b"")


def test_robots_txt_that_does_not_come_forbids_everything() -> None:
    def read(url: str) -> tuple[int, bytes]:
        raise SourceTimedOut("too slow")

    with pytest.raises(SourceUnwelcoming, match="could not be read"):
        Robots().check(URL, read=read, subject=SUBJECT)


def test_address_that_is_not_allowed_stays_the_reason() -> None:
    def read(url: str) -> tuple[int, bytes]:
        raise AddressNotAllowed("private")

    with pytest.raises(AddressNotAllowed):
        Robots().check(URL, read=read, subject=SUBJECT)


def test_robots_txt_is_read_once_a_site() -> None:
    asked: list[str] = []

    def read(url: str) -> tuple[int, bytes]:
        asked.append(url)
        return 200, b"User-agent: *\nDisallow: /private"

    robots = Robots()
    for url in [URL, "https://example.org/", "https://example.org:8443/"]:
        robots.check(url, read=read, subject=SUBJECT)
    with pytest.raises(SourceError):
        robots.check("https://example.org/private", read=read, subject=SUBJECT)

    assert asked == [
        "https://example.org/robots.txt",
        "https://example.org:8443/robots.txt",
    ]


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("", 0),
        ("User-agent: *\nCrawl-delay: 3", 3),
        ("User-agent: *\nCrawl-delay: soon", 0),
        ("User-agent: *\nRequest-rate: 1/5", 5),
        ("User-agent: *\nCrawl-delay: 2\nRequest-rate: 1/5", 5),
        ("User-agent: *\nRequest-rate: 0/5", 0),
        ("User-agent: otherbot\nCrawl-delay: 3", 0),
    ],
)
def test_delay_is_what_it_asks_for(text: str, delay: float) -> None:
    assert Rules(text).delay == delay


def test_rules_of_wildcards_alone_do_not_keep_us_busy() -> None:
    text = "User-agent: *\nDisallow: /" + "*a" * 2_000 + "$"
    begun = time.process_time()

    Rules(text).allow("https://example.org/" + "a" * 4_000 + "b")

    assert time.process_time() - begun < 1
