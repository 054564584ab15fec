"""Operations on items: add, update, remove, alone or many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

from generation.editing import Edit, Effect
from generation.editing.desk import Desk, differences
from generation.editing.duplicates import Duplicate, Known
from generation.editing.operations import (
    AddItem,
    ItemOperation,
    RemoveItem,
    UpdateItem,
)
from generation.editing.sheets import ONE
from generation.editing.versions import check_item
from generation.exceptions import EditRefused, StaleVersion
from generation.items import ADDED_AT, Item
from generation.repositories.data import Stored
from generation.repositories.state import ItemRecord, item_id
from generation.slugs import is_slug, unique_slug
from generation.sources.names import name_key
from generation.sources.urls import clean_url
from generation.yaml import Quoted
from generation.yaml_edits import REMOVE


def edit_items(
    stored: Stored, operations: Sequence[ItemOperation], *, now: str, title: str = ""
) -> Edit:
    """Do all of it, one after another, or raise EditRefused with everything that is wrong.

    A pointer names the operation by its number where there are several.
    """
    clerk = Clerk(Desk(stored, now=now))
    errors: list[dict[str, Any]] = []
    messages: list[str] = []
    option = ""
    stale: list[StaleVersion] = []
    for number, operation in enumerate(operations):
        try:
            _check_version(stored, operation)
            clerk.do(operation)
        except EditRefused as exc:
            messages.append(str(exc))
            option = exc.option
            where = f"/operations/{number}" if len(operations) > 1 else ""
            found = exc.errors or ({"pointer": "", "detail": str(exc)},)
            if isinstance(exc, StaleVersion):
                stale.append(exc)
            errors += (
                {**error, "pointer": where + error.get("pointer", "")}
                for error in found
            )
    if errors:
        message = messages[0]
        if len(operations) > 1:
            option = ""
            message = (
                f"{len(messages)} of {len(operations)} operations cannot be done, so "
                f"nothing was done; the first: {message}"
            )
        if stale:
            version = stale[0].version if len(operations) == 1 else None
            raise StaleVersion(message, *errors, version=version)
        raise EditRefused(message, *errors, option=option)
    return clerk.desk.result(title)


def _check_version(stored: Stored, operation: ItemOperation) -> None:
    """Compare with what is there before all operations: nobody has seen what is between."""
    if not isinstance(operation, AddItem) and operation.version is not None:
        check_item(stored, operation.slug, [operation.version], pointer="/version")


class Clerk:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._known: Known | None = None

    @property
    def known(self) -> Known:
        if self._known is None:
            self._known = Known(self.desk)
        return self._known

    def do(self, operation: ItemOperation) -> None:
        match operation:
            case AddItem():
                self._add(operation)
            case UpdateItem():
                self._update(operation)
            case RemoveItem():
                self._remove(operation)
            case _:
                assert_never(operation)

    def _add(self, operation: AddItem) -> None:
        url = _link(operation.source_url)
        _check_name(operation.name)
        if not operation.allow_duplicate and (
            found := self.known.find(operation.name, url)
        ):
            raise _duplicate(found)
        buried = self._tombstone(operation.name, url)
        slug = self._slug_for(operation, buried)
        notes: list[str] = []
        item = Item(
            id=buried.id if buried else self.known.new_id(operation.name, url),
            slug=slug,
            name=operation.name,
            description=operation.description,
            source_url=url,
            category=self._label("categories", operation.category, notes),
            tags=self._labels(operation.tags, notes),
            updated_at=self.desk.now,
            featured=operation.featured,
            order=operation.order,
            markdown=operation.markdown.strip(),
            meta={
                **{k: v for k, v in operation.meta.items() if v is not None},
                ADDED_AT: operation.meta.get(ADDED_AT) or self.desk.now[:10],
            },
        )
        if buried:
            self.desk.bury_no_longer(buried)
            notes.append("it had been removed")
        self.desk.put(item)
        self.known.add(self.desk.items[slug])
        action = "restore" if buried else "add"
        self._tell(action, item, notes=notes)

    def _update(self, operation: UpdateItem) -> None:
        desk = self.desk
        found = desk.find(operation.slug)
        old, notes = found.item, list[str]()
        changes = self._changes(operation, old, notes)
        if not operation.allow_duplicate and (
            ("name",) in changes or ("source_url",) in changes
        ):
            name = changes.get(("name",), old.name)
            url = changes.get(("source_url",), old.source_url)
            if duplicate := self.known.find(name, url, but=old.slug):
                raise _duplicate(duplicate)
        changes = {
            path: value
            for path, value in changes.items()
            if not _is_so(old, path, value)
        }
        if not changes:
            self._tell("unchanged", old, notes=notes)
            return
        if found.item.updated_at < desk.now:
            changes["updated_at",] = Quoted(desk.now)
        new = desk.change(old.slug, changes)
        if self._known is not None:
            self._known.change(old, desk.items[old.slug])
        self._tell("update", new, old=old, notes=notes)

    def _remove(self, operation: RemoveItem) -> None:
        found = self.desk.find(operation.slug)
        self.desk.drop(operation.slug, operation.reason)
        if self._known is not None:
            self._known.drop(found)
        self._tell("remove", found.item, notes=[operation.reason])

    def _changes(
        self, operation: UpdateItem, old: Item, notes: list[str]
    ) -> dict[tuple[str, ...], Any]:
        """Give what is to be set, by path. Raises EditRefused."""
        given = operation.model_fields_set
        changes: dict[tuple[str, ...], Any] = {}
        for name in ("name", "source_url", "category"):
            if name in given and getattr(operation, name) is None:
                raise _wrong(f"/{name}", f"{name} may not be empty")
        if operation.name is not None:
            _check_name(operation.name)
            changes["name",] = operation.name
        if operation.source_url is not None:
            changes["source_url",] = _link(operation.source_url)
        if "description" in given:
            changes["description",] = operation.description or ""
        if operation.category is not None:
            label = self._label("categories", operation.category, notes)
            changes["category",] = label
        if "tags" in given or operation.add_tags or operation.remove_tags:
            changes["tags",] = self._tags_after(operation, old, notes)
        if "featured" in given:
            changes["featured",] = True if operation.featured else REMOVE
        if "order" in given:
            changes["order",] = REMOVE if operation.order is None else operation.order
        if "markdown" in given:
            changes["markdown",] = (operation.markdown or "").strip()
        if "meta" in given:
            facts = operation.meta
            if facts is None:
                facts = dict.fromkeys(old.meta)
            for key, value in facts.items():
                changes["meta", key] = REMOVE if value is None else value
        return changes

    def _tags_after(
        self, operation: UpdateItem, old: Item, notes: list[str]
    ) -> list[str]:
        sheet = self.desk.labels["tags"]
        wanted = list(old.tags)
        if "tags" in operation.model_fields_set:
            wanted = list(self._labels(operation.tags or (), notes))
        gone = {sheet.find(tag) or tag for tag in operation.remove_tags}
        added = self._labels(operation.add_tags, notes)
        kept = [tag for tag in wanted if (sheet.find(tag) or tag) not in gone]
        known = {sheet.find(tag) or tag for tag in kept}
        return [*kept, *(tag for tag in added if tag not in known)]

    def _label(self, kind: Any, text: str, notes: list[str]) -> str:
        sheet = self.desk.labels[kind]
        found, is_new = sheet.open(text)
        if is_new:
            notes.append(f"opens the {ONE[kind]} {sheet.labels[found].name}")
        return str(found)

    def _labels(self, texts: Sequence[str], notes: list[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._label("tags", text, notes) for text in texts))

    def _slug_for(self, operation: AddItem, buried: ItemRecord | None) -> str:
        taken = self.desk.taken
        if operation.slug is not None:
            if not is_slug(operation.slug):
                raise _wrong("/slug", f"{operation.slug!r} is not a slug")
            is_own = buried is not None and buried.slug == operation.slug
            if operation.slug in taken and not is_own:
                raise _wrong("/slug", f"the slug {operation.slug} is taken")
            return operation.slug
        if buried and is_slug(buried.slug) and not self._is_folder(buried.slug):
            return buried.slug
        return unique_slug(operation.name, taken)

    def _is_folder(self, slug: str) -> bool:
        there = self.desk.stored.snapshot.tree
        return slug in self.desk.items or any(
            path.startswith(f"data/{slug}/") and self.desk.has(path) for path in there
        )

    def _tombstone(self, name: str, url: str) -> ItemRecord | None:
        keys = {item_id(url), item_id(url, name_key(name))}
        found = (r for r in self.desk.tombstones.values() if r.id in keys)
        return next(
            (r for r in found if not r.name or name_key(r.name) == name_key(name)), None
        )

    def _tell(
        self, action: str, item: Item, *, old: Item | None = None, notes: Sequence[str]
    ) -> None:
        self.desk.tell(
            Effect(
                action=action,
                kind="items",
                id=item.slug,
                name=item.name,
                fields=differences(old, item) if old else (),
                notes=tuple(notes),
            )
        )


def _is_so(item: Item, path: tuple[str, ...], value: Any) -> bool:
    """Tell whether an item is so already."""
    if path[0] == "meta":
        is_absent = path[1] not in item.meta
        return is_absent if value is REMOVE else item.meta.get(path[1]) == value
    current = getattr(item, path[0])
    if value is REMOVE:
        return current in (None, False, "")
    return list(current) == value if path == ("tags",) else bool(current == value)


def _link(text: str) -> str:
    url = clean_url(text)
    if not url:
        raise _wrong(
            "/source_url", f"{text[:200]!r} is no http or https link; give a whole one"
        )
    return url


def _check_name(name: str) -> None:
    if not any(map(str.isalnum, name)):
        raise _wrong("/name", "a name has a letter or a digit")


def _wrong(pointer: str, detail: str) -> EditRefused:
    return EditRefused(detail, {"pointer": pointer, "detail": detail})


def _duplicate(found: Duplicate) -> EditRefused:
    detail = (
        f"it is in the directory already: {found.slug}, {found.name} ({found.url}); "
        f"{found.reason}"
    )
    return EditRefused(
        detail,
        {
            "pointer": found.pointer,
            "detail": f"{detail}. If it is another thing, say so with allow_duplicate",
            "duplicate_of": found.slug,
            "reason": found.reason,
        },
        option="allow_duplicate",
    )
