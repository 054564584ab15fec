"""What a load balancer and a monitor are told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from directories.models import Directory, GenerationRun, Worker
from tests.directories.makers import start

pytestmark = pytest.mark.django_db


def test_healthy_process_says_so(client: Client) -> None:
    answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"ok": True})


def test_lost_database_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        from django.db import OperationalError

        raise OperationalError("the disk is gone")

    monkeypatch.setattr(connection, "cursor", refuse)

    health, ready = client.get("/healthz"), client.get("/readyz")

    assert (health.status_code, ready.status_code) == (503, 503)
    assert ready.json()["database"] == "does not answer"
    assert "disk" not in ready.content.decode()


def test_queue_that_is_off_is_not_missed(client: Client) -> None:
    ready = client.get("/readyz")

    assert ready.status_code == 200
    assert (ready.json()["queue"], ready.json()["degraded"]) == ("off", [])


def test_queue_and_its_age_are_told(
    client: Client, settings: Settings, directory: Directory
) -> None:
    start(directory)
    settings.TRIGGER_ENABLED, settings.TRIGGER_SECRET_KEY = True, "k" * 32
    GenerationRun.objects.update(created_at=timezone.now() - timedelta(seconds=90))
    Worker.objects.create(
        host="north",
        pid=7,
        queue="gazetteer",
        queue_key="k",
        version=1,
        last_seen_at=timezone.now() - timedelta(seconds=30),
    )

    told = client.get("/readyz").json()

    assert (told["queue"], told["queue_depth"], told["queued_runs"]) == (
        "answers",
        0,
        1,
    )
    assert told["oldest_queued_seconds"] == pytest.approx(90, abs=5)
    assert told["worker_seen_seconds_ago"] == pytest.approx(30, abs=5)
    assert told["degraded"] == []


def test_missing_workers_are_told_and_do_not_stop_us(
    client: Client, settings: Settings
) -> None:
    settings.TRIGGER_ENABLED, settings.TRIGGER_SECRET_KEY = True, "k" * 32

    ready = client.get("/readyz")

    assert (ready.status_code, ready.json()["degraded"]) == (200, ["workers"])


def test_database_that_is_behind_is_not_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db.migrations.executor import MigrationExecutor

    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *a: ["0004"])

    ready = client.get("/readyz")

    assert (ready.status_code, ready.json()["database"]) == (503, "is behind the code")


def test_only_reading_is_allowed(client: Client) -> None:
    assert client.post("/healthz").status_code == 405


FIGURES = {"queue_depth", "queued_runs", "running_runs", "worker_seen_seconds_ago"}


@pytest.mark.parametrize(
    ("headers", "remote", "sees"),
    [
        ({}, "127.0.0.1", True),
        ({}, "192.0.2.7", False),
        ({"X-Forwarded-For": "192.0.2.7"}, "127.0.0.1", False),
        ({"Authorization": "Bearer " + "m" * 32}, "192.0.2.7", True),
        ({"Authorization": "Bearer " + "n" * 32}, "192.0.2.7", False),
    ],
    ids=["this machine", "stranger", "behind a proxy", "token", "wrong token"],
)
def test_figures_are_for_those_who_may_see_them(
    client: Client,
    settings: Settings,
    headers: dict[str, str],
    remote: str,
    sees: bool,
) -> None:
    settings.METRICS_TOKEN = "m" * 32

    ready = client.get("/readyz", headers=headers, REMOTE_ADDR=remote)

    assert ready.status_code == 200
    assert ready.json()["is_ready"] is True
    assert set(ready.json()) >= FIGURES if sees else not FIGURES & set(ready.json())


def test_figures_are_not_for_a_proxy_that_names_nobody(
    client: Client, settings: Settings
) -> None:
    settings.BEHIND_PROXY = True

    assert not FIGURES & set(client.get("/readyz").json())
