"""Runs over the API: listed, followed, stopped and started again."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from rest_framework.test import APIClient

from directories.models import Directory, GenerationRun, RunState
from directories.services.directories import create_directory
from generation.contract.commands import AppendLog, Outcome, RecordGenerationFinish
from tests.directories.makers import claim, say, start
from tests.fakes import NOON

# A run is dispatched when its row is committed.
pytestmark = pytest.mark.django_db(transaction=True)

RUNS = "/api/runs/"


def over(run: GenerationRun, outcome: Outcome) -> None:
    claim(run)
    say(run, RecordGenerationFinish(finished_at=NOON, outcome=outcome, error="no"))


def test_runs_are_listed_newest_first(api: APIClient, directory: Directory) -> None:
    first = start(directory)
    over(first, Outcome.FAILED)
    second = start(directory)

    listed = api.get(RUNS).json()

    assert [run["id"] for run in listed["results"]] == [str(second.pk), str(first.pk)]
    assert "report" not in listed["results"][0]


def test_runs_are_chosen_by_directory_and_state(
    api: APIClient, directory: Directory, owner: User
) -> None:
    other = create_directory(owner=owner, slug="dials", name="Dials")
    over(start(directory), Outcome.FAILED)
    queued = start(other)

    of_other = api.get(RUNS, {"directory": str(other.pk)}).json()["results"]
    failed = api.get(RUNS, {"state": "failed"}).json()["results"]

    assert [run["id"] for run in of_other] == [str(queued.pk)]
    assert [run["directory"] for run in failed] == [str(directory.pk)]


@pytest.mark.parametrize("query", [{"state": "bored"}, {"directory": "clocks"}])
def test_choice_that_makes_no_sense_is_refused(
    api: APIClient, query: dict[str, str]
) -> None:
    assert api.get(RUNS, query).status_code == 400


def test_log_is_read_on_from_where_one_was(
    api: APIClient, queued: GenerationRun
) -> None:
    claim(queued)
    say(queued, AppendLog(message="one"), AppendLog(message="two"))
    address = reverse("run-log", args=[queued.pk])
    first, _ = api.get(address).json()["results"]

    rest = api.get(address, {"after": first["id"]}).json()["results"]

    assert [line["message"] for line in rest] == ["two"]
    assert api.get(address, {"after": "-1"}).status_code == 400


def test_run_that_waits_is_cancelled_at_once(
    api: APIClient, queued: GenerationRun
) -> None:
    answer = api.post(reverse("cancel-run", args=[queued.pk]))

    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    queued.directory.refresh_from_db()
    assert queued.directory.generate_status == "cancelled"
    assert "ada asked to cancel" in answer.json()["log"][0]["message"]


def test_run_that_works_hears_of_it(api: APIClient, running: GenerationRun) -> None:
    answer = api.post(reverse("cancel-run", args=[running.pk]))

    assert (answer.status_code, answer.json()["state"]) == (200, "running")
    assert say(running, AppendLog(message="still here")).cancel


def test_run_that_is_over_cannot_be_cancelled(
    api: APIClient, queued: GenerationRun
) -> None:
    over(queued, Outcome.SUCCEEDED)

    answer = api.post(reverse("cancel-run", args=[queued.pk]))

    assert answer.status_code == 409
    assert answer.json()["detail"] == "the run is succeeded already"


@pytest.mark.parametrize("address", ["retry-run", "run-again"])
def test_failed_run_is_started_again(
    api: APIClient, queued: GenerationRun, address: str
) -> None:
    over(queued, Outcome.FAILED)

    answer = api.post(reverse(address, args=[queued.pk]))

    assert (answer.status_code, answer.json()["state"]) == (202, "succeeded")
    assert answer.json()["retry_of"] == str(queued.pk)
    assert answer["Location"] == reverse("run", args=[answer.json()["id"]])


def test_only_a_run_that_failed_is_retried(
    api: APIClient, queued: GenerationRun
) -> None:
    over(queued, Outcome.SUCCEEDED)

    assert api.post(reverse("retry-run", args=[queued.pk])).status_code == 409
    assert api.post(reverse("run-again", args=[queued.pk])).status_code == 202


def test_nothing_is_started_beside_an_active_run(
    api: APIClient, queued: GenerationRun
) -> None:
    answer = api.post(reverse("run-again", args=[queued.pk]))

    assert answer.status_code == 409
    assert answer.json()["run"] == str(queued.pk)


@pytest.mark.parametrize("name", ["run", "run-log"])
def test_strangers_see_nothing(
    strangers_api: APIClient, queued: GenerationRun, name: str
) -> None:
    assert strangers_api.get(reverse(name, args=[queued.pk])).status_code == 404
    assert strangers_api.get(RUNS).json()["results"] == []


@pytest.mark.parametrize("name", ["cancel-run", "retry-run", "run-again"])
def test_strangers_steer_nothing(
    strangers_api: APIClient, queued: GenerationRun, name: str
) -> None:
    assert strangers_api.post(reverse(name, args=[queued.pk])).status_code == 404

    queued.refresh_from_db()
    assert queued.state == RunState.QUEUED
    assert not queued.cancel_requested


def test_run_tells_its_history(api: APIClient, running: GenerationRun) -> None:
    facts = {"step": "items-merge", "seconds": 0.5}
    say(running, AppendLog(message="merged", facts=facts))

    told = api.get(reverse("run", args=[running.pk])).json()["history"]

    assert told["steps"] == [{"name": "items-merge", "attempt": 1, "seconds": 0.5}]
    assert [attempt["worker"] for attempt in told["attempts"]] == ["host:1"]
