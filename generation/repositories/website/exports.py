"""The directory as data: for the search box, for programs, for search engines, for hosts."""

from __future__ import annotations

import csv
import functools
import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from markupsafe import escape

from generation.repositories.website.compact import compact
from generation.repositories.website.facts import count_of, values_of
from generation.repositories.website.page import Page
from generation.repositories.website.pages import SCHEMA
from generation.repositories.website.rows import Rows
from generation.repositories.website.shelves import Card, mark_of
from generation.repositories.website.theme import excerpt
from generation.spreadsheets import guarded

if TYPE_CHECKING:
    from generation.repositories.website.frame import Site

Same = Callable[[Callable[[str], bool]], list[bytes | None]]
# A sitemap may name 50,000 pages.
SITEMAP_URLS = 45_000
LLMS_ITEMS = 1_000
VERSION = 1


def export_pages(site: Site, named: list[Page]) -> Iterator[Page]:
    """Make what programs read. `named` are the pages that a sitemap names."""
    cards = site.shelves.cards
    groups = (*site.shelves.categories, *site.shelves.tags)
    mark = mark_of(
        site.mark, *(card.mark for card in cards), *(group.mark for group in groups)
    )
    if cards:
        # All three files ask the same.
        same = functools.cache(functools.partial(_unchanged, cards))
        for path, rows in (
            ("assets/items.js", _items_script),
            ("items.csv", _csv),
            ("items.json", _json),
        ):
            yield _rows_page(site, path, mark, rows, same)
    else:
        yield Page("items.csv", mark, lambda: _csv(site).head)
        yield Page(
            "items.json",
            mark,
            lambda: compact({**_json_head(site), "items": []}) + b"\n",
        )
    yield Page("llms.txt", mark, lambda: _llms(site).encode("utf-8", "replace"))
    yield Page(SCHEMA, mark_of(json.dumps(_SCHEMA)), lambda: _pretty(_SCHEMA))
    yield Page("robots.txt", site.mark, lambda: _robots(site).encode())
    if site.settings.url:
        yield from _sitemaps(site, named)


def _rows_page(
    site: Site, path: str, mark: str, rows: Callable[[Site], Rows], same: Same
) -> Page:
    return Page(
        path,
        mark,
        lambda: rows(site).make(),
        renew=lambda old, is_same: rows(site).renew(old, same(is_same)),
    )


def _unchanged(
    cards: Iterable[Card], is_same: Callable[[str], bool]
) -> list[bytes | None]:
    """Give the slugs of items whose lines can stay.

    A name that its page could not keep might read otherwise in a line, too.
    """
    return [
        slug.encode()
        if card.folder == f"items/{(slug := card.item.slug)}/" and is_same(card.path)
        else None
        for card in cards
    ]


def _items_script(site: Site) -> Rows:
    """Write what the search box knows: a script, because a local page may not fetch."""
    shelves = site.shelves
    categories = {group: at for at, group in enumerate(shelves.categories)}
    tags = {group: at for at, group in enumerate(shelves.tags)}
    head = {
        "words": site.words.for_script(),
        "language": site.settings.language,
        "filters": [filter.key for filter in site.filters],
        "categories": [[g.id, g.name, g.folder] for g in shelves.categories],
        "tags": [[g.id, g.name, g.folder] for g in shelves.tags],
    }

    def line(card: Card) -> bytes:
        item, link = card.item, card.link
        return compact(
            [
                card.folder[6:-1],
                item.name,
                link.host if link else item.source_url,
                link.href if link else "",
                categories[card.category],
                [tags[tag] for tag in card.tags],
                excerpt(item.description),
                *card.tile,
                card.day,
                int(item.featured),
                count_of(item.meta),
                [values_of(item.meta, filter.key) for filter in site.filters],
            ]
        )

    return Rows(
        shelves.cards,
        b"globalThis.directory = %b;\nglobalThis.directory.items = [\n" % compact(head),
        line,
        b",\n",
        b",\n];\n",
        lambda text: text[2:].partition(b'"')[0],
        lines_follow_head=True,
    )


def _json(site: Site) -> Rows:
    return Rows(
        site.shelves.cards,
        compact(_json_head(site))[:-1] + b',"items":[\n',
        lambda card: compact(_item(site, card)),
        b",\n",
        b"\n]}\n",
        lambda text: text.partition(b'"slug":"')[2].partition(b'"')[0],
    )


def _json_head(site: Site) -> dict[str, Any]:
    shelves, masthead = site.shelves, site.masthead
    return {
        "$schema": f"{site.settings.url}{SCHEMA}",
        "version": VERSION,
        "name": masthead.name,
        "description": masthead.description,
        "url": site.settings.url,
        "updated_at": shelves.updated_at or "",
        "categories": [
            {"id": g.id, "name": g.name, "description": g.description}
            for g in shelves.categories
        ],
        "tags": [{"id": g.id, "name": g.name} for g in shelves.tags],
    }


def _item(site: Site, card: Card) -> dict[str, Any]:
    item = card.item
    return {
        "id": item.id,
        "slug": item.slug,
        "name": item.name,
        "description": item.description,
        "source_url": item.source_url,
        "category": item.category,
        "tags": list(item.tags),
        "featured": item.featured,
        "updated_at": item.updated_at,
        "page": site.settings.url + card.folder,
        "sources": [source.source for source in card.sources],
        "meta": item.meta,
    }


