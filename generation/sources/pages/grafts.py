"""New elements for the tree of a page, and what its rewriting asks of the old ones."""

from __future__ import annotations

import re
from collections.abc import Sequence

from generation.sources.labels import calls_for, is_read_more, says_nothing
from generation.sources.listed import is_address
from generation.sources.names import name_key
from generation.sources.pages.tree import BLOCKS, Element

# So many make a list, and most of its members have to be alike.
FEWEST = 3
SHARE = 0.6
MOST_TITLE_WORDS = 8
_BOLD = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE)
SEPARATORS = tuple("-\u2010\u2011\u2012\u2013\u2014\u2015:|(\uff1a\u00b7\u2022/")
NUMBER = re.compile(r"#?\d{1,3}[.):]?\s+")
_EMPHASIS = ("b", "strong", "em", "i", "font", "u", "span", "big")


def new_element(tag: str, parent: Element, children: list[Element | str]) -> Element:
    """Make an element of children that stood elsewhere in the tree."""
    element = Element(tag, {}, parent)
    element.children = children
    for child in children:
        if isinstance(child, Element):
            child.parent = element
    _recount(element)
    return element


def append(parent: Element, child: Element) -> None:
    """Add a child, and what it counts."""
    parent.children.append(child)
    parent.words += child.words
    parent.links += child.links


def replace_children(element: Element, children: list[Element | str]) -> None:
    """Give an element other children."""
    element.children = children
    for child in children:
        if isinstance(child, Element):
            child.parent = element
    _recount(element)


def _recount(element: Element) -> None:
    element.words = sum(
        len(c.split()) if isinstance(c, str) else c.words for c in element.children
    )
    element.links = sum(c.links for c in element.elements)


def shows_something(line: Sequence[Element | str]) -> bool:
    """Tell whether there are words or links in a line."""
    return any(
        child.strip() if isinstance(child, str) else child.words or child.links
        for child in line
    )


def shown_in(element: Element) -> list[Element | str]:
    """Return the children that are more than blanks."""
    return [c for c in element.children if isinstance(c, Element) or c.strip()]


def links_in(element: Element) -> list[Element]:
    """Return the links of an element that lead off the page."""
    return [
        inner
        for inner in all_in(element)
        if inner.tag == "a" and inner.get("href")[:1] not in ("", "#")
    ]


def all_in(element: Element) -> list[Element]:
    """Return an element and everything inside it."""
    return [element, *element.inside()]


def is_bold(element: Element) -> bool:
    """Tell whether words stand out, by their element or their style."""
    if element.tag in ("b", "strong"):
        return True
    return element.tag == "span" and bool(_BOLD.search(element.get("style")))


def is_silent(text: str) -> bool:
    """Tell whether a link's text names nothing."""
    return says_nothing(text) or is_read_more(text)


def shows_address(link: Element) -> bool:
    """Tell whether a link's text is where it leads."""
    return is_address(link.text(), link.get("href"))


def is_its_link(link: Element, name: str) -> bool:
    """Tell whether a link below a heading leads to what the heading names."""
    text = link.text()
    if is_silent(text) or shows_address(link) or calls_for(text, name):
        return True
    label, key = name_key(text), name_key(NUMBER.sub("", name))
    return len(label) > 2 and (label in key or (len(key) > 2 and key in label))


def asks(text: str) -> bool:
    """Tell a question, which has an answer below it, from a name."""
    return text.rstrip().endswith(("?", "\uff1f"))


def is_named_entry(shown: Sequence[Element | str]) -> bool:
    """Tell "<b>Name</b>: what it is. <a>Website</a>"."""
    if len(shown) < 3 or not isinstance(shown[0], Element):
        return False
    name, following = shown[0], shown[1]
    return (
        name.tag in ("b", "strong")
        and isinstance(following, str)
        and following.lstrip().startswith(SEPARATORS)
        and any(
            isinstance(c, Element) and c.tag == "a" and is_its_link(c, name.text())
            for c in shown[2:]
        )
    )


def begins_with_link(line: Sequence[Element | str]) -> bool:
    """Tell whether the first words of a line are a link's."""
    for child in line:
        if isinstance(child, str):
            if any(map(str.isalnum, child)):
                return False
        elif child.tag == "a" and child.get("href"):
            return child.words > 0
        elif child.tag in _EMPHASIS and child.words:
            inner = links_in(child)
            return bool(inner) and inner[0].words == child.words
        elif child.tag in BLOCKS or child.words:
            return False
    return False
