"""Data repositories of other programs, read whole: the *ever-works* and *hecat* layouts.

Nothing that an item says is lost: what we have no field for becomes a fact of its own name.
What is broken is mended where it is plain what was meant, and every mend is reported.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from generation.exceptions import UnreadableSource
from generation.slugs import slugify
from generation.sources.candidates import Candidate, Document, LeftOut, Reading
from generation.sources.labels import licence_fact
from generation.sources.names import clean_description, clean_name, squeeze
from generation.sources.urls import canonical_url, clean_url
from generation.yaml import (
    InvalidYAML,
    parse,
    repeated_keys,
    scalar_text,
    settled,
)

_ITEM = re.compile(r"data/([^/]+)/([^/]+)\.ya?ml")
_SOFTWARE = re.compile(r"software/([^/]+)\.ya?ml")
_LABEL_FILES = 20
_MOST_NAMED = 5
_MOST_CUTS = 5
_ITEM_KEYS = frozenset(
    {"name", "description", "source_url", "category", "tags", "markdown", "meta"}
)
_SOFTWARE_KEYS = frozenset(
    {"name", "description", "website_url", "licenses", "platforms", "tags"}
)


def read_ever_works(files: Mapping[str, str], document: Document) -> Reading:
    """Read `data/<slug>/<slug>.yml` with `categories.yml` and `tags.yml` beside it."""
    work = _Reading(document)
    names = {
        kind: work.labels(files, f"{kind}.yml", f"{kind}/{kind}.yml")
        for kind in ("categories", "tags")
    }
    seen: set[str] = set()
    for path in sorted(files, key=lambda path: (path.endswith(".yaml"), path)):
        match = _ITEM.fullmatch(path)
        if not match or match[1] in seen:
            continue
        slug, stem = match.groups()
        if stem != slug:
            is_translation = stem.startswith(f"{slug}.")
            if not is_translation:
                work.note("file in a folder of another name, left out", path)
            continue
        seen.add(slug)
        fields = work.mapping(path, files[path])
        if fields is not None:
            body = files.get(f"data/{slug}/{slug}.md") or files.get(
                f"data/{slug}/{slug}.mdx"
            )
            work.keep(_ever_works_item(work, fields, slug, body, names), path)
    for path in files:
        if path.endswith(".md") and path.startswith("data/"):
            slug = path.split("/")[1]
            if slug not in seen:
                work.note("text without an item beside it", path)
    return work.reading("data repository (ever-works)")


def read_hecat(files: Mapping[str, str], document: Document) -> Reading:
    """Read `software/*.yml` with `tags/*.yml`, `platforms/*.yml` and `licenses.yml`."""
    work = _Reading(document)
    known = {kind: work.named_files(files, kind) for kind in ("tags", "platforms")}
    licences = {
        identifier
        for name in ("licenses", "licenses-nonfree")
        for identifier in work.labels(files, f"{name}.yml", key="identifier")
    }
    for path in sorted(filter(_SOFTWARE.fullmatch, files)):
        fields = work.mapping(path, files[path])
        if fields is not None:
            work.keep(_hecat_item(work, fields, path, known, licences), path)
    return work.reading("data repository (hecat)")


class _Reading:
    """Gathers what a repository holds, and what had to be mended in it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.candidates: list[Candidate] = []
        self.left_out: list[LeftOut] = []
        self.notes: dict[str, list[str]] = defaultdict(list)

    def note(self, trouble: str, where: str) -> None:
        self.notes[trouble].append(where)

    def keep(self, entry: Candidate | LeftOut, path: str) -> None:
        if isinstance(entry, Candidate):
            self.candidates.append(entry)
        else:
            self.left_out.append(entry)

    def mapping(self, path: str, text: str) -> dict[str, Any] | None:
        """Parse a file of one item; what follows a broken line is cut off."""
        lines = text.split("\n")
        problem = ""
        for cut in range(_MOST_CUTS):
            content = "\n".join(lines).encode("utf-8", "replace")
            try:
                value = parse(content)
            except InvalidYAML as exc:
                problem = problem or str(exc)
                # A line may be reported as broken for what the one above it began.
                end = (exc.line or 0) - (2 if cut % 2 else 1)
                lines = lines[: max(end, 0)]
                if not any(map(str.strip, lines)):
                    break
                continue
            if isinstance(value, dict) and (not problem or "name" in value):
                self._note_mends(path, content, problem)
                return {str(key): part for key, part in value.items()}
            problem = problem or "it is not a mapping of keys to values"
            break
        self.left_out.append(
            LeftOut(
                name=path,
                source=self.document.source,
                reason=f"its file cannot be read: {problem}",
            )
        )
        self.note("file that cannot be read", path)
        return None

    def _note_mends(self, path: str, content: bytes, problem: str) -> None:
        if problem:
            self.note(f"file read only up to what is broken ({problem})", path)
        for key in repeated_keys(content):
            self.note("key that is there twice, the last one read", f"{path} ({key})")

    def labels(
        self, files: Mapping[str, str], *paths: str, key: str = "id"
    ) -> dict[str, str]:
        """Read a file of categories, tags or licences: names by id."""
        path = next((path for path in paths if path in files), "")
        if not path:
            return {}
        try:
            entries = parse(files[path].encode("utf-8", "replace"), times=_LABEL_FILES)
        except InvalidYAML as exc:
            self.note(f"file that cannot be read ({exc})", path)
            return {}
        found: dict[str, str] = {}
        for entry in entries if isinstance(entries, list) else []:
            pair = entry if isinstance(entry, dict) else {key: entry}
            identifier = _text(pair.get(key))
            if identifier in found:
                self.note(f"{key} that is there twice", f"{path} ({identifier})")
            elif identifier:
                found[identifier] = _text(pair.get("name")) or identifier
        return _with_spellings(found)

    def named_files(self, files: Mapping[str, str], folder: str) -> dict[str, str]:
        """Read one file a label; one that redirects stands for another."""
        found: dict[str, str] = {}
        for path in sorted(files):
            if not re.fullmatch(rf"{folder}/[^/]+\.ya?ml", path):
                continue
            fields = self.mapping(path, files[path]) or {}
            name = _text(fields.get("name"))
            targets = _texts(fields.get("redirect"))
            if name:
                found[name] = targets[0] if targets else name
        return _with_spellings(found)

    def resolve(self, identifier: str, names: Mapping[str, str], what: str) -> str:
        """Return the name of an id; an id that is unknown stands for itself."""
        if not names or not identifier:
            return identifier
        name = names.get(identifier) or names.get(_spelling(identifier))
        if name is None:
            self.note(f"{what} that is defined nowhere", identifier)
        return name or identifier

    def reading(self, kind: str) -> Reading:
        if not self.candidates and not self.left_out:
            raise UnreadableSource("It is a data repository without any item.")
        links = Counter(canonical_url(c.url) for c in self.candidates)
        for candidate in self.candidates:
            if links[canonical_url(candidate.url)] > 1:
                self.note("item whose link another item has, too", candidate.name)
        return Reading(
            kind=kind,
            candidates=tuple(self.candidates),
            left_out=tuple(self.left_out),
            warnings=tuple(_summaries(self.notes)),
        )


