"""What earlier visits brought home, kept for servers that can say "not modified".

Nothing in here is ever taken for true by itself: an entry is used when the server has just
vouched for it, and at no other time. So an entry that is lost or damaged costs a transfer.
Files are written beside their place and moved, which several processes may do at once.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from pydantic import ValidationError

from generation.items import Record

log = structlog.get_logger(__name__)

_LONGEST_HEAD = 8 * 1024
_ABANDONED = 3600
# How often the folder is looked through: when so great a share of it was written anew.
_SHARE = 8


class Entry(NamedTuple):
    etag: str
    last_modified: str
    content_type: str
    content: bytes

    def conditions(self) -> dict[str, str]:
        """The headers that ask whether the page is still the same."""
        conditions = {
            "If-None-Match": self.etag,
            "If-Modified-Since": self.last_modified,
        }
        return {name: value for name, value in conditions.items() if value}


class _Head(Record):
    """The first line of a file; the content follows. It does not name the URL."""

    etag: str
    last_modified: str
    content_type: str
    sha256: str


class PageCache:
    """A folder of pages by URL, at most about `max_bytes` large."""

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._written = max_bytes  # so that the first write looks through the folder

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(PageCache, max_bytes=self._max_bytes), (self._folder,)

    def get(self, url: str) -> Entry | None:
        """Return what is kept of a URL, or None where that is nothing, or damaged."""
        path = self._path(url)
        try:
            head, mark, content = path.read_bytes().partition(b"\n")
            about = _Head.model_validate_json(head)
        except FileNotFoundError:
            return None
        except (OSError, ValidationError):
            log.warning("damaged page in the cache", file=path.name)
            return None
        if not mark or sha256(content).hexdigest() != about.sha256:
            log.warning("damaged page in the cache", file=path.name)
            return None
        with suppress(OSError):
            os.utime(path)  # what was used last is forgotten last
        return Entry(about.etag, about.last_modified, about.content_type, content)

    def put(self, url: str, content: bytes, headers: Mapping[str, str]) -> None:
        """Keep a page that its server can vouch for later; forget one that it cannot."""
        etag = headers.get("etag", "").strip()
        last_modified = headers.get("last-modified", "").strip()
        head = _Head(
            etag=etag,
            last_modified=last_modified,
            content_type=headers.get("content-type", ""),
            sha256=sha256(content).hexdigest(),
        )
        line = head.model_dump_json().encode() + b"\n"
        size = len(line) + len(content)
        is_kept = (
            (etag or last_modified)
            and "no-store" not in headers.get("cache-control", "").lower()
            and len(line) <= _LONGEST_HEAD
            and size <= self._max_bytes // _SHARE
        )
        try:
            if not is_kept:
                self._path(url).unlink(missing_ok=True)
                return
            self._write(self._path(url), line + content)
            self._tidy(size)
        except OSError:
            log.warning("page not kept in the cache", exc_info=True)

    def _path(self, url: str) -> Path:
        return self._folder / f"{sha256(url.encode(errors='replace')).hexdigest()}.page"

    def _write(self, path: Path, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=".part", dir=self._folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _tidy(self, size: int) -> None:
        """Forget what was used longest ago, down to seven eighths of the room."""
        with self._lock:
            self._written += size
            if self._written < self._max_bytes // _SHARE:
                return
            self._written = 0
            files: list[tuple[float, int, Path]] = []
            for path in self._folder.iterdir():
                with suppress(OSError):
                    about = path.stat()
                    files.append((about.st_mtime, about.st_size, path))
            total = sum(size for _, size, _ in files)
            room = self._max_bytes - self._max_bytes // _SHARE
            for used, size, path in sorted(files):
                if path.suffix == ".part":
                    if used > time.time() - _ABANDONED:
                        continue
                elif total <= room:
                    continue
                path.unlink(missing_ok=True)
                total -= size
