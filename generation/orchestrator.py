"""One run on one screen: claim, steps, three trees, publish, finish.

Every way out of here is reported: a run that was claimed is finished, whatever happens.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import structlog

from generation import tracing
from generation.checkpoints import Checkpoint, code_version, pack, unpack
from generation.contract.commands import (
    AppendLog,
    Command,
    EmitGenerationCompleted,
    GenerateStatus,
    LogLevel,
    Outcome,
    PublishBegin,
    PublishDone,
    RecordAttemptFailure,
    RecordGenerationFinish,
    RecordGenerationStart,
    RepositoryKind,
    UpdateDirectory,
    UpdateGenerateStatus,
    UpdateGenerationHistory,
    UpdateLastPullRequest,
)
from generation.contract.context import RunContext
from generation.exceptions import (
    AttemptFailed,
    GenerationError,
    InternalAPIError,
    PublishedUnheard,
    RunCancelled,
    RunRefused,
    StepStalled,
)
from generation.git import Repository
from generation.heartbeat import Pulse, do_nothing
from generation.interrupts import undisguised, uninterrupted
from generation.operations import DirectoryOperations
from generation.pipeline import STEPS, Step
from generation.pipeline.draft import Draft, Tools
from generation.publish import (
    KINDS,
    Publication,
    Signature,
    Target,
    has_begun,
    proposal_branch,
    put_back,
    repository_path,
    take_over,
    take_up,
)
from generation.report import Report, StepReport
from generation.reporting import compile_report
from generation.repositories.build import PARTS, Build
from generation.repositories.data import Stored, read_data
from generation.sources.fetch import Fetch

log = structlog.get_logger(__name__)

# How often a step may say how far it is, in seconds.
SPEAKS_EVERY = 0.5
LOGGED_WARNINGS = 100
# Between two tries to tell that a run was published, in seconds.
PAUSES = (1, 4)
PUBLISH = "publish"


class Host(NamedTuple):
    """What the machine lends to a run.

    `heartbeat_seconds` is a quarter of the lease; `stalls_after` are the seconds without
    progress after which a step is taken for hanging. `stop` interrupts the main thread when
    the run has to end; it may be called again until it does.
    """

    git_root: Path
    fetch: Fetch
    heartbeat_seconds: float
    name: str
    stalls_after: float = 600
    stop: Callable[[], None] = do_nothing


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
    """Make one attempt at a run, from its claim to its end; see `attempt`."""
    operations.claim(host.name)
    return attempt(operations, host, listen=listen, dry_run=dry_run)


def attempt(
    operations: DirectoryOperations,
    host: Host,
    *,
    listen: Listener = lambda progress: None,
    dry_run: bool = False,
) -> Report:
    """Go through a run that was claimed, and report what became of it.

    Raises AttemptFailed when this attempt failed by something that may pass, another
    GenerationError when the run failed, and RunCancelled when somebody stopped it; each
    after the web side was told. A dry run does everything but write.
    """
    pulse = Pulse(
        operations,
        seconds=host.heartbeat_seconds,
        stalls_after=host.stalls_after,
        stop=host.stop,
    )
    try:
        context = operations.fetch_context()
        with (
            structlog.contextvars.bound_contextvars(
                run=str(context.run_id), attempt=context.attempt
            ),
            pulse,
            undisguised(),
        ):
            return _Run(operations, host, context, listen, pulse).execute(dry_run)
    except (RunRefused, PublishedUnheard, InternalAPIError):
        # Nothing that we say would be heard, by this way or at all.
        raise
    except (RunCancelled, KeyboardInterrupt) as exc:
        if isinstance(pulse.verdict, StepStalled):
            raise _may_pass(operations, pulse.verdict) from exc
        if isinstance(pulse.verdict, RunRefused):
            raise pulse.verdict from exc
        _finish(operations, Outcome.CANCELLED, error="the run was cancelled")
        raise RunCancelled("the run was cancelled; nothing was written") from exc
    except GenerationError as exc:
        if exc.may_pass:
            raise _may_pass(operations, exc) from exc
        _finish(operations, Outcome.FAILED, error=str(exc))
        raise
    except MemoryError as exc:
        reason = GenerationError("the memory that a run may use was not enough")
        raise _may_pass(operations, reason) from exc
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
        if self._context.attempt > 1:
            for kind in KINDS:
                self._repository(kind).unlock()
        start = RecordGenerationStart(started_at=datetime.now(UTC))
        if recovered := self._recover(start):
            return recovered
        self._say(start)
        stored = read_data(self._repository("data"))
        draft = self._go_through(STEPS, stored)
        build = Build(self._context, stored, draft)
        for part in PARTS:
            begun = self._begin(part.name)
            note = build.add(part.kind, self._repository(part.kind))
            self._end(part.name, part.weight, begun, note=note)
        begun = self._begin(PUBLISH)
        if dry_run:
            return compile_report(self._context, draft, build, self._steps)
        return self._publish(draft, build, begun)

    def _recover(self, start: Command) -> Report | None:
        """Finish what an earlier attempt had begun to publish, if that can be.

        Also for somebody who has asked to cancel meanwhile: nothing stays half published.
        """
        context = self._context
        planned, report = context.planned_commits, context.report
        if planned is None or report is None:
            return None
        begun = time.monotonic()
        repositories = {kind: self._repository(kind) for kind in planned}
        with self._pulse.shielded(), uninterrupted():
            status = self._status(PUBLISH, self._percent())
            reply = self._operations.send(start, status)
            take_over(planned, repositories, self._signature())
            if reply.cancel and not has_begun(planned, repositories):
                return None
            if not take_up(planned, repositories, self._signature()):
                if reply.cancel:
                    put_back(planned, repositories)
                return None
            step = self._step(
                PUBLISH, begun, note="an earlier attempt had written it all"
            )
            report = report.model_copy(update={"steps": (*report.steps, step)})
            self._conclude(report, note=step.note)
        return report

    def _go_through(self, steps: tuple[Step, ...], stored: Stored) -> Draft:
        """Take the draft through the steps, from where an earlier attempt had come to."""
        draft, reached = Draft(), 0
        head = stored.snapshot.commit
        if found := self._checkpoint(data_commit=head):
            names = [step.name for step in steps]
            reached = names.index(found.step) + (not found.is_partial)
            draft, self._steps = found.draft, list(found.steps)
            self._done = sum(step.weight for step in steps[:reached])
            after = f"after {found.step}" if reached else "from its sources"
            self._unsaid.append(AppendLog(message=f"taken up again {after}"))
        keep = partial(self._keep, data_commit=head)
        for step in steps[reached:]:
            begun = self._begin(step.name)
            told, before = len(draft.warnings), draft
            tools = Tools(
                context=self._context,
                stored=stored,
                fetch=self._host.fetch,
                read_document=self._operations.fetch_document,
                progress=self._progress_of(step.name, step.weight),
                keep=partial(keep, step.name, is_partial=True),
            )
            draft, note, done = step.run(draft, tools)
            self._end(step.name, step.weight, begun, note=note, done=done)
            self._warn(draft.warnings[told:])
            if draft is not before:
                keep(step.name, draft)
        return draft

    def _checkpoint(self, *, data_commit: str | None) -> Checkpoint | None:
        if not self._context.has_checkpoint:
            return None
        if (content := self._operations.load_checkpoint()) is None:
            return None
        request = self._context.request.fingerprint()
        return unpack(content, request=request, data_commit=data_commit)

    def _keep(
        self,
        step: str,
        draft: Draft,
        *,
        data_commit: str | None,
        is_partial: bool = False,
    ) -> None:
        """Put away what is known. Without it a run is merely slower to take up again."""
        content = pack(
            Checkpoint(
                code=code_version(),
                request=self._context.request.fingerprint(),
                data_commit=data_commit,
                step=step,
                is_partial=is_partial,
                draft=draft,
                steps=tuple(self._steps),
            )
        )
        if content is None:
            log.info("checkpoint too large", step=step)
            return
        self._pulse.check()
        try:
            self._operations.save_checkpoint(content)
        except InternalAPIError as exc:
            log.warning("checkpoint not kept", step=step, reason=str(exc))

    def _publish(self, draft: Draft, build: Build, begun: float) -> Report:
        """Write the commits, say what they are, and move the branches, in this order."""
        build.refuse_mass_removal()
        context = self._context
        if context.proposal and build.is_bookkeeping:
            # There is nothing to look at; it goes along with the next proposal.
            build.leave_all()
        target = None
        if context.proposal and not build.is_empty:
            target = Target(context.proposal.branch, context.proposal.heads)
        publication = Publication(build.changes, self._signature(), target=target)
        publication.stage()
        planned = publication.planned
        report = compile_report(context, draft, build, self._steps, planned=planned)
        try:
            # The report goes along: should we be lost now, others can finish with it.
            self._say(
                PublishBegin(commits=planned),
                UpdateGenerationHistory(
                    items=report.items, metrics=metrics_of(report), report=report
                ),
            )
        except RunRefused:
            # Another attempt has the run, and nobody was promised these commits.
            publication.withdraw()
            raise
        except BaseException:
            publication.discard()
            raise
        # An interrupt from here on comes too late: the run ends as it would have.
        with self._pulse.shielded(), uninterrupted():
            publication.publish()
            step = self._step(PUBLISH, begun, note=build.note())
            report = report.model_copy(update={"steps": (*report.steps, step)})
            later = report.warnings[len(draft.warnings) :]
            self._conclude(report, *_warnings(later), note=step.note)
        return report

    def _conclude(self, report: Report, *commands: Command, note: str) -> None:
        """Tell the end of a run whose commits are published."""
        self._insist(
            *_proposal(report),
            PublishDone(),
            AppendLog(
                message=f"{PUBLISH}: {note}",
                facts={"step": PUBLISH, "seconds": report.steps[-1].seconds},
            ),
            *commands,
            *_success(report),
        )
        self._pulse.end()
        self._listen(Progress("done", 100))

    def _insist(self, *commands: Command) -> None:
        """Say what has happened already: a stumble here must not call it a failure."""
        for pause in (*PAUSES, None):
            try:
                self._operations.send(*commands)
                return
            except RunRefused:
                raise
            except Exception as exc:
                if pause is None:
                    raise PublishedUnheard(
                        "everything is published, but nobody could be told"
                    ) from exc
                log.warning("the end of the run was not heard", exc_info=True)
                time.sleep(pause)

    def _signature(self) -> Signature:
        it = self._context
        return Signature(it.committer, it.run_id, it.attempt, it.clock)

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
        report = self._step(step, begun, note=note, done=done)
        self._steps.append(report)
        self._done += weight
        tracing.passed(step, seconds=report.seconds)
        log.info("step finished", step=step, note=note, seconds=report.seconds)
        self._unsaid.append(
            AppendLog(
                message=f"{step}: {note}"[:2000],
                facts={"step": step, "seconds": report.seconds},
            )
        )

    def _step(
        self, name: str, begun: float, *, note: str, done: bool = True
    ) -> StepReport:
        return StepReport(
            name=name,
            done=done,
            attempt=self._context.attempt,
            note=note,
            seconds=round(time.monotonic() - begun, 3),
        )

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


def _may_pass(operations: DirectoryOperations, exc: GenerationError) -> AttemptFailed:
    """Tell the web side that this attempt is over, and hear whether there is another."""
    with uninterrupted():
        reply = operations.send(
            RecordAttemptFailure(reason=str(exc), retry_after=exc.retry_after)
        )
    return AttemptFailed(str(exc), retry_in=reply.retry_in)


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


def _proposal(report: Report) -> Iterator[Command]:
    """Say what is up for review, while it is known which commits that are."""
    if report.proposal is not None:
        yield UpdateLastPullRequest(
            branch=proposal_branch(report.proposal).removeprefix("refs/heads/"),
            title=report.title[:500],
            number=report.proposal,
        )


def _success(report: Report) -> tuple[Command, ...]:
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
