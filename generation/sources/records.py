"""One record (a row, an object) to one candidate: column names are only hints.

Every author calls the columns differently, so a field is found by a list of synonyms,
the surest first. Nested objects are read as one flat record: `link.href` is a link and
`group.title` a group, but `author.url` is neither.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeGuard

from generation.sources.candidates import Candidate, LeftOut
from generation.sources.fields import FIELDS, SYNONYMS, field_of, normalise
from generation.sources.labels import (
    is_licence,
    licence_fact,
    link_fact_of,
    split_tags,
    without_mark,
)
from generation.sources.names import clean_description, clean_name, squeeze
from generation.sources.prose import html_to_text
from generation.sources.urls import clean_url
from generation.yaml import scalar_text

# An array of texts, as JSON or Python writes it.
_QUOTED = re.compile(r""" "([^"\n]*)" | '([^'\n]*)' """, re.VERBOSE)
_JSON_TEXT = r'"(?:[^"\\\n]|\\.)*+"'
_JSON_ARRAY = re.compile(rf"\s*\[\s*{_JSON_TEXT}(?:\s*,\s*{_JSON_TEXT})*+\s*\]\s*")
_WRITTEN = re.compile(
    r"""\s*\[\s*(?:"[^"\n]*"|'[^'\n]*')(?:\s*,\s*(?:"[^"\n]*"|'[^'\n]*'))*\s*\]\s*"""
)
FACT_LINKS = ("source_code_url", "demo_url", "docs_url", "website_url", "logo_url")
# Objects that only wrap: what stands in them belongs to the record itself.
_WRAPPERS = frozenset(
    {
        *("attributes", "fields", "node", "item", "data", "properties", "record"),
        *("source", "entry", "value", "values", "project", "tool", "product", "meta"),
        *("repository", "repo", "links", "urls", "info", "details", "package"),
    }
)
# Beside one of them, the record's type is its format's: {"type": "Feature", …}.
_ENVELOPES = ("properties", "data", "attributes", "fields", "node")
_KINDS = frozenset({"type", "kind", "class"})
# What keepers of bookmarks say of every record: {"type": "url", …}.
_LINKS = frozenset({"url", "link", "bookmark", "hyperlink"})
_KINDS_OF_DATA = frozenset({"@type", "__typename", "_type"})
# Inside an object that is itself a field ("link", "group"), the names of its value.
_LINK_VALUES = (
    *("href", "url", "homepage", "website", "link", "html", "value", "npm", "pypi"),
)
_TEXT_VALUES = (
    *("name", "title", "label", "text", "value", "plaintext", "select", "multiselect"),
    *("richtext", "spdxid", "id", "slug"),
)
# A licence's identifier says it best: the names are long and many.
_LICENCE_VALUES = ("spdxid", "key", "id", *_TEXT_VALUES)
# What a forge answers where it found a licence that it does not know.
_NO_LICENCE = frozenset({"noassertion", "other", "none", "null", "n/a", "unknown"})
# A bookmark of a link keeper calls its title a description.
_BOOKMARK_MARKS = frozenset({"extended", "shared", "toread", "time"})
# What an API calls the URL of an object is where programs read it.
_FOR_PROGRAMS = ("https://api.", "http://api.")
_DOMAIN = re.compile(r"(?:[\w-]+\.)+[a-z][\w-]{1,23}(?::\d+)?(?:[/?#]\S*)?", re.I)
_MARKUP = re.compile(
    r"(?:<|&lt;)/(?:p|a|b|i|em|strong|span|div|ul|ol|li|h[1-6]|code|u|small|blockquote)\s*"
    r"(?:>|&gt;)|(?:<|&lt;)(?:br|p|hr)\s*/?(?:>|&gt;)",
    re.IGNORECASE,
)
# A text that is HTML from its first to its last word.
_PAGE = re.compile(
    r"\s*<(?:p|div|article|section|h[1-6]|ul|ol)\b.*</\w+>\s*", re.I | re.S
)
# A lone file name is no host; some endings (zip, sh, md) are those of hosts, too.
_FILE_NAME = re.compile(
    r"\.html?$|^[^/]+\.(?:png|jpe?g|gif|svg|webp|avif|ico|bmp|tiff?|pdf|css|json|xml|txt"
    r"|csv|ya?ml|toml|woff2?|ttf|mp[34]|webm)$",
    re.IGNORECASE,
)
# Where the ids of repositories and packages lead, the surest first.
_ADDRESSES = {
    "github": "https://github.com/{}",
    "gitlab": "https://gitlab.com/{}",
    "codeberg": "https://codeberg.org/{}",
    "gitee": "https://gitee.com/{}",
    "bitbucket": "https://bitbucket.org/{}",
    "pypi": "https://pypi.org/project/{}",
    "npm": "https://www.npmjs.com/package/{}",
    "cargo": "https://crates.io/crates/{}",
    "crates": "https://crates.io/crates/{}",
    "go": "https://pkg.go.dev/{}",
    "maven": "https://search.maven.org/artifact/{}",
    "nuget": "https://www.nuget.org/packages/{}",
    "rubygems": "https://rubygems.org/gems/{}",
    "gem": "https://rubygems.org/gems/{}",
    "packagist": "https://packagist.org/packages/{}",
    "conda": "https://anaconda.org/{}",
    "dockerhub": "https://hub.docker.com/r/{}",
    "brew": "https://formulae.brew.sh/formula/{}",
}
_IDS = {f"{place}id": place for place in _ADDRESSES}
_FORGES = frozenset({"github", "gitlab", "codeberg", "gitee", "bitbucket"})
_ID = re.compile(r"@?\w[\w.:+-]*(?:/[\w.:+-]+){0,6}")
Value = str | int | float | bool | list[Any] | None

