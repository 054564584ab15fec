"""What the API answers. Serializers describe and save nothing."""

from __future__ import annotations

from rest_framework import serializers

from directories.models import Directory, GenerationRun, RunLogLine


class DirectorySerializer(serializers.ModelSerializer[Directory]):
    owner = serializers.CharField(source="owner.get_username", read_only=True)

    class Meta:
        model = Directory
        fields = (
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
            "last_pull_request",
            "request",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields


class RunLogLineSerializer(serializers.ModelSerializer[RunLogLine]):
    class Meta:
        model = RunLogLine
        fields = ("at", "attempt", "level", "message", "facts")
        read_only_fields = fields


class RunSerializer(serializers.ModelSerializer[GenerationRun]):
    log = RunLogLineSerializer(many=True, read_only=True)

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
            "ran_on",
            "fell_back_because",
            "cancel_requested",
            "error",
            "created_at",
            "dispatched_at",
            "started_at",
            "finished_at",
            "request",
            "report",
            "log",
        )
        read_only_fields = fields
