"""Figures of runs that compare, wherever and however they were made."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from directories.models import Directory, GenerationRun, RunState
from directories.services import execution, history
from generation.contract.commands import AppendLog, RecordAttemptFailure
from tests.directories.makers import claim, say, start


@pytest.mark.django_db(transaction=True)
def test_run_tells_every_step_with_its_time(directory: Directory) -> None:
    run = start(directory)
    execution.run_here(run)

    facts = history.facts_of(run)

    assert run.report is not None
    assert {step.name for step in facts.steps} == {
        step["name"] for step in run.report["steps"]
    }
    assert all(step.attempt == 1 for step in facts.steps)
    assert facts.where == f"in process, {run.ran_on}"
    assert facts.seconds is not None
    assert facts.seconds >= sum(step.seconds for step in facts.steps) * 0.5


def test_run_that_failed_tells_how_far_it_came(running: GenerationRun) -> None:
    said = {"step": "content-retrieval", "seconds": 1.5}
    say(running, AppendLog(message="read", facts=said))
    say(running, RecordAttemptFailure(reason="the network is away"))

    facts = history.facts_of(running)

    assert [step.name for step in facts.steps] == ["content-retrieval"]
    assert [(a.outcome, a.reason) for a in facts.attempts] == [
        ("failed", "the network is away")
    ]


def test_wait_ends_with_the_first_claim(queued: GenerationRun) -> None:
    GenerationRun.objects.filter(pk=queued.pk).update(
        created_at=timezone.now() - timedelta(seconds=20), dispatched_at=timezone.now()
    )
    queued.refresh_from_db()
    assert history.where(queued) == "in the queue"
    assert history.facts_of(queued).waited_seconds is None

    claim(queued, "north:7")

    facts = history.facts_of(queued)
    assert facts.where == "worker north:7"
    assert facts.waited_seconds == pytest.approx(20, abs=5)


@pytest.mark.django_db(transaction=True)
def test_runs_stand_side_by_side(directory: Directory) -> None:
    local = start(directory)
    execution.run_here(local)
    dispatched = start(directory)
    GenerationRun.objects.filter(pk=dispatched.pk).update(dispatched_at=timezone.now())
    execution.run_here(dispatched)

    rows = {row.label: row.values for row in history.compare([local, dispatched])}

    assert rows["state"] == ("succeeded", "succeeded")
    assert rows["where"] == (f"in process, {local.ran_on}", f"worker {local.ran_on}")
    assert rows["items new"] == ("3", "0")
    assert all(value.endswith(" s") for value in rows["publish"])


def test_what_a_run_does_not_have_is_a_dash(
    running: GenerationRun, queued: GenerationRun
) -> None:
    rows = {row.label: row.values for row in history.compare([running])}

    assert rows["took"] == (history.NOTHING,)
    assert queued.state == RunState.RUNNING
