"""One run on one screen: claim, steps, three trees, publish, finish.

Every way out of here is reported: a run that was claimed is finished, whatever happens.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import structlog

from generation.contract.commands import (
    AppendLog,
    Command,
    EmitGenerationCompleted,
    GenerateStatus,
    LogLevel,
    Outcome,
    PublishBegin,
    PublishDone,
    RecordGenerationFinish,
    RecordGenerationStart,
    RepositoryKind,
    UpdateDirectory,
    UpdateGenerateStatus,
    UpdateGenerationHistory,
)
from generation.contract.context import RunContext
from generation.exceptions import GenerationError, RunCancelled, RunRefused
from generation.git import Repository
from generation.heartbeat import Pulse
from generation.interrupts import uninterrupted
from generation.operations import DirectoryOperations
from generation.pipeline import STEPS
from generation.pipeline.draft import Draft, Tools
from generation.publish import Publication, Signature, repository_path
from generation.report import Report, StepReport
from generation.reporting import compile_report
from generation.repositories.build import PARTS, Build
from generation.repositories.data import read_data
from generation.sources.fetch import Page

log = structlog.get_logger(__name__)

# How often a step may say how far it is, in seconds.
SPEAKS_EVERY = 0.5
LOGGED_WARNINGS = 100
# Between two tries to tell that a run was published, in seconds.
PAUSES = (1, 4)


class Host(NamedTuple):
    """What the machine lends to a run. `heartbeat_seconds` is a quarter of the lease."""

    git_root: Path
    fetch: Callable[[str], Page]
    heartbeat_seconds: float
    name: str


class Progress(NamedTuple):
    """Where a run is. `percent` is of the whole run, 0 to 100."""

    step: str
    percent: int


Listener = Callable[[Progress], None]


def generate(
    operations: DirectoryOperations,
    host: Host,
    *,
    listen: Listener = lambda progress: None,
    dry_run: bool = False,
) -> Report:
    """Execute one run from its claim to its end, and report what became of it.

    Raises GenerationError when the run failed, and RunCancelled when somebody stopped it;
    both after the web side was told. A dry run does everything but write.
    """
    operations.claim(host.name)
    try:
        context = operations.fetch_context()
        with (
            structlog.contextvars.bound_contextvars(
                run=str(context.run_id), attempt=context.attempt
            ),
            Pulse(operations, seconds=host.heartbeat_seconds) as pulse,
        ):
            return _Run(operations, host, context, listen, pulse).execute(dry_run)
    except RunRefused:
        # Another attempt has the run: nothing that we say would be heard.
        raise
    except (RunCancelled, KeyboardInterrupt) as exc:
        _finish(operations, Outcome.CANCELLED, error="the run was cancelled")
        raise RunCancelled("the run was cancelled; nothing was written") from exc
    except GenerationError as exc:
        _finish(operations, Outcome.FAILED, error=str(exc))
        raise
    except BaseException:
        log.exception("run failed by a mistake of ours")
        _finish(
            operations,
            Outcome.FAILED,
            error="something went wrong on our side; the log of the server tells what",
        )
        raise


class _Run:
    """One attempt, while it lasts."""

    def __init__(
        self,
        operations: DirectoryOperations,
        host: Host,
        context: RunContext,
        listen: Listener,
        pulse: Pulse,
    ) -> None:
        self._operations = operations
        self._host = host
        self._context = context
        self._listen = listen
        self._pulse = pulse
        self._steps: list[StepReport] = []
        self._unsaid: list[Command] = []
        self._total = sum(step.weight for step in STEPS) + sum(p.weight for p in PARTS)
        self._done = 0
        self._spoke_at = 0.0

    def execute(self, dry_run: bool) -> Report:
        self._say(RecordGenerationStart(started_at=datetime.now(UTC)))
        stored = read_data(self._repository("data"))
        tools = Tools(
            context=self._context,
            stored=stored,
            fetch=self._host.fetch,
            read_document=self._operations.fetch_document,
            progress=lambda fraction: None,
        )
        draft = Draft()
        for step in STEPS:
            begun = self._begin(step.name)
            tools = tools._replace(progress=self._progress_of(step.name, step.weight))
            told = len(draft.warnings)
            draft, note, done = step.run(draft, tools)
            self._end(step.name, step.weight, begun, note=note, done=done)
            self._warn(draft.warnings[told:])
        build = Build(self._context, stored, draft)
        for part in PARTS:
            begun = self._begin(part.name)
            note = build.add(part.kind, self._repository(part.kind))
            self._end(part.name, part.weight, begun, note=note)
        begun = self._begin("publish")
        if dry_run:
            return compile_report(
                self._context, draft, build, self._steps, is_published=False
            )
        return self._publish(draft, build, begun)

    def _publish(self, draft: Draft, build: Build, begun: float) -> Report:
        """Write the commits, move the branches, and say so, in this order."""
        context = self._context
        signature = Signature(
            context.committer, context.run_id, context.attempt, context.clock
        )
        publication = Publication(build.changes, signature)
        publication.stage()
        try:
            self._say(PublishBegin(commits=publication.planned))
        except BaseException:
            publication.discard()
            raise
        # An interrupt from here on comes too late: the run ends as it would have.
        with uninterrupted():
            publication.publish()
            self._steps.append(
                StepReport(
                    name="publish",
                    done=True,
                    note=build.note(),
                    seconds=round(time.monotonic() - begun, 3),
                )
            )
            report = compile_report(
                context, draft, build, self._steps, is_published=True
            )
            later = report.warnings[len(draft.warnings) :]
            self._insist(
                PublishDone(),
                AppendLog(message=f"publish: {build.note()}"),
                *_warnings(later),
                *_success(report),
            )
            self._listen(Progress("done", 100))
        return report

    def _insist(self, *commands: Command) -> None:
        """Say what has happened already: a stumble here must not call it a failure."""
        for pause in (*PAUSES, None):
            try:
                self._operations.send(*commands)
                return
            except RunRefused:
                raise
            except Exception:
                if pause is None:
                    raise
                log.warning("the end of the run was not heard", exc_info=True)
                time.sleep(pause)

    def _repository(self, kind: RepositoryKind) -> Repository:
        directory = self._context.directory
        path = repository_path(
            self._host.git_root,
            namespace=directory.namespace,
            slug=directory.slug,
            kind=kind,
        )
        return Repository(path)

    def _begin(self, step: str) -> float:
        self._say(self._status(step, self._percent()))
        self._listen(Progress(step, self._percent()))
        self._spoke_at = time.monotonic()
        return self._spoke_at

    def _end(
        self, step: str, weight: int, begun: float, *, note: str, done: bool = True
    ) -> None:
        seconds = round(time.monotonic() - begun, 3)
        self._steps.append(StepReport(name=step, done=done, note=note, seconds=seconds))
        self._done += weight
        log.info("step finished", step=step, note=note, seconds=seconds)
        self._unsaid.append(AppendLog(message=f"{step}: {note}"[:2000]))

    def _warn(self, warnings: tuple[str, ...]) -> None:
        """Log a warning when it arises: a run that fails later has no report."""
        self._unsaid += _warnings(warnings)

    def _progress_of(self, step: str, weight: int) -> Callable[[float], None]:
        def report(fraction: float) -> None:
            self._pulse.check()
            if time.monotonic() - self._spoke_at < SPEAKS_EVERY:
                return
            self._spoke_at = time.monotonic()
            percent = self._percent(weight * fraction)
            self._say(self._status(step, percent))
            self._listen(Progress(step, percent))

        return report

    def _percent(self, extra: float = 0) -> int:
        """Of the whole run; the last percent is for publishing."""
        return min(99, int(99 * (self._done + extra) / self._total))

    def _status(self, step: str, percent: int) -> Command:
        return UpdateGenerateStatus(
            status=GenerateStatus.GENERATING, step=step, percent=percent
        )

    def _say(self, *commands: Command) -> None:
        """Send commands, after what was left unsaid: one exchange a step is enough."""
        self._pulse.check()
        unsaid, self._unsaid = self._unsaid, []
        if self._operations.send(*unsaid, *commands).cancel:
            raise RunCancelled("the run was cancelled")


def _finish(operations: DirectoryOperations, outcome: Outcome, *, error: str) -> None:
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


def _warnings(texts: tuple[str, ...]) -> Iterator[AppendLog]:
    """Log some warnings and count the rest; the report has them all."""
    for text in texts[:LOGGED_WARNINGS]:
        yield AppendLog(level=LogLevel.WARNING, message=text[:2000])
    if (more := len(texts) - LOGGED_WARNINGS) > 0:
        yield AppendLog(level=LogLevel.WARNING, message=f"and {more} more warnings")


def _success(report: Report) -> tuple[Command, ...]:
    return (
        UpdateGenerationHistory(
            items=report.items, metrics=metrics_of(report), report=report
        ),
        UpdateDirectory(
            items_count=report.items.total,
            categories_count=report.categories,
            tags_count=report.tags,
        ),
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
