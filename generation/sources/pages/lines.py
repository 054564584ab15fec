"""Lines and paragraphs that each are about one thing become lists."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from generation.sources.pages.grafts import (
    FEWEST,
    MOST_TITLE_WORDS,
    SEPARATORS,
    SHARE,
    all_in,
    append,
    begins_with_link,
    is_bold,
    is_named_entry,
    is_silent,
    links_in,
    new_element,
    shown_in,
    shows_address,
    shows_something,
)
from generation.sources.pages.tree import BLOCKS, Element


def lines_to_list(parent: Element) -> None:
    """Make a list of lines that line breaks divide, where most begin with a link."""
    breaks = sum(child.tag == "br" for child in parent.elements)
    if breaks < FEWEST - 1 or parent.links < FEWEST:
        return
    lines: list[list[Element | str]] = [[]]
    for child in parent.children:
        if isinstance(child, Element) and child.tag == "br":
            lines.append([])
        elif isinstance(child, Element) and child.tag in BLOCKS:
            lines += [[child], []]
        else:
            lines[-1].append(child)
    lines = [line for line in lines if shows_something(line)]
    if runs := _named_runs(lines):
        items = [new_element("li", parent, _joined(run)) for run in runs]
        parent.children = [new_element("ul", parent, [*items])]
        return
    beginning = [line for line in lines if begins_with_link(line)]
    if len(beginning) < FEWEST or len(beginning) * 3 < len(lines):
        return
    parent.children = _listed(parent, lines)


def _named_runs(
    lines: list[list[Element | str]],
) -> list[list[list[Element | str]]] | None:
    """Divide lines where each thing begins with its bold name and has its link below."""
    starts = [n for n, line in enumerate(lines) if _begins_with_name(line)]
    if len(starts) < FEWEST or starts[0] != 0:
        return None
    runs = [lines[a:b] for a, b in pairwise([*starts, len(lines)])]
    fitting = sum(
        any(
            is_silent(link.text()) or shows_address(link)
            for line in run
            for child in line
            if isinstance(child, Element)
            for link in links_in(child)
        )
        for run in runs
    )
    return runs if fitting >= SHARE * len(runs) else None


def _begins_with_name(line: Sequence[Element | str]) -> bool:
    first = next((c for c in line if isinstance(c, Element) or c.strip()), None)
    return (
        isinstance(first, Element)
        and is_bold(first)
        and 0 < first.words <= MOST_TITLE_WORDS
        and not first.links
        and not is_silent(first.text())
    )


def _joined(run: Sequence[list[Element | str]]) -> list[Element | str]:
    """Put the lines of one thing into one."""
    first, *rest = run
    has_text = any(isinstance(c, str) and any(map(str.isalnum, c)) for c in first)
    joint = " " if has_text else " - "
    return [*first, *(child for line in rest for child in (joint, *line))]


def _listed(parent: Element, lines: list[list[Element | str]]) -> list[Element | str]:
    children: list[Element | str] = []
    items: Element | None = None
    item = parent
    for line in lines:
        first = line[0]
        if begins_with_link(line):
            if items is None:
                items = new_element("ul", parent, [])
                children.append(items)
            item = new_element("li", items, line)
            append(items, item)
        elif len(line) == 1 and isinstance(first, Element) and first.tag in BLOCKS:
            children.append(first)
            items = None
        elif items is not None and not _is_emphasised(line):
            more = new_element("span", item, line)
            item.children.append(" ")
            append(item, more)
            items.words += more.words
            items.links += more.links
        else:
            children.append(new_element("p", parent, line))
            items = None
    return children


def _is_emphasised(line: Sequence[Element | str]) -> bool:
    """Tell a line that only heads others: bold words and nothing else."""
    shown = [child for child in line if isinstance(child, Element) or child.strip(" :")]
    return (
        len(shown) == 1
        and isinstance(shown[0], Element)
        and any(inner.tag in ("b", "strong") for inner in all_in(shown[0]))
    )


def paragraphs_to_list(parent: Element) -> None:
    """Make lists of paragraphs that each begin with the link that they are about."""
    paragraphs = [
        child for child in parent.elements if child.tag == "p" and child.words
    ]
    listed = _listed_paragraphs(parent, paragraphs)
    if len(listed) < FEWEST:
        return
    children: list[Element | str] = []
    items: Element | None = None
    for child in parent.children:
        if isinstance(child, Element) and id(child) in listed:
            if items is None:
                items = new_element("ul", parent, [])
                children.append(items)
            child.tag, child.parent = "li", items
            append(items, child)
        else:
            children.append(child)
            items = items if isinstance(child, str) and not child.strip() else None
    parent.children = children


def _listed_paragraphs(parent: Element, paragraphs: list[Element]) -> set[int]:
    """Return the paragraphs that are entries: most of them are, or several in a row."""
    entries = {id(p) for p in paragraphs if _is_entry(p)}
    loose = {id(p) for p in paragraphs if begins_with_link(p.children)}
    if len(loose) >= SHARE * len(paragraphs):
        return loose
    if len(entries) >= SHARE * len(paragraphs):
        return entries
    found: set[int] = set()
    row: list[int] = []
    for child in (*parent.elements, None):
        if child is not None and id(child) in entries:
            row.append(id(child))
            continue
        found.update(row if len(row) >= FEWEST else ())
        row = []
    return found


def _is_entry(paragraph: Element) -> bool:
    """Tell "<a>Name</a> - what it is" from a sentence that begins with a link."""
    shown = shown_in(paragraph)
    if is_named_entry(shown):
        return True
    if not begins_with_link(shown):
        return False
    if len(shown) == 1:
        return isinstance(shown[0], Element) and shown[0].tag == "a"
    following = shown[1]
    if isinstance(following, Element):
        return following.tag == "br"
    return following.lstrip().startswith(SEPARATORS)
