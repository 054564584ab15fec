"""Take back what a run changed in the data repository.

Where nobody has been there since, files and the run's own records are put back as they
were, byte for byte. What was changed since is taken back field by field: a later edit stays,
and what can only be undone by losing one is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from generation.editing import Edit, Effect
from generation.editing.desk import differences
from generation.exceptions import EditRefused
from generation.repositories.data import ITEM_PATH, OWN_TIMES, Stored, read_data
from generation.repositories.documents import tags_of
from generation.repositories.labels import KINDS, TIMES, label_entry, label_path
from generation.repositories.merge import same
from generation.repositories.overlay import Overlay
from generation.repositories.state import (
    FILES,
    ITEMS,
    LABELS,
    is_respaced,
    is_table,
    render_table,
)
from generation.repositories.tombstones import PATH as TOMBSTONES
from generation.repositories.tombstones import TIMES as TOMBSTONES_TIMES
from generation.yaml import InvalidYAML, parse
from generation.yaml_edits import REMOVE, CannotEdit, append, edit, without_entries

SHOWN = 5
_MISSING = object()
_KEYS = {
    ITEMS: lambda row: f"{row['id']}{row['slug']}",
    LABELS: lambda row: f"{row['kind']} {row['id']}",
    FILES: lambda row: str(row["path"]),
}


def undo(
    stored: Stored, *, old: str | None, new: str, title: str, keep_edits: bool = False
) -> Edit:
    """Take back what lies between two commits. Raises EditRefused.

    With `keep_edits`, what was changed since stays as it is, and the rest is undone.
    """
    repository = stored.snapshot.repository
    before = repository.tree(old) if old else {}
    undoing = _Undoing(stored, before, repository.tree(new))
    undoing.go()
    if undoing.clashes and not keep_edits:
        raise _refusal(undoing.clashes)
    effects = _with_labels(stored, undoing)
    made = Edit(undoing.files, tuple(sorted(undoing.removals)), title, effects)
    if not made:
        raise EditRefused("nothing of this run is left that could be undone")
    return made


class Clash(NamedTuple):
    """What was changed by the run, and again since."""

    path: str
    field: str


class _Undoing:
    def __init__(
        self, stored: Stored, before: Mapping[str, str], after: Mapping[str, str]
    ) -> None:
        self.stored = stored
        self.files: dict[str, bytes] = {}
        self.removals: set[str] = set()
        self.clashes: list[Clash] = []
        self._before, self._after = before, after
        self._now = stored.snapshot.tree
        changed = {p for p in {*before, *after} if before.get(p) != after.get(p)}
        self._tables = {path for path in changed if is_table(path)}
        self._paths = sorted(changed - self._tables)
        wanted = [
            tree[path]
            for path in changed | {p for p in self._now if is_table(p)}
            for tree in (before, after, self._now)
            if path in tree
        ]
        blobs = sorted({*wanted, *self._all_tables()})
        contents = stored.snapshot.repository.read(blobs)
        self._contents = dict(zip(blobs, contents, strict=True))

    def go(self) -> None:
        for path in self._paths:
            if self._is_now(path, self._before):
                continue
            if self._is_now(path, self._after):
                self._put_back(path)
            else:
                self._merge(path)
        self._put_back_tables()

    def _is_now(self, path: str, tree: Mapping[str, str]) -> bool:
        """Tell whether a file lies there as in a tree, line ends and the like aside."""
        now, then = self._now.get(path), tree.get(path)
        if now is None or then is None or " " in now + then:
            return now == then
        return now == then or is_respaced(self._contents[now], self._contents[then])

    def _put_back(self, path: str) -> None:
        if path not in self._before:
            self.removals.add(path)
            return
        if " " in self._before[path]:
            # A link or a program that a person had there: we cannot write one.
            self.clashes.append(Clash(path, ""))
            return
        self.files[path] = self._contents[self._before[path]]

    def _merge(self, path: str) -> None:
        """Undo in a file that was changed since."""
        if path not in self._now or path not in self._after:
            # It was deleted since, or made again: that is what stays.
            return
        if path == TOMBSTONES:
            self._merge_tombstones()
        elif ITEM_PATH.fullmatch(path):
            self._merge_item(path)
        elif path.startswith("data/"):
            self.clashes.append(Clash(path, "text"))
        # Of other files a person's edit stays, whatever the run changed in them.

    def _merge_item(self, path: str) -> None:
        if path not in self._before:
            self.clashes.append(Clash(path, ""))
            return
        try:
            old, new, now = (
                _document(self._contents[tree[path]])
                for tree in (self._before, self._after, self._now)
            )
        except InvalidYAML:
            self.clashes.append(Clash(path, ""))
            return
        content = self._contents[self._now[path]]
        for field, value in self._fields(path, old, new, now):
            try:
                content = edit(content, {field: value}, times=OWN_TIMES)
            except (CannotEdit, InvalidYAML):
                self.clashes.append(Clash(path, ".".join(field)))
        if content != self._contents[self._now[path]]:
            self.files[path] = content

    def _fields(
        self,
        path: str,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        now: Mapping[str, Any],
    ) -> Iterator[tuple[tuple[str, ...], Any]]:
        """Give what each field has to become, for those that the run changed."""
        for field in _paths_of(old, new):
            was, became, is_now = (_at(d, field) for d in (old, new, now))
            if _equal(was, became) or _equal(is_now, was):
                continue
            if _equal(is_now, became):
                yield field, REMOVE if was is _MISSING else was
            elif field == ("tags",):
                added, taken = (
                    {*tags_of(new)} - {*tags_of(old)},
                    [tag for tag in tags_of(old) if tag not in tags_of(new)],
                )
                kept = [tag for tag in tags_of(now) if tag not in added]
                yield field, [*kept, *(tag for tag in taken if tag not in kept)]
            elif field != ("updated_at",):
                self.clashes.append(Clash(path, ".".join(field)))

    def _merge_tombstones(self) -> None:
        try:
            old, new, now = (
                parse(self._contents[tree[TOMBSTONES]], times=TOMBSTONES_TIMES) or []
                if TOMBSTONES in tree
                else []
                for tree in (self._before, self._after, self._now)
            )
            content = self._contents[self._now[TOMBSTONES]]
            numbers = {
                number
                for number, entry in enumerate(now)
                if entry in new and entry not in old
            }
            if numbers:
                content = without_entries(content, numbers, times=TOMBSTONES_TIMES)
            lost = [e for e in old if e not in new and e not in now]
            if lost:
                content = append(content, lost, times=TOMBSTONES_TIMES)
        except (CannotEdit, InvalidYAML, TypeError):
            self.clashes.append(Clash(TOMBSTONES, ""))
            return
        if content != self._contents[self._now[TOMBSTONES]]:
            self.files[TOMBSTONES] = content

    def _all_tables(self) -> Iterator[str]:
        for tree in (self._before, self._after, self._now):
            yield from (blob for path, blob in tree.items() if is_table(path))

    def _put_back_tables(self) -> None:
        """Put the run's records back, row by row where later runs have changed them."""
        tables = {path: blob for path, blob in self._now.items() if is_table(path)}
        if tables == {p: b for p, b in self._after.items() if is_table(p)} and (
            not self.clashes
        ):
            for path in self._tables:
                self._put_back(path)
            return
        rows = {name: self._merged_rows(name) for name in (FILES, ITEMS, LABELS)}
        # Beside the values of another run, a file is not what was written any more.
        later = self._rows(self._now, ITEMS), self._rows(self._after, ITEMS)
        moved = {
            row["slug"]
            for key, row in later[0].items()
            if later[1].get(key) not in (None, row)
        }
        written = self._rows(self._now, FILES)
        for key, row in written.items():
            if row["path"].split("/")[1:2] and row["path"].split("/")[1] in moved:
                rows[FILES][key] = row
        rendered = {
            file.path: file.content
            for name, found in rows.items()
            for file in render_table(name, found.values(), key=_KEYS[name])
        }
        for path, content in rendered.items():
            if self._contents.get(tables.get(path, "")) != content:
                self.files[path] = content
        self.removals |= tables.keys() - rendered.keys()

    def _merged_rows(self, name: str) -> dict[str, Any]:
        old, new, now = (
            self._rows(tree, name) for tree in (self._before, self._after, self._now)
        )
        merged = {}
        for key in {*old, *now}:
            row = old.get(key) if now.get(key) == new.get(key) else now.get(key)
            if row is not None:
                merged[key] = row
        return merged

    def _rows(self, tree: Mapping[str, str], name: str) -> dict[str, Any]:
        rows = (
            json.loads(line)
            for path, blob in tree.items()
            if is_table(path, name)
            for line in self._contents[blob].splitlines()
        )
        return {_KEYS[name](row): row for row in rows}


