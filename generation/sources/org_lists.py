"""Lists in Org: items, rows of tables, and headings, all of which may be links."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generation.sources.candidates import Document, Reading
from generation.sources.line_blocks import Line, to_blocks
from generation.sources.line_tables import org_table
from generation.sources.outline import read_blocks
from generation.sources.pieces import PieceCollector, Pieces
from generation.sources.spread import spread_out

_LINK = re.compile(r"\[\[https?://[^\[\]\s]{1,2000}\](?:\[[^\[\]\n]{1,300}\])?\]")
_LISTED = re.compile(r"^(?:\*+|[ \t]*[-+|]|[ \t]*\d+[.)])[ \t]+\S", re.MULTILINE)
_HEADING = re.compile(r"(\*{1,20})[ \t]+(\S.*)")
_ITEM = re.compile(r"([ \t]*)(?:[-+]|(?<=[ \t])\*|\d{1,9}[.)])[ \t]+(\S.*)")
# A run of blanks is looked at from its beginning alone: from each blank takes the square.
_TAGS = re.compile(r"(?<![ \t])[ \t]+:[\w@#%:]{1,200}:[ \t]*$")
_STATE = re.compile(r"(?:TODO|DONE|NEXT|WAITING|CANCELLED)[ \t]+|\[#[A-Z]\][ \t]+")
_COOKIE = re.compile(r"(?:(?<![ \t])[ \t]+)?\[\d*(?:/\d*|%)\]")
_KEYWORD = re.compile(r"[ \t]*#(?:\+|[ \t]|$)|[ \t]*(?:CLOSED|DEADLINE|SCHEDULED):")
_DRAWER = re.compile(r"[ \t]*:[\w-]{1,60}:[ \t]*$")
_INLINE = re.compile(
    r"""
    \[\[(?P<url>[^\[\]\s]{1,2000})\](?:\[(?P<label>[^\[\]\n]{0,300})\])?\]
  | (?<!\w)[=~](?P<code>[^=~\n]{1,300})[=~](?!\w)
  | (?<!\w)\*(?P<strong>[^*\n]{1,300})\*(?!\w)
  | (?<![\w:/])/(?P<stressed>[^/\n]{1,300})/(?![\w/])
    """,
    re.VERBOSE,
)


def is_org(text: str) -> bool:
    """Tell whether the text holds links as only Org writes them, in a list."""
    return bool(_LINK.search(text)) and bool(_LISTED.search(text)) and "](" not in text


def read_org(document: Document) -> Reading:
    """Read list items, rows of tables, and headings that are links."""
    lines = document.text.expandtabs(8).split("\n")
    blocks = list(to_blocks(_lines(lines), _inline))
    return read_blocks(spread_out(blocks), kind="org", source=document.source)


def _lines(lines: list[str]) -> Iterator[Line]:
    skip_to = ""
    table: list[str] = []
    for raw in [*lines, ""]:
        line = raw.rstrip()
        words = line.strip().casefold()
        if table and not words.startswith("|"):
            yield Line("table", cells=org_table(table))
            table = []
        if skip_to:
            skip_to = "" if words.startswith(skip_to) else skip_to
        elif words.startswith("#+begin_"):
            skip_to = "#+end_"
        elif not line:
            yield Line("blank")
        elif words.startswith("|"):
            table.append(line)
        elif _DRAWER.fullmatch(line):
            skip_to = ":end:"
        elif _KEYWORD.match(line):
            continue
        elif heading := _HEADING.fullmatch(line):
            text = _COOKIE.sub("", _STATE.sub("", _TAGS.sub("", heading[2]), count=2))
            yield Line("heading", min(len(heading[1]), 20), text)
        elif item := _ITEM.fullmatch(line):
            # "Term :: description" is an item, too.
            text = _COOKIE.sub("", item[2]).replace(" :: ", " - ", 1)
            yield Line("item", len(item[1]), text)
        else:
            yield Line("text", len(line) - len(line.lstrip()), line.strip())


def _inline(text: str) -> Pieces:
    collector, end = PieceCollector(), 0
    for match in _INLINE.finditer(text):
        collector.add(text[end : match.start()])
        end = match.end()
        if match["url"]:
            collector.open_link(match["url"])
            collector.add(match["label"] or match["url"])
            collector.close_link()
        elif match["code"]:
            collector.add(match["code"], is_code=True)
        elif match["strong"]:
            collector.strong += 1
            collector.add(match["strong"])
            collector.strong -= 1
        else:
            collector.add(match["stressed"])
    collector.add(text[end:])
    return collector.take()
