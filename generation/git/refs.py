"""Refs: their names, and how one is moved."""

from __future__ import annotations

import re
from typing import NamedTuple

from generation.exceptions import RepositoryError

MAIN = "refs/heads/main"
REF = re.compile(r"refs/[A-Za-z0-9][A-Za-z0-9._/-]{0,198}")


class Move(NamedTuple):
    """Where a ref shall point, if it is still at `old`. None stands for "no such ref"."""

    ref: str
    new: str | None
    old: str | None

    @property
    def back(self) -> Move:
        return Move(self.ref, new=self.old, old=self.new)


def check_ref(ref: str) -> None:
    """Refuse what git could read as an option or as a path out of its folder."""
    if (
        not REF.fullmatch(ref)
        or ".." in ref
        or "//" in ref
        or ref.endswith((".lock", "/"))
    ):
        raise RepositoryError(f"{ref!r} is not the name of a ref")


def update_line(move: Move) -> str:
    """Say it to `git update-ref --stdin`."""
    check_ref(move.ref)
    verb = "update" if move.new and move.old else "create" if move.new else "delete"
    return " ".join(filter(None, (verb, move.ref, move.new, move.old)))