_DEEPEST = 6
_NOTHING: tuple[Value, ...] = (None, "", [])
_NAME_LIMIT = 200
_SURE_TEXTS = frozenset({"category", "categories", "tags"})
# The names of each field, and how much each is trusted: the lower the more.
_NAMES = {
    field: {name: trust for trust, name in reversed([*enumerate(synonyms)])}
    for field, synonyms in SYNONYMS.items()
}


def is_wrapper(column: str) -> bool:
    """Tell whether what stands under a key belongs to the record that holds it."""
    return normalise(column) in _WRAPPERS


def record_to_candidate(
    record: Mapping[str, Any],
    *,
    source: str,
    locator: str = "",
    base: str = "",
    path: tuple[str, ...] = (),
) -> Candidate | LeftOut:
    """Read one record; what has no name or no link is left out, with a reason."""
    flat = flatten(record)
    name = clean_name(_first_text(flat, "name"))[:_NAME_LIMIT]
    url = _link_of(flat, base)
    if not name or not url:
        return LeftOut(
            name=name or url or "(no name)",
            url=url,
            source=source,
            reason=_what_is_missing(flat, name=name),
        )
    category, *further = _texts(_category(flat)) or [""]
    tags = [*further, *_tags(_first(flat, "tags"), category)]
    return Candidate(
        name=name,
        url=url,
        description=clean_description(
            _without_markup(_first_text(flat, "description"))
        ),
        path=path,
        category=squeeze(category),
        tags=_once(map(squeeze, tags)),
        facts=_facts(flat, url=url, base=base),
        source=source,
        locator=locator,
    )


def _once(tags: Iterable[str]) -> tuple[str, ...]:
    """Take each tag as it is written first: NO and no are one."""
    spellings: dict[str, str] = {}
    for tag in tags:
        spellings.setdefault(tag.casefold(), tag)
    return tuple(spellings.values())


def _without_markup(text: str) -> str:
    return html_to_text(text) if _MARKUP.search(text) else text


def has_name_and_link(record: Mapping[str, Any], *, base: str = "") -> bool:
    """Tell whether a record could become a candidate, without making one."""
    flat = flatten(record)
    return bool(_first_text(flat, "name").strip()) and bool(_link_of(flat, base))


def has_name(record: Mapping[str, Any]) -> bool:
    return bool(_first_text(flatten(record), "name").strip())


