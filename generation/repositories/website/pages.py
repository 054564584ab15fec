"""The pages that people read: which there are, and what each of them is made of.

A page is made when somebody asks for it. Until then it has a mark, a digest of everything
that its bytes follow from, so that a run can leave alone what has not changed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from generation.repositories.site import Note
from generation.repositories.website import structured
from generation.repositories.website.addresses import (
    PLAIN_NAME,
    Link,
    page_name,
    web_link,
)
from generation.repositories.website.body import (
    heading_of_note,
    render_body,
    render_note,
)
from generation.repositories.website.facts import read_facts
from generation.repositories.website.feeds import feed_links
from generation.repositories.website.frame import Site, sample
from generation.repositories.website.page import Page, Surroundings
from generation.repositories.website.shelves import Card, Group, Neighbours, mark_of
from generation.repositories.website.words import Words

# Up to here the front page shows everything; beyond, it leads to the categories.
INDEX_ITEMS = 100
INDEX_TAGS = 30
INDEX_SHELVES = 60
CHOICE_TAGS = 80
PER_PAGE = 60
NEIGHBOURS = 40
CHANGES = 100
# Kinds of readers, as they are told to visitors.
METHODS = {
    **dict.fromkeys(("markdown", "asciidoc", "org", "rst", "text", "textile"), "list"),
    "wiki": "list",
    **dict.fromkeys(("html", "html data"), "page"),
    **dict.fromkeys(("csv", "json", "yaml", "toml", "xml"), "records"),
    **dict.fromkeys(("bookmarks", "feed", "folder", "opml", "sitemap"), "entries"),
}
SCHEMA = "schemas/items-1.json"


class SourceRow(NamedTuple):
    """A source on the page about the directory."""

    name: str
    link: Link | None
    method: str
    items: int
    latest: str


def html_pages(site: Site) -> Iterator[Page]:
    """Name every page that people read."""
    yield _index(site)
    yield _about(site)
    yield _lost(site)
    for note in site.owner.notes:
        yield _note(site, note)
    shelves = site.shelves
    for kinds, groups in (
        ("categories", shelves.categories),
        ("tags", shelves.tags),
        ("collections", shelves.collections),
    ):
        if groups:
            yield _groups(site, kinds, groups)
        for number, group in enumerate(groups):
            around = _around(groups, number) if kinds == "categories" else []
            yield from _group(site, group, kinds, around, len(groups))
        yield from _moved(site, kinds, groups)
    if shelves.new:
        yield _days(site, "new", shelves.new, lambda card: card.added)
    if shelves.changed:
        yield _days(site, "changes", shelves.changed, lambda card: card.day)
    for category in shelves.categories:
        yield from _items(site, category)


def _index(site: Site) -> Page:
    shelves = site.shelves
    shows_items = len(shelves.cards) <= INDEX_ITEMS
    top = _top(shelves.tags, INDEX_TAGS)
    shown = (
        shelves.cards if shows_items else [*shelves.featured[:12], *shelves.changed[:6]]
    )

    def facts() -> dict[str, Any]:
        return {
            "shows_items": shows_items,
            "top_tags": top,
            "choice_tags": _top(shelves.tags, CHOICE_TAGS),
            "filters": site.filters,
            "has_stars": site.has_stars,
            "shelf_limit": INDEX_SHELVES,
        }

    groups = (*shelves.categories, *shelves.tags, *shelves.collections)
    return site.page(
        "index.html",
        "index.html",
        mark=(
            *(card.mark for card in shown),
            *(f"{g.mark} {len(g.cards)} {sample(g)}" for g in groups),
            repr(
                (site.filters, site.has_stars, shelves.updated_at, len(shelves.cards))
            ),
        ),
        summary=site.masthead.description or site.masthead.name,
        section="home",
        changed=shelves.updated_at or "",
        structure=lambda: structured.of_site(site),
        feeds=feed_links(site, None),
        facts=facts,
    )


def _about(site: Site) -> Page:
    rows = _source_rows(site)
    return site.page(
        "about/index.html",
        "about.html",
        mark=(repr(rows),),
        summary=site.words.say("about_summary", name=site.masthead.name),
        section="about",
        changed="",
        structure=lambda: structured.of_page(
            site, "about/index.html", site.words["about"]
        ),
        feeds=feed_links(site, None),
        facts=lambda: {"sources": rows, "schema_path": SCHEMA},
    )


def _lost(site: Site) -> Page:
    """The page for addresses that lead nowhere: shown anywhere, so its links are rooted."""
    return site.page(
        "404.html",
        "404.html",
        mark=(),
        summary=site.words["lost"],
        root=site.settings.base_path,
    )


def _note(site: Site, note: Note) -> Page:
    heading = heading_of_note(note.text, note.name)
    path = f"pages/{note.name}/index.html"
    return site.page(
        path,
        "note.html",
        mark=(note.text,),
        summary=site.words.say(
            "in_directory", name=heading, directory=site.masthead.name
        ),
        changed="",
        structure=lambda: structured.of_page(site, path, heading),
        facts=lambda: {"heading": heading, "body": render_note(note.text)},
    )


def _groups(site: Site, kinds: str, groups: list[Group]) -> Page:
    heading = site.words[kinds]
    path = f"{kinds}/index.html"
    return site.page(
        path,
        "groups.html",
        mark=(f"{g.mark} {len(g.cards)} {sample(g)}" for g in groups),
        summary=site.words.say("list_of", what=heading, directory=site.masthead.name),
        section=kinds,
        changed="",
        structure=lambda: structured.of_page(site, path, heading),
        facts=lambda: {"groups": groups, "heading": heading, "kinds": kinds},
    )


def _group(
    site: Site, group: Group, kinds: str, around: Sequence[Group], groups: int
) -> Iterator[Page]:
    """Make the pages of one group, so many items each."""
    words = site.words
    pages = -(-len(group.cards) // PER_PAGE)
    count = words.count(len(group.cards), "items")
    said = words.say(
        f"in_{group.kind}", count=count, name=group.name, directory=site.masthead.name
    )
    for page in range(1, pages + 1):
        cards = group.cards[(page - 1) * PER_PAGE : page * PER_PAGE]
        path = group.path if page == 1 else f"{group.folder}{page}/index.html"
        facts = {
            "group": group,
            "cards": cards,
            "page": page,
            "pages": pages,
            "neighbours": around,
            "more_neighbours": len(around) < groups,
            "trail": [(words[kinds], f"{kinds}/index.html")],
        }
        feeds = feed_links(site, group if group.kind == "category" else None)
        where = f" {words.say('page_of', page=page, pages=pages)}" if page > 1 else ""
        yield site.page(
            path,
            "group.html",
            mark=(
                group.mark,
                f"{page} {pages} {len(group.cards)} {groups} {bool(feeds)}",
                *(card.mark for card in cards),
                *(other.mark for other in around),
            ),
            summary=(group.description or said) + where,
            section=kinds,
            changed=max((card.day for card in cards), default=""),
            structure=functools.partial(structured.of_group, site, group, cards, path),
            group=group if group.kind == "category" else None,
            feeds=feeds,
            facts=functools.partial(dict, facts),
        )


def _moved(site: Site, kinds: str, groups: Sequence[Group]) -> Iterator[Page]:
    """Keep a page at each address that a group had before: it leads to the group.

    An alias that could not have been an address is none; nor is one that differs from
    another only in case, because not every disk can tell them apart.
    """
    taken = {group.folder.casefold() for group in groups}
    for group in groups:
        for alias in group.aliases:
            folder = f"{kinds}/{page_name(alias)}/"
            if not PLAIN_NAME.fullmatch(alias) or folder.casefold() in taken:
                continue
            taken.add(folder.casefold())
            yield site.page(
                f"{folder}index.html",
                "moved.html",
                mark=(group.mark,),
                summary=site.words.say("moved", name=group.name),
                section=kinds,
                facts=functools.partial(dict, group=group, url=site.url_of(group.path)),
            )


def _days(
    site: Site, folder: str, cards: Sequence[Card], day_of: Callable[[Card], str]
) -> Page:
    """Make a page of what came last, day by day: `new` or `changes`."""
    shown = cards[:CHANGES]
    path = f"{folder}/index.html"
    word = "new" if folder == "new" else "changed"
    return site.page(
        path,
        "changes.html",
        mark=(card.mark for card in shown),
        summary=site.words.say(
            "list_of", what=site.words[word], directory=site.masthead.name
        ),
        section=folder,
        changed=site.shelves.updated_at or "",
        structure=lambda: structured.of_page(site, path, site.words[word]),
        feeds=feed_links(site, None),
        facts=lambda: {
            "heading": site.words[word],
            "lead": site.words[f"{word}_lead"],
            "marks_new": folder != "new",
            "days": [(day, list(on_it)) for day, on_it in groupby(shown, day_of)],
        },
    )


def _items(site: Site, category: Group) -> Iterator[Page]:
    """Name the pages of items: many, so nothing is done here that can wait."""
    neighbours = Neighbours(category.cards)
    around = Surroundings(category.folder, neighbours.mark(), neighbours.mark_at)
    mark = site.mark_of("item.html")
    for card in category.cards:
        make = functools.partial(_make_item, site, card, neighbours)
        yield Page(card.path, mark_of(mark, card.mark), make, card.day, around)


def _make_item(site: Site, card: Card, neighbours: Neighbours) -> bytes:
    item = card.item

    def facts() -> dict[str, Any]:
        return {
            "card": card,
            "related": neighbours.of(card),
            "facts": read_facts(item.meta, site.words),
            "body": render_body(item),
        }

    page = site.page(
        card.path,
        "item.html",
        mark=(),
        summary=item.description
        or site.words.say("in_directory", name=item.name, directory=site.masthead.name),
        section="items",
        structure=lambda: structured.of_item(site, card),
        group=card.category,
        facts=facts,
    )
    return page.make()


def _around(groups: Sequence[Group], number: int) -> Sequence[Group]:
    """Take the groups beside one: a page that named them all would be as long as all."""
    start = max(0, min(number - NEIGHBOURS // 2, len(groups) - NEIGHBOURS))
    return groups[start : start + NEIGHBOURS]


def _top(tags: list[Group], number: int) -> list[Group]:
    """Keep the tags that say most about the directory, in the order they came."""
    most = set(sorted(tags, key=lambda tag: -len(tag.cards))[:number])
    return [tag for tag in tags if tag in most]


def _method(kind: str, words: Words) -> str:
    """Say how a source of some kind is read, where we have a word for it."""
    known = METHODS.get(kind)
    return words[f"read_as_{known}"] if known else kind


def _source_rows(site: Site) -> list[SourceRow]:
    """Count the items of each source, say how it was read, and when one last changed."""
    counts: dict[str, int] = {}
    latest: dict[str, str] = {}
    kinds: dict[str, str] = {}
    for card in site.shelves.cards:
        for source in card.sources:
            kinds[source.source] = source.kind
        # Nobody's item was added by hand.
        for name in {source.source for source in card.sources} or {""}:
            counts[name] = counts.get(name, 0) + 1
            latest[name] = max(latest.get(name, ""), card.day)
    return [
        SourceRow(
            name,
            web_link(name),
            _method(kinds.get(name, ""), site.words),
            counts[name],
            latest[name],
        )
        for name in sorted(counts, key=lambda name: (not name, -counts[name], name))
    ]
