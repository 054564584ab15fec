"""The desk on which a data repository is changed: what is there, with the changes so far.

Operations come one after another and each sees what the last one did. Everything that
cannot be done is refused here, before anything is written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from generation.editing import Edit, Effect
from generation.editing.operations import LabelKind
from generation.editing.sheets import LabelSheet
from generation.exceptions import EditRefused
from generation.fact_sheet import fact_sheet, is_fact_sheet
from generation.git import blob_id
from generation.items import Item
from generation.markup import strip_raw_html
from generation.pipeline.decisions import Decisions, read_decisions
from generation.report import FieldChange
from generation.repositories.data import OWN_TIMES, Stored, StoredItem, body_file
from generation.repositories.documents import (
    edited_tags,
    item_document,
    read_item,
    text_of,
)
from generation.repositories.labels import KINDS
from generation.repositories.merge import Path, tidied
from generation.repositories.state import ItemRecord
from generation.repositories.tombstones import HEAD, LABEL_KEYS
from generation.repositories.tombstones import PATH as TOMBSTONES
from generation.repositories.tombstones import TIMES as TOMBSTONES_TIMES
from generation.repositories.versions import item_version, label_version
from generation.yaml import InvalidYAML, dump, parse
from generation.yaml_edits import (
    REMOVE,
    CannotEdit,
    append,
    applied,
    edit,
    without_entries,
)

LONGEST_SHOWN = 200
SHOWN = (
    "name",
    "description",
    "source_url",
    "category",
    "tags",
    "featured",
    "order",
    "markdown",
    "meta",
)


class Desk:
    """Collects the changes of one edit. `now` is what `updated_at` becomes."""

    def __init__(self, stored: Stored, *, now: str) -> None:
        self.stored = stored
        self.now = now
        self.items = {found.item.slug: found for found in stored.items}
        self.labels = {
            "categories": LabelSheet(stored, "categories"),
            "tags": LabelSheet(stored, "tags"),
        }
        self.taken = stored.taken_slugs
        self.tombstones = {
            (record.id, record.slug): record for record in stored.tombstones
        }
        self._files: dict[str, bytes] = {}
        self._removals: set[str] = set()
        self._effects: list[Effect] = []
        self._decisions: Decisions | None = None
        # What was read of the tombstones last, and what it says.
        self._buried: tuple[bytes, list[Any]] = (b"", [])

    @property
    def decisions(self) -> Decisions:
        if self._decisions is None:
            self._decisions = read_decisions(self.stored.snapshot)
        return self._decisions

    def has(self, path: str) -> bool:
        is_there = path in self._files or path in self.stored.snapshot.tree
        return is_there and path not in self._removals

    def read(self, path: str) -> bytes:
        """Give a file as it is by now; nothing for one that is not there."""
        if path in self._files:
            return self._files[path]
        tree = self.stored.snapshot.tree
        if path not in tree or path in self._removals:
            return b""
        [content] = self.stored.snapshot.repository.read([tree[path]])
        return content

    def write(self, path: str, content: bytes) -> None:
        if " " in self.stored.snapshot.tree.get(path, ""):
            raise EditRefused(
                f"{path} is a link or a program and no plain file; change it by hand"
            )
        self._files[path] = content
        self._removals.discard(path)

    def remove(self, path: str) -> None:
        self._files.pop(path, None)
        if path in self.stored.snapshot.tree:
            self._removals.add(path)

    def tell(self, effect: Effect) -> None:
        self._effects.append(effect)

    def result(self, title: str = "") -> Edit:
        for sheet in self.labels.values():
            if (content := sheet.content()) is not None:
                self.write(sheet.path, content)
        tree, repository = self.stored.snapshot.tree, self.stored.snapshot.repository
        there = [path for path in self._files if path in tree]
        contents = repository.read(tree[path] for path in there)
        same = {p for p, c in zip(there, contents, strict=True) if c == self._files[p]}
        files = {p: self._files[p] for p in sorted(self._files) if p not in same}
        effects = tuple(_with_versions(self._effects, tree, files, self._removals))
        removals = tuple(sorted(self._removals))
        return Edit(files, removals, title or title_of(effects), effects)

    def find(self, slug: str) -> StoredItem:
        """Find an item. Raises EditRefused."""
        if slug in self.items:
            return self.items[slug]
        if any(record.slug == slug for record in self.stored.unreadable):
            raise EditRefused(
                f"the file of {slug} cannot be read; mend it by hand first",
                {"pointer": "/slug", "detail": "its file cannot be read"},
            )
        raise EditRefused(
            f"there is no item {slug}",
            {"pointer": "/slug", "detail": f"there is no item {slug}"},
        )

    def put(self, item: Item) -> None:
        """Add the files of an item that is new."""
        folder = f"data/{item.slug}/{item.slug}"
        self.write(f"{folder}.yml", dump(item_document(item)))
        paths: tuple[str, ...] = (f"{folder}.yml",)
        if item.markdown:
            self.write(f"{folder}.md", body_file(item.markdown))
            paths += (f"{folder}.md",)
        record = ItemRecord(id=item.id, slug=item.slug, name=item.name)
        self.items[item.slug] = StoredItem(item, paths, record)
        self.taken.add(item.slug)

    def change(self, slug: str, changes: Mapping[Path, Any]) -> Item:
        """Change fields of an item, and nothing else of its files. Raises EditRefused.

        What is empty goes; `markdown` is both copies of the text. A text that only repeats
        description and facts goes on doing so.
        """
        found = self.find(slug)
        path, text = found.paths[0], found.item.markdown
        wanted = dict(changes)
        if ("markdown",) in wanted:
            text = wanted.pop(("markdown",))
            wanted["markdown",] = strip_raw_html(text).strip() or REMOVE
            self.write(self._body_of(found), body_file(text))
        elif (sheet := self._new_sheet(found, wanted)) is not None:
            wanted |= self._copy_sheet(found, sheet)
            text = sheet
        wanted = {key: self._in_its_form(found, key, v) for key, v in wanted.items()}
        try:
            content = self._changed(found, path, wanted)
            document = parse(content)
            item = read_item(slug, document, text, key=found.item.id)
        except CannotEdit as exc:
            raise EditRefused(
                f"{path} was not changed: {exc}; change the file by hand"
            ) from exc
        except (InvalidYAML, TypeError, ValueError) as exc:
            raise EditRefused(f"{path} cannot be changed: {exc}") from exc
        self.write(path, content)
        self.items[slug] = found._replace(item=item)
        return item

    def drop(self, slug: str, reason: str) -> None:
        """Remove the files of an item, and write down that it shall stay away."""
        found = self.find(slug)
        for path in [*self.stored.snapshot.tree, *self._files]:
            if path.startswith(f"data/{slug}/{slug}."):
                self.remove(path)
        base = found.record.base
        link = (base.source_url if base else "") or found.item.source_url
        entry = {
            "id": found.record.id,
            "slug": slug,
            "name": found.record.name or found.item.name,
            "url": link,
            "reason": reason,
        }
        self.append_tombstone({key: value for key, value in entry.items() if value})
        del self.items[slug]
        self.tombstones[found.record.id, slug] = found.record.model_copy(
            update={"url": link}
        )

    def append_tombstone(self, entry: Mapping[str, str]) -> None:
        before = self.read(TOMBSTONES) or HEAD.encode()
        try:
            content = append(before, [entry], times=TOMBSTONES_TIMES)
        except (InvalidYAML, TypeError) as exc:
            raise EditRefused(f"{TOMBSTONES} cannot be added to: {exc}") from exc
        self.write(TOMBSTONES, content)

    def unbury_label(self, kind: LabelKind, texts: Collection[str]) -> None:
        """Take the tombstones of a label away, where there are any."""
        self._unbury(
            lambda entry: (
                isinstance(entry, dict)
                and text_of(entry.get(LABEL_KEYS[kind])) != ""
                and bool(
                    {text_of(entry[LABEL_KEYS[kind]]), text_of(entry.get("name"))}
                    & {*texts}
                )
            ),
            texts=texts,
        )

    def bury_no_longer(self, record: ItemRecord) -> None:
        """Take the tombstone of an item away, where there is one."""
        self.tombstones.pop((record.id, record.slug), None)
        self._unbury(lambda entry: _names(entry, record), texts=[record.slug])

    def _unbury(
        self, is_meant: Callable[[Any], bool], *, texts: Collection[str]
    ) -> None:
        before = self.read(TOMBSTONES)
        if not before:
            return
        try:
            if before != self._buried[0]:
                self._buried = (before, parse(before, times=TOMBSTONES_TIMES) or [])
            entries = self._buried[1]
            numbers = {n for n, entry in enumerate(entries) if is_meant(entry)}
            if numbers:
                content = without_entries(before, numbers, times=TOMBSTONES_TIMES)
                self.write(TOMBSTONES, content)
        except (InvalidYAML, CannotEdit) as exc:
            raise EditRefused(
                f"{TOMBSTONES} was not changed: {exc}; take {', '.join(texts)} out of it "
                "by hand"
            ) from exc

    def _new_sheet(self, found: StoredItem, changes: Mapping[Path, Any]) -> str | None:
        """Write the sheet of an item anew; None where its text is another or stays."""
        old = found.item
        if not old.markdown or not any(
            path[0] in ("description", "meta") for path in changes
        ):
            return None
        if not is_fact_sheet(old.markdown, old.description, old.meta):
            return None
        new = applied({"description": old.description, "meta": old.meta}, changes)
        return fact_sheet(text_of(new.get("description")), new.get("meta") or {})

    def _copy_sheet(self, found: StoredItem, sheet: str) -> dict[Path, Any]:
        """Write a sheet into those copies of the text that held the old one."""
        body, old = self._body_of(found), found.item.markdown
        if tidied(self.read(body).decode("utf-8", "replace")) == tidied(old):
            self.write(body, body_file(sheet))
        if found.by_hand is not None:
            key = text_of((parse(self.read(found.paths[0])) or {}).get("markdown"))
            if key not in (old, strip_raw_html(old).strip()):
                return {}
        return {("markdown",): strip_raw_html(sheet).strip() or REMOVE}

    def _body_of(self, found: StoredItem) -> str:
        if found.by_hand:
            return found.by_hand.body_path
        folder = f"data/{found.item.slug}/{found.item.slug}"
        return f"{folder}.mdx" if self.has(f"{folder}.mdx") else f"{folder}.md"

    def _changed(
        self, found: StoredItem, path: str, changes: Mapping[Path, Any]
    ) -> bytes:
        if found.by_hand is None and path not in self._files:
            # As a run wrote it: written anew, in the one order of keys.
            document = applied(item_document(found.item), changes)
            item = read_item(found.item.slug, document, "", key=found.item.id)
            text = {"markdown": document.get("markdown", "")}
            return dump(item_document(item.model_copy(update=text)))
        content = self.read(path)
        times = 1 if self.stored.snapshot.is_edited(path) else OWN_TIMES
        return edit(content, changes, times=times)

    def _in_its_form(self, found: StoredItem, path: Path, value: Any) -> Any:
        """Keep what a person's file says beside the value: other categories, names of tags."""
        if found.by_hand is None:
            return value
        raw = found.by_hand.document.get(path[0])
        if path == ("category",) and isinstance(raw, list) and len(raw) > 1:
            return [value, *raw[1:]]
        if path == ("tags",) and isinstance(raw, list):
            return edited_tags(found.by_hand.document, value)
        return value