def name_and_link(record: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a record is called and where it leads; empty is what it does not say."""
    flat = flatten(record)
    return squeeze(_first_text(flat, "name")), _link_of(flat, "")


def own_link(record: Mapping[str, Any]) -> str:
    """Return the link that a record states for itself, and not in a list of several."""
    return name_and_link(
        {key: held for key, held in record.items() if not isinstance(held, list)}
    )[1]


def flatten(record: Mapping[str, Any]) -> dict[str, Value]:
    """Return the record's own values by normalised name, those of wrappers included.

    A value that stands higher wins over one of the same name further inside.
    """
    flat: dict[str, Value] = {}
    level = [_without_kind(record)]
    for _ in range(_DEEPEST):
        below: list[Mapping[str, Any]] = []
        for column, value in (pair for mapping in level for pair in mapping.items()):
            key = normalise(str(column))
            if isinstance(value, Mapping) and key in _WRAPPERS:
                below.append(value)
            held = _value_of(key, value) if isinstance(value, Mapping) else value
            if flat.get(key) in _NOTHING and held not in _NOTHING:
                flat[key] = held
        level = below
    return _as_bookmark(flat)


def _without_kind(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Drop what only says of which kind the record is in its format, as "Feature" does.

    That is a key of linked data, or one beside the object that holds all the rest.
    """
    is_envelope = any(
        isinstance(record.get(name), Mapping) for name in _ENVELOPES
    ) and not any(field_of(str(column)) == "name" for column in record)
    unwanted = _KINDS_OF_DATA | (_KINDS if is_envelope else frozenset())
    if unwanted.isdisjoint(record):
        return record
    return {key: value for key, value in record.items() if key not in unwanted}


def _as_bookmark(flat: dict[str, Value]) -> dict[str, Value]:
    """Put what a link keeper exports (href, description, extended) where it belongs."""
    is_bookmark = {
        "href",
        "description",
    } <= flat.keys() and flat.keys() & _BOOKMARK_MARKS
    if not is_bookmark or any(flat.get(name) for name in ("name", "title")):
        return flat
    tags = flat.get("tags", flat.get("tag"))
    return {
        **flat,
        "title": flat["description"],
        "description": flat.get("extended"),
        "tags": list(tags.split()) if isinstance(tags, str) else tags,
    }


def _value_of(key: str, value: Mapping[str, Any]) -> Value:
    """Return the one value that an object under a known name stands for."""
    field = FIELDS.get(key, "")
    names: tuple[str, ...] = _TEXT_VALUES
    if field == "url" or field in FACT_LINKS:
        names = _LINK_VALUES
    elif field == "license":
        names = _LICENCE_VALUES
    inner = {normalise(str(k)): v for k, v in value.items()}
    for name in names:
        found = inner.get(name)
        if isinstance(found, str | int | float) and found not in ("", True, False):
            return found
        if isinstance(found, list) and name in ("title", "richtext", "multiselect"):
            texts = _texts(found)
            return texts if name == "multiselect" else "".join(texts)
        if isinstance(found, Mapping) and name == "select":
            return _value_of("name", {"name": found.get("name")})
    return None


def _held_as(flat: dict[str, Value], field: str) -> list[str]:
    """List the names under which a record holds a field, the surest first.

    A field has dozens of names and a record a handful of keys.
    """
    names = _NAMES[field]
    return sorted(flat.keys() & names.keys(), key=names.__getitem__)


def _first(flat: dict[str, Value], field: str) -> Value:
    for synonym in _held_as(flat, field):
        value = flat[synonym]
        if value not in _NOTHING:
            # A year is a category where the key says so; under `type` it is a code.
            if synonym in _SURE_TEXTS and _is_number(value):
                return scalar_text(value)
            return value
    return None


def _category(flat: dict[str, Value]) -> Value:
    """Return what sorts a record; that it is a link sorts nothing."""
    kinds = {key for key in _KINDS if str(flat.get(key)).casefold() in _LINKS}
    return _first({k: v for k, v in flat.items() if k not in kinds}, "category")


def _first_text(flat: dict[str, Value], field: str) -> str:
    for synonym in _held_as(flat, field):
        value = flat[synonym]
        if isinstance(value, str) and value.strip() and not _is_link(value):
            return value
        if field in ("name", synonym) and _is_number(value):
            return scalar_text(value)
    return ""


def _is_number(value: Value) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _link_of(flat: dict[str, Value], base: str) -> str:
    """Return a record's link: as it stands there, or made of the id of a package."""
    return (
        _first_link(flat, "url", base)
        or _first_link(flat, "source_code_url", base)
        or next(_links_of_ids(flat), "")
    )


def _links_of_ids(flat: dict[str, Value]) -> Iterator[str]:
    """Yield where a record's `github_id`, `pypi_id` and the like lead."""
    if _IDS.keys().isdisjoint(flat):
        return
    for key, place in _IDS.items():
        held = flat.get(key)
        if not isinstance(held, str) or not _ID.fullmatch(held.strip()):
            continue
        # On a forge, an id without an owner is a person's.
        if "/" in held or place not in _FORGES:
            yield clean_url(_ADDRESSES[place].format(held.strip().replace(":", "/")))


def _first_link(flat: dict[str, Value], field: str, base: str) -> str:
    for_programs = ""
    for synonym in _held_as(flat, field):
        for text in _strings(flat[synonym]):
            url = as_url(text, base=base)
            if url and not url.startswith(_FOR_PROGRAMS):
                return url
            for_programs = for_programs or url
    return for_programs


def as_url(text: str, *, base: str = "") -> str:
    """Return the link that a cell of a link column means; "example.com" is one, too."""
    text = text.strip()
    if _is_link(text):
        # An address ends where words begin.
        return clean_url(text.split()[0])
    if _DOMAIN.fullmatch(text) and not _FILE_NAME.search(text):
        return clean_url(f"https://{text}")
    # A bare word is no relative link: it is a word in the wrong column.
    relative = base if "/" in text or "?" in text or "." in text else ""
    return clean_url(text, base=relative)


def _is_link(text: str) -> bool:
    return text.lstrip()[:8].lower().startswith(("http://", "https://"))


def _strings(value: Value) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            if isinstance(part, str):
                yield part
            elif isinstance(part, Mapping):
                found = _value_of("url", part)
                if isinstance(found, str):
                    yield found


def _texts(value: Value, *, split: bool = False) -> list[str]:
    """Return the words of a field that may hold one, several, or objects with names."""
    if isinstance(value, str):
        value = _written_list(value) or value
    if isinstance(value, str):
        return _tags_in(value) if split else [value]
    if not isinstance(value, list):
        return []
    found = []
    for part in value:
        inner = _value_of("name", part) if isinstance(part, Mapping) else part
        if isinstance(inner, str | int | float) and str(inner).strip():
            text = scalar_text(inner)
            found.append(without_mark(text) if split else text)
    return found


def _written_list(text: str) -> list[str]:
    """Return the texts of an array that is written down in a cell: `["web", "news"]`."""
    if _JSON_ARRAY.fullmatch(text):
        with suppress(ValueError):
            return [str(part) for part in json.loads(text)]
    if not _WRITTEN.fullmatch(text):
        return []
    return [double or single for double, single in _QUOTED.findall(text)]


def _tags_in(text: str) -> list[str]:
    words = text.split()
    if len(words) > 1 and all(word.startswith("#") for word in words):
        text = ",".join(words)
    return list(split_tags(text))


def _tags(value: Value, category: str) -> list[str]:
    """Return the tags; a category that holds a comma is not torn apart among them."""
    is_torn = isinstance(value, str) and "," in category and category in value
    if not is_torn or not isinstance(value, str) or _written_list(value):
        return _texts(value, split=True)
    return [category, *split_tags(value.replace(category, ","))]


def _facts(flat: dict[str, Value], *, url: str, base: str) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for field in FACT_LINKS:
        link = _first_link(flat, field, base)
        if link and link != url:
            facts[field] = link
    for link in _links_of_ids(flat):
        key = link_fact_of(link)
        if key and link != url:
            facts.setdefault(key, link)
    licences = [
        licence
        for licence in _texts(_first(flat, "license"), split=True)
        if licence.casefold() not in _NO_LICENCE
    ]
    if licences:
        facts["license"] = licence_fact(_spelled(licences))
    for field in ("language", "platform"):
        words = [squeeze(word) for word in _texts(_first(flat, field), split=True)]
        if words and all(len(word) <= 60 for word in words):
            facts[field] = words[0] if len(words) == 1 else words
    markdown = _first(flat, "markdown")
    if isinstance(markdown, str) and markdown.strip():
        is_page = _PAGE.fullmatch(markdown) and "](" not in markdown
        facts["markdown"] = html_to_text(markdown) if is_page else markdown.strip()
    return dict(sorted(facts.items()))


def _spelled(licences: list[str]) -> list[str]:
    """Split "MIT/Apache-2.0" where both halves are licences."""
    found: list[str] = []
    for licence in map(squeeze, licences):
        parts = [part.strip() for part in licence.split("/")]
        found += parts if all(map(is_licence, parts)) else [licence]
    return found


def _what_is_missing(flat: dict[str, Value], *, name: str) -> str:
    if not name:
        return "it has no name"
    if _first(flat, "url") is not None:
        return "its link is not a web address"
    return "it has no link"
