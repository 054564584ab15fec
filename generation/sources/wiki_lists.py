"""Lists in wikitext, as MediaWiki, DokuWiki and Creole write it: items and tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from generation.sources.candidates import Document, Reading
from generation.sources.line_blocks import Cells, Line, to_blocks
from generation.sources.line_tables import bar_table, wiki_table
from generation.sources.outline import read_blocks
from generation.sources.pieces import PieceCollector, Pieces
from generation.sources.spread import spread_out
from generation.sources.wiki_marks import without_marks

_WORDED_LINK = r"\[https?://[^\s\[\]<>\"|]{1,2000}[ \t][^\[\]\n]{1,300}\](?!\()"
_LINK = re.compile(r"(?<!\[)" + _WORDED_LINK)
_LISTED_LINK = re.compile(
    r"^[ \t]{0,9}[*#:;]{1,9}[ \t]{0,9}'{0,5}" + _WORDED_LINK, re.M
)
# Org puts brackets between the address and the words, others nothing at all.
_BARRED_LINK = re.compile(r"\[\[https?://[^\s\[\]|]{1,2000}\|[^\[\]\n]{1,300}\]\]")
_HEADED = re.compile(r"^={1,6}[ \t]{0,9}[^=\s][^=\n]{0,300}={1,6}[ \t]{0,9}$", re.M)
_TABLE = re.compile(r"^[ \t:]{0,9}\{\|", re.M)
_TABLE_END = re.compile(r"^[ \t]{0,9}\|\}", re.M)
_MARKDOWN_LINK = re.compile(r"\]\([^\s()]{0,300}[./#:]")
_START = re.compile(r"\s*(?:\{\{\s*[^\W\d]|\{\||\[\[:?(?!true|false|null)[^\W\d])")
_SAMPLE = 1024 * 1024

_NO_PAGE = (
    "archivo|bild|catégorie|categoría|category|datei|fichier|file|image|kategorie|media"
)
_IGNORED = re.compile(
    rf"\[\[[ \t]*(?:{_NO_PAGE})[ \t]*:|#redirect\b|__\w{{1,40}}__$|~~\w{{1,40}}~~$",
    re.IGNORECASE,
)
_RULE = re.compile(r"-{4,}")
_ITEM = re.compile(r"([ \t]*)([*#:;]{1,20}|-(?=[ \t]))([ \t]*)(\S.*)")
_BEGINS_WITH_LINK = re.compile(r"'{0,5}\[{1,2}https?://")
_NOT_WORDS = re.compile(r"'{2,5}|<[^<>]{0,500}>")
_LONGEST_LINE = 12_000
_BELOW_ANY = 10_000
# In DokuWiki the outermost heading has the most marks, in others the fewest.
_FEWEST_DOKUWIKI = 4
_INLINE = re.compile(
    r"""
    \[\[(?P<page>[^\[\]|\n]{1,2000})(?:\|(?P<words>[^\[\]\n]{0,500}))?\]\]
  | \[(?P<url>(?:https?:)?//[^\s\[\]<>"|]{1,2000})(?:[ \t|](?P<label>[^\[\]\n]{0,500}))?\]
  | <code>(?P<code>[^<>\n]{1,300})</code>
  | (?P<strong>'{3,5}|\*\*)
  | (?P<dropped>'')
  | (?P<tag></?[a-zA-Z][^<>]{0,500}>)
  | (?<![\w:/])//(?P<stressed>[^/\n\[\]]{1,300})//(?![\w/])
    """,
    re.VERBOSE,
)
_IS_NO_PAGE = re.compile(rf"[ \t]*(?:{_NO_PAGE})[ \t]*:", re.IGNORECASE)


def is_wiki(text: str) -> bool:
    """Tell whether the text holds tables, or links in a list, as only wikis write them."""
    text = text[:_SAMPLE]
    if _MARKDOWN_LINK.search(text):
        return False
    if _TABLE.search(text) and _TABLE_END.search(text):
        return True
    if _LISTED_LINK.search(text) or _BARRED_LINK.search(text):
        return True
    return bool(_LINK.search(text)) and bool(_HEADED.search(text))


def begins_as_wiki(text: str) -> bool:
    """Tell a template, a table or a link at the beginning from the brackets of JSON."""
    return bool(_START.match(text[:200].lstrip("\ufeff")))


def read_wiki(document: Document) -> Reading:
    """Read list items and table rows, each under the headings above it."""
    lines = without_marks(document.text).split("\n")
    blocks = list(to_blocks(_lines(list(_with_tables(lines))), _inline))
    return read_blocks(spread_out(blocks), kind="wiki", source=document.source)


def _with_tables(lines: Iterable[str]) -> Iterator[str | Cells]:
    """Yield lines, and tables as wholes. A table in a table is passed over."""
    table: list[str] = []
    rows: list[str] = []
    depth = 0
    for raw in lines:
        line = raw.rstrip()[:_LONGEST_LINE]
        start = line.lstrip(" \t:")
        if rows and not _is_row(line):
            yield bar_table(rows)
            rows = []
        if start.startswith("{|"):
            depth += 1
        elif depth and _heading(line):
            # Whoever wrote it forgot to close the table.
            yield wiki_table(table)
            yield line
            table, depth = [], 0
        elif depth and start.startswith("|}"):
            depth -= 1
            if not depth:
                yield wiki_table(table)
                table = []
        elif depth == 1:
            table.append(line)
        elif not depth and _is_row(line):
            rows.append(line)
        elif not depth:
            yield line
    if table or rows:
        yield wiki_table(table) if table else bar_table(rows)


def _is_row(line: str) -> bool:
    """Tell a row as DokuWiki and Creole write it, without a table around it."""
    return line[:1] in ("|", "^") and line[:2] != "|}" and line[-1] in ("|", "^")


def _lines(parts: list[str | Cells]) -> Iterator[Line]:
    headings = [_heading(part) for part in parts if isinstance(part, str)]
    first = next((found[0] for found in headings if found), 0)
    before: Line | None = None
    for part, following in pairwise([*parts, ""]):
        after_term = before is not None and before.kind == "item" and before.level < 0
        for line in _line(part, following, after_term=after_term):
            if line.kind == "text" and before is not None and before.kind == "item":
                # In a wiki the end of the line is the end of the item.
                yield from [Line("blank")] if line.level < _BELOW_ANY else []
            if line.kind == "heading" and first >= _FEWEST_DOKUWIKI:
                yield line._replace(level=7 - line.level)
            else:
                yield line._replace(level=abs(line.level))
            before = line


def _line(part: str | Cells, following: str | Cells, *, after_term: bool) -> list[Line]:
    """Read one line. The level of a term that has no description yet is negative."""
    if isinstance(part, Cells):
        return [Line("table", cells=part)]
    if not part or _RULE.fullmatch(part):
        return [Line("blank")]
    if heading := _heading(part):
        return [Line("heading", *heading)]
    if _IGNORED.match(part):
        return []
    item = _ITEM.fullmatch(part)
    if item is None or _is_strong(item):
        text = Line("text", 0, part.strip())
        loose = bool(_BEGINS_WITH_LINK.match(text.text))
        return [Line("blank"), text] if loose else [text]
    level = len(item[1].expandtabs(4)) + len(item[2])
    if item[2].endswith(";"):
        return _term(item[4], level, following)
    if item[2].endswith(":"):
        return _indented(item[2], item[4], level, after_term=after_term)
    return [Line("item", level, item[4])]


def _heading(line: str) -> tuple[int, str] | None:
    marks = len(line) - len(line.lstrip("="))
    text = line.strip("= \t")
    if not 0 < marks <= 6 or not text:
        return None
    return (marks, text) if line.endswith("=") or line[marks] in " \t" else None


def _is_strong(item: re.Match[str]) -> bool:
    """Tell bold words at the beginning of a line from an item of an item."""
    return item[2] == "**" and not item[3] and "**" in item[4]


def _term(text: str, level: int, following: str | Cells) -> list[Line]:
    """Read `; term : description`. A term above a list is what heads the list."""
    if isinstance(following, str) and following[:1] in ("*", "#") and "//" not in text:
        words = _NOT_WORDS.sub("", text).strip()
        return [Line("blank"), Line("text", 0, f"'''{words}'''"), Line("blank")]
    described = text.replace(" : ", " - ", 1)
    return [Line("item", level if described != text else -level, described)]


def _indented(marks: str, text: str, level: int, *, after_term: bool) -> list[Line]:
    """Read what is indented: a term's description, or more of the item above it."""
    if after_term:
        return [Line("text", _BELOW_ANY, f"- {text}")]
    if len(marks) == 1 and _BEGINS_WITH_LINK.match(text):
        return [Line("item", level, text)]
    return [Line("blank"), Line("text", _BELOW_ANY, text)]


def _inline(text: str) -> Pieces:
    collector, end = PieceCollector(), 0
    for match in _INLINE.finditer(text):
        collector.add(text[end : match.start()])
        end = match.end()
        if match["page"]:
            _add_page(collector, match["page"], match["words"] or "")
        elif match["url"]:
            address = match["url"]
            address = f"https:{address}" if address.startswith("//") else address
            _add_link(collector, address, match["label"] or "")
        elif match["code"]:
            collector.add(match["code"], is_code=True)
        elif match["strong"]:
            collector.strong = 1 - collector.strong
        elif match["stressed"]:
            collector.add(match["stressed"])
        elif match["tag"] and match["tag"][1:3].lower() == "br":
            collector.add(" ")
    collector.add(text[end:])
    return collector.take()


def _add_page(collector: PieceCollector, page: str, words: str) -> None:
    """Add a link in double brackets: to a page of the wiki, or rarely out of it."""
    page = page.strip()
    if page.startswith(("http://", "https://")):
        address, _, label = page.partition(" ")
        _add_link(collector, address, words or label)
    elif not _IS_NO_PAGE.match(page):
        collector.add(words.strip() or page.removeprefix(":"))


def _add_link(collector: PieceCollector, address: str, label: str) -> None:
    collector.open_link(address)
    collector.add(_NOT_WORDS.sub("", label).strip(" \t|") or address)
    collector.close_link()
