"""Items that may be one, for a person to say: never merged, only named with a score.

A like name is no evidence by itself: many people write "a Mongo server". It takes something
else beside it: one link, one house (a project's site and its repository), or like words.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple
from urllib.parse import urlsplit

from generation.items import Item
from generation.pipeline.decisions import (
    DIFFERENT,
    SAME,
    Called,
    Decisions,
    keeps_apart,
    line_for,
    read_decisions,
)
from generation.pipeline.draft import Draft, StepResult, Tools
from generation.pipeline.sameness import Names, alike
from generation.report import Flag
from generation.slugs import slugify
from generation.sources.urls import FORGES, page_key

# A name or a house that so many items share says nothing, and comparing all takes long.
MOST_COMPARED = 12
# Names of one house that are spelled so much alike: an "s" or a number apart.
MISSPELLED = 93.0
# Names on one link: half of the letters.
LIKE_NAMES = 50.0
# Descriptions: so many of the words before anybody compares what they mean.
SHARED_WORDS = 0.2
LIKE_DESCRIPTIONS = 0.6
COPIED_DESCRIPTIONS = 0.85
# How many descriptions tell which words are common.
SAMPLE = 1_000

_WORD = re.compile(r"[^\W_]+")
# What an owner adds to a name that was taken: "kimai-io", "argoproj-labs".
_OWNERS_ENDING = re.compile(
    r"[-_.]?(?:ai|app|apps|co|com|community|dev|developers|foundation|group|hq|inc|io|js"
    r"|labs?|oss|org|project|software|solutions|team|tech)$"
)
# Two letters before the country: "co.uk".
_SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "gov", "net", "or", "org"})
# Hosts where anybody has a page, each below a name of their own.
_PAGES = re.compile(r"(?P<owner>[^.]+)\.(?:github|gitlab|codeberg)\.(?:io|page)")


class _Thing(NamedTuple):
    """An item, taken apart once. `houses` are the names of who is at home at its link."""

    item: Item
    core: frozenset[str]
    link: str
    houses: frozenset[str]
    words: frozenset[str]


class Suspicion(NamedTuple):
    score: float
    reason: str


def flag_duplicates(draft: Draft, tools: Tools) -> StepResult:
    """Name the items that may be one, surest first. A person's word ends it."""
    decisions = read_decisions(tools.stored.snapshot)
    flags = [
        _flag(one, other, suspicion)
        for one, other, suspicion in suspicious_pairs(draft.catalogue.items)
        if not _is_decided(decisions, one, other)
    ]
    flags.sort(key=lambda flag: (-flag.score, flag.first, flag.second))
    note = f"{len(flags)} pairs may be duplicates" if flags else "no pair looks alike"
    return StepResult(draft.but(flags=tuple(flags)), note)


def suspicious_pairs(items: Sequence[Item]) -> list[tuple[Item, Item, Suspicion]]:
    """List the pairs of items that may be one, and what speaks for it."""
    return list(_Finder(items).find())


