"""What commands show: the bar while a run works, and its result in text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from directories.wording import count_of
from generation.exceptions import GenerationError, NothingFound
from generation.journal import Listener
from generation.journal import Progress as Moment
from generation.report import ItemChange, Report

SIGNS = {"added": "+", "updated": "~", "removed": "-"}
SHOWN_WARNINGS = 10


class Result(NamedTuple):
    """How a run ended. `run_id` is None for a rehearsal."""

    run_id: str | None
    directory: str
    status: str
    attempt: int
    report: Report

    @property
    def is_rehearsal(self) -> bool:
        return self.run_id is None


@contextmanager
def progress_bar(*, visible: bool) -> Iterator[Listener]:
    """Draw a bar on standard error while the block works; none where nobody looks."""
    if not visible:
        yield lambda moment: None
        return
    columns = (
        TextColumn("{task.description:<36}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    # Transient: when the run is over, its result is what counts.
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=100)

        def listen(moment: Moment) -> None:
            bar.update(task, description=moment.step, completed=moment.percent)

        yield listen


def print_json(stream: Any, result: Result, *, seconds: float) -> None:
    report = result.report
    document: dict[str, Any] = {
        "run_id": result.run_id,
        "directory": result.directory,
        "status": result.status,
        "attempt": result.attempt,
        "items": report.items.model_dump(),
        "categories": report.categories,
        "tags": report.tags,
        "left_out": report.left_out_count,
        "conflicts": [conflict.model_dump() for conflict in report.conflicts],
        "warnings": list(report.warnings),
        "notes": list(report.notes),
        "proposal": report.proposal,
        "duration_seconds": round(seconds, 3),
        "repositories": {
            kind: {
                "path": repository.path,
                "branch": repository.branch,
                "commit": repository.commit,
            }
            for kind, repository in report.repositories.items()
        },
    }
    if result.is_rehearsal:
        changes = [change.model_dump(mode="json") for change in report.changes]
        document["changes"] = changes
    stream.write(json.dumps(document, ensure_ascii=False, indent=2))


def print_failure(stream: Any, failure: GenerationError) -> None:
    """Print why a run came to nothing, and what it left out, as JSON."""
    reasons = failure.reasons if isinstance(failure, NothingFound) else {}
    document = {
        "status": "failed",
        "error": str(failure),
        "left_out": sum(reasons.values()),
        "reasons": reasons,
    }
    stream.write(json.dumps(document, ensure_ascii=False, indent=2))


def print_text(stream: Any, result: Result, *, seconds: float) -> None:
    report = result.report
    items = report.items
    if result.status == "queued":
        stream.write(f"{result.directory}: run {result.run_id} waits for a worker")
        return
    if result.is_rehearsal:
        for change in report.changes:
            for line in describe_change(change):
                stream.write(line)
    stream.write(
        f"{result.directory}: {count_of(items.total, 'item')} in "
        f"{count_of(report.categories, 'category', 'categories')} "
        f"({items.new} new, {items.updated} updated, {items.unchanged} unchanged, "
        f"{items.removed} removed), "
        f"{count_of(report.left_out_count, 'entry', 'entries')} left out, in {seconds:.1f} s"
    )
    if result.is_rehearsal:
        stream.write("Nothing was written: this was a dry run.")
    else:
        for kind, repository in report.repositories.items():
            changed = repository.changed_files or repository.removed_files
            commit = (repository.commit or "")[:10]
            note = "" if changed else "  (unchanged)"
            stream.write(f"  {kind:<8} {_short(repository.path)}  {commit}{note}")
    if report.proposal is not None:
        which = f"{result.directory} {report.proposal}"
        stream.write(
            f"main has not moved: `manage.py proposals show {which}` shows what waits for "
            f"review, `manage.py proposals accept {which}` accepts it."
        )
    for conflict in report.conflicts[:SHOWN_WARNINGS]:
        stream.write(
            f"Conflict: {conflict.item}, {conflict.field}: {conflict.ours!r} stays, a "
            f"source says {conflict.theirs!r}"
        )
    if (more := report.conflict_count - SHOWN_WARNINGS) > 0:
        stream.write(f"Conflict: and {more} more; the run's report has them all.")
    for warning in report.warnings[:SHOWN_WARNINGS]:
        stream.write(f"Warning: {warning}")
    if len(report.warnings) > SHOWN_WARNINGS:
        more = len(report.warnings) - SHOWN_WARNINGS
        stream.write(f"Warning: and {more} more; the run's report has them all.")
    for note in report.notes:
        stream.write(f"Note: {note}")


def describe_change(change: ItemChange) -> Iterator[str]:
    yield f"{SIGNS.get(change.kind, ' ')} {change.slug}  {change.name}"
    for field in change.fields:
        yield f"    {field.field}: {field.before!r} → {field.after!r}"


def _short(path: str) -> str:
    """Show a path as it would be typed from here."""
    full = Path(path)
    return (
        str(full.relative_to(Path.cwd())) if full.is_relative_to(Path.cwd()) else path
    )
