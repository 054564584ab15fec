"""A run, its attempts and its log."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from directories.models.directory import Directory


class RunState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


# How long a run may wait for a worker before another may take its place.
UNCLAIMED_FOR = timedelta(minutes=10)
# The same while no worker takes messages.
UNCLAIMED_WITHOUT_WORKERS_FOR = timedelta(minutes=1)
MAX_ATTEMPTS = 3
ACTIVE = (RunState.QUEUED.value, RunState.RUNNING.value)


class GenerationRunQuerySet(models.QuerySet["GenerationRun"]):
    def active(self) -> GenerationRunQuerySet:
        return self.filter(state__in=ACTIVE)

    def lost(
        self, *, unclaimed_for: timedelta = UNCLAIMED_FOR
    ) -> GenerationRunQuerySet:
        """Active, but silent for longer than the lease. The database's clock decides.

        A run that nobody claims is lost, too: soon when it was to be made in process,
        after `unclaimed_for` when it was handed to a queue, which may have forgotten it.
        While it waits for a time that was set, nobody is to claim it.
        """
        lease = timedelta(seconds=settings.RUN_LEASE_SECONDS)
        silent = models.Q(state=RunState.RUNNING, lease_expires_at__lt=Now())
        forgotten = models.Q(dispatched_at=None, created_at__lt=Now() - lease) & (
            models.Q(not_before=None) | models.Q(not_before__lt=Now() - lease)
        )
        unclaimed = models.Q(dispatched_at__lt=Now() - unclaimed_for) & (
            models.Q(not_before=None) | models.Q(not_before__lt=Now() - unclaimed_for)
        )
        waiting = models.Q(state=RunState.QUEUED) & (forgotten | unclaimed)
        return self.filter(silent | waiting)

    def silent(self) -> GenerationRunQuerySet:
        """Running, but not heard of for longer than the lease."""
        return self.filter(state=RunState.RUNNING, lease_expires_at__lt=Now())

    def due(self) -> GenerationRunQuerySet:
        """Waiting, and no longer for a time that was set."""
        is_time = models.Q(not_before=None) | models.Q(not_before__lte=Now())
        return self.filter(is_time, state=RunState.QUEUED)

    def claimable(self) -> GenerationRunQuerySet:
        """To be had by whoever asks first.

        A cancelled one is not, unless something of it may be half published.
        """
        wanted = models.Q(cancel_requested=False) | models.Q(
            planned_commits__isnull=False
        )
        waiting = models.Q(state=RunState.QUEUED)
        silent = models.Q(state=RunState.RUNNING, lease_expires_at__lt=Now())
        return self.filter(wanted, waiting | silent, attempt__lt=MAX_ATTEMPTS)


class GenerationRun(models.Model):
    """One request, on its way or done.

    `attempt` is the number of the attempt that holds the run, 0 before the first claim; a
    command of an older attempt is refused. `clock` is the time of the first claim, the only
    time that a run may write into a repository. `dispatched_at` is empty for a run that was
    made in process; `fell_back_because` says why, when a worker was to make it. `unclaimed`
    counts how often it was handed to the queue since an attempt last began. `not_before` is
    when the next attempt may begin. `keeps_request` says that the directory keeps the request
    once the run has read something; an edit of what the directory keeps switches it off.
    `retry_of` is the run that this one repeats.
    `tidied_at` says that nothing of it lies about any more.
    """

    class Trigger(models.TextChoices):
        ADMIN = "admin"
        API = "api"
        COMMAND = "command"
        SCHEDULE = "schedule"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    directory = models.ForeignKey(
        Directory, on_delete=models.CASCADE, related_name="runs"
    )
    state = models.CharField(
        max_length=20, choices=RunState.choices, default=RunState.QUEUED
    )
    request = models.JSONField()
    request_fingerprint = models.CharField(max_length=64)
    keeps_request = models.BooleanField(default=True, db_default=True)
    trigger = models.CharField(max_length=20, choices=Trigger.choices)
    triggered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    ran_on = models.CharField(max_length=200, blank=True)
    fell_back_because = models.CharField(max_length=500, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True)
    clock = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    unclaimed = models.PositiveSmallIntegerField(default=0)
    retry_of = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="retries"
    )
    cancel_requested = models.BooleanField(default=False)
    step = models.CharField(max_length=100, blank=True)
    percent = models.PositiveSmallIntegerField(default=0)
    counts = models.JSONField(default=dict)
    metrics = models.JSONField(default=dict)
    report = models.JSONField(null=True)
    planned_commits = models.JSONField(null=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    dispatched_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    tidied_at = models.DateTimeField(null=True)

    objects = GenerationRunQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(
                fields=("finished_at",),
                condition=models.Q(tidied_at=None),
                name="runs_to_be_tidied",
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("directory",),
                condition=models.Q(state__in=ACTIVE),
                name="one_active_run_a_directory",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=RunState.values), name="run_state_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(percent__lte=100), name="run_percent_is_at_most_100"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=ACTIVE, finished_at=None)
                | (~models.Q(state__in=ACTIVE) & models.Q(finished_at__isnull=False)),
                name="run_is_finished_when_it_is_over",
            ),
        )

    def __str__(self) -> str:
        return f"run of {self.directory}, {self.state}"

    @property
    def is_over(self) -> bool:
        return self.state not in ACTIVE


class RunAttempt(models.Model):
    """One process' try at a run. `reason` says why it ended, when not by success."""

    run = models.ForeignKey(
        GenerationRun, on_delete=models.CASCADE, related_name="attempts"
    )
    number = models.PositiveIntegerField()
    worker = models.CharField(max_length=200)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, blank=True)
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ("run", "number")
        constraints = (
            models.UniqueConstraint(
                fields=("run", "number"), name="attempt_is_numbered_once_a_run"
            ),
        )

    def __str__(self) -> str:
        return f"attempt {self.number}"


class RunLogLine(models.Model):
    """What a run said of itself, in the order it said it."""

    class Level(models.TextChoices):
        INFO = "info"
        WARNING = "warning"
        ERROR = "error"

    run = models.ForeignKey(GenerationRun, on_delete=models.CASCADE, related_name="log")
    attempt = models.PositiveIntegerField()
    at = models.DateTimeField(auto_now_add=True)
    level = models.CharField(max_length=10, choices=Level.choices)
    message = models.CharField(max_length=2000)
    facts = models.JSONField(default=dict)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.message
