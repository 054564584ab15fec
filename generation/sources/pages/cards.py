"""Groups of blocks of one shape: cards, tiles, rows of a list that are made of boxes.

Blocks belong together when they have the same place in the tree and share their class
names. Groups stand inside of groups (a section holds cards, a card holds chips); here it
is decided which of them are the items.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from generation.sources.labels import is_read_more, link_fact, says_nothing
from generation.sources.names import squeeze
from generation.sources.pages.links import sorts_or_shares
from generation.sources.pages.parts import is_mark, label_of
from generation.sources.pages.tree import HEADINGS, Element
from generation.sources.urls import clean_url, host_of

FEWEST = 3
_BOLD = ("strong", "b")
_BOXES = frozenset({"div", "article", "section", "a", "li", "figure", "tr", "dt"})
_HOLDS_TILES = ("div", "section", "article", "main", "body", "figure", "center")
# These have readers of their own, unless a list item is a box of parts.
_LINES = ("li", "tr", "dt")
_STRUCTURE = frozenset(
    {
        *("div", "article", "section", "figure", "header", "footer", "hgroup", "nav"),
        *HEADINGS,
    }
)
# Links that lead through the pages of a document rather than to something.
_AROUND = re.compile(
    r"[\W_]*(?:prev(?:ious)?(?: (?:page|chapter|section))?|next(?: (?:page|chapter|section))?"
    r"|up|top|back(?: to top)?|index|contents|table of contents|first|last|\d{1,4}"
    r"|print|edit(?: this page)?|log ?in|sign ?(?:in|up)|register|reply|skip to content)[\W_]*",
    re.IGNORECASE,
)
_MOST_WORDS = 400
_MOST_LINKS = 25
_MOST_SHAPES = 50
# Names of elements may be as long as a page: the end of a path tells places apart.
_LONGEST_PATH = 1_000
# In a page of boxes in boxes, hundreds deep, no more of them are compared with one inside.
_MOST_ABOVE = 20
_LONGEST_NAME = 80
_APART = 0.8


@dataclass
class Group:
    """Blocks of one shape. `number` tells groups of a page apart."""

    members: list[Element]
    names: list[str] = field(default_factory=list)
    hrefs: list[str] = field(default_factory=list)
    has_headings: bool = False

    @cached_property
    def distinct(self) -> float:
        names = [name.casefold() for name in self.names if name]
        return len(set(names)) / len(names) if names else 0.0

    @cached_property
    def words(self) -> float:
        return sum(member.words for member in self.members) / len(self.members)

    @cached_property
    def only_labels(self) -> bool:
        """Tell whether the boxes are buttons: "Website", "Docs", icons without words."""
        labels = [
            says_nothing(name)
            or is_read_more(name)
            or bool(link_fact(name))
            or bool(_AROUND.fullmatch(name))
            or not name
            for name in self.names
        ]
        return sum(labels) * 2 > len(labels)

    @cached_property
    def only_sorts(self) -> bool:
        """Tell whether the boxes' links lead to tags and categories."""
        return sum(map(sorts_or_shares, self.hrefs)) * 2 > len(self.hrefs)

    @cached_property
    def leads_apart(self) -> bool:
        """Tell whether each box leads to a place of its own: one thing has one."""
        hosts = [host_of(clean_url(href)) for href in self.hrefs]
        return all(hosts) and len(set(hosts)) >= _APART * len(hosts)


def find_groups(body: Element, *, fewest: int = FEWEST) -> list[Group]:
    """Return the groups of cards, none inside another."""
    inside = _Contents(body)
    shapes = (_group(shape, inside, fewest) for shape in _shapes(body))
    groups = _not_nested([group for group in shapes if group is not None])
    return [group for group in groups if not _are_lines(group)]


def is_structured(element: Element) -> bool:
    """Tell a list item that is a box of parts from one that is a line of text."""
    own = [child for child in element.children if isinstance(child, str)]
    if any(map(str.isalnum, "".join(own))):
        return False
    inner = element.elements
    if element.tag == "article" and len(inner) > 1:
        return True
    if len(inner) == 1 and inner[0].tag in ("a", "div", "article"):
        own = [child for child in inner[0].children if isinstance(child, str)]
        if any(map(str.isalnum, "".join(own))):
            return False
        inner = inner[0].elements
    if any(child.tag in ("ul", "ol") for child in inner) and not any(
        child.tag in _STRUCTURE for child in inner
    ):
        return False
    if any(child.tag in _STRUCTURE for child in inner):
        return True
    return sum(child.tag == "span" and child.words > 0 for child in inner) >= 2


