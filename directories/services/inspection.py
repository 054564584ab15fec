"""What a run would read from one source, without a directory, a database or a trace.

It goes through the steps of a run, up to the one that makes items of entries, so that what
is shown is what a run would find.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from uuid import uuid4

from pydantic import ValidationError

from directories.exceptions import NotPossible
from directories.services.files import explain, read_sources
from directories.services.requests import build_request
from generation.contract.context import DirectoryContext, Identity, RunContext
from generation.contract.request import GenerationRequest
from generation.exceptions import SourceError
from generation.git import Repository
from generation.orchestrator import Host
from generation.pipeline import STEPS
from generation.pipeline.draft import Draft, Entry, Tools
from generation.pipeline.losses import doubts_of
from generation.repositories.data import read_data
from generation.sources.candidates import LeftOut
from generation.sources.decoding import decode_named, shown_name

# What follows needs a directory: its categories, its items, what a person did to them.
_FIRST_STEP_BEYOND = "sources-validation"


class Inspection(NamedTuple):
    """What was found. `kinds` and `encodings` have several for a folder in parts."""

    source: str
    kinds: tuple[str, ...]
    encodings: tuple[str, ...]
    size: int
    found: int
    merged: int
    items: tuple[Entry, ...]
    left_out: tuple[LeftOut, ...]
    warnings: tuple[str, ...]
    # What speaks against having understood the source.
    doubts: tuple[str, ...] = ()

    @property
    def categories(self) -> Counter[str]:
        """How many items each heading or column names, none under the empty text."""
        return Counter(item.category for item in self.items)

    @property
    def reasons(self) -> Counter[str]:
        return Counter(left.reason for left in self.left_out)


class _Contents:
    """The bytes that a run asks for, noted as they pass."""

    def __init__(self, documents: dict[str, tuple[bytes, str]], fetch: Any) -> None:
        self._documents = documents
        self._fetch: Callable[..., Any] = fetch
        self.size = 0
        self.encodings: dict[str, None] = {}

    def read_document(self, sha256: str) -> bytes:
        content, media_type = self._documents[sha256]
        self._note(content, media_type)
        return content

    def fetch(self, *args: Any, **options: Any) -> Any:
        page = self._fetch(*args, **options)
        self._note(page.content, page.content_type)
        return page

    def _note(self, content: bytes, media_type: str) -> None:
        self.size += len(content)
        try:
            decoded = decode_named(content, content_type=media_type)
        except SourceError:
            # The step that reads it says so itself.
            return
        guessed = f"{shown_name(decoded.encoding)} (guessed)"
        self.encodings[guessed if decoded.guessed else decoded.encoding] = None


def inspect(source: str, *, folder: Path, host: Host) -> Inspection:
    """Read one source as a run would. Raises DirectoryError and GenerationError."""
    given = read_sources((source,), folder=folder)
    try:
        request = build_request(
            None,
            {"name": "Inspection", "source_urls": given.urls},
            documents=given.documents,
        )
    except ValidationError as exc:
        raise NotPossible(f"the source {source}: {explain(exc)}") from exc
    contents = _Contents(
        {d.reference().sha256: (d.content, d.media_type) for d in given.documents},
        host.fetch,
    )
    draft = Draft()
    with TemporaryDirectory() as nowhere:
        tools = Tools(
            context=_context(request),
            stored=read_data(Repository(Path(nowhere, "data.git"))),
            fetch=contents.fetch,
            read_document=contents.read_document,
            progress=lambda fraction: None,
        )
        for step in takewhile(lambda step: step.name != _FIRST_STEP_BEYOND, STEPS):
            draft = step.run(draft, tools).draft
    return Inspection(
        source=source,
        kinds=tuple(dict.fromkeys(report.kind for report in draft.sources)),
        encodings=tuple(contents.encodings),
        size=contents.size,
        found=sum(report.found for report in draft.sources),
        merged=sum(report.merged for report in draft.sources),
        items=draft.entries,
        left_out=draft.left_out,
        warnings=draft.warnings,
        doubts=tuple(
            doubts_of([(e.name, e.url) for e in draft.entries], draft.left_out)
        ),
    )


def _context(request: GenerationRequest) -> RunContext:
    """Stand in for a run that nobody began: nothing of it is written anywhere."""
    return RunContext(
        run_id=uuid4(),
        attempt=1,
        clock=datetime.now(UTC),
        directory=DirectoryContext(
            id=uuid4(), namespace="nobody", slug="inspection", name=request.name
        ),
        committer=Identity(name="nobody", email="nobody@users.noreply.invalid"),
        request=request,
    )
