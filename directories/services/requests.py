"""From what people type, through any door, to a valid generation request.

The last request is kept on the directory: what is given replaces a field, the rest stays. What
is typed has to be right; what is stored was right once, and is read as far as it can be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models.functions import Now
from pydantic import ValidationError

from directories.models import Directory, GenerationRun
from directories.services.directories import GivenDocument
from generation.contract.request import STORED, GenerationRequest

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
) -> GenerationRequest:
    """Lay what is given over what is kept. Raises pydantic.ValidationError.

    `documents` replace the kept ones; None leaves them.
    """
    kept = kept_request(directory)
    request = kept.request.model_dump(exclude=set(WISHES)) if kept else {}
    request |= given
    if directory and "name" not in given:
        request["name"] = directory.name
    if documents is not None:
        request["source_documents"] = [document.reference() for document in documents]
    return GenerationRequest.model_validate(request)


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
