"""Only what has changed is made: the repository remembers what each page was made of.

A table beside the one of written files holds, for each path, the mark of what the file
was made of. A page with the same mark, whose file nobody touched, is neither made nor
written again. The table is only brought up to date together with pages, so that a run
that changes nothing makes no commit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from generation.repositories import File
from generation.repositories.state import (
    FOLDER,
    Reconciled,
    Snapshot,
    read_table,
    reconcile,
    render_table,
)
from generation.repositories.website.page import Page
from generation.repositories.website.shelves import mark_of
from generation.repositories.website.version import version

PAGES = "pages"
_TABLE = re.compile(rf"{re.escape(FOLDER)}{PAGES}(?:\.jsonl|/[0-9a-f]{{2}}\.jsonl)")


def bring_up_to_date(snapshot: Snapshot, pages: Iterable[Page]) -> Reconciled:
    """Make the pages whose mark is new, and say what to write and what to remove."""
    made_of = dict(read_table(snapshot.repository, snapshot.tree, PAGES, _read))
    planned = {page.path: page for page in pages}
    marks = {path: mark_of(version(), page.mark) for path, page in planned.items()}
    fresh = {
        path
        for path, mark in marks.items()
        if made_of.get(path) == mark and _is_untouched(snapshot, path)
    }
    rendered = (
        File(path, page.make()) for path, page in planned.items() if path not in fresh
    )
    result = reconcile(snapshot, rendered, keeps=fresh.__contains__)
    if not result.files and not result.removals:
        return result
    tables = list(_tables(marks))
    ours = {file.path for file in tables}
    stale = [
        path for path in snapshot.tree if _TABLE.fullmatch(path) and path not in ours
    ]
    return result._replace(
        files=result.files
        | {file.path: file.content for file in tables if snapshot.differs(file)},
        removals=tuple(sorted([*result.removals, *stale])),
    )


def _is_untouched(snapshot: Snapshot, path: str) -> bool:
    written = snapshot.written.get(path)
    return written is not None and snapshot.tree.get(path) == written


def _tables(marks: dict[str, str]) -> Iterator[File]:
    rows = ({"made_of": mark, "path": path} for path, mark in marks.items())
    return render_table(PAGES, rows, key=lambda row: row["path"])


def _read(line: bytes) -> tuple[str, str]:
    row = json.loads(line)
    return row["path"], row["made_of"]
