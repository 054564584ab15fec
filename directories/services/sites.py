"""The website of a directory, outside of git."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from directories import services
from directories.exceptions import NoIndex, NotPossible
from directories.models import Directory, ProposalState
from directories.services.oversize import FURTHEST_BACK, last_readable
from directories.services.proposing import repositories_of
from directories.services.search_index import index_site
from generation.exceptions import RepositoryError, RepositoryTooLarge
from generation.git import Repository
from generation.repositories.state import FOLDER

# What a website needs of its browser, and nothing more: its own files, and the machine
# that reads the search index.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

# Names a folder that we wrote and may replace.
MARKER = ".gazetteer-export"


class Exported(NamedTuple):
    """What an export wrote. `is_indexed`: the texts of all pages can be searched; where
    that was wanted and failed, `no_index_because` says why."""

    files: int
    is_indexed: bool
    no_index_because: str = ""


def no_index_warning(exported: Exported) -> str:
    return (
        f"Warning: no full-text index was made ({exported.no_index_because}). The search "
        "box looks in names, descriptions and tags."
    )


class Website(NamedTuple):
    """A website at one commit: path to blob, without our records."""

    repository: Repository
    commit: str
    tree: Mapping[str, str]


def open_website(directory: Directory, proposal: int | None = None) -> Website:
    """Find the website of a directory, or as it would be with an open proposal of this number.

    Where a person has pushed one that is too large it is the last one before that. Raises ProposalNotFound, and NotPossible where there is no website.
    """
    repository = repositories_of(directory)["website"]
    proposed = None
    if proposal is not None:
        found = services.proposals.find(directory, proposal)
        if found.state != ProposalState.OPEN:
            raise NotPossible(f"{found} is {found.state} already: nothing waits there")
        # One that changes nothing that readers see has no branch here.
        proposed = repository.head(found.ref)
    head = proposed or repository.head()
    if head is None:
        raise NotPossible(f"{directory} has no website yet; generate it first")
    try:
        # Of what is proposed nothing is shown for it: it would not be what is reviewed.
        commit, listed = last_readable(
            repository, head, furthest=0 if proposed else FURTHEST_BACK
        )
    except RepositoryError as exc:
        raise NotPossible(str(exc)) from exc
    tree = {
        path: blob
        for path, blob in listed.items()
        # Neither our records, nor links and submodules that a person put there.
        if not path.startswith(FOLDER) and " " not in blob
    }
    return Website(repository, commit, tree)


def export_site(
    directory: Directory,
    folder: Path,
    *,
    index: bool = True,
    proposal: int | None = None,
) -> Exported:
    """Unpack the website into a folder and index it for search.

    Raises ProposalNotFound and NotPossible. The folder is replaced as a whole, and only if it is empty or an earlier export.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise NotPossible(f"{folder} is no folder; name another one")
    if folder.exists() and not (folder / MARKER).is_file() and any(folder.iterdir()):
        raise NotPossible(
            f"{folder} holds files that are not an earlier export; name another folder"
        )
    website = open_website(directory, proposal)
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        try:
            _unpack(website, draft)
        except RepositoryTooLarge as exc:
            raise NotPossible(str(exc)) from exc
        is_indexed, reason = _index(draft) if index else (False, "")
        (draft / MARKER).write_text(f"{website.commit}\n")
        draft.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        draft.replace(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return Exported(len(website.tree), is_indexed, reason)


def _index(folder: Path) -> tuple[bool, str]:
    """Index a website; one without an index is worth having, so a failure is only told."""
    try:
        return index_site(folder), ""
    except NoIndex as exc:
        return False, str(exc)


def _unpack(website: Website, folder: Path) -> None:
    tree = website.tree
    contents = website.repository.read(tree.values())
    for name, content in zip(tree, contents, strict=True):
        target = folder / name
        # A person may commit anything into the repository, `..` included.
        if not target.resolve().is_relative_to(folder.resolve()):
            raise NotPossible(f"the website holds a file that leads outside: {name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def read_page(
    directory: Directory, path: str, proposal: int | None = None
) -> tuple[str, bytes] | None:
    """Read one file of a website, with its name; a folder stands for its first page.

    Raises ProposalNotFound and NotPossible.
    """
    website = open_website(directory, proposal)
    name = f"{path}index.html" if not path or path.endswith("/") else path
    blob = website.tree.get(name)
    if blob is None:
        return None
    try:
        [content] = website.repository.read([blob])
    except RepositoryTooLarge as exc:
        raise NotPossible(str(exc)) from exc
    return name, content
