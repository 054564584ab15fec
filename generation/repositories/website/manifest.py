"""Only what has changed is made: the repository remembers what each page was made of.

A table beside the one of written files holds, for each path, the mark of what the file
was made of. A page with the same mark, whose file nobody touched, is neither made nor
written again. The table is only brought up to date together with pages, so that a run
that changes nothing makes no commit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from generation.quiet import what_is_there_stays
from generation.repositories import File
from generation.repositories.state import (
    FOLDER,
    Reconciled,
    Snapshot,
    read_paths,
    reconcile,
    render_paths,
)
from generation.repositories.website.page import Page
from generation.repositories.website.version import version

PAGES = "pages"
MADE_OF = "made_of"
# A mark is the version that made the page, the page's own mark, and, from this sign on, that
# of what is around it.
_VERSION = 8
_AROUND = 28
_TABLE = re.compile(rf"{re.escape(FOLDER)}{PAGES}(?:\.jsonl|/[0-9a-f]{{2}}\.jsonl)")


# Makes the pages of these paths, in their order.
Make = Callable[[list[str]], Iterator[File]]


@what_is_there_stays()
def bring_up_to_date(
    snapshot: Snapshot, pages: Iterable[Page], *, make: Make | None = None
) -> Reconciled:
    """Make the pages whose mark is new, and say what to write and what to remove.

    Without `make`, each page makes itself.
    """
    known = read_paths(snapshot.repository, snapshot.tree, PAGES, MADE_OF)
    planned = {page.path: page for page in pages}
    marks = _marks(planned.values(), known)
    fresh = {
        path
        for path in planned
        if known.get(path) == marks[path] and _is_ours(snapshot, path)
    }

    def is_same(path: str) -> bool:
        """The page is made of the same, whatever is around it."""
        return known.get(path, "")[:_AROUND] == marks[path][:_AROUND]

    stale = [page for page in planned.values() if page.path not in fresh]
    rendered = _render(snapshot, stale, is_same, make or partial(_make_each, planned))
    result = reconcile(snapshot, rendered, keeps=fresh.__contains__)
    if not result.files and not result.removals:
        return result
    tables = list(render_paths(PAGES, MADE_OF, marks))
    ours = {file.path for file in tables}
    gone = [
        path for path in snapshot.tree if _TABLE.fullmatch(path) and path not in ours
    ]
    return result._replace(
        files=result.files
        | {file.path: file.content for file in tables if snapshot.differs(file)},
        removals=tuple(sorted([*result.removals, *gone])),
    )


def _is_ours(snapshot: Snapshot, path: str) -> bool:
    """The file is there, as the last run wrote it."""
    return path in snapshot.tree and not snapshot.is_edited(path)


def _render(
    snapshot: Snapshot,
    pages: list[Page],
    is_same: Callable[[str], bool],
    make: Make,
) -> Iterator[File]:
    renewed = [p for p in pages if p.renew and _is_ours(snapshot, p.path)]
    contents = snapshot.repository.read([snapshot.tree[p.path] for p in renewed])
    for page, content in zip(renewed, contents, strict=True):
        if page.renew:
            yield File(page.path, page.renew(content, is_same))
    known = {page.path for page in renewed}
    yield from make([page.path for page in pages if page.path not in known])


def _make_each(planned: Mapping[str, Page], paths: Iterable[str]) -> Iterator[File]:
    return (File(path, planned[path].make()) for path in paths)


def _marks(pages: Iterable[Page], known: Mapping[str, str]) -> dict[str, str]:
    """Say of each page what it is made of, and of the surroundings of pages as well.

    Where these are what they were, so is what a page shows of them.
    """
    made_by = version()[:_VERSION]
    marks: dict[str, str] = {}
    for page in pages:
        path, around = page.path, page.around
        mark = made_by + page.mark
        if around is not None:
            name = around.name
            if name not in marks:
                marks[name] = made_by + around.mark
            shown = known[path][_AROUND:] if path in known else ""
            if not shown or known.get(name) != marks[name]:
                shown = around.find(path)[:12]
            mark += shown
        marks[path] = mark
    return marks
