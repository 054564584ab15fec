"""Keeping secrets out of logs and error pages: what this process knows, and what looks like one.

Applied to the finished text, so that nothing goes past it: events, facts, tracebacks, the
lines of other libraries.
"""

from __future__ import annotations

import html
import json
import re
from urllib.parse import quote, unquote, urlsplit

HIDDEN = "[hidden]"
# A word of fewer characters would hide half of every line.
SHORTEST = 6

_PATTERNS = re.compile(
    r"""
      \bgh[pousr]_[A-Za-z0-9]{20,}                      # GitHub
    | \bgithub_pat_[A-Za-z0-9_]{20,}
    | \bglpat-[A-Za-z0-9_-]{16,}                        # GitLab
    | \bgaz_[A-Za-z0-9]{20,}                            # our own API tokens
    | \bsk-[A-Za-z0-9_-]{20,}                           # keys of language models
    | (?<=://)[^\s/@:'"\\]*:[^\s/@'"\\]+(?=@)           # user:password in an address
    """,
    re.VERBOSE,
)

# As a header, in a dictionary, and both again on a page of HTML.
_HEADERS = re.compile(
    r"""
      ((?:authorization|x-trigger-secret)(?:"|'|&quot;|&\#x27;|\s|:|=){1,4})
      (?:(?:token|bearer|basic)\s+)?
      [^\s'"&,;<>]+
    """,
    re.VERBOSE | re.IGNORECASE,
)

_known: set[str] = set()


def hide(*secrets: str) -> None:
    """Let these values not be shown from now on, in any spelling that a log gives them."""
    for secret in secrets:
        if len(secret) >= SHORTEST:
            _known.update(_spellings(secret))


def password_of(url: str) -> str:
    """The password in an address such as DATABASE_URL, "" where there is none."""
    try:
        return unquote(urlsplit(url).password or "")
    except ValueError:
        return ""


def redacted(text: str) -> str:
    for secret in sorted(_known, key=len, reverse=True):
        if secret in text:
            text = text.replace(secret, HIDDEN)
    return _HEADERS.sub(rf"\1{HIDDEN}", _PATTERNS.sub(HIDDEN, text))


def _spellings(secret: str) -> set[str]:
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        quote(secret, safe=""),
        quote(secret),
        html.escape(secret),
        html.escape(repr(secret)[1:-1]),
    }
