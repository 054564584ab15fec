"""Lists that are written without list elements become lists in the tree.

A heading, a paragraph, a heading, a paragraph; links divided by line breaks; paragraphs
that each begin with a link; pictures with captions in the cells of a table. People see
entries there; after this the other readers do as well.
"""

from __future__ import annotations

from generation.sources.pages.grafts import FEWEST, SHARE, links_in, replace_children
from generation.sources.pages.lines import lines_to_list, paragraphs_to_list
from generation.sources.pages.parts import name_in_picture
from generation.sources.pages.sections import (
    bold_titles_to_cards,
    details_to_cards,
    head_boxes,
    sections_to_cards,
    titles_to_cards,
)
from generation.sources.pages.tree import Element
from generation.sources.urls import clean_url

_SAMPLE = 200
_NEVER = ("ul", "ol", "dl", "table", "tbody", "thead", "tr", "a", "pre", "code")


def name_what_is_flat(body: Element, base: str) -> None:
    """Rewrite the tree, the innermost parts first."""
    for element in reversed([body, *body.inside()]):
        if element.tag == "table":
            _cells_to_cards(element, base)
        elif element.tag in ("ul", "ol"):
            _logos_to_names(element)
        elif element.tag not in _NEVER:
            head_boxes(element)
            details_to_cards(element)
            lines_to_list(element)
            bold_titles_to_cards(element)
            sections_to_cards(element, base)
            titles_to_cards(element)
            paragraphs_to_list(element)


def _logos_to_names(items: Element) -> None:
    """Write out what the logos show in a list that has nothing else to say."""
    logos = [logo for item in items.elements if (logo := _logo(item)) is not None]
    if len(logos) < FEWEST or len(logos) < SHARE * len(items.elements):
        return
    for logo in logos:
        assert logo.parent is not None
        replace_children(logo.parent, [name_in_picture(logo.get("alt"))])


def _logo(item: Element) -> Element | None:
    """Return the picture of an item that is one linked picture."""
    pictures = item.inside("img")
    if item.words or item.links != 1 or len(pictures) != 1:
        return None
    picture = pictures[0]
    is_linked = picture.parent is not None and picture.parent.tag == "a"
    return picture if is_linked and any(map(str.isalpha, picture.get("alt"))) else None


def _cells_to_cards(table: Element, base: str) -> None:
    """Turn a table that only arranges cards (a picture, a name, a line) into boxes."""
    cells = table.inside("td")
    if len(cells) < FEWEST or table.inside("th", "table", "ul", "ol"):
        return
    rows = table.inside("tr")
    if all(sum(c.tag == "td" for c in row.elements) < 2 for row in rows):
        return
    filled = [cell for cell in cells if cell.words or cell.links]
    sample = filled[:_SAMPLE]
    cards = [cell for cell in sample if _is_card(cell, base)]
    if len(cards) < FEWEST or len(cards) < 0.8 * len(sample):
        return
    for element in (table, *table.inside("tbody", "tr", "td")):
        element.tag = "div"


def _is_card(cell: Element, base: str) -> bool:
    links = {
        clean_url(link.get("href"), base=base) for link in links_in(cell) if link.words
    }
    named = sum(link.words for link in links_in(cell))
    return (
        1 <= len(links) <= 3
        and named <= 8
        and (cell.words > named + 2 or bool(cell.inside("img")))
    )
