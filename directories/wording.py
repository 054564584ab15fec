"""Words for people: how many there are, and what to do about a refusal.

A refusal carries the `option` that would have the thing done all the same, by its name in
the API. Somebody at the command line or in a form has never seen that name.
"""

from __future__ import annotations

from collections.abc import Mapping

from directories.exceptions import DirectoryError

Door = Mapping[str, str]

COMMAND_LINE: Door = {
    "allow_duplicate": "If it is another thing, say so with --allow-duplicate",
    "keep_edits": "Undo all but these with --keep-edits",
}
# A file of operations has the keys of the API.
FILE: Door = {"allow_duplicate": "If it is another thing, say so with allow_duplicate"}
ADMIN: Door = {
    "allow_duplicate": (
        "If it is another thing, tick “Although it looks like an item that is there”"
    ),
    "keep_edits": "To undo all but these, tick “all but later edits”",
}


def count_of(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def with_advice(exc: DirectoryError, door: Door) -> str:
    advice = door.get(exc.extensions.get("option") or "")
    return f"{exc}. {advice}" if advice else str(exc)
