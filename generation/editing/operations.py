"""What a person may ask for: the operations on items, categories and tags, as messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from generation.contract.values import ItemLink
from generation.sources.names import squeeze
from generation.unseen import is_joiner, visible

MOST_OPERATIONS = 500
MOST_TAGS = 50
LONGEST_TEXT = 100_000


def _squeezed(value: Any) -> Any:
    return squeeze(value) if isinstance(value, str) else value


def tidied(value: Any) -> Any:
    """Lines end in one way, and nothing stands in them that cannot be seen."""
    if not isinstance(value, str):
        return value
    lines = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    plain = ("".join(filter(_is_shown, visible(line))) for line in lines)
    return "\n".join(line.rstrip() for line in plain).strip("\n")


def _is_shown(character: str) -> bool:
    return character.isprintable() or character == "\t" or is_joiner(character)


Squeezed = BeforeValidator(_squeezed)
Name = Annotated[str, Squeezed, StringConstraints(min_length=1, max_length=200)]
Line = Annotated[str, Squeezed, StringConstraints(max_length=5_000)]
LabelName = Annotated[str, Squeezed, StringConstraints(min_length=1, max_length=100)]
Reason = Annotated[str, Squeezed, StringConstraints(min_length=1, max_length=500)]
Text = Annotated[
    str, BeforeValidator(tidied), StringConstraints(max_length=LONGEST_TEXT)
]
Slug = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Tags = Annotated[tuple[LabelName, ...], Field(max_length=MOST_TAGS)]
Facts = Annotated[dict[LabelName, Any], Field(max_length=100)]
# Of an item, 32 digits; of the file of categories or tags, up to 40.
Version = Annotated[str, StringConstraints(pattern="^[0-9a-f]{32,40}$")]


class Operation(BaseModel):
    """Unknown fields are refused: a typing error must not do something else."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AddItem(Operation):
    """A new item. Category and tags are given by id or by name; new ones are opened."""

    action: Literal["add"] = "add"
    name: Name
    source_url: ItemLink
    description: Line = ""
    category: LabelName
    tags: Tags = ()
    featured: bool = False
    order: int | None = None
    markdown: Text = ""
    meta: Facts = Field(default_factory=dict)
    slug: Slug | None = None
    allow_duplicate: bool = False


class UpdateItem(Operation):
    """Only the fields that are given change. Null empties one that may be empty.

    `tags` replaces all tags, `add_tags` and `remove_tags` some. A fact of `meta` that is
    null goes, the facts that are not named stay. With a `version`, only that one is changed.
    """

    action: Literal["update"] = "update"
    slug: Slug
    version: Version | None = None
    name: Name | None = None
    source_url: ItemLink | None = None
    description: Line | None = None
    category: LabelName | None = None
    tags: Tags | None = None
    add_tags: Tags = ()
    remove_tags: Tags = ()
    featured: bool | None = None
    order: int | None = None
    markdown: Text | None = None
    meta: Facts | None = None
    allow_duplicate: bool = False


class RemoveItem(Operation):
    """The item goes and is not added again, for the reason that its tombstone gives."""

    action: Literal["remove"] = "remove"
    slug: Slug
    version: Version | None = None
    reason: Reason


ItemOperation = Annotated[
    AddItem | UpdateItem | RemoveItem, Field(discriminator="action")
]


@dataclass(frozen=True, slots=True)
class SentForm:
    """A form of an item as it came back: all its fields, and the version that it had shown."""

    slug: str
    fields: Mapping[str, Any]
    shown: str
    allow_duplicate: bool = False


class ItemOperations(Operation):
    """Several at once, in this order: all of them, or none."""

    operations: Annotated[
        tuple[ItemOperation, ...], Field(min_length=1, max_length=MOST_OPERATIONS)
    ]


LabelKind = Literal["categories", "tags"]


class _OfLabels(Operation):
    """With a `version`, only that one of `categories.yml` or `tags.yml` is changed."""

    kind: LabelKind
    version: Version | None = None


class CreateLabel(_OfLabels):
    action: Literal["create"] = "create"
    name: LabelName
    id: Slug | None = None
    description: Line = ""
    priority: int | None = None


class RenameLabel(_OfLabels):
    """Another name or description; with `new_id`, another id, and items follow."""

    action: Literal["rename"] = "rename"
    id: Slug
    name: LabelName | None = None
    new_id: Slug | None = None
    description: Line | None = None


class MergeLabels(_OfLabels):
    """Items of all `ids` go to `into`, which answers to their ids and names from then on."""

    action: Literal["merge"] = "merge"
    ids: Annotated[tuple[Slug, ...], Field(min_length=1, max_length=500)]
    into: Slug


class DeleteLabel(_OfLabels):
    """The label goes, and no run brings it back. A category with items needs `into`."""

    action: Literal["delete"] = "delete"
    id: Slug
    into: Slug | None = None


class ReorderLabels(_OfLabels):
    """These come first, in this order; the others after them, as they were."""

    action: Literal["reorder"] = "reorder"
    ids: Annotated[tuple[Slug, ...], Field(min_length=1, max_length=5_000)]


LabelOperation = Annotated[
    CreateLabel | RenameLabel | MergeLabels | DeleteLabel | ReorderLabels,
    Field(discriminator="action"),
]
