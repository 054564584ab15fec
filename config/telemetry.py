"""Sentry and OpenTelemetry, where a setting asks for them; elsewhere they cost nothing.

Neither is a dependency: an operator who wants one installs it.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config.redaction import redacted


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
        before_send=lambda event, hint: cleaned(event),
        before_breadcrumb=lambda crumb, hint: cleaned(crumb),
        # Local variables hold secrets, sources and prompts.
        include_local_variables=False,
        max_request_body_size="never",
        send_default_pii=False,
    )
    sentry_sdk.set_tag("role", role)


def _send_traces(endpoint: str, role: str) -> None:
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
            OTLPSpanExporter,
        )
        from opentelemetry.instrumentation.django import DjangoInstrumentor
        from opentelemetry.instrumentation.requests import RequestsInstrumentor
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as exc:
        raise ImproperlyConfigured(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, and packages are missing: pip install "
            "opentelemetry-sdk opentelemetry-exporter-otlp-proto-http "
            "opentelemetry-instrumentation-django opentelemetry-instrumentation-requests"
        ) from exc
    provider = TracerProvider(
        resource=Resource.create({"service.name": f"gazetteer-{role}"})
    )
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    RequestsInstrumentor().instrument()
    if role == "web":
        DjangoInstrumentor().instrument()


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
