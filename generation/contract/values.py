"""The kinds of value that come in at several doors, each as one type for all of them.

A request, the forms, the commands, the API and the files of a data repository take the same:
what one of them accepts, every other one accepts and writes down so that it can be read again.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, StringConstraints

from generation.sources.urls import LONGEST_URL, clean_url
from generation.unseen import visible

# A source's URL may be no longer: workers of earlier releases refuse it.
LONGEST_SOURCE: Final = 2_000
_PLACE_SIGNS = re.compile(r"[\s<>\"'\\^`{|}]")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_SHORT_COLOUR = re.compile(r"#[0-9a-f]{3}")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")


def _http_url(value: str) -> str:
    """Refuse what is not an absolute http(s) URL, but store it as it was typed."""
    if not value.lower().startswith(("http://", "https://")) or not clean_url(value):
        raise ValueError("must be an absolute http:// or https:// URL")
    return value


def _place(value: str) -> str:
    """Refuse what no website can stand at: pages are named by what is put behind it."""
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_web = False
    if not is_web or not clean_url(value):
        raise ValueError(
            "must be the address of the website, such as https://example.org/list/"
        )
    if "?" in value or "#" in value or "@" in parts.netloc:
        raise ValueError(
            "must end with the path of the website, without ?, # and login, such as "
            "https://example.org/list/"
        )
    if _PLACE_SIGNS.search(value):
        raise ValueError("must not hold blanks, quotes or brackets")
    return value


def _colour(value: str) -> str:
    colour = value.lower()
    if _SHORT_COLOUR.fullmatch(colour):
        colour = "#" + "".join(2 * sign for sign in colour[1:])
    if colour and not _COLOUR.fullmatch(colour):
        raise ValueError("must be a colour such as '#0b6b5d', in quotes")
    return colour


def _language(value: str) -> str:
    if value and not _LANGUAGE.fullmatch(value):
        raise ValueError("must be a language code such as en or pt-BR")
    return value


def _domain(value: str) -> str:
    if value and not (len(value) <= 253 and _DOMAIN.fullmatch(value.lower())):
        raise ValueError("must be a host name such as directory.example.org")
    return value.lower()


def _printable(value: str) -> str:
    """Refuse what no database and no page can hold; line ends and tabs are text."""
    if any(
        unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\r\t" for c in value
    ):
        raise ValueError("must not hold control characters")
    return value


def _seen(value: Any) -> Any:
    return visible(value) if isinstance(value, str) else value


def one_newline(value: Any) -> Any:
    """Write every line end in one way: web forms send CRLF, command lines do not."""
    if not isinstance(value, str):
        return value
    return value.replace("\r\n", "\n").replace("\r", "\n")


Printable = AfterValidator(_printable)
# What nobody sees is dropped before the length is measured.
Visible = BeforeValidator(_seen)
# As is the second character of a line end: a browser counts it as one.
Newlines = BeforeValidator(one_newline)

HttpUrl = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=LONGEST_SOURCE),
    AfterValidator(_http_url),
]
"""A URL that is fetched: absolute, and kept as it was typed."""
ItemLink = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=LONGEST_URL)
]
"""Where an item leads, as people write it; `clean_url` says what it means."""
SiteUrl = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=LONGEST_SOURCE),
    AfterValidator(_place),
]
"""Where a website stands, or nothing."""
Colour = Annotated[
    str, StringConstraints(strip_whitespace=True), AfterValidator(_colour)
]
Language = Annotated[
    str, StringConstraints(strip_whitespace=True), AfterValidator(_language)
]
Domain = Annotated[
    str, StringConstraints(strip_whitespace=True), AfterValidator(_domain)
]
