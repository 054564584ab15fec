"""What an item's `meta` says to a visitor: plain values with a label, nothing nested.

Known facts come first and in this order; others follow by label, because a directory of
anything may know things that we never heard of. A shape that is no fact is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from generation.repositories.website.addresses import Link, web_link

LABELS = {
    "license": "License",
    "licenses": "License",
    "language": "Language",
    "languages": "Languages",
    "platform": "Platform",
    "platforms": "Platforms",
    "price": "Price",
    "pricing": "Pricing",
    "stars": "Stars",
    "stargazers_count": "Stars",
    "archived": "Archived",
    "release": "Latest release",
    "current_release": "Latest release",
    "source_code_url": "Source code",
    "demo_url": "Demo",
    "documentation_url": "Documentation",
    "related_software_url": "Related software",
    "depends_3rdparty": "Needs a third-party service",
}
COUNTS = {"stars", "stargazers_count"}


class Value(NamedTuple):
    text: str
    link: Link | None = None


class Fact(NamedTuple):
    label: str
    values: tuple[Value, ...]


def read_facts(meta: Mapping[str, Any]) -> list[Fact]:
    known = [key for key in LABELS if key in meta]
    others = sorted((key for key in meta if key not in LABELS), key=_order)
    return [
        Fact(LABELS.get(key) or _humanise(key), values)
        for key in known + others
        if not key.startswith("_") and (values := tuple(_values(key, meta[key])))
    ]


def _order(key: str) -> tuple[str, str]:
    return _humanise(key).casefold(), key


def _humanise(key: str) -> str:
    """`source_code_url` is for programs; "Source code" is for people."""
    words = key.removesuffix("_url").replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def _values(key: str, value: object) -> Iterator[Value]:
    several = value if isinstance(value, (list, tuple)) else [value]
    for one in several:
        text = _text(one, is_count=key in COUNTS)
        if text is None:
            continue
        link = web_link(text)
        yield Value(link.label, link) if link else Value(text)


def _text(value: object, *, is_count: bool) -> str | None:
    match value:
        case bool():
            return "Yes" if value else "No"
        case int() if is_count:
            return f"{value:,}"
        case int() | float():
            return str(value)
        case str():
            return " ".join(value.split()) or None
        case date():
            return value.isoformat()
        case _:
            return None
