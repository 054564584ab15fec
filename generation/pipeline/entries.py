"""From candidates to entries: what is one thing becomes one entry, with its evidence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from generation.pipeline.draft import BODY, Draft, Entry, StepResult, Tools
from generation.report import Merge, SourceReport
from generation.repositories.state import Provenance
from generation.sources.candidates import Candidate, LeftOut
from generation.sources.names import name_key
from generation.sources.urls import canonical_url, clean_url

LONGEST_NAME = 200
LONGEST_DESCRIPTION = 5_000
LONGEST_FACT = 2_000
LONGEST_BODY = 100_000
MOST_IN_A_FACT = 100


def filter_content(draft: Draft, tools: Tools) -> StepResult:
    """Leave out what cannot be an item: no name, or a link that nobody can follow.

    What a person's source lists is never dropped for being off the subject.
    """
    kept: list[Candidate] = []
    left_out: list[LeftOut] = []
    for candidate in draft.candidates:
        if reason := _unusable(candidate):
            left_out.append(
                LeftOut(
                    name=candidate.name,
                    url=candidate.url,
                    source=candidate.source,
                    reason=reason,
                )
            )
        else:
            kept.append(_within_bounds(candidate))
    result = draft.but(candidates=tuple(kept), left_out=(*draft.left_out, *left_out))
    return StepResult(result, f"{len(kept)} of {len(draft.candidates)} entries kept")


def deduplicate(draft: Draft, tools: Tools) -> StepResult:
    """Merge entries that have one link and names that agree; the first one describes.

    One link under two different names may be two things (a repository that holds many
    tools), so both stay, and the report counts them.
    """
    groups: dict[str, list[list[Candidate]]] = defaultdict(list)
    order: list[list[Candidate]] = []
    for candidate in draft.candidates:
        of_this_link = groups[canonical_url(candidate.url)]
        for group in of_this_link:
            if names_agree(group[0].name, candidate.name):
                group.append(candidate)
                break
        else:
            group = [candidate]
            of_this_link.append(group)
            order.append(group)
    headings = Headings(draft.candidates)
    merges = [
        Merge(
            kept=group[0].name,
            merged=f"{other.name} ({other.source})",
            url=group[0].url,
            reason="same link, and the names agree",
        )
        for group in order
        for other in group[1:]
    ]
    shared = sum(len(of_this_link) > 1 for of_this_link in groups.values())
    result = draft.but(
        candidates=(),
        entries=tuple(_entry(group, headings) for group in order),
        merges=tuple(merges),
        sources=_count_merged(draft, order),
    )
    note = f"{len(order)} items; repeated entries merged: {len(merges)}"
    if shared:
        note += f"; links under different names: {shared}"
    return StepResult(result, note)


class Headings:
    """Which of the headings above an entry names its category.

    The deepest one, unless it stands below several others in the same source: "General"
    under "Databases" and under "Testing" says nothing without what is above it.
    """

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self._parents: dict[tuple[str, str], set[tuple[str, ...]]] = defaultdict(set)
        for candidate in candidates:
            for depth, heading in enumerate(candidate.path):
                place = candidate.source, heading.casefold()
                self._parents[place].add(candidate.path[:depth])

    def naming(self, candidate: Candidate) -> str:
        for heading in reversed(candidate.path):
            if len(self._parents[candidate.source, heading.casefold()]) == 1:
                return heading
        nearest = candidate.path[-1:] or candidate.groups[:1]
        return nearest[0] if nearest else ""


def names_agree(one: str, other: str) -> bool:
    """Tell whether two names on one link are one: equal, or all words of one in the other."""
    if name_key(one) == name_key(other):
        return True
    words, others = ({name_key(word) for word in name.split()} for name in (one, other))
    return bool(words) and bool(others) and (words <= others or others <= words)


def _within_bounds(candidate: Candidate) -> Candidate:
    """Cut what is longer than anybody reads, so that every file stays readable."""
    return candidate.model_copy(
        update={
            "description": candidate.description[:LONGEST_DESCRIPTION],
            "facts": {
                key: _bounded(value, LONGEST_BODY if key == BODY else LONGEST_FACT)
                for key, value in candidate.facts.items()
            },
        }
    )


def _bounded(fact: Any, longest: int) -> Any:
    if isinstance(fact, list):
        return [_bounded(part, longest) for part in fact[:MOST_IN_A_FACT]]
    return fact[:longest] if isinstance(fact, str) else fact


def _unusable(candidate: Candidate) -> str:
    if not any(map(str.isalnum, candidate.name)):
        return "it has no name"
    if len(candidate.name) > LONGEST_NAME:
        return f"its name is longer than {LONGEST_NAME} characters"
    if not clean_url(candidate.url):
        return "it has no http or https link"
    return ""


def _entry(group: list[Candidate], headings: Headings) -> Entry:
    first = group[0]
    facts: dict[str, object] = {}
    for candidate in group:
        facts = candidate.facts | facts
    return Entry(
        name=first.name,
        url=first.url,
        description=_first(c.description for c in group),
        category=_first(c.category or headings.naming(c) for c in group),
        tags=tuple(dict.fromkeys(tag for c in group for tag in c.tags)),
        labels=tuple(dict.fromkeys(label for c in group for label in c.labels)),
        facts=facts,
        sources=tuple(
            dict.fromkeys(Provenance(source=c.source, locator=c.locator) for c in group)
        ),
    )


def _first(texts: Iterable[str]) -> str:
    return next(filter(None, texts), "")


def _count_merged(
    draft: Draft, groups: list[list[Candidate]]
) -> tuple[SourceReport, ...]:
    kept = Counter(group[0].source for group in groups)
    merged = Counter(other.source for group in groups for other in group[1:])
    left_out = Counter(left.source for left in draft.left_out)
    return tuple(
        report
        if report.error
        else report.model_copy(
            update={
                "kept": kept[report.source],
                "merged": merged[report.source],
                "left_out": left_out[report.source],
            }
        )
        for report in draft.sources
    )
