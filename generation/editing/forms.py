"""What a person changed in a form, and nothing else of what the form says.

Three versions meet: what the form showed, what stands there now, and what was sent. A field
that the form left as it was stays as it is now; tags are merged one by one; a field that both
sides have changed is a conflict, and then nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generation.editing import Edit
from generation.editing.desk import Desk, differences
from generation.editing.items import Clerk
from generation.editing.operations import SentForm, UpdateItem, tidied
from generation.editing.versions import item_at
from generation.exceptions import EditRefused, FormConflict
from generation.items import Item
from generation.report import FieldChange
from generation.repositories.data import Stored, StoredItem
from generation.repositories.merge import Path, Verdict, merge_fields, same
from generation.repositories.versions import ItemVersion
from generation.sources.names import squeeze
from generation.sources.urls import clean_url

FIELDS = (
    "name",
    "source_url",
    "description",
    "category",
    "tags",
    "featured",
    "markdown",
)
Values = dict[str, Any]


def form_values(item: Item) -> Values:
    """Give the fields of an item as a form shows them."""
    return _plain({name: getattr(item, name) for name in FIELDS})


def edit_from_form(stored: Stored, form: SentForm, *, now: str) -> Edit:
    """Write the fields in which a form differs from the version that it has shown.

    Where that version cannot be read any more, every field that differs from what is there
    is in conflict. Raises FormConflict, EditRefused, and ValidationError for a value that no
    item can have.
    """
    desk = Desk(stored, now=now)
    version = stored.version_of(form.slug)
    if version is None:
        raise _gone(stored, form)
    found = desk.find(form.slug)
    before = item_at(stored, found, form.shown)
    ours, mine = form_values(found.item), _plain(form.fields)
    was = None if before is None else _by_label(desk, form_values(before))
    verdicts, tags = _merge(was, _by_label(desk, ours), _by_label(desk, mine))
    if Verdict.CONFLICT in verdicts.values():
        stays = (Verdict.SAME, Verdict.KEEP)
        values = {f: (ours if verdicts[f] in stays else mine)[f] for f in FIELDS}
        raise FormConflict(
            f"somebody else has changed {found.item.name} since this form was opened"
            if was
            else "the version that this form was made from cannot be found any more",
            values=values if was is None else values | {"tags": tags},
            theirs={f: ours[f] for f in FIELDS if verdicts[f] is Verdict.CONFLICT},
            kept=tuple(f for f in FIELDS if verdicts[f] is Verdict.KEEP),
            version=str(version),
        )
    changes = {f: form.fields[f] for f in FIELDS if verdicts[f] is Verdict.TAKE}
    if "tags" in changes:
        changes["tags"] = tags
    insists = {"allow_duplicate": form.allow_duplicate}
    clerk = Clerk(desk)
    clerk.do(UpdateItem.model_validate({"slug": form.slug, **insists, **changes}))
    return desk.result()


def changes_since(
    stored: Stored, found: StoredItem, shown: str
) -> tuple[FieldChange, ...]:
    """List what somebody changed since a version; nothing where that cannot be told."""
    before = item_at(stored, found, shown)
    return () if before is None else differences(before, found.item)


def _merge(
    was: Values | None, ours: Values, mine: Values
) -> tuple[dict[str, Verdict], list[str]]:
    """Decide each field, and say which tags there are then."""
    if was is None:
        verdicts = {
            name: Verdict.SAME if same(ours[name], mine[name]) else Verdict.CONFLICT
            for name in FIELDS
        }
        return verdicts, mine["tags"]
    merged = merge_fields(_by_path(was), _by_path(ours), _by_path(mine))
    verdicts = {decision.name: decision.verdict for decision in merged.decisions}
    return verdicts, merged.values.get(("tags",), [])


def _plain(fields: Mapping[str, Any]) -> Values:
    """Write fields as a browser sends them back when nobody has touched them.

    A line of a form holds no line breaks, a text comes back with others, and tags are
    divided by commas.
    """
    tags = (squeeze(part) for tag in fields["tags"] for part in tag.split(","))
    return {
        **{name: squeeze(fields[name]) for name in ("name", "description", "category")},
        "source_url": clean_url(fields["source_url"]) or fields["source_url"].strip(),
        "tags": [tag for tag in tags if tag],
        "featured": fields["featured"],
        "markdown": tidied(fields["markdown"]).strip(),
    }


def _by_path(values: Values) -> dict[Path, Any]:
    return {(name,): value for name, value in values.items()}


def _by_label(desk: Desk, values: Mapping[str, Any]) -> Values:
    """Let a category and tags that are called by a name, or by an old id, be one."""
    categories, tags = desk.labels["categories"], desk.labels["tags"]
    return {
        **values,
        "category": categories.find(values["category"]) or values["category"],
        "tags": list(dict.fromkeys(tags.find(tag) or tag for tag in values["tags"])),
    }


def _gone(stored: Stored, form: SentForm) -> EditRefused:
    """Say what has become of an item that is not there any more."""
    slug, version = form.slug, ItemVersion.parse(form.shown)
    for found in stored.items:
        if version and stored.version_of(found.item.slug) == version:
            return EditRefused(
                f"somebody has renamed {slug}: it is {found.item.slug} now, and nothing "
                "was saved. Make your change there"
            )
    reasons = (r.reason for r in stored.tombstones if r.slug == slug and r.reason)
    why = f" ({reason.rstrip('.')})" if (reason := next(reasons, "")) else ""
    return EditRefused(
        f"somebody has removed {slug}{why}, so nothing was saved. To have it again, add it "
        "as a new item"
    )
