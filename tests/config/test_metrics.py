"""What Prometheus reads, and who may."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from directories.models import Directory, GenerationRun, Worker
from directories.services import runs
from tests.directories.makers import ask, document, start

pytestmark = pytest.mark.django_db

TOKEN = "the token of a monitor"


def read(client: Client) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return {
        (sample.name.removeprefix("gazetteer_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


@pytest.fixture(autouse=True)
def token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


def test_without_a_token_there_is_no_such_page(
    client: Client, settings: Settings
) -> None:
    wrong = client.get("/metrics", headers={"Authorization": "Bearer another"})
    none = client.get("/metrics")
    settings.METRICS_TOKEN = ""
    off = client.get("/metrics", headers={"Authorization": "Bearer "})

    assert [a.status_code for a in (wrong, none, off)] == [404, 404, 404]


@pytest.mark.django_db(transaction=True)
def test_run_in_process_shows_in_runs_steps_and_sources(
    client: Client, directory: Directory
) -> None:
    request = ask(directory)

    run = runs.launch(
        directory,
        request,
        trigger=GenerationRun.Trigger.API,
        user=directory.owner,
        documents=[document()],
    )

    figures = read(client)
    assert run.state == "succeeded"
    assert figures["runs", "succeeded", "process"] == 1
    assert figures["runs", "succeeded", "worker"] == 0
    assert figures["runs_last_hour", "succeeded"] == 1
    assert figures["step_last_hour_count", "items-extraction"] == 1
    assert figures["step_last_hour_seconds_max", "items-extraction"] >= 0
    assert figures["sources_last_hour", "read"] == 1
    assert figures["git_root_free_bytes",] > 0
    assert figures["directories",] == 1


def test_waiting_run_and_live_worker_are_counted(
    client: Client, directory: Directory, settings: Settings
) -> None:
    run = start(directory)
    GenerationRun.objects.filter(pk=run.pk).update(dispatched_at=timezone.now())
    Worker.objects.create(
        host="a", pid=1, queue="fast", queue_key="0" * 8, version=1,
        last_seen_at=timezone.now(),
    )  # fmt: skip

    figures = read(client)

    assert figures["runs", "queued", "worker"] == 1
    assert figures["workers", "fast"] == 1
    assert figures["queue_oldest_seconds",] >= 0
