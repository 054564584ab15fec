"""HTML pages: lists, tables, definition lists and plain card grids.

The page is walked once, in document order and without recursion. What surrounds the list
(menus, footers, side columns) is skipped by what elements are, and by the class names
that everybody uses for such parts.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from generation.exceptions import UnreadableSource
from generation.sources.candidates import Document, Reading
from generation.sources.entries import Piece, PieceCollector
from generation.sources.names import squeeze
from generation.sources.outline import Block, Table, read_blocks
from generation.sources.urls import clean_url, host_of

_PAGE = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}>\s*|<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.I | re.S,
)
_FRAGMENT = re.compile(r"<(?:li|td|dt|article)\b[^>]*>", re.IGNORECASE)

# Where the content is, the surest place first.
_ROOTS = ("article.markdown-body", ".markdown-body", "main", '[role="main"]', "body")
_SKIPPED_TAGS = frozenset(
    {
        *("script", "style", "template", "noscript", "svg", "math", "iframe", "object"),
        *("nav", "footer", "aside", "form", "select", "button", "dialog", "head"),
        *("video", "audio", "canvas", "textarea", "datalist", "menu", "option"),
    }
)
_SKIPPED_ROLES = frozenset(
    {
        *("navigation", "banner", "contentinfo", "search", "menu", "menubar"),
        *("complementary", "dialog", "tablist", "toolbar", "directory"),
    }
)
_SKIPPED_NAMES = re.compile(
    r"""(?:(?:site|page|main|top|bottom|left|right|global|primary|secondary|user|
        mobile|footer|header|nav|social|share|back|list|table|entry|post|blog)[-_]*)?
    (?:nav(?:igation|bar|links?)?|menu|breadcrumbs?|crumbs|pagination|pager|paging|toc|
       table-of-contents|side-?bar|footer|cookies?|newsletter|share|sharing|social|
       social-links|skip-link|ads?|advert(?:isement)?|sponsored|promo)
    (?:[-_]*(?:bar|list|links?|items?|menu|container|wrapper|banner|nav|icons?))?""",
    re.IGNORECASE | re.VERBOSE,
)
_MARKS = frozenset(
    {"tag", "tags", "badge", "chip", "pill", "label", "labels", "topic", "keyword"}
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    {
        *("p", "div", "section", "article", "header", "figure", "figcaption", "hr"),
        *("blockquote", "pre", "ul", "ol", "li", "dl", "dt", "dd", "table", "tr"),
        *("td", "th", "br", "h1", "h2", "h3", "h4", "h5", "h6", "summary", "details"),
    }
)
_CARDS = frozenset({"div", "article", "section", "a", "li", "figure"})
_FEWEST_CARDS = 3
_TAG = re.compile(r"<(/?)([a-zA-Z][\w:-]{0,40})")
# Elements that hold nothing, end by themselves, or draw.
_NEVER_NEST = frozenset(
    {
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta"),
        *("source", "track", "wbr", "param", "li", "p", "dt", "dd", "tr", "td", "th"),
        *("tbody", "thead", "tfoot", "option", "optgroup", "html", "head", "body"),
        *("path", "circle", "rect", "line", "polyline", "polygon", "ellipse", "use"),
        *("stop", "image", "colgroup", "caption", "rp", "rt", "a"),
    }
)
_STRONG = frozenset({"strong", "b", "h1", "h2", "h3", "h4", "h5", "h6"})
_DEEPEST_PAGE = 1_000
_DEEPEST_READ = 400
_NEAR = 30
_LONGEST_TEXT = 20_000
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def is_page(text: str) -> bool:
    """Tell whether the text is a page, or a piece of one that is HTML throughout."""
    if _PAGE.match(text[:8_192]):
        return True
    start = text[:8_192].lstrip()
    return (
        start.startswith("<")
        and bool(_FRAGMENT.search(text))
        and not re.search(r"^(?:#{1,6}\s|\s*[-*+]\s+\S)|\]\(", text, re.MULTILINE)
    )


def read_html(document: Document) -> Reading:
    """Read a page's lists and tables; its cards, where it holds neither."""
    if _is_too_deep(document.text):
        raise UnreadableSource("Its elements are nested too deeply to be a list.")
    parser = LexborHTMLParser(document.text)
    base = _base(parser, document.url)
    first = Reading(kind="html")
    for root in _roots(parser):
        for cards in (set[int](), _cards(root)):
            blocks = _Page(root, cards, base).blocks()
            reading = read_blocks(
                blocks, kind="html", source=document.source, base=base
            )
            if len(reading.candidates) >= _FEWEST_CARDS:
                return reading
            if not first.candidates:
                first = reading
    return first


