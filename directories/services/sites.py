"""The website of a directory, outside of git."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from django.conf import settings

from directories.exceptions import NotPossible
from directories.models import Directory
from generation.git import Repository
from generation.publish import repository_path
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


def export_site(directory: Directory, folder: Path) -> int:
    """Unpack the website into a folder and count its files. Raises NotPossible.

    The folder is replaced as a whole, and only if it is empty or an earlier export.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise NotPossible(f"{folder} is no folder; name another one")
    if folder.exists() and not (folder / MARKER).is_file() and any(folder.iterdir()):
        raise NotPossible(
            f"{folder} holds files that are not an earlier export; name another folder"
        )
    path = repository_path(
        settings.GIT_ROOT,
        namespace=directory.namespace,
        slug=directory.slug,
        kind="website",
    )
    repository = Repository(path)
    commit = repository.head()
    if commit is None:
        raise NotPossible(f"{directory} has no website yet; generate it first")
    tree = {
        path: blob
        for path, blob in repository.tree(commit).items()
        # Neither our records, nor links and submodules that a person put there.
        if not path.startswith(FOLDER) and " " not in blob
    }
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in zip(tree, repository.read(tree.values()), strict=True):
            target = draft / name
            # A person may commit anything into the repository, `..` included.
            if not target.resolve().is_relative_to(draft.resolve()):
                raise NotPossible(
                    f"the website holds a file that leads outside: {name}"
                )
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        (draft / MARKER).write_text(f"{commit}\n")
        draft.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        draft.replace(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return len(tree)
