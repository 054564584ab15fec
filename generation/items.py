"""What a directory holds: items, and the categories and tags that sort them.

These are the shapes that every step and every renderer shares. How they stand on disk is
`repositories/data.py`'s business.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

# The fact that tells when an item came into the directory: `YYYY-MM-DD`, of a run's clock.
ADDED_AT = "added_at"


class Record(BaseModel):
    """A value that nobody changes after it was made."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Category(Record):
    """`aliases` are ids and names that it had, or that were merged into it."""

    id: str
    name: str
    description: str = ""
    priority: int | None = None
    aliases: tuple[str, ...] = ()
    extra: dict[str, Any] = Field(default_factory=dict)


class Tag(Record):
    id: str
    name: str
    priority: int | None = None
    aliases: tuple[str, ...] = ()
    extra: dict[str, Any] = Field(default_factory=dict)


class Item(Record):
    """One entry. `category` and `tags` are ids that the catalogue resolves.

    `updated_at` is `YYYY-MM-DD HH:MM` in UTC and moves only with a meaningful change.
    `markdown` is the body, without raw HTML. `meta` holds the facts we gathered, `extra`
    the keys of a hand-edited file that we do not know and must not lose.
    """

    id: str
    slug: str
    name: str
    description: str
    source_url: str
    category: str
    tags: tuple[str, ...] = ()
    updated_at: str
    featured: bool = False
    order: int | None = None
    markdown: str = ""
    meta: dict[str, Any] = Field(default_factory=dict)
    extra: dict[str, Any] = Field(default_factory=dict)


class Catalogue(Record):
    """Everything a directory holds at one moment."""

    items: tuple[Item, ...] = ()
    categories: tuple[Category, ...] = ()
    tags: tuple[Tag, ...] = ()
