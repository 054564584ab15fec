"""The tables. Every write goes through `directories.services`."""

from __future__ import annotations

from directories.models.directory import Directory, SourceDocument
from directories.models.run import GenerationRun, RunAttempt, RunLogLine, RunState
from directories.models.trigger import AppliedBatch, UsedNonce, Worker

__all__ = [
    "AppliedBatch",
    "Directory",
    "GenerationRun",
    "RunAttempt",
    "RunLogLine",
    "RunState",
    "SourceDocument",
    "UsedNonce",
    "Worker",
]
