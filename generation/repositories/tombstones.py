"""What people removed: a list that they may edit, `.gazetteer/tombstones.yml`.

An entry keeps an item away for good; without it, the next run brings the item back. An entry
`category` or `tag` does the same for a label.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from generation.exceptions import RepositoryError
from generation.repositories.documents import text_of
from generation.repositories.state import FOLDER, ItemRecord, Snapshot, item_id
from generation.yaml import InvalidYAML, dump, parse
from generation.yaml_edits import append

PATH = f"{FOLDER}tombstones.yml"
# Such a list may be so many times longer than an item.
TIMES = 20
_KEYS = ("id", "slug", "name", "url", "reason")
LABEL_KEYS = {"categories": "category", "tags": "tag"}
HEAD = """\
# What people removed from this directory. A run adds none of it again.
# Delete an entry, and the next run brings the item back.
"""


def read_tombstones(snapshot: Snapshot) -> list[ItemRecord]:
    """Read what a run wrote and people edited. A link alone is an entry as well.

    Raises RepositoryError, because without the list what was removed would come back.
    """
    return [record for entry in _entries(snapshot) if (record := _record(entry))]


def read_removed_labels(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    """Give the ids and names of labels that people deleted, by their kind."""
    return {
        kind: tuple(
            text
            for entry in _entries(snapshot)
            if isinstance(entry, dict) and text_of(entry.get(key))
            for text in (text_of(entry[key]), text_of(entry.get("name")))
            if text
        )
        for kind, key in LABEL_KEYS.items()
    }


def _entries(snapshot: Snapshot) -> list[Any]:
    if PATH not in snapshot.tree:
        return []
    [content] = snapshot.repository.read([snapshot.tree[PATH]])
    try:
        entries = parse(content, times=TIMES) or []
    except InvalidYAML as exc:
        raise RepositoryError(
            f"{PATH} of the data repository cannot be read: {exc}. Mend it and run again"
        ) from exc
    if not isinstance(entries, list):
        raise RepositoryError(
            f"{PATH} of the data repository is not a list. Mend it and run again"
        )
    return entries


def render_tombstones(
    snapshot: Snapshot, records: Iterable[ItemRecord]
) -> bytes | None:
    """Write the list, or add to it where a person edited it. None: nothing to change."""
    wanted = sorted(records, key=lambda record: (record.slug, record.id))
    if snapshot.is_edited(PATH):
        known = {(record.id, record.slug) for record in read_tombstones(snapshot)}
        new = [_entry(r) for r in wanted if (r.id, r.slug) not in known]
        if not new:
            return None
        [content] = snapshot.repository.read([snapshot.tree[PATH]])
        return append(content, new, times=TIMES)
    if not wanted and PATH not in snapshot.tree:
        return None
    return HEAD.encode() + dump([_entry(record) for record in wanted])


def append_tombstones(
    ours: bytes, base: bytes, theirs: bytes, *, slugs: Collection[str] | None = None
) -> bytes:
    """Add to a list what another one has more than their common base.

    `slugs` are the only items that are meant, if they are given. Raises InvalidYAML.
    """
    known = [parse(content, times=TIMES) or [] for content in (ours, base)]
    if not all(isinstance(entries, list) for entries in known):
        raise InvalidYAML("it is not a list")
    new = [
        entry
        for entry in parse(theirs, times=TIMES) or []
        if not any(entry in entries for entries in known)
        and (
            slugs is None
            or (isinstance(entry, dict) and text_of(entry.get("slug")) in slugs)
        )
    ]
    return append(ours or HEAD.encode(), new, times=TIMES) if new else ours


def _entry(record: ItemRecord) -> dict[str, str]:
    entry = {"id": record.id, "slug": record.slug, "name": record.name}
    entry |= {"url": record.url, "reason": record.reason}
    return {key: value for key, value in entry.items() if value}


def _record(entry: Any) -> ItemRecord | None:
    if isinstance(entry, str):
        entry = {"url": entry}
    if not isinstance(entry, dict):
        return None
    if any(text_of(entry.get(key)) for key in LABEL_KEYS.values()):
        return None
    known = {key: text_of(entry.get(key)) for key in _KEYS}
    known["id"] = known["id"] or (item_id(known["url"]) if known["url"] else "")
    return ItemRecord(**known) if known["id"] else None
