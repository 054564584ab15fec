"""Put together, at the end of a run, what everybody will want to know about it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from generation.contract.commands import PlannedCommit, RepositoryKind
from generation.contract.context import RunContext
from generation.git import MAIN
from generation.pipeline.draft import Draft
from generation.report import (
    LISTED,
    CategoryChoice,
    ItemCounts,
    Report,
    RepositoryReport,
    SourceReport,
    StepReport,
)
from generation.repositories.build import Build


def compile_report(
    context: RunContext,
    draft: Draft,
    build: Build,
    steps: list[StepReport],
    *,
    planned: Mapping[RepositoryKind, PlannedCommit] | None = None,
) -> Report:
    """Gather what is known. `planned` are the commits that will be published, if any."""
    new = {kind: commit.new for kind, commit in (planned or {}).items()}
    branch = next((commit.branch for commit in (planned or {}).values()), MAIN)
    number = context.proposal.number if context.proposal and branch != MAIN else None
    kinds = [change.kind for change in draft.changes]
    catalogue = draft.catalogue
    return Report(
        items=ItemCounts(
            new=kinds.count("added"),
            updated=kinds.count("updated"),
            unchanged=draft.unchanged,
            removed=kinds.count("removed"),
            total=len(catalogue.items),
        ),
        categories=len({item.category for item in catalogue.items}),
        tags=len({tag for item in catalogue.items for tag in item.tags}),
        left_out_count=len(draft.left_out),
        left_out=draft.left_out[:LISTED],
        merges_count=len(draft.merges),
        merges=draft.merges[:LISTED],
        flags_count=len(draft.flags),
        flags=draft.flags[:LISTED],
        categorised=dict(
            sorted(Counter(c.how for c in draft.category_choices).items())
        ),
        category_choices=_doubtful_first(draft.category_choices)[:LISTED],
        sources=_with_reasons(draft),
        changes=draft.changes[:LISTED],
        conflict_count=len(draft.conflicts),
        conflicts=draft.conflicts[:LISTED],
        steps=tuple(steps),
        warnings=draft.warnings,
        notes=tuple(_notes(build)),
        repositories={
            kind: RepositoryReport(
                path=str(change.repository.path),
                branch=branch.removeprefix("refs/heads/"),
                commit=new.get(kind) or change.old,
                changed_files=len(change.files),
                removed_files=len(change.removals),
                left_alone=build.left_alone[kind][:LISTED],
            )
            for kind, change in build.changes.items()
        },
        title=build.message,
        proposal=number,
    )


def _with_reasons(draft: Draft) -> tuple[SourceReport, ...]:
    """Say of each source how much was left out, and why."""
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    for left in draft.left_out:
        reasons[left.source][left.reason] += 1
    return tuple(
        report.model_copy(
            update={
                "left_out": reasons[report.source].total(),
                "reasons": dict(sorted(reasons[report.source].items())),
            }
        )
        for report in draft.sources
    )


def _doubtful_first(
    choices: tuple[CategoryChoice, ...],
) -> tuple[CategoryChoice, ...]:
    """Put first what a person may want to correct: what was guessed, unlikely ones first."""
    return tuple(
        sorted(
            choices,
            key=lambda choice: (
                choice.score is None,
                choice.score or 0.0,
                choice.name,
                choice.url,
            ),
        )
    )


def _notes(build: Build) -> list[str]:
    """Name the files that people changed: that they stay is what a run is for."""
    return [
        f"{len(paths)} file{'s' if len(paths) > 1 else ''} of the {kind} repository "
        f"changed by hand and left alone: {', '.join(paths[:5])}"
        + (" …" if len(paths) > 5 else "")
        for kind, paths in build.left_alone.items()
        if paths
    ]
