"""The page of an error that DEBUG shows: no secret by its name, and none by its value."""

from __future__ import annotations

import re
from collections.abc import ItemsView
from typing import Any, cast

from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from config.redaction import HIDDEN, redacted

_TELLING = re.compile("api_?key|token|secret|passw|authorization|credential", re.I)


def _safe(finished: str) -> SafeString:
    """Keep the type that Django asks for: the page is put into no template any more."""
    return cast("SafeString", finished)


class Reporter(ExceptionReporter):
    """Hides in the finished page what this process knows to be secret."""

    def get_traceback_html(self) -> SafeString:
        return _safe(redacted(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        return _safe(redacted(super().get_traceback_text()))


class ReporterFilter(SafeExceptionReporterFilter):
    """Hides local variables whose names tell that they hold a secret."""

    def get_traceback_frame_variables(
        self, request: Any, tb_frame: Any
    ) -> ItemsView[str, Any]:
        found = super().get_traceback_frame_variables(request, tb_frame)
        return {
            name: HIDDEN if _TELLING.search(name) else value for name, value in found
        }.items()
