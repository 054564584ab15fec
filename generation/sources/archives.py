"""A folder, a zip or a tar archive as one document: a bundle of its texts.

Whoever packed an archive may be an enemy: nothing is ever written to disk, links and odd
paths are passed over, and what is unpacked is counted as it comes, not as it is declared.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from generation.exceptions import SourceError, UnreadableSource
from generation.sources.bundles import MARK, MEDIA_TYPE, is_repository_path
from generation.sources.decoding import decode

__all__ = ["MEDIA_TYPE", "is_archive", "pack_archive", "pack_folder"]

MOST_FILES = 50_000
LARGEST_FILE = 8 * 1024 * 1024
LARGEST_BUNDLE = 32 * 1024 * 1024
_TAR_MAGIC = b"ustar"
_GZIP, _BZIP, _XZ = b"\x1f\x8b", b"BZh", b"\xfd7zXZ"
_ZIP = b"PK\x03\x04"
_TEXTS = frozenset(
    {
        *(".yml", ".yaml", ".md", ".mdx", ".markdown", ".json", ".jsonl", ".ndjson"),
        *(".csv", ".tsv", ".html", ".htm", ".xml", ".opml", ".rss", ".atom", ".toml"),
        *(".rst", ".adoc", ".asciidoc", ".org", ".txt", ".xbel"),
        *(".ipynb", ".wiki", ".mediawiki", ".wikitext", ".textile"),
    }
)
_NO_SOURCES = frozenset(
    {
        *("contributing", "license", "licence", "code_of_conduct", "code-of-conduct"),
        *("changelog", "security", "package", "package-lock", "pyproject", "cargo"),
        *("tsconfig", "pull_request_template", "issue_template", "codeowners"),
    }
)
# What an office program packs, by a file that is always in it.
_BY_MEMBER = {
    "xl/workbook.xml": "It is an Excel workbook. Export the sheet as CSV and give that.",
    "xl/workbook.bin": "It is an Excel workbook. Export the sheet as CSV and give that.",
    "word/document.xml": "It is a Word document. Save it as a web page and give that.",
    "ppt/presentation.xml": (
        "It is a PowerPoint presentation. Give its list as Markdown or CSV."
    ),
    "index/document.iwa": (
        "It is a document of Pages, Numbers or Keynote. Export it as CSV or Markdown."
    ),
    "meta-inf/container.xml": (
        "It is an e-book (EPUB). Unpack it and give the page that lists things."
    ),
}
# The same by what OpenDocument and EPUB say of themselves, without "application/".
_BY_TYPE = {
    "vnd.oasis.opendocument.spreadsheet": (
        "It is an OpenDocument spreadsheet. Export the sheet as CSV and give that."
    ),
    "vnd.oasis.opendocument.text": (
        "It is an OpenDocument text. Save it as a web page and give that."
    ),
    "vnd.oasis.opendocument": (
        "It is an OpenDocument file. Give its list as Markdown or CSV."
    ),
    "epub+zip": _BY_MEMBER["meta-inf/container.xml"],
}
_LONGEST_TYPE = 100
# Errors that a broken or hostile archive may cause while it is unpacked.
_BROKEN = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, OSError),
    *(EOFError, RuntimeError, NotImplementedError, ValueError, KeyError, OverflowError),
)


def is_archive(content: bytes) -> bool:
    """Tell whether the bytes are an archive of files (and not one packed text)."""
    if content.startswith(_ZIP) or content[257:262] == _TAR_MAGIC:
        return True
    opener = _opener(content)
    if opener is None:
        return False
    try:
        return opener(io.BytesIO(content)).read(262)[257:] == _TAR_MAGIC
    except _BROKEN:
        return False


def pack_archive(content: bytes, *, largest: int) -> list[bytes]:
    """Return an archive's texts as bundles of a bounded size. Raises UnreadableSource."""
    walk = _walk_zip if content.startswith(_ZIP) else _walk_tar
    files: dict[str, bytes] = {}
    try:
        _gather(walk(content), files)
    except _BROKEN as exc:
        raise UnreadableSource(
            "It is a damaged archive, or one that is locked. Pack it again, or give the "
            "folder."
        ) from exc
    return _pack(files, largest=largest)


def pack_folder(folder: Path, *, largest: int) -> list[bytes]:
    """Return a folder's texts as bundles. Raises UnreadableSource and OSError."""
    files: dict[str, bytes] = {}
    _gather(_walk_folder(folder), files)
    return _pack(files, largest=largest)


def _gather(found: Iterable[tuple[str, bytes]], files: dict[str, bytes]) -> None:
    room = LARGEST_BUNDLE
    for path, content in found:
        room -= len(content)
        if room < 0 or len(files) >= MOST_FILES:
            raise UnreadableSource(
                f"Its files have more than {LARGEST_BUNDLE // 1024**2} MiB together, or "
                f"are more than {MOST_FILES:,}. Give the part of it that lists things."
            )
        files.setdefault(path, content)


def _walk_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (path, content), without following links."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if _is_open(name))
        for name in sorted(names):
            path = Path(place, name)
            relative = path.relative_to(folder).as_posix()
            if not _is_wanted(relative) or path.is_symlink() or not path.is_file():
                continue
            with path.open("rb") as file:
                yield relative, _read(file)


