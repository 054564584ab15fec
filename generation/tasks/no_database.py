"""A task never touches a database, even where its process has one.

Import contracts keep it out of our code; this keeps it out of everybody's, in every thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from django.db.backends.base.base import BaseDatabaseWrapper


class DatabaseRefused(RuntimeError):
    """Something asked for a database while a directory was made."""


@contextmanager
def no_database() -> Iterator[None]:
    """Refuse every connection and every query while the block runs."""
    before = BaseDatabaseWrapper.ensure_connection, BaseDatabaseWrapper._cursor  # type: ignore[attr-defined]
    BaseDatabaseWrapper.ensure_connection = _refuse  # type: ignore[method-assign]
    BaseDatabaseWrapper._cursor = _refuse  # type: ignore[attr-defined]
    try:
        yield
    finally:
        BaseDatabaseWrapper.ensure_connection, BaseDatabaseWrapper._cursor = before  # type: ignore[attr-defined,method-assign]


def _refuse(*args: Any, **kwargs: Any) -> NoReturn:
    raise DatabaseRefused(
        "a task may not use the database: send a command to the internal API instead"
    )
