"""Merge two versions of `categories.yml` or `tags.yml`, entry by entry and field by field."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from generation.repositories.documents import text_of
from generation.repositories.labels import TIMES
from generation.repositories.merge import Verdict, merge_fields
from generation.yaml import InvalidYAML, dump, parse
from generation.yaml_edits import REMOVE, CannotEdit, append, comments_of, edit

Entries = dict[str, dict[str, Any]]


class MergedLabels(NamedTuple):
    """`conflicts` name an entry, a field, and what both sides say."""

    content: bytes
    conflicts: tuple[tuple[str, str, Any, Any], ...]


def merge_label_file(
    base: bytes, ours: bytes, theirs: bytes, *, wanted: Collection[str] | None = None
) -> MergedLabels:
    """Merge into `ours`, whose text stays as it is where nothing changes.

    `wanted` are ids: then only new entries of these are taken. Raises InvalidYAML.
    """
    was, mine, new = (_entries(content) for content in (base, ours, theirs))
    added = [
        entry
        for key, entry in new.items()
        if key not in mine
        and key not in was
        and (wanted is None or {key, text_of(entry.get("name"))} & set(wanted))
    ]
    conflicts: list[tuple[str, str, Any, Any]] = []
    content = ours
    if wanted is None:
        for key in mine.keys() & was.keys() & new.keys():
            content = _changed(content, key, was, mine, new, conflicts)
        gone = [key for key in was if key in mine and key not in new]
        content = _without(content, gone, was, conflicts)
    if added:
        content = append(content, added, times=TIMES)
    return MergedLabels(content, tuple(sorted(conflicts, key=lambda c: c[:2])))


def _changed(
    content: bytes,
    key: str,
    was: Entries,
    mine: Entries,
    new: Entries,
    conflicts: list[tuple[str, str, Any, Any]],
) -> bytes:
    if was[key] == new[key]:
        return content
    before, ours, theirs = (_fields(entries[key]) for entries in (was, mine, new))
    merged = merge_fields(before, ours, theirs)
    for decision in merged.decisions:
        field = decision.name
        if decision.verdict is Verdict.TAKE:
            value = merged.values.get(decision.field, REMOVE)
            try:
                number = _place(content, key)
                content = edit(content, {(number, field): value}, times=TIMES)
            except (CannotEdit, InvalidYAML):
                conflicts.append((key, field, decision.ours, decision.theirs))
        elif decision.verdict is Verdict.CONFLICT:
            conflicts.append((key, field, decision.ours, decision.theirs))
    return content


def _without(
    content: bytes,
    gone: list[str],
    was: Entries,
    conflicts: list[tuple[str, str, Any, Any]],
) -> bytes:
    """Take entries out. One that has been changed stays, and so do all beside a comment."""
    now = _entries(content)
    changed = [key for key in gone if now[key] != was[key]]
    free = [key for key in gone if key not in changed]
    if free and comments_of(content):
        changed, free = gone, []
    conflicts += [(key, "", "kept", "removed") for key in changed]
    if not free:
        return content
    return dump([entry for entry in _listed(content) if _key(entry) not in free])


def _place(content: bytes, key: str) -> int:
    return [_key(entry) for entry in _listed(content)].index(key)


def _entries(content: bytes) -> Entries:
    found: Entries = {}
    for entry in _listed(content):
        if key := _key(entry):
            found.setdefault(key, entry if isinstance(entry, dict) else {"id": key})
    return found


def _listed(content: bytes) -> list[Any]:
    entries = parse(content, times=TIMES) or []
    if not isinstance(entries, list):
        raise InvalidYAML("it is not a list")
    return entries


def _key(entry: Any) -> str:
    return text_of(entry.get("id") if isinstance(entry, Mapping) else entry)


def _fields(entry: Mapping[str, Any]) -> dict[tuple[str, ...], Any]:
    return {(str(key),): value for key, value in entry.items()}
