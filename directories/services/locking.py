"""The lock of a directory, as services take it: see docs/adr/0011-one-lock-per-directory.md.

Waiting for it may take half a minute, so no transaction may be open meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User

from directories.exceptions import DirectoryBusy, NotPossible
from directories.models import Directory
from directories.services.proposing import repositories_of
from directories.services.slow_requests import slow_request
from generation.exceptions import RepositoryBusy, RepositoryError
from generation.git import directory_lock


@contextmanager
def locked(namespace: str, slug: str, *, wait: float | None = None) -> Iterator[None]:
    """Keep everyone else from moving the branches of a directory during the block.

    Never within another such block: it would wait for itself. Raises DirectoryBusy when
    others keep it for `wait` seconds (30 if not given), and NotPossible.
    """
    with ExitStack() as stack:
        lock = directory_lock(
            Path(settings.GIT_ROOT), namespace=namespace, slug=slug, wait=wait
        )
        try:
            stack.enter_context(lock)
        except RepositoryBusy as exc:
            raise DirectoryBusy(f"{exc}; try again in a moment") from exc
        except RepositoryError as exc:
            raise NotPossible(str(exc)) from exc
        yield


@contextmanager
def turn(directory: Directory, user: User) -> Iterator[None]:
    """Lock a directory for a person's edit of it, which renders its website.

    Templates of the owner may take long, also for those who wait for the lock. Raises
    Overloaded where too many do, beside what `locked` raises.
    """
    with ExitStack() as stack:
        if settings.SLOW_REQUESTS is not None and has_templates(directory):
            stack.enter_context(slow_request(user))
        stack.enter_context(locked(directory.namespace, directory.slug))
        yield


def has_templates(directory: Directory) -> bool:
    """Tell whether a directory's owner has templates. Raises NotPossible."""
    # As the services: what few commands need is not imported by all.
    from generation.repositories.site import TEMPLATES

    data = repositories_of(directory)["data"]
    try:
        return data.exists() and data.holds(TEMPLATES.rstrip("/"))
    except RepositoryError as exc:
        raise NotPossible(str(exc)) from exc


def check_exists(directory: Directory) -> None:
    """Raises NotPossible."""
    if not Directory.objects.filter(pk=directory.pk).exists():
        raise NotPossible(f"{directory} has just been deleted")
