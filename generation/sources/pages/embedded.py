"""Pages that a script draws: the data that the script is given is in the page.

Read only where the page shows no list. The data is JSON, in an element of its own
(Next.js, Nuxt), behind an assignment, a stream in pieces (React's server components), or
an attribute (Inertia, Astro, Vue); which of its arrays is the list is decided by what
their records say.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from generation.exceptions import UnreadableSource
from generation.nesting import DEEPEST, check_value, load_json
from generation.sources.candidates import Candidate, Document, Reading
from generation.sources.json_records import read_json
from generation.sources.urls import host_of

_ASSIGNED = re.compile(
    r"(?:(?:window|self|globalThis)\s*(?:\.\s*[\w$]+|\[\s*[\"'][\w$.-]+[\"']\s*\])"
    r"|(?:var|let|const)\s+[\w$]+)(?:\.[\w$]+){0,3}\s*=\s*(?:JSON\.parse\(\s*)?(?=[\[{\"'])"
)
_PUSHED = re.compile(r"__next_f\s*\.\s*push\(\s*\[\s*1\s*,\s*(?=\")")
# A row of the stream: its number, and a value or so many bytes of text.
_ROW = re.compile(rb"\n*([0-9a-f]{1,8}):(?:T([0-9a-f]{1,8}),|([^\n]*))")
_SMALLEST = 40
_MOST_BLOCKS = 50
_MOST_ASSIGNMENTS = 200
_MOST_ATTRIBUTES = 20
# Kinds of Nuxt's values that hold a text, not the number of another value.
_TEXTS = frozenset({"Date", "RegExp", "BigInt", "URL", "EmptyRef", "EmptyShallowRef"})
# Data that refers to itself is written out so deep, and so many values of it.
_DEEPEST = 12
_MOST_VALUES = 200_000
_MOST_BROKEN = 100
_SMALL = 0.25


def embedded_reading(
    parser: LexborHTMLParser, document: Document, base: str
) -> Reading | None:
    """Return the best list among the page's data, or None where there is none."""
    best: list[Candidate] = []
    for found in _lists(_blocks(parser), document, base):
        if _weight(found, base) > _weight(best, base):
            best = found
    for found in _lists(_in_attributes(parser), document, base):
        # Buttons to share a page or to follow its author are kept in attributes, too.
        is_described = any(candidate.description for candidate in found)
        if is_described and _weight(found, base) > _weight(best, base):
            best = found
    if not best:
        return None
    return Reading(kind="html data", candidates=tuple(best))


def _lists(
    texts: Iterable[str], document: Document, base: str
) -> Iterator[list[Candidate]]:
    """Yield what each of the JSON texts lists, as far as they can be read."""
    for text in islice(texts, _MOST_BLOCKS):
        given = Document(
            source=document.source, url=base, media_type="application/json", text=text
        )
        try:
            yield _listed(read_json(given, with_sparse=False).candidates, base)
        except UnreadableSource:
            continue


def _blocks(parser: LexborHTMLParser) -> Iterator[str]:
    """Yield the JSON texts of a page, in its order; those of a stream come last."""
    stream: list[str] = []
    for script in parser.css("script"):
        kind = (script.attributes.get("type") or "").lower()
        text = script.text().strip()
        if len(text) < _SMALLEST or kind.startswith("application/ld+json"):
            continue
        if "json" in kind:
            yield _unfolded(text)
        elif kind in ("", "text/javascript", "module", "application/javascript"):
            stream += _pushed(text)
            yield from _assigned(text)
    if stream:
        yield _of_stream("".join(stream))


def _in_attributes(parser: LexborHTMLParser) -> Iterator[str]:
    """Yield the JSON texts of attributes, whatever they are called; the longest come first."""
    found: list[tuple[str, bool]] = []
    for node in parser.root.traverse() if parser.root is not None else ():
        for value in node.attributes.values():
            if value and len(value) >= _SMALLEST and value.lstrip()[:1] in ("[", "{"):
                found.append((value, node.tag == "astro-island"))
    found.sort(key=lambda pair: len(pair[0]), reverse=True)
    for text, is_island in found[:_MOST_ATTRIBUTES]:
        yield _of_island(text) if is_island else text


def _of_island(text: str) -> str:
    """Write out what Astro gives to a component: each value stands behind its kind."""
    try:
        value = load_json(text)
        return json.dumps({key: _plain(inner) for key, inner in value.items()})
    except (ValueError, AttributeError):
        return text


def _plain(value: Any, depth: int = 0) -> Any:
    """Return the value of a pair of kind and value; 0 is JSON, 1 is an array."""
    if not isinstance(value, list) or len(value) != 2 or depth > DEEPEST:
        return None
    kind, inner = value
    if kind == 1 and isinstance(inner, str):
        inner = load_json(inner)
    if kind == 1 and isinstance(inner, list):
        return [_plain(part, depth + 1) for part in inner]
    if isinstance(inner, dict):
        return {key: _plain(part, depth + 1) for key, part in inner.items()}
    return inner


def _assigned(script: str) -> Iterator[str]:
    """Yield the JSON values that a script assigns; anything else is passed over."""
    decoder = json.JSONDecoder()
    position = 0
    for _ in range(_MOST_ASSIGNMENTS):
        match = _ASSIGNED.search(script, position)
        if match is None:
            return
        position = match.end()
        try:
            check_value(script, position)
            value, end = decoder.raw_decode(script, position)
        except ValueError:
            continue
        text = value if isinstance(value, str) else script[position:end]
        position = max(end, position + 1)
        if len(text) >= _SMALLEST and text.lstrip()[:1] in ("[", "{"):
            yield text