def _shapes(body: Element) -> list[list[Element]]:
    """Gather boxes by their place in the tree, then by the class names they share."""
    places: dict[str, list[Element]] = defaultdict(list)
    waiting = [(body, "body")]
    while waiting:
        element, path = waiting.pop()
        has_tiles = _may_hold_tiles(element)
        for child in reversed(element.elements):
            if child.is_surrounding:
                continue
            place = f"{path}/{child.tag}"[-_LONGEST_PATH:]
            if child.links and _is_box(child, among_tiles=has_tiles):
                places[place].append(child)
            waiting.append((child, place))
    return [shape for boxes in places.values() for shape in _by_class(boxes) if shape]


def _may_hold_tiles(parent: Element) -> bool:
    """Tell whether links in an element may be boxes: in a line of text, one is a word."""
    if parent.tag not in _HOLDS_TILES:
        return False
    own = (child for child in parent.children if isinstance(child, str))
    return not any(any(map(str.isalnum, text)) for text in own)


def _is_box(element: Element, *, among_tiles: bool) -> bool:
    if element.tag == "a":
        return among_tiles
    return element.tag in _BOXES or "-" in element.tag


def _by_class(boxes: list[Element]) -> list[list[Element]]:
    """Divide boxes by class names; a modifier ("card featured") divides nothing."""
    used = Counter(name for box in boxes for name in set(box.classes))
    exact: dict[frozenset[str], list[Element]] = defaultdict(list)
    for box in boxes:
        # A name that one box alone has ("post-123") is that box's, not its shape's.
        exact[frozenset(n for n in box.classes if used[n] > 1)].append(box)
    shapes: list[tuple[frozenset[str], list[Element]]] = []
    for classes, members in sorted(
        exact.items(), key=lambda pair: (-len(pair[1]), sorted(pair[0]))
    ):
        for known, gathered in shapes[:_MOST_SHAPES]:
            if _are_alike(known, classes):
                gathered += members
                break
        else:
            shapes.append((classes, members))
    order = {id(box): n for n, box in enumerate(boxes)}
    return [sorted(shape, key=lambda box: order[id(box)]) for _, shape in shapes]


def _are_alike(one: frozenset[str], other: frozenset[str]) -> bool:
    if not one or not other:
        return one == other
    shared = len(one & other)
    return shared * 2 >= len(one | other) or shared == min(len(one), len(other))


class _Contents:
    """What each element of a page holds first: found in one walk, the innermost first.

    Boxes stand in boxes, so that looking into each of them would cost the square.
    """

    def __init__(self, body: Element) -> None:
        self._headings: dict[int, Element] = {}
        self._bold: dict[int, Element] = {}
        # Of links: what each is called, the first name below an element, the first that names.
        self._own: dict[int, str] = {}
        self._first: dict[int, str] = {}
        self._labels: dict[int, str] = {}
        self._hrefs: dict[int, str] = {}
        self._headed: set[int] = set()
        for element in reversed([body, *body.inside()]):
            for child in reversed(element.elements):
                self._take(element, child)

    def _take(self, element: Element, child: Element) -> None:
        """Let what a child is or holds count for its parent: the first child comes last."""
        above, below = id(element), id(child)
        if child.tag in HEADINGS or below in self._headed:
            self._headed.add(above)
        is_named = bool(child.words) and not is_mark(child)
        for tags, first in ((HEADINGS, self._headings), (_BOLD, self._bold)):
            found = child if is_named and child.tag in tags else first.get(below)
            if found is not None:
                first[above] = found
        is_link = child.tag == "a" and bool(child.get("href"))
        href = child.get("href") if is_link else self._hrefs.get(below, "")
        if href:
            self._hrefs[above] = href
        if is_link and not is_mark(child):
            self._own[below] = self._first[above] = label_of(child)
        elif below in self._first:
            self._first[above] = self._first[below]
        if label := self._label(below):
            self._labels[above] = label

    def _label(self, element: int) -> str:
        """Return what the first link is called that says something."""
        own = self._own.get(element, "")
        if own and not says_nothing(own) and not is_read_more(own):
            return own
        return self._labels.get(element, "")

    def name(self, member: Element) -> str:
        """Guess a box's name: its heading, else its first link's words."""
        for first in (self._headings, self._bold):
            found = first.get(id(member))
            if found is not None:
                return found.text()[:_LONGEST_NAME]
        if label := self._label(id(member)):
            return squeeze(label)[:_LONGEST_NAME]
        own = self._own.get(id(member), self._first.get(id(member), ""))
        return (member.text() or own)[:_LONGEST_NAME]

    def href(self, member: Element) -> str:
        return member.get("href") or self._hrefs.get(id(member), "")

    def is_headed(self, member: Element) -> bool:
        return id(member) in self._headed


