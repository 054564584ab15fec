"""Sentry and OpenTelemetry, where a setting asks for them; elsewhere they cost nothing.

Their packages are extras of ours, `sentry` and `tracing`. What is sent is made of what we
know to be harmless (names of views and steps, ids), or cleaned as lines of the log are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse

from config.redaction import redacted
from config.routes import route_of
from generation import tracing
from generation.processes import send_before_exit

# A run's process is not kept waiting for longer by a service that is away.
PATIENCE_SECONDS = 2
# Those that join our logs on both sides.
IDS = ("request_id", "run", "attempt", "worker")

Answering = Callable[[HttpRequest], HttpResponse]


def configure(*, sentry_dsn: str, otlp_endpoint: str, role: str) -> None:
    if sentry_dsn:
        _report_mistakes(sentry_dsn, role)
    if otlp_endpoint:
        _send_traces(otlp_endpoint, role)


def _report_mistakes(dsn: str, role: str) -> None:
    try:
        import sentry_sdk
    except ImportError as exc:
        raise ImproperlyConfigured(
            "SENTRY_DSN is set, and the package is missing: pip install sentry-sdk"
        ) from exc
    sentry_sdk.init(
        dsn=dsn,
        before_send=_told,
        before_breadcrumb=lambda crumb, hint: None,
        # Local variables hold secrets, sources and prompts; arguments of a command, paths.
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        send_default_pii=False,
    )
    sentry_sdk.set_tag("role", role)
    send_before_exit(lambda: sentry_sdk.flush(timeout=PATIENCE_SECONDS))


def _told(event: Any, hint: dict[str, Any]) -> Any:
    """What is reported of a mistake: its ids as tags, and no secret."""
    facts = dict(structlog.contextvars.get_contextvars())
    # structlog hands the standard library a dictionary in the place of a message.
    said = getattr(hint.get("log_record"), "msg", None)
    if isinstance(said, dict):
        facts |= said
        event["logentry"] = {"message": str(said.get("event", ""))}
    event["tags"] = dict(event.get("tags") or {}) | {
        name: str(facts[name]) for name in IDS if name in facts
    }
    # A header or a query may hold a ticket or a token; the route tells enough.
    asked = event.get("request") or {}
    event["request"] = {"method": asked["method"]} if "method" in asked else {}
    for name in ("extra", "breadcrumbs", "user"):
        event.pop(name, None)
    return cleaned(event)


def _send_traces(endpoint: str, role: str) -> None:
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as exc:
        raise ImproperlyConfigured(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, and packages are missing: pip install "
            "opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"
        ) from exc
    provider = TracerProvider(
        resource=Resource.create({"service.name": f"gazetteer-{role}"})
    )
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    tracing.switch_on(provider.get_tracer("gazetteer"))
    send_before_exit(lambda: provider.force_flush(1000 * PATIENCE_SECONDS))


def trace_requests(get_response: Answering) -> Answering:
    """Make a span of each request. Only a worker's word is taken for what it belongs to."""

    def answer(request: HttpRequest) -> HttpResponse:
        is_workers = request.path.startswith("/internal/")
        with tracing.span(
            f"{request.method}",
            kind="server",
            within=request.headers if is_workers else None,
        ) as made:
            response = get_response(request)
            if made is not None:
                route = route_of(request)
                made.update_name(f"{request.method} {route}")
                made.set_attribute("http.route", route)
                made.set_attribute("http.response.status_code", response.status_code)
                ids = structlog.contextvars.get_contextvars()
                made.set_attribute("request_id", str(ids.get("request_id", "")))
        return response

    return answer


def cleaned(value: Any) -> Any:
    """Hide secrets in every text of an event, however deep."""
    match value:
        case str():
            return redacted(value)
        case dict():
            return {key: cleaned(inner) for key, inner in value.items()}
        case list() | tuple():
            return [cleaned(inner) for inner in value]
        case _:
            return value
