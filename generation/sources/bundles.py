"""A bundle: the texts of a folder or an archive, as one document.

It is JSON with the paths as keys. A data repository in it is read as such; of any other
folder, each file is read as if it had been given alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from generation.exceptions import SourceError, UnreadableSource
from generation.nesting import load_json
from generation.sources.candidates import Candidate, Document, LeftOut, Reading
from generation.sources.data_repositories import read_ever_works, read_hecat

MARK = "gazetteer-bundle"
MEDIA_TYPE = "application/vnd.gazetteer.bundle+json"

_START = re.compile(r'\s*\{\s*"' + MARK + r'"\s*:')
_ITEM = re.compile(r"data/[^/]+/[^/]+\.ya?ml")
_SOFTWARE = re.compile(r"software/[^/]+\.ya?ml")


def is_bundle(text: str) -> bool:
    return bool(_START.match(text[:200]))


def is_repository_path(path: str) -> bool:
    """Tell whether a path is that of an item in a data repository of a known layout."""
    return bool(_ITEM.fullmatch(path) or _SOFTWARE.fullmatch(path))


def read_bundle(document: Document, *, read: Callable[[Document], Reading]) -> Reading:
    """Read a data repository, or else each file with `read`."""
    files, unreadable = _files(document.text)
    warnings = tuple(f"{path}: {reason}" for path, reason in unreadable.items())
    if any(map(_ITEM.fullmatch, files)):
        reading = read_ever_works(files, document)
    elif any(map(_SOFTWARE.fullmatch, files)):
        reading = read_hecat(files, document)
    else:
        reading = _read_each(files, document, read)
    return reading.model_copy(update={"warnings": (*warnings, *reading.warnings)})


def _files(text: str) -> tuple[dict[str, str], dict[str, str]]:
    try:
        value = load_json(text)
    except ValueError as exc:
        raise UnreadableSource("It is a broken bundle. Give the folder again.") from exc
    parts = [value.get("files"), value.get("unreadable", {})]
    if not all(isinstance(part, dict) for part in parts):
        raise UnreadableSource("It is a bundle without files. Give the folder again.")
    files, unreadable = (
        {str(path): text for path, text in part.items() if isinstance(text, str)}
        for part in parts
    )
    return files, unreadable


def _read_each(
    files: Mapping[str, str],
    document: Document,
    read: Callable[[Document], Reading],
) -> Reading:
    candidates: list[Candidate] = []
    left_out: list[LeftOut] = []
    warnings: list[str] = []
    for path, text in sorted(files.items()):
        if is_bundle(text):
            continue
        try:
            reading = read(Document(source=path, text=text))
        except SourceError as exc:
            warnings.append(f"{path}: {exc}")
            continue
        own = {"source": document.source}
        candidates += [
            c.model_copy(
                update={**own, "locator": f"{path} > {c.locator}".rstrip("> ")}
            )
            for c in reading.candidates
        ]
        left_out += [left.model_copy(update=own) for left in reading.left_out]
        warnings += [f"{path}: {warning}" for warning in reading.warnings]
    if not candidates and not left_out:
        raise UnreadableSource(
            "None of its files holds a list, a table or records"
            + (f" ({warnings[0]})" if warnings else "")
        )
    return Reading(
        kind="folder",
        candidates=tuple(candidates),
        left_out=tuple(left_out),
        warnings=tuple(warnings),
    )