def _with_labels(stored: Stored, undoing: _Undoing) -> tuple[Effect, ...]:
    """Keep the labels that what stays refers to, and tell what changes of the items."""
    snapshot = stored.snapshot

    def read_again() -> Stored:
        below = snapshot.repository
        return read_data(Overlay(below, snapshot.tree, undoing.files, undoing.removals))

    after = read_again()
    for kind in KINDS:
        labels = after.categories if kind == "categories" else after.tags
        had = stored.categories if kind == "categories" else stored.tags
        used = {
            text
            for found in after.items
            for text in (
                [found.item.category] if kind == "categories" else found.item.tags
            )
        }
        known = {text for label in labels for text in (label.id, *label.aliases)}
        lost = [label for label in had if label.id in used - known]
        if lost:
            path = label_path(after.snapshot.tree, kind)
            content = undoing.files.get(path, b"")
            rows = [label_entry(label) for label in lost]
            undoing.files[path] = append(content, rows, times=TIMES)
            undoing.removals.discard(path)
    return tuple(_effects(stored, after))


def _effects(stored: Stored, after: Stored) -> Iterator[Effect]:
    old = {found.item.slug: found.item for found in stored.items}
    new = {found.item.slug: found.item for found in after.items}
    for slug in sorted({*old, *new}):
        if slug not in new:
            yield Effect(action="remove", kind="items", id=slug, name=old[slug].name)
        elif slug not in old:
            yield Effect(action="restore", kind="items", id=slug, name=new[slug].name)
        elif fields := differences(old[slug], new[slug]):
            name = new[slug].name
            yield Effect(
                action="update", kind="items", id=slug, name=name, fields=fields
            )