def _group(members: list[Element], inside: _Contents, fewest: int) -> Group | None:
    """Return the boxes that could each be an item, if most of them could."""
    if len(members) < fewest:
        return None
    fitting = [member for member in members if _fits(member)]
    if len(fitting) < fewest or len(fitting) * 2 <= len(members):
        return None
    group = Group(
        fitting,
        names=list(map(inside.name, fitting)),
        hrefs=list(map(inside.href, fitting)),
        has_headings=sum(map(inside.is_headed, fitting)) * 2 > len(fitting),
    )
    named = sum(map(bool, group.names))
    return group if named * 2 > len(fitting) else None


def _fits(member: Element) -> bool:
    return (
        0 < member.links <= _MOST_LINKS
        and member.words <= _MOST_WORDS
        and not is_mark(member)
    )


def _not_nested(groups: list[Group]) -> list[Group]:
    """Decide between a group and those inside its members."""
    groups = sorted(groups, key=lambda group: (-group.words, -len(group.members)))
    chosen: list[Group] = []
    refused: set[int] = set()
    inside = _Inside(groups)
    for n, group in enumerate(groups):
        if n in refused:
            continue
        inner = [m for m in inside.of(n) if m not in refused]
        if any(_holds_items(group, groups[m], inside.pairs[n, m]) for m in inner):
            continue
        if not _are_items(group):
            continue
        chosen.append(group)
        refused.update(inside.of(n))
    return chosen


class _Inside:
    """Which groups stand inside which, and how many of their boxes a member holds."""

    def __init__(self, groups: Sequence[Group]) -> None:
        owner: dict[int, list[int]] = defaultdict(list)
        for n, group in enumerate(groups):
            for member in group.members:
                owner[id(member)].append(n)
        self.pairs: dict[tuple[int, int], Counter[int]] = defaultdict(Counter)
        for m, group in enumerate(groups):
            for member in group.members:
                boxes = (b for b in member.ancestors() if id(b) in owner)
                for above in islice(boxes, _MOST_ABOVE):
                    for n in owner[id(above)]:
                        if n != m:
                            self.pairs[n, m][id(above)] += 1
        self._of: dict[int, list[int]] = defaultdict(list)
        for n, m in sorted(self.pairs):
            self._of[n].append(m)

    def of(self, n: int) -> list[int]:
        return self._of[n]


def _holds_items(outer: Group, inner: Group, held: Counter[int]) -> bool:
    """Tell whether the boxes inside a group's members are the items, not the members."""
    total = held.total()
    if len(held) * 3 < len(outer.members) and total < len(outer.members):
        return False
    if total < 2 * len(held):
        # One box in each: the same thing, wrapped.
        return False
    if inner.distinct < 0.6 or inner.only_labels:
        return False
    if inner.has_headings:
        return True
    if not outer.has_headings:
        return inner.words >= 2 or inner.leads_apart
    if inner.only_sorts:
        return False
    # A headed box with links inside: a section of a link list, or one item with links.
    return total >= 3 * len(held) or inner.words > 8


def _are_items(group: Group) -> bool:
    """Tell items from buttons, marks and lines of text."""
    if group.distinct < 0.5 or group.only_labels or group.only_sorts:
        return False
    if _are_lines(group):
        return True
    structured = [is_structured(member) or _is_tile(member) for member in group.members]
    return sum(structured) * 2 > len(structured)


def _are_lines(group: Group) -> bool:
    """Tell the rows and lines that the readers of tables and of lists take."""
    if group.members[0].tag not in _LINES:
        return False
    structured = [
        member.tag == "li" and is_structured(member) for member in group.members
    ]
    return sum(structured) * 2 <= len(structured)


def _is_tile(member: Element) -> bool:
    """A box that is all one link, around words or a picture."""
    if member.tag in ("a", "figure"):
        return True
    return member.tag == "div" and member.links >= 1 and member.words <= 60
