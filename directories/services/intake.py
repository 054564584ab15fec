"""What somebody typed on the command line, read and checked before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from pydantic import TypeAdapter, ValidationError

from directories.exceptions import DirectoryNotFound, NotPossible
from directories.models import Directory
from directories.services import database
from directories.services.directories import GivenDocument, check_slug
from directories.services.files import explain, read_directory_file, read_sources
from directories.services.owners import find_owner
from directories.services.requests import build_request
from generation.contract.request import Description, GenerationRequest

_Description: TypeAdapter[str | None] = TypeAdapter(Description | None)


class Typed(NamedTuple):
    """The arguments of `generate_directory`. None stands for "not given"."""

    directory: str
    name: str | None = None
    prompt: str | None = None
    description: str | None = None
    sources: list[str] | None = None
    categories: list[str] | None = None
    method: str | None = None
    owner: str | None = None
    pull_request: bool | None = None
    allow_removals: bool = False


class Wanted(NamedTuple):
    """A directory that exists or shall, and the request for it.

    `owner` is None where there is no user yet, `review` where nothing is said of it. `documents` are those just read; the
    request may name others that are kept already.
    """

    directory: Directory | None
    owner: User | None
    slug: str
    name: str
    description: str
    request: GenerationRequest
    documents: list[GivenDocument]
    review: bool | None = None


def read(typed: Typed, *, has_database: bool) -> Wanted:
    """Understand what was typed. Raises DirectoryError."""
    path = Path(typed.directory)
    fields: dict[str, Any] = {}
    slug, description, documents = typed.directory, typed.description, None
    review = None
    is_file = path.suffix == ".toml"
    if is_file:
        file = read_directory_file(path)
        slug, fields, review = file.slug, file.request(), file.review
        description = description if description is not None else file.description
        fields["source_urls"], documents = read_sources(
            file.sources, folder=path.parent
        )
    if typed.sources is not None:
        fields["source_urls"], documents = read_sources(
            typed.sources, folder=Path.cwd()
        )
    fields |= _options(typed)
    namespace, _, name = slug.rpartition("/")
    check_slug(name)
    directory = find_directory(slug, owner=typed.owner) if has_database else None
    if directory is None:
        if namespace:
            raise NotPossible(
                f"there is no directory {slug}; a new one gets the namespace of its "
                "owner, so give its slug alone"
            )
        if "name" not in fields:
            raise NotPossible(
                f"there is no directory {slug}. To make it, give --name and a --source "
                "or a --prompt"
            )
    # A file says everything; what is typed beside a slug changes what is kept.
    try:
        request = build_request(
            None if is_file else directory,
            fields if directory is None else {"name": directory.name, **fields},
            documents=documents,
        )
    except ValidationError as exc:
        where = f"{path}: " if is_file else ""
        raise NotPossible(f"{where}{explain(exc)}") from exc
    try:
        description = _Description.validate_python(description)
    except ValidationError as exc:
        raise NotPossible(f"description: {explain(exc)}") from exc
    if directory is not None:
        owner: User | None = directory.owner
    else:
        owner = find_owner(typed.owner or "") if has_database else None
    return Wanted(
        directory=directory,
        owner=owner,
        slug=name,
        name=request.name,
        description=_either(description, directory),
        request=request,
        documents=documents or [],
        review=review,
    )


def named_directory(slug: str) -> Directory:
    """Find a directory that has to exist. Raises DirectoryNotFound."""
    directory = find_directory(slug, owner=None) if database.is_ready() else None
    if directory is None:
        raise DirectoryNotFound(
            f"There is no directory {slug}: `manage.py generate_directory` makes one"
        )
    return directory


def find_directory(slug: str, *, owner: str | None) -> Directory | None:
    """Find a directory by its slug, or by `namespace/slug` where that is not enough.

    Raises NotPossible when the slug is another user's, or stands for several.
    """
    namespace, _, slug = slug.rpartition("/")
    found = Directory.objects.select_related("owner").filter(slug=slug)
    if namespace:
        found = found.filter(namespace=namespace)
    directories = list(found)
    if owner is not None:
        of_owner = [d for d in directories if d.owner.get_username() == owner]
        if directories and not of_owner:
            raise NotPossible(
                f"the slug {slug} is taken by {directories[0].owner.get_username()}; "
                "choose another one"
            )
        directories = of_owner
    if len(directories) > 1:
        names = ", ".join(str(directory) for directory in directories)
        raise NotPossible(f"{slug} may be one of {names}; give that name whole")
    return directories[0] if directories else None


def _options(typed: Typed) -> dict[str, Any]:
    options = {
        "name": typed.name,
        "prompt": typed.prompt,
        "initial_categories": typed.categories,
        "generation_method": typed.method,
        "update_with_pull_request": typed.pull_request,
        "allow_removals": True if typed.allow_removals else None,
    }
    return {key: value for key, value in options.items() if value is not None}


def _either(description: str | None, directory: Directory | None) -> str:
    if description is not None:
        return description
    return directory.description if directory else ""
