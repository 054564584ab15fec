"""What the last run wrote, kept in the repository itself below `.gazetteer/`.

A file whose blob is the one that the last run wrote is ours to change; any other belongs to
a person. That is all a run needs to know to leave edits alone, and it travels with a clone.
Rows are sorted JSON Lines; a large table is cut into 256 shards, so that a small change
rewrites little.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from generation.exceptions import RepositoryError
from generation.git import Repository, blob_id
from generation.items import Record
from generation.repositories import File
from generation.sources.urls import canonical_url

FOLDER = ".gazetteer/"
FILES = "files"
ITEMS = "items"
ONE_SHARD = 4096


class Provenance(Record):
    """Where an item was found: what people call the source, and the place in it."""

    source: str
    locator: str = ""


class ItemRecord(Record):
    """What we remember of an item beside its file. It outlives the file: a tombstone."""

    id: str
    slug: str
    sources: tuple[Provenance, ...] = ()


def item_id(url: str, name_key: str = "") -> str:
    """Name an item by its link; by its name as well where two items share a link."""
    text = canonical_url(url) + (f"\n{name_key}" if name_key else "")
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Snapshot(NamedTuple):
    """A repository at one commit. `written` is what the last run wrote, path to blob."""

    repository: Repository
    commit: str | None
    tree: Mapping[str, str]
    written: Mapping[str, str]

    def is_edited(self, path: str) -> bool:
        """A person made or changed this file."""
        return path in self.tree and self.written.get(path) != self.tree[path]

    def is_deleted(self, path: str) -> bool:
        """We wrote this file and a person removed it."""
        return path in self.written and path not in self.tree


class Reconciled(NamedTuple):
    """What to write so that the repository holds the rendered files, edits excepted."""

    files: dict[str, bytes]
    removals: tuple[str, ...]
    left_alone: tuple[str, ...]


def take_snapshot(repository: Repository) -> Snapshot:
    """Read the heads of a repository: one listing, and our own records."""
    commit = repository.head()
    tree = repository.tree(commit) if commit else {}
    rows = read_table(repository, tree, FILES)
    return Snapshot(
        repository, commit, tree, {row["path"]: row["blob"] for row in rows}
    )


def read_table(
    repository: Repository, tree: Mapping[str, str], name: str
) -> Iterator[dict[str, Any]]:
    """Read the rows of a table. Raises RepositoryError when one is not readable."""
    paths = [path for path in tree if path.startswith(f"{FOLDER}{name}")]
    for path, content in zip(
        paths, repository.read(tree[path] for path in paths), strict=True
    ):
        try:
            yield from (json.loads(line) for line in content.splitlines())
        except ValueError as exc:
            raise RepositoryError(
                f"{path} is damaged; restore it from an earlier commit"
            ) from exc


def render_table(
    name: str, rows: Iterable[Mapping[str, Any]], *, key: Callable[[Any], str]
) -> Iterator[File]:
    """Write rows as one file, or as 256 of them, sorted by their key."""
    ordered = sorted(rows, key=key)
    if len(ordered) <= ONE_SHARD:
        if ordered:
            yield File(f"{FOLDER}{name}.jsonl", _lines(ordered))
        return
    shards: dict[str, list[Mapping[str, Any]]] = {}
    for row in ordered:
        digest = hashlib.sha256(key(row).encode()).hexdigest()
        shards.setdefault(digest[:2], []).append(row)
    for shard in sorted(shards):
        yield File(f"{FOLDER}{name}/{shard}.jsonl", _lines(shards[shard]))


def reconcile(
    snapshot: Snapshot,
    rendered: Iterable[File],
    *,
    records: Iterable[File] = (),
    keeps: Callable[[str], bool] = lambda path: False,
) -> Reconciled:
    """Compare what was rendered with what is there, and leave people's files alone.

    `records` are further tables of ours. A file of ours that was not rendered again is
    removed unless `keeps` says otherwise.
    """
    files: dict[str, bytes] = {}
    left_alone: list[str] = []
    written = dict(snapshot.written)
    seen: set[str] = set()
    for path, content in rendered:
        seen.add(path)
        blob = blob_id(content)
        if snapshot.tree.get(path) == blob:
            written[path] = blob
        elif snapshot.is_edited(path) or snapshot.is_deleted(path):
            left_alone.append(path)
        else:
            files[path] = content
            written[path] = blob
    removals = [
        path
        for path, blob in snapshot.written.items()
        if path not in seen and snapshot.tree.get(path) == blob and not keeps(path)
    ]
    for path in removals:
        del written[path]
    manifest = ({"path": path, "blob": blob} for path, blob in written.items())
    tables = {
        file.path: file.content
        for file in (
            *records,
            *render_table(FILES, manifest, key=lambda row: row["path"]),
        )
    }
    stale = [p for p in snapshot.tree if p.startswith(FOLDER) and p not in tables]
    files |= {p: c for p, c in tables.items() if snapshot.tree.get(p) != blob_id(c)}
    return Reconciled(files, tuple(sorted([*removals, *stale])), tuple(left_alone))


def _lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(
        json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        + "\n"
        for row in rows
    ).encode()
