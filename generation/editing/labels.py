"""Operations on categories and tags. Items follow in the same edit.

An id that people linked to goes on working: what a label was called, or had for an id,
becomes an alias of it or of the label that it was merged into. A source that says the old
name means the new one, and the old page of the website leads to the new one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, assert_never

from generation.editing import Edit, Effect
from generation.editing.desk import Desk
from generation.editing.operations import (
    CreateLabel,
    DeleteLabel,
    LabelOperation,
    MergeLabels,
    RenameLabel,
    ReorderLabels,
)
from generation.editing.sheets import ONE, LabelSheet
from generation.editing.versions import check_labels
from generation.exceptions import EditRefused
from generation.items import Category, Tag
from generation.pipeline.vocabulary import label_key
from generation.report import FieldChange
from generation.repositories.data import Stored
from generation.repositories.labels import Label
from generation.repositories.tombstones import LABEL_KEYS
from generation.slugs import is_slug, unique_slug
from generation.yaml_edits import REMOVE


def edit_labels(stored: Stored, operation: LabelOperation, *, now: str) -> Edit:
    """Do what was asked for. Raises EditRefused."""
    if operation.version is not None:
        check_labels(stored, operation.kind, [operation.version], pointer="/version")
    clerk = _Clerk(Desk(stored, now=now), operation.kind)
    title = clerk.do(operation)
    return clerk.desk.result(title)


class _Clerk:
    def __init__(self, desk: Desk, kind: Any) -> None:
        self.desk = desk
        self._kind = kind
        self._one = ONE[kind]
        self._sheet: LabelSheet = desk.labels[kind]

    def do(self, operation: LabelOperation) -> str:
        """Return the line that says what was done."""
        match operation:
            case CreateLabel():
                return self._create(operation)
            case RenameLabel():
                return self._rename(operation)
            case MergeLabels():
                return self._merge(operation)
            case DeleteLabel():
                return self._delete(operation)
            case ReorderLabels():
                return self._reorder(operation)
            case _:
                assert_never(operation)

    def _create(self, operation: CreateLabel) -> str:
        self._check_free(operation.name, "/name")
        if operation.description and self._kind == "tags":
            raise _wrong("/description", "a tag has no description")
        identifier = operation.id
        if identifier is None:
            identifier = unique_slug(
                operation.name, self._taken_ids(), fallback="label"
            )
        else:
            self._check_id(identifier, "/id")
        label: Label
        if self._kind == "categories":
            label = Category(
                id=identifier,
                name=operation.name,
                description=operation.description,
                priority=operation.priority,
            )
        else:
            label = Tag(id=identifier, name=operation.name, priority=operation.priority)
        self._sheet.add(label)
        self.desk.unbury_label(self._kind, (identifier, operation.name))
        self._tell("create", label)
        return f"Create the {self._one} {operation.name}"

    def _rename(self, operation: RenameLabel) -> str:
        old = self._sheet.get(operation.id, "/id")
        name = operation.name or old.name
        if name != old.name:
            self._check_free(name, "/name", but=old.id)
        identifier = operation.new_id or old.id
        if identifier != old.id:
            self._check_id(identifier, "/new_id", but=old.id)
        aliases = _aliases(old.aliases, (old.id, old.name), but=(identifier, name))
        changes: dict[str, Any] = {"id": identifier, "name": name}
        changes["aliases"] = list(aliases) if aliases else REMOVE
        if "description" in operation.model_fields_set:
            if self._kind == "tags":
                raise _wrong("/description", "a tag has no description")
            changes["description"] = operation.description or REMOVE
        # Before the change: from then on they mean the new id.
        spellings = self._spellings([old])
        self._sheet.change(old.id, _changed(old, changes))
        followed = self._follow({old.id: identifier}, old=spellings)
        new = self._sheet.labels[identifier]
        self._tell("rename", new, old=old, followed=followed)
        if name == old.name:
            return f"Change the {self._one} {name}"
        return f"Rename the {self._one} {old.name} to {name}"

    def _merge(self, operation: MergeLabels) -> str:
        into = self._sheet.get(operation.into, "/into")
        labels = {
            label.id: label
            for number, text in enumerate(operation.ids)
            if (label := self._sheet.get(text, f"/ids/{number}")).id != into.id
        }
        if not labels:
            raise _wrong("/ids", f"there is nothing to merge into {into.id}")
        followed = self._unite(list(labels.values()), into)
        names = ", ".join(label.name for label in labels.values())
        for label in labels.values():
            self._tell("merge", label, notes=(f"into {into.name}",))
        self._tell("receive", self._sheet.labels[into.id], old=into, followed=followed)
        if len(names) > 60:
            names = f"{len(labels)} {self._kind}"
        return f"Merge {names} into {into.name}"

    def _delete(self, operation: DeleteLabel) -> str:
        label = self._sheet.get(operation.id, "/id")
        if operation.into is not None:
            into = self._sheet.get(operation.into, "/into")
            if into.id == label.id:
                raise _wrong("/into", f"{into.id} is what is to be deleted")
            followed = self._unite([label], into)
        else:
            members = self._members(self._spellings([label]))
            if self._kind == "categories" and members:
                count = f"{len(members)} item{'' if len(members) == 1 else 's'}"
                raise _wrong(
                    "/into",
                    f"{label.name} holds {count}; say into which category they go",
                )
            followed = self._follow({label.id: None}, old=self._spellings([label]))
            self._sheet.remove([label.id])
            entry = {LABEL_KEYS[self._kind]: label.id, "name": label.name}
            self.desk.append_tombstone(entry)
        self._tell("delete", label, followed=followed)
        return f"Delete the {self._one} {label.name}"

    def _reorder(self, operation: ReorderLabels) -> str:
        ids = [
            self._sheet.get(text, f"/ids/{number}").id
            for number, text in enumerate(operation.ids)
        ]
        if len(set(ids)) < len(ids):
            raise _wrong("/ids", "one of them is named twice")
        rest = [
            label.id
            for label in sorted(self._sheet.labels.values(), key=_place)
            if label.id not in ids and label.priority is not None
        ]
        changes: dict[str, Mapping[str, Any]] = {}
        for number, identifier in enumerate([*ids, *rest], 1):
            if self._sheet.labels[identifier].priority != number:
                changes[identifier] = {"priority": number}
        before = dict(self._sheet.labels)
        self._sheet.change_many(changes)
        for identifier in changes:
            self._tell(
                "reorder", self._sheet.labels[identifier], old=before[identifier]
            )
        return f"Reorder the {self._kind}"

    def _unite(self, labels: Sequence[Label], into: Label) -> int:
        """Let items and names of labels go over to another one."""
        old = self._spellings(labels)
        aliases = _aliases(
            into.aliases,
            (
                text
                for label in labels
                for text in (label.id, label.name, *label.aliases)
            ),
            but=(into.id, into.name),
        )
        followed = self._follow({label.id: into.id for label in labels}, old=old)
        self._sheet.change(into.id, {"aliases": list(aliases)})
        self._sheet.remove([label.id for label in labels])
        return followed

    def _spellings(self, labels: Iterable[Label]) -> dict[str, str]:
        """Say what an item's file may hold for a label: each to the id that it means."""
        ids = {label.id for label in labels}
        sheet = self._sheet
        used = {
            text
            for found in self.desk.items.values()
            for text in (
                [found.item.category] if self._kind == "categories" else found.item.tags
            )
        }
        return {text: key for text in used if (key := sheet.find(text)) in ids and key}

    def _members(self, old: Mapping[str, str]) -> list[str]:
        return [
            found.item.slug
            for found in self.desk.items.values()
            if not old.keys().isdisjoint(
                [found.item.category] if self._kind == "categories" else found.item.tags
            )
        ]

    def _follow(self, new: Mapping[str, str | None], *, old: Mapping[str, str]) -> int:
        """Give items the new ids, or none. Their date stays: they are what they were."""
        moved = {text: new[key] for text, key in old.items()}
        if all(text == target for text, target in moved.items()):
            return 0
        members = self._members(old)
        for slug in members:
            item = self.desk.items[slug].item
            if self._kind == "categories":
                self.desk.change(slug, {("category",): moved[item.category]})
                continue
            tags = (moved.get(tag, tag) for tag in item.tags)
            self.desk.change(slug, {("tags",): list(dict.fromkeys(filter(None, tags)))})
        return len(members)

    def _check_free(self, name: str, pointer: str, *, but: str = "") -> None:
        if not label_key(name):
            raise _wrong(pointer, f"{name!r} has no letter or digit")
        found = self._sheet.find(name)
        if found is not None and found != but:
            other = self._sheet.labels[found]
            raise _wrong(
                pointer,
                f"there is a {self._one} of that name: {other.id}, {other.name}; to make "
                "one of two, merge them",
            )

    def _check_id(self, identifier: str, pointer: str, *, but: str = "") -> None:
        if not is_slug(identifier):
            raise _wrong(
                pointer,
                f"{identifier!r} is not an id: use lower-case letters, digits and hyphens",
            )
        found = self._sheet.find(identifier)
        if found is not None and found != but:
            raise _wrong(pointer, f"the id {identifier} means {found} already")

    def _taken_ids(self) -> set[str]:
        labels = self._sheet.labels.values()
        return {text for label in labels for text in (label.id, *label.aliases)}

    def _tell(
        self,
        action: str,
        label: Label,
        *,
        old: Label | None = None,
        followed: int = 0,
        notes: Collection[str] = (),
    ) -> None:
        told = list(notes)
        if followed:
            told.append(f"{followed} item{'' if followed == 1 else 's'} follow")
        self.desk.tell(
            Effect(
                action=action,
                kind=self._kind,
                id=label.id,
                name=label.name,
                fields=tuple(
                    FieldChange(field=name, before=_shown(before), after=_shown(after))
                    for name in ("id", "name", "description", "priority", "aliases")
                    if old is not None
                    and (before := getattr(old, name, ""))
                    != (after := getattr(label, name, ""))
                ),
                notes=tuple(told),
            )
        )


def _aliases(
    known: Iterable[str], more: Iterable[str], *, but: Collection[str]
) -> tuple[str, ...]:
    """Join aliases; an id and a name that are one spelling are both worth keeping."""
    return tuple(alias for alias in dict.fromkeys([*known, *more]) if alias not in but)


def _changed(old: Label, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is so already, so that its line stays as a person wrote it."""
    now = old.model_dump()
    return {
        key: value
        for key, value in changes.items()
        if (list(now[key]) if isinstance(now.get(key), tuple) else now.get(key))
        != value
        and not (value is REMOVE and not now.get(key))
    }


def _place(label: Label) -> tuple[bool, int, str, str]:
    priority = label.priority
    return priority is None, priority or 0, label.name.casefold(), label.id


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _wrong(pointer: str, detail: str) -> EditRefused:
    return EditRefused(detail, {"pointer": pointer, "detail": detail})
