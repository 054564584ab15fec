"""Lists in AsciiDoc: bullets as deep as they have stars, lists of terms, and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generation.sources.candidates import Document, Reading
from generation.sources.line_blocks import Line, to_blocks
from generation.sources.line_tables import asciidoc_table
from generation.sources.outline import read_blocks
from generation.sources.pieces import PieceCollector, Pieces
from generation.sources.spread import spread_out

_LINK = re.compile(r"https?://[^\s\[\]]{1,2000}\[[^\[\]\n]{1,300}\]")
_LISTED = re.compile(
    r"^[ \t]*(?:\*{1,5}|-|\.{1,5})[ \t]+\S|::[ \t]|^\|===", re.MULTILINE
)
_HEADING = re.compile(r"(={1,6})[ \t]+(\S.*)")
_ITEM = re.compile(r"[ \t]*(\*{1,6}|-|\.{1,6}|\d{1,9}\.)[ \t]+(\S.*)")
_TERM = re.compile(r"[ \t]*(\S.{0,500}?):{2,4}(?:[ \t]+(.*))?")
_ATTRIBUTE = re.compile(r":(!?[\w-]{1,60}):[ \t]*(.*)")
_REFERENCE = re.compile(r"\{([\w-]{1,60})\}")
_FENCE = re.compile(r"(?:-{4,}|={4,}|\.{4,}|\+{4,}|/{4,}|_{4,}|\*{4,}|```)\s*")
_TABLE = "|==="
_OPTIONS = re.compile(r"\[[^\[\]]{1,500}\]")
_MOST_ADDED = 1_000
_VERBATIM = ("-", ".", "+", "/", "`")
_IGNORED = re.compile(r"(?:image::|video::|include::|toc::|//|\[\[?[^\]]*\]\]?$)")
_INLINE = re.compile(
    r"""
    (?:link:)?(?P<url>https?://[^\s\[\]<>]{1,2000})\[(?P<label>[^\[\]\n]{0,300})\]
  | link:(?P<path>[^\s\[\]]{1,2000})\[(?P<words>[^\[\]\n]{0,300})\]
  | <<(?P<anchor>[^<>,\n]{1,300})(?:,(?P<title>[^<>\n]{1,300}))?>>
  | xref:(?P<target>[^\s\[\]]{1,300})\[(?P<named>[^\[\]\n]{0,300})\]
  | image:(?P<image>[^\s\[\]]{1,2000})\[[^\[\]\n]{0,300}\]
  | `(?P<code>[^`\n]{1,300})`
  | (?<!\w)\*{1,2}(?P<strong>[^*\n]{1,300})\*{1,2}(?!\w)
  | (?<!\w)_{1,2}(?P<stressed>[^_\n]{1,300})_{1,2}(?!\w)
    """,
    re.VERBOSE,
)


def is_asciidoc(text: str) -> bool:
    """Tell whether the text holds links as only AsciiDoc writes them, in a list."""
    return bool(_LINK.search(text)) and bool(_LISTED.search(text)) and "](" not in text


def read_asciidoc(document: Document) -> Reading:
    """Read list items and table rows, each under the headings above it."""
    lines = to_blocks(_lines(document.text.split("\n")), _inline)
    return read_blocks(spread_out(list(lines)), kind="asciidoc", source=document.source)


def _lines(lines: list[str]) -> Iterator[Line]:
    options = ""
    table: list[str] | None = None
    for line in _resolved(lines):
        if table is not None:
            if line != _TABLE:
                table.append(line)
                continue
            yield Line("table", cells=asciidoc_table(table, options))
            options, table = "", None
        elif line == _TABLE:
            table = []
        elif heading := _HEADING.fullmatch(line):
            yield Line("heading", len(heading[1]), heading[2])
        elif not line or line == "+":
            yield Line("blank")
        elif _OPTIONS.fullmatch(line):
            options = line
        elif _IGNORED.match(line):
            continue
        elif item := _ITEM.fullmatch(line):
            depth = 1 if item[1][0].isdigit() else len(item[1])
            yield Line("item", depth + (10 if item[1][0] == "." else 0), item[2])
        elif (term := _TERM.fullmatch(line[:2_000])) and "://" in term[1]:
            yield Line("item", 0, f"{term[1]} - {term[2] or ''}")
        else:
            yield Line("text", 1_000, line.strip())
    if table:
        yield Line("table", cells=asciidoc_table(table, options))


def _resolved(lines: list[str]) -> Iterator[str]:
    """Yield lines with the values of attributes in them, and none that stand verbatim."""
    attributes: dict[str, str] = {}
    fence = ""
    for raw in lines:
        line = raw.rstrip()
        if fence or _FENCE.fullmatch(line):
            if fence and line == fence:
                fence = ""
            elif not fence and line.startswith(_VERBATIM):
                fence = line
            continue
        if stated := _ATTRIBUTE.fullmatch(line[:4_000]):
            if len(attributes) < 500:
                attributes[stated[1].lower()] = stated[2].strip()[:500]
            continue
        line = line[:12_000]
        # What attributes add is bounded, so that a small text stays one.
        longest = len(line) + _MOST_ADDED
        yield _REFERENCE.sub(
            lambda match: attributes.get(match[1].lower(), match[0]), line
        )[:longest]


def _inline(text: str) -> Pieces:
    collector, end = PieceCollector(), 0
    for match in _INLINE.finditer(text):
        collector.add(text[end : match.start()])
        end = match.end()
        address = match["url"] or match["path"]
        if address:
            # After a comma or "^" stand a link's attributes.
            words = (match["label"] or match["words"] or "").partition(",")[0]
            collector.open_link(address)
            collector.add(words.strip().removesuffix("^").strip('"') or address)
            collector.close_link()
        elif anchor := match["anchor"] or match["target"]:
            collector.open_link(f"#{anchor.lstrip('#')}")
            collector.add((match["title"] or match["named"] or anchor).strip())
            collector.close_link()
        elif match["code"]:
            collector.add(match["code"], is_code=True)
        elif match["strong"]:
            collector.strong += 1
            collector.add(match["strong"])
            collector.strong -= 1
        elif match["stressed"]:
            collector.add(match["stressed"])
    collector.add(text[end:])
    return collector.take()
