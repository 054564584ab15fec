"""A page of the list for an item of which there is more to say than its line.

The text is a stranger's Markdown. It is put into the one form that Markdown linters agree
on: headings below the page's own, blank lines around blocks, one kind of bullet; and a
link that leads nowhere from here becomes its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from generation.fact_sheet import fact_sheet, is_fact_sheet
from generation.items import Item
from generation.markup import escape_markdown, link_target, one_line, strip_raw_html
from generation.repositories import File
from generation.repositories.wording import name_of, sentence

FOLDER = "details/"

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*")
_OWN_HEADING = re.compile(r"(#{1,6}) (?!.*\n)")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*([\w+#.-]*).*")
_BULLET = re.compile(r"( *)[*+-][ \t]+(?=\S)(.*)")
_NUMBER = re.compile(r"( *)(\d{1,9})[.)][ \t]+(?=\S)(.*)")
# Bounded, because a text of 100,000 "](" has as many places where a link may begin.
_PICTURE = re.compile(r"!\[([^\]\n]{0,1000})\]\([^)\n]{0,2500}\)")
_LINK = re.compile(
    r"\[([^\[\]\n]{0,1000})\]\(\s{0,9}<?([^)\s>]{0,2000}+)>?[^)\n]{0,500}\)"
)
_REFERENCE = re.compile(r" {0,3}\[[^\]\n]+\]:.*")
_BARE = re.compile(r"(?<![\w(<\[/])(https?://[^\s<>()\[\]`]*[^\s<>()\[\]`.,;:!?'\"*_])")
_CODE = re.compile(r"(?<!`)(`++).{1,2000}?(?<!`)\1(?!`)")
# What would begin a block in the middle of ours.
_START = re.compile(
    r"[#>=+-]|[*_](?=\s|$|[\s*_]+$)|[~`](?=[~`]{2})|\d{1,9}(?=[.)](?:\s|$))"
)
_TABLE = re.compile(r"\s*\|.*\|\s*")


def more_to_say(item: Item) -> list[str]:
    """Give what an item's text says beyond name and description, in blocks."""
    text = item.markdown.strip()
    if text in ("", item.description.strip()):
        return []
    if is_fact_sheet(text, item.description, item.meta):
        return []
    return _rest(item)


def detail_page(item: Item, more: list[str], *, title: str, back: str) -> File:
    """Write the page of an item."""
    return File(f"{FOLDER}{item.slug}.md", _text(item, more, title, back).encode())


def _text(item: Item, more: list[str], title: str, back: str) -> str:
    name = name_of(item)
    blocks = [f"# {escape_markdown(name)}"]
    if said := sentence(item.description):
        blocks.append(escape_markdown(said))
    target = link_target(item.source_url)
    facts = [f"- [{escape_markdown(_host(target))}]({target})"] if target else []
    facts += _facts(item.meta)
    if facts:
        blocks.append("\n".join(facts))
    blocks += more
    blocks.append(f"Back to [{escape_markdown(title)}]({back}).")
    return "\n\n".join(blocks) + "\n"


def _facts(meta: Mapping[str, Any]) -> Iterator[str]:
    """List the facts as the fact sheet has them."""
    for line in fact_sheet("", meta).splitlines():
        if line:
            yield line


def _host(target: str) -> str:
    return re.sub(r"^https?://(www\.)?", "", target).partition("/")[0]


def _rest(item: Item) -> list[str]:
    """The blocks of the text, without what stands above them on the page."""
    blocks = list(_blocks(strip_raw_html(item.markdown)))
    for said in (item.name, item.description):
        if blocks and _same(blocks[0].lstrip("# "), said):
            del blocks[0]
    return list(_levelled(blocks))


def _levelled(blocks: list[str]) -> Iterator[str]:
    """Let headings go down one level at a time, from below the page's own."""
    levels = sorted({_level(block) for block in blocks} - {0})
    below = {level: min(number, 6) for number, level in enumerate(levels, start=2)}
    last = 1
    for block in blocks:
        if level := _level(block):
            last = min(below[level], last + 1)
            yield "#" * last + block[level:]
        else:
            yield block


