"""What one repeated block of a page shows, part by part, and where inside it.

Each part has a path of elements and of those class names that many blocks of its group
share: parts with one path are one *slot* of the group, as cells are of a column.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from generation.sources.names import squeeze
from generation.sources.pages.grafts import is_silent
from generation.sources.pages.tree import BLOCKS, HEADINGS, Element

MARKS = frozenset(
    {"tag", "tags", "badge", "chip", "pill", "label", "labels", "topic", "keyword"}
)
_INLINE = frozenset(
    {
        *("b", "strong", "i", "em", "u", "s", "mark", "font", "tt", "code", "kbd", "a"),
        *("abbr", "cite", "q", "sub", "sup", "samp", "var", "ins", "del", "bdi", "big"),
    }
)
_CODE = ("code", "kbd", "samp")
_LINE = "-line"
_STRONG = frozenset({"strong", "b", "dt", "figcaption", "th"})
_SHARE_OF_A_CLASS = 0.3
_MOST_PARTS = 200
_LONGEST_PATH = 1_000
_JOINS_NAME = re.compile(r"\s*(?:[-\u2010-\u2015:|,(\uff1a\u00b7]|$)")
_ICON = re.compile(r"(?:^|[-_/])(?:icons?|fa[bsrl]?|bi|mdi|ri|ti|svg)(?:[-_/]|$)", re.I)
_LONGEST_LABEL = 200
_PICTURE = re.compile(
    r"\s*(?:['\u2019]s)?\s*\b(?:logo|icon|screenshot|image|thumbnail|avatar|cover)\b.*$"
    r"|^(?:logo|icon|screenshot|image|thumbnail)(?: of| for)?\s+",
    re.IGNORECASE,
)


class _Place(NamedTuple):
    """Where inside a block one stands, and what that makes of a text."""

    path: str = ""
    url: str = ""
    level: int = 0
    is_strong: bool = False
    is_mark: bool = False

    def below(self, step: str) -> _Place:
        # A block may be deep, and have a thousand class names: the end tells places apart.
        return self._replace(path=f"{self.path}/{step}"[-_LONGEST_PATH:])


@dataclass(frozen=True, slots=True)
class Part:
    """A line of text, or a picture's words. `url` is the link that it stands in."""

    path: str
    text: str
    url: str = ""
    level: int = 0
    is_strong: bool = False
    is_mark: bool = False
    is_picture: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A link, by what it shows or says of itself. `is_inline`: it stands in a sentence."""

    path: str
    url: str
    label: str
    is_inline: bool = False
    is_sponsored: bool = False
    has_text: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """One block: its parts and links in the order of the page."""

    texts: tuple[Part, ...]
    links: tuple[Link, ...]


def common_classes(members: Sequence[Element]) -> frozenset[str]:
    """Return the class names that are part of the group's shape, not of one member."""
    used: Counter[str] = Counter()
    for member in members:
        used.update({name for inner in member.inside() for name in inner.classes})
    least = max(2, _SHARE_OF_A_CLASS * len(members))
    return frozenset(name for name, count in used.items() if count >= least)


def name_in_picture(text: str) -> str:
    """Return what a picture shows: "Kimai logo" is Kimai's."""
    return _PICTURE.sub("", text)


def is_icon(element: Element) -> bool:
    """Tell whether an element without words is drawn by its class names alone."""
    return (
        element.tag in ("i", "span")
        and not element.words
        and any(map(_ICON.search, element.classes))
    )


def is_mark(element: Element) -> bool:
    """Tell whether an element is a mark beside the text, by what everybody calls it."""
    return element.tag in _CODE or not MARKS.isdisjoint(
        name.casefold() for name in element.classes
    )


def parts_of(member: Element, shape: frozenset[str]) -> Parts:
    """Take a block apart, in the order of the page and without recursion."""
    taken = _Taken(shape)
    waiting = [(member, _Place())]
    while waiting and len(taken.texts) < _MOST_PARTS:
        element, place = waiting.pop()
        place = taken.enter(element, place)
        below: list[tuple[Element, _Place]] = []
        for line in () if element.tag == "pre" else _lines(element):
            if not _has_words(line):
                below += [
                    (child, place.below(taken.step(child)))
                    for child in line
                    if isinstance(child, Element)
                ]
            elif below:
                # What stands before a line of text comes first: finish it.
                rest = Element(_LINE, {}, element.parent)
                rest.children = line
                below.append((rest, place))
            else:
                taken.line(line, place)
        waiting.extend(reversed(below))
    return Parts(tuple(taken.texts), tuple(taken.links))


def label_of(link: Element) -> str:
    """Return what a link shows; where that is a picture, what the picture says."""
    text = link.text()
    if any(map(str.isalnum, text)):
        return text[:_LONGEST_LABEL]
    for said in (link.get("aria-label"), link.get("title"), *_said_inside(link)):
        if any(map(str.isalnum, said)):
            return squeeze(said)[:_LONGEST_LABEL]
    return ""


def _said_inside(link: Element) -> Iterable[str]:
    for inner in link.inside():
        yield inner.get("aria-label")
        yield inner.get("title")
        yield inner.get("alt")
    for inner in (link, *link.inside()):
        stem = inner.get("src").rpartition("/")[2].partition(".")[0]
        yield stem if len(stem) < 40 else ""
        for name in inner.classes:
            if _ICON.search(name):
                yield _ICON.sub(" ", name)


def _lines(element: Element) -> list[list[Element | str]]:
    """Divide what stands directly in an element at its line breaks and its blocks."""
    lines: list[list[Element | str]] = [[]]
    for child in element.children:
        if isinstance(child, str) or child.tag not in BLOCKS:
            lines[-1].append(child)
        elif child.tag == "br":
            lines.append([])
        else:
            lines += [[child], []]
    return [line for line in lines if line]


