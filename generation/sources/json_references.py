"""What a JSON document says by reference: `categoryId: 3`, and elsewhere what 3 is called."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from generation.sources.fields import field_of, normalise
from generation.sources.names import squeeze
from generation.sources.records import is_wrapper

Record = Mapping[str, Any]
# Where an array stands, what the names above it are, and its records.
Array = tuple[str, tuple[str, ...], list[Record]]

_SAMPLE = 50
_DEEPEST = 100
# How a list of categories gives their ids and names, and records refer to them.
_IDS = ("id", "_id", "slug", "key", "uid", "uuid", "value", "code")
_NAMES = ("name", "title", "label", "text")
_CHILDREN = ("children", "subcategories")
_REFERENCE = re.compile(r"(?<=.)(?:ids?|slugs?|keys?|refs?|uids?)$")


def vocabularies(value: Any) -> dict[str, dict[str, str]]:
    """Return what a document calls the ids of its categories and tags, by their word."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    waiting: list[tuple[Any, int]] = [(value, 0)]
    while waiting:
        held, depth = waiting.pop()
        if depth > _DEEPEST:
            continue
        if isinstance(held, list):
            waiting += [(part, depth + 1) for part in held[:_SAMPLE]]
        elif isinstance(held, dict):
            for key, part in held.items():
                if names := names_by_id(key, part):
                    found[_stem(key)].update(names)
                elif isinstance(part, dict | list):
                    waiting.append((part, depth + 1))
    return found


def names_by_id(key: Any, value: Any) -> dict[str, str]:
    """Return the names of a list of categories or tags by what records refer to."""
    if not isinstance(key, str) or not _is_plural_of_names(key):
        return {}
    if isinstance(value, dict):
        value = [_with_id(number, part) for number, part in value.items()]
    names: dict[str, str] = {}
    waiting = [value]
    while waiting:
        level = waiting.pop()
        for part in level if isinstance(level, list) else ():
            name = _first_text(part, _NAMES) if isinstance(part, dict) else ""
            ids = [part.get(id_) for id_ in (*_IDS, _stem(key))] if name else []
            names.update({str(id_): name for id_ in ids if _is_id(id_)})
            waiting += [part.get(below) for below in _CHILDREN] if name else []
    return names


def _is_plural_of_names(key: str) -> bool:
    stem = _stem(key)
    return stem != normalise(key) and field_of(stem) in ("category", "tags")


def _with_id(key: Any, part: Any) -> Any:
    if isinstance(part, dict):
        return {"key": key, **part}
    is_numbered = isinstance(part, str) and str(key).isdecimal()
    return {"id": key, "name": part} if is_numbered else None


def _first_text(part: Mapping[str, Any], keys: Sequence[str]) -> str:
    texts = (part.get(key) for key in keys)
    return next((squeeze(t) for t in texts if isinstance(t, str) and t.strip()), "")


def _is_id(value: Any) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool) and value != ""


def _stem(key: str) -> str:
    """Return the word that "categories", "category_id" and "categoryIds" share."""
    word = _REFERENCE.sub("", normalise(key))
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def resolved(
    arrays: list[Array], vocabularies: Mapping[str, Mapping[str, str]]
) -> list[Array]:
    """Put names in the place of ids, and leave out the lists that name these."""
    if not vocabularies:
        return arrays
    lists = [a for a in arrays if not _is_plural_of_names(a[0].rpartition("/")[2])]
    return [
        (pointer, path, [_named_record(record, vocabularies) for record in records])
        for pointer, path, records in lists or arrays
    ]


def _named_record(
    record: Record, vocabularies: Mapping[str, Mapping[str, str]]
) -> Record:
    changes: dict[str, Any] = {}
    for key, held in record.items():
        if isinstance(held, dict) and is_wrapper(key):
            changes[key] = _named_record(held, vocabularies)
            continue
        names = _vocabulary_of(key, vocabularies)
        found = _names_of(held, names) if names else []
        stem = _stem(key)
        if found and (stem == normalise(key) or not record.get(stem)):
            changes[stem] = found
    return {**record, **changes} if changes else record


def _vocabulary_of(
    key: str, vocabularies: Mapping[str, Mapping[str, str]]
) -> Mapping[str, str]:
    """Return the names that a key refers to: its word's, or the only ones of its field."""
    stem = _stem(key)
    if stem in vocabularies:
        return vocabularies[stem]
    field = field_of(stem)
    if field not in ("category", "tags") or stem == normalise(key):
        return {}
    alike = [names for word, names in vocabularies.items() if field_of(word) == field]
    return alike[0] if len(alike) == 1 else {}


def _names_of(held: Any, names: Mapping[str, str]) -> list[str]:
    """Return the names of one id or of several, if all of them are known."""
    ids = held if isinstance(held, list) else [held]
    if not all(map(_is_id, ids)) or not all(str(id_) in names for id_ in ids):
        return []
    return [names[str(id_)] for id_ in ids]
