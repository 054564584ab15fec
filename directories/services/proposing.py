"""Proposals as they come to be: from a run, and from people's edits."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from directories.models import Directory, GenerationRun, Proposal, ProposalState
from generation.contract.commands import (
    PlannedCommit,
    RepositoryKind,
    UpdateLastPullRequest,
)
from generation.contract.context import ProposalTarget
from generation.git import MAIN, Repository, limits_of
from generation.publish import KINDS, proposal_branch, repository_path

NOTHING_LEFT = "a later run found nothing to propose"


def repositories_of(directory: Directory) -> dict[RepositoryKind, Repository]:
    return {
        kind: Repository(
            repository_path(
                Path(settings.GIT_ROOT),
                namespace=directory.namespace,
                slug=directory.slug,
                kind=kind,
            ),
            limits=limits_of(kind),
        )
        for kind in KINDS
    }


def is_reviewed(directory: Directory, wish: bool | None) -> bool:
    """Tell whether a change waits as a proposal: a wish for this one time comes first."""
    return directory.review if wish is None else wish


def next_number(directory: Directory) -> int:
    """Number the next proposal. Who takes the branch of that number first has it."""
    last = directory.proposals.aggregate(last=Max("number"))["last"] or 0
    data = repositories_of(directory)["data"]
    number = int(last) + 1
    while data.head(proposal_branch(number)):
        number += 1
    return number


def target_of_run(directory: Directory) -> ProposalTarget:
    """Choose the proposal of a run: the open one of an earlier run, or a new one.

    One whose branch a person has changed is left to them.
    """
    repositories = repositories_of(directory)
    for proposal in open_of_runs(directory):
        heads = {
            kind: head
            for kind, repository in repositories.items()
            if (head := repository.head(proposal.ref))
        }
        if heads == proposal.heads:
            return ProposalTarget(
                number=proposal.number, branch=proposal.ref, heads=heads
            )
    number = next_number(directory)
    return ProposalTarget(number=number, branch=proposal_branch(number))


def open_of_runs(directory: Directory) -> list[Proposal]:
    return list(
        directory.proposals.filter(
            state=ProposalState.OPEN, origin=Proposal.Origin.RUN
        ).order_by("-number")
    )


def record_run(run: GenerationRun, command: UpdateLastPullRequest) -> None:
    """Keep what a run has put up for review. Safe to repeat."""
    run = GenerationRun.objects.select_related("directory__owner").get(pk=run.pk)
    planned = {
        kind: PlannedCommit.model_validate(commit)
        for kind, commit in (run.planned_commits or {}).items()
    }
    data = planned.get("data")
    if command.number is None or data is None or data.branch == MAIN:
        return
    heads = {kind: c.new or c.old for kind, c in planned.items() if c.new or c.old}
    Proposal.objects.update_or_create(
        directory=run.directory,
        number=command.number,
        defaults={
            "origin": Proposal.Origin.RUN,
            "branch": command.branch,
            "url": command.url,
            "base": data.base or "",
            "heads": heads,
            "title": command.title,
            "body": command.body,
            "author": run.directory.owner,
            "run": run,
            "summary": summary_of(repositories_of(run.directory)["data"], planned),
            "conflicts": [],
        },
    )


def supersede_emptied(run: GenerationRun) -> None:
    """Close what an earlier run proposed when a later one finds nothing to propose."""
    run = GenerationRun.objects.select_related("directory").get(pk=run.pk)
    wish = (run.request or {}).get("update_with_pull_request")
    report = run.report or {}
    changes = report.get("repositories", {}).values()
    is_empty = not any(c["changed_files"] or c["removed_files"] for c in changes)
    if not (is_reviewed(run.directory, wish) and report and is_empty):
        return
    target = target_of_run(run.directory)
    if not target.heads:
        return
    over = {"decided_at": Now(), "note": NOTHING_LEFT, "updated_at": Now()}
    run.directory.proposals.filter(
        state=ProposalState.OPEN, number=target.number
    ).update(state=ProposalState.SUPERSEDED, **over)
    transaction.on_commit(partial(drop_branches, run.directory, target.branch))


def drop_branches(directory: Directory, ref: str) -> None:
    for repository in repositories_of(directory).values():
        if head := repository.head(ref):
            repository.move(ref, new=None, old=head)


def summary_of(
    data: Repository, planned: Mapping[RepositoryKind, PlannedCommit]
) -> dict[str, int]:
    """Count what a staged proposal would change."""
    # It reads items, and this module is asked where repositories lie, by every command.
    from generation.repositories.difference import summary

    commit = planned["data"]
    old = data.tree(commit.base) if commit.base else {}
    return summary(old, data.tree(commit.new) if commit.new else {})


def record_edit(
    directory: Directory,
    *,
    number: int,
    planned: Mapping[RepositoryKind, PlannedCommit],
    **fields: Any,
) -> Proposal:
    """Keep what a person has put up for review."""
    proposal = Proposal.objects.create(
        directory=directory,
        number=number,
        branch=proposal_branch(number).removeprefix("refs/heads/"),
        base=planned["data"].base or "",
        heads={kind: commit.new for kind, commit in planned.items() if commit.new},
        **fields,
    )
    Directory.objects.filter(pk=directory.pk).update(
        last_pull_request=UpdateLastPullRequest(
            branch=proposal.branch, title=proposal.title, number=number
        ).model_dump(exclude={"action", "body"}),
        updated_at=Now(),
    )
    return proposal
