"""Documents that were given for a directory: listed, found and removed."""

from __future__ import annotations

import pytest

from directories.exceptions import DocumentNotFound, NotPossible, RunActive
from directories.models import Directory, GenerationRun
from directories.services import runs
from directories.services.directories import store_documents
from directories.services.documents import (
    document_called,
    documents_of,
    remove_document,
)
from tests.directories.makers import ask, document, start

OTHER = document("- [Other](https://other.example/)\n", "other.md")


def test_documents_are_listed_with_whether_they_are_read(directory: Directory) -> None:
    ask(directory)
    store_documents(directory, [OTHER])

    listed = documents_of(directory)

    assert [(each.document.name, each.is_read) for each in listed] == [
        ("clocks.md", True),
        ("other.md", False),
    ]


def test_a_document_is_called_by_its_name_or_its_hash(directory: Directory) -> None:
    ask(directory)
    kept = directory.documents.get()

    assert document_called(directory, "clocks.md") == kept
    assert document_called(directory, kept.sha256[:4]) == kept
    with pytest.raises(DocumentNotFound, match="no document fa2"):
        document_called(directory, kept.sha256[:3])


def test_one_of_several_of_a_name_is_called_by_its_hash(directory: Directory) -> None:
    ask(directory)
    ask(directory, document("- [Old](https://old.example/)\n"))

    with pytest.raises(NotPossible, match="by its hash"):
        document_called(directory, "clocks.md")


def test_a_removed_document_is_read_no_more(directory: Directory) -> None:
    ask(directory, document(), OTHER, initial_categories=["Kept"])

    remove_document(directory, OTHER.reference().sha256)

    directory.refresh_from_db()
    request = directory.request or {}
    assert [each["name"] for each in request["source_documents"]] == ["clocks.md"]
    assert request["initial_categories"] == ["Kept"]
    assert [each.document.name for each in documents_of(directory)] == ["clocks.md"]


def test_the_last_document_can_be_removed_as_well(directory: Directory) -> None:
    ask(directory, initial_categories=["Kept"])

    remove_document(directory, document().reference().sha256)

    directory.refresh_from_db()
    assert (directory.request or {})["initial_categories"] == ["Kept"]
    assert documents_of(directory) == []


def test_no_document_is_removed_while_a_run_is_active(queued: GenerationRun) -> None:
    with pytest.raises(RunActive):
        remove_document(queued.directory, document().reference().sha256)

    assert queued.directory.documents.exists()


def test_a_run_whose_documents_are_gone_is_not_repeated(directory: Directory) -> None:
    old = start(directory)
    runs.cancel(old, by="ada")
    remove_document(directory, document().reference().sha256)

    with pytest.raises(NotPossible, match=r"removed: clocks\.md"):
        runs.again(old, trigger=GenerationRun.Trigger.API, user=None)

    assert directory.runs.count() == 1
