"""A group of blocks of one shape, read as a table whose columns have no names.

What stands at one place in every block is compared over the whole group: names differ
from block to block, categories repeat and are one a block, marks repeat and are several,
labels of buttons are always the same.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from generation.sources.fields import field_of
from generation.sources.labels import (
    is_licence,
    is_read_more,
    is_status,
    licence_fact,
    link_fact,
    says_nothing,
    split_labels,
)
from generation.sources.listed import NO_LINK, NO_NAME, NOT_WEB, Entry, NoEntry
from generation.sources.names import clean_description, clean_name, squeeze
from generation.sources.pages.links import Found, Rank, rank_links
from generation.sources.pages.parts import (
    Part,
    Parts,
    common_classes,
    name_in_picture,
    parts_of,
)
from generation.sources.pages.tree import Element

AD = "it is marked as an advertisement"

_AD = re.compile(
    r"ads?|advert(?:isement)?s?|sponsor(?:ed)?(?: (?:by|content|post|link))?|promoted"
    r"|promotion|partner content|anzeige|publicité|your ad here|advertise(?: here)?",
    re.IGNORECASE,
)
_NO_WORDS = re.compile(r"[\W\d_]*(?:[kKmM]|px|%|am|pm|usd|eur)?[\W\d_]*")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = re.compile(
    rf"(?:\w+[: ]+)?(?:\d{{1,2}}[ .]+{_MONTH}[ .,]+\d{{4}}|{_MONTH}[ .]+\d{{1,2}}(?:st|nd|rd|th)?,?"
    rf"[ ]+\d{{4}}|{_MONTH}[ ]+\d{{4}})"
    r"|(?:\w+ ){0,2}\d+ (?:second|minute|min|hour|day|week|month|year)s?(?: read| ago)?",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?:https?://)?(?:[\w-]+\.)+[a-z]{2,12}(?:/\S*)?", re.IGNORECASE)
_COUNT = re.compile(
    r"[\d.,]+[km]?\+? (?:stars?|likes?|views?|votes?|upvotes?|downloads?|comments?|points?"
    r"|forks?|followers?|users?|reviews?|ratings?|issues?|items?|tools?|installs?)"
    r"|(?:stars?|likes?|views?|votes?|version|v|updated|rating):? ?[\d.,]+[km]?",
    re.IGNORECASE,
)
_NAMED = re.compile(r"(?:^|[-_])(?:name|title|heading|headline)s?(?:$|[-_])", re.I)
_DESCRIBES = re.compile(
    r"(?:^|[-_])(?:desc(?:ription)?|summary|excerpt|tagline|blurb|abstract|subtitle"
    r"|content|text|intro)(?:$|[-_])",
    re.IGNORECASE,
)
_SORTS = re.compile(r"(?:^|[-_])(?:categor(?:y|ies)|cat|section|group)(?:$|[-_])", re.I)
_LABELLED = re.compile(r"([^\W\d][\w ]{1,24})\s*[:\uff1a]\s*(\S.*)?", re.DOTALL)
_NUMBERED = re.compile(r"#?\d{1,3}(?:[.):]\s*|\s+[-\u2013\u2014]\s+)(?=\S)")

_LEAST_SHARE = 0.6
_MOST_NAME_WORDS = 12
_LONGEST_NAME = 160
_MOST_CATEGORY_WORDS = 7
# Marks come back in other blocks; names of people mostly do not.
_SHARE_OF_MARKS = 0.8


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in the blocks of a group: what each block says there."""

    path: str
    values: Mapping[int, tuple[Part, ...]]
    share: float
    distinct: float
    words: float
    length: float
    position: float

    @property
    def parts(self) -> list[Part]:
        return [part for parts in self.values.values() for part in parts]

    def most(self, is_so: list[bool]) -> bool:
        return sum(is_so) * 2 > len(is_so)

    def is_called(self, names: re.Pattern[str]) -> bool:
        steps = self.path.rsplit("/", 2)[-2:]
        return any(names.search(name) for s in steps for name in s.split(".")[1:])


