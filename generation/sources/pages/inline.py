"""Words inside an item, a cell or a heading, turned into pieces as a reader walks."""

from __future__ import annotations

from generation.sources.entries import PieceCollector
from generation.sources.pages.parts import is_icon, is_mark
from generation.sources.pages.tree import BLOCKS, HEADINGS, Element
from generation.sources.pieces import stands_within

_STRONG = frozenset({"strong", "b", *HEADINGS})
_CODE = ("code", "kbd", "samp")


def enter_inline(collector: PieceCollector, node: Element) -> bool:
    """Add an element to a text. True means that its inside has been added, too."""
    tag = node.tag
    if not stands_within(tag):
        collector.end_address()
    if tag in _CODE or is_mark(node):
        if collector.is_in_link and tag != "a":
            return False
        collector.add(node.text(), is_code=True)
        return True
    if tag == "a":
        collector.open_link(node.get("href"))
    elif tag == "img":
        collector.add_image(node.get("src"))
    elif tag == "svg" or is_icon(node):
        collector.add_image("")
    elif tag in BLOCKS:
        divide(collector)
    if tag in _STRONG:
        collector.strong += 1
    return False


def leave_inline(collector: PieceCollector, node: Element) -> None:
    tag = node.tag
    if tag in _CODE or is_mark(node):
        return
    if not stands_within(tag):
        collector.end_address()
    if tag in _STRONG:
        collector.strong -= 1
    if tag == "a":
        collector.close_link()
    elif tag in BLOCKS:
        divide(collector)


def divide(collector: PieceCollector) -> None:
    """Keep the words of two blocks apart. A link's name is only its first block."""
    if collector.is_in_link and collector.has_label:
        collector.close_link()
    collector.add(" ")
