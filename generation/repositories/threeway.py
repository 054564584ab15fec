"""Bring a proposal onto a `main` that has moved: three trees in, changes of `main` out.

`base` is what both come from, `ours` what `main` holds now, `theirs` what is proposed. What
only the proposal changed is taken, what only `main` changed stays, and where both did, `main`
wins and it is told. Items are merged by field, the records of runs by row, categories and
tags by entry, everything else by file.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from generation.git import Reader, blob_id
from generation.report import Conflict
from generation.repositories.documents import edited_tags, id_of, tags_of
from generation.repositories.label_threeway import merge_label_file
from generation.repositories.labels import KINDS, label_path
from generation.repositories.merge import Path, Verdict, merge_fields, same, tidied
from generation.repositories.row_threeway import Rows, merge_rows
from generation.repositories.state import is_table
from generation.repositories.tombstones import PATH as TOMBSTONES
from generation.repositories.tombstones import append_tombstones
from generation.repositories.units import (
    DATE,
    TEXT,
    Blobs,
    Unit,
    read_unit,
    slug_of,
    units_of,
)
from generation.yaml import InvalidYAML, Quoted, parse
from generation.yaml_edits import REMOVE, CannotEdit, edit

LONGEST_SHOWN = 200


class Merge(NamedTuple):
    """What to change on `main`, and where `main` had its way."""

    files: dict[str, bytes]
    removals: tuple[str, ...]
    conflicts: tuple[Conflict, ...]

    @property
    def is_empty(self) -> bool:
        return not self.files and not self.removals


def merge_trees(
    repository: Reader,
    base: Mapping[str, str],
    ours: Mapping[str, str],
    theirs: Mapping[str, str],
    *,
    chosen: Collection[str] | None = None,
) -> Merge:
    """Merge what is proposed into `main`.

    `chosen` are slugs: then only these items are taken, with the categories and tags that
    they refer to, and the rest is as if it had not been proposed.
    """
    return _Merger(repository, base, ours, theirs, chosen).merge()


class _Merger:
    def __init__(
        self,
        repository: Reader,
        base: Mapping[str, str],
        ours: Mapping[str, str],
        theirs: Mapping[str, str],
        chosen: Collection[str] | None,
    ) -> None:
        self._repository = repository
        self._base, self._ours, self._theirs = base, ours, theirs
        self._chosen = None if chosen is None else set(chosen)
        self._blobs = Blobs(repository)
        self._files: dict[str, bytes] = {}
        self._removals: set[str] = set()
        self._conflicts: list[Conflict] = []
        # Where `main` wins: fields of items, whole items, and files.
        self._lost: dict[str, set[Path]] = {}
        self._kept: set[str] = set()
        self._lost_paths: set[str] = set()

    def merge(self) -> Merge:
        changed = [
            path
            for path in sorted({*self._base, *self._theirs})
            if self._base.get(path) != self._theirs.get(path) and not is_table(path)
        ]
        slugs = {slug for path in changed if (slug := slug_of(path))}
        if self._chosen is not None:
            slugs &= self._chosen
        self._items(slugs)
        labels = {label_path(self._theirs, kind): kind for kind in KINDS}
        for path in changed:
            if slug_of(path):
                continue
            if path in labels:
                self._label_file(path, slugs)
            elif path == TOMBSTONES:
                self._tombstones(slugs)
            elif self._chosen is None:
                self._by_file(path, path)
        self._records(slugs)
        files = {
            path: content
            for path, content in sorted(self._files.items())
            if self._ours.get(path) != blob_id(content)
        }
        removals = sorted(path for path in self._removals if path in self._ours)
        return Merge(files, tuple(removals), tuple(self._conflicts))

    # --- items

    def _items(self, slugs: set[str]) -> None:
        sides = [
            units_of(tree, slugs) for tree in (self._base, self._ours, self._theirs)
        ]
        self._blobs.load(
            entry
            for slug in slugs
            for side in (sides if self._is_contested(slug, *sides) else sides[2:])
            for entry in side[slug].values()
        )
        for slug in sorted(slugs):
            base, ours, theirs = (side[slug] for side in sides)
            if self._is_contested(slug, *sides):
                self._contested(
                    read_unit(slug, base, self._blobs),
                    read_unit(slug, ours, self._blobs),
                    read_unit(slug, theirs, self._blobs),
                )
            else:
                for path in {*base, *theirs}:
                    self._take(path)

    def _is_contested(self, slug: str, *sides: dict[str, dict[str, str]]) -> bool:
        base, ours, _ = sides
        return base[slug] != ours[slug]

    def _contested(self, base: Unit, ours: Unit, theirs: Unit) -> None:
        if ours.entries == theirs.entries:
            return
        if reason := _keeps_whole(base, ours, theirs):
            self._kept.add(ours.slug)
            self._tell(ours.slug, "", *reason)
            return
        if not (ours.exists and theirs.exists):
            # One of them has it alone, or nobody any more: that is no item to merge.
            for path in {*base.entries, *theirs.entries}:
                self._by_file(path, ours.slug)
            return
        for path in {*base.entries, *theirs.entries}:
            if path not in (base.path, ours.path, theirs.path, theirs.body_path):
                self._by_file(path, ours.slug)
        self._fields(base, ours, theirs)

    def _fields(self, base: Unit, ours: Unit, theirs: Unit) -> None:
        """Merge an item of which both sides have a document of their own."""
        slug = ours.slug
        is_text_taken = self._text(base, ours, theirs)
        before = dict(base.fields or {}) if base.exists else None
        mine, new = dict(ours.fields or {}), dict(theirs.fields or {})
        dates = [fields.pop(DATE, None) for fields in (before or {}, mine, new)]
        changes: dict[Path, Any] = {}
        merged = merge_fields(before, mine, new)
        for decision in merged.decisions:
            if decision.verdict is Verdict.CONFLICT:
                self._lose(slug, decision.field, decision.ours, decision.theirs)
            elif decision.verdict is Verdict.TAKE:
                value = merged.values.get(decision.field)
                changes[decision.field] = (
                    _nothing(decision.field, theirs) if value is None else value
                )
        if is_text_taken and theirs.key != ours.key:
            changes[TEXT] = REMOVE if theirs.key is None else theirs.key
        content = ours.content
        for path, value in changes.items():
            try:
                content = edit(content, {path: _written(path, value, content)})
            except (CannotEdit, InvalidYAML):
                self._lose(slug, path, mine.get(path), new.get(path))
        if content != ours.content and (date := _later(*dates)):
            try:
                content = edit(content, {DATE: Quoted(date)})
            except (CannotEdit, InvalidYAML):
                self._lost.setdefault(slug, set()).add(DATE)
        if content != ours.content:
            self._files[ours.path] = content

    def _text(self, base: Unit, ours: Unit, theirs: Unit) -> bool:
        """Decide about the text in both of its copies. True: the proposal's is taken."""
        was, our, their = (
            (tidied(unit.file or ""), tidied(unit.key or ""))
            for unit in (base, ours, theirs)
        )
        if their in (was, our):
            return False
        if our != was and (base.exists or ours.text) and our != ("", ""):
            self._lost.setdefault(ours.slug, set()).add(TEXT)
            self._lost_paths |= {ours.body_path, theirs.body_path}
            if not same(ours.text, theirs.text):
                self._tell(ours.slug, "text", ours.text, theirs.text)
            return False
        body = theirs.body_path
        if theirs.file is None:
            self._removals.add(ours.body_path)
        elif body in theirs.entries:
            self._files[body] = self._blobs[theirs.entries[body]]
        return True

    def _lose(self, slug: str, field: Path, ours: Any, theirs: Any) -> None:
        self._lost.setdefault(slug, set()).add(field)
        self._tell(slug, ".".join(field), ours, theirs)

    # --- other files

    def _by_file(self, path: str, item: str) -> None:
        base, ours = self._base.get(path), self._ours.get(path)
        theirs = self._theirs.get(path)
        if theirs in (base, ours):
            return
        if ours == base:
            self._take(path)
            return
        self._lost_paths.add(path)
        field = "" if item == path else path
        self._tell(item, field, _state(ours), _state(theirs))

    def _take(self, path: str) -> None:
        """Do to a file of `main` what the proposal does to it."""
        entry = self._theirs.get(path)
        if entry == self._base.get(path):
            return
        if entry is None:
            self._removals.add(path)
        elif " " in entry:
            # A link or an executable cannot be written through us.
            self._lost_paths.add(path)
            self._tell(path, "", _state(self._ours.get(path)), "no plain file")
        else:
            self._files[path] = self._blobs[entry]

    def _label_file(self, path: str, slugs: set[str]) -> None:
        base, ours, theirs = (
            tree.get(path) for tree in (self._base, self._ours, self._theirs)
        )
        if self._chosen is None and (ours == base or theirs is None or ours is None):
            self._by_file(path, path)
            return
        if theirs is None:
            return
        wanted = None if self._chosen is None else self._labels_of(slugs)
        contents = [
            b"" if entry is None else self._blobs[entry]
            for entry in (base, ours, theirs)
        ]
        try:
            merged = merge_label_file(*contents, wanted=wanted)
        except InvalidYAML:
            if self._chosen is None:
                self._by_file(path, path)
            return
        for key, field, our, their in merged.conflicts:
            self._lost_paths.add(path)
            self._tell(f"{path}: {key}", field, our, their)
        self._files[path] = merged.content

    def _labels_of(self, slugs: set[str]) -> set[str]:
        """Name the categories and tags that the chosen items refer to."""
        labels: set[str] = set()
        for slug, entries in units_of(self._theirs, slugs).items():
            unit = read_unit(slug, entries, self._blobs)
            fields = {path[0]: value for path, value in (unit.fields or {}).items()}
            category = fields.get("category")
            several = category if isinstance(category, list) else [category]
            labels |= {*map(id_of, several), *tags_of(fields)}
        return labels

    def _tombstones(self, slugs: set[str]) -> None:
        """Keep away what the proposal keeps away, beside what `main` does."""
        base, ours, theirs = (
            self._blobs[tree[TOMBSTONES]] if TOMBSTONES in tree else None
            for tree in (self._base, self._ours, self._theirs)
        )
        if theirs is None or (ours == base and self._chosen is None):
            self._by_file(TOMBSTONES, TOMBSTONES)
            return
        only = None if self._chosen is None else slugs
        try:
            self._files[TOMBSTONES] = append_tombstones(
                ours or b"", base or b"", theirs, slugs=only
            )
        except InvalidYAML:
            self._by_file(TOMBSTONES, TOMBSTONES)

    # --- the records of runs

    def _records(self, slugs: set[str]) -> None:
        final = self._final_blobs()

        def takes(slug: str, path: str) -> bool:
            if slug:
                is_chosen = self._chosen is None or slug in self._chosen
                return is_chosen and slug not in self._kept
            return self._chosen is None and path not in self._lost_paths

        rows = Rows(
            self._base,
            self._ours,
            self._theirs,
            self._blobs,
            takes=takes,
            lost=self._lost,
            lost_paths=self._lost_paths,
            final=final,
        )
        files, removals = merge_rows(self._repository, rows)
        self._files |= files
        self._removals |= set(removals)

    def _final_blobs(self) -> dict[str, str]:
        """What `main` will hold: path to blob."""
        final = {p: b for p, b in self._ours.items() if p not in self._removals}
        return final | {path: blob_id(c) for path, c in self._files.items()}

    def _tell(self, item: str, field: str, ours: Any, theirs: Any) -> None:
        self._conflicts.append(
            Conflict(item=item, field=field, ours=_shown(ours), theirs=_shown(theirs))
        )


