"""Merge one item: what a run found, with the files as they lie there.

An item whose files are as the last run wrote them takes what is new, and is written anew.
Of one that a person changed, fields are merged, and the lines of those that a run may change
are changed in the person's own text. A text that is only the sheet of an item's facts is made
of the fields as they then stand, whoever wrote those.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from generation.fact_sheet import fact_sheet
from generation.items import Item
from generation.markup import strip_raw_html
from generation.repositories.data import Handmade, StoredItem, body_file
from generation.repositories.documents import (
    META,
    base_from,
    base_of,
    edited_tags,
    fields_of,
    fields_of_base,
    fields_of_item,
    item_document,
    marks_of,
    read_item,
    text_of,
    texts_of_base,
)
from generation.repositories.merge import (
    Decision,
    Fields,
    Merged,
    MergedTexts,
    Path,
    TextBase,
    Verdict,
    merge_fields,
    merge_texts,
    text_hash,
)
from generation.repositories.state import Base
from generation.yaml import InvalidYAML, Quoted, dump, parse
from generation.yaml_edits import REMOVE, CannotEdit, applied, edit

TEXT = ("markdown",)
TAGS = ("tags",)
DATE = ("updated_at",)


class Found(NamedTuple):
    """What a run would write. `text` is None where it has nothing to say about it."""

    fields: Mapping[Path, Any]
    text: str | None


class Outcome(NamedTuple):
    """An item after merging.

    `own` are files to write as the run's, `by_hand` new contents of a person's. `refused`
    names fields that could not be changed in the person's text without losing a comment.
    `is_detached`: what is remembered is no longer what the run's last own file held.
    """

    item: Item
    base: Base | None
    is_changed: bool = False
    own: Mapping[str, bytes] = {}
    by_hand: Mapping[str, bytes] = {}
    decisions: tuple[Decision, ...] = ()
    is_torn: bool = False
    refused: tuple[str, ...] = ()
    is_detached: bool = False


def sheet_of(fields: Fields) -> str:
    """Write the text of an item that has none of its own."""
    facts = {path[1]: v for path, v in fields.items() if path[:-1] == (META,)}
    return fact_sheet(text_of(fields.get(("description",))), facts).strip()


def merge_item(stored: StoredItem, found: Found | None, *, now: str) -> Outcome:
    """Merge an item with what was found; without anything found, with itself.

    Even then one copy of a text follows the other, which a person may have changed.
    """
    if stored.by_hand is None:
        return _merge_ours(stored, found, now=now)
    return _merge_theirs(stored, stored.by_hand, found, now=now)


def _merge_ours(stored: StoredItem, found: Found | None, *, now: str) -> Outcome:
    old, base = stored.item, stored.record.base
    if found is None:
        return Outcome(old, base)
    fields = fields_of_item(old)
    if fields == found.fields and found.text in (None, old.markdown):
        return Outcome(old, base)
    merged = merge_fields(fields, fields, found.fields)
    if found.text is not None:
        text = found.text.strip()
    else:
        is_sheet = old.markdown == sheet_of(fields)
        text = sheet_of(merged.values) if is_sheet else old.markdown
    new = _item_with(old, merged.values, text)
    decisions = merged.decisions
    if text != old.markdown:
        decisions += (Decision(TEXT, Verdict.TAKE, old.markdown, text),)
    if new == old:
        return Outcome(old, base, decisions=decisions)
    new = new.model_copy(update={"updated_at": now})
    return Outcome(new, base_of(new), is_changed=True, decisions=decisions)


def _item_with(item: Item, fields: Mapping[Path, Any], text: str) -> Item:
    plain = {
        name: fields.get((name,)) or ""
        for name in ("name", "description", "source_url", "category")
    }
    meta = {path[1]: value for path, value in fields.items() if path[0] == META}
    return item.model_copy(
        update={
            **plain,
            "tags": tuple(fields.get(("tags",)) or ()),
            "meta": dict(sorted(meta.items())),
            "markdown": text,
        }
    )


def _merge_theirs(
    stored: StoredItem, hand: Handmade, found: Found | None, *, now: str
) -> Outcome:
    """Merge with a person's files, and change as little of their text as there is to."""
    base = stored.record.base
    if not hand.is_plain or (base is None and found is None):
        # It is wholly a person's.
        return Outcome(stored.item, base)
    merged = _merged_fields(hand, base, found)
    text, written_texts = _text_found(hand, base, found, merged)
    texts = merge_texts(written_texts, hand.texts, text, clean=strip_raw_html)
    texts = texts._replace(base=_base_of_texts(texts, texts_of_base(base)))
    taken = [d.field for d in merged.decisions if d.verdict is Verdict.TAKE]
    is_news = bool(taken) or texts.verdict is Verdict.TAKE
    changes = _changes(hand, merged, taken, texts)
    date = _date(hand, base, now=now, is_news=is_news)
    written = _written(stored, hand, changes, texts, date)
    own = dict(written.own)
    if texts.writes.file is not None:
        own[hand.body_path] = body_file(texts.writes.file)
    is_written = bool(own or written.by_hand)
    after = _base_after(base, merged, texts, written) if base or is_written else None
    return Outcome(
        read_item(stored.item.slug, written.document, texts.text, key=stored.item.id),
        after,
        is_changed=is_news and is_written,
        own=own,
        by_hand=written.by_hand,
        decisions=(
            *merged.decisions,
            Decision(TEXT, texts.verdict, stored.item.markdown, text),
        ),
        is_torn=texts.is_torn,
        refused=tuple(sorted(".".join(path) for path in written.refused)),
        is_detached=hand.is_document_edited and after != base,
    )