def _is_too_deep(text: str) -> bool:
    """Estimate the nesting before it is parsed: the parser is quadratic in it."""
    depth = 0
    for match in _TAG.finditer(text):
        tag = match[2].lower()
        if tag in _NEVER_NEST:
            continue
        depth += -1 if match[1] else 1
        if depth > _DEEPEST_PAGE:
            return True
        depth = max(depth, 0)
    return False


def _base(parser: LexborHTMLParser, url: str) -> str:
    element = parser.css_first("base[href]")
    href = element.attributes.get("href") if element is not None else None
    return (clean_url(href, base=url) if href else "") or url


def _roots(parser: LexborHTMLParser) -> Iterator[LexborNode]:
    """Yield the elements that may hold the list, the surest first, the body last."""
    for selector in _ROOTS:
        found = [node for node in parser.css(selector) if node.css_first("a[href]")]
        if found:
            yield max(found, key=_weight) if len(found) > 1 else found[0]


def _weight(node: LexborNode) -> int:
    return len(node.html or "")


def _walk(root: LexborNode) -> Generator[tuple[bool, LexborNode], bool | None, None]:
    """Yield (entering, node) in document order, for elements and texts.

    Whoever consumes it may `send` True on entering to pass over what is inside.
    """
    node: LexborNode | None = root
    depth = 0
    while node is not None:
        skip = yield True, node
        child = None if skip or depth >= _DEEPEST_READ else node.child
        if child is not None:
            node, depth = child, depth + 1
            continue
        while node is not None:
            yield False, node
            if depth == 0:
                return
            if node.next is not None:
                node = node.next
                break
            node, depth = node.parent, depth - 1


def _is_skipped(node: LexborNode, tag: str) -> bool:
    """Tell whether an element surrounds the list rather than holding it."""
    if tag in _SKIPPED_TAGS:
        return True
    attributes = node.attributes
    if not attributes:
        return False
    if "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    if (attributes.get("role") or "") in _SKIPPED_ROLES:
        return True
    if _HIDDEN.search(attributes.get("style") or ""):
        return True
    if tag in ("body", "main", "article"):
        return False
    names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}".split()
    return any(_SKIPPED_NAMES.fullmatch(name) for name in names if len(name) < 40)


def _is_page_header(node: LexborNode) -> bool:
    """Tell a page's header from the header of a section."""
    parent = node.parent
    return parent is not None and parent.tag in ("body", "html")


def _is_chip(node: LexborNode) -> bool:
    """Tell whether an element is a mark beside the text, by what everybody calls it."""
    return not _MARKS.isdisjoint((node.attributes.get("class") or "").split())


def _layout_tables(root: LexborNode) -> set[int]:
    """Return the tables that only arrange a page: they hold tables or lists."""
    layout = set()
    for inner in root.css("table, ul, ol"):
        node = inner.parent
        for _ in range(_NEAR):
            if node is None or node.tag == "body":
                break
            if node.tag == "table":
                layout.add(node.mem_id)
                break
            node = node.parent
    return layout


@dataclass
class _OpenTable:
    header: list[Sequence[Piece]] = field(default_factory=list)
    rows: list[list[Sequence[Piece]]] = field(default_factory=list)
    row: list[Sequence[Piece]] = field(default_factory=list)
    is_header_row: bool = True


@dataclass
class _OpenList:
    """A list whose items say nothing but links into the same site is a menu."""

    start: int
    is_menu: bool = True


