"""One page to one reading: the markup first, then what the page holds for machines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from selectolax.lexbor import LexborHTMLParser

from generation.sources.candidates import Document, Reading
from generation.sources.entries import Entry, NoEntry
from generation.sources.folds import folds_to_items
from generation.sources.names import squeeze
from generation.sources.outline import read_blocks
from generation.sources.pages.blocks import page_blocks
from generation.sources.pages.cards import Group, find_groups
from generation.sources.pages.choice import choose
from generation.sources.pages.embedded import embedded_reading
from generation.sources.pages.flat import name_what_is_flat
from generation.sources.pages.slots import read_group
from generation.sources.pages.structured import combine, structured_candidates
from generation.sources.pages.tree import Element, parse_page, visible_tree
from generation.sources.urls import clean_url, host_of

# Comments are taken whole: where each could end at any "-->", trying all ways takes for ever.
_PAGE = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}>\s*|(?><!--.{0,2000}?-->)\s*)*+<(?:!doctype\s+html|html|head|body)\b",
    re.I | re.S,
)
_FRAGMENT = re.compile(r"<(?:li|td|dt|article)\b[^>]*>", re.IGNORECASE)
_FEWEST = 3
_LONGEST_TITLE = 200
_MAY_HIDE = "[hidden], [aria-hidden], [style]"
# Where the content is, the surest place first.
_BODIES = ("markdown-body", "mw-parser-output")
_MOST_NAME_WORDS = 12
_MOST_WORDS_OF_A_CARD = 120


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
    """Read what a page shows; where it shows no list, what it holds for machines."""
    parser = parse_page(document.text)
    base = _base(parser, document.url)
    body = visible_tree(parser)
    title, words = _title(parser, body), body.words
    name_what_is_flat(body, base)
    reading = _read_markup(body, document.source, base)
    told = structured_candidates(parser, source=document.source, base=base)
    if told:
        combined = combine(reading.candidates, told, base)
        reading = reading.model_copy(update={"candidates": tuple(combined)})
    if len(reading.candidates) < _FEWEST:
        data = embedded_reading(parser, document, base)
        if data is not None and len(data.candidates) > len(reading.candidates):
            reading = data
    if not reading.candidates:
        # Nothing is shown before scripts have run: what they will show is in the page.
        hidden = _read_hidden(parser, document.source, base, shown=words)
        if len(hidden.candidates) >= _FEWEST:
            reading = hidden
    return reading.model_copy(update={"title": title})


def _read_hidden(
    parser: LexborHTMLParser, source: str, base: str, *, shown: int
) -> Reading:
    """Read all of a page, where that is more than the words that it shows."""
    if parser.css_first(_MAY_HIDE) is None:
        return Reading(kind="html")
    body = visible_tree(parser, unfolded=True)
    if body.words <= shown:
        return Reading(kind="html")
    name_what_is_flat(body, base)
    return _read_markup(body, source, base)


def _read_markup(body: Element, source: str, base: str) -> Reading:
    first = Reading(kind="html")
    for root in _roots(body):
        reading = _read_root(root, source, base)
        if len(reading.candidates) >= _FEWEST:
            return reading
        if not first.candidates:
            first = reading
    if first.candidates:
        return first
    return _read_few(next(_roots(body)), source, base)


def _read_root(root: Element, source: str, base: str) -> Reading:
    grids = find_groups(root)
    reading = _read_grids(root, grids, source, base, sorts=True)
    if grids and _headings_sort(reading):
        return _read_grids(root, grids, source, base, sorts=False)
    return reading


def _read_grids(
    root: Element, grids: Sequence[Group], source: str, base: str, *, sorts: bool
) -> Reading:
    entries = [read_group(grid.members, base, sorts=sorts) for grid in grids]
    page = page_blocks(root, grids, entries, base)
    blocks = folds_to_items(choose(page, base))
    return read_blocks(blocks, kind="html", source=source, base=base)


def _headings_sort(reading: Reading) -> bool:
    """Tell whether headings stand above the cards that say more than a letter."""
    paths = {candidate.path for candidate in reading.candidates if candidate.path}
    return len(paths) > 1 and sum(len(path[-1]) > 2 for path in paths) * 2 > len(paths)


def _read_few(root: Element, source: str, base: str) -> Reading:
    """Read a page of one or two cards: each must show that it is one.

    It names something by a link or a heading, describes it, and leads away to it.
    """
    grids, entries = [], []
    for grid in find_groups(root, fewest=1):
        read = read_group(grid.members, base)
        if any(m.words > _MOST_WORDS_OF_A_CARD or m.links > 8 for m in grid.members):
            continue
        if all(_is_certain(found, base) for found in read):
            grids.append(grid)
            entries.append(read)
    page = page_blocks(root, grids, entries, base)
    return read_blocks(choose(page, base), kind="html", source=source, base=base)


def _is_certain(found: Entry | NoEntry, base: str) -> bool:
    return (
        isinstance(found, Entry)
        and len(found.description.split()) >= 3
        and len(found.name.split()) <= _MOST_NAME_WORDS
        and host_of(found.url) not in ("", host_of(base))
    )


def _base(parser: LexborHTMLParser, url: str) -> str:
    element = parser.css_first("base[href]")
    href = element.attributes.get("href") if element is not None else None
    return (clean_url(href, base=url) if href else "") or url


def _title(parser: LexborHTMLParser, body: Element) -> str:
    """Return what a page calls itself: its one main heading, else its title."""
    headings = [element.text() for element in body.inside("h1")]
    if len(headings) == 1 and headings[0]:
        return headings[0][:_LONGEST_TITLE]
    element = parser.css_first("title")
    return squeeze(element.text())[:_LONGEST_TITLE] if element is not None else ""


def _roots(body: Element) -> Iterator[Element]:
    """Yield the elements that may hold the list, the surest first, the body last."""
    everything = body.inside()
    for found in (
        [e for e in everything if not set(_BODIES).isdisjoint(e.classes)],
        [e for e in everything if e.tag == "main"],
    ):
        root = max(found, key=lambda element: element.words, default=None)
        if root is not None and root.links:
            yield root
    yield body