def read_group(
    members: Sequence[Element], base: str, *, sorts: bool = True
) -> list[Entry | NoEntry]:
    """Read blocks of one shape. `sorts` is off where headings sort them already."""
    shape = common_classes(members)
    blocks = [_without_labels(parts_of(member, shape)) for member in members]
    texts = [block.texts for block, _ in blocks]
    slots = _slots(texts)
    name = _name_slot(slots)
    names, own = _names(name, texts, members)
    described = _description_slot(slots, name)
    category = _category_slot(slots, name, described) if sorts else None
    links = rank_links([block for block, _ in blocks], names, own, base)
    ads = _ads(texts, links)
    marking = _marking(slots)
    found: list[Entry | NoEntry] = []
    for n, (block, labelled) in enumerate(blocks):
        if ads[n]:
            found.append(NoEntry(names[n], links[n][0].url if links[n] else "", AD))
            continue
        roles = [slot for slot in (name, described, category) if slot is not None]
        marks = _marks(block.texts, n, roles, marking)
        given = category.values.get(n) if category is not None else None
        found.append(
            _entry(
                names[n],
                links[n],
                has_links=bool(block.links),
                description=_description(described, block.texts, n, names[n], roles),
                category=labelled.get("category") or (given[0].text if given else ""),
                marks=marks,
                labelled=labelled,
            )
        )
    return found


def _without_labels(parts: Parts) -> tuple[Parts, dict[str, str]]:
    """Take "License: MIT" out of the texts, where the label names a field."""
    kept: list[Part] = []
    labelled: dict[str, str] = {}
    waiting = ""
    for part in parts.texts:
        match = _LABELLED.fullmatch(part.text) if not part.level else None
        field = field_of(match[1]) if match else ""
        if match and field in ("category", "license", "language", "tags"):
            if match[2]:
                labelled.setdefault(field, match[2])
            waiting = "" if match[2] else field
        elif waiting:
            labelled.setdefault(waiting, part.text)
            waiting = ""
        else:
            kept.append(part)
    return Parts(tuple(kept), parts.links), labelled


def _slots(blocks: Sequence[Sequence[Part]]) -> list[Slot]:
    """Gather what stands at one place; a fixed number of lines is as many places."""
    gathered: dict[str, dict[int, list[tuple[int, Part]]]] = defaultdict(dict)
    for n, parts in enumerate(blocks):
        for position, part in enumerate(parts):
            gathered[part.path].setdefault(n, []).append((position, part))
    slots = []
    for path, values in gathered.items():
        counts = Counter(len(parts) for parts in values.values())
        number, often = counts.most_common(1)[0]
        if 1 < number <= 6 and often >= 0.9 * len(values):
            for k in range(number):
                column = {n: p[k : k + 1] for n, p in values.items() if len(p) > k}
                slots.append(_slot(f"{path}#{k}", column, len(blocks)))
        else:
            slots.append(_slot(path, values, len(blocks)))
    return sorted(slots, key=lambda slot: (slot.position, slot.path))


def _slot(path: str, values: dict[int, list[tuple[int, Part]]], total: int) -> Slot:
    texts = [part.text for parts in values.values() for _, part in parts]
    return Slot(
        path=path,
        values={n: tuple(part for _, part in parts) for n, parts in values.items()},
        share=len(values) / total,
        distinct=len({text.casefold() for text in texts}) / len(texts),
        words=sum(len(text.split()) for text in texts) / len(texts),
        length=sum(map(len, texts)) / len(texts),
        position=sum(parts[0][0] for parts in values.values()) / len(values),
    )


def _name_slot(slots: Sequence[Slot]) -> Slot | None:
    """Choose what names the blocks: a heading, else what stands out, links and is first."""
    best, score = None, 0.0
    for slot in slots:
        value = _worth_as_name(slot)
        if value > score:
            best, score = slot, value
    return best


def _worth_as_name(slot: Slot) -> float:
    parts = slot.parts
    if slot.share < _LEAST_SHARE or slot.distinct < _LEAST_SHARE or slot.length < 2:
        return 0
    if len(parts) > 1.5 * len(slot.values) or slot.words > _MOST_NAME_WORDS:
        return 0
    if slot.most([_is_no_name(part) for part in parts]):
        return 0
    picture = slot.most([part.is_picture for part in parts])
    return (
        3
        + 4 * slot.most([part.level > 0 for part in parts])
        + 2 * slot.most([part.is_strong for part in parts])
        + 1.5 * slot.most([bool(part.url) for part in parts])
        + 2 * slot.is_called(_NAMED)
        + 2 * slot.share
        + slot.distinct
        - (slot.words > 8)
        - 2 * slot.most([part.is_mark for part in parts])
        - 4 * picture
        - 0.25 * min(slot.position, 8)
        + 0.5 * (_depth(parts) if slot.most([part.level > 0 for part in parts]) else 0)
    )


