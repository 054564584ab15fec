"""Watching a run that somebody else makes, until it is over."""

from __future__ import annotations

import time

from django.db import connection

from directories.models import GenerationRun, RunState
from generation.journal import Listener, Progress

# A person looks: seconds between two looks at the row.
LOOKS_EVERY = 0.25


def follow(run: GenerationRun, listen: Listener) -> GenerationRun:
    """Tell how far a run is whenever that changes, and return it when it is over."""
    told: Progress | None = None
    while True:
        run.refresh_from_db()
        if run.is_over:
            return run
        seen = Progress(_what(run), run.percent)
        if seen != told:
            listen(seen)
            told = seen
        # Nothing is held while we wait, so that a database may be restarted meanwhile.
        connection.close()
        time.sleep(LOOKS_EVERY)


def _what(run: GenerationRun) -> str:
    if run.cancel_requested:
        return "being cancelled"
    if run.state == RunState.RUNNING:
        return run.step or "starting"
    return "waits for another try" if run.attempt else "waits for a worker"
