"""Which candidates are one thing: by link and name, and by what a person has decided.

The groups do not depend on the order of the sources; who describes a group does.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import NamedTuple

from generation.pipeline.decisions import (
    Called,
    Decisions,
    Pair,
    is_called,
    is_numbered,
    keeps_apart,
)
from generation.pipeline.sameness import Names, alike, name_words, names_agree
from generation.repositories.data import StoredItem
from generation.slugs import slugify
from generation.sources.candidates import Candidate
from generation.sources.names import name_key
from generation.sources.urls import canonical_url, page_key

SAME_LINK = "same link, and the names agree"
REDIRECTED = "one link leads to the other, and the names agree"
DECIDED = "a person has decided so"
# A link with so many things of different names is the address of a collection.
A_COLLECTION = 3
# Beyond so many names on one link, each pair of them is not compared any more.
MOST_COMPARED = 30
MOST_REDIRECTS = 10


class Group(NamedTuple):
    """Candidates that are one thing, the one that describes it first.

    `meets` is the slug of the item that a person has decided it is. `apart`: a person has
    decided that another one, much like it, is another thing.
    """

    members: tuple[Candidate, ...]
    reasons: tuple[str, ...]
    meets: str = ""
    apart: bool = False


class Grouping(NamedTuple):
    """`superseded` are slugs of items that a person has called the same as another."""

    groups: tuple[Group, ...]
    shared_links: int
    superseded: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()


def group_candidates(
    candidates: Sequence[Candidate],
    stored: Sequence[StoredItem],
    decisions: Decisions,
    redirects: Mapping[str, str],
) -> Grouping:
    """Group candidates in the order in which they were found."""
    names = Names([*(c.name for c in candidates), *(item.item.name for item in stored)])
    follow = _Redirects(redirects)
    on_link: dict[str, list[int]] = defaultdict(list)
    for number, candidate in enumerate(candidates):
        on_link[follow.target(candidate.url)].append(number)
    unions = _Unions()
    shared = 0
    for numbers in on_link.values():
        groups = _same_things(numbers, candidates, names)
        shared += len(groups) > 1
        for group in groups:
            unions.join(group)
    if not decisions:
        return Grouping(
            tuple(_plain(unions.groups(len(candidates)), candidates)), shared
        )
    return _Decider(candidates, stored, decisions).decide(unions, shared)


class _Redirects:
    """Where a link leads, as far as that is known."""

    def __init__(self, redirects: Mapping[str, str]) -> None:
        self._targets = {
            canonical_url(start): canonical_url(target)
            for start, target in redirects.items()
        }

    def target(self, url: str) -> str:
        key = canonical_url(url)
        for _ in range(MOST_REDIRECTS):
            following = self._targets.get(key)
            if not following or following == key:
                break
            key = following
        return page_key(key)


class _Unions:
    """Numbers that belong together, directly or through others."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}

    def find(self, number: int) -> int:
        root = number
        while self._above.setdefault(root, root) != root:
            root = self._above[root]
        while self._above[number] != root:
            self._above[number], number = root, self._above[number]
        return root

    def join(self, numbers: Iterable[int]) -> None:
        first, *others = numbers
        for other in others:
            one, two = sorted((self.find(first), self.find(other)))
            self._above[two] = one

    def groups(self, total: int) -> list[list[int]]:
        """List the groups of the numbers below a total, by their first numbers."""
        groups: dict[int, list[int]] = defaultdict(list)
        for number in range(total):
            groups[self.find(number)].append(number)
        return list(groups.values())


def _same_things(
    numbers: list[int], candidates: Sequence[Candidate], names: Names
) -> list[list[int]]:
    """Divide what has one link by its names, whatever order they come in.

    A link with many names that disagree is the address of a collection: there, only names
    with the same core are one.
    """
    if len(numbers) == 1:
        return [numbers]
    by_name: dict[str, list[int]] = defaultdict(list)
    for number in numbers:
        by_name[name_key(candidates[number].name)].append(number)
    if len(by_name) == 1:
        return [numbers]
    # By their keys, so that the order of the sources does not count.
    parts = [same for _, same in sorted(by_name.items())]
    spelled = [min(candidates[number].name for number in same) for same in parts]
    if len(spelled) > MOST_COMPARED:
        return _merged(parts, _of_one_core(spelled, names))
    agreeing = {
        pair
        for pair in combinations(range(len(spelled)), 2)
        if names.agree(*(spelled[place] for place in pair))
    }
    unions = _Unions()
    for pair in agreeing:
        unions.join(pair)
    components = unions.groups(len(spelled))
    if len(components) >= A_COLLECTION:
        return _merged(parts, _of_one_core(spelled, names))
    clusters = [
        cluster
        for component in components
        for cluster in _agreeing_all(component, agreeing, spelled, names)
    ]
    return _merged(parts, clusters)