def _walk_zip(content: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        _refuse_documents(archive)
        if len(members) > MOST_FILES * 2:
            raise UnreadableSource(f"It has more than {MOST_FILES:,} files.")
        for member in members:
            path = _inside(member.filename)
            is_link = (member.external_attr >> 16) & 0o170000 == 0o120000
            if path and not member.is_dir() and not is_link:
                with archive.open(member) as file:
                    yield path, _read(file)


def _refuse_documents(archive: zipfile.ZipFile) -> None:
    """Say what to give instead of a document that is packed as an archive."""
    names = {name.lower() for name in archive.namelist()}
    kind = ""
    if "mimetype" in archive.namelist():
        with archive.open("mimetype") as file:
            kind = file.read(_LONGEST_TYPE).decode("ascii", "ignore").strip()
    kind = kind.removeprefix("application/")
    by_type = next((a for name, a in _BY_TYPE.items() if kind.startswith(name)), "")
    by_member = next((a for name, a in _BY_MEMBER.items() if name in names), "")
    if advice := by_type or by_member:
        raise UnreadableSource(advice)


def _walk_tar(content: bytes) -> Iterator[tuple[str, bytes]]:
    opener = _opener(content) or _as_it_is
    stream = _Bounded(opener(io.BytesIO(content)))
    with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|") as archive:
        for count, member in enumerate(archive):
            if count > MOST_FILES * 2:
                raise UnreadableSource(f"It has more than {MOST_FILES:,} files.")
            path = _inside(member.name)
            file = archive.extractfile(member) if path and member.isreg() else None
            if file is not None:
                yield path, _read(file)


def _read(file: IO[bytes]) -> bytes:
    content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise UnreadableSource(
            f"One of its files has more than {LARGEST_FILE // 1024**2} MiB."
        )
    return content


class _Bounded(io.RawIOBase):
    """A stream that ends with an error when too much has come out of it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._room = 4 * LARGEST_BUNDLE

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        content = self._stream.read(min(len(view), 1024 * 1024))
        self._room -= len(content)
        if self._room < 0:
            raise UnreadableSource("Unpacked, it is too large. Give a part of it.")
        view[: len(content)] = content
        return len(content)


def _opener(content: bytes) -> Callable[[IO[bytes]], IO[bytes]] | None:
    if content.startswith(_GZIP):
        return lambda raw: cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
    if content.startswith(_BZIP):
        return lambda raw: cast("IO[bytes]", bz2.BZ2File(raw))
    if content.startswith(_XZ):
        return lambda raw: cast("IO[bytes]", lzma.LZMAFile(raw))
    return None


def _as_it_is(raw: IO[bytes]) -> IO[bytes]:
    return raw


def _inside(path: str) -> str:
    """Return a member's path, or "" for one that leads out or that nobody wants."""
    plain = PurePosixPath(path.replace("\\", "/"))
    if plain.is_absolute() or ".." in plain.parts or "\0" in path or ":" in path[:3]:
        return ""
    relative = plain.as_posix()
    return relative if _is_wanted(relative) else ""


def _is_open(folder: str) -> bool:
    return folder == ".works" or not (
        folder.startswith(".") or folder in ("node_modules", "__MACOSX")
    )


def _is_wanted(path: str) -> bool:
    parts = PurePosixPath(path)
    return (
        parts.suffix.lower() in _TEXTS
        and not parts.name.startswith(".")
        and all(map(_is_open, parts.parts[:-1]))
        and parts.stem.lower() not in _NO_SOURCES
    )


def _without_top(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Take off the one folder in which everything lies, as forges pack it."""
    tops = {path.partition("/")[0] for path in files}
    if len(tops) != 1 or any("/" not in path for path in files):
        return dict(files)
    # "data" and "software" mean something themselves.
    if any(map(is_repository_path, files)):
        return dict(files)
    return {path.partition("/")[2]: content for path, content in files.items()}


def _pack(files: Mapping[str, bytes], *, largest: int) -> list[bytes]:
    """Write bundles. What every part needs (the names of categories) is in each."""
    files = _without_top(files)
    if any(map(is_repository_path, files)):
        files = {
            p: c for p, c in files.items() if "/" in p or p.endswith((".yml", ".yaml"))
        }
    texts: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    for path, content in sorted(files.items()):
        try:
            texts[path] = decode(content)
        except SourceError as exc:
            unreadable[path] = str(exc)
    if not texts:
        raise UnreadableSource(
            "It holds no text that lists things: no Markdown, YAML, JSON, CSV or HTML."
        )
    shared = {path: text for path, text in texts.items() if _is_shared(path, texts)}
    parts: list[dict[str, str]] = [{}]
    overhead = _size(shared) + _size(unreadable) + 1_000
    size = overhead
    for path, text in texts.items():
        if path in shared:
            continue
        weight = _size({path: text})
        if size + weight > largest and parts[-1]:
            parts.append({})
            size = overhead
        parts[-1][path] = text
        size += weight
    return [
        _render({**shared, **part}, unreadable if number == 0 else {})
        for number, part in enumerate(parts)
    ]


def _is_shared(path: str, texts: Mapping[str, str]) -> bool:
    return any(map(is_repository_path, texts)) and not path.startswith(
        ("data/", "software/")
    )


def _size(files: Mapping[str, str]) -> int:
    return sum(
        len(json.dumps(pair, ensure_ascii=False).encode()) for pair in files.items()
    )


def _render(files: Mapping[str, str], unreadable: Mapping[str, str]) -> bytes:
    document = {MARK: 1, "files": dict(sorted(files.items()))}
    if unreadable:
        document["unreadable"] = dict(sorted(unreadable.items()))
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
