"""Take the items of a file into a directory, as one edit: whatever a source may be.

What is there already is left out, or brought up to date by what the file says; a file that
was exported from here finds its items again by their slugs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import ValidationError

from generation.editing import Edit, Effect
from generation.editing.desk import Desk
from generation.editing.exporting import unguarded
from generation.editing.items import Clerk
from generation.editing.operations import AddItem, UpdateItem
from generation.exceptions import EditRefused
from generation.pipeline.draft import BODY
from generation.pipeline.entries import Headings
from generation.pipeline.taxonomy import OTHER
from generation.repositories.data import Stored
from generation.sources import read_document
from generation.sources.candidates import Candidate, Document, Reading
from generation.sources.decoding import decode_named
from generation.sources.urls import clean_url

Duplicates = Literal["skip", "update"]
MOST_TAGS = 50
LONGEST_LABEL = 100
LONGEST_DESCRIPTION = 5_000
# What an export says of an item that is no fact about the thing itself.
_OWN = ("slug", "featured", "order", "updated_at", "id", "page", "edited", "sources")


def read_file(content: bytes, *, name: str, media_type: str = "") -> Reading:
    """Read a file with the reader of its kind. Raises SourceError."""
    decoded = decode_named(content, content_type=media_type)
    document = Document(source=name, text=decoded.text, media_type=media_type)
    return read_document(document)


def import_items(
    stored: Stored, reading: Reading, *, now: str, duplicates: Duplicates = "skip"
) -> Edit:
    """Add what is new, in the order of the file. Raises EditRefused where nothing is."""
    importer = _Importer(stored, reading, now=now, duplicates=duplicates)
    for candidate in reading.candidates:
        importer.take(candidate)
    return importer.result()


class _Importer:
    def __init__(
        self, stored: Stored, reading: Reading, *, now: str, duplicates: Duplicates
    ) -> None:
        self._desk = Desk(stored, now=now)
        self._clerk = Clerk(self._desk)
        self._headings = Headings(reading.candidates)
        self._duplicates = duplicates
        self._reading = reading
        self._before = {found.item.slug for found in stored.items}

    def take(self, candidate: Candidate) -> None:
        facts = {key: unguarded(value) for key, value in candidate.facts.items()}
        own = {key: facts.pop(key) for key in _OWN if key in facts}
        fields = self._fields(candidate, facts)
        slug = str(own.get("slug", ""))
        try:
            if slug in self._desk.items:
                self._meet(slug, fields)
                return
            flags = {"featured": own.get("featured") in (True, "yes", "true", "True")}
            self._clerk.do(AddItem.model_validate({**fields, **flags, **_order(own)}))
        except ValidationError as exc:
            error = exc.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, error["loc"]))
            self._leave_out(candidate, f"{place}: {error['msg']}")
        except EditRefused as exc:
            known = next(
                (e["duplicate_of"] for e in exc.errors if "duplicate_of" in e), ""
            )
            if known:
                self._meet(known, fields, candidate=candidate)
            else:
                self._leave_out(candidate, str(exc))

    def result(self) -> Edit:
        for left in self._reading.left_out:
            self._tell("left out", left.name, left.reason)
        edit = self._desk.result()
        if not edit.effects:
            raise EditRefused("the file holds nothing that could be an item")
        counts = {
            action: sum(effect.action == action for effect in edit.effects)
            for action in ("add", "restore", "update")
        }
        added = counts["add"] + counts["restore"]
        title = f"Import {added} item{'' if added == 1 else 's'}"
        if counts["update"]:
            title += f", update {counts['update']}"
        return edit._replace(title=title)

    def _meet(
        self,
        slug: str,
        fields: Mapping[str, Any],
        *,
        candidate: Candidate | None = None,
    ) -> None:
        """Leave alone what is there, or change what the file says otherwise."""
        if self._duplicates == "skip" or slug not in self._before:
            reason = f"it is in the directory already: {slug}"
            self._tell("left out", str(fields["name"]), reason)
            return
        given = {
            key: value for key, value in fields.items() if value not in ("", (), {})
        }
        if candidate is not None:
            # Found by its link: what it is called here stays.
            given.pop("name", None)
            given.pop("source_url", None)
        if fields["category"] == OTHER:
            given.pop("category", None)
        try:
            operation = UpdateItem.model_validate(
                {"slug": slug, "allow_duplicate": True, **given}
            )
            self._clerk.do(operation)
        except (EditRefused, ValidationError) as exc:
            self._tell("left out", str(fields["name"]), str(exc).splitlines()[0])

    def _fields(self, candidate: Candidate, facts: dict[str, Any]) -> dict[str, Any]:
        category = unguarded(candidate.category or self._headings.naming(candidate))
        return {
            "name": unguarded(candidate.name),
            "source_url": clean_url(candidate.url) or candidate.url,
            "description": str(unguarded(candidate.description))[:LONGEST_DESCRIPTION],
            "category": str(category)[:LONGEST_LABEL] or OTHER,
            "tags": tuple(_labels(candidate.tags)),
            "markdown": str(facts.pop(BODY, "") or ""),
            "meta": {key: value for key, value in facts.items() if value is not None},
        }

    def _leave_out(self, candidate: Candidate, reason: str) -> None:
        self._tell("left out", candidate.name, reason)

    def _tell(self, action: str, name: str, reason: str) -> None:
        effect = Effect(action=action, kind="items", id="", name=name, notes=(reason,))
        self._desk.tell(effect)


def _labels(texts: Iterable[str]) -> list[str]:
    tags = (str(unguarded(text)).strip()[:LONGEST_LABEL] for text in texts)
    return list(dict.fromkeys(tag for tag in tags if tag))[:MOST_TAGS]


def _order(own: Mapping[str, Any]) -> dict[str, int]:
    text = str(own.get("order", ""))
    return {"order": int(text)} if text.isdecimal() and len(text) < 10 else {}
