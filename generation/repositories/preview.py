"""What the next merge would decide, item by item and field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from generation.repositories.data import Stored, StoredItem
from generation.repositories.documents import fields_of, text_of
from generation.repositories.item_merge import TEXT, Found, merge_item
from generation.repositories.merge import Verdict
from generation.repositories.state import item_id
from generation.sources.names import name_key


class Line(NamedTuple):
    slug: str
    field: str
    verdict: str
    ours: Any
    theirs: Any


def preview(
    stored: Stored, candidates: Sequence[Mapping[str, Any]] | None, *, now: str
) -> Iterator[Line]:
    """Compare candidates, documents of items, with what is there.

    Without any, the last state stands for them: that shows what people changed.
    """
    by_slug = {stored_item.item.slug: stored_item for stored_item in stored.items}
    by_id = {stored_item.item.id: stored_item for stored_item in stored.items}
    removed = {record.id: record for record in stored.tombstones}
    if candidates is None:
        for slug in sorted(by_slug):
            yield from _lines(by_slug[slug], None, now=now)
    for candidate in candidates or ():
        url, name = text_of(candidate.get("source_url")), text_of(candidate.get("name"))
        keys = (item_id(url, name_key(name)), item_id(url)) if url else ()
        slug = text_of(candidate.get("slug"))
        found = by_slug.get(slug) or next(filter(None, map(by_id.get, keys)), None)
        if found is not None:
            text = candidate.get("markdown")
            fields = fields_of(candidate)
            yield from _lines(found, Found(fields, text_of(text) or None), now=now)
        elif any(key in removed for key in keys):
            yield Line(slug or name, "", "removed by a person", None, url)
        else:
            yield Line(slug or name, "", "new", None, url)
    for record in sorted(stored.tombstones, key=lambda record: record.slug):
        yield Line(
            record.slug or record.id, "", "removed by a person", None, record.url
        )


def _lines(stored: StoredItem, found: Found | None, *, now: str) -> Iterator[Line]:
    outcome = merge_item(stored, found, now=now)
    slug = stored.item.slug
    is_ours = stored.record.base is None and stored.edited
    if is_ours and found is None:
        yield Line(slug, "", "a person's own", None, None)
    for decision in outcome.decisions:
        verdict = decision.verdict
        if verdict is Verdict.SAME or (
            decision.field == TEXT and decision.theirs is None
        ):
            continue
        yield Line(slug, decision.name, verdict.value, decision.ours, decision.theirs)
    for field in outcome.refused:
        yield Line(slug, field, "left for its comment", None, None)
