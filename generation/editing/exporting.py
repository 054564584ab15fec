"""Items as files that other programs read: CSV, JSON, OPML and a browser's bookmarks.

Written piece by piece, in the order in which readers see them: the same items give the
same bytes.
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from generation.items import Catalogue, Category, Item
from generation.repositories.documents import item_document
from generation.spreadsheets import guarded, is_formula, without_guard

COLUMNS = (
    *("slug", "name", "description", "source_url", "category", "tags", "featured"),
    *("order", "updated_at", "markdown"),
)
_PARTS_TAGS = re.compile(r"[,;|\r\n]")
# What no XML document may hold.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Format(NamedTuple):
    media_type: str
    ending: str
    write: Callable[[Catalogue, str], Iterator[str]]


def export(catalogue: Catalogue, form: str, *, title: str) -> Iterator[bytes]:
    """Write all items in one of the FORMATS, piece by piece."""
    for piece in FORMATS[form].write(catalogue, title):
        yield piece.encode("utf-8", "replace")


def unguarded(value: Any) -> Any:
    """Take the guards of cells away again."""
    if isinstance(value, list):
        return [unguarded(part) for part in value]
    return without_guard(value) if isinstance(value, str) else value


def _csv(catalogue: Catalogue, title: str) -> Iterator[str]:
    names = {tag.id: tag.name for tag in catalogue.tags}
    categories = {category.id: category.name for category in catalogue.categories}
    facts = sorted({key for item in catalogue.items for key in item.meta})
    facts = [key for key in facts if key not in COLUMNS]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([guarded(column) for column in (*COLUMNS, *facts)])
    for _, items in _shelves(catalogue):
        for item in items:
            cells = (
                item.slug,
                item.name,
                item.description,
                item.source_url,
                categories.get(item.category, item.category),
                _joined([names.get(tag, tag) for tag in item.tags]),
                "yes" if item.featured else "",
                "" if item.order is None else str(item.order),
                item.updated_at,
                item.markdown,
                *(_cell(item.meta.get(key)) for key in facts),
            )
            writer.writerow([guarded(cell) for cell in cells])
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _json(catalogue: Catalogue, title: str) -> Iterator[str]:
    names = {category.id: category.name for category in catalogue.categories}
    tags = {tag.id: tag.name for tag in catalogue.tags}
    yield "["
    separator = "\n"
    for _, items in _shelves(catalogue):
        for item in items:
            document: dict[str, Any] = {"slug": item.slug, **item_document(item)}
            document["category"] = names.get(item.category, item.category)
            document["tags"] = [tags.get(tag, tag) for tag in item.tags]
            # The key that a run writes has no raw HTML; the text itself may.
            if item.markdown:
                document["markdown"] = item.markdown
            yield separator + json.dumps(document, ensure_ascii=False)
            separator = ",\n"
    yield "\n]\n"


def _opml(catalogue: Catalogue, title: str) -> Iterator[str]:
    tags = {tag.id: tag.name for tag in catalogue.tags}
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0">\n<head>'
        f"<title>{_xml(title)}</title></head>\n<body>\n"
    )
    for category, items in _shelves(catalogue):
        yield f'<outline text="{_xml(category.name)}">\n'
        for item in items:
            said = (
                f' description="{_xml(item.description)}"' if item.description else ""
            )
            labels = ",".join(tags.get(tag, tag) for tag in item.tags)
            filed = f' category="{_xml(labels)}"' if labels else ""
            yield (
                f'<outline type="link" text="{_xml(item.name)}" '
                f'url="{_xml(item.source_url)}"{said}{filed}/>\n'
            )
        yield "</outline>\n"
    yield "</body>\n</opml>\n"


def _bookmarks(catalogue: Catalogue, title: str) -> Iterator[str]:
    tags = {tag.id: tag.name for tag in catalogue.tags}
    yield (
        "<!DOCTYPE NETSCAPE-Bookmark-file-1>\n"
        '<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">\n'
        f"<TITLE>{_xml(title)}</TITLE>\n<H1>{_xml(title)}</H1>\n<DL><p>\n"
    )
    for category, items in _shelves(catalogue):
        yield f"<DT><H3>{_xml(category.name)}</H3>\n<DL><p>\n"
        for item in items:
            labels = ",".join(tags.get(tag, tag) for tag in item.tags)
            filed = f' TAGS="{_xml(labels)}"' if labels else ""
            yield (
                f'<DT><A HREF="{_xml(item.source_url)}"{filed}>{_xml(item.name)}</A>\n'
            )
            if item.description:
                yield f"<DD>{_xml(item.description)}\n"
        yield "</DL><p>\n"
    yield "</DL><p>\n"


FORMATS: Mapping[str, Format] = {
    "csv": Format("text/csv; charset=utf-8", "csv", _csv),
    "json": Format("application/json", "json", _json),
    "opml": Format("text/x-opml; charset=utf-8", "opml", _opml),
    "bookmarks": Format("text/html; charset=utf-8", "html", _bookmarks),
}


def _shelves(catalogue: Catalogue) -> Iterator[tuple[Category, list[Item]]]:
    """Give each category with its items, as the website orders them."""
    shelves: dict[str, list[Item]] = {}
    for item in sorted(
        catalogue.items,
        key=lambda item: (not item.featured, item.name.casefold(), item.slug),
    ):
        shelves.setdefault(item.category, []).append(item)

    def place(category: Category) -> tuple[bool, int, str, str]:
        priority = category.priority
        return priority is None, priority or 0, category.name.casefold(), category.id

    for category in sorted(catalogue.categories, key=place):
        if category.id in shelves:
            yield category, shelves[category.id]


def in_order(catalogue: Catalogue) -> Iterator[Item]:
    """Give the items as every export has them."""
    for _, items in _shelves(catalogue):
        yield from items


def _joined(tags: Sequence[str]) -> str:
    """Write tags into one cell; where signs in them would part or hide them, as an array."""
    is_plain = all(
        not _PARTS_TAGS.search(tag)
        and not tag.startswith(("#", "[", "'"))
        and not is_formula(tag)
        for tag in tags
    )
    return "; ".join(tags) if is_plain else json.dumps(tags, ensure_ascii=False)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "; ".join(map(_cell, value))
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value)


def _xml(text: str) -> str:
    return html.escape(_NOT_XML.sub("", " ".join(text.split())))
