"""Is there a database yet? For commands that are typed before anything was set up."""

from __future__ import annotations

import fcntl
from pathlib import Path

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DatabaseError

from directories.exceptions import NotPossible


def is_ready() -> bool:
    """Tell whether the tables are there; asking does not make a file.

    False only for an embedded database that is empty: `make` will do. Raises NotPossible
    for one that is behind the code, or away.
    """
    if connection.vendor == "sqlite" and not _path().exists():
        return False
    try:
        if connection.vendor == "sqlite" and not connection.introspection.table_names():
            return False
        executor = MigrationExecutor(connection)
        behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as exc:
        raise NotPossible(f"the database does not answer: {exc}") from exc
    if behind:
        raise NotPossible("the database is behind the code; run `manage.py migrate`")
    return True


def make() -> Path:
    """Make the embedded database, and say where it lies. Of several at once, one does."""
    _path().parent.mkdir(parents=True, exist_ok=True)
    with _path().with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_ready():
            call_command("migrate", verbosity=0, interactive=False)
    return _path()


def _path() -> Path:
    return Path(str(connection.settings_dict["NAME"]))
