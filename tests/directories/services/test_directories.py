"""Making directories, and keeping what was given for them."""

from __future__ import annotations

import hashlib

import pytest
from django.contrib.auth.models import User
from pydantic import ValidationError

from directories.exceptions import DirectoryError, NotPossible, SlugTaken
from directories.models import Directory, SourceDocument
from directories.services.directories import (
    GivenDocument,
    check_new,
    create_directory,
    namespace_of,
    store_documents,
    update_details,
)
from directories.services.requests import build_request
from tests.directories.makers import ask, document


def test_directory_lies_under_its_owners_name(owner: User) -> None:
    directory = create_directory(
        owner=owner, slug="clocks", name="Clocks", description="Time."
    )

    directory.refresh_from_db()
    assert str(directory) == "ada/clocks"
    assert (directory.name, directory.description) == ("Clocks", "Time.")
    assert directory.generate_status == ""


def test_namespace_stays_when_the_owner_changes_their_name(
    owner: User, directory: Directory
) -> None:
    owner.username = "countess"
    owner.save()

    directory.refresh_from_db()
    assert directory.namespace == "ada"


@pytest.mark.parametrize(
    ("username", "namespace"),
    [
        ("ada", "ada"),
        ("Ada.Lovelace@example.org", "ada-lovelace-example-org"),
        ("git", "git-user"),
        ("../../etc", "etc"),
    ],
)
def test_namespace_is_a_slug_of_the_user_name(username: str, namespace: str) -> None:
    assert namespace_of(username) == namespace


@pytest.mark.parametrize(
    "slug", ["", "Clocks", "a b", "../clocks", "a/b", "con", "c" * 81, "-", "clocks\n"]
)
def test_what_is_not_a_slug_is_refused_with_one_that_is(owner: User, slug: str) -> None:
    with pytest.raises(NotPossible, match=r"is not a slug.*for example [a-z0-9-]+$"):
        create_directory(owner=owner, slug=slug, name="Clocks")

    assert not Directory.objects.exists()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("clocks", "clocks"),
        ("clocks", "clocks-data"),
        ("clocks", "clocks-website"),
        ("clocks-data", "clocks"),
        ("clocks-website", "clocks"),
    ],
)
def test_slug_whose_repositories_are_anothers_is_refused(
    owner: User, first: str, second: str
) -> None:
    create_directory(owner=owner, slug=first, name="First")

    with pytest.raises(SlugTaken, match=f"ada/{second}.*choose another slug") as taken:
        create_directory(owner=owner, slug=second, name="Second")

    assert f"ada/{first}" in str(taken.value)
    assert Directory.objects.get().slug == first


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("clocks", "clocks-dataset"),
        ("clocks-data", "clocks-website"),
        ("clocks", "data"),
        ("clocks-data", "clocks-data-data-data"),
    ],
)
def test_slug_whose_repositories_are_its_own_is_free(
    owner: User, first: str, second: str
) -> None:
    create_directory(owner=owner, slug=first, name="First")

    assert create_directory(owner=owner, slug=second, name="Second").slug == second


def test_same_slug_of_another_owner_is_free(owner: User, stranger: User) -> None:
    create_directory(owner=owner, slug="clocks", name="Clocks")

    other = create_directory(owner=stranger, slug="clocks", name="Clocks")

    assert str(other) == "bob/clocks"


def test_owners_who_share_a_namespace_do_not_share_a_slug(
    owner: User, directory: Directory
) -> None:
    namesake = User.objects.create_user("Ada")

    with pytest.raises(SlugTaken):
        check_new(owner=namesake, slug=directory.slug)


def test_document_is_kept_by_its_hash(directory: Directory) -> None:
    given = GivenDocument(
        "clocks.md", b"text", "text/markdown", "https://example.org/c"
    )

    store_documents(directory, [given])

    kept = directory.documents.get()
    assert kept.sha256 == hashlib.sha256(b"text").hexdigest()
    assert (bytes(kept.content), kept.size) == (b"text", 4)
    assert (kept.name, kept.media_type) == ("clocks.md", "text/markdown")
    assert kept.url == "https://example.org/c"


def test_same_bytes_are_kept_once(directory: Directory) -> None:
    store_documents(directory, [document("text", "one.md"), document("text", "two.md")])
    store_documents(directory, [document("text", "three.md"), document("more")])

    assert [d.name for d in directory.documents.all()] == ["clocks.md", "one.md"]


def test_each_directory_keeps_its_own_documents(
    directory: Directory, stranger: User
) -> None:
    other = create_directory(owner=stranger, slug="watches", name="Watches")

    store_documents(directory, [document("text")])
    store_documents(other, [document("text")])

    assert SourceDocument.objects.count() == 2


def test_details_are_changed(directory: Directory) -> None:
    update_details(directory, name="Watches", description="Smaller.")

    directory.refresh_from_db()
    assert (directory.name, directory.description) == ("Watches", "Smaller.")


# --- requests


def test_given_fields_replace_and_the_others_stay(directory: Directory) -> None:
    ask(directory, prompt="clocks", initial_categories=["Sundials"])

    request = build_request(directory, {"prompt": "watches"})

    assert request.prompt == "watches"
    assert request.initial_categories == ("Sundials",)
    assert [d.name for d in request.source_documents] == ["clocks.md"]


def test_given_documents_replace_the_kept_ones(directory: Directory) -> None:
    ask(directory)

    request = build_request(directory, {}, documents=[document("text", "other.md")])

    assert [d.name for d in request.source_documents] == ["other.md"]


def test_request_follows_the_directorys_name(directory: Directory) -> None:
    ask(directory)
    update_details(directory, name="Watches", description="")

    assert build_request(directory, {}).name == "Watches"


def test_directory_without_a_request_has_nothing_to_generate(
    directory: Directory,
) -> None:
    with pytest.raises(ValidationError, match="give a prompt, source_urls or a source"):
        build_request(directory, {})


@pytest.mark.parametrize(
    ("error", "status"), [(NotPossible("no"), 422), (SlugTaken("taken"), 422)]
)
def test_refusal_carries_its_status(error: DirectoryError, status: int) -> None:
    assert error.status == status
