"""The documents that were given for a directory: which there are, and taking one away."""

from __future__ import annotations

from typing import NamedTuple

from django.db import transaction

from directories.exceptions import DocumentNotFound, NotPossible
from directories.models import Directory, SourceDocument
from directories.services.requests import edit_request, kept_request
from directories.services.runs import refuse_while_active

# As many as name a run.
FEWEST_DIGITS = 4


class Kept(NamedTuple):
    """A document, and whether the next run reads it. The others belong to earlier runs."""

    document: SourceDocument
    is_read: bool

    def as_entry(self) -> dict[str, str | int | bool]:
        """Describe it as JSON."""
        document = self.document
        return {
            "sha256": document.sha256,
            "name": document.name,
            "url": document.url,
            "media_type": document.media_type,
            "size": document.size,
            "created_at": document.created_at.isoformat(),
            "is_read": self.is_read,
        }


def documents_of(directory: Directory) -> list[Kept]:
    """List the documents of a directory by name, without their bytes."""
    kept = kept_request(directory)
    read = {each.sha256 for each in kept.request.source_documents} if kept else set()
    return [
        Kept(document, document.sha256 in read)
        for document in directory.documents.defer("content").order_by("name", "pk")
    ]


def document_called(directory: Directory, name: str) -> SourceDocument:
    """Find a document by its name, or by the beginning of its hash.

    Raises DocumentNotFound, and NotPossible where it may be one of several.
    """
    found = list(directory.documents.filter(name=name)[:2])
    if not found and len(name) >= FEWEST_DIGITS:
        found = list(directory.documents.filter(sha256__startswith=name)[:2])
    if not found:
        raise DocumentNotFound(f"{directory} has no document {name}")
    if len(found) > 1:
        raise NotPossible(
            f"{directory} has several documents {name}; name one by its hash"
        )
    return found[0]


def remove_document(directory: Directory, sha256: str) -> None:
    """Take a document away for good: no run reads it any more.

    Raises DocumentNotFound and RunActive.
    """
    with transaction.atomic():
        directory = Directory.objects.select_for_update().get(pk=directory.pk)
        refuse_while_active(directory)
        if not directory.documents.filter(sha256=sha256).delete()[0]:
            raise DocumentNotFound(f"{directory} has no document {sha256}")
        if (kept := kept_request(directory)) is None:
            return
        documents = kept.request.source_documents
        left = tuple(each for each in documents if each.sha256 != sha256)
        if left != documents:
            request = kept.request.model_copy(update={"source_documents": left})
            edit_request(directory, request.model_dump(mode="json"))
