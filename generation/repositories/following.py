"""What follows from a data repository: the list and the website that belong to it.

A run makes them of what it has just found, and a person's edit of what lies in the data
repository then. Both come through here, so that they make the same files of the same data.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

from generation.contract.context import DirectoryContext
from generation.contract.request import GenerationRequest
from generation.contract.values import one_newline
from generation.git import Repository
from generation.items import Catalogue
from generation.pipeline.merging import resolve_labels
from generation.repositories import Masthead
from generation.repositories.data import Stored
from generation.repositories.documents import text_of
from generation.repositories.list import render_list
from generation.repositories.shown import Shown
from generation.repositories.site import Owner, SiteSettings, read_owner
from generation.repositories.state import (
    Provenance,
    Reconciled,
    Snapshot,
    reconcile,
    take_snapshot,
)
from generation.repositories.website import plan_website
from generation.repositories.website.confined import make_confined
from generation.repositories.website.manifest import bring_up_to_date
from generation.yaml import InvalidYAML, parse

CONFIG = "config.yml"
FollowingKind = Literal["list", "website"]


def follow(
    kind: FollowingKind, repository: Repository, shown: Shown
) -> tuple[Snapshot, Reconciled]:
    """Render one of the two, and compare it with what is on its `main`."""
    snapshot = take_snapshot(repository)
    if kind == "list":
        files = render_list(shown.catalogue, shown.masthead, shown.owner)
        return snapshot, reconcile(snapshot, files)
    pages = plan_website(
        shown.catalogue, shown.masthead, shown.owner, sources=shown.sources
    )
    if shown.owner.templates:
        make = partial(make_confined, shown)
        return snapshot, bring_up_to_date(snapshot, pages, make=make)
    return snapshot, bring_up_to_date(snapshot, pages)


def shown_of(
    stored: Stored, directory: DirectoryContext, request: GenerationRequest | None
) -> Shown:
    """Gather what a data repository shows as it lies there, without a run.

    Its `config.yml` says how the directory is called, as long as it is what a run wrote; else
    the directory and its request do. Raises RepositoryError for a file of the owner's that
    cannot be read.
    """
    snapshot = stored.snapshot
    masthead, settings = described(directory, request)
    if (config := _written_config(snapshot)) is not None:
        masthead = _masthead_of(config, directory.slug)
        [content] = snapshot.repository.read([snapshot.tree[CONFIG]])
        owner = read_owner(
            snapshot.tree,
            snapshot.repository.read,
            settings=SiteSettings(),
            config=content,
        )
    else:
        owner = read_owner_of(snapshot, settings)
    return Shown(catalogue_of(stored), masthead, owner, sources_of(stored))


def catalogue_of(stored: Stored) -> Catalogue:
    """The items of a data repository as readers see them: every label of theirs resolves."""
    items = sorted((found.item for found in stored.items), key=lambda item: item.slug)
    return resolve_labels(
        Catalogue(items=tuple(items), categories=stored.categories, tags=stored.tags),
        keep={c.id for c in stored.categories} | {tag.id for tag in stored.tags},
    )


def sources_of(stored: Stored) -> dict[str, tuple[Provenance, ...]]:
    records = (*(found.record for found in stored.items), *stored.unreadable)
    return {record.slug: record.sources for record in records}


def described(
    directory: DirectoryContext, request: GenerationRequest | None
) -> tuple[Masthead, SiteSettings]:
    """Say how a directory is called and set, by its request."""
    website = request.website if request else None
    settings = (
        SiteSettings(**website.model_dump(exclude_defaults=True))
        if website
        else SiteSettings()
    )
    company = request.company if request else None
    is_other = company is not None and company.name != directory.name
    masthead = Masthead(
        slug=directory.slug,
        name=directory.name,
        description=directory.description,
        company_name=company.name if company and is_other else "",
        company_website=(company.website or "") if company else "",
        config=settings.as_config(),
    )
    return masthead, settings


def read_owner_of(snapshot: Snapshot, settings: SiteSettings) -> Owner:
    """Read the owner's own files, and `config.yml` only if a person has edited it."""
    repository, tree = snapshot.repository, snapshot.tree
    config = None
    if snapshot.is_edited(CONFIG):
        [config] = repository.read([tree[CONFIG]])
    return read_owner(tree, repository.read, settings=settings, config=config)


def prompt_as_written(snapshot: Snapshot, prompt: str) -> str:
    """Keep the line ends with which an earlier version wrote the same prompt."""
    if "\n" not in prompt:
        return prompt
    metadata = (_written_config(snapshot) or {}).get("metadata")
    written = metadata.get("initial_prompt") if isinstance(metadata, dict) else None
    if isinstance(written, str) and one_newline(written) == prompt:
        return written
    return prompt


def _written_config(snapshot: Snapshot) -> dict[str, Any] | None:
    """The document of `config.yml` if it is there as a run wrote it."""
    if CONFIG not in snapshot.tree or snapshot.is_edited(CONFIG):
        return None
    [content] = snapshot.repository.read([snapshot.tree[CONFIG]])
    try:
        document = parse(content)
    except InvalidYAML:
        return None
    return document if isinstance(document, dict) and document.get("name") else None


def _masthead_of(config: Mapping[str, Any], slug: str) -> Masthead:
    name, company = text_of(config["name"]), text_of(config.get("company_name"))
    return Masthead(
        slug=slug,
        name=name,
        description=text_of(config.get("description")),
        company_name=company if company != name else "",
        company_website=text_of(config.get("company_website")),
    )
