"""The documents of a data repository, as a run writes them and as others may check them.

`docs/reference/data-repository.schema.json` is made from these models:
`python -m generation.repositories.schema`.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from generation.repositories.state import ItemRecord, LabelRecord

Identifier = Annotated[str, StringConstraints(min_length=1)]
Moment = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d$")]
Link = Annotated[str, StringConstraints(pattern=r"^https?://")]


class _Document(BaseModel):
    """Other keys are kept, whatever they hold."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)


class ItemDocument(_Document):
    """`data/<slug>/<slug>.yml`"""

    name: Identifier
    description: str
    source_url: Link
    category: Identifier
    """An id of `categories.yml`."""
    tags: list[Identifier]
    """Ids of `tags.yml`."""
    updated_at: Moment
    featured: bool = False
    order: int | None = None
    markdown: str = ""
    """The text, without raw HTML; the same as `<slug>.md`."""
    meta: dict[str, Any] = Field(default_factory=dict)
    """Facts from the sources."""


class CategoryEntry(_Document):
    """An entry of `categories.yml`"""

    id: Identifier
    name: Identifier
    description: str = ""
    priority: int | None = None
    """Small ones come first."""
    aliases: list[Identifier] = Field(default_factory=list)
    """Ids and names that it had, or that were merged into it: they lead here."""


class TagEntry(_Document):
    """An entry of `tags.yml`"""

    id: Identifier
    name: Identifier
    priority: int | None = None
    """Small ones come first."""
    aliases: list[Identifier] = Field(default_factory=list)
    """Ids and names that it had, or that were merged into it: they lead here."""


class Pagination(_Document):
    type: str = "standard"
    itemsPerPage: int = 12


class ConfigDocument(_Document):
    """`config.yml` and `.works/works.yml`"""

    name: str
    company_name: str
    content_table: bool
    item_name: str
    items_name: str
    pagination: Pagination
    description: str = ""
    company_website: str = ""
    copyright_year: int | None = None


class TombstoneEntry(_Document):
    """An entry of `.gazetteer/tombstones.yml`; a link alone is one as well"""

    id: str = ""
    slug: str = ""
    name: str = ""
    url: str = ""
    reason: str = ""
    """Why it was removed, in the words of whoever did."""
    category: str = ""
    """The id of a category that was deleted; then the entry is of no item."""
    tag: str = ""
    """The id of a tag that was deleted; then the entry is of no item."""


class FileRow(BaseModel):
    """A row of `.gazetteer/files.jsonl`"""

    path: str
    blob: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]


class DataRepository(BaseModel):
    """A data repository, one property for each kind of document."""

    item: ItemDocument
    categories: list[CategoryEntry]
    tags: list[TagEntry]
    config: ConfigDocument
    tombstones: list[TombstoneEntry | str]
    files_row: FileRow
    items_row: ItemRecord
    labels_row: LabelRecord


def render_schema() -> str:
    schema = TypeAdapter(DataRepository).json_schema()
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render_schema())
