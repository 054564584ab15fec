"""Where an entry stands: headings, groups and lists, walked once, without recursion.

Markdown and HTML are turned into the same blocks, so that a README and its rendered page
give the same candidates.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, assert_never

from generation.sources.asides import (
    CONTENTS,
    Link,
    Section,
    folded,
    is_doubtful,
    is_not_items,
    leads_to_heading,
    may_be_aside,
    place_of,
    reason_of,
    word_of,
)
from generation.sources.candidates import Candidate, LeftOut, Reading
from generation.sources.columns import fields_of_columns, without_calls
from generation.sources.entries import (
    Entry,
    NoEntry,
    Piece,
    Pieces,
    group_name,
    plain_text,
    read_entry,
    read_row,
)
from generation.sources.listed import NO_LINK
from generation.sources.names import clean_description, clean_name, squeeze

BELOW_HEADINGS = 7.0
# What is written on something that opens, and says nothing of what is in it.
_OPENS = re.compile(
    r"\W*(?:click|tap|press|expand|show|view|see|open|toggle|unfold|reveal)\b"
    r"(?: (?:here|me|to|all|more|the|this|list|expand|show|view|see|open|details|items?"
    r"|full|contents?|table|section|links?|\d[\d,]*|hidden|other|others|remaining|projects?"
    r"|tools?|libraries|library|resources?|entries|entry))*\W*|\W*(?:details|more|show more)\W*",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"^(?:\d{1,2}(?:\.\d{1,2})*[.)]\s+|[\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d\u5341]{1,3}"
    r"[\u3001.\uff0e]\s*)(?=[^\W\d])"
)
_COUNT = re.compile(r"(?<=\S)\s*\(\d{1,4}\)$")


class Table(NamedTuple):
    """A table's cells. A row of one cell above wider rows heads them."""

    header: Sequence[Pieces]
    rows: Sequence[Sequence[Pieces]]


class Block(NamedTuple):
    """One step of a walk through a document.

    An `entry` has been read already. Headings inside a `section` end with it. A `fold` is
    a mark for those who look for items in folds, and says nothing here.
    """

    kind: Literal[
        "heading",
        "paragraph",
        "list",
        "end list",
        "item",
        "text",
        "end item",
        "table",
        "entry",
        "section",
        "end section",
        "fold",
        "end fold",
    ]
    level: int = 0
    pieces: Pieces = ()
    table: Table | None = None
    entry: Entry | NoEntry | None = None


def list_of_one(pieces: Pieces) -> Iterator[Block]:
    """Yield a list that is one item: lists that follow one another are read as one."""
    yield Block("list")
    yield Block("item")
    yield Block("text", 0, pieces)
    yield Block("end item")
    yield Block("end list")


@dataclass
class _Item:
    paragraphs: list[Pieces] = field(default_factory=list)
    is_read: bool = False
    group: str = ""
    # Where its candidate is, as long as nothing describes it.
    undescribed: int = -1


def read_blocks(
    blocks: Sequence[Block], *, kind: str, source: str, base: str = ""
) -> Reading:
    """Turn blocks into candidates, each under the headings above it."""
    headings = [(b.level, _heading(b.pieces)) for b in blocks if b.kind == "heading"]
    walk = _Walk(
        source=source,
        base=base,
        has_title=_has_title(headings),
        anchors={folded(text) for _, text in headings if not may_be_aside(text)} - {""},
    )
    for position, block in enumerate(blocks):
        following = blocks[position + 1] if position + 1 < len(blocks) else None
        walk.step(block, following)
    return walk.reading(kind)


def _has_title(headings: Iterable[tuple[int, str]]) -> bool:
    """Tell whether the one heading of the first level names the document itself."""
    first = [text for level, text in headings if level == 1]
    return sum(word_of(text) not in CONTENTS for text in first) == 1


def _heading(pieces: Pieces) -> str:
    """Return the words of a heading without its number and how much stands below it."""
    kept = [p for p in pieces if not (p.kind == "code" and p.text.strip().isdigit())]
    return _NUMBER.sub("", _COUNT.sub("", plain_text(kept)))