def _with_spellings(names: dict[str, str]) -> dict[str, str]:
    """Add what an id may be written as instead: its own spellings and its name's."""
    others: dict[str, str] = {}
    for identifier, name in names.items():
        others.setdefault(_spelling(identifier), name)
        others.setdefault(_spelling(name), name)
    return names | others


def _spelling(text: str) -> str:
    return f"\0{slugify(text)}"


def _summaries(notes: Mapping[str, list[str]]) -> Iterator[str]:
    for trouble, places in notes.items():
        counts = Counter(places)
        shown = ", ".join(sorted(counts)[:_MOST_NAMED])
        more = (
            f" and {len(counts) - _MOST_NAMED:,} more"
            if len(counts) > _MOST_NAMED
            else ""
        )
        yield f"{trouble} ({len(places):,}): {shown}{more}"


def _ever_works_item(
    work: _Reading,
    fields: dict[str, Any],
    slug: str,
    body: str | None,
    names: Mapping[str, Mapping[str, str]],
) -> Candidate | LeftOut:
    path = f"data/{slug}"
    category = fields.get("category")
    if isinstance(category, list):
        work.note("category that is a list, the first one read", path)
    categories = [
        work.resolve(_label(part), names["categories"], "category")
        for part in (category if isinstance(category, list) else [category])
        if _label(part)
    ]
    tags = [
        work.resolve(_label(part), names["tags"], "tag")
        for part in _list(fields.get("tags"))
        if _label(part)
    ]
    meta = fields.get("meta")
    facts = dict(meta) if isinstance(meta, dict) else {}
    facts |= {key: part for key, part in fields.items() if key not in _ITEM_KEYS}
    if meta is not None and not isinstance(meta, dict):
        facts["meta"] = meta
    text = (body if body and body.strip() else _text(fields.get("markdown"))).strip()
    if text:
        facts["markdown"] = text
    if slug != slugify(_text(fields.get("name"))):
        facts["slug"] = slug
    return _candidate(
        work,
        fields,
        url=_text(fields.get("source_url")) or _text(fields.get("url")),
        category=categories[0] if categories else "",
        tags=[*categories[1:], *tags],
        facts=facts,
        locator=path,
    )


