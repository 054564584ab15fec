"""A change that waits for a person's yes: what a forge calls a pull request."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from directories.models.directory import Directory
from directories.models.run import GenerationRun


class ProposalState(models.TextChoices):
    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class Proposal(models.Model):
    """A branch of the same name in the repositories of a directory, and what became of it.

    `repository` is the one that decides; list and website follow. `base` is the commit of
    its `main` that the branch is built on, and `heads` where the branch was left in each
    repository: when it is elsewhere, a person has been there. `summary` counts items that
    are added, changed and removed, and files. `conflicts` tells where `main` said something
    else when the proposal was last brought up to date: what `main` says stays. `note` says why
    it was decided so. `commits` are those that accepting it has put on the `main` of that
    repository, the oldest first.
    """

    class Origin(models.TextChoices):
        RUN = "run"
        EDIT = "edit"
        TAXONOMY = "taxonomy"
        IMPORT = "import"
        UNDO = "undo"

    class Forge(models.TextChoices):
        """Where it can be looked at; `url` is empty where that is here."""

        LOCAL = "local"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    directory = models.ForeignKey(
        Directory, on_delete=models.CASCADE, related_name="proposals"
    )
    number = models.PositiveIntegerField()
    origin = models.CharField(max_length=20, choices=Origin.choices)
    repository = models.CharField(max_length=20, default="data")
    forge = models.CharField(max_length=20, choices=Forge.choices, default=Forge.LOCAL)
    url = models.CharField(max_length=2000, blank=True)
    branch = models.CharField(max_length=200)
    base = models.CharField(max_length=40, blank=True)
    heads = models.JSONField(default=dict)
    title = models.CharField(max_length=500)
    body = models.TextField(blank=True)
    state = models.CharField(
        max_length=20, choices=ProposalState.choices, default=ProposalState.OPEN
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    run = models.ForeignKey(
        GenerationRun, null=True, on_delete=models.SET_NULL, related_name="proposals"
    )
    summary = models.JSONField(default=dict)
    conflicts = models.JSONField(default=list)
    commits = models.JSONField(default=list)
    note = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ("-created_at", "-number")
        permissions = (("decide_proposal", "Can accept and reject proposals"),)
        constraints = (
            models.UniqueConstraint(
                fields=("directory", "number"),
                name="proposal_is_numbered_once_a_directory",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=ProposalState.values),
                name="proposal_state_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(state=ProposalState.OPEN, decided_at=None)
                | (
                    ~models.Q(state=ProposalState.OPEN)
                    & models.Q(decided_at__isnull=False)
                ),
                name="proposal_is_decided_when_it_is_not_open",
            ),
        )

    def __str__(self) -> str:
        return f"proposal {self.number} of {self.directory}"

    @property
    def head(self) -> str:
        """Where its branch was left in the repository that decides."""
        return str(self.heads.get(self.repository, ""))

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.branch}"
