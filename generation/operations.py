"""The protocol between a run and whoever keeps the directory.

One implementation speaks straight to the database (`directories/operations.py`, for runs in
process); a worker's speaks signed HTTP. Both end in `directories.services.commands.apply`.
"""

from __future__ import annotations

from typing import Protocol

from generation.contract.commands import Command, Reply
from generation.contract.context import RunContext


class DirectoryOperations(Protocol):
    """What one attempt at one run may ask and say. Safe to use from two threads."""

    def claim(self, worker: str) -> Reply:
        """Take the run for this attempt. Raises RunRefused when it is not to be had."""

    def fetch_context(self) -> RunContext:
        """Read what the run needs to know. Only after a claim."""

    def fetch_document(self, sha256: str) -> bytes:
        """Read the bytes of a source document of the directory."""

    def load_checkpoint(self) -> bytes | None:
        """Read what an earlier attempt put away, if anything is left of it."""

    def save_checkpoint(self, content: bytes) -> None:
        """Put away what this attempt knows, in place of what was there. Raises RunRefused."""

    def send(self, *commands: Command) -> Reply:
        """Say what happened: all of it takes effect, or none.

        Raises RunRefused, and RepositoryMoved where a branch to publish to has moved.
        """

    def release(self) -> None:
        """Give back what the calling thread holds, such as a database connection."""
