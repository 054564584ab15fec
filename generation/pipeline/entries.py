"""From candidates to entries: what is one thing becomes one entry, with its evidence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from generation.pipeline.decisions import DIFFERENT, line_for, read_decisions
from generation.pipeline.draft import BODY, Draft, Entry, StepResult, Tools
from generation.pipeline.grouping import DECIDED, Group, group_candidates
from generation.report import Merge, SourceReport
from generation.repositories.state import Provenance
from generation.sources.candidates import Candidate, LeftOut
from generation.sources.names import name_key
from generation.sources.urls import clean_url

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
    """Make one entry of everything that is one thing, with the evidence for it.

    One link under two different names may be two things (a repository that holds many
    tools), so both stay, and the report says so.
    """
    decisions = read_decisions(tools.stored.snapshot)
    grouping = group_candidates(
        draft.candidates, tools.stored.items, decisions, draft.known_redirects
    )
    headings = Headings(draft.candidates)
    groups = grouping.groups
    merges = [
        Merge(
            kept=group.members[0].name,
            merged=f"{other.name} ({other.source})",
            url=group.members[0].url,
            reason=reason,
            undo=_undo(group.members[0], other, reason),
        )
        for group in groups
        for other, reason in zip(group.members[1:], group.reasons, strict=True)
    ]
    result = draft.but(
        candidates=(),
        entries=tuple(_entry(group, headings) for group in groups),
        merges=tuple(merges),
        superseded_slugs=grouping.superseded,
        sources=_count_merged(draft, groups),
    ).warning(*(grouping.warnings or decisions.warnings))
    note = f"{len(groups)} items; repeated entries merged: {len(merges)}"
    if grouping.shared_links:
        note += f"; links under different names: {grouping.shared_links}"
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


def _entry(group: Group, headings: Headings) -> Entry:
    members = group.members
    first = members[0]
    facts: dict[str, object] = {}
    for candidate in members:
        facts = candidate.facts | facts
    given = _first(c.category for c in members)
    links = dict.fromkeys(c.url for c in members)
    return Entry(
        name=first.name,
        url=first.url,
        also=tuple(link for link in links if link != first.url),
        meets=group.meets,
        apart=group.apart,
        description=_first(c.description for c in members),
        category=_first(c.category or headings.naming(c) for c in members),
        given=_first(c.category or headings.naming(c) for c in members) == given != "",
        tags=tuple(dict.fromkeys(tag for c in members for tag in c.tags)),
        labels=tuple(dict.fromkeys(label for c in members for label in c.labels)),
        facts=facts,
        sources=tuple(
            dict.fromkeys(
                Provenance(source=c.source, locator=c.locator) for c in members
            )
        ),
    )


def _undo(first: Candidate, other: Candidate, reason: str) -> str:
    """Write down how to keep two apart that were merged.

    What a person decided is undone where they wrote it. Two entries that are equal in name
    and link need no second item.
    """
    if reason == DECIDED:
        return ""
    if name_key(first.name) != name_key(other.name):
        return line_for(DIFFERENT, first.name, other.name)
    if clean_url(first.url) != clean_url(other.url):
        return line_for(DIFFERENT, clean_url(first.url), clean_url(other.url))
    return ""


def _first(texts: Iterable[str]) -> str:
    return next(filter(None, texts), "")


def _count_merged(draft: Draft, groups: Sequence[Group]) -> tuple[SourceReport, ...]:
    kept = Counter(group.members[0].source for group in groups)
    merged = Counter(other.source for group in groups for other in group.members[1:])
    return tuple(
        report
        if report.error
        else report.model_copy(
            update={"kept": kept[report.source], "merged": merged[report.source]}
        )
        for report in draft.sources
    )
