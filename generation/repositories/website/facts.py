"""What an item's `meta` says to a visitor: plain values with a label, nothing nested.

Known facts come first and in this order; others follow by label, because a directory of
anything may know things that we never heard of. A shape that is no fact is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from generation.items import ADDED_AT
from generation.repositories.website.addresses import Link, web_link
from generation.repositories.website.words import Words

# Known facts, and the names of their labels among the words of the website.
LABELS = {
    "license": "license",
    "licenses": "license",
    "language": "language",
    "languages": "languages",
    "platform": "platform",
    "platforms": "platforms",
    "price": "price",
    "pricing": "pricing",
    "stars": "stars",
    "stargazers_count": "stars",
    "archived": "archived",
    "release": "release",
    "current_release": "release",
    "source_code_url": "source_code",
    "demo_url": "demo",
    "documentation_url": "documentation",
    "related_software_url": "related_software",
    "depends_3rdparty": "third_party",
}
# Said in a place of its own, or of no use to a visitor.
UNSAID = {ADDED_AT, "created_at", "date_added"}
# By these a visitor may filter, as long as they have so few values that one can choose.
FILTERS = (
    "license",
    "language",
    "languages",
    "platform",
    "platforms",
    "price",
    "pricing",
)
MOST_FILTERS = 4
MOST_CHOICES = 40
COUNTS = {"stars", "stargazers_count"}


class Value(NamedTuple):
    text: str
    link: Link | None = None


class Fact(NamedTuple):
    label: str
    values: tuple[Value, ...]


class Filter(NamedTuple):
    """A fact to choose items by. `key` is its place in an address."""

    key: str
    label: str
    choices: tuple[str, ...]


def read_facts(meta: Mapping[str, Any], words: Words) -> list[Fact]:
    known = [key for key in LABELS if key in meta]
    others = sorted(
        (k for k in meta if k not in LABELS and k not in UNSAID), key=_order
    )
    return [
        Fact(words[LABELS[key]] if key in LABELS else _humanise(key), values)
        for key in known + others
        if not key.startswith("_") and (values := tuple(_values(key, meta[key], words)))
    ]


def find_filters(metas: Iterable[Mapping[str, Any]], words: Words) -> list[Filter]:
    """Find the facts that a visitor can choose by: several values, and not too many."""
    raw: dict[str, dict[str, int]] = {key: {} for key in FILTERS}
    for meta in metas:
        for key, value in meta.items():
            if key in raw:
                counts = raw[key]
                for one in value if isinstance(value, (list, tuple)) else (value,):
                    if isinstance(one, str):
                        counts[one] = counts.get(one, 0) + 1
    found: dict[str, Counter[str]] = {}
    for key, counts in raw.items():
        for text, count in counts.items():
            for value in plain_values(text):
                found.setdefault(LABELS[key], Counter())[value] += count
    filters = []
    for label in dict.fromkeys(LABELS[key] for key in FILTERS):
        counted = found.get(label, Counter[str]())
        most = sorted(counted, key=lambda value: (-counted[value], value))[
            :MOST_CHOICES
        ]
        if len(most) > 1:
            choices = tuple(sorted(most, key=lambda value: (value.casefold(), value)))
            filters.append(Filter(label, words[label], choices))
    return filters[:MOST_FILTERS]


def values_of(meta: Mapping[str, Any], label: str) -> list[str]:
    """What an item says of one of the facts to choose by."""
    keys = [key for key in FILTERS if LABELS[key] == label and key in meta]
    return [value for key in keys for value in plain_values(meta[key])]


def count_of(meta: Mapping[str, Any]) -> int:
    """How many stars an item has, as far as it says so."""
    for key in sorted(COUNTS):
        value = meta.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return 0


def plain_values(value: object) -> list[str]:
    several = value if isinstance(value, (list, tuple)) else [value]
    texts = (" ".join(one.split()) for one in several if isinstance(one, str))
    return [text for text in dict.fromkeys(texts) if text and len(text) <= 60]


def _order(key: str) -> tuple[str, str]:
    return _humanise(key).casefold(), key


def _humanise(key: str) -> str:
    """`source_code_url` is for programs; "Source code" is for people."""
    words = key.removesuffix("_url").replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def _values(key: str, value: object, words: Words) -> Iterator[Value]:
    several = value if isinstance(value, (list, tuple)) else [value]
    for one in several:
        text = _text(one, words, is_count=key in COUNTS)
        if text is None:
            continue
        link = web_link(text)
        yield Value(link.label, link) if link else Value(text)


def _text(value: object, words: Words, *, is_count: bool) -> str | None:
    match value:
        case bool():
            return words["yes" if value else "no"]
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
