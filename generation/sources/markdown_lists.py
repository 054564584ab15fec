"""Markdown, as people write lists in it: bullets, nested bullets, tables.

Blocks are parsed for the whole document, inline text only where an entry may stand, and
never for a paragraph longer than any entry: that keeps hostile input linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from generation.exceptions import UnreadableSource
from generation.sources.candidates import Document, Reading
from generation.sources.entries import Piece, PieceCollector
from generation.sources.outline import Block, Table, read_blocks

_LONGEST_PARAGRAPH = 10_000
_MOST_BRACKETS = 300
_LONGEST_LINE = 200_000
_DEEPEST = 60
_ITEM = re.compile(r"^[ \t]{0,12}(?:[-*+]|\d{1,9}[.)])[ \t]+\S", re.MULTILINE)
_ROW = re.compile(r"^[ \t]{0,3}\|?(?:[^|\n]*\|)+[^|\n]*\n[ \t]{0,3}\|?[ \t:|-]*-", re.M)
_LINK = re.compile(r"\]\(|\]\[|^\[[^\]\n]{1,200}\]:|https?://", re.MULTILINE)
_HTML_HEADING = re.compile(r"<h([1-6])\b[^>]*>(.*?)</h\1\s*>", re.I | re.S)
_SUMMARY = re.compile(r"<summary\b[^>]*>(.*?)</summary\s*>", re.I | re.S)
_TAG = re.compile(r"<[^<>]{0,2000}>")
_HREF = re.compile(
    r"""<a\b[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.I
)
_SOURCE = re.compile(r"""\bsrc\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)


def is_markdown(text: str) -> bool:
    """Tell whether the text holds an item or a row, and a link."""
    return bool(_LINK.search(text)) and bool(_ITEM.search(text) or _ROW.search(text))


def read_markdown(document: Document) -> Reading:
    """Read list items and table rows, each under the headings above it."""
    if any(len(line) > _LONGEST_LINE for line in document.text.split("\n")):
        raise UnreadableSource(
            "It has a line of more than 200,000 characters, so it is no Markdown list."
        )
    blocks = list(_blocks(document.text))
    reading = read_blocks(blocks, kind="markdown", source=document.source)
    if not reading.candidates and document.url:
        # Only where nothing leads outside, the list is about its own pages.
        return read_blocks(
            blocks, kind="markdown", source=document.source, base=document.url
        )
    return reading


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": _DEEPEST})
    parser.enable(["table", "strikethrough"])
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def _blocks(text: str) -> Iterator[Block]:
    parser, env = _parser(), dict[str, Any]()
    try:
        tokens = parser.parse(text, env)
    except RecursionError as exc:
        raise UnreadableSource("It is nested too deeply to be a list.") from exc
    depth, position = 0, 0
    while position < len(tokens):
        token = tokens[position]
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                yield Block("list")
            case "bullet_list_close" | "ordered_list_close":
                yield Block("end list")
            case "list_item_open":
                depth += 1
                yield Block("item")
            case "list_item_close":
                depth -= 1
                yield Block("end item")
            case "heading_open":
                pieces = _pieces(parser, tokens[position + 1], env)
                yield Block("heading", int(token.tag[1]), pieces)
            case "paragraph_open":
                pieces = _pieces(parser, tokens[position + 1], env)
                yield Block("text" if depth else "paragraph", 0, pieces)
            case "table_open":
                table, position = _table(parser, tokens, position, env)
                yield Block("table", 0, (), table)
            case "html_block":
                yield from _html_headings(token.content)
        position += 1


def _table(
    parser: MarkdownIt, tokens: Sequence[Token], position: int, env: dict[str, Any]
) -> tuple[Table, int]:
    """Return the table that opens at a position, and where it closes."""
    header: list[Sequence[Piece]] = []
    rows: list[list[Sequence[Piece]]] = []
    while tokens[position].type != "table_close":
        token = tokens[position]
        if token.type == "th_open":
            header.append(_pieces(parser, tokens[position + 1], env))
        elif token.type == "tr_open":
            rows.append([])
        elif token.type == "td_open":
            rows[-1].append(_pieces(parser, tokens[position + 1], env))
        position += 1
    return Table(header, [row for row in rows if row]), position


def _html_headings(html: str) -> Iterator[Block]:
    """Take headings that were written as HTML: `<h2>`, or a fold's `<summary>`."""
    if len(html) > _LONGEST_PARAGRAPH:
        return
    for level, inner in _HTML_HEADING.findall(html):
        yield Block("heading", int(level), (Piece("text", _TAG.sub("", inner)),))
    if not _HTML_HEADING.search(html):
        for inner in _SUMMARY.findall(html):
            yield Block("heading", 7, (Piece("text", _TAG.sub("", inner)),))


def _pieces(parser: MarkdownIt, token: Token, env: dict[str, Any]) -> Sequence[Piece]:
    """Parse the inline text of a block into pieces."""
    content = token.content
    if len(content) > _LONGEST_PARAGRAPH or content.count("[") > _MOST_BRACKETS:
        return (Piece("text", content[:_LONGEST_PARAGRAPH]),)
    children: list[Token] = []
    parser.inline.parse(content, parser, env, children)
    collector = PieceCollector()
    for child in children:
        _collect(collector, child)
    return collector.take()


def _collect(collector: PieceCollector, token: Token) -> None:
    match token.type:
        case "text" | "text_special":
            collector.add(token.content)
        case "softbreak" | "hardbreak":
            collector.add(" ")
        case "code_inline":
            collector.add(token.content, is_code=True)
        case "strong_open":
            collector.strong += 1
        case "strong_close":
            collector.strong -= 1
        case "link_open":
            collector.open_link(str(token.attrs.get("href", "")))
        case "link_close":
            collector.close_link()
        case "image":
            collector.add_image(str(token.attrs.get("src", "")))
        case "html_inline":
            _collect_html(collector, token.content)


def _collect_html(collector: PieceCollector, tag: str) -> None:
    opened = _HREF.match(tag)
    name = tag[:4].lower()
    if opened:
        collector.open_link(opened[1] or opened[2] or opened[3] or "")
    elif name.startswith("</a"):
        collector.close_link()
    elif name.startswith("<br"):
        collector.add(" ")
    elif name == "<img":
        source = _SOURCE.search(tag)
        collector.add_image(source[1] if source else "")
