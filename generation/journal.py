"""How a run tells where it is: to the web side, to the log, and to who listens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import structlog

from generation import tracing
from generation.contract.commands import (
    AppendLog,
    Command,
    GenerateStatus,
    LogLevel,
    UpdateGenerateStatus,
)
from generation.exceptions import PublishedUnheard, RunCancelled, RunRefused
from generation.heartbeat import Pulse
from generation.operations import DirectoryOperations
from generation.report import StepReport

log = structlog.get_logger(__name__)

# How often a step may say how far it is, in seconds.
SPEAKS_EVERY = 0.5
LOGGED_WARNINGS = 100
# Between two tries to tell that a run was published, in seconds.
PAUSES = (1, 4)


class Progress(NamedTuple):
    """Where a run is. `percent` is of the whole run, 0 to 100."""

    step: str
    percent: int


Listener = Callable[[Progress], None]


class Journal:
    """What an attempt has said, and has yet to say.

    `weight` is that of all steps together. Every word may raise RunCancelled, where somebody
    has asked to stop the run.
    """

    def __init__(
        self,
        operations: DirectoryOperations,
        pulse: Pulse,
        listen: Listener,
        *,
        attempt: int,
        weight: int,
    ) -> None:
        self.steps: list[StepReport] = []
        self._operations = operations
        self._pulse = pulse
        self._listen = listen
        self._attempt = attempt
        self._weight = weight
        self._unsaid: list[Command] = []
        self._done = 0
        self._spoke_at = 0.0

    def take_up(self, steps: Iterable[StepReport], *, weight: int, note: str) -> None:
        """Go on after the steps of an earlier attempt."""
        self.steps = list(steps)
        self._done = weight
        self._unsaid.append(AppendLog(message=note))

    def begin(self, step: str) -> float:
        self.say(self.status(step, self.percent()))
        self._listen(Progress(step, self.percent()))
        self._spoke_at = time.monotonic()
        return self._spoke_at

    def end(
        self, step: str, weight: int, begun: float, *, note: str, done: bool = True
    ) -> None:
        report = self.step(step, begun, note=note, done=done)
        self.steps.append(report)
        self._done += weight
        tracing.passed(step, seconds=report.seconds)
        log.info("step finished", step=step, note=note, seconds=report.seconds)
        self._unsaid.append(
            AppendLog(
                message=f"{step}: {note}"[:2000],
                facts={"step": step, "seconds": report.seconds},
            )
        )

    def step(
        self, name: str, begun: float, *, note: str, done: bool = True
    ) -> StepReport:
        return StepReport(
            name=name,
            done=done,
            attempt=self._attempt,
            note=note,
            seconds=round(time.monotonic() - begun, 3),
        )

    def add(self, *commands: Command) -> None:
        """Say something with whatever is said next."""
        self._unsaid += commands

    def warn(self, warnings: Sequence[str]) -> None:
        """Log a warning when it arises: a run that fails later has no report."""
        self._unsaid += logged(warnings)

    def progress_of(self, step: str, weight: int) -> Callable[[float], None]:
        def report(fraction: float) -> None:
            self._pulse.check()
            if time.monotonic() - self._spoke_at < SPEAKS_EVERY:
                return
            self._spoke_at = time.monotonic()
            percent = self.percent(weight * fraction)
            self.say(self.status(step, percent))
            self._listen(Progress(step, percent))

        return report

    def percent(self, extra: float = 0) -> int:
        """Of the whole run; the last percent is for publishing."""
        return min(99, int(99 * (self._done + extra) / self._weight))

    def status(self, step: str, percent: int) -> Command:
        return UpdateGenerateStatus(
            status=GenerateStatus.GENERATING, step=step, percent=percent
        )

    def say(self, *commands: Command) -> None:
        """Send commands, after what was left unsaid: one exchange a step is enough."""
        self._pulse.check()
        unsaid, self._unsaid = self._unsaid, []
        if self._operations.send(*unsaid, *commands).cancel:
            raise RunCancelled("the run was cancelled")

    def insist(self, *commands: Command) -> None:
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

    def close(self) -> None:
        """Say no more to the web side; who listens hears that all is done."""
        self._pulse.end()
        self._listen(Progress("done", 100))


def logged(texts: Sequence[str]) -> Iterator[AppendLog]:
    """Log some warnings and count the rest; the report has them all."""
    for text in texts[:LOGGED_WARNINGS]:
        yield AppendLog(level=LogLevel.WARNING, message=text[:2000])
    if (more := len(texts) - LOGGED_WARNINGS) > 0:
        yield AppendLog(level=LogLevel.WARNING, message=f"and {more} more warnings")
