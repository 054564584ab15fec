"""Headings, bold names and folds with what stands below them become boxes, one a thing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

from generation.sources.fields import field_of
from generation.sources.pages.grafts import (
    FEWEST,
    MOST_TITLE_WORDS,
    NUMBER,
    SEPARATORS,
    SHARE,
    all_in,
    asks,
    is_bold,
    is_its_link,
    is_named_entry,
    is_silent,
    links_in,
    new_element,
    replace_children,
    shown_in,
    shows_something,
)
from generation.sources.pages.tree import HEADINGS, Element
from generation.sources.urls import clean_url, host_of

_LONGEST_SECTION = 700
_MOST_LINKS = 15
_MOST_HEAD_WORDS = 5
# A name with what the author finds it best for.
_TITLED = re.compile(
    r"(?:#?\d{1,3}[.):]?\s+)?(\S.{0,60}?)(?:(?:\s+[-\u2013\u2014]\s+|:\s+)"
    r"(?:(?:the|a|an|our)\s+)?(?:best|great|ideal|perfect|good|top|most|favou?rite|easiest"
    r"|cheapest|fastest|for)\b.*|\uff08.{1,80}\uff09)",
    re.IGNORECASE | re.DOTALL,
)


def sections_to_cards(parent: Element, base: str) -> None:
    """Wrap "heading, paragraphs" where most such sections are about one thing."""
    for tag in ("h6", "h5", "h4", "h3", "h2"):
        heads = [child for child in parent.elements if child.tag == tag]
        if len(heads) < FEWEST:
            continue
        _wrap(
            parent,
            partial(_has_tag, tag),
            partial(_ends_section, HEADINGS[tag]),
            lambda section: _is_about_one(section, base),
        )
    for card in parent.elements:
        if card.tag == "article" and card.elements:
            _trim_head(card.elements[0])


def _trim_head(head: Element) -> None:
    """Leave a heading its name: "3. Kimai: best for teams" is about Kimai."""
    if head.tag not in HEADINGS:
        return
    links = [link for link in links_in(head) if link.words]
    before, link, behind = head.text().partition(links[0].text() if links else "\0")
    if link and len(links) == 1:
        is_led = not before or NUMBER.fullmatch(f"{before.strip()} ")
        if is_led and behind.lstrip().startswith(SEPARATORS):
            replace_children(head, [links[0]])
    elif not links and (name := _name_in(head)) != head.text():
        replace_children(head, [name])


def _name_in(head: Element) -> str:
    """Return what a heading names, without its number and what it is best for."""
    found = _TITLED.fullmatch(head.text())
    return found[1] if found else head.text()


def _has_tag(tag: str, element: Element) -> bool:
    return element.tag == tag


def _ends_section(level: int, element: Element) -> bool:
    return HEADINGS.get(element.tag, 9) <= level or element.tag in ("section", "hr")


def titles_to_cards(parent: Element) -> None:
    """Wrap a linked title on a line of its own with the paragraphs below it."""
    titles = [child for child in parent.elements if _is_title(child)]
    if len(titles) < FEWEST:
        return
    _wrap(
        parent,
        _is_title,
        lambda child: child.tag in HEADINGS or child.tag not in ("p", "div", "br"),
        lambda section: (
            len(section) > 1 and sum(part.words for part in section) <= _LONGEST_SECTION
        ),
    )


def bold_titles_to_cards(parent: Element) -> None:
    """Wrap a bold name on a line of its own with the paragraphs and the link below it."""
    if sum(map(_is_bold_title, parent.elements)) < FEWEST:
        return
    _wrap(
        parent,
        _is_bold_title,
        lambda child: (
            child.tag in HEADINGS or child.tag not in ("p", "div", "br", "ul")
        ),
        _has_its_link,
    )
    for card in parent.elements:
        title = card.elements[0] if card.tag == "article" and card.elements else None
        if title is not None and _is_bold_title(title):
            _head_card(card, title)


def _head_card(card: Element, title: Element) -> None:
    """Make a heading of the bold name, and a paragraph of each line behind it."""
    lines: list[list[Element | str]] = [[]]
    for child in title.children:
        if isinstance(child, Element) and child.tag == "br":
            lines.append([])
        else:
            lines[-1].append(child)
    head, *rest = [line for line in lines if shows_something(line)]
    at = card.children.index(title)
    card.children[at : at + 1] = [
        new_element("h6", card, head),
        *(new_element("p", card, line) for line in rest),
    ]


def _is_bold_title(element: Element) -> bool:
    """Tell a paragraph that begins with a bold name and nothing beside it in its line."""
    if element.tag not in ("p", "div") or not element.words:
        return False
    shown = shown_in(element)
    if not shown or not isinstance(shown[0], Element):
        return False
    name = shown[0]
    rest = shown[1] if len(shown) > 1 else None
    return (
        is_bold(name)
        and 0 < name.words <= MOST_TITLE_WORDS
        and not name.links
        and not is_silent(name.text())
        and not asks(name.text())
        and not field_of(name.text().rstrip(":\uff1a"))
        and (rest is None or (isinstance(rest, Element) and rest.tag == "br"))
    )


def _has_its_link(section: Sequence[Element]) -> bool:
    """Tell whether one thing is described: there is a link that is its own."""
    head = section[0]
    name = next(inner for inner in head.elements if is_bold(inner)).text()
    links = [link for part in section for link in links_in(part)]
    return (
        len(section) + len(head.elements) > 2
        and 0 < len(links) <= _MOST_LINKS
        and sum(part.words for part in section) <= _LONGEST_SECTION
        and not any(is_named_entry(shown_in(part)) for part in section[1:])
        and any(is_its_link(link, name) for link in links)
    )


def details_to_cards(parent: Element) -> None:
    """Make boxes of what opens one by one, where each is about one thing."""
    folds = [child for child in parent.elements if child.tag == "details"]
    fitting = [fold for fold in folds if _is_folded_card(fold)]
    if len(fitting) < FEWEST or len(fitting) < SHARE * len(folds):
        return
    for fold in fitting:
        fold.tag = "article"
        for inner in fold.elements:
            if inner.tag == "summary":
                inner.tag = "h3"


def _is_folded_card(fold: Element) -> bool:
    heads = [inner for inner in fold.elements if inner.tag == "summary"]
    if len(heads) != 1 or not 0 < heads[0].words <= MOST_TITLE_WORDS:
        return False
    if asks(heads[0].text()) or _leads_away(heads[0], ""):
        return False
    of_head = set(map(id, links_in(heads[0])))
    links = [link for link in links_in(fold) if id(link) not in of_head]
    return (
        0 < len(links) <= _MOST_LINKS
        and fold.words <= _LONGEST_SECTION
        and not any(_holds_entries(part) for part in fold.elements)
        and any(is_its_link(link, heads[0].text()) for link in links)
    )


def _is_title(element: Element) -> bool:
    """Tell a paragraph or box that is one linked line and nothing more."""
    if element.tag not in ("p", "div", "b", "strong") or not 0 < element.words <= 12:
        return False
    if element.links != 1 or any(i.tag in HEADINGS for i in element.elements):
        return False
    if any(is_silent(a.text()) or "://" in a.text() for a in links_in(element)):
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
    if len(fitting) < FEWEST or len(fitting) < SHARE * len(runs):
        return
    for start, end in reversed(fitting):
        parent.children[start:end] = [
            new_element("article", parent, parent.children[start:end])
        ]


def _is_about_one(section: Sequence[Element], base: str) -> bool:
    head, rest = section[0], section[1:]
    if any(
        inner.tag in HEADINGS and inner.links for part in rest for inner in all_in(part)
    ):
        return False
    if any(_holds_entries(part) for part in rest):
        return False
    if sum(part.tag == "p" and is_named_entry(shown_in(part)) for part in rest) > 1:
        return False
    if sum(part.words for part in rest) > _LONGEST_SECTION:
        return False
    if sum(part.links for part in rest) > _MOST_LINKS or not head.words:
        return False
    if _leads_away(head, base):
        return True
    name = _name_in(head)
    return not asks(name) and any(
        is_its_link(link, name) for part in rest for link in links_in(part)
    )


def _leads_away(head: Element, base: str) -> bool:
    page = base.partition("#")[0]
    for link in links_in(head):
        url = clean_url(link.get("href"), base=base).partition("#")[0]
        if url and url != page:
            return True
    return False


def _holds_entries(part: Element) -> bool:
    """Tell whether a part of a section is itself a list, table or row of cards."""
    for inner in all_in(part):
        if inner.tag in ("ul", "ol", "table", "dl"):
            links = links_in(inner)
            naming = [link for link in links if not is_silent(link.text())]
            if len(naming) >= 2:
                return True
        if inner.tag in ("article", "section") and inner.links:
            return True
    return False


def head_boxes(parent: Element) -> None:
    """Make headings of the words above the links of boxes that have no other heading."""
    heads = [head for box in parent.elements if (head := _box_head(box)) is not None]
    if len(heads) < FEWEST:
        return
    for head in heads:
        head.tag = "h6"


def _box_head(box: Element) -> Element | None:
    """Return the words that stand above nothing but several links."""
    parts = [part for part in box.elements if part.words or part.links]
    if box.tag not in ("div", "section", "td") or len(parts) < 2:
        return None
    head, *rest = parts
    if head.tag not in ("div", "span", "p", "strong", "b") or head.links:
        return None
    if not 0 < head.words <= _MOST_HEAD_WORDS or box.inside(*HEADINGS)[:1]:
        return None
    links = [link for part in rest for link in links_in(part)]
    hosts = {host_of(clean_url(link.get("href"))) for link in links} - {""}
    is_apart = len(links) > 1 and len(hosts) * 5 >= len(links) * 4
    return head if is_apart and not any(is_silent(a.text()) for a in links) else None