def _agreeing_all(
    places: list[int],
    agreeing: set[tuple[int, int]],
    spelled: Sequence[str],
    names: Names,
) -> list[list[int]]:
    """Put names together as long as each agrees with each, the most alike first.

    "GitHub" agrees with "GitHub Actions" and with "GitHub Issues", which makes those two no
    one thing. A name that holds all words of all others does.
    """
    words = {place: name_words(spelled[place]) for place in places}
    if any(all(words[one] >= words[other] for other in places) for one in places):
        return [places]
    cores = {place: names.core(spelled[place]) for place in places}
    clusters = {place: [place] for place in places}
    pairs = (pair for pair in agreeing if pair[0] in clusters)
    for one, other in sorted(
        pairs, key=lambda pair: (-alike(cores[pair[0]], cores[pair[1]]), pair)
    ):
        first, second = clusters[one], clusters[other]
        if first is not second and all(
            (min(pair), max(pair)) in agreeing for pair in product(first, second)
        ):
            first += second
            clusters.update(dict.fromkeys(second, first))
    return list({id(cluster): cluster for cluster in clusters.values()}.values())


def _of_one_core(spelled: Sequence[str], names: Names) -> list[list[int]]:
    """Put together what has one core; a name that has none stays alone."""
    clusters: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(spelled):
        core = "".join(sorted(names.core(name)))
        clusters[core or f"{place} {name}"].append(place)
    return list(clusters.values())


def _merged(parts: list[list[int]], clusters: list[list[int]]) -> list[list[int]]:
    return [
        sorted(n for place in cluster for n in parts[place]) for cluster in clusters
    ]


def _plain(
    groups: Iterable[list[int]], candidates: Sequence[Candidate]
) -> Iterator[Group]:
    for numbers in groups:
        members = tuple(candidates[number] for number in numbers)
        yield Group(members, _reasons(members))


def _reasons(members: Sequence[Candidate]) -> tuple[str, ...]:
    """Say of each member but the first why it is there, from the links alone."""
    if len(members) == 1:
        return ()
    first = page_key(members[0].url)
    return tuple(
        SAME_LINK if page_key(member.url) == first else REDIRECTED
        for member in members[1:]
    )


