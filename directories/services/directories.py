"""Making and finding directories, and keeping the documents that were given for them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from directories.exceptions import NotPossible, SlugTaken
from directories.models import Directory, SourceDocument
from generation.contract.request import DocumentReference
from generation.slugs import is_slug, slugify


class GivenDocument(NamedTuple):
    """A source that somebody gave by its bytes."""

    name: str
    content: bytes
    media_type: str = ""
    url: str = ""

    def reference(self) -> DocumentReference:
        """Name it by the hash of its bytes. Raises pydantic.ValidationError."""
        return DocumentReference(
            sha256=hashlib.sha256(self.content).hexdigest(),
            name=self.name,
            url=self.url or None,
            media_type=self.media_type,
            size=len(self.content),
        )


def namespace_of(username: str) -> str:
    return slugify(username, fallback="user")


def create_directory(
    *, owner: User, slug: str, name: str, description: str = "", review: bool = False
) -> Directory:
    """Make a directory. Raises SlugTaken and NotPossible."""
    check_new(owner=owner, slug=slug)
    namespace = namespace_of(owner.get_username())
    try:
        with transaction.atomic():
            return Directory.objects.create(
                owner=owner,
                namespace=namespace,
                slug=slug,
                name=name,
                description=description,
                review=review,
            )
    except IntegrityError as exc:
        raise SlugTaken(_taken(namespace, slug, slug)) from exc


def check_new(*, owner: User, slug: str) -> None:
    """Tell whether an owner may make a directory of this slug.

    Raises SlugTaken and NotPossible.
    """
    check_slug(slug)
    namespace = namespace_of(owner.get_username())
    if other := _clash(namespace, slug):
        raise SlugTaken(_taken(namespace, slug, other))


def check_slug(slug: str) -> None:
    """Raises NotPossible."""
    if not is_slug(slug):
        raise NotPossible(
            f"{slug!r} is not a slug: use lower-case letters, digits and hyphens, at most "
            f"80 characters, for example {slugify(slug, fallback='directory')}"
        )


def update_details(directory: Directory, *, name: str, description: str) -> None:
    """Change the title and the description, if they differ."""
    if (name, description) != (directory.name, directory.description):
        directory.name, directory.description = name, description
        directory.save(update_fields=["name", "description", "updated_at"])


def set_review(directory: Directory, review: bool) -> None:
    """Say whether changes wait as proposals, or go to `main` at once."""
    if directory.review != review:
        directory.review = review
        directory.save(update_fields=["review", "updated_at"])


def store_documents(directory: Directory, documents: Iterable[GivenDocument]) -> None:
    """Keep documents by their hash; the same bytes are kept once."""
    for document in documents:
        reference = document.reference()
        SourceDocument.objects.get_or_create(
            directory=directory,
            sha256=reference.sha256,
            defaults={
                "name": document.name,
                "url": document.url,
                "media_type": document.media_type,
                "size": reference.size,
                "content": document.content,
            },
        )


def _clash(namespace: str, slug: str) -> str | None:
    """Find a directory whose repositories would lie where those of this slug would.

    `<slug>-data` and `<slug>-website` are repositories of `<slug>`, so a directory of
    such a name would write into them.
    """
    stems = {slug.removesuffix(suffix) for suffix in ("-data", "-website")}
    names = {slug, *stems, f"{slug}-data", f"{slug}-website"}
    return (
        Directory.objects.filter(namespace=namespace, slug__in=names)
        .values_list("slug", flat=True)
        .first()
    )


def _taken(namespace: str, slug: str, other: str) -> str:
    if other == slug:
        return f"there is a directory {namespace}/{slug} already; choose another slug"
    return (
        f"the repositories of {namespace}/{slug} would be those of {namespace}/{other}; "
        "choose another slug"
    )
