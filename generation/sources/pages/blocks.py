"""From the tree of a page to blocks: headings, lists, tables and the cards between them.

Everything is handed over in the order of the page, with a note of which blocks make up
one list, table or grid, so that it can be decided later which of them are the list that
the page is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from generation.sources.entries import Entry, NoEntry, Piece, PieceCollector
from generation.sources.outline import Block
from generation.sources.pages.cards import Group
from generation.sources.pages.inline import divide, enter_inline, leave_inline
from generation.sources.pages.tables import is_layout, read_table
from generation.sources.pages.tree import HEADINGS, Element, descend
from generation.sources.urls import clean_url, host_of

_LISTS = ("ul", "ol", "dl")
_LONGEST_TEXT = 20_000
_LEVEL_OF_PANEL = 7


@dataclass(slots=True)
class Span:
    """The blocks from `start` to `end` are one list, one table or part of one grid."""

    kind: Literal["list", "table", "grid"]
    start: int
    end: int = 0
    grid: int = -1


@dataclass
class _OpenList:
    """A list whose items say nothing but links into the same site is a menu."""

    start: int
    is_menu: bool = True


@dataclass
class PageBlocks:
    """A page as blocks, and which of them belong together."""

    blocks: list[Block] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)


def page_blocks(
    root: Element,
    grids: Sequence[Group],
    entries: Sequence[Sequence[Entry | NoEntry]],
    base: str,
) -> PageBlocks:
    """Walk a page. `entries` are what the members of each grid say."""
    page = _Page(grids, entries, base)
    descend(root, page.enter, page.leave)
    return PageBlocks(page.found, page.spans)


class _Page:
    """One walk over a page. Text goes to the innermost collector that is open."""

    def __init__(
        self,
        grids: Sequence[Group],
        entries: Sequence[Sequence[Entry | NoEntry]],
        base: str,
    ) -> None:
        self.base = base
        self.cards = {
            id(member): (number, entry)
            for number, (grid, read) in enumerate(zip(grids, entries, strict=True))
            for member, entry in zip(grid.members, read, strict=True)
        }
        self.found: list[Block] = []
        self.spans: list[Span] = []
        self.collectors: list[tuple[str, PieceCollector]] = []
        self.lists: list[_OpenList] = []

    def enter(self, node: Element | str) -> bool:
        """Note what begins. True means that its inside is not to be walked."""
        if isinstance(node, str):
            if self.collectors:
                self.collectors[-1][1].add(node)
            return False
        if node.is_surrounding or node.tag == "svg":
            return True
        if id(node) in self.cards:
            self._card(node)
            return True
        if node.tag == "table" and not self.collectors and not is_layout(node):
            self._table(node)
            return True
        if self._is_inline(node):
            return self._enter_inline(node)
        self._enter_block(node)
        return False

    def leave(self, node: Element) -> None:
        if not self._is_inline(node):
            self._leave_block(node)
        elif self.collectors:
            leave_inline(self.collectors[-1][1], node)

    def _is_inline(self, node: Element) -> bool:
        """Tell whether an element only adds to the text of an item or heading."""
        tag = node.tag
        if tag in (*_LISTS, "li", "dt", "dd", "details"):
            return False
        if tag in HEADINGS or tag in ("p", "summary"):
            return self._is_inside("item", "term")
        return not (self._panel_name(node) and not self.collectors)

    def _is_inside(self, *kinds: str) -> bool:
        return bool(self.collectors) and self.collectors[-1][0] in kinds

    def _panel_name(self, node: Element) -> str:
        """Return what a tab or a section without a heading is called."""
        if node.get("role") == "tabpanel":
            return node.get("aria-label")
        if node.tag != "section" and node.get("role") != "region":
            return ""
        return "" if node.inside(*HEADINGS)[:1] else node.get("aria-label")

    def _enter_inline(self, node: Element) -> bool:
        if not self.collectors:
            return False
        return enter_inline(self.collectors[-1][1], node)

    def _enter_block(self, node: Element) -> None:
        match node.tag:
            case "ul" | "ol" | "dl":
                self._flush_item()
                if not self.lists:
                    self.spans.append(Span("list", len(self.found)))
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
            case "dd":
                if self._is_inside("term"):
                    divide(self.collectors[-1][1])
            case "details":
                self.found += [Block("fold"), Block("section")]
            case "p" | "summary":
                self._open(node.tag)
            case tag if tag in HEADINGS:
                self._open(tag)
            case _:
                self.found.append(Block("section"))
                pieces = (Piece("text", self._panel_name(node)),)
                self.found.append(Block("heading", _LEVEL_OF_PANEL, pieces))

    def _leave_block(self, node: Element) -> None:
        match node.tag:
            case "ul" | "ol" | "dl":
                if node.tag == "dl":
                    self._close_term()
                self.found.append(Block("end list"))
                self._close_list()
            case "li":
                if self._is_inside("item"):
                    self._flush_item()
                    self.collectors.pop()
                    self.found.append(Block("end item"))
            case "dt":
                if self._is_inside("term"):
                    self.collectors[-1][1].strong -= 1
                    self.collectors[-1][1].add(": ")
            case "dd":
                pass
            case "details":
                self.found += [Block("end section"), Block("end fold")]
            case "p":
                if self._is_inside("p"):
                    self.found.append(Block("paragraph", pieces=self._take()))
            case "summary":
                if self._is_inside("summary"):
                    self.found.append(Block("heading", _LEVEL_OF_PANEL, self._take()))
            case tag if tag in HEADINGS:
                if self._is_inside(tag):
                    self.found.append(Block("heading", HEADINGS[tag], self._take()))
            case _:
                self.found.append(Block("end section"))

    def _card(self, node: Element) -> None:
        number, entry = self.cards[id(node)]
        last = self.spans[-1] if self.spans else None
        if last is None or last.grid != number or last.end != len(self.found):
            last = Span("grid", len(self.found), grid=number)
            self.spans.append(last)
        self.found.append(Block("entry", entry=entry))
        last.end = len(self.found)
        if self.lists:
            self.lists[-1].is_menu = False

    def _table(self, node: Element) -> None:
        start = len(self.found)
        self.found.append(Block("table", table=read_table(node)))
        self.spans.append(Span("table", start, start + 1))

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
        """Tell a link into the site with no words beside it."""
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
        if not self.lists:
            self._end_list(is_menu=closed.is_menu)

    def _end_list(self, *, is_menu: bool) -> None:
        for place in range(len(self.spans) - 1, -1, -1):
            if self.spans[place].kind == "list":
                self.spans[place].end = len(self.found)
                if is_menu:
                    del self.spans[place]
                return

    def _close_term(self) -> None:
        """End a definition where the next term begins, or the list ends."""
        if self._is_inside("term"):
            self._flush_item()
            self.collectors.pop()
            self.found.append(Block("end item"))
