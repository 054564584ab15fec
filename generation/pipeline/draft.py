"""What a run knows so far: the one value that goes through all steps.

Frozen and made of plain models, so that it can be put away after any step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from pydantic import Field

from generation.contract.context import RunContext
from generation.items import Catalogue, Record
from generation.report import CategoryChoice, Flag, ItemChange, Merge, SourceReport
from generation.repositories.data import Stored
from generation.repositories.state import ItemRecord, Provenance
from generation.sources.candidates import Candidate, Document, LeftOut
from generation.sources.fetch import Fetch

# The fact that is a text: some sources bring one along.
BODY = "markdown"


class Plan(Record):
    """What the request and its prompt ask for, taken together."""

    source_urls: tuple[str, ...] = ()
    prompt_urls: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()


class Entry(Record):
    """An item in the making. `sources` begins with the one that describes it.

    `also` are other links that were taken for this entry. `meets` is the slug of the item that
    a person has decided it is; `apart`: they decided that one much like it is another thing.
    `given` is true for a category that a source states outright, and false for a heading.
    """

    name: str
    url: str
    also: tuple[str, ...] = ()
    meets: str = ""
    apart: bool = False
    description: str = ""
    category: str = ""
    given: bool = False
    tags: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    facts: dict[str, Any] = Field(default_factory=dict)
    body: str = ""
    sources: tuple[Provenance, ...] = ()


class Draft(Record):
    """All that a run has found out.

    `known_redirects` says where links were found to lead. `superseded_slugs` are items that a
    person has called the same as another one.
    """

    plan: Plan = Plan()
    known_redirects: dict[str, str] = Field(default_factory=dict)
    documents: tuple[Document, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    entries: tuple[Entry, ...] = ()
    catalogue: Catalogue = Catalogue()
    records: tuple[ItemRecord, ...] = ()
    edited_slugs: frozenset[str] = frozenset()
    removed_slugs: frozenset[str] = frozenset()
    superseded_slugs: frozenset[str] = frozenset()
    sources: tuple[SourceReport, ...] = ()
    merges: tuple[Merge, ...] = ()
    flags: tuple[Flag, ...] = ()
    category_choices: tuple[CategoryChoice, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    changes: tuple[ItemChange, ...] = ()
    unchanged: int = 0
    warnings: tuple[str, ...] = ()

    def but(self, **changes: Any) -> Draft:
        """This draft with some of it replaced. What is given is of the right type."""
        return self.model_copy(update=changes)

    def warning(self, *texts: str) -> Draft:
        return self.but(warnings=(*self.warnings, *texts))


class Tools(NamedTuple):
    """What a step may use besides the draft. `progress` takes 0 to 1 of the step.

    `keep` takes a draft in the middle of a long step: should the attempt be lost, the next
    one begins the step again with it.
    """

    context: RunContext
    stored: Stored
    fetch: Fetch
    read_document: Callable[[str], bytes]
    progress: Callable[[float], None]
    keep: Callable[[Draft], None] = lambda draft: None


class StepResult(NamedTuple):
    """`done` is false for a step that had nothing to do; `note` says what or why."""

    draft: Draft
    note: str
    done: bool = True


class StepFunction(Protocol):
    def __call__(self, draft: Draft, tools: Tools) -> StepResult: ...
