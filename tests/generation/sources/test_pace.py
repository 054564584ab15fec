"""A host is asked at its pace, and left alone when it wants that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from generation.sources.fetch.pace import LONGEST_DELAY, Pacer, retry_after


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_turns_of_one_host_lie_apart(clock: Clock) -> None:
    pacer = Pacer(2, now=clock)

    assert [pacer.take("a", patience=30) for _ in range(3)] == [0, 2, 4]


def test_hosts_do_not_wait_for_each_other(clock: Clock) -> None:
    pacer = Pacer(2, now=clock)

    assert [pacer.take(host, patience=30) for host in "abc"] == [0, 0, 0]


def test_turn_after_a_pause_comes_at_once(clock: Clock) -> None:
    pacer = Pacer(2, now=clock)
    pacer.take("a", patience=30)
    clock.time += 5

    assert pacer.take("a", patience=30) == 0


def test_host_that_wants_to_be_left_alone_is(clock: Clock) -> None:
    pacer = Pacer(2, now=clock)
    pacer.hold("a", 20)

    assert pacer.take("a", patience=30) == 20
    assert pacer.take("a", patience=30) == 22
    assert pacer.take("b", patience=30) == 0


def test_nobody_waits_longer_than_they_have_patience(clock: Clock) -> None:
    pacer = Pacer(2, now=clock)
    pacer.hold("a", 31)

    assert pacer.take("a", patience=30) is None
    clock.time += 1
    assert pacer.take("a", patience=30) == 30


def test_shorter_wish_does_not_undo_a_longer_one(clock: Clock) -> None:
    pacer = Pacer(0, now=clock)
    pacer.hold("a", 20)
    pacer.hold("a", 1)

    assert pacer.take("a", patience=30) == 20


@pytest.mark.parametrize(("wish", "granted"), [(1, 2), (5, 5), (600, LONGEST_DELAY)])
def test_delay_of_a_site_is_heeded_up_to_a_bound(
    wish: float, granted: float, clock: Clock
) -> None:
    pacer = Pacer(2, now=clock)
    pacer.slow_down("a", wish)
    pacer.take("a", patience=30)

    assert pacer.take("a", patience=30) == granted


def test_retry_after_is_a_number_of_seconds() -> None:
    assert retry_after(" 120 ") == 120
    assert retry_after("0") == 0


def test_retry_after_is_a_date() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=60)

    seconds = retry_after(format_datetime(soon, usegmt=True))

    assert seconds is not None
    assert 55 < seconds <= 60
    assert retry_after("Fri, 31 Dec 1999 23:59:59 GMT") == 0


@pytest.mark.parametrize("header", ["", "soon", "-5", "1.5", "٣", "Fri, 99 Foo 1999"])
def test_retry_after_that_means_nothing_is_none(header: str) -> None:
    assert retry_after(header) is None
