"""When a worker may say that its cluster takes messages."""

from __future__ import annotations

import multiprocessing
import time

import pytest

from generation.tasks.signs import MOST_WORKERS, SILENT_AFTER, Part, Signs

FORK = multiprocessing.get_context("fork")


def signs_of(*parts: Part) -> Signs:
    signs = Signs()
    for part in parts:
        signs.show(part)
    return signs


def later() -> float:
    return time.monotonic() + SILENT_AFTER + 1


def test_cluster_that_has_shown_all_signs_takes_messages() -> None:
    assert signs_of(Part.SENTINEL, Part.MONITOR, Part.PUSHER).silent() is None


@pytest.mark.parametrize("missing", [Part.SENTINEL, Part.MONITOR, Part.PUSHER])
def test_cluster_that_has_not_begun_takes_none(missing: Part) -> None:
    parts = {Part.SENTINEL, Part.MONITOR, Part.PUSHER} - {missing}

    assert signs_of(*parts).silent() is missing


def test_part_that_was_heard_of_long_ago_is_silent() -> None:
    signs = signs_of(Part.SENTINEL, Part.MONITOR, Part.PUSHER)

    assert signs.silent(now=later()) is Part.SENTINEL


def test_idle_worker_depends_on_the_one_whose_turn_it_is() -> None:
    signs = signs_of(Part.SENTINEL, Part.MONITOR, Part.PUSHER)

    with signs.waiting():
        assert signs.silent() is None
        for part in (Part.SENTINEL, Part.MONITOR, Part.PUSHER):
            signs._shown[part] = later()
        assert signs.silent(now=later()) is Part.TAKER
    assert signs.silent(now=later()) is None


def test_signs_of_one_process_are_seen_by_the_others() -> None:
    signs = Signs()
    child = FORK.Process(target=signs.show, args=(Part.PUSHER,))

    child.start()
    child.join()

    assert signs.shown_at(Part.PUSHER) > 0


def test_workers_are_known_until_others_take_their_place() -> None:
    signs = Signs()

    signs.note_workers([11, 12])
    signs.note_workers([12, 13])
    assert signs.workers() == [12, 13]
    signs.note_workers(range(1, MOST_WORKERS + 10))
    assert len(signs.workers()) == MOST_WORKERS


def test_cluster_begins_with_signs_of_its_own() -> None:
    signs = signs_of(Part.SENTINEL)

    def begin() -> None:
        signs.reset()
        signs.show(Part.PUSHER)

    child = FORK.Process(target=begin)
    child.start()
    child.join()

    assert child.exitcode == 0
    assert signs.shown_at(Part.PUSHER) == 0
