"""What the internal API has to remember: nonces, batches and who is there."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models.functions import Cast, Concat, Now

from directories.models.run import GenerationRun, RunState

ALIVE_FOR = timedelta(seconds=150)


class UsedNonce(models.Model):
    """A signature that was accepted, so that it is not accepted again.

    A row and not a cache entry: a cache forgets when it is full.
    """

    key_id = models.CharField(max_length=16)
    nonce = models.CharField(max_length=64)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("key_id", "nonce"), name="nonce_is_used_once"
            ),
        )

    def __str__(self) -> str:
        return self.nonce


class AppliedBatch(models.Model):
    """A batch of commands that took effect, and what was answered."""

    run = models.ForeignKey(
        GenerationRun, on_delete=models.CASCADE, related_name="batches"
    )
    key = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    reply = models.JSONField()
    applied_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("run", "key"), name="batch_is_applied_once"
            ),
        )

    def __str__(self) -> str:
        return self.key


class WorkerQuerySet(models.QuerySet["Worker"]):
    def alive(self) -> WorkerQuerySet:
        """Heard of lately, or holding a run, by the database's clock."""
        name = Concat("host", models.Value(":"), Cast("pid", models.CharField()))
        runs = GenerationRun.objects.filter(
            state=RunState.RUNNING, lease_expires_at__gt=Now()
        )
        return self.alias(name=name).filter(
            models.Q(last_seen_at__gt=Now() - ALIVE_FOR)
            | models.Exists(runs.filter(ran_on=models.OuterRef("name")))
        )


class Worker(models.Model):
    """A process that makes directories, as it described itself."""

    host = models.CharField(max_length=200)
    pid = models.PositiveIntegerField()
    queue = models.CharField(max_length=200)
    queue_key = models.CharField(max_length=8)
    version = models.PositiveIntegerField()
    last_seen_at = models.DateTimeField(db_index=True)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ("-last_seen_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("host", "pid"), name="worker_is_known_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"
