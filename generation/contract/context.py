"""What a run is told, once, when it begins."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from generation.contract.commands import (
    Branch,
    CommitId,
    PlannedCommit,
    RepositoryKind,
)
from generation.contract.request import GenerationRequest
from generation.report import Report

# What an attempt may put away for the next one, in bytes.
LARGEST_CHECKPOINT = 32 * 1024 * 1024


class Told(BaseModel):
    """A part of the context. Unknown fields are ignored: the web side may be newer."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Identity(Told):
    """Who commits."""

    name: str
    email: str


class DirectoryContext(Told):
    id: UUID
    namespace: str
    slug: str
    name: str
    description: str = ""


class ProposalTarget(Told):
    """The proposal that a run makes, or brings up to date, instead of moving `main`.

    `heads` is where its branch is at, in those repositories that have it already.
    """

    number: int
    branch: Branch
    heads: dict[RepositoryKind, CommitId] = Field(default_factory=dict)


class RunContext(Told):
    """Everything a run needs to know.

    `clock` is the time of the run's first claim. It is the only time a run may write, so
    that the same input gives the same bytes. `previous_prompt` is that of the last run that
    succeeded, empty before the first. `has_checkpoint` says that an earlier attempt put
    something away. `planned_commits` and `report` are what an earlier attempt was about to
    publish when it was last heard of; None when none was. `proposal` is None for a run that
    commits to `main`. `warnings` is what the run has to report besides its own.
    """

    run_id: UUID
    attempt: int
    clock: datetime
    directory: DirectoryContext
    committer: Identity
    request: GenerationRequest
    previous_prompt: str = ""
    has_checkpoint: bool = False
    planned_commits: dict[RepositoryKind, PlannedCommit] | None = None
    report: Report | None = None
    proposal: ProposalTarget | None = None
    warnings: tuple[str, ...] = ()
