"""Stand-ins that tests pass in: a run's operations in memory, and a page or two."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from generation.contract.commands import Command, Reply
from generation.contract.context import DirectoryContext, Identity, RunContext
from generation.contract.request import DocumentReference, GenerationRequest
from generation.exceptions import SourceUnreachable
from generation.orchestrator import Host
from generation.sources.fetch import Page, Stop

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
RUN_ID = UUID("00000000-0000-4000-8000-000000000001")
DIRECTORY_ID = UUID("00000000-0000-4000-8000-000000000002")

CLOCKS = """\
# Clocks

## Sundials

- [Horizontal](https://example.org/horizontal) - Lies flat in the garden. `stone`
- [Vertical](https://example.org/vertical) - Hangs on a wall.

## Water clocks

- [Clepsydra](https://example.org/clepsydra) - Drips the hours away.
"""


class FakeOperations:
    """Keeps what a run says, and what it puts away.

    `cancel_at` cancels it when it reaches that step.
    """

    def __init__(self, context: RunContext, documents: dict[str, bytes]) -> None:
        self.context = context
        self.documents = documents
        self.said: list[Command] = []
        self.cancel_at = ""
        self.checkpoint: bytes | None = None

    def claim(self, worker: str) -> Reply:
        return self._reply()

    def fetch_context(self) -> RunContext:
        return self.context

    def fetch_document(self, sha256: str) -> bytes:
        return self.documents[sha256]

    def send(self, *commands: Command) -> Reply:
        self.said.extend(commands)
        return self._reply()

    def load_checkpoint(self) -> bytes | None:
        return self.checkpoint

    def save_checkpoint(self, content: bytes) -> None:
        self.checkpoint = content

    def release(self) -> None:
        """Nothing is held."""

    def last(self, kind: type[Command]) -> Command:
        return next(command for command in reversed(self.said) if type(command) is kind)

    def _reply(self) -> Reply:
        steps = {getattr(command, "step", "") for command in self.said}
        cancel = bool(self.cancel_at) and self.cancel_at in steps
        expires = NOON + timedelta(minutes=1)
        return Reply(attempt=1, cancel=cancel, lease_expires_at=expires)


def make_run(
    *documents: tuple[str, str],
    clock: datetime = NOON,
    slug: str = "clocks",
    name: str = "Clocks",
    description: str = "Things that tell the time.",
    previous_prompt: str = "",
    **request: object,
) -> FakeOperations:
    """A run over inline documents, each given as (name, text)."""
    contents = {
        hashlib.sha256(text.encode()).hexdigest(): text.encode()
        for _, text in documents
    }
    references = [
        DocumentReference(
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            name=document,
            size=len(text.encode()),
        )
        for document, text in documents
    ]
    context = RunContext(
        run_id=RUN_ID,
        attempt=1,
        clock=clock,
        directory=DirectoryContext(
            id=DIRECTORY_ID,
            namespace="ada",
            slug=slug,
            name=name,
            description=description,
        ),
        committer=Identity(name="Ada", email="ada@example.org"),
        request=GenerationRequest.model_validate(
            {"name": name, "source_documents": references, **request}
        ),
        previous_prompt=previous_prompt,
    )
    return FakeOperations(context, contents)


def make_host(git_root: Path, pages: dict[str, str] | None = None) -> Host:
    """A host whose network is a dictionary of pages."""

    def fetch(url: str, *, typed: bool = True, stop: Stop | None = None) -> Page:
        if url not in (pages or {}):
            raise SourceUnreachable(
                f"{url} answered with status 404; check the address"
            )
        content = (pages or {})[url].encode()
        return Page(requested_url=url, url=url, content_type="", content=content)

    return Host(git_root=git_root, fetch=fetch, heartbeat_seconds=60, name="test:1")
