"""Changes that name the version they are made for: refused when another one is there."""

from __future__ import annotations

from collections.abc import Collection

from generation.exceptions import StaleVersion
from generation.items import Item
from generation.repositories.data import Stored, StoredItem, read_version
from generation.repositories.labels import Kind
from generation.repositories.versions import ItemVersion

ANY = "*"


def check_item(
    stored: Stored, slug: str, wanted: Collection[str], *, pointer: str = ""
) -> None:
    """Raises StaleVersion unless the item has one of these versions.

    `pointer` is where they stand in the body of a request, if they do.
    """
    found = stored.version_of(slug)
    if found is None:
        raise _stale(f"there is no item {slug} any more", None, pointer)
    if found.tag not in wanted and ANY not in wanted:
        raise _stale(
            f"{slug} has changed: its version is {found.tag} by now. Look at it again, then "
            "repeat the change with that version",
            found.tag,
            pointer,
        )


def check_labels(
    stored: Stored, kind: Kind, wanted: Collection[str], *, pointer: str = ""
) -> None:
    """Raises StaleVersion unless the file of a kind, or both files, have one of these."""
    found = stored.label_versions[kind]
    if {found, stored.taxonomy_version, ANY}.isdisjoint(wanted):
        raise _stale(
            f"the {kind} have changed: their version is {found} by now. Look at them again, "
            "then repeat the change with that version",
            found,
            pointer,
        )


def _stale(message: str, version: str | None, pointer: str) -> StaleVersion:
    error = {"pointer": pointer, "detail": message, "version": version}
    return StaleVersion(message, *([error] if pointer else ()), version=version)


def item_at(stored: Stored, found: StoredItem, shown: str) -> Item | None:
    """Read an item as it was in a version; None where that is gone, or never was one."""
    version = ItemVersion.parse(shown)
    if version is None:
        return None
    if version == stored.version_of(found.item.slug):
        return found.item
    return read_version(stored, found.item.slug, version)
