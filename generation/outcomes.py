"""How a run tells its end: what became of it, in commands to the web side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

from generation.contract.commands import (
    AppendLog,
    Command,
    EmitGenerationCompleted,
    GenerateStatus,
    LogLevel,
    Outcome,
    RecordAttemptFailure,
    RecordGenerationFinish,
    RecordSourcesRead,
    UpdateDirectory,
    UpdateGenerateStatus,
    UpdateGenerationHistory,
    UpdateLastPullRequest,
)
from generation.exceptions import AttemptFailed, GenerationError, RunRefused
from generation.interrupts import uninterrupted
from generation.operations import DirectoryOperations
from generation.publish import proposal_branch
from generation.report import Report, SourceReport


def fail_for_now(
    operations: DirectoryOperations, exc: GenerationError
) -> AttemptFailed:
    """Tell the web side that this attempt is over, and hear whether there is another."""
    with uninterrupted():
        reply = operations.send(
            RecordAttemptFailure(reason=str(exc), retry_after=exc.retry_after)
        )
    return AttemptFailed(str(exc), retry_in=reply.retry_in)


def finish(operations: DirectoryOperations, outcome: Outcome, *, error: str) -> None:
    """Tell the web side that the run ended without a result."""
    cancelled = outcome is Outcome.CANCELLED
    status = GenerateStatus.CANCELLED if cancelled else GenerateStatus.ERROR
    level = LogLevel.WARNING if cancelled else LogLevel.ERROR
    with uninterrupted(), suppress(RunRefused):
        operations.send(
            AppendLog(level=level, message=error[:2000]),
            UpdateGenerateStatus(status=status),
            RecordGenerationFinish(
                finished_at=datetime.now(UTC), outcome=outcome, error=error
            ),
            EmitGenerationCompleted(outcome=outcome),
        )


def sources_read(sources: Iterable[SourceReport]) -> RecordSourcesRead | None:
    """Say how much could be read, as soon as there is something."""
    read = [source for source in sources if source.found]
    if not read:
        return None
    entries = sum(source.found for source in read)
    return RecordSourcesRead(sources=len(read), entries=entries)


def put_up(report: Report) -> Iterator[Command]:
    """Say what is up for review, while it is known which commits that are."""
    if report.proposal is not None:
        yield UpdateLastPullRequest(
            branch=proposal_branch(report.proposal).removeprefix("refs/heads/"),
            title=report.title[:500],
            number=report.proposal,
        )


def success(report: Report) -> tuple[Command, ...]:
    """Say that a run has ended well, and with what."""
    # What waits for review is not what the directory holds.
    counted = UpdateDirectory(
        items_count=report.items.total,
        categories_count=report.categories,
        tags_count=report.tags,
    )
    return (
        UpdateGenerationHistory(
            items=report.items, metrics=metrics_of(report), report=report
        ),
        *((counted,) if report.proposal is None else ()),
        UpdateGenerateStatus(status=GenerateStatus.GENERATED, percent=100),
        RecordGenerationFinish(
            finished_at=datetime.now(UTC), outcome=Outcome.SUCCEEDED
        ),
        EmitGenerationCompleted(outcome=Outcome.SUCCEEDED),
    )


def metrics_of(report: Report) -> dict[str, int | float]:
    """The figures of a run, by the names of the *ever-works* platform."""
    read = [source for source in report.sources if not source.error]
    return {
        "urls_scanned": len(report.sources),
        "pages_processed": len(read),
        "items_extracted_current_run": sum(source.found for source in read),
        "new_items_added_to_store": report.items.new,
        "total_items_in_store": report.items.total,
    }
