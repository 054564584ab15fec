"""What nobody else will do: take up lost runs, hand over waiting ones, clear away.

Several sweeps at once do no harm: each thing is done by one guarded UPDATE, or can be done
twice.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from directories.exceptions import DirectoryBusy, NotPossible
from directories.models import GenerationRun, RunState
from directories.services import (
    adopting,
    attempts,
    checkpoints,
    execution,
    memory,
    queueing,
    runs,
)
from directories.services.locking import locked
from directories.services.proposing import repositories_of
from generation import dispatch
from generation.contract.commands import Outcome, PublishBegin, RepositoryKind
from generation.exceptions import CannotDispatch, RepositoryError
from generation.git import Repository
from generation.publish import (
    HANDS,
    forget_refs,
    forget_staged,
    put_back_half,
)

log = structlog.get_logger(__name__)

# A run that was handed over is handed over again after so long: soon when the queue is
# empty and has thus lost it, or when nobody takes messages; later when it may simply be a
# long queue.
SOON = timedelta(seconds=60)
LATER = timedelta(minutes=10)
MOST_UNCLAIMED = 5
# How many ended runs one sweep tidies up after.
TIDIES = 50
# How long it waits for people's edits of a directory, in seconds, before it leaves that one
# to the next sweep: other runs wait for this one.
WAITS = 10.0


class Swept(NamedTuple):
    """What a sweep has done, in runs."""

    lost: int = 0
    handed_over: int = 0
    made_here: int = 0
    waiting: int = 0
    tidied: int = 0


def sweep(*, makes_here: bool = False, tidies: int = TIDIES) -> Swept:
    """Look after all runs once. With `makes_here`, runs that no worker takes are made."""
    lost = sum(map(_lose, GenerationRun.objects.silent()))
    handed_over = made_here = waiting = 0
    is_empty = dispatch.queue_size() == 0
    is_lost_soon = is_empty or bool(queueing.why_in_process())
    for run in _to_be_handed_over(SOON if is_lost_soon else LATER):
        if is_empty and run.unclaimed >= MOST_UNCLAIMED and not _any_worker_works():
            _give_up(run)
            continue
        try:
            handed_over += queueing.hand_over(run)
        except CannotDispatch as exc:
            if makes_here:
                execution.run_here(run)
                made_here += 1
            else:
                log.warning("run waits", run=str(run.pk), reason=str(exc))
                waiting += 1
    tidied = sum(map(_tidy, _to_be_tidied()[:tidies]))
    memory.forget_expired_nonces()
    memory.forget_batches()
    checkpoints.forget_old()
    adopting.forget_abandoned()
    return Swept(lost, handed_over, made_here, waiting, tidied)


def _lose(run: GenerationRun) -> bool:
    """Take a run from an attempt that has gone silent. False when it has just spoken."""
    with transaction.atomic():
        silent = GenerationRun.objects.silent().select_for_update()
        found = silent.filter(pk=run.pk, attempt=run.attempt).first()
        if found is None:
            return False
        log.warning("attempt lost", run=str(run.pk), attempt=run.attempt)
        attempts.fail(found, reason=attempts.LOST)
    return True


def _to_be_handed_over(patience: timedelta) -> list[GenerationRun]:
    """List the runs that wait for nothing but us.

    One that was handed over has `patience` to be claimed. One that was never handed over belongs to a process that is about to make it, unless
    that has been silent for the length of a lease.
    """
    long_ago = Now() - patience
    here = Now() - timedelta(seconds=settings.RUN_LEASE_SECONDS)
    put_back = Q(unclaimed=0, dispatched_at__isnull=False)
    forgotten = Q(unclaimed__gt=0, dispatched_at__lt=long_ago)
    abandoned = Q(dispatched_at=None, created_at__lt=here) & (
        Q(not_before=None) | Q(not_before__lt=here)
    )
    due = GenerationRun.objects.due().filter(put_back | forgotten | abandoned)
    return list(due.order_by("created_at"))


def _any_worker_works() -> bool:
    """A worker takes a message or two beyond what it works at, so it may hold others'."""
    dispatched = GenerationRun.objects.filter(dispatched_at__isnull=False)
    return dispatched.filter(
        state=RunState.RUNNING, lease_expires_at__gte=Now()
    ).exists()


def _give_up(run: GenerationRun) -> None:
    with transaction.atomic():
        mine = GenerationRun.objects.select_for_update().filter(
            pk=run.pk, state=RunState.QUEUED, unclaimed=run.unclaimed
        )
        if found := mine.first():
            attempts.end(found, Outcome.FAILED, error=runs.UNCLAIMED)


def _to_be_tidied() -> list[GenerationRun]:
    over = GenerationRun.objects.filter(tidied_at=None, finished_at__isnull=False)
    return list(over.select_related("directory").order_by("finished_at")[:TIDIES])


def _tidy(run: GenerationRun) -> bool:
    """Clear away what a run left in its repositories. False while another writes there."""
    directory = run.directory
    if directory.runs.active().exists():
        return False
    repositories = repositories_of(directory)
    try:
        with locked(directory.namespace, directory.slug, wait=WAITS):
            for repository in repositories.values():
                # First what late attempts hold: from then on they move nothing any more.
                forget_staged(repository, run.pk)
                # Of people's edits that were cut short: nobody else is at one now.
                forget_refs(repository, HANDS)
            _put_back_half(run, repositories)
        for repository in repositories.values():
            repository.tidy()
    except DirectoryBusy:
        return False
    except (RepositoryError, NotPossible) as exc:
        log.warning("repository not tidied", reason=str(exc))
    return bool(
        GenerationRun.objects.filter(pk=run.pk, tidied_at=None).update(tidied_at=Now())
    )


def _put_back_half(
    run: GenerationRun, repositories: dict[RepositoryKind, Repository]
) -> None:
    """Take back what a run has published that ended in the middle of it."""
    if run.state == RunState.SUCCEEDED or not run.planned_commits:
        return
    planned = PublishBegin(commits=run.planned_commits).commits
    if put_back_half(planned, repositories):
        attempts.note(run, "what was half published has been taken back", "warning")
