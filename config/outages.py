"""Which errors mean that the database is away, and not that we have a bug."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError

RETRY_AFTER = 10
# Connections, shutting down, starting up, and as many connections as there may be.
SQLSTATES = ("08", "57P", "53300")
# No file, a broken or full disk, and a writer that does not come to an end.
SQLITE = ("SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_FULL", "SQLITE_BUSY")


def is_outage(exc: BaseException | None) -> bool:
    """Whether the same request may succeed later without anybody mending the code."""
    cause = exc.__cause__ if exc else None
    match exc:
        case InterfaceError():
            # The other ones are about cursors and arguments.
            return "connection" in str(exc)
        case OperationalError():
            if name := getattr(cause, "sqlite_errorname", ""):
                return str(name).startswith(SQLITE)
            # Without a state, no server was there to give one.
            state = getattr(cause, "sqlstate", None)
            return state is None or str(state).startswith(SQLSTATES)
        case _:
            return False
