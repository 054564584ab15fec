"""What differs between two states of a data repository: by item and field, and by file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from generation.git import Reader
from generation.repositories.merge import same
from generation.repositories.state import FOLDER
from generation.repositories.units import (
    DATE,
    Blobs,
    Unit,
    read_unit,
    slug_of,
    units_of,
)

ADDED, CHANGED, REMOVED = "added", "changed", "removed"


class FieldDifference(NamedTuple):
    """A field, as `name` or `meta.stars`. None stands for "not there"."""

    field: str
    before: Any
    after: Any


class ItemDifference(NamedTuple):
    """`kind` is added, changed or removed. Of an added item, the fields say what it is."""

    kind: str
    slug: str
    name: str
    fields: tuple[FieldDifference, ...]


class FileDifference(NamedTuple):
    kind: str
    path: str


class Difference(NamedTuple):
    """`files` are those that belong to no item; the records of runs are not among them."""

    items: tuple[ItemDifference, ...]
    files: tuple[FileDifference, ...]

    @property
    def summary(self) -> dict[str, int]:
        kinds = [item.kind for item in self.items]
        counts = {kind: kinds.count(kind) for kind in (ADDED, CHANGED, REMOVED)}
        return counts | {"files": len(self.files)}


def summary(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, int]:
    """Count what `difference` would tell, without reading anything."""
    paths = _changed(old, new)
    slugs = {slug for path in paths if (slug := slug_of(path))}
    kinds = []
    for slug in slugs:
        names = {f"data/{slug}/{slug}.{ending}" for ending in ("yml", "yaml")}
        kinds.append(_kind_of_item(bool(names & old.keys()), bool(names & new.keys())))
    counts = {kind: kinds.count(kind) for kind in (ADDED, CHANGED, REMOVED)}
    return counts | {"files": sum(1 for path in paths if _is_other(path))}


def difference(
    repository: Reader, old: Mapping[str, str], new: Mapping[str, str]
) -> Difference:
    """Compare two trees. What has the same blob in both is not read."""
    paths = _changed(old, new)
    slugs = {slug for path in paths if (slug := slug_of(path))}
    before, after = units_of(old, slugs), units_of(new, slugs)
    blobs = Blobs(repository)
    blobs.load(
        entry
        for side in (before, after)
        for unit in side.values()
        for entry in unit.values()
    )
    items = (
        _item(read_unit(slug, before[slug], blobs), read_unit(slug, after[slug], blobs))
        for slug in sorted(slugs)
    )
    files = (
        FileDifference(_kind(path in old, path in new), path)
        for path in paths
        if _is_other(path)
    )
    return Difference(tuple(items), tuple(files))


def _item(old: Unit, new: Unit) -> ItemDifference:
    kind = _kind_of_item(old.exists, new.exists)
    fields = () if kind == REMOVED else tuple(_fields(old, new))
    name = (new if new.exists else old).name
    return ItemDifference(kind, old.slug, name, fields)


def _fields(old: Unit, new: Unit) -> Iterator[FieldDifference]:
    before, after = _values(old), _values(new)
    names = [
        name
        for name in dict.fromkeys([*after, *before])
        if not same(before.get(name), after.get(name))
    ]
    # The date only follows the rest, and says something only where it stands alone.
    date = DATE[0]
    if len(names) > 1 and date in names:
        names.remove(date)
    for name in names:
        yield FieldDifference(name, before.get(name), after.get(name))


def _values(unit: Unit) -> dict[str, Any]:
    values = {".".join(path): value for path, value in (unit.fields or {}).items()}
    if unit.exists and unit.fields is None:
        values["file"] = unit.content.decode("utf-8", "replace")
    if unit.text:
        values["text"] = unit.text
    beside = {*unit.entries} - {unit.path, unit.body_path}
    return values | {path: unit.entries[path] for path in sorted(beside)}


def _kind(was: bool, is_: bool) -> str:
    if was and is_:
        return CHANGED
    return ADDED if is_ else REMOVED


def _kind_of_item(was: bool, is_: bool) -> str:
    # Without a document on either side, something beside it has changed.
    return _kind(was, is_) if was or is_ else CHANGED


def _changed(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    return sorted(path for path in {*old, *new} if old.get(path) != new.get(path))


def _is_other(path: str) -> bool:
    """Tell what is of no item, and nothing that runs remember for themselves."""
    is_record = path.startswith(FOLDER) and not path.endswith(".yml")
    return not slug_of(path) and not is_record
