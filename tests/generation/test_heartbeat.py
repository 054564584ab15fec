"""The thread that speaks for a run, and hears for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from generation.contract.commands import Command, Heartbeat, Reply
from generation.exceptions import (
    InternalAPIUnreachable,
    RunCancelled,
    RunRefused,
    StepStalled,
)
from generation.heartbeat import Pulse
from tests.fakes import FakeOperations, make_run


class Answering(FakeOperations):
    """Answers heartbeats as it is told to."""

    answer: Callable[[], bool] = staticmethod(lambda: False)

    def send(self, *commands: Command) -> Reply:
        reply = super().send(*commands)
        return reply.model_copy(update={"cancel": self.answer()})


@pytest.fixture
def web() -> Answering:
    run = make_run(prompt="clocks")
    return Answering(run.context, run.documents)


def refuse() -> bool:
    raise RunRefused("another attempt has it")


def be_away() -> bool:
    raise InternalAPIUnreachable("no answer")


def wait_for(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_beats_until_the_block_ends(web: Answering) -> None:
    with Pulse(web, seconds=0.01):
        wait_for(lambda: len(web.said) >= 3)

    count = len(web.said)
    time.sleep(0.1)
    assert len(web.said) == count
    assert set(map(type, web.said)) == {Heartbeat}


@pytest.mark.parametrize(
    ("answer", "verdict"), [(lambda: True, RunCancelled), (refuse, RunRefused)]
)
def test_verdict_is_raised_where_the_run_looks(
    web: Answering, answer: Callable[[], bool], verdict: type[Exception]
) -> None:
    web.answer = answer

    with Pulse(web, seconds=0.01) as pulse:
        wait_for(lambda: pulse.verdict)
        with pytest.raises(verdict):
            pulse.check()


def test_beat_that_is_not_heard_ends_nothing(web: Answering) -> None:
    web.answer = be_away

    with Pulse(web, seconds=0.01) as pulse:
        wait_for(lambda: len(web.said) >= 3)
        pulse.check()


def test_run_that_stands_still_is_not_spoken_for(web: Answering) -> None:
    with Pulse(web, seconds=0.01, stalls_after=0.1) as pulse:
        wait_for(lambda: pulse.verdict)
        count = len(web.said)
        time.sleep(0.1)

        assert len(web.said) == count
        with pytest.raises(StepStalled, match="nothing has moved"):
            pulse.check()


def test_run_that_moves_does_not_stall(
    web: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    slow = SimpleNamespace(monotonic=lambda: clock[0])
    monkeypatch.setattr("generation.heartbeat.time", slow)

    with Pulse(web, seconds=0.01, stalls_after=60) as pulse:
        for _ in range(3):
            clock[0] += 40
            pulse.check()
            web.said.clear()
            wait_for(lambda: len(web.said) > 1 or pulse.verdict)
        pulse.check()


def test_run_is_stopped_again_until_it_ends(web: Answering) -> None:
    web.answer = lambda: True
    stops: list[str] = []

    with Pulse(web, seconds=0.01, stop=lambda: stops.append("stop")):
        wait_for(lambda: len(stops) >= 3)


def test_run_is_not_stopped_while_it_is_shielded(web: Answering) -> None:
    web.answer = lambda: True
    stops: list[str] = []

    with Pulse(web, seconds=0.01, stop=lambda: stops.append("stop")) as pulse:
        with pulse.shielded():
            stops.clear()
            wait_for(lambda: pulse.verdict)
            time.sleep(0.1)
            assert stops == []
            pulse.end()
        time.sleep(0.1)

    assert stops == []


def test_thread_is_gone_afterwards(web: Answering) -> None:
    with Pulse(web, seconds=60):
        assert "heartbeat" in {thread.name for thread in threading.enumerate()}

    assert "heartbeat" not in {thread.name for thread in threading.enumerate()}
