"""What a commit holds, read as a stream: each limit is checked before more is read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from generation.exceptions import RepositoryTooLarge
from generation.git.command import named, talk_to_git
from generation.git.commits import PLAIN
from generation.git.limits import Limits

# So many names of blobs fit into any pipe: the smallest holds 4,096 bytes.
AT_ONCE = 90
_PART = 1 << 16
_TREE, _BLOB = "tree", "blob"
# Mode, kind, id and size of an entry, as git lists it before the path.
_LONGEST_HEAD = 100


def entries_of(path: Path, commit: str, *, limits: Limits) -> Iterator[tuple[str, str]]:
    """List the files of a commit, path and blob id, in git's order.

    What is no plain file (a link, a submodule, an executable) has its mode behind the
    id, so that it is equal to nothing that we write.
    """
    for head, name in _listed(path, commit, limits=limits):
        mode, kind, blob = head.split()
        if kind != _TREE:
            shown = blob if mode == PLAIN else f"{blob} {mode}"
            yield name.decode("utf-8", "surrogateescape"), shown


def check_sizes(path: Path, commit: str, *, limits: Limits) -> None:
    """Raise RepositoryTooLarge if reading all files of a commit would.

    Files of one ending are read at one time: the documents of all items, then their texts.
    """
    totals: dict[bytes, int] = defaultdict(int)
    for head, name in _listed(path, commit, "-l", limits=limits):
        _, kind, blob, size = head.split()
        if kind != _BLOB:
            continue
        totals[name.rpartition(b".")[2]] += int(size)
        if reason := _too_large(blob, int(size), max(totals.values()), limits):
            raise RepositoryTooLarge(f"{named(path)} {reason}")


def _listed(
    path: Path, commit: str, *options: str, limits: Limits
) -> Iterator[tuple[str, bytes]]:
    """List the files and folders of a commit: what git knows of one, and its path."""
    # Folders are listed (-t) to be counted: millions of them may hold no file at all.
    arguments = ("ls-tree", "-r", "-t", "-z", "--full-tree", *options, commit)
    entries = length = 0
    with talk_to_git(path, *arguments, limits=limits) as (_, stdout):
        for line in _lines(stdout, longest=limits.path + _LONGEST_HEAD):
            head, _, name = line.partition(b"\t")
            entries += 1
            length += len(name)
            if reason := _breach(name, entries, length, limits):
                raise RepositoryTooLarge(f"{named(path)} {reason}")
            yield head.decode(), name


def blobs_of(
    path: Path, wanted: Sequence[str], *, limits: Limits
) -> Iterator[bytes | None]:
    """Read blobs through one process, in order; None for one that is gone."""
    if not wanted:
        return
    total = 0
    with talk_to_git(path, "cat-file", "--batch", limits=limits) as (stdin, stdout):
        # A few at a time: more names than a pipe holds would fill both and stop.
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            stdin.write("".join(f"{blob}\n" for blob in some).encode())
            stdin.flush()
            for blob in some:
                header = stdout.readline().split()
                if len(header) != 3:
                    yield None
                    continue
                # Git names the size before the content, of which nothing was read yet.
                size = int(header[2])
                total += size
                if reason := _too_large(blob, size, total, limits):
                    raise RepositoryTooLarge(f"{named(path)} {reason}")
                yield stdout.read(size)
                stdout.read(1)


def _lines(stream: IO[bytes], *, longest: int) -> Iterator[bytes]:
    """Read what ends with a zero byte, and of what does not only a little too much."""
    rest = b""
    while part := stream.read1(_PART):  # type: ignore[attr-defined]
        *lines, rest = (rest + part).split(b"\0")
        yield from lines
        if len(rest) > longest:
            yield rest
            return


def _breach(name: bytes, entries: int, length: int, limits: Limits) -> str:
    """Name the limit that is broken, and what to do about it; empty for none."""
    shown = name[:100].decode("utf-8", "replace")
    if entries > limits.entries:
        return (
            f"holds more than {limits.entries:,} files and folders. Remove those that do "
            "not belong to the directory"
        )
    if name.count(b"/") > limits.depth:
        return f"nests folders more than {limits.depth} deep ({shown}…). Remove or move them"
    if len(name) > limits.path:
        return (
            f"holds a path of more than {limits.path:,} bytes ({shown}…). Give it a "
            "shorter name"
        )
    if length > limits.paths:
        return (
            f"holds paths of more than {limits.paths >> 20} MiB together. Remove files, or "
            "give them shorter names"
        )
    return ""


def _too_large(blob: str, size: int, total: int, limits: Limits) -> str:
    """Name the limit that is broken, and what to do about it; empty for none."""
    if size > limits.blob:
        return (
            f"holds a file of {size / (1 << 20):,.0f} MiB (git object {blob}), and "
            f"{limits.blob >> 20} MiB is the most. Remove it or make it smaller"
        )
    if total > limits.contents:
        return (
            f"holds files of more than {limits.contents >> 20:,} MiB that are read "
            "together. Remove or shorten some"
        )
    return ""