class _Page:
    """One walk over a page. Text goes to the innermost collector that is open."""

    def __init__(self, root: LexborNode, cards: set[int], base: str) -> None:
        self.root = root
        self.cards = cards
        self.base = base
        self.layout = _layout_tables(root)
        self.found: list[Block] = []
        self.collectors: list[tuple[str, PieceCollector]] = []
        self.tables: list[_OpenTable] = []
        self.lists: list[_OpenList] = []

    def blocks(self) -> list[Block]:
        walk = _walk(self.root)
        step = next(walk, None)
        while step is not None:
            entering, node = step
            skip = self._enter(node) if entering else self._leave(node)
            try:
                step = walk.send(skip)
            except StopIteration:
                break
        return self.found

    def _enter(self, node: LexborNode) -> bool:
        """Note what begins. True means that its inside is not to be walked."""
        tag = node.tag or ""
        if tag == "-text":
            if self.collectors:
                self.collectors[-1][1].add(node.text_content or "")
            return False
        if tag.startswith("-") or _is_skipped(node, tag):
            return True
        if tag == "header" and _is_page_header(node):
            return True
        if node.mem_id in self.cards:
            self.found += _card_blocks(node, self.base)
            return True
        if self._is_inline(node, tag):
            return self._enter_inline(node, tag)
        self._enter_block(node, tag)
        return False

    def _leave(self, node: LexborNode) -> bool:
        tag = node.tag or ""
        if tag.startswith("-") or _is_skipped(node, tag) or node.mem_id in self.cards:
            return False
        if tag == "header" and _is_page_header(node):
            return False
        if not self._is_inline(node, tag):
            self._leave_block(node, tag)
        elif self.collectors:
            self._leave_inline(node, tag)
        return False

    def _is_inline(self, node: LexborNode, tag: str) -> bool:
        """Tell whether an element only adds to the text of an item, cell or heading."""
        if tag in ("ul", "ol", "dl", "li", "dt", "dd", "table", "tr", "td", "th"):
            return False
        if tag in _HEADINGS or tag in ("p", "summary"):
            return self._is_inside("item", "term", "cell")
        return True

    def _is_inside(self, *kinds: str) -> bool:
        return bool(self.collectors) and self.collectors[-1][0] in kinds

    def _enter_inline(self, node: LexborNode, tag: str) -> bool:
        if not self.collectors:
            return False
        collector = self.collectors[-1][1]
        if tag in ("code", "kbd", "samp") or _is_chip(node):
            if collector.is_in_link and tag != "a":
                return False
            collector.add(squeeze(node.text()), is_code=True)
            return True
        if tag == "a":
            collector.open_link(node.attributes.get("href") or "")
        elif tag == "img":
            collector.add_image(node.attributes.get("src") or "")
        elif tag in _BLOCKS:
            _divide(collector)
        if tag in _STRONG:
            collector.strong += 1
        return False

    def _leave_inline(self, node: LexborNode, tag: str) -> None:
        collector = self.collectors[-1][1]
        if tag in ("code", "kbd", "samp") or _is_chip(node):
            return
        if tag in _STRONG:
            collector.strong -= 1
        if tag == "a":
            collector.close_link()
        elif tag in _BLOCKS:
            _divide(collector)

    def _enter_block(self, node: LexborNode, tag: str) -> None:
        match tag:
            case "ul" | "ol" | "dl":
                self._flush_item()
                self.found.append(Block("list"))
                self.lists.append(_OpenList(len(self.found) - 1))
            case "li":
                self._open("item")
                self.found.append(Block("item"))
            case "dt":
                self._close_term()
                self._open("term")
                self.found.append(Block("item"))
                self.collectors[-1][1].strong += 1
            case "dd" if self._is_inside("term"):
                _divide(self.collectors[-1][1])
            case "table" if node.mem_id not in self.layout:
                self.tables.append(_OpenTable())
            case "td" | "th" if self.tables:
                self._open("cell")
            case "p" | "summary":
                self._open(tag)
            case _ if tag in _HEADINGS:
                self._open(tag)

    def _leave_block(self, node: LexborNode, tag: str) -> None:
        match tag:
            case "ul" | "ol" | "dl":
                if tag == "dl":
                    self._close_term()
                self.found.append(Block("end list"))
                self._close_list()
            case "li" if self._is_inside("item"):
                self._flush_item()
                self.collectors.pop()
                self.found.append(Block("end item"))
            case "dt" if self._is_inside("term"):
                self.collectors[-1][1].strong -= 1
                self.collectors[-1][1].add(": ")
            case "td" | "th" if self._is_inside("cell"):
                pieces = self.collectors.pop()[1].take()
                self.tables[-1].row.append(pieces)
                self.tables[-1].is_header_row &= tag == "th"
            case "tr" if self.tables:
                self._close_row()
            case "table" if self.tables and node.mem_id not in self.layout:
                table = self.tables.pop()
                found = Table(table.header, table.rows)
                self.found.append(Block("table", table=found))
            case "p" if self._is_inside("p"):
                self.found.append(Block("paragraph", pieces=self._take()))
            case "summary" if self._is_inside("summary"):
                self.found.append(Block("heading", 7, self._take()))
            case _ if self._is_inside(tag):
                self.found.append(Block("heading", _HEADINGS[tag], self._take()))

    def _open(self, kind: str) -> None:
        self.collectors.append((kind, PieceCollector(limit=_LONGEST_TEXT)))

    def _take(self) -> tuple[Piece, ...]:
        return self.collectors.pop()[1].take()

    def _flush_item(self) -> None:
        """Hand over an item's own text, before its nested list or at its end."""
        if not self._is_inside("item", "term"):
            return
        pieces = self.collectors[-1][1].take()
        if any(piece.text.strip() or piece.kind == "image" for piece in pieces):
            self.found.append(Block("text", pieces=pieces))
            if self.lists and not self._is_menu_item(pieces):
                self.lists[-1].is_menu = False

    def _is_menu_item(self, pieces: Sequence[Piece]) -> bool:
        words = "".join(p.text for p in pieces if p.kind not in ("link", "image"))
        return not any(map(str.isalpha, words)) and not any(
            piece.kind == "link" and self._leads_outside(piece.url) for piece in pieces
        )

    def _leads_outside(self, url: str) -> bool:
        return host_of(clean_url(url, base=self.base)) not in ("", host_of(self.base))

    def _close_list(self) -> None:
        if not self.lists:
            return
        closed = self.lists.pop()
        if closed.is_menu:
            del self.found[closed.start :]
        elif self.lists:
            self.lists[-1].is_menu = False

    def _close_term(self) -> None:
        """End a definition where the next term begins, or the list ends."""
        if self._is_inside("term"):
            self._flush_item()
            self.collectors.pop()
            self.found.append(Block("end item"))

    def _close_row(self) -> None:
        table = self.tables[-1]
        if table.row and table.is_header_row and not table.header:
            table.header = table.row
        elif table.row:
            table.rows.append(table.row)
        table.row, table.is_header_row = [], True