def _csv(site: Site) -> Rows:
    """Write a table for spreadsheets: one line an item, whatever stands in a cell."""
    names = (
        "slug", "name", "description", "source_url", "category", "tags", "featured",
        "updated_at", "page",
    )  # fmt: skip

    def line(card: Card) -> bytes:
        item = card.item
        return _csv_line(
            item.slug,
            item.name,
            item.description,
            item.source_url,
            card.category.name,
            "; ".join(tag.name for tag in card.tags),
            "yes" if item.featured else "",
            item.updated_at,
            site.settings.url + card.folder,
        )

    return Rows(
        site.shelves.cards,
        _csv_line(*names) + b"\r\n",
        line,
        b"\r\n",
        b"\r\n",
        lambda text: text.partition(b",")[0],
    )


def _csv_line(*cells: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([*map(_csv_cell, cells)])
    return text.getvalue().encode("utf-8", "replace")


def _csv_cell(cell: str) -> str:
    return guarded(" ".join(cell.splitlines()))


def _llms(site: Site) -> str:
    """Write the overview that language models look for, by the llms.txt convention."""
    shelves, masthead, base = site.shelves, site.masthead, site.settings.url
    lines = [f"# {_line(masthead.name)}"]
    if masthead.description:
        lines += ["", f"> {_line(masthead.description)}"]
    lines += ["", f"- [All items as JSON]({base}items.json)"]
    lines += [f"- [All items as CSV]({base}items.csv)"]
    lists_items = len(shelves.cards) <= LLMS_ITEMS
    if not lists_items:
        lines += ["", "## Categories", ""]
    for group in shelves.categories:
        if lists_items:
            lines += ["", f"## {_line(group.name)}", ""]
            lines += [_entry(card, base) for card in group.cards]
        else:
            lines.append(f"- [{_line(group.name)}]({base}{group.folder})")
    return "\n".join(lines) + "\n"


def _entry(card: Card, base: str) -> str:
    said = f": {_line(card.item.description)}" if card.item.description else ""
    return f"- [{_line(card.item.name)}]({base}{card.folder}){said}"


def _line(text: str) -> str:
    return " ".join(text.split()).replace("[", "(").replace("]", ")").lstrip("#>-+* ")


def _robots(site: Site) -> str:
    place = f"\nSitemap: {site.settings.url}sitemap.xml\n" if site.settings.url else ""
    return f"User-agent: *\nAllow: /\n{place}"


def _sitemaps(site: Site, named: list[Page]) -> Iterator[Page]:
    rows = [
        (site.url_of(page.path), page.changed or "")
        for page in named
        if page.changed is not None
    ]
    parts = [rows[at : at + SITEMAP_URLS] for at in range(0, len(rows), SITEMAP_URLS)]
    if len(parts) == 1:
        yield _sitemap("sitemap.xml", rows)
        return
    names = [f"sitemap-{number}.xml" for number in range(1, len(parts) + 1)]
    for name, part in zip(names, parts, strict=True):
        yield _sitemap(name, part)
    places = "".join(
        f"<sitemap><loc>{escape(site.settings.url + name)}</loc></sitemap>\n"
        for name in names
    )
    text = _xml("sitemapindex", places)
    yield Page("sitemap.xml", mark_of(text), text.encode)


def _sitemap(name: str, rows: list[tuple[str, str]]) -> Page:
    mark = mark_of(*(part for row in rows for part in row))
    return Page(name, mark, lambda: _urlset(rows).encode("utf-8", "replace"))


def _urlset(rows: list[tuple[str, str]]) -> str:
    return _xml(
        "urlset",
        "".join(
            f"<url><loc>{escape(url)}</loc>"
            + (f"<lastmod>{day[:10]}</lastmod>" if day else "")
            + "</url>\n"
            for url, day in rows
        ),
    )


def _xml(root: str, inside: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        f"{inside}</{root}>\n"
    )


def _pretty(document: object) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


_TEXT = {"type": "string"}
_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "The items of a directory",
    "description": "Version 1. Keys are only ever added to a version, never taken away.",
    "type": "object",
    "required": ["version", "name", "categories", "tags", "items"],
    "properties": {
        "version": {"const": VERSION},
        "name": _TEXT,
        "description": _TEXT,
        "url": {**_TEXT, "description": "where the website is; empty if nobody said"},
        "updated_at": {**_TEXT, "description": "YYYY-MM-DD HH:MM, UTC, or empty"},
        "categories": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "name"],
                "properties": {"id": _TEXT, "name": _TEXT, "description": _TEXT},
            },
        },
        "tags": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "name"],
                "properties": {"id": _TEXT, "name": _TEXT},
            },
        },
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["slug", "name", "source_url", "category", "tags", "page"],
                "properties": {
                    "id": _TEXT,
                    "slug": _TEXT,
                    "name": _TEXT,
                    "description": _TEXT,
                    "source_url": {**_TEXT, "description": "where the item leads"},
                    "category": {**_TEXT, "description": "an id of categories"},
                    "tags": {
                        "type": "array",
                        "items": {**_TEXT, "description": "an id of tags"},
                    },
                    "featured": {"type": "boolean"},
                    "updated_at": _TEXT,
                    "page": {**_TEXT, "description": "its page, below url"},
                    "sources": {"type": "array", "items": _TEXT},
                    "meta": {"type": "object", "description": "facts, by name"},
                },
            },
        },
    },
}
