"""Commits: what one holds, and how `git fast-import` is told."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

PLAIN = "100644"
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

# What would end a name or an address in a commit, and let the rest be read as something else.
_NOT_IN_IDENTITY = re.compile(r"[<>\x00-\x1f]")


class Commit(NamedTuple):
    """What to write on top of `parent`: files to set and paths to remove.

    `merged` are further parents, whose files do not count.
    """

    parent: str | None
    message: str
    author: str
    email: str
    at: datetime
    files: Mapping[str, bytes]
    removals: Iterable[str]
    merged: tuple[str, ...] = ()


def blob_id(content: bytes) -> str:
    """Compute the id that git gives to a file of this content."""
    return hashlib.sha1(
        b"blob %d\0" % len(content) + content, usedforsecurity=False
    ).hexdigest()


def fast_import_stream(commit: Commit, ref: str) -> Iterator[bytes]:
    """Yield what makes a commit, and points a ref at it."""
    author, email = (_NOT_IN_IDENTITY.sub("", s) for s in (commit.author, commit.email))
    stamp = f"{author} <{email}> {int(commit.at.timestamp())} +0000"
    message = commit.message.encode()
    yield (
        f"commit {ref}\nmark :1\nauthor {stamp}\ncommitter {stamp}\n"
        f"data {len(message)}\n"
    ).encode()
    yield message + b"\n"
    if commit.parent:
        yield f"from {commit.parent}\n".encode()
    for parent in commit.merged:
        yield f"merge {parent}\n".encode()
    for path in commit.removals:
        yield b"D " + _quoted(path) + b"\n"
    for path, content in commit.files.items():
        yield b"M 100644 inline " + _quoted(path) + b"\ndata %d\n" % len(content)
        yield content
        yield b"\n"


def _quoted(path: str) -> bytes:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return b'"' + escaped.encode("utf-8", "surrogateescape") + b'"'
