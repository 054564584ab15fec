"""From what people type, through any door, to a valid generation request.

The last request is kept on the directory: what is given replaces a field, the rest stays. What
is typed has to be right; what is stored was right once, and is read as far as it can be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models.functions import Now
from pydantic import ValidationError

from directories.exceptions import NotPossible
from directories.models import Directory, GenerationRun
from directories.services.directories import GivenDocument
from generation.contract.request import STORED, DocumentReference, GenerationRequest
from generation.sources.archives import MEDIA_TYPE as BUNDLE
from generation.sources.urls import canonical_url, urls_in

# What the parts of a large folder are called but for the first.
_PART = re.compile(r" \(\d+\)$")
# Said of one run, and of no later one.
WISHES = ("allow_removals", "update_with_pull_request")


class StoredRequest(NamedTuple):
    """A request as it was stored. `unreadable` says what of it had to be left out, and why."""

    request: GenerationRequest
    unreadable: tuple[str, ...] = ()


def read_stored(stored: object, *, name: str) -> StoredRequest:
    """Read a request that any version has stored. What it no longer takes has its default.

    `name` stands in for one that is missing.
    """
    fields = deepcopy(stored) if isinstance(stored, dict) else {}
    unreadable: list[str] = []
    # The last one is a name that is right whatever the directory is called.
    names = iter((name, "directory"))
    while True:
        if "name" not in fields:
            fields["name"] = next(names)
        try:
            request = GenerationRequest.model_validate(fields, context=STORED)
        except ValidationError as exc:
            # One at a time: what is taken out of a list moves what follows it.
            error = exc.errors(include_url=False, include_input=False)[0]
            where = _take_out(fields, error["loc"])
            reason = error["msg"].removeprefix("Value error, ")
            unreadable.append(f"{where} of the stored request is left out: {reason}")
        else:
            return StoredRequest(request, tuple(unreadable))


class SourceChange(NamedTuple):
    """Sources that come to those that are kept, and some that go.

    A removed one is named by its URL, or by the name or the hash of its document.
    """

    urls: tuple[str, ...] = ()
    documents: tuple[GivenDocument, ...] = ()
    removed: tuple[str, ...] = ()


NO_CHANGE = SourceChange()


def kept_request(directory: Directory | None) -> StoredRequest | None:
    """Read the request that a directory keeps. None as long as it keeps none."""
    if directory is None or not directory.request:
        return None
    return read_stored(directory.request, name=directory.name)


def keep_request(run: GenerationRun) -> None:
    """Let the directory keep what a run was asked, unless somebody has edited that meanwhile."""
    asked = GenerationRun.objects.filter(pk=run.pk, keeps_request=True)
    Directory.objects.filter(runs__in=asked).update(request=run.request)


def edit_request(directory: Directory, request: dict[str, Any] | None) -> None:
    """Keep what somebody has said outside of a run. A run that is under way leaves it so."""
    with transaction.atomic():
        directory.runs.active().update(keeps_request=False)
        Directory.objects.filter(pk=directory.pk).update(
            request=request, updated_at=Now()
        )
    directory.request = request


def build_request(
    directory: Directory | None,
    given: Mapping[str, Any],
    *,
    documents: Iterable[GivenDocument] | None = None,
    change: SourceChange = NO_CHANGE,
) -> GenerationRequest:
    """Lay what is given over what is kept. Raises pydantic.ValidationError and NotPossible.

    `documents` replace the kept ones; None leaves them. `change` is made after that.
    """
    kept = kept_request(directory)
    request = kept.request.model_dump(exclude=set(WISHES)) if kept else {}
    request |= given
    if directory and "name" not in given:
        request["name"] = directory.name
    if documents is not None:
        request["source_documents"] = [document.reference() for document in documents]
    if change != NO_CHANGE:
        before = GenerationRequest.model_validate(request, context=STORED)
        request |= _changed_sources(before, change)
    asked = GenerationRequest.model_validate(request)
    check_readable(asked)
    return asked


def sources_of(request: GenerationRequest) -> list[str]:
    """Name what is read, each source as it can be removed."""
    return [*request.source_urls, *(each.name for each in request.source_documents)]


def _changed_sources(
    request: GenerationRequest, change: SourceChange
) -> dict[str, Any]:
    """Add and remove sources. Raises NotPossible for one that is not there."""
    urls, documents = list(request.source_urls), list(request.source_documents)
    for source in change.removed:
        left = [url for url in urls if not _is_url(url, source)]
        others = [each for each in documents if not _is_called(each, source)]
        if (len(left), len(others)) == (len(urls), len(documents)):
            names = ", ".join(sources_of(request)) or "none"
            raise NotPossible(f"{source} is none of the sources, which are: {names}")
        urls, documents = left, others
    urls += [url for url in change.urls if not any(_is_url(u, url) for u in urls)]
    new = [document.reference() for document in change.documents]
    # The same name means that it was read again, the same bytes that it is known.
    names_read = {_stem(each) for each in new}
    bytes_read = {each.sha256 for each in new}
    documents = [
        each
        for each in documents
        if each.sha256 not in bytes_read and _stem(each) not in names_read
    ]
    return {"source_urls": urls, "source_documents": [*documents, *new]}


def _is_url(url: str, name: str) -> bool:
    return url == name or canonical_url(url) == canonical_url(name)


def _is_called(document: DocumentReference, name: str) -> bool:
    return name in (document.sha256, document.name, _stem(document))


def _stem(document: DocumentReference) -> str:
    """Name the folder or archive that a document is a part of; of others, themselves."""
    is_part = document.media_type == BUNDLE
    return _PART.sub("", document.name) if is_part else document.name


def is_empty(exc: ValidationError) -> bool:
    """Tell whether a request was refused only because nothing is to be read."""
    return all(not error["loc"] for error in exc.errors(include_input=False))


def check_readable(request: GenerationRequest) -> None:
    """Refuse what is bound to fail. Raises NotPossible."""
    if not (request.source_urls or request.source_documents or urls_in(request.prompt)):
        raise NotPossible(
            "a prompt alone finds nothing, because nothing here can search the web yet: "
            "give a source as well, or name one by its URL in the prompt"
        )


def _take_out(fields: dict[str, Any], location: tuple[str | int, ...]) -> str:
    """Take out what is wrong; where a part of something is missing, the whole. Name it."""
    path: list[str | int] = []
    holders: list[Any] = [fields]
    for key in location:
        try:
            holders.append(holders[-1][key])
        except (KeyError, IndexError, TypeError):
            break
        path.append(key)
    del holders[len(path) - 1][path[-1]]
    return ".".join(map(str, path))
