"""`categories.yml` or `tags.yml` on the desk: changed entry by entry, in a person's text."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from generation.exceptions import EditRefused
from generation.items import Category, Tag
from generation.pipeline.vocabulary import Vocabulary
from generation.repositories.data import Stored
from generation.repositories.documents import text_of
from generation.repositories.labels import (
    TIMES,
    Kind,
    Label,
    entry_of,
    label_entry,
    label_path,
)
from generation.yaml import InvalidYAML, parse
from generation.yaml_edits import CannotEdit, append, edit, without_entries

ONE = {"categories": "category", "tags": "tag"}


class LabelSheet:
    """The labels of one kind, and the text of their file as it will be."""

    def __init__(self, stored: Stored, kind: Kind) -> None:
        snapshot = stored.snapshot
        self.kind = kind
        self.path = label_path(snapshot.tree, kind)
        labels = stored.categories if kind == "categories" else stored.tags
        self.labels: dict[str, Label] = {label.id: label for label in labels}
        self._text: bytes | None = None
        # Labels that are written together when the text is wanted: each by itself would be
        # read and checked with all before it, and an import opens thousands.
        self._waiting: list[Label] = []
        self._snapshot = snapshot
        self._vocabulary: Vocabulary | None = None

    def content(self) -> bytes | None:
        """The file as it will be; None where nothing has changed."""
        self._write_waiting()
        return self._text

    @property
    def vocabulary(self) -> Vocabulary:
        if self._vocabulary is None:
            self._vocabulary = Vocabulary.of(self.labels.values())
        return self._vocabulary

    def find(self, text: str) -> str | None:
        """Find a label by its id, its name or an alias."""
        if text in self.labels:
            return text
        known = self.vocabulary
        return known.id_of(text) if known.knows(text) else None

    def get(self, text: str, pointer: str) -> Label:
        """Find a label that has to be there. Raises EditRefused."""
        found = self.find(text)
        if found is None:
            message = f"there is no {ONE[self.kind]} {text}"
            raise EditRefused(message, {"pointer": pointer, "detail": message})
        return self.labels[found]

    def open(self, text: str) -> tuple[str, bool]:
        """Find a label, or open it. True for one that is new."""
        if (found := self.find(text)) is not None:
            return found, False
        vocabulary = self.vocabulary
        identifier = vocabulary.id_of(text)
        name = vocabulary.name_of(identifier)
        self.add(
            Category(id=identifier, name=name)
            if self.kind == "categories"
            else Tag(id=identifier, name=name)
        )
        # It knows the new one, whose id it has just made.
        self._vocabulary = vocabulary
        return identifier, True

    def add(self, label: Label) -> None:
        if self._text is None:
            # A file that cannot be added to is named with the first.
            self._write(lambda text: append(text, [label_entry(label)], times=TIMES))
        else:
            self._waiting.append(label)
        self.labels[label.id] = label
        self._vocabulary = None

    def _write_waiting(self) -> None:
        if not self._waiting:
            return
        entries = [label_entry(label) for label in self._waiting]
        self._waiting = []
        self._write(lambda text: append(text, entries, times=TIMES))

    def change(self, identifier: str, changes: Mapping[str, Any]) -> None:
        """Set or remove keys of one entry. Raises EditRefused."""
        self.change_many({identifier: changes})

    def change_many(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        if not any(changes.values()):
            return
        paths = {
            (self._number(identifier), key): value
            for identifier, values in changes.items()
            for key, value in values.items()
        }
        self._write(lambda text: edit(text, paths, times=TIMES))
        self._read_again()

    def remove(self, identifiers: Collection[str]) -> None:
        numbers = {self._number(identifier) for identifier in identifiers}
        self._write(lambda text: without_entries(text, numbers, times=TIMES))
        self._read_again()

    def _number(self, identifier: str) -> int:
        """Find the entry of an id; of several, the first one counts."""
        for number, entry in enumerate(self._entries()):
            if (
                text_of(entry.get("id") if isinstance(entry, dict) else entry)
                == identifier
            ):
                if not isinstance(entry, dict):
                    raise EditRefused(
                        f"{self.path} holds {identifier} as a text alone; give it an id "
                        "and a name by hand first"
                    )
                return number
        raise EditRefused(f"{self.path} holds no entry {identifier}")

    def _entries(self) -> list[Any]:
        entries = parse(self._before(), times=TIMES)
        return entries if isinstance(entries, list) else []

    def _read_again(self) -> None:
        labels = (entry_of(self.kind, entry) for entry in self._entries())
        found: dict[str, Label] = {}
        for label in labels:
            if label is not None:
                found.setdefault(label.id, label)
        self.labels = found
        self._vocabulary = None

    def _before(self) -> bytes:
        self._write_waiting()
        if self._text is not None:
            return self._text
        tree = self._snapshot.tree
        if self.path not in tree:
            return b""
        [content] = self._snapshot.repository.read([tree[self.path]])
        return content

    def _write(self, change: Any) -> None:
        try:
            self._text = change(self._before())
        except (CannotEdit, InvalidYAML) as exc:
            raise EditRefused(
                f"{self.path} was not changed: {exc}; change the file by hand"
            ) from exc
