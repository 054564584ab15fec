"""Make a directory of a data repository that is there already, with its history.

It is looked at first: what would be read, and what a repair would mend. Nothing is thrown
away; what cannot be mended is told, for a person to do.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import User

from directories.exceptions import NotNow, NotPossible, TooSlow
from directories.models import Directory
from directories.services.contexts import committer_of
from directories.services.directories import check_new, create_directory, namespace_of
from directories.services.locking import locked
from directories.services.proposing import repositories_of
from directories.services.revisions import revise
from generation.exceptions import (
    LimitExceeded,
    RepositoryError,
    RepositoryMoved,
    SourceError,
)
from generation.git import MAIN, Commit, Repository
from generation.pipeline.losses import doubts_of
from generation.publish import KINDS, repository_path
from generation.repositories.checking import Checkup, Problem, check
from generation.repositories.data import Stored, read_data
from generation.repositories.documents import text_of
from generation.repositories.folders import Folder, open_data
from generation.repositories.revision import Revision
from generation.slugs import slugify
from generation.sources.candidates import LeftOut
from generation.sources.fetch import Fetcher
from generation.visits import visit_repository
from generation.yaml import InvalidYAML, parse

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
CONFIGS = (".works/works.yml", "config.yml")
LONGEST_NAME, LONGEST_DESCRIPTION = 200, 500
# A copy that is so old belongs to a process that was killed, in seconds.
ABANDONED_AFTER = 86_400
_DRAFT = ".adopting-"


def refuse_losses(doubts: Sequence[str]) -> None:
    """Refuse what may have been misread, where nobody was asked. Raises NotPossible."""
    raise NotPossible("; ".join(doubts))


class Wanted(NamedTuple):
    """What is to become a directory, and its name; empty: as it says.

    `confirm` is asked where most of it would be lost, or seems to be misread, and raises to
    refuse it.
    """

    source: str
    owner: User
    slug: str = ""
    name: str = ""
    description: str = ""
    clock: datetime | None = None
    confirm: Callable[[Sequence[str]], None] = refuse_losses
    # Nobody else has to wait meanwhile: a slow server may take longer.
    is_patient: bool = False


class Adoption(NamedTuple):
    """What was found there. `directory` is None as long as it was only looked at."""

    slug: str
    name: str
    items: int
    categories: int
    tags: int
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]
    directory: Directory | None = None
    # What speaks against having understood it.
    doubts: tuple[str, ...] = ()

    @property
    def left(self) -> tuple[Problem, ...]:
        """What is for a person to mend."""
        return tuple(problem for problem in self.problems if not problem.mended)


def is_url(source: str) -> bool:
    return _SCHEME.match(source) is not None


def look_at(wanted: Wanted, *, fetcher: Fetcher) -> Adoption:
    """Say what adopting would make of it. Raises NotPossible, TooSlow and SlugTaken."""
    slug = _slug_of(wanted)
    check_new(owner=wanted.owner, slug=slug)
    with _copied(wanted, fetcher, None) as repository:
        return _look(wanted, slug, repository)[0]


def adopt(wanted: Wanted, *, fetcher: Fetcher) -> Adoption:
    """Make the directory. On failure nothing stays.

    Raises NotPossible, NotNow (TooSlow among them) and SlugTaken.
    """
    slug = _slug_of(wanted)
    check_new(owner=wanted.owner, slug=slug)
    namespace = namespace_of(wanted.owner.get_username())
    target = repository_path(
        Path(settings.GIT_ROOT), namespace=namespace, slug=slug, kind="data"
    )
    is_there = _is_place(wanted.source, target)
    if not is_there:
        _check_free(namespace, slug)
    with (
        _copied(wanted, fetcher, target if is_there else None) as repository,
        # From here on it takes no longer than an edit: what comes from afar has come.
        locked(namespace, slug),
    ):
        if not is_there:
            _check_free(namespace, slug)
        before = repository.head()
        found, checkup = _look(wanted, slug, repository)
        if found.doubts:
            wanted.confirm(found.doubts)
        repaired = _repair(wanted, repository, checkup, before)
        directory = create_directory(
            owner=wanted.owner,
            slug=slug,
            name=found.name,
            description=_description(wanted, repository),
        )
        try:
            if not is_there:
                target.parent.mkdir(parents=True, exist_ok=True)
                repository.path.rename(target)
            revise(
                directory,
                lambda stored: Revision("Adopt the data repository"),
                user=wanted.owner,
                clock=wanted.clock,
                as_proposal=False,
                is_locked=True,
            )
        except BaseException:
            if is_there:
                # Unless somebody has built on it: what they wrote stays, and so does ours.
                with suppress(RepositoryMoved):
                    repository.move(MAIN, new=before, old=repaired)
            else:
                for made in repositories_of(directory).values():
                    made.remove()
            directory.delete()
            raise
    Directory.objects.filter(pk=directory.pk).update(
        generate_status=Directory.Status.GENERATED
    )
    directory.refresh_from_db()
    return found._replace(directory=directory)


def forget_abandoned() -> int:
    """Remove the copies that killed adoptions have left behind, and count them."""
    begun_before = time.time() - ABANDONED_AFTER
    removed = 0
    for path in Path(settings.GIT_ROOT).glob(f"{_DRAFT}*"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < begun_before:
                shutil.rmtree(path)
                removed += 1
    return removed


@contextmanager
def _copied(wanted: Wanted, fetcher: Fetcher, own: Path | None) -> Iterator[Repository]:
    """Lend a copy with its history; what nobody has moved away by the end is removed."""
    if own is not None:
        yield Repository(own)
        return
    root = Path(settings.GIT_ROOT)
    draft = Repository(root / f"{_DRAFT}{uuid4().hex[:12]}" / "data.git")
    try:
        draft.create()
        _copy(wanted, draft, fetcher)
        if draft.head() is None:
            raise NotPossible(f"{_shown(wanted.source)} holds no commit yet")
        yield draft
    except SourceError as exc:
        raise NotPossible(str(exc)) from exc
    except LimitExceeded as exc:
        raise TooSlow(
            f"{_shown(wanted.source)} cannot be adopted: {exc}; try again later, or use "
            "`manage.py adopt`, which waits longer"
        ) from exc
    except RepositoryError as exc:
        raise NotPossible(f"{_shown(wanted.source)}: {exc}") from exc
    finally:
        shutil.rmtree(draft.path.parent, ignore_errors=True)


def _copy(wanted: Wanted, draft: Repository, fetcher: Fetcher) -> None:
    if is_url(wanted.source):
        visit_repository(
            wanted.source, draft.path, fetcher=fetcher, is_patient=wanted.is_patient
        )
        return
    path = Path(wanted.source).expanduser().resolve()
    found, _ = open_data(path)
    if isinstance(found, Repository):
        draft.fetch_all(found.path)
        return
    assert isinstance(found, Folder)
    tree = found.tree("")
    contents = dict(zip(tree, found.read(tree.values()), strict=True))
    commit = _commit(wanted, None, "Take over a folder", contents, ())
    draft.move(MAIN, new=draft.write(commit, ref="refs/adopted"), old=None)
    draft.move("refs/adopted", new=None, old=draft.head())


def _look(
    wanted: Wanted, slug: str, repository: Repository
) -> tuple[Adoption, Checkup]:
    now = f"{wanted.clock or datetime.now(UTC):%Y-%m-%d %H:%M}"
    try:
        checkup = check(repository, ref=MAIN, now=now)
        stored = read_data(repository)
    except RepositoryError as exc:
        raise NotPossible(f"{_shown(wanted.source)}: {exc}") from exc
    name = wanted.name or _config(repository).get("name", "")
    return (
        Adoption(
            slug=slug,
            name=(name or slug.replace("-", " ").capitalize())[:LONGEST_NAME],
            items=checkup.items,
            categories=len(stored.categories),
            tags=len(stored.tags),
            problems=checkup.problems,
            warnings=stored.warnings,
            doubts=_doubts(stored, readable=checkup.items),
        ),
        checkup,
    )


def _doubts(stored: Stored, *, readable: int) -> tuple[str, ...]:
    """Say what speaks against adopting: items that nobody can read, or strange names."""
    folders = {
        path.split("/")[1]
        for path in stored.snapshot.tree
        if path.startswith("data/") and path.count("/") == 2
    }
    lost = [
        LeftOut(name=name, source="data", reason="their files cannot be read")
        for name in sorted(folders)[readable:]
    ]
    known = [(item.name, item.source_url) for item in (s.item for s in stored.items)]
    return tuple(doubts_of(known, lost))


def _repair(
    wanted: Wanted, repository: Repository, checkup: Checkup, head: str | None
) -> str | None:
    """Commit what the checkup of a commit has mended, on top of it. Return the new head."""
    if not checkup.files and not checkup.removals:
        return head
    count = sum(problem.mended for problem in checkup.problems)
    commit = _commit(
        wanted,
        head,
        f"Repair {count} problem{'' if count == 1 else 's'}",
        checkup.files,
        checkup.removals,
    )
    new = repository.write(commit, ref="refs/repaired")
    try:
        repository.move(MAIN, new=new, old=head)
    except RepositoryMoved as exc:
        raise NotNow("somebody has just changed the repository; try again") from exc
    finally:
        repository.move("refs/repaired", new=None, old=new)
    return new


def _commit(
    wanted: Wanted,
    parent: str | None,
    message: str,
    files: dict[str, bytes],
    removals: tuple[str, ...],
) -> Commit:
    who = committer_of(wanted.owner)
    at = wanted.clock or datetime.now(UTC)
    return Commit(parent, message, who.name, who.email, at, files, removals)


def _slug_of(wanted: Wanted) -> str:
    if wanted.slug:
        return wanted.slug
    name = wanted.source.rstrip("/").rpartition("/")[2].removesuffix(".git")
    return slugify(name.removesuffix("-data"), fallback="directory")


def _description(wanted: Wanted, repository: Repository) -> str:
    text = wanted.description or _config(repository).get("description", "")
    return text[:LONGEST_DESCRIPTION]


def _config(repository: Repository) -> dict[str, str]:
    """Read how the repository calls itself, where it says so."""
    tree = repository.tree(repository.head() or "")
    found: dict[str, str] = {}
    for path in CONFIGS:
        if path not in tree:
            continue
        [content] = repository.read([tree[path]])
        try:
            document = parse(content)
        except InvalidYAML:
            continue
        if isinstance(document, dict):
            name = text_of(document.get("name")) or text_of(
                document.get("company_name")
            )
            told = {"name": name, "description": text_of(document.get("description"))}
            found = {key: text for key, text in told.items() if text} | found
    return found


def _is_place(source: str, target: Path) -> bool:
    """Tell whether the source is what the directory would have for its data repository."""
    return (
        not is_url(source) and Path(source).expanduser().resolve() == target.resolve()
    )


def _check_free(namespace: str, slug: str) -> None:
    for kind in KINDS:
        path = repository_path(
            Path(settings.GIT_ROOT), namespace=namespace, slug=slug, kind=kind
        )
        if path.exists():
            raise NotPossible(
                f"there is a repository {namespace}/{path.name} already, of no directory; "
                "choose another slug, or, if it is the data repository, have it adopted "
                "where it lies, with the command `adopt` on the server"
            )


def _shown(source: str) -> str:
    return source if len(source) <= 200 else f"{source[:199]}…"
