"""What the API answers. Serializers describe and save nothing."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from directories import services
from directories.models import Directory, GenerationRun, Proposal, RunLogLine
from directories.services import history
from directories.services.oversize import oversize_of


class DirectorySerializer(serializers.ModelSerializer[Directory]):
    owner = serializers.CharField(source="owner.get_username", read_only=True)

    class Meta:
        model = Directory
        fields: tuple[str, ...] = (
            "id",
            "owner",
            "namespace",
            "slug",
            "name",
            "description",
            "generate_status",
            "generation_started_at",
            "generation_finished_at",
            "items_count",
            "categories_count",
            "tags_count",
            "review",
            "last_pull_request",
            "request",
            "created_at",
            "updated_at",
        )
        read_only_fields: tuple[str, ...] = fields


class DirectoryDetailSerializer(DirectorySerializer):
    """One directory, with what is too large in its repositories to be read."""

    problems = serializers.SerializerMethodField()

    class Meta(DirectorySerializer.Meta):
        fields = (*DirectorySerializer.Meta.fields, "problems")
        read_only_fields = fields

    def get_problems(self, directory: Directory) -> list[str]:
        return list(oversize_of(directory))


class RunLogLineSerializer(serializers.ModelSerializer[RunLogLine]):
    class Meta:
        model = RunLogLine
        fields = ("id", "at", "attempt", "level", "message", "facts")
        read_only_fields = fields


class RunSummarySerializer(serializers.ModelSerializer[GenerationRun]):
    """A run in a list: how it stands, without what it was asked and what it found."""

    where = serializers.SerializerMethodField()

    class Meta:
        model = GenerationRun
        fields = (
            "id",
            "directory",
            "state",
            "step",
            "percent",
            "counts",
            "metrics",
            "attempt",
            "trigger",
            "where",
            "ran_on",
            "fell_back_because",
            "retry_of",
            "cancel_requested",
            "error",
            "created_at",
            "dispatched_at",
            "not_before",
            "started_at",
            "finished_at",
        )
        read_only_fields: tuple[str, ...] = fields

    def get_where(self, run: GenerationRun) -> str:
        return history.where(run)


class RunSerializer(RunSummarySerializer):
    """All of a run. `history` has its waits, attempts and steps, in seconds."""

    log = RunLogLineSerializer(many=True, read_only=True)
    history = serializers.SerializerMethodField()

    class Meta(RunSummarySerializer.Meta):
        fields = (  # type: ignore[assignment]
            *RunSummarySerializer.Meta.fields,
            "history",
            "request",
            "report",
            "log",
        )
        read_only_fields = fields

    def get_history(self, run: GenerationRun) -> dict[str, Any]:
        facts = history.facts_of(run)
        return facts._asdict() | {
            "attempts": [attempt._asdict() for attempt in facts.attempts],
            "steps": [step._asdict() for step in facts.steps],
        }


class ProposalSerializer(serializers.ModelSerializer[Proposal]):
    """A proposal as it stands. `summary` counts items and other files."""

    author = serializers.SerializerMethodField()
    decided_by = serializers.SerializerMethodField()

    class Meta:
        model = Proposal
        fields = (
            "id",
            "directory",
            "number",
            "state",
            "origin",
            "title",
            "body",
            "repository",
            "forge",
            "url",
            "branch",
            "base",
            "heads",
            "commits",
            "author",
            "run",
            "summary",
            "conflicts",
            "note",
            "created_at",
            "updated_at",
            "decided_at",
            "decided_by",
        )
        read_only_fields: tuple[str, ...] = fields

    def get_author(self, proposal: Proposal) -> str | None:
        return proposal.author.get_username() if proposal.author else None

    def get_decided_by(self, proposal: Proposal) -> str | None:
        return proposal.decided_by.get_username() if proposal.decided_by else None


class ProposalDetailSerializer(ProposalSerializer):
    """All of a proposal: `difference` is by item and field, and by file."""

    difference = serializers.SerializerMethodField()

    class Meta(ProposalSerializer.Meta):
        fields = (*ProposalSerializer.Meta.fields, "difference")  # type: ignore[assignment]
        read_only_fields = fields

    def get_difference(self, proposal: Proposal) -> dict[str, Any]:
        return services.descriptions.describe(proposal)