def _depth(parts: Sequence[Part]) -> float:
    """Return how deep the links lead: "owner / project" names the project."""
    depths = [min(part.url.rstrip("/").count("/"), 6) for part in parts]
    return sum(depths) / len(depths)


def _is_no_name(part: Part) -> bool:
    return (
        says_nothing(part.text)
        or is_read_more(part.text)
        or _is_a_figure(part.text)
        or bool(_HOST.fullmatch(part.text) and "/" in part.text)
    )


def _is_a_figure(text: str) -> bool:
    """Tell whether a text is a number, a price, a date or a count and no words."""
    return bool(
        _NO_WORDS.fullmatch(text) or _DATE.fullmatch(text) or _COUNT.fullmatch(text)
    )


def _names(
    slot: Slot | None, blocks: Sequence[Sequence[Part]], members: Sequence[Element]
) -> tuple[list[str], list[str]]:
    """Return each block's name and the link that the name is, or "".

    A block without the common place says it elsewhere.
    """
    names: list[str] = []
    links: list[str] = []
    for n, parts in enumerate(blocks):
        values = slot.values.get(n) if slot is not None else None
        part = values[0] if values else _stands_out(parts)
        links.append(part.url if part is not None else "")
        if part is None:
            names.append(clean_name(members[n].get("aria-label"))[:_LONGEST_NAME])
            continue
        text = name_in_picture(part.text) if part.is_picture else part.text
        names.append(clean_name(text)[:_LONGEST_NAME])
    return _without_numbers(names), links


def _stands_out(parts: Sequence[Part]) -> Part | None:
    fitting = [
        part
        for part in parts
        if len(part.text.split()) <= _MOST_NAME_WORDS
        and len(part.text) > 1
        and not part.is_mark
        and not _is_no_name(part)
    ]
    for group in (
        [part for part in fitting if part.level],
        [part for part in fitting if part.is_strong],
        [part for part in fitting if part.url and not part.is_picture],
        [part for part in fitting if part.is_picture],
    ):
        if group:
            return group[0]
    return None


def _without_numbers(names: list[str]) -> list[str]:
    """Take off "1. ", "2. ", where most names are numbered."""
    numbered = [bool(_NUMBERED.match(name)) for name in names]
    if sum(numbered) * 2 <= len(names):
        return names
    return [_NUMBERED.sub("", name, count=1) for name in names]


def _description_slot(slots: Sequence[Slot], name: Slot | None) -> Slot | None:
    best, score = None, 0.0
    for slot in slots:
        if slot is name or slot.words < 3 or slot.distinct < 0.5 or slot.share < 0.3:
            continue
        if slot.most([part.is_picture or part.is_mark for part in slot.parts]):
            continue
        if slot.most([_is_a_figure(part.text) for part in slot.parts]):
            continue
        value = min(slot.words, 40) * slot.share
        value *= 2 if slot.is_called(_DESCRIBES) else 1
        if value > score:
            best, score = slot, value
    return best


def _description(
    slot: Slot | None,
    parts: Sequence[Part],
    n: int,
    name: str,
    roles: Sequence[Slot],
) -> str:
    values = slot.values.get(n) if slot is not None else None
    if values:
        # Several paragraphs are one description; what is said twice is said once.
        texts = dict.fromkeys(part.text for part in values)
        return clean_description(" ".join(texts))
    taken = {id(part) for role in roles for part in role.values.get(n, ())}
    free = [
        part.text
        for part in parts
        if id(part) not in taken
        and not (part.is_mark or part.is_picture or part.level)
        and len(part.text.split()) >= 4
        and clean_name(part.text) != name
        and not _is_a_figure(part.text)
    ]
    return clean_description(max(free, key=len, default=""))


def _category_slot(
    slots: Sequence[Slot], name: Slot | None, described: Slot | None
) -> Slot | None:
    """Choose the place that sorts the blocks: one value each, each value used often."""
    fitting = [
        slot for slot in slots if slot not in (name, described) and _sorts_blocks(slot)
    ]
    called = [slot for slot in fitting if slot.is_called(_SORTS) or _links_sort(slot)]
    marks = [slot for slot in fitting if slot.most([p.is_mark for p in slot.parts])]
    return next(iter([*called, *marks, *fitting]), None)