def _divide(collector: PieceCollector) -> None:
    """Keep the words of two blocks apart. A link's name is only its first block."""
    if collector.is_in_link and collector.has_label:
        collector.close_link()
    collector.add(" ")


def _cards(root: LexborNode) -> set[int]:
    """Return the elements of grids: siblings of one shape, each with a heading or link."""
    cards: set[int] = set()
    walk = _walk(root)
    step = next(walk, None)
    while step is not None:
        entering, node = step
        tag = node.tag or ""
        skip = tag.startswith("-") or _is_skipped(node, tag) or node.mem_id in cards
        if entering and not skip:
            cards |= {card.mem_id for card in _grid(node)}
        try:
            step = walk.send(entering and skip)
        except StopIteration:
            break
    return cards


def _grid(parent: LexborNode) -> list[LexborNode]:
    """Return the children that are cards, if there are enough of one shape."""
    shapes: dict[tuple[str, str], list[LexborNode]] = {}
    child = parent.child
    while child is not None:
        if child.tag in _CARDS and not _is_skipped(child, child.tag or ""):
            shape = (child.tag or "", child.attributes.get("class") or "")
            shapes.setdefault(shape, []).append(child)
        child = child.next
    largest = max(shapes.values(), key=len, default=[])
    if len(largest) < _FEWEST_CARDS:
        return []
    cards = [node for node in largest if _card_name(node) and _card_link(node)]
    return cards if len(cards) * 2 > len(largest) else []


def _card_name(node: LexborNode) -> str:
    """Return a card's name: its one heading, or the first words of the one link."""
    headings = node.css("h2, h3, h4, h5, h6")
    if headings:
        return squeeze(headings[0].text()) if len(headings) == 1 else ""
    links = node.css("a[href]")
    if node.tag != "a" and len(links) != 1:
        return ""
    return next((text for text in _texts(node) if len(text) > 1), "")


def _card_link(node: LexborNode) -> str:
    """Return where a card leads: itself, else its first link out of the page."""
    if node.tag == "a":
        return node.attributes.get("href") or ""
    links = [link.attributes.get("href") or "" for link in node.css("a[href]")]
    return next((link for link in links if link and link[0] != "#"), "")


def _texts(node: LexborNode) -> list[str]:
    """Return a card's texts, block by block, without its marks."""
    texts = [""]
    walk = _walk(node)
    step = next(walk, None)
    while step is not None:
        entering, inner = step
        tag = inner.tag or ""
        skip = tag != "-text" and (
            tag.startswith("-") or _is_skipped(inner, tag) or _is_chip(inner)
        )
        if tag == "-text" and entering:
            texts[-1] += inner.text_content or ""
        elif tag in _BLOCKS:
            texts.append("")
        try:
            step = walk.send(entering and skip)
        except StopIteration:
            break
    return [squeeze(text) for text in texts if text.strip()]


def _card_blocks(node: LexborNode, base: str) -> list[Block]:
    """Turn one card into one item: its name linked, its longest text, its marks."""
    name = _card_name(node)
    links = [link.attributes.get("href") or "" for link in node.css("a[href]")]
    outside = [
        link
        for link in links
        if host_of(clean_url(link, base=base)) not in ("", host_of(base))
    ]
    url = (outside or [_card_link(node)])[0] if node.tag != "a" else _card_link(node)
    texts = [text for text in _texts(node) if text != name and len(text.split()) >= 3]
    pieces = [
        Piece("link", name, url),
        Piece("text", f" - {max(texts, key=len, default='')} "),
    ]
    pieces += [
        Piece("code", squeeze(chip.text()))
        for chip in node.css("*")
        if _is_chip(chip) and not any(map(_is_chip, chip.css("*")[1:]))
    ]
    return [Block("item"), Block("text", pieces=pieces), Block("end item")]
