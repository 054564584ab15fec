"""Mistakes and traces arrive where a setting sends them, and no secret arrives with them."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.env import CHECKOUT
from tests.internal_api.servers import WebSide, always, serving

SECRET = "the secret of the internal API, also long enough"
RUN = "0b5d5b0e-0000-4000-8000-000000000001"


@pytest.fixture
def collector() -> Iterator[WebSide]:
    """What an operator's Sentry or collector is to us: something that takes what we send."""
    with serving(always(200), is_ours=False) as server:
        yield server


def in_a_process(folder: Path, script: str, **environment: str) -> str:
    """Run a script that has the application, in a process that ends by itself."""
    done = subprocess.run(
        [sys.executable, "-c", f"import django\ndjango.setup()\n{script}"],
        cwd=CHECKOUT,
        env={
            "PATH": os.environ["PATH"],
            "STATE_ROOT": str(folder),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "ALLOWED_HOSTS": "testserver",
            "TRIGGER_INTERNAL_SECRET": SECRET,
            "DATABASE_URL": "postgres://gazetteer:the-pass-word@127.0.0.1:1/none",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- Sentry


def events(server: WebSide) -> list[dict[str, Any]]:
    found = []
    for call in server.calls:
        assert call.path == "/api/7/envelope/"
        body = call.body
        if call.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        _, *items = body.split(b"\n")
        for header, content in zip(items[::2], items[1::2], strict=False):
            if json.loads(header)["type"] == "event":
                found.append(json.loads(content))
    return found


MISTAKE = f"""
from django.test import Client
client = Client(raise_request_exception=False)
answer = client.get(
    "/internal/trigger/runs/{RUN}?token=hidden-ticket",
    headers={{"x-trigger-secret": {SECRET!r}, "X-Request-Id": "request-12345678"}},
    REMOTE_ADDR="127.0.0.1",
)
print(answer.status_code)
"""


def test_mistake_is_reported_with_its_ids_and_without_secrets(
    collector: WebSide, tmp_path: Path
) -> None:
    pytest.importorskip("sentry_sdk", reason="the extra `sentry` is not installed")
    dsn = f"http://public-half@127.0.0.1:{collector.server_port}/7"

    # There is no database at that address: an outage is reported as a mistake is.
    status = in_a_process(tmp_path, MISTAKE, SENTRY_DSN=dsn)

    [event] = events(collector)
    assert status.strip() == "503"
    assert event["exception"]["values"][-1]["type"] == "OperationalError"
    assert event["tags"]["role"] == "web"
    assert event["tags"]["request_id"] == "request-12345678"
    text = json.dumps(event)
    for secret in (SECRET, "the-pass-word", "hidden-ticket", "x-trigger-secret"):
        assert secret not in text.replace("TRIGGER_INTERNAL_SECRET", "")


BROKEN_RUN = f"""
import structlog
log = structlog.get_logger("generation.orchestrator")
with structlog.contextvars.bound_contextvars(run={RUN!r}, attempt=2):
    try:
        token = "glpat-abcdefghijklmnopqrst"
        raise ValueError(f"no push to https://ada:{{token}}@forge.example")
    except ValueError:
        log.exception("run failed by a mistake of ours", prompt="a prompt of mine")
"""


def test_mistake_in_a_run_names_the_run(collector: WebSide, tmp_path: Path) -> None:
    pytest.importorskip("sentry_sdk", reason="the extra `sentry` is not installed")
    dsn = f"http://public-half@127.0.0.1:{collector.server_port}/7"

    in_a_process(tmp_path, BROKEN_RUN, SENTRY_DSN=dsn, GAZETTEER_ROLE="worker")

    [event] = events(collector)
    assert event["logentry"]["message"] == "run failed by a mistake of ours"
    assert (event["tags"]["run"], event["tags"]["attempt"]) == (RUN, "2")
    assert event["tags"]["role"] == "worker"
    text = json.dumps(event)
    assert "ValueError" in text
    for secret in ("glpat-", "a prompt of mine", "the-pass-word"):
        assert secret not in text


# --- OpenTelemetry


def spans(server: WebSide) -> list[Any]:
    proto = pytest.importorskip(
        "opentelemetry.proto.collector.trace.v1.trace_service_pb2"
    )
    found = []
    for call in server.calls:
        assert call.path == "/v1/traces"
        body = call.body
        if call.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        request = proto.ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                found.extend(scope.spans)
    return found


def facts(span: Any) -> dict[str, Any]:
    return {
        each.key: each.value.string_value or each.value.int_value
        for each in span.attributes
    }


REQUESTS = """
from django.test import Client
client = Client(raise_request_exception=False)
other = {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}
for path in ("/healthz", "/sites/ada/clocks/~ticket-of-ada/index.html", "/nowhere"):
    client.get(path, headers={"X-Request-Id": "request-12345678", **other})
client.get("/internal/trigger/about", headers=other)
"""


def test_requests_become_spans_with_routes_and_no_addresses(
    collector: WebSide, tmp_path: Path
) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra `tracing` is not there")
    endpoint = f"http://127.0.0.1:{collector.server_port}"

    in_a_process(tmp_path, REQUESTS, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)

    found = {span.name: span for span in spans(collector)}
    assert set(found) == {
        "GET /healthz",
        "GET /sites/<slug:namespace>/<slug:slug>/~<str:ticket>/<path:path>",
        "GET none",
        "GET /internal/trigger/about",
    }
    assert facts(found["GET /healthz"])["request_id"] == "request-12345678"
    assert facts(found["GET /healthz"])["http.response.status_code"] == 503
    # A worker's span is gone on with, a stranger's is not.
    assert found["GET /internal/trigger/about"].trace_id.hex() == "a" * 32
    assert found["GET /healthz"].trace_id.hex() != "a" * 32
    assert b"ticket-of-ada" not in b"".join(call.body for call in collector.calls)


def test_span_of_a_failure_tells_its_kind_and_not_its_words(
    collector: WebSide, tmp_path: Path
) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra `tracing` is not there")
    script = """
from contextlib import suppress
from generation import tracing
with suppress(ValueError), tracing.span("run", kind="consumer", run="7"):
    told = tracing.carried()
    tracing.passed("deduplication", seconds=0.5)
    raise ValueError("a secret word")
with tracing.span("later", within=told):
    pass
"""

    in_a_process(
        tmp_path,
        script,
        GAZETTEER_ROLE="worker",
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.server_port}",
    )

    found = {span.name: span for span in spans(collector)}
    run = found["run"]
    assert (run.status.message, facts(run)) == ("ValueError", {"run": "7"})
    assert found["deduplication"].parent_span_id == run.span_id
    assert found["later"].parent_span_id == run.span_id
    step = found["deduplication"]
    assert step.end_time_unix_nano - step.start_time_unix_nano == 500_000_000
    assert b"a secret word" not in b"".join(call.body for call in collector.calls)


@pytest.mark.parametrize(
    ("variable", "package"),
    [
        ("SENTRY_DSN", "sentry_sdk"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "opentelemetry"),
    ],
)
def test_missing_extra_is_named_when_the_process_starts(
    tmp_path: Path, variable: str, package: str
) -> None:
    script = f"""
import sys
sys.modules[{package!r}] = None
import os
os.environ[{variable!r}] = "http://public@127.0.0.1:9/1"
from django.core.exceptions import ImproperlyConfigured
try:
    import config.settings
except ImproperlyConfigured as exc:
    print(exc)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"], "STATE_ROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert variable in done.stdout
    assert "pip install" in done.stdout
