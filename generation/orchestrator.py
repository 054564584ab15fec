"""One run on one screen: claim, steps, three trees, publish, finish.

Every way out of here is reported: a run that was claimed is finished, whatever happens.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import structlog

from generation.checkpoints import Checkpoint, code_version, pack, unpack
from generation.contract.commands import (
    AppendLog,
    Command,
    Outcome,
    PublishBegin,
    PublishDone,
    RecordGenerationStart,
    RepositoryKind,
    UpdateGenerationHistory,
)
from generation.contract.context import RunContext
from generation.exceptions import (
    GenerationError,
    InternalAPIError,
    PublishedUnheard,
    RepositoryBusy,
    RunCancelled,
    RunRefused,
    StepStalled,
)
from generation.git import Repository, directory_lock, limits_of
from generation.heartbeat import Pulse, do_nothing
from generation.interrupts import undisguised, uninterrupted
from generation.journal import Journal, Listener
from generation.operations import DirectoryOperations
from generation.outcomes import (
    fail_for_now,
    finish,
    metrics_of,
    put_up,
    sources_read,
    success,
)
from generation.pipeline import STEPS, Step
from generation.pipeline.draft import Draft, Tools
from generation.publish import (
    KINDS,
    Publication,
    Signature,
    Target,
    has_begun,
    put_back,
    repository_path,
    take_over,
    take_up,
)
from generation.report import Report
from generation.reporting import compile_report
from generation.repositories.build import PARTS, Build
from generation.repositories.data import Stored, read_data
from generation.sources.fetch import Fetch

log = structlog.get_logger(__name__)

PUBLISH = "publish"
# How long a run lets people's edits go first, in seconds. It cannot be cancelled meanwhile.
LOCK_WAIT = 10.0


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
            raise fail_for_now(operations, pulse.verdict) from exc
        if isinstance(pulse.verdict, RunRefused):
            raise pulse.verdict from exc
        finish(operations, Outcome.CANCELLED, error="the run was cancelled")
        raise RunCancelled("the run was cancelled; nothing was written") from exc
    except GenerationError as exc:
        if exc.may_pass:
            raise fail_for_now(operations, exc) from exc
        finish(operations, Outcome.FAILED, error=str(exc))
        raise
    except BaseException as exc:
        if _is_want_of_memory(exc):
            reason = GenerationError("the memory that a run may use was not enough")
            raise fail_for_now(operations, reason) from exc
        log.exception("run failed by a mistake of ours")
        finish(
            operations,
            Outcome.FAILED,
            error="something went wrong on our side; the log of the server tells what",
        )
        raise


def _is_want_of_memory(exc: BaseException) -> bool:
    """Recognise it in all its forms: Python's own, a system call's, a thread's stack."""
    return (
        isinstance(exc, MemoryError)
        or (isinstance(exc, OSError) and exc.errno == errno.ENOMEM)
        or (isinstance(exc, RuntimeError) and "can't start new thread" in str(exc))
    )


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
        self._pulse = pulse
        self._journal = Journal(
            operations,
            pulse,
            listen,
            attempt=context.attempt,
            weight=sum(part.weight for part in (*STEPS, *PARTS)),
        )

    def execute(self, dry_run: bool) -> Report:
        if self._context.attempt > 1:
            for kind in KINDS:
                self._repository(kind).unlock()
        start = RecordGenerationStart(started_at=datetime.now(UTC))
        if recovered := self._recover(start):
            return recovered
        self._journal.say(start)
        stored = read_data(self._repository("data"))
        draft = self._go_through(STEPS, stored)
        build = Build(self._context, stored, draft)
        for part in PARTS:
            begun = self._journal.begin(part.name)
            note = build.add(part.kind, self._repository(part.kind))
            self._journal.end(part.name, part.weight, begun, note=note)
        begun = self._journal.begin(PUBLISH)
        if dry_run:
            return compile_report(self._context, draft, build, self._journal.steps)
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
            status = self._journal.status(PUBLISH, self._journal.percent())
            reply = self._operations.send(start, status)
            with self._locked():
                take_over(planned, repositories, self._signature())
                if reply.cancel and not has_begun(planned, repositories):
                    return None
                if not take_up(planned, repositories, self._signature()):
                    if reply.cancel:
                        put_back(planned, repositories)
                    return None
            step = self._journal.step(
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
            draft = found.draft
            after = f"after {found.step}" if reached else "from its sources"
            self._journal.take_up(
                found.steps,
                weight=sum(step.weight for step in steps[:reached]),
                note=f"taken up again {after}",
            )
        is_read = False
        keep = partial(self._keep, data_commit=head)
        for step in steps[reached:]:
            if not is_read and (read := sources_read(draft.sources)):
                self._journal.add(read)
                is_read = True
            begun = self._journal.begin(step.name)
            told, before = len(draft.warnings), draft
            tools = Tools(
                context=self._context,
                stored=stored,
                fetch=self._host.fetch,
                read_document=self._operations.fetch_document,
                progress=self._journal.progress_of(step.name, step.weight),
                keep=partial(keep, step.name, is_partial=True),
            )
            draft, note, done = step.run(draft, tools)
            self._journal.end(step.name, step.weight, begun, note=note, done=done)
            self._journal.warn(draft.warnings[told:])
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
                steps=tuple(self._journal.steps),
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
        report = compile_report(
            context, draft, build, self._journal.steps, planned=planned
        )
        try:
            # The report goes along: should we be lost now, others can finish with it.
            self._journal.say(
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
            with self._locked():
                publication.publish()
            step = self._journal.step(PUBLISH, begun, note=build.note())
            report = report.model_copy(update={"steps": (*report.steps, step)})
            notes = [AppendLog(message=text[:2000]) for text in report.notes]
            self._conclude(report, *notes, note=step.note)
        return report

    def _conclude(self, report: Report, *commands: Command, note: str) -> None:
        """Tell the end of a run whose commits are published."""
        self._journal.insist(
            *put_up(report),
            PublishDone(),
            AppendLog(
                message=f"{PUBLISH}: {note}",
                facts={"step": PUBLISH, "seconds": report.steps[-1].seconds},
            ),
            *commands,
            *success(report),
        )
        self._journal.close()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let people's edits end before branches move, unless that takes too long.

        The attempt before this one may have been stopped with the lock in its hands, and
        edits may follow each other for ever. Moving is safe without the lock, too: an edit
        that meets it is done again.
        """
        it = self._context.directory
        lock = directory_lock(
            self._host.git_root, namespace=it.namespace, slug=it.slug, wait=LOCK_WAIT
        )
        with ExitStack() as held:
            try:
                held.enter_context(lock)
            except RepositoryBusy as exc:
                log.warning("branches move without the lock", reason=str(exc))
            yield

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
        return Repository(path, limits=limits_of(kind))
