"""From what people type, through any door, to a valid generation request.

The last request is kept on the directory: what is given replaces a field, the rest stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from directories.models import Directory
from directories.services.directories import GivenDocument
from generation.contract.request import GenerationRequest


def build_request(
    directory: Directory | None,
    given: Mapping[str, Any],
    *,
    documents: Iterable[GivenDocument] | None = None,
) -> GenerationRequest:
    """Lay what is given over what is kept. Raises pydantic.ValidationError.

    `documents` replace the kept ones; None leaves them.
    """
    kept = dict(directory.request or {}) if directory else {}
    # Said of one run, and of no later one.
    for wish in ("allow_removals", "update_with_pull_request"):
        kept.pop(wish, None)
    request = {**kept, **given}
    if directory and "name" not in given:
        request["name"] = directory.name
    if documents is not None:
        request["source_documents"] = [document.reference() for document in documents]
    return GenerationRequest.model_validate(request)
