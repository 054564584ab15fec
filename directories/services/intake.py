"""What somebody typed on the command line, read and checked before anything is written."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from pydantic import TypeAdapter, ValidationError

from directories.exceptions import DirectoryNotFound, NotPossible
from directories.models import Directory
from directories.services import database
from directories.services.directories import GivenDocument, check_new, check_slug
from directories.services.files import (
    explain,
    read_directory_file,
    read_sources,
    source_name,
)
from directories.services.owners import find_owner
from directories.services.requests import (
    SourceChange,
    build_request,
    is_empty,
    kept_request,
    sources_of,
)
from generation.contract.request import Description, GenerationRequest
from generation.slugs import is_slug, slugify

# Fields of which a replaced value is named, and the option that replaces it.
REPLACED = {
    "prompt": "--prompt",
    "initial_categories": "--category",
    "generation_method": "--method",
}
SHOWN, SHOWN_CHARACTERS = 5, 80

_Description: TypeAdapter[str | None] = TypeAdapter(Description | None)


class Typed(NamedTuple):
    """The arguments of `generate_directory`. None stands for "not given"."""

    directory: str
    name: str | None = None
    prompt: str | None = None
    description: str | None = None
    sources: list[str] | None = None
    added: list[str] | None = None
    removed: list[str] | None = None
    categories: list[str] | None = None
    method: str | None = None
    owner: str | None = None
    pull_request: bool | None = None
    allow_removals: bool = False


class Wanted(NamedTuple):
    """A directory that exists or shall, and the request for it.

    `owner` is None where there is no user yet, `review` where nothing is said of it.
    `documents` are those just read; the request may name others that are kept already.
    `notes` say what of the kept request is replaced, or could not be read.
    """

    directory: Directory | None
    owner: User | None
    slug: str
    name: str
    description: str
    request: GenerationRequest
    documents: list[GivenDocument]
    review: bool | None = None
    notes: tuple[str, ...] = ()


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
    change = _change(typed)
    namespace, _, name = slug.rpartition("/")
    if not is_file:
        _refuse_what_is_no_slug(slug, name)
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
            change=change,
        )
    except ValidationError as exc:
        if directory and not is_file and is_empty(exc):
            raise NotPossible(
                f"{directory} keeps nothing that a run could read: give it a --source"
            ) from exc
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
        if owner is not None:
            check_new(owner=owner, slug=name)
    return Wanted(
        directory=directory,
        owner=owner,
        slug=name,
        name=request.name,
        description=_either(description, directory),
        request=request,
        documents=[*(documents or ()), *change.documents],
        review=review,
        notes=tuple(_notes(directory, request, typed)),
    )


def _change(typed: Typed) -> SourceChange:
    """Read what `--add-source` and `--remove-source` say. Raises NotPossible."""
    added = read_sources(typed.added or [], folder=Path.cwd())
    removed = (source_name(source) for source in typed.removed or [])
    return SourceChange(tuple(added.urls), tuple(added.documents), tuple(removed))


def _refuse_what_is_no_slug(typed: str, name: str) -> None:
    """Say how to read a file or a page that was typed in the place of a slug."""
    if is_slug(name):
        return
    path = Path(typed)
    if typed.lower().startswith(("http://", "https://")):
        what = f"{typed} is a URL and no slug"
    elif path.is_dir():
        what = f"{typed} is a folder and no slug"
    elif path.is_file():
        what = f"{typed} is no directory.toml and no slug"
    else:
        return
    slug = slugify(path.resolve().stem, fallback="directory")
    raise NotPossible(
        f"{what}. To read it, give the slug of a directory and --source, for example: "
        f"generate_directory {slug} --name NAME --source {shlex.quote(typed)}"
    )


def _notes(
    directory: Directory | None, request: GenerationRequest, typed: Typed
) -> Iterator[str]:
    """Say what of the kept request could not be read, and what this one replaces."""
    kept = kept_request(directory)
    if kept is None:
        return
    yield from kept.unreadable
    is_file = typed.directory.endswith(".toml")
    after = sources_of(request)
    gone = [source for source in sources_of(kept.request) if source not in after]
    if gone and not typed.removed:
        by = typed.directory if typed.sources is None else "--source"
        hint = "" if is_file else "; --add-source would keep them"
        count = f"{len(gone)} source{'' if len(gone) == 1 else 's'}"
        yield f"{by} replaces {count}: {_some(gone)}{hint}"
    for field, option in REPLACED.items():
        old, new = getattr(kept.request, field), getattr(request, field)
        if old != new and old != GenerationRequest.model_fields[field].default:
            by = f"{option[2:]} of {typed.directory}" if is_file else option
            yield f"{by} replaces: {_some(old)}"


def kept_instead(wanted: Wanted) -> str:
    """Say which sources a directory keeps after a run that has read none of its own."""
    directory = wanted.directory
    if directory is None:
        return ""
    directory.refresh_from_db()
    kept = kept_request(directory)
    sources = sources_of(kept.request) if kept else []
    if not sources or sources == sources_of(wanted.request):
        return ""
    return f"{directory} keeps what it read before: {_some(sources)}"


def _some(value: Any) -> str:
    """Show a text, or the first of several."""
    if isinstance(value, str):
        return (
            value if len(value) <= SHOWN_CHARACTERS else f"{value[:SHOWN_CHARACTERS]}…"
        )
    shown = ", ".join(map(str, value[:SHOWN]))
    return shown if len(value) <= SHOWN else f"{shown} and {len(value) - SHOWN} more"


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

    With an owner, only theirs. Raises NotPossible when the slug stands for several.
    """
    namespace, _, slug = slug.rpartition("/")
    found = Directory.objects.select_related("owner").filter(slug=slug)
    if namespace:
        found = found.filter(namespace=namespace)
    directories = list(found)
    if owner is not None:
        directories = [d for d in directories if d.owner.get_username() == owner]
    if len(directories) > 1:
        names = ", ".join(str(directory) for directory in directories)
        raise NotPossible(f"{slug} may be one of {names}; give one of these names")
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
