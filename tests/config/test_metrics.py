"""What Prometheus reads, and who may."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from config.env import CHECKOUT
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


def samples(text: str, name: str, *labels: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels[label] for label in labels): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


def counted(client: Client) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    name, labels = "gazetteer_http_request_seconds_count", ("route", "method", "status")
    return samples(answer.content.decode(), name, *labels)


def test_requests_are_counted_by_names_of_ours(
    client: Client, directory: Directory
) -> None:
    before = counted(client)

    client.get("/healthz")
    client.get(f"/api/directories/{directory.pk}/")
    client.get("/admin/directories/directory/")
    client.get("/what-a-stranger-made-up")
    client.get(f"/{'x' * 500}")
    client.generic("MADEUP", "/healthz")

    after = counted(client)
    new = {key: after[key] - before.get(key, 0) for key in after}
    assert new[("/healthz", "GET", "2xx")] == 1
    assert new[("/api/directories/<uuid:pk>/", "GET", "4xx")] == 1
    assert new[("/admin/", "GET", "3xx")] == 1
    assert new[("none", "GET", "4xx")] == 2
    assert new[("/healthz", "other", "4xx")] == 1
    assert not [key for key in after if "stranger" in str(key) or "MADEUP" in str(key)]


# Two processes that count into one folder, and a third that is asked.
COUNTING = """
import os, sys, django
django.setup()
from django.test import RequestFactory
from django.http import HttpResponse
from django.urls import resolve
from config.timings import count_request, register
request = RequestFactory().get("/healthz")
request.resolver_match = resolve("/healthz")
if os.fork() == 0:
    count_request(request, HttpResponse(), 0.02)
    os._exit(0)
os.wait()
count_request(request, HttpResponse(), 0.2)
from prometheus_client import CollectorRegistry, generate_latest
registry = CollectorRegistry()
register(registry)
print(generate_latest(registry).decode())
"""


def test_processes_of_a_server_count_together(tmp_path: Path) -> None:
    (tmp_path / "counts").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", COUNTING],
        cwd=CHECKOUT,
        env={
            "PATH": os.environ["PATH"],
            "STATE_ROOT": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "counts"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    buckets = samples(
        done.stdout, "gazetteer_http_request_seconds_bucket", "route", "le"
    )
    assert (buckets["/healthz", "0.025"], buckets["/healthz", "0.25"]) == (1, 2)


def test_every_figure_is_on_its_page(client: Client) -> None:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    page = (CHECKOUT / "docs" / "reference" / "metrics.md").read_text()

    # Some are only there when there is something to tell.
    families = {f.name for f in text_string_to_metric_families(answer.content.decode())}
    documented = set(re.findall(r"`(gazetteer_\w+)`", page))
    assert families - documented == set()
    assert {name for name in documented if "last_hour" not in name} - families <= {
        "gazetteer_queue_messages",
        "gazetteer_internal_call_seconds",
    }


def test_every_alert_asks_for_figures_that_there_are() -> None:
    rules = yaml.safe_load((CHECKOUT / "deploy" / "alerts.example.yaml").read_text())
    page = (CHECKOUT / "docs" / "reference" / "metrics.md").read_text()
    known = set(re.findall(r"`(gazetteer_\w+)`", page))
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]

    asked = {
        re.sub("_(bucket|count|sum)$", "", name)
        if "_seconds_" in name and name not in known
        else name
        for rule in alerts
        for name in re.findall(r"gazetteer_\w+", rule["expr"])
    }

    assert asked - known == set()
    for rule in alerts:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["annotations"]["summary"]
        for name, label in re.findall(r"gazetteer_(\w+?)\{(\w+)=", rule["expr"]):
            stem = re.sub("_(bucket|count|sum)$", "", name)
            [row] = [
                line
                for line in page.splitlines()
                if re.search(rf"^\| `gazetteer_({name}|{stem})`", line)
            ]
            assert f"`{label}`" in row
        assert re.fullmatch(r"([0-9]+[smhd])?", rule.get("for", ""))
