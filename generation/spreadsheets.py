"""Cells that a spreadsheet would take for a formula, and how they are kept from it."""

from __future__ import annotations

import re

# Programs skip blanks and signs without width before a formula, and some read the forms of
# full width as the signs themselves. Our own guard, an apostrophe, may stand before them.
_FORMULA = re.compile(
    r"[\s'\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]*"
    r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
    r"|'*[\t\r]"
)


def is_formula(text: str) -> bool:
    """Tell whether a cell would be one, or would look guarded."""
    return _FORMULA.match(text) is not None


def guarded(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula.

    A text that looks guarded is guarded as well, so that nothing is lost when guards go.
    """
    return f"'{text}" if is_formula(text) else text


def without_guard(text: str) -> str:
    """Take the guard away again."""
    return text[1:] if text[:1] == "'" and is_formula(text) else text
