"""What a page says for search engines: JSON-LD, microdata and RDFa, as candidates.

Of the many things that pages describe so (themselves, their publisher, the way to them)
only lists count, and things of one type that are several. A block that is broken is
passed over; a thing that refers to itself is read once.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from generation.nesting import load_json
from generation.sources.candidates import Candidate
from generation.sources.labels import link_fact_of, split_tags
from generation.sources.names import clean_description, clean_name, name_key, squeeze
from generation.sources.records import record_to_candidate
from generation.sources.urls import canonical_url, clean_url, host_of

Thing = Mapping[str, Any]

_FEWEST = 3
_MOST_THINGS = 50_000
_DEEPEST = 40
# A thing may be referred to by every other: each time, all that it says is read again.
_MOST_REFERENCES = 20
# Longer than any description; every thing around a text may have it as its value.
_LONGEST_VALUE = 10_000
_LISTS = frozenset({"itemlist", "offercatalog", "datacatalog", "collection"})
_LIST_PROPERTIES = ("itemListElement", "hasPart", "dataset", "itemOffered")
# What stands beside a list: the page, who made it, the way to it, what it is asked.
_NOT_LISTED = frozenset(
    {
        *("breadcrumblist", "listitem", "webpage", "website", "organization", "person"),
        *("imageobject", "searchaction", "entrypoint", "offer", "aggregaterating"),
        *("rating", "review", "question", "answer", "faqpage", "postaladdress"),
        *("contactpoint", "sitenavigationelement", "wpheader", "wpfooter", "wpsidebar"),
        *("collectionpage", "searchresultspage", "readaction", "comment", "brand"),
        *("interactioncounter", "propertyvalue", "aggregateoffer", "monetaryamount"),
        *("videoobject", "howtostep", "speakablespecification", "itempage", "language"),
        *("blog", "newsmediaorganization", "corporation", "audience", "country"),
    }
)
_NO_HOMES = frozenset({"wikipedia.org", "wikidata.org"})
_TRAILING_COMMA = re.compile(r",(?=\s*[\]}])")


def structured_candidates(
    parser: LexborHTMLParser, *, source: str, base: str
) -> list[Candidate]:
    """Return what the page lists for machines, each link and name once."""
    things = linked_data(parser)
    for names in (
        ("itemscope", "itemtype", "itemprop"),
        ("typeof", "typeof", "property"),
    ):
        things += _marked_up(parser, *names)
    listed = _listed(things, base)
    found: dict[tuple[str, str], Candidate] = {}
    for thing, group in listed:
        candidate = _candidate(thing, group, source=source, base=base)
        if candidate is not None:
            key = (canonical_url(candidate.url), name_key(candidate.name))
            found.setdefault(key, candidate)
    return list(found.values())


def linked_data(parser: LexborHTMLParser) -> list[Thing]:
    """Return the things of all blocks that can be read, in the order of the page."""
    things: list[Thing] = []
    for script in parser.css('script[type^="application/ld+json"]'):
        value = _parse(script.text())
        waiting: list[tuple[Any, int]] = [(value, 0)]
        while waiting and len(things) < _MOST_THINGS:
            value, depth = waiting.pop()
            if depth > _DEEPEST:
                continue
            if isinstance(value, list):
                waiting += [(part, depth + 1) for part in reversed(value)]
            elif isinstance(value, dict):
                things.append(value)
                below = reversed(list(value.values()))
                waiting += [(v, depth + 1) for v in below if isinstance(v, dict | list)]
    return things


def _parse(text: str) -> Any:
    text = text.strip().removeprefix("<!--").removesuffix("-->").strip().rstrip(";")
    for attempt in (text, _TRAILING_COMMA.sub("", text)):
        try:
            # Real pages hold raw line breaks inside of strings.
            return load_json(attempt, strict=False)
        except ValueError:
            continue
    return None


def _marked_up(
    parser: LexborHTMLParser, scope: str, kind: str, property_name: str
) -> list[Thing]:
    """Return the things that attributes of the markup describe."""
    things: dict[int, dict[str, Any]] = {}
    for node in parser.css(f"[{scope}]"):
        things[node.mem_id] = {"@type": node.attributes.get(kind) or ""}
    if not things:
        return []
    for node in parser.css(f"[{property_name}]"):
        owner = _owner(node, things)
        if owner is None:
            continue
        value = things.get(node.mem_id) or _value(node)
        if not isinstance(value, str) or value:
            for name in (node.attributes.get(property_name) or "").split():
                key = re.split(r"[/#:]", name)[-1]
                known = owner.get(key)
                if known is None:
                    owner[key] = value
                elif isinstance(known, list):
                    known.append(value)
                else:
                    owner[key] = [known, value]
    return list(things.values())


def _owner(
    node: LexborNode, things: Mapping[int, dict[str, Any]]
) -> dict[str, Any] | None:
    above = node.parent
    for _ in range(_DEEPEST):
        if above is None:
            return None
        if above.mem_id in things:
            return things[above.mem_id]
        above = above.parent
    return None


def _value(node: LexborNode) -> str:
    attributes = node.attributes
    for name in ("content", "href", "src", "datetime", "resource"):
        if attributes.get(name):
            return attributes[name] or ""
    return squeeze(_text_of(node))


def _text_of(node: LexborNode) -> str:
    """Return the words inside, as far as a value is long."""
    parts: list[str] = []
    room = _LONGEST_VALUE
    for inner in node.traverse(include_text=True):
        if inner.tag == "-text":
            parts.append((inner.text_content or "")[:room])
            room -= len(parts[-1])
        # Elements without words are looked through as well, but not for ever.
        room -= 1
        if room <= 0:
            break
    return "".join(parts)


def _listed(things: Sequence[Thing], base: str) -> list[tuple[Thing, str]]:
    """Return (thing, name of its list): members of lists, else things of one type."""
    by_id = _Known(things)
    found = [
        (member, _text(thing.get("name")))
        for thing in things
        if not _LISTS.isdisjoint(_types(thing))
        for member in _members(thing, by_id)
        if _NOT_LISTED.isdisjoint(_types(member))
    ]
    if len(found) >= _FEWEST:
        names = {name for _, name in found}
        return found if len(names) > 1 else [(thing, "") for thing, _ in found]
    types: dict[str, list[Thing]] = defaultdict(list)
    for thing in things:
        for kind in sorted(_types(thing) - _NOT_LISTED - _LISTS)[:1]:
            if _text(thing.get("name")) and _link(thing, base):
                types[kind].append(thing)
    most = max(types.values(), key=len, default=[])
    return [(thing, "") for thing in most] if len(most) >= _FEWEST else []


def _types(thing: Thing) -> set[str]:
    kinds = thing.get("@type")
    texts = kinds if isinstance(kinds, list) else [kinds]
    return {
        re.split(r"[/#:]", word)[-1].casefold()
        for text in texts
        if isinstance(text, str)
        for word in text.split()
    }


class _Known:
    """The things of a page by their ids. Each can be asked for so many times."""

    def __init__(self, things: Sequence[Thing]) -> None:
        self._things = {
            thing["@id"]: thing
            for thing in reversed(things)
            if isinstance(thing.get("@id"), str) and len(thing) > 1
        }
        self._asked: Counter[str] = Counter()

    def get(self, identifier: object) -> Thing | None:
        if not isinstance(identifier, str) or identifier not in self._things:
            return None
        self._asked[identifier] += 1
        if self._asked[identifier] > _MOST_REFERENCES:
            return None
        return self._things[identifier]


def _members(thing: Thing, by_id: _Known) -> Iterator[Thing]:
    for name in _LIST_PROPERTIES:
        for part in _each(thing.get(name)):
            member = _resolved(part, by_id)
            if "listitem" in _types(member):
                inner = member.get("item")
                outer = {
                    k: v
                    for k, v in member.items()
                    if k in ("name", "url", "description")
                }
                item = _resolved(inner, by_id) if inner is not None else {}
                member = {**outer, **item}
            if member:
                yield member


def _resolved(part: Any, by_id: _Known) -> dict[str, Any]:
    """Follow a reference, once: what refers on is not followed further."""
    if isinstance(part, str):
        known = by_id.get(part)
        return {"url": part} if known is None else dict(known)
    if not isinstance(part, dict):
        return {}
    known = by_id.get(part.get("@id"))
    return dict(part) if known is None else {**known, **part}


def _candidate(thing: Thing, group: str, *, source: str, base: str) -> Candidate | None:
    url = _link(thing, base)
    name = clean_name(_text(thing.get("name")) or _text(thing.get("headline")))
    if not url or not name:
        return None
    record = {
        "name": name,
        "url": url,
        "description": _text(thing.get("description")) or _text(thing.get("abstract")),
        "license": _text(thing.get("license")),
        "source_code_url": _text(thing.get("codeRepository")),
    }
    found = record_to_candidate(
        {key: value for key, value in record.items() if value}, source=source, base=base
    )
    if not isinstance(found, Candidate):
        return None
    sorts = ("applicationCategory", "category", "genre", "articleSection")
    category = next(filter(None, (_text(thing.get(key)) for key in sorts)), "")
    return found.model_copy(
        update={
            "description": clean_description(found.description),
            "category": "" if "://" in category else category,
            "path": (group,) if group else (),
            "labels": _keywords(thing.get("keywords")),
            "locator": group,
        }
    )


def _keywords(value: Any) -> tuple[str, ...]:
    words = [tag for part in _each(value) for tag in split_tags(_text(part))]
    return tuple(dict.fromkeys(words))


def _link(thing: Thing, base: str) -> str:
    """Return where a thing is at home: away from the page, if it says so anywhere."""
    told = [
        clean_url(text, base=base)
        for key in ("url", "sameAs", "mainEntityOfPage", "installUrl", "@id")
        for text in map(_address, _each(thing.get(key)))
        if text and not text.startswith(("#", "_:"))
    ]
    links = [link for link in told if link]
    away = [
        link
        for link in links
        if host_of(link) != host_of(base)
        and link_fact_of(link) != "social_url"
        and not any(host_of(link).endswith(host) for host in _NO_HOMES)
    ]
    return (away or links or [""])[0]


def _address(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("@id") or value.get("url")
    return value if isinstance(value, str) else ""


def _each(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(value: Any) -> str:
    """Return the words of a value that may be a text, several or an object."""
    for part in _each(value):
        if isinstance(part, dict):
            part = part.get("name") or part.get("@value") or part.get("title")
        if isinstance(part, str) and part.strip():
            return squeeze(part)
    return ""


def combine(
    shown: Sequence[Candidate], told: Sequence[Candidate], base: str
) -> list[Candidate]:
    """Complete what a page shows by what it says for machines about the same things.

    Where most of what it says is not shown at all, it speaks of something else.
    """
    if len(shown) < _FEWEST:
        return list(told) if len(told) > len(shown) else list(shown)
    by_link = {canonical_url(thing.url): thing for thing in told}
    times = Counter(name_key(thing.name) for thing in told)
    by_name = {
        name_key(thing.name): thing
        for thing in told
        if times[name_key(thing.name)] == 1
    }
    combined, used = [], set()
    for candidate in shown:
        match = by_link.get(canonical_url(candidate.url)) or by_name.get(
            name_key(candidate.name)
        )
        if match is not None:
            used.add(id(match))
            candidate = _completed(candidate, match, base)
        combined.append(candidate)
    further = [thing for thing in told if id(thing) not in used]
    return [*combined, *further] if len(used) > len(further) else combined


def _completed(shown: Candidate, told: Candidate, base: str) -> Candidate:
    is_inside = host_of(shown.url) == host_of(base)
    return shown.model_copy(
        update={
            "url": told.url if is_inside else shown.url,
            "description": shown.description or told.description,
            "category": shown.category or ("" if shown.path else told.category),
            "labels": shown.labels or told.labels,
            "facts": dict(sorted({**told.facts, **shown.facts}.items())),
        }
    )
