"""Bare repositories. Git is run here and nowhere else.

There is no work tree and no index: blobs are read with `ls-tree` and `cat-file --batch`,
and one commit is written by `fast-import` into a ref of its own. `main` moves only by
compare-and-swap. A file's fingerprint is its blob id, which we can compute ourselves.
"""

from __future__ import annotations

from generation.git.command import version
from generation.git.commits import Commit, blob_id
from generation.git.limits import LIMITS, Limits, limits_of
from generation.git.refs import MAIN, Move
from generation.git.repository import Reader, Repository
from generation.git.tickets import directory_lock

__all__ = [
    "LIMITS",
    "MAIN",
    "Commit",
    "Limits",
    "Move",
    "Reader",
    "Repository",
    "blob_id",
    "directory_lock",
    "limits_of",
    "version",
]
