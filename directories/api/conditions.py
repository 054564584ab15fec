"""Conditional requests (RFC 9110): `ETag`, `If-Match` and `If-None-Match`."""

from __future__ import annotations

import re

from rest_framework.exceptions import ParseError
from rest_framework.request import Request

# `"…"` as often as one likes, and `W/"…"` of a proxy that has packed the answer.
_TAG = r'(?:W/)?"[^"]*"'
_TAGS = re.compile(rf"\s*{_TAG}(?:\s*,\s*{_TAG})*\s*")


def etag_of(version: str) -> str:
    return f'"{version}"'


def versions_asked(request: Request) -> frozenset[str] | None:
    """Read `If-Match`: the versions that it names, or `*`; None without it.

    Only strong tags count there, so of weak ones alone nothing is left.
    """
    header = request.headers.get("If-Match")
    if header is None:
        return None
    if header.strip() == "*":
        return frozenset({"*"})
    if not _TAGS.fullmatch(header):
        raise ParseError(
            "If-Match takes the ETag of an answer, with its quotes, such as "
            'If-Match: "0123456789abcdef0123456789abcdef"; or * for any version.'
        )
    tags = re.findall(_TAG, header)
    return frozenset(tag.strip('"') for tag in tags if tag.startswith('"'))


def is_known(request: Request, version: str) -> bool:
    """Tell whether the caller has this version already, by `If-None-Match`."""
    header = request.headers.get("If-None-Match", "")
    if header.strip() == "*":
        return True
    tags = re.findall(_TAG, header) if _TAGS.fullmatch(header) else []
    return etag_of(version) in {tag.removeprefix("W/") for tag in tags}