def _merged_fields(hand: Handmade, base: Base | None, found: Found | None) -> Merged:
    ours = fields_of(hand.document)
    written = fields_of_base(base) if base else None
    theirs = found.fields if found else written or {}
    if (META,) in ours:
        # What a person wrote where facts should be is no mapping: nothing goes in there.
        theirs = {path: value for path, value in theirs.items() if path[0] != META}
    return merge_fields(
        written,
        ours,
        theirs,
        marks=marks_of(base),
        is_whole=base is not None and not base.partial,
    )


def _text_found(
    hand: Handmade, base: Base | None, found: Found | None, merged: Merged
) -> tuple[str | None, TextBase]:
    """Say what a run would write for the text, and what to take for written before.

    A sheet is a run's, also one that an edit through us has made anew; it is made of the
    fields as they will stand. A text that a person wrote, or a source has, is what it is.
    """
    text, written = found.text if found else None, texts_of_base(base)
    copies = [copy for copy in hand.texts if copy is not None]
    is_free = all(map(_is_as_written, hand.texts, written)) and (
        bool(copies) or not any(written)
    )
    is_found = found is not None and bool(text) and text == sheet_of(found.fields)
    was = _copies(sheet_of(fields_of_base(base))) if base else ()
    was_sheet = not {*map(text_hash, was)}.isdisjoint(written)
    now = _copies(sheet_of(fields_of(hand.document)))
    is_sheet = (
        any(written)
        and bool(copies)
        and all(copy.strip() in now for copy in copies)
        and (is_free or is_found or was_sheet)
    )
    if is_sheet:
        written = TextBase(*(c if c is None else text_hash(c) for c in hand.texts))
    if is_sheet or (is_free and (is_found or was_sheet)):
        text = sheet_of(merged.values) if is_found or text is None else text
    return text, written


def _is_as_written(copy: str | None, written: str | None) -> bool:
    if copy is None:
        return True
    return text_hash(copy) == written if written is not None else not copy.strip()


def _copies(sheet: str) -> tuple[str, ...]:
    """Give a sheet as the file and as the key hold it; none where it says nothing."""
    return (sheet, strip_raw_html(sheet).strip()) if sheet else ()


def _base_of_texts(texts: MergedTexts, before: TextBase) -> TextBase:
    """Remember of a copy what was written now, else what was before."""
    return TextBase(
        file=before.file if texts.writes.file is None else texts.base.file,
        key=before.key if texts.writes.key is None else texts.base.key,
    )


def _changes(
    hand: Handmade, merged: Merged, taken: list[Path], texts: MergedTexts
) -> dict[Path, Any]:
    """Collect what has to change in the document, by path."""
    changes: dict[Path, Any] = {}
    for path in taken:
        value = merged.values.get(path)
        if path == TAGS:
            value = edited_tags(hand.document, value or [])
        elif value is None and path[0] != META:
            value = ""
        changes[path] = REMOVE if value is None else value
    if texts.writes.key is not None:
        changes[TEXT] = texts.writes.key or REMOVE
    return changes


def _date(hand: Handmade, base: Base | None, *, now: str, is_news: bool) -> str | None:
    """Say what `updated_at` becomes; None to leave it. A person's own date stays."""
    date = text_of(hand.document.get("updated_at"))
    is_ours = not date or (base is not None and date == base.updated_at)
    is_gap = not date and base is None
    return now if is_ours and (is_news or is_gap) else None


class _Written(NamedTuple):
    """The document after its changes, the file if there is a new one, and what failed."""

    document: Mapping[str, Any]
    own: Mapping[str, bytes]
    by_hand: Mapping[str, bytes]
    refused: frozenset[Path]
    date: str | None


def _written(
    stored: StoredItem,
    hand: Handmade,
    changes: Mapping[Path, Any],
    texts: MergedTexts,
    date: str | None,
) -> _Written:
    path = stored.paths[0]
    nothing = _Written(hand.document, {}, {}, frozenset(), None)
    if not changes and not date:
        return nothing
    dated: dict[Path, Any] = {DATE: Quoted(date)} if date else {}
    if not hand.is_document_edited:
        # Only the text beside it is a person's: this file is written as always.
        document = applied(hand.document, {**changes, **dated})
        item = read_item(stored.item.slug, document, texts.text, key="")
        content = dump(item_document(item))
        return _Written(document, {path: content}, {}, frozenset(), date)
    content, refused = hand.content, set()
    for field, value in changes.items():
        try:
            content = edit(content, {field: value})
        except (CannotEdit, InvalidYAML):
            refused.add(field)
    if date and (not changes or len(refused) < len(changes)):
        try:
            content = edit(content, dated)
        except (CannotEdit, InvalidYAML):
            date = None
    else:
        date = None
    if content == hand.content:
        return nothing._replace(refused=frozenset(refused))
    document = parse(content)
    return _Written(document, {}, {path: content}, frozenset(refused), date)


def _base_after(
    base: Base | None, merged: Merged, texts: MergedTexts, written: _Written
) -> Base:
    """Remember what was written, and of what could not be written what was before."""
    before = fields_of_base(base) if base else {}
    fields = {p: v for p, v in merged.base.items() if p not in written.refused}
    fields |= {p: before[p] for p in written.refused if p in before}
    text_base = texts.base
    if TEXT in written.refused:
        text_base = text_base._replace(key=texts_of_base(base).key)
    return base_from(
        fields,
        text_base,
        updated_at=written.date or (base.updated_at if base else None),
        marks=merged.marks,
        is_whole=base is not None and not base.partial,
    )
