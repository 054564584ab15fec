"""The protocol of a run, straight to the database: for runs in process and rehearsals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection

from directories.exceptions import DirectoryError, PlanOutdated
from directories.models import GenerationRun
from directories.services import checkpoints, commands, contexts
from generation.contract.commands import Claim, Command, CommandBatch, Reply
from generation.contract.context import RunContext
from generation.exceptions import RepositoryMoved, RunRefused
from generation.interrupts import deferred


class DatabaseDirectoryOperations:
    """One attempt at one run, in this process. No interrupt parts a transaction."""

    def __init__(self, run: GenerationRun) -> None:
        self._run_id: UUID = run.pk
        self._directory_id: UUID = run.directory_id
        self._attempt = 0

    def claim(self, worker: str) -> Reply:
        with deferred():
            reply = self.send(Claim(worker=worker))
            self._attempt = reply.attempt
        return reply

    def fetch_context(self) -> RunContext:
        with deferred():
            return contexts.context_of(self._run_id)

    def fetch_document(self, sha256: str) -> bytes:
        with deferred():
            return contexts.document_of(self._directory_id, sha256)

    def send(self, *batch: Command) -> Reply:
        message = CommandBatch(
            run_id=self._run_id, attempt=self._attempt, commands=batch
        )
        try:
            with deferred():
                return commands.apply(self._directory_id, message)
        except PlanOutdated as exc:
            raise RepositoryMoved(str(exc)) from exc
        except DirectoryError as exc:
            raise RunRefused(str(exc)) from exc

    def load_checkpoint(self) -> bytes | None:
        return checkpoints.load(self._run_id)

    def save_checkpoint(self, content: bytes) -> None:
        try:
            with deferred():
                checkpoints.save(self._run_id, content, attempt=self._attempt)
        except DirectoryError as exc:
            raise RunRefused(str(exc)) from exc

    def release(self) -> None:
        connection.close()


class RehearsalOperations:
    """A run that is only tried: it knows its context and tells nobody anything."""

    def __init__(self, context: RunContext, documents: Mapping[str, bytes]) -> None:
        self._context = context
        self._documents = documents

    def claim(self, worker: str) -> Reply:
        return self.send()

    def fetch_context(self) -> RunContext:
        return self._context

    def fetch_document(self, sha256: str) -> bytes:
        return self._documents[sha256]

    def send(self, *batch: Command) -> Reply:
        expires = datetime.now(UTC) + timedelta(days=1)
        return Reply(attempt=1, cancel=False, lease_expires_at=expires)

    def load_checkpoint(self) -> bytes | None:
        return None

    def save_checkpoint(self, content: bytes) -> None:
        """Whoever tries a run goes through all of it."""

    def release(self) -> None:
        """There is nothing to give back."""