def _has_words(line: Sequence[Element | str]) -> bool:
    """Tell whether a line has words of its own, outside of any element."""
    return any(
        isinstance(child, str) and any(map(str.isalnum, child)) for child in line
    ) or (len(line) > 1 and any(_is_emphasis(child) for child in line[1:]))


def _is_emphasis(child: Element | str) -> bool:
    return isinstance(child, Element) and child.tag in ("em", "i") and child.words > 3


class _Taken:
    """Gathers the parts of one block."""

    def __init__(self, shape: frozenset[str]) -> None:
        self.shape = shape
        self.texts: list[Part] = []
        self.links: list[Link] = []

    def step(self, element: Element) -> str:
        names = sorted(set(element.classes) & self.shape)
        return ".".join((element.tag, *names))

    def enter(self, element: Element, place: _Place) -> _Place:
        """Note an element's own link or picture; return where its inside stands."""
        if element.tag == "a" and element.get("href"):
            self._link(element, place.path)
            place = place._replace(url=element.get("href"))
        elif element.tag == "img":
            text = squeeze(element.get("alt"))
            if any(map(str.isalpha, text)):
                self.texts.append(Part(place.path, text, place.url, is_picture=True))
        return place._replace(
            level=HEADINGS.get(element.tag, place.level),
            is_strong=place.is_strong or element.tag in _STRONG,
            is_mark=place.is_mark or is_mark(element),
        )

    def line(self, line: list[Element | str], place: _Place) -> None:
        """Read one line that has words of its own: a sentence, a name and its text."""
        line = self._without_marks(line, place)
        head, rest = _divided(line)
        if head is not None:
            self._head(head, place)
            line, place = rest, place.below("rest")._replace(is_strong=False)
        for child in line:
            for inner in (child, *child.inside()) if isinstance(child, Element) else ():
                if inner.tag == "a" and inner.get("href"):
                    self._link(inner, place.path + "/a", is_inline=True)
        self._text(_words(_without_calls(line)), place)

    def _link(self, element: Element, path: str, *, is_inline: bool = False) -> None:
        self.links.append(
            Link(
                path,
                element.get("href"),
                label_of(element),
                is_inline,
                "sponsored" in element.get("rel").split(),
                element.words > 0,
            )
        )

    def _without_marks(
        self, line: list[Element | str], place: _Place
    ) -> list[Element | str]:
        """Take marks out of a line; in a heading, what follows its words as well."""
        kept: list[Element | str] = []
        for child in line:
            if isinstance(child, Element) and (
                is_mark(child) and (place.level or child.tag not in _CODE)
            ):
                self._aside(child, place, is_mark=True)
            else:
                kept.append(child)
        while kept and isinstance(kept[-1], str) and not kept[-1].strip():
            kept.pop()
        last = kept[-1] if len(kept) > 1 else None
        if place.level and isinstance(last, Element) and last.tag not in _INLINE:
            kept.pop()
            self._aside(last, place, is_mark=False)
        return kept

    def _aside(self, element: Element, place: _Place, *, is_mark: bool) -> None:
        place = place.below(self.step(element))._replace(level=0, is_strong=False)
        if element.tag == "a" and element.get("href"):
            self._link(element, place.path)
            place = place._replace(url=element.get("href"))
        self._text(element.text(), place._replace(is_mark=is_mark))

    def _head(self, element: Element, place: _Place) -> None:
        """Add what a line begins with: a link, or words that stand out."""
        place = place.below(self.step(element))
        anchors = [element] if element.tag == "a" else element.inside("a")
        for anchor in anchors[:1]:
            self._link(anchor, place.path)
            place = place._replace(url=anchor.get("href"))
        strong = place.is_strong or element.tag in _STRONG
        self._text(element.text(), place._replace(is_strong=strong))

    def _text(self, text: str, place: _Place) -> None:
        text = squeeze(text)
        if any(map(str.isalnum, text)):
            self.texts.append(
                Part(
                    place.path,
                    text,
                    place.url,
                    place.level,
                    place.is_strong,
                    place.is_mark,
                )
            )


def _divided(
    line: list[Element | str],
) -> tuple[Element | None, list[Element | str]]:
    """Divide "<a>Name</a> - what it is" where a separator stands behind the name."""
    children = [c for c in line if isinstance(c, Element) or c.strip()]
    if not children or not isinstance(children[0], Element):
        return None, line
    head, rest = children[0], children[1:]
    if head.tag not in ("a", "b", "strong") or not head.words:
        return None, line
    following = rest[0] if rest else ""
    if isinstance(following, str) and _JOINS_NAME.match(following):
        return head, list(rest)
    return None, line


def _without_calls(line: list[Element | str]) -> list[Element | str]:
    """Leave out the link behind a sentence that only asks to follow it."""
    kept = list(line)
    while len(kept) > 1:
        last = kept[-1]
        if isinstance(last, str):
            if any(map(str.isalnum, last)):
                break
        elif last.tag != "a" or not (is_silent(last.text()) or "://" in last.text()):
            break
        kept.pop()
    return kept if any(isinstance(c, Element) or c.strip() for c in kept) else line


def _words(line: Iterable[Element | str]) -> str:
    return "".join(
        child
        if isinstance(child, str)
        else f" {child.text()} "
        if child.tag in BLOCKS
        else _inner_text(child)
        for child in line
    )


def _inner_text(element: Element) -> str:
    """Return an inline element's words with the blanks at their ends."""
    return "".join(child for child in element.walk() if isinstance(child, str))
