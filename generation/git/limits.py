"""How much of a repository is read, and what git may use for it.

People and strangers decide what lies in a repository, and a few kilobytes of it can stand for
millions of files or gigabytes of one. Each number leaves a factor of about five over the
largest directories that we know: 10,000 items are 20,000 files of data, and 30,000 of a website.
"""

from __future__ import annotations

from typing import NamedTuple

_MIB = 1 << 20


class Limits(NamedTuple):
    """Sizes are in bytes. Whatever breaks one raises RepositoryTooLarge."""

    # Files and folders of one commit: a website of 30,000 files has 10,000 folders.
    entries: int = 200_000
    # Folders above a file: an item lies two deep, a page of a website three.
    depth: int = 32
    # A slug has 80 characters and stands twice in a path; no file system takes 4,096.
    path: int = 1_024
    # All paths of a commit: 200,000 with 200 bytes each.
    paths: int = 40 * _MIB
    # One file: the largest that we write ourselves, the records of 10,000 items, has 10 MiB.
    blob: int = 64 * _MIB
    # The files that are read together: the documents of 10,000 items have 30 MiB.
    contents: int = 128 * _MIB
    # Branches, proposals and what runs hold: a few each.
    refs: int = 50_000
    # What one command prints: the longest is the list of refs.
    printed: int = 16 * _MIB
    # A patch that somebody looks at.
    patch: int = 4 * _MIB
    # Seconds of the processor for one patch, of which a page shows 50.
    patch_processor: int = 2
    # Memory of a git that reads or writes here: the largest file, twice, with git's caches.
    memory: int = 512 * _MIB
    # Memory of a git that takes in what a server sends: it holds all names of objects.
    visit_memory: int = 768 * _MIB
    # Seconds of the processor: to write 10,000 items and their website takes about ten.
    processor: int = 300


LIMITS = Limits()
# A website is read file by file, one of which is in memory: 30,000 pages have 600 MiB.
_WEBSITE = LIMITS._replace(contents=3_072 * _MIB)


def limits_of(kind: str) -> Limits:
    """Say what a directory's repository of this kind may hold."""
    return _WEBSITE if kind == "website" else LIMITS
