from __future__ import annotations

from config.optional import without

# Here, because this package is read before anything that logs. Tracebacks are plain anyway:
# those of rich print local variables, and so secrets.
with without("rich"):
    import structlog.dev  # noqa: F401
