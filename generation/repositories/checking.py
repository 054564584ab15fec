"""Find what is damaged in a data repository, and mend what can be mended without a loss.

Nothing that a file says is thrown away: what cannot stay as it is becomes a comment.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from generation.exceptions import RepositoryError
from generation.git import Reader
from generation.markup import strip_raw_html
from generation.pipeline.taxonomy import OTHER
from generation.pipeline.vocabulary import Vocabulary
from generation.repositories.data import ITEM_PATH, body_file
from generation.repositories.documents import (
    has_name,
    id_of,
    tags_of,
    text_of,
    unescaped,
)
from generation.repositories.labels import TIMES, label_path
from generation.repositories.state import Snapshot, take_snapshot
from generation.repositories.tombstones import read_tombstones
from generation.sources.urls import canonical_url
from generation.yaml import InvalidYAML, Quoted, parse
from generation.yaml_edits import (
    REMOVE,
    CannotEdit,
    append,
    duplicate_keys,
    earlier_duplicates,
    edit,
)

_DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")
_LONGER_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d).*)?")
_BODY = re.compile(r"data/([A-Za-z0-9_-]+)/\1\.mdx?")
# What git leaves in a file that it could not merge: all three, each in a line of its own.
_CONFLICT = tuple(
    re.compile(mark, re.MULTILINE)
    for mark in (rb"^<{7}(?: |\r?$)", rb"^={7}\r?$", rb"^>{7}(?: |\r?$)")
)
_OPTIONAL = ("brand", "brand_logo_url", "images", "icon_url", "featured", "order")


class Problem(NamedTuple):
    """Something that a reader of this format would stumble over. `mended`: by a repair."""

    path: str
    text: str
    mended: bool


class Checkup(NamedTuple):
    """What is wrong, and the files that would be right."""

    items: int
    problems: tuple[Problem, ...]
    files: dict[str, bytes]
    removals: tuple[str, ...]


def check(repository: Reader, *, ref: str | None, now: str) -> Checkup:
    """Look at every file of a data repository. Raises RepositoryError where none is one."""
    snapshot = take_snapshot(repository, ref=ref)
    if not any(path.startswith("data/") for path in snapshot.tree):
        raise RepositoryError(
            "there is no folder data/ in it; a data repository holds data/<slug>/<slug>.yml"
        )
    return _Check(snapshot, now=now).result()


class _Check:
    def __init__(self, snapshot: Snapshot, *, now: str) -> None:
        self._snapshot = snapshot
        self._now = now
        self._problems: list[Problem] = []
        self._files: dict[str, bytes] = {}
        self._removals: list[str] = []
        self._documents: dict[str, dict[str, Any]] = {}

    def result(self) -> Checkup:
        self._read_items()
        self._check_texts()
        self._check_links()
        self._check_labels()
        try:
            read_tombstones(self._snapshot)
        except RepositoryError as exc:
            self._say(".gazetteer/tombstones.yml", str(exc))
        problems = tuple(sorted(self._problems))
        return Checkup(
            len(self._documents), problems, self._files, tuple(sorted(self._removals))
        )

    def _check_texts(self) -> None:
        """Find what a merge in git has left in the text of an item."""
        tree = self._snapshot.tree
        paths = [path for path in tree if _BODY.fullmatch(path)]
        contents = self._snapshot.repository.read(tree[path] for path in paths)
        for path, content in zip(paths, contents, strict=True):
            if all(mark.search(content) for mark in _CONFLICT):
                self._say(path, "it holds the marks of a conflict in git")

    def _say(self, path: str, text: str, *, mended: bool = False) -> None:
        self._problems.append(Problem(path, text, mended))

    def _read_items(self) -> None:
        tree = self._snapshot.tree
        paths = [path for path in tree if ITEM_PATH.fullmatch(path)]
        contents = self._snapshot.repository.read(tree[path] for path in paths)
        for path, content in zip(paths, contents, strict=True):
            match = ITEM_PATH.fullmatch(path)
            assert match is not None
            folder, name, _ = match.groups()
            target = f"data/{folder}/{folder}.yml"
            if folder != name:
                is_free = target not in tree and target not in self._files
                self._say(path, f"an item is the file {target}", mended=is_free)
                if not is_free:
                    continue
                self._removals.append(path)
                self._files[target] = content
            self._read_item(folder, target if folder != name else path, content)

    def _read_item(self, slug: str, path: str, content: bytes) -> None:
        try:
            document = parse(content)
        except InvalidYAML as exc:
            mended = _without_tail(content)
            self._say(path, str(exc), mended=mended is not None)
            if mended is None:
                return
            content, document = mended, parse(mended)
            self._files[path] = content
        if not has_name(document):
            self._say(path, "it is not a mapping with a name")
            return
        if keys := duplicate_keys(content):
            content = _earlier_as_comments(content)
            self._files[path] = content
            still = duplicate_keys(content)
            self._say(path, f"given twice: {', '.join(keys)}", mended=not still)
        changes = dict(self._changes(path, document, slug))
        for field, value in changes.items():
            try:
                content = edit(content, {(field,): value})
                self._files[path] = content
            except (CannotEdit, InvalidYAML):
                self._say(path, f"{field} could not be mended without losing a comment")
        self._documents[path] = {**document, **changes}

    def _changes(
        self, path: str, document: dict[str, Any], slug: str
    ) -> Iterator[tuple[str, Any]]:
        """Give what a repair sets or removes in an item, and say why."""
        for key in _OPTIONAL:
            if key in document and document[key] is None:
                self._say(path, f"{key} is empty; such a key is left out", mended=True)
                yield key, REMOVE
        if (name := unescaped(text_of(document["name"]))) != document["name"]:
            is_text = isinstance(document["name"], str)
            trouble = "is written as HTML" if is_text else "is no text without quotes"
            self._say(path, f"the name {trouble}", mended=True)
            yield "name", name
        if not canonical_url(text_of(document.get("source_url"))):
            self._say(path, "source_url is no http or https link")
        for key in ("description", "source_url"):
            if document.get(key) is None:
                self._say(path, f"{key} is missing", mended=True)
                yield key, ""
        if not id_of(_first(document.get("category"))):
            self._say(path, f"there is no category; it is {OTHER} now", mended=True)
            yield "category", "other"
        if not isinstance(document.get("tags"), list):
            self._say(path, "tags is not a list", mended=True)
            yield "tags", tags_of(document)
        date = text_of(document.get("updated_at"))
        if not _DATE.fullmatch(date):
            match = _LONGER_DATE.fullmatch(date)
            better = f"{match[1]} {match[2] or '00:00'}" if match else self._now
            self._say(path, "updated_at is not YYYY-MM-DD HH:MM", mended=True)
            yield "updated_at", Quoted(better)
        yield from self._text_changes(path, document, slug)

    def _text_changes(
        self, path: str, document: dict[str, Any], slug: str
    ) -> Iterator[tuple[str, Any]]:
        tree = self._snapshot.tree
        body = f"data/{slug}/{slug}.md"
        key = text_of(document.get("markdown"))
        if body not in tree and f"{body}x" not in tree:
            if key:
                self._say(body, "the text stands in the key markdown only", mended=True)
                self._files[body] = body_file(key)
            return
        if key or body not in tree:
            return
        [content] = self._snapshot.repository.read([tree[body]])
        text = strip_raw_html(content.decode("utf-8", "replace")).strip()
        if text:
            self._say(path, "the text stands in the .md file only", mended=True)
            yield "markdown", text

    def _check_links(self) -> None:
        by_url: dict[str, list[str]] = defaultdict(list)
        for path, document in self._documents.items():
            if url := canonical_url(text_of(document.get("source_url"))):
                by_url[url].append(path)
        for paths in by_url.values():
            if len(paths) > 1:
                self._say(paths[0], f"the same link as {', '.join(sorted(paths[1:]))}")

    def _check_labels(self) -> None:
        """Add the rows of labels that items use, so that every id resolves."""
        used = {
            "categories": [_first(d.get("category")) for d in self._documents.values()],
            "tags": [tag for d in self._documents.values() for tag in tags_of(d)],
        }
        for kind in ("categories", "tags"):
            path = label_path(self._snapshot.tree, kind)
            content = b""
            if path in self._snapshot.tree:
                [content] = self._snapshot.repository.read([self._snapshot.tree[path]])
            try:
                entries = parse(content, times=TIMES) or []
            except InvalidYAML as exc:
                self._say(path, str(exc))
                continue
            if not isinstance(entries, list):
                self._say(path, f"it is not a list of {kind}")
                continue
            content = self._mended_names(path, entries, content)
            known = Vocabulary(_known(entries))
            for label in sorted({text for raw in used[kind] if (text := id_of(raw))}):
                known.resolve(unescaped(label))
            if added := known.added():
                names = ", ".join(key for key, _ in added[:10])
                more = f" and {len(added) - 10} more" if len(added) > 10 else ""
                self._say(
                    path, f"items use what is not there: {names}{more}", mended=True
                )
                rows = [{"id": key, "name": name} for key, name in added]
                self._files[path] = append(content, rows, times=TIMES)

    def _mended_names(self, path: str, entries: list[Any], content: bytes) -> bytes:
        for number, entry in enumerate(entries):
            for key in ("id", "name"):
                value = entry.get(key) if isinstance(entry, dict) else None
                if value is None:
                    self._say(path, f"entry {number + 1} has no {key}")
                    continue
                better = unescaped(text_of(value))
                if better == value or not better:
                    continue
                try:
                    content = edit(content, {(number, key): better}, times=TIMES)
                    self._say(
                        path, f"{key} of entry {number + 1}: {better}", mended=True
                    )
                    self._files[path] = content
                    entry[key] = better
                except (CannotEdit, InvalidYAML):
                    self._say(path, f"{key} of entry {number + 1} should be {better}")
        return content


def _known(entries: list[Any]) -> Iterator[tuple[str, str]]:
    for entry in entries:
        if isinstance(entry, dict) and id_of(entry) and text_of(entry.get("name")):
            yield id_of(entry), text_of(entry["name"])


def _first(category: Any) -> Any:
    if isinstance(category, list):
        return category[0] if category else ""
    return category


def _without_tail(content: bytes) -> bytes | None:
    """Turn into comments what follows a whole item, such as the rest of an older version."""
    try:
        lines = content.decode("utf-8-sig").splitlines(keepends=True)
    except UnicodeDecodeError:
        return None
    # The longest beginning that is an item; a few dozen tries at most.
    for end in range(len(lines) - 1, max(0, len(lines) - 60), -1):
        head = "".join(lines[:end])
        try:
            document = parse(head.encode())
        except InvalidYAML:
            continue
        if isinstance(document, dict) and document.get("name") and len(document) > 2:
            tail = "".join(f"# {line}" for line in lines[end:])
            return f"{head}{tail}".encode()
    return None


def _earlier_as_comments(content: bytes) -> bytes:
    lines = content.decode("utf-8-sig").splitlines(keepends=True)
    result = list(lines)
    for first, last in earlier_duplicates(content):
        for number in range(first, last + 1):
            result[number] = f"# {lines[number]}"
    mended = "".join(result).encode()
    try:
        same = parse(mended) == parse(content)
    except InvalidYAML:
        same = False
    return mended if same else content
