"""What a run tells about itself when it is over: the counts, and everything left out."""

from __future__ import annotations

from pydantic import Field

from generation.items import Record
from generation.sources.candidates import LeftOut, Retrieval

# A report is a database column and a web page: it names so many entries and counts the rest.
LISTED = 500


class ItemCounts(Record):
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    total: int = 0


class SourceReport(Record):
    """What became of one source: `found` is `kept` and `merged` and `left_out` together.

    `reasons` counts what was left out by its reason. `error` is empty for a source that could
    be read.
    """

    source: str
    kind: str = ""
    found: int = 0
    kept: int = 0
    merged: int = 0
    left_out: int = 0
    reasons: dict[str, int] = Field(default_factory=dict)
    error: str = ""
    retrieval: Retrieval = Retrieval()


class StepReport(Record):
    """One step. `done` is false for a step that had nothing to do; `note` says why.

    `attempt` is the one that went through it: of a run that was taken up again, the first
    steps are those of an earlier attempt.
    """

    name: str
    done: bool
    attempt: int = 1
    note: str = ""
    seconds: float = Field(default=0.0, description="wall time in seconds")


class FieldChange(Record):
    field: str
    before: str
    after: str


class ItemChange(Record):
    """One line of the item-wise diff. `kind` is added, updated, removed or kept."""

    kind: str
    slug: str
    name: str
    fields: tuple[FieldChange, ...] = ()


class Conflict(Record):
    """A field that a person and a source changed differently. The person's stays."""

    item: str
    field: str
    ours: str
    theirs: str


class RepositoryReport(Record):
    """Where a repository stands after the run. `commit` is the head of `branch`."""

    path: str
    branch: str = "main"
    commit: str | None = None
    changed_files: int = 0
    removed_files: int = 0
    left_alone: tuple[str, ...] = ()


class Merge(Record):
    """Two entries that were taken for one, and why. `undo` is a line of the decision file."""

    kept: str
    merged: str
    url: str
    reason: str
    undo: str = ""


class Flag(Record):
    """Two items that may be one, which is for a person to say.

    `score` is 0 to 1. `same` and `different` are lines for the decision file.
    """

    first: str
    second: str
    first_url: str
    second_url: str
    score: float
    reason: str
    same: str
    different: str


class CategoryChoice(Record):
    """Why an item got its category. `others` are the next best ones, best first.

    `how` is given, heading, match, kept, neighbours, zero-shot or other. Those that had to
    be guessed have a `score`, 0 to 1.
    """

    name: str
    url: str
    category: str
    how: str
    score: float | None = None
    others: tuple[str, ...] = ()


class Report(Record):
    """All of it. `title` is the subject of its commits. `proposal` is the number of the one
    that the run made or brought up to date, None where it moved `main` or changed nothing.
    `notes` are what is worth knowing and nobody has to see to, unlike `warnings`."""

    items: ItemCounts = ItemCounts()
    categories: int = 0
    tags: int = 0
    left_out_count: int = 0
    left_out: tuple[LeftOut, ...] = ()
    merges_count: int = 0
    merges: tuple[Merge, ...] = ()
    flags_count: int = 0
    flags: tuple[Flag, ...] = ()
    categorised: dict[str, int] = Field(default_factory=dict)
    category_choices: tuple[CategoryChoice, ...] = ()
    sources: tuple[SourceReport, ...] = ()
    changes: tuple[ItemChange, ...] = ()
    conflict_count: int = 0
    conflicts: tuple[Conflict, ...] = ()
    steps: tuple[StepReport, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    repositories: dict[str, RepositoryReport] = Field(default_factory=dict)
    title: str = ""
    proposal: int | None = None
