"""What a run may say. Every change that a run makes to the web side is one of these."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    StringConstraints,
)

from generation.report import ItemCounts, Report

RepositoryKind = Literal["data", "list", "website"]
CommitId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]

Branch = Annotated[
    str, StringConstraints(pattern=r"^refs/heads/[A-Za-z0-9][A-Za-z0-9._/-]{0,150}$")
]


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Outcome(StrEnum):
    """How a run ends. The values are those of the run's state."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class GenerateStatus(StrEnum):
    GENERATING = "generating"
    GENERATED = "generated"
    ERROR = "error"
    CANCELLED = "cancelled"


class LogLevel(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Claim(Message):
    """Take the run. Answered with the attempt's number, or refused."""

    action: Literal["claim"] = "claim"
    worker: Annotated[str, StringConstraints(min_length=1, max_length=200)]


def _in_our_times(moment: datetime) -> datetime:
    if not 2000 <= moment.year < 3000:
        raise ValueError("must lie between the years 2000 and 3000")
    return moment


# What a column of a database holds.
Time = Annotated[AwareDatetime, AfterValidator(_in_our_times)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
Fact = (
    Annotated[str, StringConstraints(max_length=2000)]
    | bool
    | Annotated[int, Field(ge=-(2**53), le=2**53)]
    | FiniteFloat
    | None
)


class UpdateDirectory(Message):
    action: Literal["update_directory"] = "update_directory"
    items_count: Count
    categories_count: Count
    tags_count: Count


class UpdateGenerateStatus(Message):
    """Where the run is. `percent` is of the whole run, 0 to 100; None leaves it as it is."""

    action: Literal["update_generate_status"] = "update_generate_status"
    status: GenerateStatus
    step: Annotated[str, StringConstraints(max_length=100)] | None = None
    percent: Annotated[int, Field(ge=0, le=100)] | None = None
    counts: dict[str, Count] = Field(default_factory=dict)


class UpdateLastPullRequest(Message):
    action: Literal["update_last_pull_request"] = "update_last_pull_request"
    branch: Annotated[str, StringConstraints(max_length=200)]
    title: Annotated[str, StringConstraints(max_length=500)]
    body: Annotated[str, StringConstraints(max_length=20_000)] = ""
    number: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    url: Annotated[str, StringConstraints(max_length=2000)] = ""


class RecordGenerationStart(Message):
    action: Literal["record_generation_start"] = "record_generation_start"
    started_at: Time


class RecordSourcesRead(Message):
    """So many sources could be read and gave so many entries, whatever becomes of them.

    Workers of the last release do not say it.
    """

    action: Literal["record_sources_read"] = "record_sources_read"
    sources: Annotated[Count, Field(ge=1)]
    entries: Annotated[Count, Field(ge=1)]


class RecordGenerationFinish(Message):
    action: Literal["record_generation_finish"] = "record_generation_finish"
    finished_at: Time
    outcome: Outcome
    error: str = ""


class UpdateGenerationHistory(Message):
    action: Literal["update_generation_history"] = "update_generation_history"
    items: ItemCounts
    metrics: dict[str, Count | FiniteFloat] = Field(default_factory=dict)
    report: Report


class RecordAttemptFailure(Message):
    """This attempt is over, but the run may succeed in another one.

    The web side decides whether there is another: it counts them. `retry_after` is in
    seconds, such as a source asked for.
    """

    action: Literal["record_attempt_failure"] = "record_attempt_failure"
    reason: Annotated[str, StringConstraints(min_length=1)]
    retry_after: Annotated[FiniteFloat, Field(ge=0, le=86_400)] = 0


class EmitGenerationCompleted(Message):
    action: Literal["emit_generation_completed"] = "emit_generation_completed"
    outcome: Outcome


class Heartbeat(Message):
    action: Literal["heartbeat"] = "heartbeat"


class AppendLog(Message):
    action: Literal["append_log"] = "append_log"
    level: LogLevel = LogLevel.INFO
    message: Annotated[str, StringConstraints(max_length=2000)]
    facts: dict[str, Fact] = Field(default_factory=dict)


class PlannedCommit(Message):
    """A commit that is written but not yet on its branch. `new` is None when nothing changes.

    `old` is where the branch is. `base` is what the commit is built on: `main`, which is not
    `old` where a proposal's branch is to move.
    """

    old: CommitId | None
    new: CommitId | None
    branch: Branch = "refs/heads/main"
    base: CommitId | None = None


class PublishBegin(Message):
    """Say what will be on `main` before anything is, so that a half-done publish shows."""

    action: Literal["publish_begin"] = "publish_begin"
    commits: dict[RepositoryKind, PlannedCommit]


class PublishDone(Message):
    action: Literal["publish_done"] = "publish_done"


Command = Annotated[
    Claim
    | UpdateDirectory
    | UpdateGenerateStatus
    | UpdateLastPullRequest
    | RecordGenerationStart
    | RecordSourcesRead
    | RecordGenerationFinish
    | RecordAttemptFailure
    | UpdateGenerationHistory
    | EmitGenerationCompleted
    | Heartbeat
    | AppendLog
    | PublishBegin
    | PublishDone,
    Field(discriminator="action"),
]


class CommandBatch(Message):
    """Commands that take effect together or not at all. `attempt` is 0 for a claim."""

    run_id: UUID
    attempt: Annotated[int, Field(ge=0)]
    commands: Annotated[tuple[Command, ...], Field(min_length=1, max_length=1000)]


class Reply(BaseModel):
    """What the web side answers to a batch. Unknown fields are ignored: it may be newer.

    `retry_in` answers a RecordAttemptFailure: seconds until the next attempt, None when
    there is none. `directory_id` answers a Claim: a message of the queue names only the run.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    attempt: int
    cancel: bool
    lease_expires_at: Time
    retry_in: float | None = None
    directory_id: UUID | None = None
