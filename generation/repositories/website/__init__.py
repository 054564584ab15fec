"""The website: plain files that work wherever they are unpacked.

Every link is relative and names its file, nothing comes from anybody else's server, and
no page carries a script or a style of its own, so that a strict policy can be set. Pages
are made one at a time; what they share is computed once, in `shelves`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Sequence, Sized
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from generation.items import Catalogue
from generation.repositories import File, Masthead
from generation.repositories.website.addresses import web_link
from generation.repositories.website.body import render_body
from generation.repositories.website.facts import read_facts
from generation.repositories.website.shelves import Card, Group, Shelves, tile

TEMPLATES = Path(__file__).parents[3] / "templates" / "website"

# Up to here one page shows everything; beyond, the index leads to the categories.
INDEX_ITEMS = 300
INDEX_TAGS = 30
NEIGHBOURS = 100
EXCERPT = 160


class Page(NamedTuple):
    """A file that is still to be made."""

    path: str
    make: Callable[[], str]


def render_website(catalogue: Catalogue, masthead: Masthead) -> Iterator[File]:
    """Make the website, one file at a time and in path order."""
    for page in sorted(
        _pages(Shelves(catalogue), masthead), key=lambda page: page.path
    ):
        yield File(page.path, page.make().encode("utf-8", "replace"))


def _pages(shelves: Shelves, masthead: Masthead) -> Iterator[Page]:
    def page(path: str, template: str, **facts: Any) -> Page:
        root = "../" * path.count("/")
        shared = {"site": shelves, "masthead": masthead, "path": path, "root": root}
        make = functools.partial(_environment().get_template(template).render, shared)
        return Page(path, functools.partial(make, **facts))

    yield Page(".nojekyll", str)
    yield page("404.html", "404.html")
    yield page(
        "favicon.svg", "favicon.svg", tile=tile(masthead.name, seed=masthead.slug)
    )
    for name in ("contours.svg", "style.css"):
        yield Page(f"assets/{name}", functools.partial(_asset, name))
    if shelves.cards:
        yield Page("assets/items.js", functools.partial(_items_script, shelves.cards))
        yield Page("assets/search.js", functools.partial(_asset, "search.js"))
    yield page(
        "index.html",
        "index.html",
        shows_items=len(shelves.cards) <= INDEX_ITEMS,
        top_tags=_top(shelves.tags),
    )
    for number, group in enumerate(shelves.categories):
        around = _around(shelves.categories, number)
        yield page(group.path, "category.html", group=group, neighbours=around)
    for group in shelves.tags:
        yield page(group.path, "tag.html", group=group)
    for card, related in shelves.with_related():
        yield page(card.path, "item.html", card=card, related=related)


def _around(groups: Sequence[Group], number: int) -> Sequence[Group]:
    """Take the groups beside one: a page that named them all would be as long as all."""
    start = max(0, min(number - NEIGHBOURS // 2, len(groups) - NEIGHBOURS))
    return groups[start : start + NEIGHBOURS]


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.filters |= {"excerpt": _excerpt, "number": "{:,}".format}
    environment.globals |= {
        "count": _count,
        "read_facts": read_facts,
        "render_body": render_body,
        "web_link": web_link,
    }
    return environment


@functools.cache
def _asset(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _items_script(cards: list[Card]) -> str:
    """Write what the search box knows: a script, because a local page may not fetch."""
    rows = ",\n".join(
        json.dumps(
            [
                card.path,
                card.item.name,
                card.link.host if card.link else "",
                card.category.name,
                [tag.name for tag in card.tags],
                _excerpt(card.item.description),
                *card.tile,
            ],
            ensure_ascii=False,
            separators=(",", ":"),
        )
        for card in cards
    )
    return f"globalThis.directoryItems = [\n{rows},\n];\n"


def _count(things: Sized, one: str, many: str = "") -> str:
    number = len(things)
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _excerpt(text: str) -> str:
    """Shorten a text to what fits under a link, at the end of a word if there is one."""
    line = " ".join(text.split())
    if len(line) <= EXCERPT:
        return line
    return line[:EXCERPT].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"


def _top(tags: list[Group]) -> list[Group]:
    """Keep the tags that say most about the directory, in the order they came."""
    most = sorted(tags, key=lambda tag: -len(tag.cards))[:INDEX_TAGS]
    return [tag for tag in tags if tag in most]
