"""What the internal API remembers, and for how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Model, QuerySet
from django.db.models.functions import Now

from directories.models import AppliedBatch, UsedNonce

# How long an answer is kept after the end of its run: a worker tries for minutes.
ANSWERS_KEPT_FOR = timedelta(hours=1)
# The most rows that one call removes, so that no call takes long.
AT_ONCE = 1000


def forget_expired_nonces() -> int:
    """Drop the nonces of signatures that are too old to be accepted again anyway."""
    old = UsedNonce.objects.filter(expires_at__lt=Now()).order_by("expires_at")
    return _delete(UsedNonce, old.values_list("pk", flat=True)[:AT_ONCE])


def forget_batches() -> int:
    """Drop the answers to batches of runs that are long over. Nobody repeats those."""
    before = Now() - ANSWERS_KEPT_FOR
    # A batch is older than its run's end: this keeps the search to the old ones, in order.
    old = AppliedBatch.objects.filter(
        applied_at__lt=before, run__finished_at__lt=before
    ).order_by("applied_at")
    return _delete(AppliedBatch, old.values_list("pk", flat=True)[:AT_ONCE])


def _delete(model: type[Model], ids: QuerySet[Any, int]) -> int:
    # Read first: a bounded subquery in a DELETE is not for every database.
    return model._default_manager.filter(pk__in=list(ids)).delete()[0]
