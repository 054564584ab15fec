"""The tables. Every write goes through `directories.services`."""

from __future__ import annotations

from directories.models.directory import Directory, SourceDocument
from directories.models.run import GenerationRun, RunAttempt, RunLogLine, RunState

__all__ = [
    "Directory",
    "GenerationRun",
    "RunAttempt",
    "RunLogLine",
    "RunState",
    "SourceDocument",
]
