"""Merge what runs remember, row by row, along with the files that it is about.

A row tells what a run wrote last, so it goes where the file went: what was taken from the
proposal brings its row along, and where `main` won, nothing of the proposal was written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

from generation.git import Reader, blob_id
from generation.repositories.documents import META
from generation.repositories.labels import KINDS, label_path
from generation.repositories.merge import Path
from generation.repositories.state import (
    FILES,
    ITEMS,
    LABELS,
    is_table,
    read_table,
    render_table,
)
from generation.repositories.units import TEXT, Blobs, slug_of

Tree = Mapping[str, str]
Row = dict[str, Any]
Three = tuple[Row | None, Row | None, Row | None]


class Rows(NamedTuple):
    """Three trees, and what became of the files that rows are about.

    `takes` says of an item's slug, or of another file's path, whether the proposal counts
    there at all. `lost` are fields where `main` won, `lost_paths` files. `final` is what
    `main` will hold, path to blob.
    """

    base: Tree
    ours: Tree
    theirs: Tree
    blobs: Blobs
    takes: Callable[[str, str], bool]
    lost: Mapping[str, Collection[Path]]
    lost_paths: Collection[str]
    final: Tree


def merge_rows(
    repository: Reader, rows: Rows
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Give the tables as they shall be: files to write, and shards to remove."""
    files: dict[str, bytes] = {}
    removals: list[str] = []
    for name, key, merge in (
        (FILES, _file_key, _file_row),
        (ITEMS, _item_key, _item_row),
        (LABELS, _label_key, _label_row),
    ):
        tables = [_shards(tree, name) for tree in (rows.base, rows.ours, rows.theirs)]
        if tables[0] == tables[2]:
            continue
        base, ours, theirs = (
            {key(row): row for row in read_table(repository, tree, name, json.loads)}
            for tree in (rows.base, rows.ours, rows.theirs)
        )
        merged = [
            row
            for place in {*base, *ours, *theirs}
            if (row := merge(rows, base.get(place), ours.get(place), theirs.get(place)))
        ]
        written = {
            file.path: file.content
            for file in render_table(name, merged, key=_ORDER[name])
        }
        files |= {p: c for p, c in written.items() if rows.ours.get(p) != blob_id(c)}
        removals += [path for path in tables[1] if path not in written]
    return files, tuple(removals)


_ORDER: dict[str, Callable[[Any], str]] = {
    FILES: lambda row: str(row["path"]),
    ITEMS: lambda row: str(row["id"] + row["slug"]),
    LABELS: lambda row: f"{row['kind']} {row['id']}",
}


def _shards(tree: Tree, name: str) -> dict[str, str]:
    return {path: blob for path, blob in tree.items() if is_table(path, name)}


def _file_key(row: Row) -> str:
    return str(row["path"])


def _item_key(row: Row) -> str:
    return str(row["slug"])


def _label_key(row: Row) -> str:
    return f"{row['kind']} {row['id']}"


def _file_row(
    rows: Rows, base: Row | None, ours: Row | None, theirs: Row | None
) -> Row | None:
    path = (theirs or ours or base or {})["path"]
    if _is_grown(rows, path, ours, theirs):
        # Nothing but entries of a run has come to a file that a run wrote.
        return {"path": path, "blob": rows.final[path]}
    if not rows.takes(slug_of(path), path) or path in rows.lost_paths:
        return ours
    if ours == base:
        return theirs
    if theirs == base:
        return ours
    # Both sides wrote it: what lies there now tells whose row that is.
    is_theirs = theirs is not None and rows.final.get(path) == theirs["blob"]
    return theirs if is_theirs else ours


def _is_grown(rows: Rows, path: str, ours: Row | None, theirs: Row | None) -> bool:
    """Tell a list of categories or tags that was a run's own on both sides."""
    is_label_file = path in {label_path(rows.theirs, kind) for kind in KINDS}
    return is_label_file and all(
        row is not None and tree.get(path) == row["blob"]
        for row, tree in ((ours, rows.ours), (theirs, rows.theirs))
    )


def _item_row(
    rows: Rows, base: Row | None, ours: Row | None, theirs: Row | None
) -> Row | None:
    slug = (theirs or ours or base or {})["slug"]
    if not rows.takes(slug, ""):
        return ours
    lost = {*rows.lost.get(slug, ())}
    if ours == base and not lost:
        return theirs
    if theirs == base:
        return ours
    if ours is None or theirs is None:
        return theirs if ours == base else ours
    row = _three(base or {}, ours, theirs)
    bases = [(side or {}).get("base") for side in (base, ours, theirs)]
    row.pop("base", None)
    if merged := _base(*bases, lost=lost):
        row["base"] = merged
    return row


def _label_row(
    rows: Rows, base: Row | None, ours: Row | None, theirs: Row | None
) -> Row | None:
    row = theirs or ours or base or {}
    path = f"{row['kind']}.yml"
    paths = {path, f"{row['kind']}/{path}"}
    if not (rows.takes("", path) and rows.takes("", f"{row['kind']}/{path}")):
        return ours
    if paths & set(rows.lost_paths) or ours != base:
        return ours
    return theirs


def _base(
    base: Row | None, ours: Row | None, theirs: Row | None, *, lost: Collection[Path]
) -> Row | None:
    """Merge what was written, so that it stays what stands in the file by a run's hand."""
    if not lost and ours == base:
        return theirs
    mine, new, was = ours or {}, theirs or {}, base or {}
    if ours is None and lost:
        # On `main` the item is wholly a person's: only what was taken is a run's.
        new = {**new, "partial": True}
    row = _three(was, mine, new)
    for key in (META, "own", "dropped"):
        inner = [side.get(key) or {} for side in (was, mine, new)]
        if any(inner):
            row[key] = _three(*inner)
    if all("tags" in side for side in (was, mine, new)):
        row["tags"] = _members(was["tags"], mine["tags"], new["tags"])
    if "updated_at" in row:
        # As the file: the later date of two.
        row["updated_at"] = max(
            s["updated_at"] for s in (mine, new) if "updated_at" in s
        )
    for path in lost:
        for key in _keys_of(path):
            _keep(row, mine, key)
        if len(path) > 1:
            _keep(row.setdefault(path[0], {}), mine.get(path[0]) or {}, path[1])
    return row


def _keys_of(path: Path) -> Iterator[str]:
    if path == TEXT:
        yield from ("markdown", "body")
    elif len(path) == 1:
        yield path[0]


def _keep(row: Row, ours: Row, key: str) -> None:
    row.pop(key, None)
    if key in ours:
        row[key] = ours[key]


def _three(base: Row, ours: Row, theirs: Row) -> Row:
    """Merge two rows key by key; where both changed one, ours counts."""
    merged: Row = {}
    for key in dict.fromkeys([*ours, *theirs]):
        source = theirs if ours.get(key) == base.get(key) else ours
        if key in source:
            merged[key] = source[key]
    return merged


def _members(base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any]:
    kept = [m for m in ours if m not in base or m in theirs]
    return [*kept, *(m for m in theirs if m not in ours and m not in base)]
