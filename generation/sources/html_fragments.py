"""Pieces of HTML inside Markdown: the tables, lists, folds and headings written in them.

A page has menus and side columns; a piece inside a README has none, so nothing is skipped
here. Its size and its depth are bounded, because it stands in a text of another kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from selectolax.lexbor import LexborHTMLParser, LexborNode

from generation.sources.outline import Block, Table
from generation.sources.pieces import Piece, PieceCollector, Pieces, stands_within

_LARGEST = 500_000
_DEEPEST = 100
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})\b[^<>]{0,4000}?(/?)>")
_VOID = frozenset(
    {
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta"),
        *("source", "track", "wbr", "p", "li", "dt", "dd", "tr", "td", "th", "tbody"),
        *("thead", "tfoot"),
    }
)
_FOLD_MARK = re.compile(r"<(/?)details\b[^<>]{0,500}>", re.IGNORECASE)
_SHELVES = re.compile(r"<(?:table|ul|ol|dl)\b", re.IGNORECASE)
_FOLD_OR_SHELF = re.compile(
    r"<(/?)(details|table|ul|ol|dl)\b[^<>]{0,500}>", re.IGNORECASE
)
# Markdown that follows a blank line inside HTML is Markdown again.
_LINK = re.compile(r"(?<!!)\[([^\[\]<>\n]{1,300})\]\((https?://[^\s()<>\"]{1,2000})\)")
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
FOLD = 7
_SKIPPED = frozenset(
    {"script", "style", "template", "title", "svg", "picture", "video", "nav"}
)
_INNER = frozenset({"ul", "ol", "dl", "table"})


def fragment_blocks(html: str) -> list[Block]:
    """Return what a piece of HTML lists; nothing of one that is too large or too deep."""
    if len(html) > _LARGEST or _is_too_deep(html):
        return []
    parser = LexborHTMLParser(_LINK.sub(r'<a href="\2">\1</a>', html))
    return list(_blocks(parser.body)) if parser.body is not None else []


def folded_blocks(html: str) -> Iterator[Block]:
    """Yield what a piece of HTML lists, with marks where a fold begins and ends.

    A fold that begins in one piece ends in another: between them stands Markdown.
    """
    if _SHELVES.search(html) and not _is_in_order(html):
        yield from fragment_blocks(html)
        return
    position = 0
    for mark in _FOLD_MARK.finditer(html):
        yield from fragment_blocks(html[position : mark.start()])
        yield Block("end fold" if mark[1] else "fold")
        position = mark.end()
    yield from fragment_blocks(html[position:])


def _is_in_order(html: str) -> bool:
    """Tell whether no fold begins or ends inside a list or table."""
    depth = 0
    for tag in _FOLD_OR_SHELF.finditer(html):
        if tag[2].lower() != "details":
            depth += -1 if tag[1] else 1
        elif depth:
            return False
    return True


def _is_too_deep(html: str) -> bool:
    depth = 0
    for match in _TAG.finditer(html):
        if match[2].lower() not in _VOID and not match[3]:
            depth = max(0, depth + (-1 if match[1] else 1))
        if depth > _DEEPEST:
            return True
    return False


def _blocks(parent: LexborNode) -> Iterator[Block]:
    for node in parent.iter(include_text=False):
        tag = node.tag or ""
        if tag in _SKIPPED:
            continue
        if tag in _HEADINGS or tag == "summary":
            yield Block("heading", _HEADINGS.get(tag, FOLD), _pieces(node))
        elif tag in ("ul", "ol"):
            yield from _list(node)
        elif tag == "dl":
            yield from _terms(node)
        elif tag == "table":
            yield from _table(node)
        elif tag == "p":
            yield Block("paragraph", 0, _pieces(node))
        else:
            yield from _blocks(node)


def _list(parent: LexborNode) -> Iterator[Block]:
    yield Block("list")
    for item in parent.iter(include_text=False):
        if item.tag != "li":
            continue
        yield Block("item")
        yield Block("text", 0, _pieces(item))
        for inner in item.iter(include_text=False):
            if inner.tag in ("ul", "ol"):
                yield from _list(inner)
        yield Block("end item")
    yield Block("end list")


def _terms(parent: LexborNode) -> Iterator[Block]:
    yield Block("list")
    term: Pieces = ()
    for node in parent.iter(include_text=False):
        if node.tag == "dt":
            term = _pieces(node)
        elif node.tag == "dd" and term:
            yield Block("item")
            yield Block("text", 0, (*term, Piece("text", " - "), *_pieces(node)))
            yield Block("end item")
            term = ()
    yield Block("end list")


def _table(table: LexborNode) -> Iterator[Block]:
    if table.css_first("td table, td ul, td ol") is not None:
        # It only arranges what is in its own cells: those of inner tables are in them.
        for cell in _own_cells(table):
            yield from _blocks(cell)
        return
    header: list[Pieces] = []
    rows: list[Sequence[Pieces]] = []
    for row in table.css("tr"):
        cells = [c for c in row.iter(include_text=False) if c.tag in ("td", "th")]
        pieces = [_pieces(cell) for cell in cells]
        if not header and not rows and cells and all(c.tag == "th" for c in cells):
            header = pieces
        elif pieces:
            rows.append(pieces)
    yield Block("table", 0, (), Table(header, rows))


def _own_cells(parent: LexborNode) -> Iterator[LexborNode]:
    for node in parent.iter(include_text=False):
        if node.tag == "td":
            yield node
        elif node.tag in ("tbody", "thead", "tfoot", "tr"):
            yield from _own_cells(node)


def _pieces(node: LexborNode) -> Pieces:
    collector = PieceCollector()
    _collect(node, collector)
    return collector.take()


def _collect(parent: LexborNode, collector: PieceCollector) -> None:
    for node in parent.iter(include_text=True):
        tag = node.tag or ""
        if tag == "-text":
            collector.add(node.text_content or "")
        elif tag in ("code", "kbd"):
            collector.add(node.text(), is_code=not collector.is_in_link)
        elif tag == "a" and node.attributes.get("href"):
            collector.open_link(node.attributes.get("href") or "")
            _collect(node, collector)
            collector.close_link()
        elif tag == "img":
            collector.add_image(node.attributes.get("src") or "")
        elif tag in ("br", "hr"):
            collector.add(" ")
        elif tag not in _SKIPPED and tag not in _INNER:
            if not stands_within(tag):
                collector.end_address()
            is_strong = tag in ("strong", "b") or tag in _HEADINGS
            collector.strong += is_strong
            _collect(node, collector)
            collector.strong -= is_strong
            if tag in ("p", "div"):
                collector.add(" ")
            elif not stands_within(tag):
                collector.end_address()
