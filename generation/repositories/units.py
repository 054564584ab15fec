"""An item of a data repository as the files of its folder, on one side of a comparison.

Whatever a person may have written: what cannot be read as an item is compared as a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from generation.git import Reader
from generation.repositories.documents import META, text_of
from generation.repositories.merge import Path, is_empty
from generation.yaml import InvalidYAML, parse

# What a run wrote itself may be so many times longer than a person's item.
TIMES = 20
TEXT: Path = ("markdown",)
DATE: Path = ("updated_at",)


def slug_of(path: str) -> str:
    """Name the item that a path belongs to; empty for a path of none."""
    parts = path.split("/")
    return parts[1] if parts[0] == "data" and len(parts) > 2 else ""


class Blobs:
    """The contents of a repository by their ids, read in few goes."""

    def __init__(self, repository: Reader) -> None:
        self._repository = repository
        self._known: dict[str, bytes] = {}

    def load(self, entries: Iterable[str]) -> None:
        wanted = sorted({e.partition(" ")[0] for e in entries} - self._known.keys())
        contents = self._repository.read(wanted)
        self._known |= dict(zip(wanted, contents, strict=True))

    def __getitem__(self, entry: str) -> bytes:
        blob = entry.partition(" ")[0]
        if blob not in self._known:
            self.load([blob])
        return self._known[blob]


class Unit(NamedTuple):
    """One item on one side. `fields` is None where its file is not an item.

    `path` is that of the document, empty where there is none. `file` is the text beside the
    document, `key` the copy in it.
    """

    slug: str
    path: str
    body_path: str
    entries: Mapping[str, str]
    content: bytes = b""
    fields: Mapping[Path, Any] | None = None
    document: Mapping[str, Any] | None = None
    file: str | None = None
    key: str | None = None

    @property
    def exists(self) -> bool:
        return bool(self.path)

    @property
    def name(self) -> str:
        return text_of((self.fields or {}).get(("name",))) or self.slug

    @property
    def text(self) -> str:
        return (self.file if self.file is not None else self.key or "").strip()

    @property
    def is_plain(self) -> bool:
        return not any(" " in entry for entry in self.entries.values())


def units_of(tree: Mapping[str, str], slugs: set[str]) -> dict[str, dict[str, str]]:
    """Collect the files of some items, by their slug."""
    found: dict[str, dict[str, str]] = {slug: {} for slug in slugs}
    for path, entry in tree.items():
        if path.startswith("data/") and (slug := slug_of(path)) in slugs:
            found[slug][path] = entry
    return found


def read_unit(slug: str, entries: Mapping[str, str], blobs: Blobs) -> Unit:
    stem = f"data/{slug}/{slug}"
    path = next((p for p in (f"{stem}.yml", f"{stem}.yaml") if p in entries), "")
    body = next((p for p in (f"{stem}.md", f"{stem}.mdx") if p in entries), "")
    unit = Unit(slug, path, body or f"{stem}.md", entries)
    if body:
        unit = unit._replace(file=blobs[entries[body]].decode("utf-8", "replace"))
    if not path:
        return unit
    content = blobs[entries[path]]
    try:
        document = parse(content, times=TIMES)
    except InvalidYAML:
        document = None
    if not isinstance(document, dict):
        return unit._replace(content=content)
    key = document.pop(TEXT[0], None)
    return unit._replace(
        content=content,
        fields=all_fields(document),
        document=document,
        key=None if key is None else text_of(key),
    )


def all_fields(document: Mapping[str, Any]) -> dict[Path, Any]:
    """Every key of a document that says something; each fact is a field of its own."""
    fields: dict[Path, Any] = {}
    for key, value in document.items():
        if key == META and isinstance(value, dict):
            fields |= {(META, str(fact)): told for fact, told in value.items()}
        else:
            fields[str(key),] = value
    return {path: value for path, value in fields.items() if not is_empty(value)}
