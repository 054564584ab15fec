"""What a proposal changes, as one document for every door that shows it."""

from __future__ import annotations

import time
from typing import Any

from directories.exceptions import NotNow
from directories.models import Proposal
from directories.services import proposals
from generation.exceptions import RepositoryTooLarge

# A page, an answer and a screen name so many items and files, and count the rest.
LISTED = 1000
LISTED_FILES = 50
# So many seconds are spent on patches, of whatever a person has pushed to the branch.
COMPARING = 10.0
_NOT_COMPARED = "It takes too long to compare all files.\n"


def describe(proposal: Proposal) -> dict[str, Any]:
    """Tell the difference by item and field, and of other files as git shows it.

    `is_behind` says that `main` has moved since, `head` which commit is described. `gone`
    says why there is nothing to tell.
    """
    # Read first: if the branch moves meanwhile, the reviewer is asked to look again.
    head = proposals.head_of(proposal)
    try:
        found = proposals.difference_of(proposal)
    except (NotNow, RepositoryTooLarge) as exc:
        return {
            "counts": proposal.summary,
            "items": [],
            "files": [],
            "is_behind": False,
            "head": head,
            "gone": str(exc),
        }
    until = time.monotonic() + COMPARING
    return {
        "counts": found.summary,
        "items": [
            {
                "kind": item.kind,
                "slug": item.slug,
                "name": item.name,
                "fields": [field._asdict() for field in item.fields],
            }
            for item in found.items[:LISTED]
        ],
        "files": [
            {
                "kind": file.kind,
                "path": file.path,
                "patch": _patch(proposal, file.path, until=until),
            }
            for file in found.files[:LISTED_FILES]
        ],
        "is_behind": proposals.is_behind(proposal),
        "head": head,
        "gone": "",
    }


def _patch(proposal: Proposal, path: str, *, until: float) -> str:
    """Show what changes in a file, or why that is not shown."""
    if time.monotonic() > until:
        return _NOT_COMPARED
    try:
        return proposals.patch_of(proposal, path)
    except RepositoryTooLarge as exc:
        return f"{exc}.\n"
