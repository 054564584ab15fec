"""Sources and settings that lie in local files, for the command line alone."""

from __future__ import annotations

import mimetypes
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ConfigDict, Field, ValidationError, field_validator

from directories.exceptions import NotPossible
from directories.services.directories import GivenDocument
from generation.contract.request import (
    MAX_DOCUMENT_BYTES,
    MAX_DOCUMENTS_BYTES,
    Asked,
    Description,
    Label,
)
from generation.exceptions import SourceError
from generation.nesting import NestedTooDeeply, load_toml
from generation.sources.archives import (
    MEDIA_TYPE,
    is_archive,
    pack_archive,
    pack_folder,
)
from generation.sources.decoding import decode

# What a directory.toml says by keys of its own, by the request's names.
SAID_ABOVE = {
    "name": "name",
    "prompt": "prompt",
    "company": "company",
    "initial_categories": "categories",
    "source_urls": "sources",
    "source_documents": "sources",
}

mimetypes.add_type("text/markdown", ".md")


class DirectoryFile(Asked):
    """A `directory.toml`. `options` takes every other field of the generation request."""

    name: Label
    slug: str
    description: Description = ""
    prompt: str = ""
    sources: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    company: dict[str, Any] | None = None
    review: bool | None = None
    options: dict[str, Any] = Field(default_factory=dict)

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("options")
    @classmethod
    def _say_nothing_twice(cls, options: dict[str, Any]) -> dict[str, Any]:
        if twice := sorted(options.keys() & SAID_ABOVE):
            names = ", ".join(f"{key} (say {SAID_ABOVE[key]})" for key in twice)
            raise ValueError(f"these have keys of their own: {names}")
        return options

    def request(self) -> dict[str, Any]:
        """The fields of the request, as they would be typed for the API."""
        return {
            **self.options,
            "name": self.name,
            "prompt": self.prompt,
            "initial_categories": self.categories,
            "company": self.company,
        }


class Sources(NamedTuple):
    urls: list[str]
    documents: list[GivenDocument]


def read_directory_file(path: Path) -> DirectoryFile:
    """Read a `directory.toml`. Raises NotPossible, naming what is wrong with it."""
    try:
        document = load_toml(path.expanduser().read_text("utf-8"))
    except OSError as exc:
        raise NotPossible(f"{path} cannot be read: {exc.strerror}") from exc
    except (RuntimeError, NestedTooDeeply) as exc:
        raise NotPossible(f"{path} cannot be read: {exc}") from exc
    except UnicodeDecodeError as exc:
        raise NotPossible(f"{path} is not UTF-8; save it so") from exc
    except tomllib.TOMLDecodeError as exc:
        raise NotPossible(f"{path} is not valid TOML: {exc}") from exc
    except ValueError as exc:
        raise NotPossible(f"{path} holds a value that cannot be read") from exc
    try:
        return DirectoryFile.model_validate(document)
    except ValidationError as exc:
        known = ", ".join(DirectoryFile.model_fields)
        hint = (
            "" if "slug" in document else f". To read a list from it: --source {path}"
        )
        raise NotPossible(
            f"{path}: {explain(exc)}. The keys are {known}{hint}"
        ) from exc


def read_sources(sources: tuple[str, ...] | list[str], *, folder: Path) -> Sources:
    """Sort sources into URLs and local files, and read the files.

    A relative path is relative to `folder`. Raises NotPossible for a file that nobody
    could use, before anything is written.
    """
    given = [source.strip() for source in sources]
    urls = [s for s in given if s.lower().startswith(("http://", "https://"))]
    documents: list[GivenDocument] = []
    names: set[str] = set()
    local = (source for source in given if source not in urls)
    for document in (part for source in local for part in _read(source, folder=folder)):
        # Two files of one name are two sources.
        number = 2
        name = document.name
        while name in names:
            name, number = f"{document.name} ({number})", number + 1
        names.add(name)
        documents.append(document._replace(name=name))
    return Sources(urls, documents)


def source_name(source: str) -> str:
    """Call a source as it is called once it was read: a file by its path, if that is below."""
    text = source.strip()
    if text.lower().startswith(("http://", "https://")):
        return text
    # The name goes into the repository: a path of this machine has no place there.
    path = Path(text)
    is_below = not path.is_absolute() and ".." not in path.parts
    return path.as_posix() if is_below else path.name


def explain(exc: ValidationError) -> str:
    """Say in one line which fields are wrong, and how."""
    return "; ".join(
        f"{'.'.join(map(str, error['loc'])) or 'request'}: "
        f"{error['msg'].removeprefix('Value error, ')}"
        for error in exc.errors(include_url=False, include_input=False)
    )


def _read(source: str, *, folder: Path) -> list[GivenDocument]:
    """Read a file; a folder or an archive becomes one document, or several parts."""
    try:
        path = folder / Path(source).expanduser()
        name = source_name(source)
        if path.is_dir():
            name = path.resolve().name if name in ("", ".") else name
            return _bundle(name, pack_folder(path, largest=MAX_DOCUMENT_BYTES))
        # Packed, an archive may be larger than what it holds of use.
        with path.open("rb") as file:
            content = file.read(MAX_DOCUMENTS_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else exc
        raise NotPossible(
            f"the source {source!r} cannot be read: {reason}. "
            "Give an existing file or folder, or a URL that begins with https://"
        ) from exc
    except SourceError as exc:
        raise NotPossible(f"the source {source}: {exc}") from exc
    if not content.strip():
        raise NotPossible(f"the source {source} is empty")
    try:
        if len(content) <= MAX_DOCUMENTS_BYTES and is_archive(content):
            return _bundle(name, pack_archive(content, largest=MAX_DOCUMENT_BYTES))
        if len(content) > MAX_DOCUMENT_BYTES:
            raise NotPossible(
                f"the source {source} has {path.stat().st_size:,} bytes; "
                f"a document may have {MAX_DOCUMENT_BYTES:,}"
            )
        media_type = mimetypes.guess_type(path.name)[0] or ""
        decode(content, content_type=media_type)
    except SourceError as exc:
        raise NotPossible(f"the source {source}: {exc}") from exc
    return [GivenDocument(name, content, media_type)]


def _bundle(name: str, parts: list[bytes]) -> list[GivenDocument]:
    return [GivenDocument(name, part, MEDIA_TYPE) for part in parts]