def _hecat_item(
    work: _Reading,
    fields: dict[str, Any],
    path: str,
    known: Mapping[str, Mapping[str, str]],
    licences: set[str],
) -> Candidate | LeftOut:
    tags = [
        work.resolve(tag, known["tags"], "tag") for tag in _texts(fields.get("tags"))
    ]
    platforms = [
        work.resolve(platform, known["platforms"], "platform")
        for platform in _texts(fields.get("platforms"))
    ]
    held = _texts(fields.get("licenses"))
    for licence in held:
        if licences and licence not in licences:
            work.note("licence that is defined nowhere", licence)
    facts = {key: part for key, part in fields.items() if key not in _SOFTWARE_KEYS}
    if held:
        facts["license"] = licence_fact(held)
    if platforms:
        facts["platform"] = platforms[0] if len(platforms) == 1 else platforms
    website = _text(fields.get("website_url"))
    code = _text(fields.get("source_code_url"))
    if not website or clean_url(website) == clean_url(code):
        facts.pop("source_code_url", None)
    return _candidate(
        work,
        fields,
        url=website or code,
        category=tags[0] if tags else "",
        tags=tags[1:],
        facts=facts,
        locator=path,
    )


def _candidate(
    work: _Reading,
    fields: Mapping[str, Any],
    *,
    url: str,
    category: str,
    tags: Iterable[str],
    facts: Mapping[str, Any],
    locator: str,
) -> Candidate | LeftOut:
    name, link = clean_name(_text(fields.get("name"))), clean_url(url)
    if not name or not link:
        reason = "it has no name"
        if name:
            reason = "its link is not a web address" if url else "it has no link"
        return LeftOut(
            name=name or locator, url=link, source=work.document.source, reason=reason
        )
    return Candidate(
        name=name,
        url=link,
        description=clean_description(_text(fields.get("description"))),
        category=squeeze(category),
        tags=tuple(dict.fromkeys(filter(None, map(squeeze, tags)))),
        facts={
            str(k): settled(v)
            for k, v in sorted(facts.items())
            if v not in (None, "", [], {})
        },
        source=work.document.source,
        locator=locator,
    )


def _label(value: Any) -> str:
    """Return the id of a label that may be written out as a mapping."""
    if isinstance(value, dict):
        return _text(value.get("id")) or _text(value.get("name"))
    return _text(value)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _texts(value: Any) -> list[str]:
    return [text for part in _list(value) if (text := _label(part))]


def _text(value: Any) -> str:
    return "" if isinstance(value, dict | list) else scalar_text(value).strip()
