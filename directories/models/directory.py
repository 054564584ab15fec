"""A directory, and the documents that were given for it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models

from generation.contract.commands import GenerateStatus
from generation.slugs import is_slug


def valid_slug(value: str) -> None:
    if not is_slug(value):
        raise ValidationError(
            "Use lower-case letters, digits and hyphens, at most 80 characters."
        )


class DirectoryQuerySet(models.QuerySet["Directory"]):
    def owned_by(self, user: User) -> DirectoryQuerySet:
        """What a user may see over the API: their own, whatever their rank."""
        return self.filter(owner_id=user.pk)


class Directory(models.Model):
    """A curated collection of links, kept in three git repositories.

    `namespace` is fixed when the directory is made, so that a user who changes their name
    does not move repositories. `request` is the last generation request with which a run has read something,
    or what somebody has said in the admin's form since.
    """

    class Status(models.TextChoices):
        """Values of the *ever-works* platform; empty before the first run."""

        GENERATING = GenerateStatus.GENERATING.value
        GENERATED = GenerateStatus.GENERATED.value
        ERROR = GenerateStatus.ERROR.value
        CANCELLED = GenerateStatus.CANCELLED.value

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="directories"
    )
    namespace = models.CharField(max_length=80, validators=[valid_slug], editable=False)
    slug = models.CharField(max_length=80, validators=[valid_slug])
    name = models.CharField(max_length=200)
    description = models.CharField(max_length=500, blank=True)
    request = models.JSONField(null=True, blank=True, editable=False)
    generate_status = models.CharField(
        max_length=20, choices=Status.choices, blank=True, editable=False
    )
    generation_started_at = models.DateTimeField(null=True, editable=False)
    generation_finished_at = models.DateTimeField(null=True, editable=False)
    items_count = models.PositiveIntegerField(default=0, editable=False)
    categories_count = models.PositiveIntegerField(default=0, editable=False)
    tags_count = models.PositiveIntegerField(default=0, editable=False)
    review = models.BooleanField(
        default=False,
        help_text="Changes wait as proposals until somebody accepts them.",
    )
    last_pull_request = models.JSONField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = DirectoryQuerySet.as_manager()

    class Meta:
        ordering = ("namespace", "slug")
        verbose_name_plural = "directories"
        permissions = (("generate_directory", "Can generate directory"),)
        constraints = (
            models.UniqueConstraint(
                fields=("namespace", "slug"),
                name="directory_slug_is_unique_in_namespace",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    generate_status__in=["", *(value.value for value in GenerateStatus)]
                ),
                name="directory_generate_status_is_known",
            ),
        )

    def __str__(self) -> str:
        return f"{self.namespace}/{self.slug}"


class SourceDocument(models.Model):
    """The bytes of a source that somebody gave: inline text, an upload, a local file.

    Rows are never changed: a run names the ones it reads by their hash.
    """

    directory = models.ForeignKey(
        Directory, on_delete=models.CASCADE, related_name="documents"
    )
    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    url = models.CharField(max_length=2000, blank=True)
    media_type = models.CharField(max_length=200, blank=True)
    size = models.PositiveIntegerField()
    content = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("directory", "name")
        constraints = (
            models.UniqueConstraint(
                fields=("directory", "sha256"),
                name="document_is_stored_once_a_directory",
            ),
            models.CheckConstraint(
                condition=models.Q(size__gt=0), name="document_is_not_empty"
            ),
        )

    def __str__(self) -> str:
        return self.name
