"""Errors over HTTP: every one is an RFC 9457 document, and every one is made here.

Inner packages raise exceptions that carry `status`, `title` and `extensions`.
"""

from __future__ import annotations

import http
import math
import sys
from typing import Any

import pydantic
import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from config.outages import RETRY_AFTER, is_outage
from directories.exceptions import DirectoryError
from generation.contract.commands import CommandBatch
from generation.exceptions import RepositoryTooLarge

log = structlog.get_logger(__name__)

CONTENT_TYPE = "application/problem+json"
UNAVAILABLE = "The database does not answer now. Send the same request again later."
# What programs ask. All other addresses are for people, too.
FOR_PROGRAMS = ("/api/", "/internal/", "/healthz", "/readyz", "/metrics")
TOO_LARGE = "The request is larger than this server takes."


def problem(
    status: int, detail: str = "", *, title: str = "", **extensions: Any
) -> dict[str, Any]:
    """Describe an error. `title` is the status' own phrase unless given."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": title or http.HTTPStatus(status).phrase,
        "status": status,
    }
    if detail:
        document["detail"] = detail
    return document | extensions


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what a view raised into a problem document; None for a bug of ours."""
    headers: dict[str, str] = {}
    match exc:
        case pydantic.ValidationError():
            document = problem(
                400, "The request is not valid.", errors=validation_errors(exc)
            )
        case DirectoryError():
            document = problem(exc.status, str(exc), title=exc.title, **exc.extensions)
            if exc.retry_after:
                headers["Retry-After"] = str(exc.retry_after)
        case RepositoryTooLarge():
            document = problem(422, str(exc), title="The repository is too large")
        case Http404():
            document = problem(404, "There is no such thing, or it is not yours.")
        case PermissionDenied():
            document = problem(403, "You may not do this.")
        case RequestDataTooBig():
            document = problem(413, TOO_LARGE)
        case exceptions.APIException():
            document = problem(exc.status_code, _text(exc.detail))
            if header := getattr(exc, "auth_header", None):
                headers["WWW-Authenticate"] = header
            if wait := getattr(exc, "wait", None):
                headers["Retry-After"] = str(math.ceil(wait))
        case _ if is_outage(exc):
            # The framework calls this while it handles the exception.
            log.exception("database does not answer")  # noqa: LOG004
            document = problem(503, UNAVAILABLE)
            headers["Retry-After"] = str(RETRY_AFTER)
        case _:
            return None
    set_rollback()
    return Response(
        document, document["status"], headers=headers, content_type=CONTENT_TYPE
    )


def validation_errors(exc: pydantic.ValidationError) -> list[dict[str, str]]:
    """Name each wrong field by a JSON pointer (RFC 6901), never by its value."""
    return [
        {
            "pointer": "".join(
                f"/{_escaped(part)}" for part in _path(exc, error["loc"])
            ),
            "detail": error["msg"].removeprefix("Value error, "),
        }
        for error in exc.errors(include_url=False, include_input=False)
    ]


def _path(
    exc: pydantic.ValidationError, location: tuple[str | int, ...]
) -> tuple[str | int, ...]:
    """Leave out the name of a command: the document does not nest by it."""
    if exc.title == CommandBatch.__name__ and location[:1] == ("commands",):
        return location[:2] + location[3:]
    return location


def _escaped(part: str | int) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def _text(detail: Any) -> str:
    return detail if isinstance(detail, str) else "The request is not valid."


def _answer(request: HttpRequest, status: int, detail: str) -> HttpResponse:
    return JsonResponse(
        problem(status, detail), status=status, content_type=CONTENT_TYPE
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400, "The request could not be understood.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403, "You may not do this.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404, "There is no such page.")


def too_large(request: HttpRequest) -> HttpResponse:
    return _answer(request, 413, TOO_LARGE)


def unavailable(request: HttpRequest) -> HttpResponse:
    """Answer that the database is away, on a page where a person asked for one."""
    if request.accepts("text/html") and not request.path.startswith(FOR_PROGRAMS):
        answer = render(request, "unavailable.html", status=503)
    else:
        answer = _answer(request, 503, UNAVAILABLE)
    answer["Retry-After"] = str(RETRY_AFTER)
    return answer


def server_error(request: HttpRequest) -> HttpResponse:
    # Django calls this while it handles the exception, and does not pass it on.
    if is_outage(sys.exc_info()[1]):
        return unavailable(request)
    return _answer(
        request, 500, "Something went wrong on our side. It has been logged."
    )
