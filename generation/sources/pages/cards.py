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

from generation.sources.labels import is_read_more, link_fact, says_nothing
from generation.sources.names import squeeze
from generation.sources.pages.links import sorts_or_shares
from generation.sources.pages.parts import is_mark, label_of
from generation.sources.pages.tree import HEADINGS, Element
from generation.sources.urls import clean_url, host_of

FEWEST = 3
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
_LONGEST_NAME = 80
_APART = 0.8


@dataclass
class Group:
    """Blocks of one shape. `number` tells groups of a page apart."""

    members: list[Element]
    names: list[str] = field(default_factory=list)

    @property
    def distinct(self) -> float:
        names = [name.casefold() for name in self.names if name]
        return len(set(names)) / len(names) if names else 0.0

    @property
    def words(self) -> float:
        return sum(member.words for member in self.members) / len(self.members)


def find_groups(body: Element, *, fewest: int = FEWEST) -> list[Group]:
    """Return the groups of cards, none inside another."""
    shapes = (_group(shape, fewest) for shape in _shapes(body))
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
        for child in reversed(element.elements):
            if child.is_surrounding:
                continue
            place = f"{path}/{child.tag}"
            if child.links and _is_box(child, element):
                places[place].append(child)
            waiting.append((child, place))
    return [shape for boxes in places.values() for shape in _by_class(boxes) if shape]


def _is_box(element: Element, parent: Element) -> bool:
    if element.tag == "a":
        # In a line of text, a link is a word.
        own = "".join(child for child in parent.children if isinstance(child, str))
        return parent.tag in _HOLDS_TILES and not any(map(str.isalnum, own))
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


def _group(members: list[Element], fewest: int) -> Group | None:
    """Return the boxes that could each be an item, if most of them could."""
    if len(members) < fewest:
        return None
    fitting = [member for member in members if _fits(member)]
    if len(fitting) < fewest or len(fitting) * 2 <= len(members):
        return None
    group = Group(fitting, [_name(member) for member in fitting])
    named = sum(map(bool, group.names))
    return group if named * 2 > len(fitting) else None


def _fits(member: Element) -> bool:
    return (
        0 < member.links <= _MOST_LINKS
        and member.words <= _MOST_WORDS
        and not is_mark(member)
    )


def _name(member: Element) -> str:
    """Guess a box's name: its heading, else its first link's words."""
    inner = [member, *member.inside()]
    for tags in (tuple(HEADINGS), ("strong", "b")):
        for element in inner:
            if element.tag in tags and element.words and not is_mark(element):
                return element.text()[:_LONGEST_NAME]
    labels = [
        label_of(element)
        for element in inner
        if element.tag == "a" and element.get("href") and not is_mark(element)
    ]
    for label in labels:
        if not says_nothing(label) and not is_read_more(label) and label:
            return squeeze(label)[:_LONGEST_NAME]
    return (member.text() or next(iter(labels), ""))[:_LONGEST_NAME]


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
                for above in member.ancestors():
                    for n in owner.get(id(above), ()):
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
    if inner.distinct < 0.6 or _only_labels(inner):
        return False
    if _have_headings(inner):
        return True
    if not _have_headings(outer):
        return inner.words >= 2 or _lead_apart(inner)
    if _only_sort(inner):
        return False
    # A headed box with links inside: a section of a link list, or one item with links.
    return total >= 3 * len(held) or inner.words > 8


def _have_headings(group: Group) -> bool:
    headed = [
        any(inner.tag in HEADINGS for inner in member.inside())
        for member in group.members
    ]
    return sum(headed) * 2 > len(headed)


def _only_labels(group: Group) -> bool:
    """Tell whether the boxes are buttons: "Website", "Docs", icons without words."""
    labels = [
        says_nothing(name)
        or is_read_more(name)
        or bool(link_fact(name))
        or bool(_AROUND.fullmatch(name))
        or not name
        for name in group.names
    ]
    return sum(labels) * 2 > len(labels)


def _lead_apart(group: Group) -> bool:
    """Tell whether each box leads to a place of its own: one thing has one."""
    hosts = [host_of(clean_url(_href(member))) for member in group.members]
    return all(hosts) and len(set(hosts)) >= _APART * len(hosts)


def _only_sort(group: Group) -> bool:
    """Tell whether the boxes' links lead to tags and categories."""
    hrefs = [_href(member) for member in group.members]
    return sum(map(sorts_or_shares, hrefs)) * 2 > len(hrefs)


def _href(member: Element) -> str:
    for element in (member, *member.inside("a")):
        if element.get("href"):
            return element.get("href")
    return ""


def _are_items(group: Group) -> bool:
    """Tell items from buttons, marks and lines of text."""
    if group.distinct < 0.5 or _only_labels(group) or _only_sort(group):
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
