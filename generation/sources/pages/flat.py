"""Lists that are written without list elements become lists in the tree.

A heading, a paragraph, a heading, a paragraph; links divided by line breaks; paragraphs
that each begin with a link; pictures with captions in the cells of a table. People see
entries there; after this the other readers do as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

from generation.sources.labels import calls_for, is_read_more, says_nothing
from generation.sources.listed import is_address
from generation.sources.names import name_key
from generation.sources.pages.tree import BLOCKS, HEADINGS, Element
from generation.sources.urls import clean_url

_FEWEST = 3
_SHARE = 0.6
_LONGEST_SECTION = 700
_MOST_LINKS = 15
_SAMPLE = 200
_SEPARATORS = tuple("-\u2010\u2011\u2012\u2013\u2014\u2015:|(\uff1a\u00b7\u2022/")
_NEVER = ("ul", "ol", "dl", "table", "tbody", "thead", "tr", "a", "pre", "code")
_NUMBER = re.compile(r"#?\d{1,3}[.):]?\s+")
_EMPHASIS = ("b", "strong", "em", "i", "font", "u", "span", "big")


def name_what_is_flat(body: Element, base: str) -> None:
    """Rewrite the tree, the innermost parts first."""
    for element in reversed([body, *body.inside()]):
        if element.tag == "table":
            _cells_to_cards(element, base)
        elif element.tag not in _NEVER:
            _lines_to_list(element)
            _sections_to_cards(element, base)
            _titles_to_cards(element)
            _paragraphs_to_list(element)


def _sections_to_cards(parent: Element, base: str) -> None:
    """Wrap "heading, paragraphs" where most such sections are about one thing."""
    for tag in ("h6", "h5", "h4", "h3", "h2"):
        heads = [child for child in parent.elements if child.tag == tag]
        if len(heads) < _FEWEST:
            continue
        _wrap(
            parent,
            partial(_has_tag, tag),
            partial(_ends_section, HEADINGS[tag]),
            lambda section: _is_about_one(section, base),
        )


def _has_tag(tag: str, element: Element) -> bool:
    return element.tag == tag


def _ends_section(level: int, element: Element) -> bool:
    return HEADINGS.get(element.tag, 9) <= level or element.tag in ("section", "hr")


def _titles_to_cards(parent: Element) -> None:
    """Wrap a linked title on a line of its own with the paragraphs below it."""
    titles = [child for child in parent.elements if _is_title(child)]
    if len(titles) < _FEWEST:
        return
    _wrap(
        parent,
        _is_title,
        lambda child: child.tag in HEADINGS or child.tag not in ("p", "div", "br"),
        lambda section: (
            len(section) > 1 and sum(part.words for part in section) <= _LONGEST_SECTION
        ),
    )


def _is_title(element: Element) -> bool:
    """Tell a paragraph or box that is one linked line and nothing more."""
    if element.tag not in ("p", "div", "b", "strong") or not 0 < element.words <= 12:
        return False
    if element.links != 1 or any(i.tag in HEADINGS for i in element.elements):
        return False
    return all(
        not any(map(str.isalnum, child)) if isinstance(child, str) else child.links == 1
        for child in element.children
    ) and not (element.classes and element.tag == "div")


def _wrap(
    parent: Element,
    begins: Callable[[Element], bool],
    ends: Callable[[Element], bool],
    fits: Callable[[Sequence[Element]], bool],
) -> None:
    """Wrap each run from what begins it to what ends it, if most runs fit."""
    runs: list[tuple[int, int]] = []
    start = -1
    for n, child in enumerate(parent.children):
        if isinstance(child, str):
            continue
        if start >= 0 and (begins(child) or ends(child)):
            runs.append((start, n))
            start = -1
        if begins(child):
            start = n
    if start >= 0:
        runs.append((start, len(parent.children)))
    fitting = [
        (start, end)
        for start, end in runs
        if fits([c for c in parent.children[start:end] if isinstance(c, Element)])
    ]
    if len(fitting) < _FEWEST or len(fitting) < _SHARE * len(runs):
        return
    for start, end in reversed(fitting):
        parent.children[start:end] = [
            _new("article", parent, parent.children[start:end])
        ]


def _is_about_one(section: Sequence[Element], base: str) -> bool:
    head, rest = section[0], section[1:]
    if any(
        inner.tag in HEADINGS and inner.links for part in rest for inner in _all(part)
    ):
        return False
    if any(_holds_entries(part) for part in rest):
        return False
    if sum(part.words for part in rest) > _LONGEST_SECTION:
        return False
    if sum(part.links for part in rest) > _MOST_LINKS or not head.words:
        return False
    if _leads_away(head, base):
        return True
    return any(
        _is_its_link(link, head.text()) for part in rest for link in _links(part)
    )


def _leads_away(head: Element, base: str) -> bool:
    page = base.partition("#")[0]
    for link in _links(head):
        url = clean_url(link.get("href"), base=base).partition("#")[0]
        if url and url != page:
            return True
    return False


def _holds_entries(part: Element) -> bool:
    """Tell whether a part of a section is itself a list, table or row of cards."""
    for inner in _all(part):
        if inner.tag in ("ul", "ol", "table", "dl"):
            links = _links(inner)
            naming = [link for link in links if not _is_silent(link.text())]
            if len(naming) >= 2:
                return True
        if inner.tag in ("article", "section") and inner.links:
            return True
    return False


def _is_its_link(link: Element, name: str) -> bool:
    """Tell whether a link below a heading leads to what the heading names."""
    text = link.text()
    if _is_silent(text) or is_address(text, link.get("href")) or calls_for(text, name):
        return True
    label, key = name_key(text), name_key(_NUMBER.sub("", name))
    return len(label) > 2 and (label in key or (len(key) > 2 and key in label))


def _is_silent(text: str) -> bool:
    return says_nothing(text) or is_read_more(text)


def _lines_to_list(parent: Element) -> None:
    """Make a list of lines that line breaks divide, where most begin with a link."""
    breaks = sum(child.tag == "br" for child in parent.elements)
    if breaks < _FEWEST - 1 or parent.links < _FEWEST:
        return
    lines: list[list[Element | str]] = [[]]
    for child in parent.children:
        if isinstance(child, Element) and child.tag == "br":
            lines.append([])
        elif isinstance(child, Element) and child.tag in BLOCKS:
            lines += [[child], []]
        else:
            lines[-1].append(child)
    lines = [line for line in lines if _shows(line)]
    beginning = [line for line in lines if _begins_with_link(line)]
    if len(beginning) < _FEWEST or len(beginning) * 3 < len(lines):
        return
    parent.children = _listed(parent, lines)


def _listed(parent: Element, lines: list[list[Element | str]]) -> list[Element | str]:
    children: list[Element | str] = []
    items: Element | None = None
    item = parent
    for line in lines:
        first = line[0]
        if _begins_with_link(line):
            if items is None:
                items = _new("ul", parent, [])
                children.append(items)
            item = _new("li", items, line)
            _append(items, item)
        elif len(line) == 1 and isinstance(first, Element) and first.tag in BLOCKS:
            children.append(first)
            items = None
        elif items is not None and not _is_emphasised(line):
            more = _new("span", item, line)
            item.children.append(" ")
            _append(item, more)
            items.words += more.words
            items.links += more.links
        else:
            children.append(_new("p", parent, line))
            items = None
    return children


def _is_emphasised(line: Sequence[Element | str]) -> bool:
    """Tell a line that only heads others: bold words and nothing else."""
    shown = [child for child in line if isinstance(child, Element) or child.strip(" :")]
    return (
        len(shown) == 1
        and isinstance(shown[0], Element)
        and any(inner.tag in ("b", "strong") for inner in _all(shown[0]))
    )


def _paragraphs_to_list(parent: Element) -> None:
    """Make lists of paragraphs that each begin with the link that they are about."""
    paragraphs = [
        child for child in parent.elements if child.tag == "p" and child.words
    ]
    listed = _listed_paragraphs(parent, paragraphs)
    if len(listed) < _FEWEST:
        return
    children: list[Element | str] = []
    items: Element | None = None
    for child in parent.children:
        if isinstance(child, Element) and id(child) in listed:
            if items is None:
                items = _new("ul", parent, [])
                children.append(items)
            child.tag, child.parent = "li", items
            _append(items, child)
        else:
            children.append(child)
            items = items if isinstance(child, str) and not child.strip() else None
    parent.children = children


def _listed_paragraphs(parent: Element, paragraphs: list[Element]) -> set[int]:
    """Return the paragraphs that are entries: most of them are, or several in a row."""
    entries = {id(p) for p in paragraphs if _is_entry(p)}
    loose = {id(p) for p in paragraphs if _begins_with_link(p.children)}
    if len(loose) >= _SHARE * len(paragraphs):
        return loose
    if len(entries) >= _SHARE * len(paragraphs):
        return entries
    found: set[int] = set()
    row: list[int] = []
    for child in (*parent.elements, None):
        if child is not None and id(child) in entries:
            row.append(id(child))
            continue
        found.update(row if len(row) >= _FEWEST else ())
        row = []
    return found


def _is_entry(paragraph: Element) -> bool:
    """Tell "<a>Name</a> - what it is" from a sentence that begins with a link."""
    shown = [c for c in paragraph.children if isinstance(c, Element) or c.strip()]
    if _is_named_entry(shown):
        return True
    if not _begins_with_link(shown):
        return False
    if len(shown) == 1:
        return isinstance(shown[0], Element) and shown[0].tag == "a"
    following = shown[1]
    if isinstance(following, Element):
        return following.tag == "br"
    return following.lstrip().startswith(_SEPARATORS)


def _is_named_entry(shown: Sequence[Element | str]) -> bool:
    """Tell "<b>Name</b>: what it is. <a>Website</a>"."""
    if len(shown) < 3 or not isinstance(shown[0], Element):
        return False
    name, following = shown[0], shown[1]
    return (
        name.tag in ("b", "strong")
        and isinstance(following, str)
        and following.lstrip().startswith(_SEPARATORS)
        and any(
            isinstance(c, Element) and c.tag == "a" and _is_its_link(c, name.text())
            for c in shown[2:]
        )
    )


def _begins_with_link(line: Sequence[Element | str]) -> bool:
    for child in line:
        if isinstance(child, str):
            if any(map(str.isalnum, child)):
                return False
        elif child.tag == "a" and child.get("href"):
            return child.words > 0
        elif child.tag in _EMPHASIS and child.words:
            inner = _links(child)
            return bool(inner) and inner[0].words == child.words
        elif child.tag in BLOCKS or child.words:
            return False
    return False


def _cells_to_cards(table: Element, base: str) -> None:
    """Turn a table that only arranges cards (a picture, a name, a line) into boxes."""
    cells = table.inside("td")
    if len(cells) < _FEWEST or table.inside("th", "table", "ul", "ol"):
        return
    rows = table.inside("tr")
    if all(sum(c.tag == "td" for c in row.elements) < 2 for row in rows):
        return
    filled = [cell for cell in cells if cell.words or cell.links]
    sample = filled[:_SAMPLE]
    cards = [cell for cell in sample if _is_card(cell, base)]
    if len(cards) < _FEWEST or len(cards) < 0.8 * len(sample):
        return
    for element in (table, *table.inside("tbody", "tr", "td")):
        element.tag = "div"


def _is_card(cell: Element, base: str) -> bool:
    links = {
        clean_url(link.get("href"), base=base) for link in _links(cell) if link.words
    }
    named = sum(link.words for link in _links(cell))
    return (
        1 <= len(links) <= 3
        and named <= 8
        and (cell.words > named + 2 or bool(cell.inside("img")))
    )


def _new(tag: str, parent: Element, children: list[Element | str]) -> Element:
    element = Element(tag, {}, parent)
    element.children = children
    for child in children:
        if isinstance(child, Element):
            child.parent = element
    _recount(element)
    return element


def _append(parent: Element, child: Element) -> None:
    parent.children.append(child)
    parent.words += child.words
    parent.links += child.links


def _recount(element: Element) -> None:
    element.words = sum(
        len(c.split()) if isinstance(c, str) else c.words for c in element.children
    )
    element.links = sum(c.links for c in element.elements)


def _shows(line: Sequence[Element | str]) -> bool:
    return any(
        child.strip() if isinstance(child, str) else child.words or child.links
        for child in line
    )


def _links(element: Element) -> list[Element]:
    return [
        inner
        for inner in _all(element)
        if inner.tag == "a" and inner.get("href")[:1] not in ("", "#")
    ]


def _all(element: Element) -> list[Element]:
    return [element, *element.inside()]
