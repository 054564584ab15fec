"""Answers that the server gives itself, before there is a request for the application."""

from __future__ import annotations

import json
from http import HTTPStatus


class Refused(Exception):
    """The client is answered with this status and sentence, and the connection closed."""

    def __init__(self, status: int, detail: str, *, retry_after: int = 0) -> None:
        super().__init__(detail)
        self.status = status
        self.retry_after = retry_after


def answer_of(refused: Refused) -> bytes:
    """Write the answer as it goes over the wire."""
    # The application is loaded by now, and the master must not load it for its name alone.
    from config.problems import CONTENT_TYPE, problem

    body = json.dumps(problem(refused.status, str(refused))).encode()
    lines = [
        f"HTTP/1.1 {refused.status} {HTTPStatus(refused.status).phrase}",
        f"Content-Type: {CONTENT_TYPE}",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    if refused.retry_after:
        lines.append(f"Retry-After: {refused.retry_after}")
    return "\r\n".join([*lines, "", ""]).encode() + body
