"""What joins the lines that one request causes, on both sides of the wire."""

from __future__ import annotations

import re
from uuid import uuid4

HEADER = "X-Request-Id"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")


def new_request_id() -> str:
    return uuid4().hex


def is_request_id(text: str) -> bool:
    """Tell whether a stranger's id may stand in a log: nothing that could break a line."""
    return _ID.fullmatch(text) is not None