class _Heading(NamedTuple):
    """A heading above an entry. `number` tells it from others of the same words."""

    level: float
    text: str
    number: int


@dataclass
class _Walk:
    source: str
    base: str
    has_title: bool
    # The headings of the document, folded: what its table of contents leads to.
    anchors: set[str]
    headings: list[_Heading] = field(default_factory=list)
    headings_seen: int = 0
    sections: list[list[_Heading]] = field(default_factory=list)
    items: list[_Item] = field(default_factory=list)
    # Sections that may be part of the list, by their heading's number and a group below it.
    doubtful: dict[tuple[int, str], Section] = field(default_factory=dict)
    candidates: list[Candidate] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def step(self, block: Block, following: Block | None) -> None:
        match block.kind:
            case "heading":
                self._head(block.level, _heading(block.pieces))
            case "paragraph":
                self._paragraph(block.pieces, following)
            case "list":
                self._read_item(has_list=True)
            case "end list" | "fold" | "end fold":
                pass
            case "item":
                self.items.append(_Item())
            case "text":
                if self.items and not self.items[-1].is_read:
                    self.items[-1].paragraphs.append(block.pieces)
            case "end item":
                self._read_item(has_list=False)
                self.items[-1:] = []
            case "table":
                if block.table is not None:
                    self._table(block.table)
            case "entry":
                if block.entry is not None:
                    self._keep(block.entry)
            case "section":
                self.sections.append(list(self.headings))
            case "end section":
                self.headings = self.sections.pop() if self.sections else []
            case _:
                assert_never(block.kind)

    def _head(self, level: float, text: str) -> None:
        text = "" if _OPENS.fullmatch(text) else text
        self.headings = [above for above in self.headings if above.level < level]
        self.headings_seen += 1
        self.headings.append(_Heading(level, clean_name(text), self.headings_seen))

    def _paragraph(self, pieces: Pieces, following: Block | None) -> None:
        """Take a paragraph that is one bold line as the heading that it stands for."""
        words = [piece for piece in pieces if piece.text.strip(" :\n")]
        if len(words) != 1 or words[0].kind != "strong" or following is None:
            return
        text = squeeze(words[0].text)
        if len(text) > 80 or text.endswith((".", "!", "?")):
            return
        if following.kind == "heading":
            # It stands above the heading that follows, as in "**Web**", "### Servers".
            self._head(following.level - 0.5, text)
        elif following.kind in ("list", "table", "paragraph"):
            self._head(BELOW_HEADINGS, text)

    def _path(self) -> tuple[str, ...]:
        return tuple(
            heading.text
            for heading in self.headings
            if heading.text
            and not (self.has_title and heading.level == 1)
            and self._is_category(heading)
        )

    def _is_category(self, heading: _Heading) -> bool:
        """Tell a heading that sorts what is below it from a table of contents."""
        if not is_doubtful(heading.text):
            return True
        section = self.doubtful.get((heading.number, ""), Section(heading.text))
        return section.is_category

    def _read_item(self, *, has_list: bool) -> None:
        """Read the innermost item, once: when its nested list begins, or at its end."""
        if not self.items or self.items[-1].is_read:
            return
        item = self.items[-1]
        item.is_read = True
        if not item.paragraphs:
            return
        found = read_entry(item.paragraphs, base=self.base)
        if self._describes(found, item):
            return
        if has_list and isinstance(found, NoEntry) and found.group:
            item.group = clean_name(found.group)
        else:
            count = len(self.candidates)
            self._keep(found)
            if has_list and isinstance(found, Entry):
                item.group = found.group
                if not found.description and len(self.candidates) > count:
                    item.undescribed = count

    def _describes(self, found: Entry | NoEntry, item: _Item) -> bool:
        """Tell whether an item is the text below the one that it is nested in."""
        above = self.items[-2] if len(self.items) > 1 else None
        if above is None or above.undescribed < 0:
            return False
        at, above.undescribed = above.undescribed, -1
        if isinstance(found, Entry) or found.reason != NO_LINK:
            return False
        text = clean_description(plain_text(item.paragraphs[0]))
        if len(text.split()) < 2:
            return False
        self.candidates[at] = self.candidates[at].model_copy(
            update={"description": text}
        )
        return True

    def _keep(self, found: Entry | NoEntry, *, group: str = "") -> None:
        groups = tuple(item.group for item in self.items if item.group)
        section = self._section((group, *groups))
        path = (*self._path(), group) if group else self._path()
        aside = next((text for text in (*path, *groups) if is_not_items(text)), "")
        if isinstance(found, NoEntry):
            if section and self._is_anchor(found):
                section.note_anchor()
            else:
                self._leave_out(found.name, found.url, found.reason)
        elif aside:
            self._leave_out(found.name, found.url, reason_of(aside))
        else:
            if section:
                section.entries.append(
                    Link(len(self.candidates), found.name, found.url)
                )
                if leads_to_heading(found.name, found.url, self.anchors):
                    section.note_anchor()
            self.candidates.append(self._candidate(found, path, groups))

    def _section(self, groups: Sequence[str]) -> Section | None:
        """Return the section that an entry stands in, if it may not be part of the list."""
        heading = self.headings[-1] if self.headings else _Heading(0, "", 0)
        group = next(filter(is_doubtful, groups), "")
        if not group and not is_doubtful(heading.text):
            return None
        key = (heading.number, group)
        return self.doubtful.setdefault(key, Section(group or heading.text))

    def _is_anchor(self, found: NoEntry) -> bool:
        """Tell whether a line of a table of contents leads to a heading."""
        return bool(found.group) and (
            not found.reason or folded(found.group) in self.anchors
        )

    def reading(self, kind: str) -> Reading:
        """Return what was found, without the sections that turned out to be around it."""
        doubted = {e.candidate for s in self.doubtful.values() for e in s.entries}
        certain = [c for n, c in enumerate(self.candidates) if n not in doubted]
        counted = Counter(place_of(candidate.url) for candidate in certain)
        usual, count = counted.most_common(1)[0] if counted else ("", 0)
        usual = usual if count * 2 > len(certain) else ""
        unwanted: set[int] = set()
        for section in self.doubtful.values():
            for link in section.asides(usual):
                unwanted.add(link.candidate)
                self._leave_out(link.name, link.url, reason_of(section.heading))
        kept = (c for n, c in enumerate(self.candidates) if n not in unwanted)
        return Reading(kind=kind, candidates=tuple(kept), left_out=tuple(self.left_out))

    def _leave_out(self, name: str, url: str, reason: str) -> None:
        if reason:
            self.left_out.append(
                LeftOut(name=name, url=url, source=self.source, reason=reason)
            )

    def _candidate(
        self, entry: Entry, path: tuple[str, ...], groups: tuple[str, ...]
    ) -> Candidate:
        return Candidate(
            name=entry.name,
            url=entry.url,
            description=entry.description,
            path=path,
            groups=groups,
            category=entry.category,
            tags=entry.tags,
            labels=entry.labels,
            facts=dict(entry.facts),
            source=self.source,
            locator=" > ".join((*path, *groups)),
        )

    def _table(self, table: Table) -> None:
        for found, group in rows_of_table(table, self.base):
            self._keep(found, group=group)


def rows_of_table(table: Table, base: str) -> Iterator[tuple[Entry | NoEntry, str]]:
    """Yield what each row says, and the row across the table that stands above it."""
    rows = without_calls(table.rows, base)
    fields = fields_of_columns(table.header, rows, base)
    sorting = fields.index("category") if "category" in fields else -1
    widest = max((len(row) for row in rows), default=0)
    group = above = ""
    for row in rows:
        if len(row) == 1 and widest > 2 and group_name(row[0]):
            group = group_name(row[0])
            continue
        entry = read_row(fields, row, base=base)
        if isinstance(entry, Entry) and 0 <= sorting < len(row):
            # Said once, above the rows that it holds for.
            above = entry.category or above
            entry = entry._replace(category=above)
        yield entry, group


__all__ = ["Block", "Piece", "Table", "read_blocks", "rows_of_table"]