class _Finder:
    def __init__(self, items: Sequence[Item]) -> None:
        names = Names(item.name for item in items)
        self._things = [
            _Thing(
                item=item,
                core=names.core(item.name),
                link=page_key(item.source_url),
                houses=houses(item.source_url),
                words=frozenset(_WORD.findall(item.description.casefold())),
            )
            for item in items
        ]
        self._likeness = _Likeness([item.description for item in items])

    def find(self) -> Iterator[tuple[Item, Item, Suspicion]]:
        for first, second in self._pairs():
            one, other = self._things[first], self._things[second]
            if suspicion := self._suspect(one, other):
                yield one.item, other.item, suspicion

    def _pairs(self) -> list[tuple[int, int]]:
        """List the pairs worth a look: of one link, one core, or one house."""
        blocks: dict[str, list[int]] = defaultdict(list)
        for number, thing in enumerate(self._things):
            if thing.link:
                blocks[f"link {thing.link}"].append(number)
            if thing.core:
                blocks["core " + "".join(sorted(thing.core))].append(number)
            for house in thing.houses:
                blocks[f"house {house}"].append(number)
        pairs = {
            pair
            for block in blocks.values()
            if len(block) <= MOST_COMPARED
            for pair in combinations(block, 2)
        }
        return sorted(pairs)

    def _suspect(self, one: _Thing, other: _Thing) -> Suspicion | None:
        likeness = alike(one.core, other.core) if one.core and other.core else 0.0
        if one.link and one.link == other.link:
            is_part = bool(one.core & other.core)
            if not is_part and likeness < LIKE_NAMES:
                return None
            return Suspicion(0.6 + 0.3 * likeness / 100, "same link, like names")
        is_one_house = not one.houses.isdisjoint(other.houses)
        if likeness >= 100:
            if is_one_house:
                descriptions = _shared(one.words, other.words)
                return Suspicion(0.7 + 0.2 * descriptions, "same name and house")
            if _shared(one.words, other.words) < SHARED_WORDS:
                return None
            descriptions = self._likeness.of(one.item, other.item)
            if descriptions < LIKE_DESCRIPTIONS:
                return None
            return Suspicion(
                0.4 + 0.4 * descriptions, "same name and like descriptions"
            )
        if not is_one_house:
            return None
        if likeness >= MISSPELLED:
            return Suspicion(0.6, "almost the same name, same house")
        descriptions = _shared(one.words, other.words)
        if descriptions >= COPIED_DESCRIPTIONS:
            return Suspicion(
                0.5 * descriptions, "same house and almost the same description"
            )
        return None


class _Likeness:
    """How alike two descriptions are, 0 to 1. Nothing is loaded before it is asked."""

    def __init__(self, descriptions: Sequence[str]) -> None:
        step = -(-len(descriptions) // SAMPLE) or 1
        self._sample = sorted(descriptions)[::step]
        self._space: object = None

    def of(self, one: Item, other: Item) -> float:
        # Here and not above: most runs have no such pair, and never load word vectors.
        from generation.similarity.vectors import Space

        if not isinstance(self._space, Space):
            self._space = Space(self._sample)
        return self._space.likeness(one.description, other.description)


def houses(url: str) -> frozenset[str]:
    """Name who is at home at a link: the owner on a forge, else the name of the domain."""
    parts = urlsplit(page_key(url))
    host = parts.hostname or ""
    if host in FORGES:
        owner = parts.path.strip("/").partition("/")[0]
        return _owner_names(owner)
    if pages := _PAGES.fullmatch(host):
        return _owner_names(pages["owner"])
    labels = host.split(".")
    if len(labels) < 2 or host[:1] == "[" or labels[-1].isdigit():
        return frozenset({host} if host else ())
    has_second = (
        len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    )
    return frozenset({re.sub(r"[-_]", "", labels[-3 if has_second else -2])})


def _owner_names(owner: str) -> frozenset[str]:
    bare = _OWNERS_ENDING.sub("", owner)
    names = (re.sub(r"[-_.]", "", name) for name in (owner, bare))
    return frozenset(name for name in names if name)


def _shared(words: frozenset[str], others: frozenset[str]) -> float:
    return len(words & others) / len(words | others) if words and others else 0.0


def _is_decided(decisions: Decisions, one: Item, other: Item) -> bool:
    first, second = (
        Called(item.name, item.source_url, frozenset({item.slug}))
        for item in (one, other)
    )
    pairs = (*decisions.different, *decisions.same)
    return any(keeps_apart(pair, first, second) for pair in pairs)


def _flag(one: Item, other: Item, suspicion: Suspicion) -> Flag:
    first, second = _reference(one), _reference(other)
    return Flag(
        first=one.slug,
        second=other.slug,
        first_url=one.source_url,
        second_url=other.source_url,
        score=round(suspicion.score, 2),
        reason=suspicion.reason,
        same=line_for(SAME, first, second),
        different=line_for(DIFFERENT, first, second),
    )


def _reference(item: Item) -> str:
    """Call an item so that its entry is recognised after the item is gone."""
    return item.slug if item.slug == slugify(item.name) else item.source_url
