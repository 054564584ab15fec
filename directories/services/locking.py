"""The lock of a directory, as services take it: see docs/adr/0011-one-lock-per-directory.md.

Waiting for it may take half a minute, so no transaction may be open meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.conf import settings

from directories.exceptions import DirectoryBusy, NotPossible
from directories.models import Directory
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


def check_exists(directory: Directory) -> None:
    """Raises NotPossible."""
    if not Directory.objects.filter(pk=directory.pk).exists():
        raise NotPossible(f"{directory} has just been deleted")
