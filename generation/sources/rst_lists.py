"""Lists and tables in reStructuredText, with links of every spelling."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generation.sources.candidates import Document, Reading
from generation.sources.line_blocks import Line, to_blocks
from generation.sources.outline import read_blocks
from generation.sources.pieces import PieceCollector, Pieces
from generation.sources.rst_tables import DrawnTables, directive_table
from generation.sources.spread import spread_out

_EMBEDDED = re.compile(r"`[^`<>\n]{1,300}<https?://[^`<>\s]{1,2000}>`_")
_ITEM = re.compile(r"([ \t]*)(?:[-*+\u2022]|#\.|\d{1,9}[.)])[ \t]+(\S.*)")
_RULE = re.compile(r"""([=\-`:'"~^_*+#<>.!$%&,/;?@\\|])\1{2,}\s*$""")
_TARGET = re.compile(r"[ \t]*\.\.[ \t]+_(`[^`]{1,300}`|[^:]{1,300}):[ \t]+(\S+)")
_DIRECTIVE = re.compile(r"([ \t]*)\.\.(?:[ \t]|$)")
_INLINE = re.compile(
    r"""
    ``(?P<code>[^`]{1,300})``
  | `(?P<label>[^`<>]{0,300})<(?P<url>[^`<>\s]{1,2000})>`__?
  | `(?P<phrase>[^`]{1,300})`__?
  | (?<![\w`])(?P<word>[A-Za-z0-9][\w.+-]{0,80})__?(?![\w`])
  | :[\w.+:-]{1,40}:`(?P<role>[^`]{1,300})`
  | \*\*(?P<strong>[^*\n]{1,300})\*\*
  | \*(?P<stressed>[^*\n]{1,300})\*
  | \|(?P<substitution>[\w .-]{1,80})\|_{0,2}
    """,
    re.VERBOSE,
)


def is_rst(text: str) -> bool:
    """Tell whether the text holds links as only reStructuredText writes them."""
    return bool(_EMBEDDED.search(text)) and "](" not in text


def read_rst(document: Document) -> Reading:
    """Read list items and table rows, each under the headings above it."""
    lines = document.text.expandtabs(8).split("\n")
    inline = _Inline(lines)
    blocks = spread_out(list(to_blocks(_lines(lines), inline)))
    return read_blocks(blocks, kind="rst", source=document.source)


def _lines(lines: list[str]) -> Iterator[Line]:
    styles: list[tuple[str, bool]] = []
    tables = DrawnTables(lines)
    position, total = 0, len(lines)
    while position < total:
        line = lines[position].rstrip()
        indent = len(line) - len(line.lstrip())
        following = lines[position + 1].rstrip() if position + 1 < total else ""
        last = lines[position + 2].rstrip() if position + 2 < total else ""
        if not line:
            yield Line("blank")
        elif _RULE.match(line) and following.strip() and _RULE.match(last):
            yield Line("heading", _level(styles, line[0], True), following.strip())
            position += 2
        elif not indent and _is_underline(following, line) and not _RULE.match(line):
            yield Line("heading", _level(styles, following[0], False), line)
            position += 1
        elif drawn := tables.at(position):
            yield Line("table", cells=drawn[0])
            position = drawn[1]
            continue
        elif _DIRECTIVE.match(line):
            end = _end_of_directive(lines, position, indent)
            if cells := directive_table(lines[position:end]):
                yield Line("table", cells=cells)
            position = end
            continue
        elif item := _ITEM.fullmatch(line):
            yield Line("item", len(item[1]), item[2])
        elif not _RULE.match(line):
            yield Line("text", indent, line.strip())
        position += 1


def _is_underline(line: str, above: str) -> bool:
    return bool(_RULE.match(line)) and len(line.strip()) >= min(len(above), 4)


def _level(styles: list[tuple[str, bool]], mark: str, is_over: bool) -> int:
    """Return a heading's level: styles rank in the order in which they appear."""
    if (mark, is_over) not in styles:
        styles.append((mark, is_over))
    return min(styles.index((mark, is_over)) + 1, 6)


def _end_of_directive(lines: list[str], position: int, indent: int) -> int:
    position += 1
    while position < len(lines):
        line = lines[position]
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        position += 1
    return position


class _Inline:
    """Reads the text of a paragraph; the targets of its links may stand anywhere."""

    def __init__(self, lines: list[str]) -> None:
        found = (_TARGET.match(line) for line in lines)
        self._targets = {
            _key(match[1].strip("`")): match[2] for match in found if match
        }

    def __call__(self, text: str) -> Pieces:
        collector, end = PieceCollector(), 0
        for match in _INLINE.finditer(text):
            collector.add(text[end : match.start()])
            end = match.end()
            self._collect(collector, match)
        collector.add(text[end:])
        return collector.take()

    def _collect(self, collector: PieceCollector, match: re.Match[str]) -> None:
        words = match["label"] or match["phrase"] or match["word"]
        if match["code"]:
            collector.add(match["code"], is_code=True)
        elif match["url"]:
            address = match["url"].removesuffix("_")
            address = self._targets.get(_key(address), address)
            _link(collector, (words or "").strip() or address, address)
        elif words and _key(words) in self._targets:
            _link(collector, words, self._targets[_key(words)])
        elif match["strong"]:
            collector.strong += 1
            collector.add(match["strong"])
            collector.strong -= 1
        elif match["substitution"]:
            return
        else:
            collector.add(match["role"] or match["stressed"] or words or match[0])


def _link(collector: PieceCollector, words: str, address: str) -> None:
    collector.open_link(address)
    collector.add(words)
    collector.close_link()


def _key(name: str) -> str:
    return " ".join(name.casefold().replace("\\", "").split())
