"""The anchor of a heading is whatever GitHub makes of it, because our links must meet it.

The rule was read off the npm package `github-slugger`: letters, marks, digits and
connectors stay, blanks become hyphens one by one, the rest goes.
"""

from __future__ import annotations

import unicodedata

_KEPT = {"Nd", "Nl", "Pc"}


def github_slug(text: str) -> str:
    """Make the anchor of a heading from its text as a reader sees it."""
    return "".join(
        "-" if character == " " else character
        for character in text.lower()
        if character in " -" or _is_kept(character)
    )


def _is_kept(character: str) -> bool:
    kind = unicodedata.category(character)
    return kind[0] in "LM" or kind in _KEPT


class Anchors:
    """The anchors of one document: the second of two equal headings gets a number.

    Ask for every heading, in the order in which they stand.
    """

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def add(self, heading: str) -> str:
        base = anchor = github_slug(heading)
        while anchor in self._given:
            self._given[base] += 1
            anchor = f"{base}-{self._given[base]}"
        self._given[anchor] = 0
        return anchor
