"""What the last run wrote, kept in the repository itself below `.gazetteer/`.

A file whose blob is the one that the last run wrote is ours to change and need not be read;
of any other, the values that were written tell which fields a person changed. That is all a
run needs to know, and it travels with a clone. Rows are sorted JSON Lines; a large table is
cut into 256 shards, so that a small change rewrites little. What people removed is YAML,
because they may edit it: `tombstones.py`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import orjson

from generation.exceptions import RepositoryError
from generation.git import MAIN, Reader, blob_id
from generation.items import Record
from generation.repositories import File
from generation.repositories.merge import tidied
from generation.sources.urls import canonical_url

FOLDER = ".gazetteer/"
FILES = "files"
ITEMS = "items"
LABELS = "labels"
ONE_SHARD = 4096

Row = TypeVar("Row")


class Provenance(Record):
    """Where an item was found: what people call the source, and the place in it.

    `kind` is that of the reader which found it, such as `markdown`; empty where a run of an
    earlier version did.
    """

    source: str
    locator: str = ""
    kind: str = ""


class Base(Record):
    """The values of an item as a run wrote them last; of its text, hashes of both copies.

    `body` is of `<slug>.md`: left out where it equals `markdown`, and empty where a run wrote
    no such file. Of lists, `own` are members that a person wrote before a source did, and
    `dropped` those that a person removed and no source has any longer. A base is `partial` where a run
    only filled gaps in an item that a person wrote.
    """

    name: str | None = None
    description: str | None = None
    source_url: str | None = None
    category: str | None = None
    tags: tuple[str, ...] | None = None
    meta: dict[str, Any] | None = None
    updated_at: str | None = None
    markdown: str | None = None
    body: str | None = None
    own: dict[str, tuple[str, ...]] | None = None
    dropped: dict[str, tuple[str, ...]] | None = None
    partial: bool = False


class ItemRecord(Record):
    """What we remember of an item beside its files.

    The first of `sources` is the one that describes the item. `url` and `reason` are
    remembered of items that were removed.
    """

    id: str
    slug: str
    name: str = ""
    url: str = ""
    reason: str = ""
    sources: tuple[Provenance, ...] = ()
    base: Base | None = None


class LabelRecord(Record):
    """A category or a tag as a run wrote it. `kind` is `categories` or `tags`."""

    kind: str
    id: str
    name: str
    priority: int | None = None


def item_id(url: str, name_key: str = "") -> str:
    """Name an item by its link; by its name as well where two items share a link."""
    text = canonical_url(url) + (f"\n{name_key}" if name_key else "")
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Snapshot(NamedTuple):
    """A repository at one commit. `written` is what the last run wrote, path to blob.

    `respaced` are files of another blob that say the same: only line ends and blanks at
    the ends of lines and files are other ones, which is nobody's edit.
    """

    repository: Reader
    commit: str | None
    tree: Mapping[str, str]
    written: Mapping[str, str]
    respaced: frozenset[str] = frozenset()

    def is_edited(self, path: str) -> bool:
        """A person made or changed this file. Nothing else judges that."""
        return (
            path in self.tree
            and self.written.get(path) != self.tree[path]
            and path not in self.respaced
        )

    def as_written(self, path: str) -> str:
        """Name the blob that holds a file as a run wrote it, else as it is."""
        is_known = path in self.respaced and path in self.written
        return self.written[path] if is_known else self.tree[path]

    def is_deleted(self, path: str) -> bool:
        """We wrote this file and a person removed it."""
        return path in self.written and path not in self.tree

    def differs(self, file: File) -> bool:
        return self.tree.get(file.path) != blob_id(file.content)


class Reconciled(NamedTuple):
    """What to write so that the repository holds the rendered files, edits excepted."""

    files: dict[str, bytes]
    removals: tuple[str, ...]
    left_alone: tuple[str, ...]


def take_snapshot(repository: Reader, *, ref: str | None = None) -> Snapshot:
    """Read the heads of a repository: one listing, and our own records."""
    commit = repository.head(ref or MAIN)
    tree = repository.tree(commit) if commit else {}
    written = read_paths(repository, tree, FILES, "blob")
    respaced = frozenset(_respaced(repository, tree, written))
    return Snapshot(repository, commit, tree, written, respaced)


def _respaced(
    repository: Reader, tree: Mapping[str, str], written: Mapping[str, str]
) -> Iterator[str]:
    """Name the files of runs in which nothing but white space at ends was changed."""
    changed = [
        path
        for path, blob in written.items()
        if path in tree and tree[path] != blob and " " not in tree[path]
    ]
    before = repository.find(written[path] for path in changed)
    now = repository.read(tree[path] for path in changed)
    for path, old, new in zip(changed, before, now, strict=True):
        if old is not None and is_respaced(old, new):
            yield path


def is_respaced(one: bytes, other: bytes) -> bool:
    """Tell whether two files are the same but for white space at ends."""
    try:
        return tidied(one.decode()) == tidied(other.decode())
    except UnicodeDecodeError:
        return False


def read_table(
    repository: Reader,
    tree: Mapping[str, str],
    name: str,
    parse_row: Callable[[bytes], Row],
) -> Iterator[Row]:
    """Read the rows of a table. Raises RepositoryError when one is not readable."""
    paths = [path for path in tree if is_table(path, name)]
    for path, content in zip(
        paths, repository.read(tree[path] for path in paths), strict=True
    ):
        try:
            yield from map(parse_row, content.splitlines())
        except (ValueError, KeyError, TypeError) as exc:
            raise RepositoryError(
                f"{path} is damaged; restore it from an earlier commit"
            ) from exc


def read_paths(
    repository: Reader, tree: Mapping[str, str], name: str, column: str
) -> dict[str, str]:
    """Read a table of paths with one value each."""

    def parse_row(line: bytes) -> tuple[str, str]:
        row = orjson.loads(line)
        return row["path"], row[column]

    return dict(read_table(repository, tree, name, parse_row))


def render_table(
    name: str, rows: Iterable[Mapping[str, Any]], *, key: Callable[[Any], str]
) -> Iterator[File]:
    """Write rows as one file, or as 256 of them, sorted by their key."""
    ordered = sorted(rows, key=key)
    return _sharded(name, [key(row) for row in ordered], map(_line, ordered))


def render_paths(name: str, column: str, values: Mapping[str, str]) -> Iterator[File]:
    """Write a table of paths with one value each; a value is a digest of ours.

    There are as many of them as files, so each row is put together by hand.
    """
    paths = sorted(values)
    row = b'{"%s":"%%b","path":%%b}\n' % column.encode()
    quoted = map(orjson.dumps, paths)
    lines = (
        row % (values[path].encode(), text)
        for path, text in zip(paths, quoted, strict=True)
    )
    return _sharded(name, paths, lines)


def _sharded(name: str, keys: Sequence[str], lines: Iterable[bytes]) -> Iterator[File]:
    """Put sorted lines into one file, or into that of the first byte of each key."""
    if len(keys) <= ONE_SHARD:
        if keys:
            yield File(f"{FOLDER}{name}.jsonl", b"".join(lines))
        return
    shards: dict[int, list[bytes]] = {}
    for key, line in zip(keys, lines, strict=True):
        digest = hashlib.sha256(key.encode()).digest()
        shards.setdefault(digest[0], []).append(line)
    for shard in sorted(shards):
        yield File(f"{FOLDER}{name}/{shard:02x}.jsonl", b"".join(shards[shard]))


def reconcile(
    snapshot: Snapshot,
    rendered: Iterable[File],
    *,
    records: Collection[File] = (),
    grown_records: Callable[[], Collection[File]] | None = None,
    keeps: Callable[[str], bool] = lambda path: False,
    forgets: Callable[[str], bool] = lambda path: False,
    by_hand: Mapping[str, bytes] = MappingProxyType({}),
) -> Reconciled:
    """Compare what was rendered with what is there, and leave people's files alone.

    `records` are further tables of ours, and `grown_records` these where files that a person
    made exactly as we would become ours. A file of ours that was not rendered again is
    removed unless `keeps` says otherwise. What `forgets` names is no longer remembered as
    written. `by_hand` are new contents of people's files, which stay theirs.
    """
    files: dict[str, bytes] = dict(by_hand)
    left_alone: list[str] = []
    written = {p: blob for p, blob in snapshot.written.items() if not forgets(p)}
    adopted: dict[str, str] = {}
    seen: set[str] = set()

    @cache
    def folders() -> frozenset[str]:
        return frozenset(folder for p in snapshot.tree for folder in _folders_of(p))

    for path, content in rendered:
        if path in by_hand:
            continue
        seen.add(path)
        blob = blob_id(content)
        if snapshot.tree.get(path) == blob:
            adopted[path] = blob
        elif path in snapshot.respaced and written.get(path) == blob:
            # The content is right; different line ends are no reason to write.
            continue
        elif (
            snapshot.is_edited(path)
            or snapshot.is_deleted(path)
            or not (path in snapshot.tree or _has_room(snapshot.tree, path, folders))
        ):
            left_alone.append(path)
        else:
            files[path] = content
            written[path] = blob
    removals = [
        path
        for path in snapshot.written
        if path not in seen
        and path in snapshot.tree
        and not snapshot.is_edited(path)
        and not keeps(path)
    ]
    for path in removals:
        written.pop(path, None)
    tables = _tables(written, records)
    # A file that a person made exactly as we would is ours from now on, but that alone
    # is not worth a commit.
    grown = {p: blob for p, blob in adopted.items() if written.get(p) != blob}
    if grown and (files or removals or any(map(snapshot.differs, tables))):
        records = records if grown_records is None else grown_records()
        tables = _tables(written | grown, records)
    files |= {file.path: file.content for file in tables if snapshot.differs(file)}
    ours = {file.path for file in tables}
    stale = [p for p in snapshot.tree if is_table(p) and p not in ours]
    return Reconciled(files, tuple(sorted([*removals, *stale])), tuple(left_alone))


def _tables(written: Mapping[str, str], records: Collection[File]) -> list[File]:
    return [*records, *render_paths(FILES, "blob", written)]


def is_table(path: str, name: str = f"{FILES}|{ITEMS}|{LABELS}") -> bool:
    """Tell our tables from what a person keeps in the same folder."""
    if not path.startswith(FOLDER):
        return False
    pattern = rf"{re.escape(FOLDER)}({name})(\.jsonl|/[0-9a-f]{{2}}\.jsonl)"
    return re.fullmatch(pattern, path) is not None


def _has_room(
    tree: Mapping[str, str], path: str, folders: Callable[[], Collection[str]]
) -> bool:
    """No folder stands where this file would, and no file where it needs a folder."""
    return path not in folders() and tree.keys().isdisjoint(_folders_of(path))


def _folders_of(path: str) -> Iterator[str]:
    """Name the folders above a path: `a` and `a/b` for `a/b/c`."""
    end = path.find("/")
    while end >= 0:
        yield path[:end]
        end = path.find("/", end + 1)


def _line(row: Mapping[str, Any]) -> bytes:
    text = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"{text}\n".encode()
