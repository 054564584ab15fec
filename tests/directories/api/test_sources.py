"""Sources over the API: single ones come and go, documents are listed, given and removed."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from directories.models import Directory, GenerationRun, SourceDocument
from tests.directories.makers import PRIVATE_URL, ask, document
from tests.fakes import CLOCKS

pytestmark = pytest.mark.django_db(transaction=True)
OTHER = {"name": "other.md", "text": "- [Other](https://other.example/) - One more."}


def generate(client: APIClient, directory: Directory, body: Any) -> Any:
    return client.post(reverse("generate", args=[directory.pk]), body)


def kept(directory: Directory) -> list[str]:
    directory.refresh_from_db()
    request = directory.request or {}
    names = [each["name"] for each in request["source_documents"]]
    return [*request["source_urls"], *names]


def address(directory: Directory, document: SourceDocument) -> str:
    return reverse("document", args=[directory.pk, document.sha256])


def test_sources_are_added_and_removed(api: APIClient, directory: Directory) -> None:
    ask(directory)

    added = {"add_sources": [PRIVATE_URL], "add_documents": [OTHER]}
    first = generate(api, directory, added).json()
    three = kept(directory)
    removed = {"remove_sources": ["clocks.md", PRIVATE_URL]}
    second = generate(api, directory, removed).json()

    assert (first["state"], second["state"]) == ("succeeded", "succeeded")
    assert three == [PRIVATE_URL, "clocks.md", "other.md"]
    assert kept(directory) == ["other.md"]


def test_a_source_that_is_not_there_cannot_be_removed(
    api: APIClient, directory: Directory
) -> None:
    ask(directory)

    response = generate(api, directory, {"remove_sources": ["gone.md"]})

    assert response.status_code == 422
    assert "gone.md is none of the sources" in response.json()["detail"]
    assert not directory.runs.exists()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"add_sources": "https://a.example/"}, "/add_sources"),
        ({"add_sources": ["ftp://a.example/"]}, "/add_sources/0"),
        ({"add_documents": [{"name": "a.md"}]}, "/add_documents/0/text"),
        ({"remove_sources": [1]}, "/remove_sources/0"),
        ({"source_urls": 5, "add_sources": ["https://a.example/"]}, "/source_urls"),
    ],
)
def test_what_is_wrong_with_a_source_is_pointed_at(
    api: APIClient, directory: Directory, body: dict[str, Any], pointer: str
) -> None:
    ask(directory)

    response = generate(api, directory, body)

    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == pointer


def test_a_mistyped_source_leaves_the_kept_ones(
    api: APIClient, directory: Directory
) -> None:
    ask(directory)

    body = {"source_urls": [PRIVATE_URL], "source_documents": []}
    failed = generate(api, directory, body).json()
    again = generate(api, directory, {}).json()

    assert (failed["state"], again["state"]) == ("failed", "succeeded")
    assert kept(directory) == ["clocks.md"]


@pytest.mark.parametrize("body", [{"prompt": "clocks"}, {"prompt": "x", "name": "C"}])
def test_a_prompt_alone_is_refused(
    api: APIClient, directory: Directory, body: dict[str, Any]
) -> None:
    response = generate(api, directory, body)

    assert response.status_code == 422
    assert "a prompt alone finds nothing" in response.json()["detail"]
    assert not directory.runs.exists()


def test_documents_are_listed(api: APIClient, directory: Directory) -> None:
    ask(directory)

    response = api.get(reverse("documents", args=[directory.pk]))

    (entry,) = response.json()["results"]
    assert entry["name"] == "clocks.md"
    assert entry["sha256"] == document().reference().sha256
    assert entry["size"] == len(CLOCKS)
    assert entry["is_read"] is True


def test_a_document_is_given_as_a_file_and_never_as_a_page(
    api: APIClient, directory: Directory
) -> None:
    ask(directory, document("<script>alert(1)</script>", 'a/"b".html'))

    response = api.get(address(directory, SourceDocument.objects.get()))

    assert response.content == b"<script>alert(1)</script>"
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]


def test_a_document_is_removed(api: APIClient, directory: Directory) -> None:
    ask(directory, document(), document("- [O](https://o.example/)", "other.md"))

    response = api.delete(address(directory, SourceDocument.objects.all()[0]))

    assert response.status_code == 204
    assert kept(directory) == ["other.md"]


def test_a_document_of_an_active_run_stays(
    api: APIClient, queued: GenerationRun
) -> None:
    found = SourceDocument.objects.get()

    response = api.delete(address(queued.directory, found))

    assert response.status_code == 409
    assert SourceDocument.objects.exists()


def test_documents_of_others_are_not_there(
    strangers_api: APIClient, directory: Directory
) -> None:
    ask(directory)
    path = address(directory, SourceDocument.objects.get())

    assert strangers_api.get(path).status_code == 404
    assert strangers_api.delete(path).status_code == 404
    assert SourceDocument.objects.exists()