def _refusal(clashes: Sequence[Clash]) -> EditRefused:
    shown = ", ".join(
        f"{clash.path} ({clash.field})" if clash.field else clash.path
        for clash in clashes[:SHOWN]
    )
    more = f" and {len(clashes) - SHOWN} more" if len(clashes) > SHOWN else ""
    return EditRefused(
        f"changed since this run, and undoing it would lose that: {shown}{more}",
        *(
            {
                "pointer": f"/{clash.path}".replace("~", "~0"),
                "detail": "changed since" + (f": {clash.field}" if clash.field else ""),
            }
            for clash in clashes
        ),
        option="keep_edits",
    )


def _document(content: bytes) -> Mapping[str, Any]:
    document = parse(content, times=OWN_TIMES)
    if not isinstance(document, dict):
        raise InvalidYAML("it is not a mapping")
    return document


def _paths_of(*documents: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    """Name the fields of documents: each key, and each fact by itself."""
    paths: dict[tuple[str, ...], None] = {}
    for document in documents:
        for key, value in document.items():
            if key == "meta" and isinstance(value, dict):
                paths |= dict.fromkeys((key, str(fact)) for fact in value)
            else:
                paths[str(key),] = None
    return paths


def _at(document: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = document
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return _MISSING
        value = value[key]
    return value


def _equal(one: Any, other: Any) -> bool:
    if one is _MISSING or other is _MISSING:
        return one is other
    return same(one, other)
