"""Short ways to what the web side's tests begin with: a request, a run, a claim."""

from __future__ import annotations

from typing import Any

from directories.models import Directory, GenerationRun
from directories.services import commands, runs
from directories.services.directories import GivenDocument, store_documents
from directories.services.proposing import repositories_of
from directories.services.requests import build_request
from generation.contract.commands import (
    Claim,
    Command,
    CommandBatch,
    Reply,
    RepositoryKind,
)
from generation.contract.request import GenerationRequest
from generation.git import Commit, Repository
from generation.publish import staged_refs
from tests.fakes import CLOCKS, NOON

# Refused before anything is looked up, so that a run over it warns and stays offline.
PRIVATE_URL = "http://127.0.0.1/clocks"
WITHOUT_ITEMS = "# Clocks\n\nThere is nothing to list here.\n"


def document(text: str = CLOCKS, name: str = "clocks.md") -> GivenDocument:
    return GivenDocument(name, text.encode(), "text/markdown")


def ask(
    directory: Directory, *documents: GivenDocument, **fields: Any
) -> GenerationRequest:
    """Keep a request and its documents on the directory, as the admin's form does."""
    request = build_request(directory, fields, documents=documents or [document()])
    store_documents(directory, documents or [document()])
    directory.request = request.model_dump(mode="json")
    directory.save(update_fields=["request"])
    return request


def start(directory: Directory, text: str = CLOCKS, **fields: Any) -> GenerationRun:
    return runs.start(
        directory,
        build_request(directory, fields, documents=[document(text)]),
        trigger=GenerationRun.Trigger.COMMAND,
        user=directory.owner,
        documents=[document(text)],
    )


def say(run: GenerationRun, *batch: Command, attempt: int | None = None) -> Reply:
    """Send commands for a run, and read again what the row says now."""
    attempt = run.attempt if attempt is None else attempt
    reply = commands.apply(
        run.directory_id, CommandBatch(run_id=run.pk, attempt=attempt, commands=batch)
    )
    run.refresh_from_db()
    return reply


def stage(
    directory: Directory,
    run: GenerationRun,
    *,
    kind: RepositoryKind = "data",
    on: str | None = None,
    merged: tuple[str, ...] = (),
) -> Repository:
    """Leave what an attempt leaves that dies before it publishes."""
    repository = repositories_of(directory)[kind]
    repository.create()
    commit = Commit(
        on, "Staged", "Ada", "a@example.org", NOON, {"a": b"1"}, (), merged=merged
    )
    repository.write(commit, ref=f"{staged_refs(run.pk)}1")
    return repository


def claim(run: GenerationRun, worker: str = "host:1") -> Reply:
    return say(run, Claim(worker=worker), attempt=0)
