"""What the API accepts, beside the generation request itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter

from directories.services.directories import GivenDocument
from directories.services.requests import SourceChange
from generation.contract.request import (
    MAX_DOCUMENT_BYTES,
    Asked,
    Description,
    Label,
)
from generation.contract.values import HttpUrl


def _fits(text: str) -> str:
    """Refuse what is too large in bytes: `max_length` counts characters."""
    if len(text.encode()) > MAX_DOCUMENT_BYTES:
        raise ValueError(f"may have at most {MAX_DOCUMENT_BYTES} bytes in UTF-8")
    return text


class NewDirectory(Asked):
    """Without a slug, one is made from the name."""

    name: Label
    slug: Annotated[str, StringConstraints(max_length=80)] = ""
    description: Description = ""
    review: bool = False


class Switches(Asked):
    """What may be changed about a directory without a run."""

    review: bool


# The commit that was shown to the person who decides about a proposal.
Head = Annotated[str, StringConstraints(pattern="^[0-9a-f]{40}$")]


class Acceptance(Asked):
    """Without items, all that is proposed is accepted; a `merge` keeps its commits."""

    head: Head | None = None
    items: Annotated[tuple[Label, ...], Field(max_length=10_000)] | None = None
    method: Literal["squash", "merge"] = "squash"


class Rejection(Asked):
    head: Head | None = None
    reason: Annotated[str, StringConstraints(max_length=2000)] = ""


class AdoptedRepository(Asked):
    """The URL of a data repository; without a slug, one is made from it.

    With `accept_losses` it is adopted even if most of it cannot be read.
    """

    url: HttpUrl
    accept_losses: bool = False
    slug: Annotated[str, StringConstraints(max_length=80)] = ""
    name: Annotated[str, StringConstraints(max_length=200)] = ""
    description: Annotated[str, StringConstraints(max_length=500)] = ""


class Inspect(Asked):
    url: HttpUrl


class Undo(Asked):
    """With `keep_edits`, what was changed since the run stays, and the rest is undone."""

    keep_edits: bool = False


class InlineDocument(Asked):
    """A source by its text. `url` is where it was taken from, for relative links."""

    name: Label
    text: Annotated[str, StringConstraints(min_length=1), AfterValidator(_fits)]
    media_type: Annotated[str, StringConstraints(max_length=200)] = ""
    url: HttpUrl | None = None

    def given(self) -> GivenDocument:
        content = self.text.encode()
        media_type = self.media_type.partition(";")[0].strip()
        return GivenDocument(self.name, content, media_type, self.url or "")


class Import(InlineDocument):
    """`duplicates`: leave items alone that are there, or bring them up to date."""

    duplicates: Literal["skip", "update"] = "skip"


class SourceEdits(Asked):
    """Single sources that come to those that are kept, and that go."""

    add_sources: Annotated[tuple[HttpUrl, ...], Field(max_length=100)] = ()
    add_documents: Annotated[tuple[InlineDocument, ...], Field(max_length=100)] = ()
    remove_sources: Annotated[
        tuple[Annotated[str, StringConstraints(min_length=1, max_length=2000)], ...],
        Field(max_length=200),
    ] = ()


class _Documents(Asked):
    source_documents: Annotated[tuple[InlineDocument, ...], Field(max_length=100)]


_documents = TypeAdapter(_Documents)


def inline_documents(body: dict[str, Any]) -> list[GivenDocument] | None:
    """Take the documents out of a request's body. None where it names none."""
    if "source_documents" not in body:
        return None
    value = {"source_documents": body.pop("source_documents")}
    return [d.given() for d in _documents.validate_python(value).source_documents]


def source_change(body: dict[str, Any]) -> SourceChange:
    """Take out of a request's body what it says of single sources."""
    named = {name: body.pop(name) for name in SourceEdits.model_fields if name in body}
    edits = SourceEdits.model_validate(named)
    return SourceChange(
        urls=edits.add_sources,
        documents=tuple(document.given() for document in edits.add_documents),
        removed=edits.remove_sources,
    )
