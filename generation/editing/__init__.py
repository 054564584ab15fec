"""What people do to a directory through us, as a change of the files of its data repository.

Each operation is a function from what is there to what shall be there; nothing is written
here. It does what a hand edit of the same files does, so a run keeps it like one: the run's
own records are left alone, and comments, the order of keys and unknown keys stay.
"""

from __future__ import annotations

from typing import NamedTuple

from generation.items import Record
from generation.report import FieldChange


class Effect(Record):
    """What one operation does, or would do. `kind` is items, categories or tags.

    `version` is the one that follows: of the item, or of the file of categories or tags.
    """

    action: str
    kind: str
    id: str
    name: str
    fields: tuple[FieldChange, ...] = ()
    notes: tuple[str, ...] = ()
    version: str | None = None


class Edit(NamedTuple):
    """Files to set, paths to remove, a line that says what it is, and the effects."""

    files: dict[str, bytes]
    removals: tuple[str, ...]
    title: str
    effects: tuple[Effect, ...]

    def __bool__(self) -> bool:
        return bool(self.files or self.removals)
