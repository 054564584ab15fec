"""The tables. Every write goes through `directories.services`."""

from __future__ import annotations

from directories.models.directory import Directory, SourceDocument
from directories.models.proposal import Proposal, ProposalState
from directories.models.run import GenerationRun, RunAttempt, RunLogLine, RunState
from directories.models.trigger import AppliedBatch, UsedNonce, Worker

__all__ = [
    "AppliedBatch",
    "Directory",
    "GenerationRun",
    "Proposal",
    "ProposalState",
    "RunAttempt",
    "RunLogLine",
    "RunState",
    "SourceDocument",
    "UsedNonce",
    "Worker",
]