def _sorts_blocks(slot: Slot) -> bool:
    called = slot.is_called(_SORTS) or _links_sort(slot)
    if slot.share < (0.6 if called else 0.9):
        return False
    values = [parts[0].text for parts in slot.values.values()]
    if sum(len(parts) == 1 for parts in slot.values.values()) < 0.9 * len(values):
        return False
    different = Counter(map(str.casefold, values))
    most = max(different.values())
    if len(different) < 2 or (most > 0.8 * len(values) and not called):
        return False
    if len(different) > (0.8 if called else 0.5) * len(values):
        return False
    if slot.words > _MOST_CATEGORY_WORDS or slot.length < 2:
        return False
    return not slot.most([_is_no_category(part) for part in slot.parts])


def _is_no_category(part: Part) -> bool:
    text = part.text
    return (
        part.is_picture
        or _is_no_name(part)
        or is_status(text)
        or is_licence(text)
        or (
            text.startswith(("@", "by ", "v", "#"))
            and len(text.split()) < 3
            and (text[1:2].isdigit() or text[0] in "@#")
        )
        or _HOST.fullmatch(text) is not None
    )


def _links_sort(slot: Slot) -> bool:
    return slot.most(
        [
            bool(re.search(r"/(?:categor|c/|topics?/|sections?/)|[?&]cat", part.url))
            for part in slot.parts
        ]
    )


def _marking(slots: Sequence[Slot]) -> tuple[frozenset[str], frozenset[str]]:
    """Return (paths of short words that are several a block, paths that say nothing).

    What every block says alike is the layout's, not the item's.
    """
    several, constant = set(), set()
    for slot in slots:
        parts = slot.parts
        different = len({part.text for part in parts})
        is_several = len(parts) > len(slot.values) and different > 1
        if slot.words <= 3 and is_several and slot.distinct <= _SHARE_OF_MARKS:
            several.add(slot.path)
        if slot.share > 0.9 and different == 1:
            constant.add(slot.path)
    return frozenset(several), frozenset(constant)


def _marks(
    parts: Sequence[Part],
    n: int,
    roles: Sequence[Slot],
    marking: tuple[frozenset[str], frozenset[str]],
) -> list[str]:
    """Return a block's marks: chips, and short words that are several in a block."""
    several, constant = marking
    taken = {id(part) for slot in roles for part in slot.values.get(n, ())}
    return [
        part.text
        for part in parts
        if (part.is_mark or part.path in several)
        and id(part) not in taken
        and part.path not in constant
        and len(part.text) <= 60
        and not (part.level or part.is_strong or part.is_picture)
        and not _is_a_figure(part.text)
        and not says_nothing(part.text)
        and not is_read_more(part.text)
        and not link_fact(part.text)
        and not _HOST.fullmatch(part.text)
    ]


def _ads(
    blocks: Sequence[Sequence[Part]], links: Sequence[Sequence[Found]]
) -> list[bool]:
    """Tell which blocks are advertisements among items that are none."""
    marked = [any(_AD.fullmatch(part.text) for part in parts) for parts in blocks]
    sponsored = [any(link.is_sponsored for link in found) for found in links]
    if sum(sponsored) * 3 > len(sponsored):
        sponsored = [False] * len(sponsored)
    if sum(marked) * 2 > len(marked):
        marked = [False] * len(marked)
    return [a or b for a, b in zip(marked, sponsored, strict=True)]


def _entry(
    name: str,
    links: Sequence[Found],
    *,
    has_links: bool,
    description: str,
    category: str,
    marks: Sequence[str],
    labelled: Mapping[str, str],
) -> Entry | NoEntry:
    own = next((link for link in links if link.rank < Rank.IN_SENTENCE), None)
    if own is None:
        reason = NOT_WEB if has_links and not links else NO_LINK
        return NoEntry(name or description[:80], "", reason if name else "")
    if not name:
        return NoEntry(description[:80], own.url, NO_NAME)
    tags = labelled.get("tags", "").split(",") if labelled.get("tags") else []
    labels, licences = split_labels([*marks, *tags])
    facts: dict[str, str | list[str]] = {}
    for link in links:
        if link.fact and link.url != own.url and link.rank < Rank.IN_SENTENCE:
            facts.setdefault(link.fact, link.url)
    if "license" in labelled:
        licences = (*licences, squeeze(labelled["license"])[:80])
    if licences:
        facts["license"] = licence_fact(licences)
    if "language" in labelled:
        facts["language"] = labelled["language"][:60]
    return Entry(
        name=name,
        url=own.url,
        description=description,
        category=squeeze(category),
        labels=tuple(label for label in labels if label),
        facts=dict(sorted(facts.items())),
    )