def _keeps_whole(base: Unit, ours: Unit, theirs: Unit) -> tuple[str, str] | None:
    """Say why `main` keeps an item as it is, in words for both sides."""
    if base.exists and not theirs.exists:
        return ("changed", "removed") if ours.exists else None
    if base.exists and not ours.exists:
        return "removed", "changed"
    if not base.exists and ours.exists and theirs.exists:
        links = [(unit.fields or {}).get(("source_url",)) for unit in (ours, theirs)]
        if not same(*links):
            return ours.name, f"{theirs.name}, another item"
    readable = all(unit.fields is not None for unit in (ours, theirs))
    if ours.exists and theirs.exists and not readable:
        return "changed", "changed"
    is_plain = ours.is_plain and theirs.is_plain
    if not is_plain or (ours.path and theirs.path and ours.path != theirs.path):
        return "changed", "changed"
    return None


def _nothing(path: Path, theirs: Unit) -> Any:
    """How a field is written that says nothing: as the proposal has it, or not at all."""
    if path == ("tags",):
        return []
    document = theirs.document or {}
    return document[path[0]] if len(path) == 1 and path[0] in document else REMOVE


def _written(path: Path, value: Any, content: bytes) -> Any:
    """Write tags as the file has them: ids, or mappings with one."""
    is_list = isinstance(value, list) and all(isinstance(tag, str) for tag in value)
    return (
        edited_tags(parse(content), value) if path == ("tags",) and is_list else value
    )


def _later(before: Any, ours: Any, theirs: Any) -> str:
    """The date that an item bears when both sides have changed it."""
    dates = [date for date in (ours, theirs) if isinstance(date, str) and date]
    return max(dates) if dates and theirs != before else ""


def _state(entry: str | None) -> str:
    return "removed" if entry is None else "changed"


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    text = "" if value is None else str(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
