"""`categories.yml` and `tags.yml`: entry by entry, and field by field.

A run adds the entries that items refer to and, where there is none, a priority. Whatever a
person wrote, removed or ordered in such a file stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from generation.exceptions import RepositoryError
from generation.items import Category, Tag
from generation.repositories import File
from generation.repositories.documents import text_of, unescaped
from generation.repositories.state import LabelRecord, Snapshot
from generation.yaml import InvalidYAML, as_integer, dump, parse
from generation.yaml_edits import CannotEdit, append, edit

Kind = Literal["categories", "tags"]
KINDS: tuple[Kind, ...] = ("categories", "tags")
# A list of labels may be so many times longer than an item.
TIMES = 20
_KEYS = {"categories": ("id", "name", "description"), "tags": ("id", "name")}


Label = Category | Tag


class Labels(NamedTuple):
    """The two files, and what a run wrote there last, by kind and id."""

    categories: tuple[Category, ...]
    tags: tuple[Tag, ...]
    bases: Mapping[tuple[str, str], LabelRecord]


def label_path(tree: Mapping[str, str], kind: Kind) -> str:
    """Find the file: at the root, or, where a person keeps one, in a folder of its name."""
    in_folder = f"{kind}/{kind}.yml"
    return in_folder if in_folder in tree else f"{kind}.yml"


def read_labels(snapshot: Snapshot, records: Iterable[LabelRecord]) -> Labels:
    """Read both files. One that cannot be read ends the run: ids would not resolve."""
    categories = tuple(
        label
        for label in _labels(snapshot, "categories")
        if isinstance(label, Category)
    )
    tags = tuple(label for label in _labels(snapshot, "tags") if isinstance(label, Tag))
    bases = {(record.kind, record.id): record for record in records}
    for kind in KINDS:
        # What a run wrote is its own base.
        if not snapshot.is_edited(label_path(snapshot.tree, kind)):
            labels = categories if kind == "categories" else tags
            bases |= {(kind, label.id): _record(kind, label) for label in labels}
    return Labels(categories, tags, bases)


def _pairs(
    stored: Labels, wanted: Labels
) -> Iterator[tuple[Kind, dict[str, Label], Sequence[Label]]]:
    """Give each kind with the labels that stand there, by id, and those that shall."""
    yield "categories", {c.id: c for c in stored.categories}, wanted.categories
    yield "tags", {tag.id: tag for tag in stored.tags}, wanted.tags


def keep_removed_priorities(
    categories: Iterable[Category], stored: Labels
) -> tuple[Category, ...]:
    """Do not set again a priority that a person took out."""
    old = {category.id: category for category in stored.categories}

    def is_removed(category: Category) -> bool:
        base = stored.bases.get(("categories", category.id))
        known = old.get(category.id)
        has_none = known is not None and known.priority is None
        return has_none and base is not None and base.priority is not None

    return tuple(
        category.model_copy(update={"priority": None})
        if category.priority is not None and is_removed(category)
        else category
        for category in categories
    )


def grown_label_files(
    snapshot: Snapshot,
    stored: Labels,
    wanted: Labels,
) -> Iterator[File]:
    """Where a person edited a file, change its text instead of writing it anew.

    What they wrote stays, byte for byte, and the ids of new items resolve.
    """
    for kind, old, new in _pairs(stored, wanted):
        path = label_path(snapshot.tree, kind)
        entries = [label_entry(label) for label in new if label.id not in old]
        if snapshot.is_deleted(path):
            if entries:
                yield File(path, append(b"", entries, times=TIMES))
        elif snapshot.is_edited(path):
            [before] = snapshot.repository.read([snapshot.tree[path]])
            text = before
            if kind == "categories":
                text = _with_priorities(text, stored.categories, wanted.categories)
            if entries:
                text = append(text, entries, times=TIMES)
            if text != before:
                yield File(path, text)


def _with_priorities(
    text: bytes, old: Sequence[Category], new: Sequence[Category]
) -> bytes:
    wanted = {category.id: category.priority for category in new}
    missing = {c.id for c in old if c.priority is None and wanted.get(c.id) is not None}
    if not missing:
        return text
    changes: dict[tuple[str | int, ...], Any] = {
        (number, "priority"): wanted[key]
        for number, entry in enumerate(parse(text, times=TIMES) or [])
        if isinstance(entry, dict) and (key := text_of(entry.get("id"))) in missing
    }
    try:
        return edit(text, changes, times=TIMES)
    except CannotEdit:
        return text


def label_records(
    snapshot: Snapshot,
    stored: Labels,
    wanted: Labels,
    *,
    is_grown: bool = False,
) -> list[LabelRecord]:
    """Remember what was written. In a person's file, only what a run added is ours.

    `is_grown`: a file that a person made exactly as we would is ours as well.
    """
    records: list[LabelRecord] = []
    for kind, old, new in _pairs(stored, wanted):
        path = label_path(snapshot.tree, kind)
        is_hand_made = snapshot.is_edited(path)
        if is_hand_made and is_grown:
            is_hand_made = snapshot.differs(File(path, label_file(new)))
        for label in new:
            before, base = old.get(label.id), stored.bases.get((kind, label.id))
            is_added = before is None or before.priority != label.priority
            if not is_hand_made or is_added:
                records.append(_record(kind, label))
            elif base is not None:
                records.append(base)
    return records


def label_file(labels: Iterable[Label]) -> bytes:
    return dump([label_entry(label) for label in labels])


def label_entry(label: Label) -> dict[str, Any]:
    document: dict[str, Any] = {"id": label.id, "name": label.name}
    if isinstance(label, Category) and label.description:
        document["description"] = label.description
    if label.priority is not None:
        document["priority"] = label.priority
    if label.aliases:
        document["aliases"] = list(label.aliases)
    return document | label.extra


def _record(kind: str, label: Label) -> LabelRecord:
    return LabelRecord(kind=kind, id=label.id, name=label.name, priority=label.priority)


def _labels(snapshot: Snapshot, kind: Kind) -> Iterator[Label]:
    """Read each entry; of two with one id, the first."""
    path = label_path(snapshot.tree, kind)
    if path not in snapshot.tree:
        return
    [content] = snapshot.repository.read([snapshot.tree[path]])
    try:
        entries = parse(content, times=TIMES)
    except InvalidYAML as exc:
        raise RepositoryError(
            f"{path} of the data repository cannot be read: {exc}. Mend it and run again"
        ) from exc
    if not isinstance(entries or [], list):
        raise RepositoryError(
            f"{path} of the data repository is not a list of {kind}. "
            "Mend it and run again"
        )
    seen: set[str] = set()
    for entry in entries or []:
        label = entry_of(kind, entry)
        if label is not None and label.id not in seen:
            seen.add(label.id)
            yield label


def entry_of(kind: Kind, entry: Any) -> Label | None:
    """Read one entry, as a person may have written it; None where it names nothing."""
    pairs = entry if isinstance(entry, dict) else {"id": entry, "name": entry}
    rest = {str(key): value for key, value in pairs.items()}
    known = {key: text_of(rest.pop(key, "")) for key in _KEYS[kind]}
    known["name"] = unescaped(known["name"])
    if not known["id"] or not known["name"]:
        return None
    values: dict[str, Any] = {**known, "aliases": _aliases(rest)}
    # A tag's priority that is no number is a key like any other.
    if kind == "categories" or as_integer(rest.get("priority")) is not None:
        values["priority"] = as_integer(rest.pop("priority", None))
    maker: type[Label] = Category if kind == "categories" else Tag
    return maker(**values, extra=rest)


def _aliases(rest: dict[str, Any]) -> tuple[str, ...]:
    """Take the aliases out of an entry; what is no list of texts stays as it is."""
    raw = rest.get("aliases")
    several = [raw] if isinstance(raw, str) else raw
    if not isinstance(several, list) or not all(
        isinstance(alias, str | int | float) for alias in several
    ):
        return ()
    del rest["aliases"]
    return tuple(dict.fromkeys(filter(None, map(text_of, several))))
