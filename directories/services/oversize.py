"""What a person pushed to a directory's repositories and nobody reads: it is too large.

Runs and edits of the directory fail meanwhile, and what was published before stays. It is
named where the directory is shown, so that its owner learns what to remove.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from directories.models import Directory
from directories.services.proposing import repositories_of
from generation.exceptions import RepositoryError, RepositoryTooLarge
from generation.git import Limits, Repository

# So many commits before the pushed one are looked at for one that can be shown.
FURTHEST_BACK = 5


def oversize_of(directory: Directory) -> tuple[str, ...]:
    """Name what is too large in a directory's repositories, with what to do about it."""
    found = []
    for repository in repositories_of(directory).values():
        try:
            head = repository.head()
            reason = _oversize(repository.path, head, repository.limits) if head else ""
        except RepositoryError as exc:
            # What else may be wrong with it is reported where it is needed.
            reason = str(exc) if isinstance(exc, RepositoryTooLarge) else ""
        if reason:
            found.append(reason)
    return tuple(found)


def last_readable(
    repository: Repository, commit: str, *, furthest: int = FURTHEST_BACK
) -> tuple[str, dict[str, str]]:
    """List a commit, or the last one before it that is not too large.

    Raises RepositoryTooLarge where there is none near.
    """
    try:
        return commit, repository.tree(commit)
    except RepositoryTooLarge:
        before = repository.parent(commit)
        if before is None or furthest == 0:
            raise
        return last_readable(repository, before, furthest=furthest - 1)


# A commit never changes, so neither does what is too large about it.
@lru_cache(maxsize=1_000)
def _oversize(path: Path, commit: str, limits: Limits) -> str:
    try:
        Repository(path, limits=limits).check_limits(commit)
    except RepositoryTooLarge as exc:
        return str(exc)
    return ""