def _pushed(script: str) -> Iterator[str]:
    """Yield the pieces of a stream that a script hands over."""
    decoder = json.JSONDecoder()
    broken = 0
    for match in _PUSHED.finditer(script):
        try:
            piece, _ = decoder.raw_decode(script, match.end())
        except ValueError:
            # To say where it is broken, all lines before that are counted.
            broken += 1
            if broken > _MOST_BROKEN:
                return
            continue
        if isinstance(piece, str):
            yield piece


def _of_stream(stream: str) -> str:
    """Write out the values of a stream, in which long texts stand by themselves."""
    content = stream.encode("utf-8", "replace")
    texts: dict[str, str] = {}
    rows: list[bytes] = []
    position = 0
    while match := _ROW.match(content, position):
        position = match.end()
        if match[2] is not None:
            end = position + int(match[2], 16)
            texts[match[1].decode()] = content[position:end].decode("utf-8", "replace")
            position = end
        elif match[3][:1] in (b"[", b"{"):
            rows.append(match[3])
    values = []
    for row in rows:
        try:
            values.append(json.dumps(_without_signs(load_json(row), texts)))
        except ValueError:
            continue
    return f"[{','.join(values)}]"


def _without_signs(value: Any, texts: Mapping[str, str]) -> Any:
    """Put texts in the place of what refers to them; of other references nothing stays."""
    match value:
        case str() if value.startswith("$"):
            return value[1:] if value[1:2] == "$" else texts.get(value[1:], "")
        case list():
            return [_without_signs(inner, texts) for inner in value]
        case dict():
            return {k: _without_signs(inner, texts) for k, inner in value.items()}
    return value


def _unfolded(text: str) -> str:
    """Write out data whose values are numbers of other values, as Nuxt stores it."""
    try:
        values = load_json(text)
    except ValueError:
        return text
    if not isinstance(values, list) or len(values) < 2 or not _is_folded(values):
        return text
    whole = _Unfolding(values).at(0)
    if isinstance(whole, dict | list) and whole:
        return json.dumps(whole)
    return json.dumps(list(_records(values)))


def _records(values: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """Yield the objects with their values, which all of them may share, while there is room."""
    room = _MOST_VALUES
    for value in values:
        if not isinstance(value, dict):
            continue
        record: dict[str, Any] = {}
        for key, number in value.items():
            room -= 1 + _size(values, number)
            if room < 0:
                return
            record[key] = _at(values, number)
        yield record


def _size(values: Sequence[Any], number: Any) -> int:
    value = _value(values, number)
    return len(value) if isinstance(value, dict | list | str) else 0


class _Unfolding:
    """Values in the place of their numbers, as far as there is room for them."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values
        self._room = _MOST_VALUES

    def at(self, number: Any, depth: int = 0) -> Any:
        value = _value(self._values, number)
        self._room -= 1
        if not isinstance(value, dict | list):
            return value
        if depth >= _DEEPEST or self._room < 0:
            return None
        if isinstance(value, dict):
            return {key: self.at(part, depth + 1) for key, part in value.items()}
        if value and isinstance(value[0], str):
            return self._of_kind(value, depth)
        return [self.at(part, depth + 1) for part in value]

    def _of_kind(self, value: Sequence[Any], depth: int) -> Any:
        """Return what an array means that begins with a word, as `["Reactive", 3]` does."""
        kind, parts = value[0], value[1:]
        if kind == "Set":
            return [self.at(part, depth + 1) for part in parts]
        if kind == "Map":
            keys = [self.at(part, depth + 1) for part in parts[::2]]
            held = [self.at(part, depth + 1) for part in parts[1::2]]
            return {str(k): v for k, v in zip(keys, held, strict=False)}
        if kind in _TEXTS or not parts:
            return parts[0] if parts else None
        return self.at(parts[0], depth + 1)


def _is_folded(values: Sequence[Any]) -> bool:
    objects = [value for value in values if isinstance(value, dict) and value]
    return bool(objects) and all(
        isinstance(number, int) and not isinstance(number, bool)
        for value in objects
        for number in value.values()
    )


def _at(values: Sequence[Any], number: Any) -> Any:
    """Return the value of this number: a text, or an array's texts one level down."""
    value = _value(values, number)
    if isinstance(value, list):
        return [
            inner
            for inner in (_value(values, part) for part in value)
            if isinstance(inner, str | int | float)
        ]
    if isinstance(value, dict):
        inner_values = {key: _value(values, part) for key, part in value.items()}
        return {
            k: v for k, v in inner_values.items() if isinstance(v, str | int | float)
        }
    return value


def _value(values: Sequence[Any], number: Any) -> Any:
    is_place = isinstance(number, int) and not isinstance(number, bool)
    return values[number] if is_place and 0 <= number < len(values) else None


def _listed(candidates: Sequence[Candidate], base: str) -> list[Candidate]:
    """Keep the arrays that are the list: menus and teasers weigh little beside it."""
    arrays: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        arrays[re.sub(r"/\d+(?=/|$)", "/*", candidate.locator)].append(candidate)
    weights = {place: _weight(found, base) for place, found in arrays.items()}
    heaviest = max(weights.values(), default=0.0)
    return [
        candidate
        for place, found in arrays.items()
        if weights[place] and weights[place] >= _SMALL * heaviest
        for candidate in found
    ]


def _weight(candidates: Sequence[Candidate], base: str) -> float:
    """Weigh records: a link without words that stays on the site is a menu's."""
    weight = 0.0
    for candidate in candidates:
        outside = host_of(candidate.url) != host_of(base)
        words = min(len(candidate.description.split()), 12)
        if outside or words > 2:
            weight += 1 + outside + words / 4
    return weight