class _Decider:
    """Obey what a person has decided, over what links and names say."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        stored: Sequence[StoredItem],
        decisions: Decisions,
    ) -> None:
        self._candidates = candidates
        self._stored = stored
        self._decisions = decisions
        self._items_on: dict[str, list[int]] = defaultdict(list)
        for place, item in enumerate(stored):
            self._items_on[canonical_url(item.item.source_url)].append(place)
        self._met = [self._items_met(candidate) for candidate in candidates]
        self._called = [
            Called(c.name, c.url, frozenset(stored[p].item.slug for p in places))
            for c, places in zip(candidates, self._met, strict=True)
        ] + [
            Called(i.item.name, i.item.source_url, frozenset({i.item.slug}))
            for i in stored
        ]
        self._index: dict[str, list[int]] = defaultdict(list)
        for number, thing in enumerate(self._called):
            for key in _keys(thing):
                self._index[key].append(number)
        self._different: dict[int, list[Pair]] = defaultdict(list)
        for pair in decisions.different:
            for number in {n for reference in pair for n in self._find(reference)}:
                self._different[number].append(pair)

    def decide(self, unions: _Unions, shared: int) -> Grouping:
        """Join what is the same, then divide what is different: that has the last word."""
        total = len(self._candidates)
        rank: dict[int, int] = {}
        decided = _Unions()
        for number in range(len(self._called)):
            decided.find(number)
        automatic = unions.groups(total)
        for numbers in automatic:
            decided.join(numbers)
        for number, places in enumerate(self._met):
            decided.join([number, *(total + place for place in places)])
        touched: set[int] = set()
        for position, pair in enumerate(self._decisions.same):
            first, second = (self._find(reference) for reference in pair)
            if first and second:
                decided.join([*first, *second])
                touched.update(first, second)
                for side, numbers in enumerate((first, second)):
                    for number in numbers:
                        rank.setdefault(number, 2 * position + side)
        roots = {decided.find(number) for number in touched}
        components: dict[int, list[int]] = defaultdict(list)
        for number in range(len(self._called)):
            if (root := decided.find(number)) in roots:
                components[root].append(number)
        in_component = {n for numbers in components.values() for n in numbers}
        groups: list[tuple[int, Group]] = []
        superseded: set[str] = set()
        warnings: list[str] = list(self._decisions.warnings)
        for numbers in automatic:
            if numbers[0] not in in_component:
                groups += self._divided(numbers, decided=False, meets="")
        for numbers in components.values():
            ordered = sorted(numbers, key=lambda n: (rank.get(n, len(rank) + n), n))
            for part in self._kept_apart(ordered):
                items = [n - total for n in part if n >= total]
                meets, gone, warning = self._survivor(items)
                superseded |= gone
                warnings += warning
                members = [n for n in part if n < total]
                if members:
                    groups += self._divided(members, decided=True, meets=meets)
        ordered_groups = [
            group for _, group in sorted(groups, key=lambda pair: pair[0])
        ]
        return Grouping(
            tuple(ordered_groups), shared, frozenset(superseded), tuple(warnings)
        )

    def _items_met(self, candidate: Candidate) -> list[int]:
        """Find the items that a candidate would be taken for: same link, like name."""
        places = self._items_on.get(canonical_url(candidate.url), [])
        agreeing = [
            place
            for place in places
            if names_agree(self._stored[place].item.name, candidate.name)
        ]
        key = name_key(candidate.name)
        exact = [p for p in agreeing if name_key(self._stored[p].item.name) == key]
        return (exact or agreeing)[:1]

    def _find(self, reference: str) -> list[int]:
        """Find everything that a person calls so: the slug of an item is the surest."""
        keys = _reference_keys(reference)
        numbers = sorted({n for key in keys for n in self._index.get(key, ())})
        by_slug = [n for n in numbers if reference in self._called[n].slugs]
        exact = [n for n in numbers if is_called(reference, self._called[n])]
        return (
            by_slug
            or exact
            or [n for n in numbers if is_numbered(reference, self._called[n])]
        )

    def _kept_apart(self, numbers: list[int]) -> list[list[int]]:
        """Divide things so that no two of them stay together that shall be apart."""
        pairs = self._about(numbers)
        if not pairs:
            return [numbers]
        parts: list[list[int]] = []
        for number in numbers:
            free = (p for p in parts if not self._is_apart(number, p, pairs))
            part = next(free, None)
            if part is None:
                parts.append([number])
            else:
                part.append(number)
        return parts

    def _divided(
        self, numbers: list[int], *, decided: bool, meets: str
    ) -> Iterator[tuple[int, Group]]:
        # Not in the order of the sources: who is with whom must not depend on it.
        in_order = sorted(
            numbers, key=lambda n: (self._called[n].name, self._called[n].url)
        )
        parts = self._kept_apart(in_order) if not decided else [numbers]
        is_apart = decided is False and len(parts) > 1
        for part in parts:
            part_numbers = part if decided else sorted(part)
            members = tuple(self._candidates[n] for n in part_numbers)
            reasons = (
                tuple(
                    DECIDED
                    if page_key(member.url) != page_key(members[0].url)
                    or not names_agree(member.name, members[0].name)
                    else SAME_LINK
                    for member in members[1:]
                )
                if decided
                else _reasons(members)
            )
            apart = is_apart or bool(self._about(part_numbers))
            yield min(part_numbers), Group(members, reasons, meets, apart)

    def _about(self, numbers: Sequence[int]) -> list[Pair]:
        """List the decisions to keep apart that name any of these."""
        return list(
            dict.fromkeys(p for n in numbers for p in self._different.get(n, ()))
        )

    def _is_apart(self, number: int, part: list[int], pairs: list[Pair]) -> bool:
        return any(
            keeps_apart(pair, self._called[number], self._called[other])
            for pair in pairs
            for other in part
        )

    def _survivor(self, places: list[int]) -> tuple[str, set[str], list[str]]:
        """Choose the item that stays: one that a person edited, else the first named."""
        items = [self._stored[place] for place in dict.fromkeys(places)]
        if not items:
            return "", set(), []
        edited = [item for item in items if item.edited]
        kept = edited or items[:1]
        gone = {item.item.slug for item in items} - {item.item.slug for item in kept}
        if len(kept) == 1:
            return kept[0].item.slug, gone, []
        slugs = ", ".join(item.item.slug for item in kept)
        return (
            kept[0].item.slug,
            gone,
            [
                f"{slugs} were decided to be the same, but each was edited by hand. "
                "Take over what you need and delete the others."
            ],
        )


def _keys(thing: Called) -> Iterator[str]:
    yield f"url {canonical_url(thing.url)}"
    yield f"name {name_key(thing.name)}"
    yield from (f"slug {slug}" for slug in thing.slugs or {slugify(thing.name)})


def _reference_keys(reference: str) -> Iterator[str]:
    if canonical := canonical_url(reference):
        yield f"url {canonical}"
        return
    yield f"name {name_key(reference)}"
    yield f"slug {reference}"
    yield f"slug {re.sub(r'-[0-9]+$', '', reference)}"
