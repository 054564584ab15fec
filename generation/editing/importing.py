"""Take the items of a file into a directory, as one edit: whatever a source may be.

What is there already is left out, or brought up to date by what the file says. A file that
was exported from here may say less than the items do, and readers smooth what they read. So
an item is compared with what an export of it would say now: only where the file says
something else is anything changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import ValidationError

from generation.editing import Edit, Effect
from generation.editing.desk import Desk
from generation.editing.exporting import FORMATS, export, in_order, unguarded
from generation.editing.items import Clerk
from generation.editing.operations import AddItem, UpdateItem
from generation.exceptions import EditRefused, SourceError
from generation.items import Catalogue
from generation.pipeline.draft import BODY
from generation.pipeline.entries import Headings
from generation.pipeline.taxonomy import OTHER
from generation.repositories.data import Stored
from generation.repositories.following import catalogue_of
from generation.sources import read_document
from generation.sources.candidates import Candidate, Document, Reading
from generation.sources.decoding import decode_named
from generation.sources.urls import canonical_url, clean_url

Duplicates = Literal["skip", "update"]
MOST_TAGS = 50
LONGEST_LABEL = 100
LONGEST_DESCRIPTION = 5_000
Fields = Mapping[str, Any]
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
        self._said: dict[str, Fields] = {}
        self._slugs: dict[tuple[str, str], list[str]] = {}
        if duplicates == "update" and reading.kind in FORMATS:
            self._export(catalogue_of(stored))

    def take(self, candidate: Candidate) -> None:
        fields, own = self._fields(candidate, self._headings)
        slug = str(own.get("slug", "")) or self._slug_of(fields)
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
        given = self._news(slug, fields)
        if candidate is not None:
            # Found by its link: what it is called here stays.
            given.pop("name", None)
            given.pop("source_url", None)
        try:
            operation = UpdateItem.model_validate(
                {"slug": slug, "allow_duplicate": True, **given}
            )
            self._clerk.do(operation)
        except (EditRefused, ValidationError) as exc:
            self._tell("left out", str(fields["name"]), str(exc).splitlines()[0])

    def _news(self, slug: str, fields: Fields) -> dict[str, Any]:
        """Give what a file says of an item that an export would not say now."""
        given = {
            key: value for key, value in fields.items() if value not in ("", (), {})
        }
        if given["category"] == OTHER:
            del given["category"]
        said = self._said.get(slug)
        if said is None:
            return given
        given = {key: value for key, value in given.items() if value != said[key]}
        if "meta" in given:
            given["meta"] = {
                key: value
                for key, value in given["meta"].items()
                if key not in said["meta"] or said["meta"][key] != value
            }
        if tags := given.pop("tags", None):
            # A tag that the format tears apart is not to be taken for its pieces.
            given["add_tags"] = [tag for tag in tags if tag not in said["tags"]]
            given["remove_tags"] = [tag for tag in said["tags"] if tag not in tags]
        return given

    def _slug_of(self, fields: Fields) -> str:
        """Find the item that is exported so; of several, one after the other."""
        slugs = self._slugs.get(_key(fields), [""])
        return slugs.pop(0) if len(slugs) > 1 else slugs[0]

    def _export(self, catalogue: Catalogue) -> None:
        """Read what an export of all items says of each."""
        form = self._reading.kind
        content = b"".join(export(catalogue, form, title="Items"))
        try:
            reading = read_file(content, name=f"items.{FORMATS[form].ending}")
        except SourceError:
            return
        headings = Headings(reading.candidates)
        items = iter(in_order(catalogue))
        for candidate in reading.candidates:
            fields, _ = self._fields(candidate, headings)
            link = canonical_url(fields["source_url"])
            # Items that a reader leaves out are passed over.
            for item in items:
                if canonical_url(item.source_url) == link:
                    self._said[item.slug] = fields
                    self._slugs.setdefault(_key(fields), []).append(item.slug)
                    break

    def _fields(
        self, candidate: Candidate, headings: Headings
    ) -> tuple[Fields, dict[str, Any]]:
        """Give an item's fields, and what an export says of it besides."""

        def plain(value: Any) -> Any:
            return unguarded(value) if self._reading.kind == "csv" else value

        facts = {key: plain(value) for key, value in candidate.facts.items()}
        own = {key: facts.pop(key) for key in _OWN if key in facts}
        category = plain(candidate.category or headings.naming(candidate))
        fields = {
            "name": plain(candidate.name),
            "source_url": clean_url(candidate.url) or candidate.url,
            "description": str(plain(candidate.description))[:LONGEST_DESCRIPTION],
            "category": str(category)[:LONGEST_LABEL] or OTHER,
            "tags": tuple(_labels(map(plain, candidate.tags))),
            "markdown": str(facts.pop(BODY, "") or ""),
            "meta": {key: value for key, value in facts.items() if value is not None},
        }
        return fields, own

    def _leave_out(self, candidate: Candidate, reason: str) -> None:
        self._tell("left out", candidate.name, reason)

    def _tell(self, action: str, name: str, reason: str) -> None:
        effect = Effect(action=action, kind="items", id="", name=name, notes=(reason,))
        self._desk.tell(effect)


def _key(fields: Fields) -> tuple[str, str]:
    """What an item is found again by, where the file has no slugs."""
    return fields["source_url"], fields["name"]


def _labels(texts: Iterable[str]) -> list[str]:
    tags = (str(text).strip()[:LONGEST_LABEL] for text in texts)
    return list(dict.fromkeys(tag for tag in tags if tag))[:MOST_TAGS]


def _order(own: Mapping[str, Any]) -> dict[str, int]:
    text = str(own.get("order", ""))
    return {"order": int(text)} if text.isdecimal() and len(text) < 10 else {}
