"""The statements that every command of a worker passes through, written out in SQL.

A queryset is built and compiled anew each time that it is asked, which takes five to ten
times as long as the database takes to answer. That is nothing in a page, and it was two
thirds of a command. So these few stand here as text, for SQLite and PostgreSQL alike.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, models

from directories.models import GenerationRun, RunState

# The end of the lease, by the database's clock.
LEASE = {
    "sqlite": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW', %s || ' seconds')",
    "postgresql": "STATEMENT_TIMESTAMP() + %s * INTERVAL '1 second'",
}


def insert_first(model: type[models.Model], **values: Any) -> bool:
    """Insert a row, and tell whether it is there for the first time.

    "No" is an answer and not an exception, so that no savepoint has to be set for it.
    """
    known = {field.name: field for field in model._meta.concrete_fields}
    fields = [known[name] for name in values]
    columns = ", ".join(str(field.column) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        # Names of our own models alone are put into it; values go by the marks.
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({marks}) "  # noqa: S608  # nosec B608
            "ON CONFLICT DO NOTHING",
            [
                field.get_db_prep_save(value, connection)
                for field, value in zip(fields, values.values(), strict=True)
            ],
        )
        return bool(cursor.rowcount)


def applied_batch(directory_id: UUID, run_id: UUID, key: str) -> tuple[str, str] | None:
    """Look up a batch of this run, if that is one of this directory.

    The answer is the hash of its body, and the reply as JSON.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT batch.sha256, batch.reply FROM directories_appliedbatch batch "
            "JOIN directories_generationrun run ON run.id = batch.run_id "
            "WHERE batch.run_id = %s AND batch.key = %s AND run.directory_id = %s",
            [_id(run_id), key, _id(directory_id)],
        )
        found: tuple[str, str] | None = cursor.fetchone()
        return found


def renew_lease(directory_id: UUID, run_id: UUID, attempt: int) -> GenerationRun | None:
    """Renew the lease of the attempt that holds the run; None when this one does not.

    What a reply does not need is read from the row when somebody asks for it.
    """
    with connection.cursor() as cursor:
        # Only a line of the table above is put into it.
        cursor.execute(
            "UPDATE directories_generationrun "  # noqa: S608  # nosec B608
            f"SET lease_expires_at = {LEASE[connection.vendor]} "
            "WHERE id = %s AND directory_id = %s AND state = %s AND attempt = %s",
            [
                settings.RUN_LEASE_SECONDS,
                *(_id(run_id), _id(directory_id), RunState.RUNNING, attempt),
            ],
        )
        if not cursor.rowcount:
            return None
    [run] = GenerationRun.objects.raw(
        "SELECT id, directory_id, attempt, cancel_requested, lease_expires_at "
        "FROM directories_generationrun WHERE id = %s",
        [_id(run_id)],
    )
    return run


def _id(value: UUID) -> Any:
    """An id as the database keeps it: SQLite has no type for it."""
    return GenerationRun._meta.pk.get_db_prep_value(value, connection)