def _level(block: str) -> int:
    """The level of a heading, 0 for anything else."""
    found = _OWN_HEADING.match(block)
    return len(found[1]) if found else 0


def _same(one: str, other: str) -> bool:
    return _words(one) == _words(other)


def _words(text: str) -> list[str]:
    return one_line(text.replace("\\", "")).casefold().rstrip(".").split()


def _blocks(text: str) -> Iterator[str]:
    """Cut a text into blocks in one form: headings, lists, code, tables, paragraphs."""
    headings: set[str] = set()
    block: list[str] = []
    kind = ""
    lines = iter(text.expandtabs(4).splitlines())
    for line in lines:
        # Nearly every line is plain, and each of these patterns has a sign of its own.
        if ("```" in line or "~~~" in line) and (fence := _FENCE.fullmatch(line)):
            yield from _closed(block)
            block, kind = [], ""
            yield "\n".join(_code(fence, lines))
            continue
        heading = _HEADING.fullmatch(line) if "#" in line else None
        refers = "]:" in line and _REFERENCE.fullmatch(line)
        if heading or refers or not line.strip():
            # A list may hold blank lines between its entries; elsewhere they end a block.
            yield from _closed(block)
            block, kind = [], ""
        if heading:
            words = _inline(heading[2]).rstrip(".,;:!。，；：！ ")  # noqa: RUF001
            # None stands twice on a page.
            if words and words.casefold() not in headings:
                headings.add(words.casefold())
                yield f"{heading[1]} {words}"
        elif line.strip() and not refers:
            if _UNDERLINE.fullmatch(line):
                continue
            now, clean = _line(line, kind)
            if block and now != kind:
                yield from _closed(block)
                block = []
            block.append(clean)
            kind = now
    yield from _closed(block)


def _line(line: str, kind: str) -> tuple[str, str]:
    """Name the block that a line belongs to, and write it in our form."""
    if bullet := _BULLET.fullmatch(line):
        return "bullets", f"- {_plain(bullet[2])}"
    if number := _NUMBER.fullmatch(line):
        return "numbers", f"1. {_plain(number[3])}"
    if _TABLE.fullmatch(line):
        return "table", _inline(line.strip())
    if kind in ("bullets", "numbers") and line.startswith(" "):
        return kind, ("  " if kind == "bullets" else "   ") + _plain(line.strip())
    # A table needs its rules, and a quotation its own form: both stay prose.
    return "prose", _plain(line.strip().lstrip("> "))


def _closed(block: list[str]) -> Iterator[str]:
    text = "\n".join(line for line in block if line.strip())
    if text:
        yield text


def _code(fence: re.Match[str], lines: Iterator[str]) -> Iterator[str]:
    marks = fence[1]
    yield f"```{fence[2] or 'text'}"
    for line in lines:
        closed = line.strip()
        if closed.startswith(marks) and not closed.strip(marks[0]):
            break
        if not closed.startswith("```"):
            yield line.rstrip()
    yield "```"


def _inline(text: str) -> str:
    """Keep links that lead somewhere from here, and let no picture be fetched."""
    if "`" not in text:
        return _prose(text)
    parts: list[str] = []
    rest = 0
    for code in _CODE.finditer(text):
        parts += [_prose(text[rest : code.start()]), code[0]]
        rest = code.end()
    return "".join([*parts, _prose(text[rest:])])


def _plain(text: str) -> str:
    """The same, where a mark at the beginning could be taken for a block's."""
    text = _inline(text)
    return _START.sub(_escaped, text, count=1) if _START.match(text) else text


def _escaped(found: re.Match[str]) -> str:
    """Escape the mark itself; of a number, the sign behind it."""
    return f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}"


def _prose(text: str) -> str:
    if "](" in text:
        text = _LINK.sub(_link, _PICTURE.sub(r"\1", text))
    return _BARE.sub(r"<\1>", text) if "://" in text else text


def _link(found: re.Match[str]) -> str:
    words, target = found[1].strip(), link_target(found[2])
    return f"[{words}]({target})" if target and words else words
