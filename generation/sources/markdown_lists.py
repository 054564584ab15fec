"""Markdown, as people write lists in it: bullets, nested bullets, tables, plain lines.

Blocks are parsed for the whole document, inline text only where an entry may stand, and
never for a paragraph longer than any entry: that keeps hostile input linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from generation.sources.candidates import Document, LeftOut, Reading
from generation.sources.entries import Piece, PieceCollector
from generation.sources.folds import folds_to_items
from generation.sources.html_fragments import folded_blocks
from generation.sources.outline import Block, Table, read_blocks
from generation.sources.pieces import stands_within
from generation.sources.spread import spread_lines, spread_out

TOO_LONG = "its line has more than 200,000 characters"

_LONGEST_PARAGRAPH = 10_000
_MOST_BRACKETS = 300
_MOST_MARKS = 400
_LONGEST_LINE = 200_000
_DEEPEST = 60
_ITEM = re.compile(r"^[ \t]{0,12}(?:[-*+]|\d{1,9}[.)])[ \t]+\S", re.MULTILINE)
_ROW = re.compile(r"^[ \t]{0,3}\|?(?:[^|\n]*\|)+[^|\n]*\n[ \t]{0,3}\|?[ \t:|-]*-", re.M)
_LINK = re.compile(r"\]\(|\]\[|^\[[^\]\n]{1,200}\]:|https?://", re.MULTILINE)
_FRONT_MATTER = re.compile(r"\ufeff?(---|\+\+\+)[ \t]*\n")
_HTML_OF_USE = re.compile(r"<(?:h[1-6]|summary|table|ul|ol|dl|p|/?details)\b", re.I)
_TABLE = re.compile(r"<(/?)table\b", re.IGNORECASE)
_HREF = re.compile(
    r"""<a\b[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.I
)
# A link to another note: [[Name]] or [[Name|words]].
_NOTE = re.compile(r"\[\[([^\[\]|\n]{1,200})(?:\|([^\[\]\n]{1,200}))?\]\](?!\()")
_OUTLINER = re.compile(r"^[ \t]+(?:id|collapsed):: ", re.MULTILINE)
_PROPERTY = re.compile(r"^[ \t]+[a-z][\w-]{0,40}:: .*\n?", re.MULTILINE)
_SOURCE = re.compile(r"""\bsrc\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)


def is_markdown(text: str) -> bool:
    """Tell whether the text holds an item or a row, and a link."""
    return bool(_LINK.search(text)) and bool(_ITEM.search(text) or _ROW.search(text))


def read_markdown(document: Document) -> Reading:
    """Read list items and table rows, each under the headings above it."""
    text, too_long = _without_long_lines(document.text)
    left_out = tuple(
        LeftOut(name=start, source=document.source, reason=TOO_LONG)
        for start in too_long
    )
    text = _without_properties(_without_front_matter(text))
    blocks = spread_out(folds_to_items(list(_blocks(text))))
    reading = read_blocks(blocks, kind="markdown", source=document.source)
    if not reading.candidates and document.url:
        # Only where nothing leads outside, the list is about its own pages.
        reading = read_blocks(
            blocks, kind="markdown", source=document.source, base=document.url
        )
    return reading.model_copy(update={"left_out": (*left_out, *reading.left_out)})


def _without_long_lines(text: str) -> tuple[str, list[str]]:
    """Return the text without the lines that nobody wrote, and how those begin."""
    if len(text) <= _LONGEST_LINE:
        return text, []
    lines = text.split("\n")
    too_long = [line[:80] for line in lines if len(line) > _LONGEST_LINE]
    if not too_long:
        return text, []
    return "\n".join("" if len(li) > _LONGEST_LINE else li for li in lines), too_long


def _without_properties(text: str) -> str:
    """Leave of an outliner's notes what they say: no properties, no brackets."""
    text = _PROPERTY.sub("", text) if _OUTLINER.search(text) else text
    return _NOTE.sub(lambda match: match[2] or match[1], text)


def _without_front_matter(text: str) -> str:
    """Cut off the fields that many tools want above the text."""
    opened = _FRONT_MATTER.match(text)
    if not opened:
        return text
    end = text.find(f"\n{opened[1]}", opened.end() - 1)
    following = text.find("\n", end + 1)
    fields = text[opened.end() : max(end, 0)]
    is_fields = end >= 0 and all(
        ":" in line or "=" in line or line[:1] in "- \t#"
        for line in fields.split("\n")
        if line.strip()
    )
    return text[following:] if is_fields and following > 0 else text


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": _DEEPEST})
    parser.enable(["table", "strikethrough"])
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


@cache
def _plain_parser() -> MarkdownIt:
    return _parser().disable(["emphasis", "strikethrough", "backticks"])


def _blocks(text: str) -> Iterator[Block]:
    parser, env = _parser(), dict[str, Any]()
    tokens = parser.parse(text, env)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    ends = _ends_of_tables(tokens)
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
                written = _lines(parser, tokens[position + 1], env)
                if depth:
                    yield Block(
                        "text", 0, [piece for line in written for piece in line]
                    )
                else:
                    yield from spread_lines(written)
            case "table_open":
                table, position = _table(parser, tokens, position, env)
                yield Block("table", 0, (), table)
            case "html_block":
                end = ends.get(position, position)
                html = _source_of(tokens, position, end, lines)
                position = end
                if _HTML_OF_USE.search(html):
                    yield from folded_blocks(html)
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


def _ends_of_tables(tokens: Sequence[Token]) -> dict[int, int]:
    """Return where the tables written as HTML end, by the block that they begin in.

    A blank line ends a block of HTML by the rules of Markdown, but no table.
    """
    ends: dict[int, int] = {}
    start, depth = -1, 0
    for position, token in enumerate(tokens):
        if token.type != "html_block":
            continue
        depth += _open_tables(token.content)
        if start < 0 and depth > 0:
            start = position
        elif depth <= 0:
            if start >= 0:
                ends[start] = position
            start, depth = -1, 0
    return ends


def _source_of(tokens: Sequence[Token], start: int, end: int, lines: list[str]) -> str:
    first, last = tokens[start].map, tokens[end].map
    if start == end or first is None or last is None:
        return tokens[start].content
    return "\n".join(lines[first[0] : last[1]])


def _open_tables(html: str) -> int:
    return sum(-1 if closes else 1 for closes in _TABLE.findall(html))


def _pieces(parser: MarkdownIt, token: Token, env: dict[str, Any]) -> Sequence[Piece]:
    """Parse the inline text of a block into pieces."""
    return [piece for line in _lines(parser, token, env) for piece in line]


def _lines(
    parser: MarkdownIt, token: Token, env: dict[str, Any]
) -> list[Sequence[Piece]]:
    """Parse the inline text of a block into pieces, line by line as it was written."""
    content = token.content
    if len(content) > _LONGEST_PARAGRAPH or content.count("[") > _MOST_BRACKETS:
        return [(Piece("text", content[:_LONGEST_PARAGRAPH]),)]
    children: list[Token] = []
    if sum(map(content.count, "*_~`")) > _MOST_MARKS:
        # Their pairing takes long, and says nothing that an entry needs.
        parser = _plain_parser()
    parser.inline.parse(content, parser, env, children)
    collector = PieceCollector()
    lines: list[Sequence[Piece]] = []
    for child in children:
        is_break = child.type in ("softbreak", "hardbreak")
        if is_break and not collector.is_in_link:
            collector.add(" ")
            lines.append(collector.take())
        else:
            _collect(collector, child)
    lines.append(collector.take())
    return lines


def _collect(collector: PieceCollector, token: Token) -> None:
    match token.type:
        case "text" | "text_special":
            collector.add(token.content, is_code=collector.code > 0)
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
    if name in ("<cod", "<kbd", "</co", "</kb"):
        collector.code = int(name[1] != "/" and not collector.is_in_link)
    elif opened and collector.code:
        # A mark that is linked is a mark all the same.
        return
    elif opened:
        collector.open_link(opened[1] or opened[2] or opened[3] or "")
    elif name.startswith("</a"):
        collector.close_link()
    elif name.startswith("<br"):
        collector.add(" ")
    elif name == "<img":
        source = _SOURCE.search(tag)
        collector.add_image(source[1] if source else "")
    elif not stands_within(tag.strip("</>").partition(" ")[0].lower()):
        collector.end_address()
