"""One id for everything that a request causes, in our log, its answer and a worker's log."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

from config.timings import count_request
from generation.request_ids import HEADER, is_request_id, new_request_id

log = structlog.get_logger(__name__)

Answering = Callable[[HttpRequest], HttpResponse]

# Those who ask every few seconds, and the internal API, which tells more of itself.
UNTOLD = ("/healthz", "/readyz", "/metrics", "/static/", "/internal/")


def name_requests(get_response: Answering) -> Answering:
    """Bind the id that a request brings, or a new one, and log what became of it."""

    def answer(request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        request_id = given if is_request_id(given) else new_request_id()
        begun = time.monotonic()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = get_response(request)
            seconds = time.monotonic() - begun
            count_request(request, response, seconds)
            if not request.path.startswith(UNTOLD):
                log.info(
                    "request",
                    method=request.method,
                    path=request.path,
                    status=response.status_code,
                    milliseconds=round(1000 * seconds, 1),
                )
        response[HEADER] = request_id
        return response

    return answer
