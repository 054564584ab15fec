"""What became of a run, in figures that compare: where it was made, waits, steps, attempts.

The same for a run that a worker made and for one that was made in process, and for one that
failed half-way: the steps are those that the run's log tells of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from directories.models import GenerationRun

# What a comparison shows for what a run does not have.
NOTHING = "-"


class StepFacts(NamedTuple):
    """One step of one attempt, in seconds of wall time."""

    name: str
    attempt: int
    seconds: float


class AttemptFacts(NamedTuple):
    """`reason` says why it ended, when not by success. `seconds` is None while it lasts."""

    number: int
    worker: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str
    reason: str
    seconds: float | None


class RunFacts(NamedTuple):
    """`waited_seconds` until somebody began, `seconds` from then to the end."""

    where: str
    because: str
    waited_seconds: float | None
    seconds: float | None
    attempts: tuple[AttemptFacts, ...]
    steps: tuple[StepFacts, ...]


class Row(NamedTuple):
    """One line of a comparison: what is compared, and what it is for each run."""

    label: str
    values: tuple[str, ...]


def facts_of(run: GenerationRun) -> RunFacts:
    """Gather the figures of a run. Reads `attempts` and `log`, prefetched or not."""
    attempts = tuple(
        AttemptFacts(
            number=attempt.number,
            worker=attempt.worker,
            started_at=attempt.started_at,
            finished_at=attempt.finished_at,
            outcome=attempt.outcome,
            reason=attempt.reason,
            seconds=_between(attempt.started_at, attempt.finished_at),
        )
        for attempt in run.attempts.all()
    )
    begun = attempts[0].started_at if attempts else None
    return RunFacts(
        where=where(run),
        because=run.fell_back_because,
        waited_seconds=_between(run.created_at, begun),
        seconds=_between(begun, run.finished_at),
        attempts=attempts,
        steps=tuple(_steps(run)),
    )


def where(run: GenerationRun) -> str:
    """Say who made a run, or is to make it."""
    if run.dispatched_at:
        return f"worker {run.ran_on}" if run.ran_on else "in the queue"
    return f"in process, {run.ran_on}" if run.ran_on else "in process"


def compare(runs: Sequence[GenerationRun]) -> list[Row]:
    """Put runs side by side."""
    facts = [facts_of(run) for run in runs]

    def row(label: str, values: Iterable[object]) -> Row:
        return Row(label, tuple(_text(value) for value in values))

    rows = [
        row("directory", (run.directory for run in runs)),
        row("state", (run.state for run in runs)),
        row("where", (f.where for f in facts)),
        row("fell back because", (f.because for f in facts)),
        row("created", (run.created_at for run in runs)),
        row("waited", (f.waited_seconds for f in facts)),
        row("took", (f.seconds for f in facts)),
        row("attempts", (len(f.attempts) for f in facts)),
    ]
    for name in _union(step.name for f in facts for step in f.steps):
        spent = [[s.seconds for s in f.steps if s.name == name] for f in facts]
        rows.append(row(name, (sum(times) if times else None for times in spent)))
    for name in _union(key for run in runs for key in run.counts):
        rows.append(row(f"items {name}", (run.counts.get(name) for run in runs)))
    for name in _union(key for run in runs for key in run.metrics):
        rows.append(row(name, (run.metrics.get(name) for run in runs)))
    return rows


def _steps(run: GenerationRun) -> Iterator[StepFacts]:
    for line in run.log.all():
        if "step" in line.facts and "seconds" in line.facts:
            yield StepFacts(
                name=str(line.facts["step"]),
                attempt=line.attempt,
                seconds=float(line.facts["seconds"]),
            )


def _between(begun: datetime | None, ended: datetime | None) -> float | None:
    if begun is None or ended is None:
        return None
    # Two clocks may disagree about what came first: a worker's and the database's.
    return round(max(0.0, (ended - begun).total_seconds()), 3)


def _union(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _text(value: object) -> str:
    match value:
        case None | "":
            return NOTHING
        case float():
            return f"{value:.3f} s"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case _:
            return str(value)
