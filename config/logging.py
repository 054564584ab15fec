"""structlog over the standard library: one line an event, on standard error.

Standard output belongs to commands, which may print JSON there. Secrets are hidden in the
finished line, whoever wrote it.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, Literal

import structlog

from config.redaction import redacted

Format = Literal["text", "json"]


def configure(*, level: str, form: Format = "text") -> None:
    """Set up logging for the process. Safe to call twice."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_StandardError())
    handler.setFormatter(
        _Redacting(
            foreign_pre_chain=[*shared, _add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(form),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())


def _rendering(form: Format) -> list[structlog.types.Processor]:
    if form == "json":
        return [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(sort_keys=True, default=str),
        ]
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # Not the one that prints local variables: they hold secrets.
            exception_formatter=structlog.dev.plain_traceback,
        )
    ]


def _add_logger_name(
    logger: Any, method: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    """Say which library wrote a line that is not ours."""
    if record := event.get("_record"):
        event["logger"] = record.name
    return event


class _Redacting(structlog.stdlib.ProcessorFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class _StandardError:
    """Whatever `sys.stderr` is when a line is written: a progress bar may redirect it."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()
