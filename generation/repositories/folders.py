"""A plain folder, read like a repository: its files as they lie there, links not followed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from generation.exceptions import RepositoryError
from generation.git import Reader, Repository, blob_id

_MAX_FILE = 64 * 1024 * 1024


class Folder:
    """The files below a folder. What is no plain file is passed over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._by_blob: dict[str, Path] = {}

    def head(self, ref: str = "") -> str | None:
        return "folder"

    def tree(self, commit: str) -> dict[str, str]:
        entries: dict[str, str] = {}
        for folder, names, files in os.walk(self.path):
            names[:] = sorted(name for name in names if name != ".git")
            for name in sorted(files):
                path = Path(folder, name)
                if path.is_symlink() or path.stat().st_size > _MAX_FILE:
                    continue
                blob = blob_id(path.read_bytes())
                self._by_blob[blob] = path
                entries[path.relative_to(self.path).as_posix()] = blob
        return dict(sorted(entries.items()))

    def read(self, blobs: Iterable[str]) -> Iterator[bytes]:
        return (self._by_blob[blob].read_bytes() for blob in blobs)

    def find(self, blobs: Iterable[str]) -> Iterator[bytes | None]:
        for blob in blobs:
            path = self._by_blob.get(blob)
            yield path.read_bytes() if path else None

    def write(self, files: Mapping[str, bytes], removals: Iterable[str]) -> None:
        """Set and remove files, each by one step, so that none is ever half written."""
        for path, content in files.items():
            target = self.path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            beside = target.with_name(f".{target.name}.new")
            beside.write_bytes(content)
            beside.replace(target)
        for path in removals:
            (self.path / path).unlink(missing_ok=True)


def open_data(path: Path) -> tuple[Reader, str | None]:
    """Open a bare repository, a checkout or a plain folder, and name the branch to read.

    Of a repository it is `main`, or else the branch that is checked out. Raises
    RepositoryError.
    """
    if not path.is_dir():
        raise RepositoryError(f"there is no folder {path}; give one that is there")
    for candidate in (path / ".git", path):
        if (candidate / "HEAD").is_file() and (candidate / "objects").is_dir():
            repository = Repository(candidate)
            ref = repository.main_or_head()
            if ref is None:
                raise RepositoryError(f"{path} holds no commit yet")
            return repository, ref
    return Folder(path), None