def differences(old: Item, new: Item) -> tuple[FieldChange, ...]:
    """List what a reader would see differently."""
    return tuple(
        FieldChange(field=name, before=_shown(before), after=_shown(after))
        for name in SHOWN
        if (before := getattr(old, name)) != (after := getattr(new, name))
    )


def _with_versions(
    effects: Iterable[Effect],
    tree: Mapping[str, str],
    files: Mapping[str, bytes],
    removals: Collection[str],
) -> Iterator[Effect]:
    """Add what the API calls the versions of items and labels after the edit."""
    after = {path: blob for path, blob in tree.items() if path not in removals}
    after |= {path: blob_id(content) for path, content in files.items()}
    labels: dict[str, str] = {kind: label_version(after, kind) for kind in KINDS}
    for effect in effects:
        found = item_version(after, effect.id) if effect.kind == "items" else None
        version = found.tag if found else labels.get(effect.kind)
        yield effect.model_copy(update={"version": version})


_VERBS = {"add": "Add", "update": "Update", "remove": "Remove", "restore": "Restore"}


def title_of(effects: tuple[Effect, ...]) -> str:
    """Say in one line what was done, for the commit."""
    told = [effect for effect in effects if effect.action in _VERBS]
    if len(told) == 1:
        name = told[0].name if len(told[0].name) <= 60 else f"{told[0].name[:59]}…"
        return f"{_VERBS[told[0].action]} {name}"
    counts = {
        verb: sum(effect.action == action for effect in told)
        for action, verb in _VERBS.items()
    }
    parts = [f"{verb.lower()} {count}" for verb, count in counts.items() if count]
    text = ", ".join(parts) or "change nothing"
    return f"{text[0].upper()}{text[1:]} items" if parts else "Change nothing"


def _names(entry: Any, record: ItemRecord) -> bool:
    if isinstance(entry, str):
        return entry == record.url
    if not isinstance(entry, dict):
        return False
    is_same = text_of(entry.get("id", record.id)) == record.id
    return (
        is_same
        and text_of(entry.get("slug", record.slug)) == record.slug
        and bool({"id", "slug"} & entry.keys() or entry.get("url") == record.url)
    )


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        value = ", ".join(value)
    elif isinstance(value, Mapping):
        value = ", ".join(f"{key}: {text}" for key, text in sorted(value.items()))
    elif isinstance(value, bool):
        value = "yes" if value else "no"
    text = str(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
