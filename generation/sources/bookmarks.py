"""Bookmarks as browsers and link keepers export them. Folders are the path.

The Netscape format is HTML that no parser of HTML likes (nothing in it is closed), so its
tags are read one after another, which also keeps deep folders harmless. The roots that
every browser has ("Bookmarks bar") are no folders of anybody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import chain, pairwise
from typing import Any, NamedTuple

from generation.exceptions import UnreadableSource
from generation.sources.candidates import (
    MOST_ENTRIES,
    TOO_MANY,
    Candidate,
    Document,
    LeftOut,
    Reading,
)
from generation.sources.feeds import day_of
from generation.sources.listed import NO_NAME, NOT_WEB
from generation.sources.names import clean_description, clean_name, squeeze
from generation.sources.prose import html_to_text
from generation.sources.urls import clean_url, host_of
from generation.sources.xml_tree import Element, parse_xml

_NETSCAPE = re.compile(r"\s*<!DOCTYPE\s+NETSCAPE-Bookmark-file", re.IGNORECASE)
# What a link keeper's own list looks like: links that say when they were added.
_DATED_LINK = re.compile(r"<a\b[^<>]{0,4000}?\btime_added\s*=", re.IGNORECASE)
_TAG = re.compile(r"<(/?)(dl|dt|dd|h[1-6]|a|hr|ul|li)\b([^<>]*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([\w-]{1,40})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_ROOT_MARKS = ("personal_toolbar_folder", "unfiled_bookmarks_folder")
_LONGEST_NAME = 200
_DEEPEST = 100
# Where Chromium's clock begins.
_WINDOWS_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOZILLA = "text/x-moz-place"


class Bookmark(NamedTuple):
    name: str
    url: str
    path: tuple[str, ...]
    description: str = ""
    tags: tuple[str, ...] = ()
    added_at: str = ""


def is_bookmarks(text: str) -> bool:
    head = text[: 64 * 1024].lstrip("\ufeff")
    return bool(_NETSCAPE.match(head)) or bool(
        head.lstrip().startswith("<") and _DATED_LINK.search(head)
    )


def read_bookmarks(document: Document) -> Reading:
    """Read the Netscape format, in which every browser exports its bookmarks."""
    return _reading(_walk_html(document.text), document)


def read_xbel(document: Document) -> Reading:
    """Read XBEL, the exchange format of bookmarks in XML."""
    tree = parse_xml(document.text)
    warnings = (tree.trouble,) if tree.trouble else ()
    return _reading(_walk_xbel(tree.root), document, warnings=warnings)


def is_json_bookmarks(value: Any) -> bool:
    """Tell whether a value is what Chromium keeps or what Firefox backs up."""
    if not isinstance(value, Mapping):
        return False
    roots = value.get("roots")
    is_chromium = isinstance(roots, Mapping) and any(
        isinstance(root, Mapping) and isinstance(root.get("children"), list)
        for root in roots.values()
    )
    return is_chromium or str(value.get("type", "")).startswith(f"{_MOZILLA}-container")


def read_json_bookmarks(value: Mapping[str, Any], document: Document) -> Reading:
    return _reading(_walk_json(value), document)


def _reading(
    bookmarks: Iterator[Bookmark], document: Document, *, warnings: tuple[str, ...] = ()
) -> Reading:
    candidates: list[Candidate] = []
    left_out: list[LeftOut] = []
    for count, bookmark in enumerate(bookmarks):
        if count >= MOST_ENTRIES:
            warnings = (*warnings, TOO_MANY)
            break
        entry = _entry(bookmark, document)
        if isinstance(entry, Candidate):
            candidates.append(entry)
        else:
            left_out.append(entry)
    if not candidates and not left_out:
        raise UnreadableSource("It is a file of bookmarks without any bookmark.")
    return Reading(
        kind="bookmarks",
        candidates=tuple(candidates),
        left_out=tuple(left_out),
        warnings=warnings,
    )


def _entry(bookmark: Bookmark, document: Document) -> Candidate | LeftOut:
    name = clean_name(bookmark.name)[:_LONGEST_NAME]
    url = clean_url(bookmark.url, base=document.url)
    if not url:
        return LeftOut(name=name or "(no name)", source=document.source, reason=NOT_WEB)
    if not name:
        return LeftOut(
            name=host_of(url), url=url, source=document.source, reason=NO_NAME
        )
    return Candidate(
        name=name,
        url=url,
        description=clean_description(bookmark.description),
        path=bookmark.path,
        tags=bookmark.tags,
        facts={"added_at": bookmark.added_at} if bookmark.added_at else {},
        source=document.source,
        locator=" > ".join(bookmark.path),
    )


def _walk_html(text: str) -> Iterator[Bookmark]:
    """Read tag by tag: a heading names the list that follows it."""
    folders: list[str] = []
    lists: list[bool] = []
    heading = ""
    waiting: Bookmark | None = None
    for tag, following in pairwise(chain(_TAG.finditer(text), [None])):
        if tag is None:
            break
        end = following.start() if following else len(text)
        name, closes = tag[2].lower(), bool(tag[1])
        if name == "dd" and not closes and waiting is not None:
            words = html_to_text(text[tag.end() : min(end, tag.end() + 20_000)])
            waiting = waiting._replace(description=words)
            continue
        if waiting is not None and not (name == "a" and closes):
            yield waiting
            waiting = None
        words = _words(text[tag.end() : min(end, tag.end() + 4_000)])
        if name in ("dl", "ul"):
            if closes and lists:
                folders[-1:] = [] if lists.pop() else folders[-1:]
            elif not closes and len(lists) < _DEEPEST:
                lists.append(bool(heading))
                folders += [heading] if heading else []
            heading = ""
        elif name.startswith("h") and name != "hr" and not closes:
            attributes = _attributes(tag[3])
            is_root = name == "h1" or any(mark in attributes for mark in _ROOT_MARKS)
            heading = "" if is_root else clean_name(words)[:_LONGEST_NAME]
        elif name == "a" and not closes:
            waiting = _html_bookmark(words, _attributes(tag[3]), tuple(folders))
    if waiting is not None:
        yield waiting


def _html_bookmark(
    words: str, attributes: dict[str, str], path: tuple[str, ...]
) -> Bookmark:
    added = attributes.get("add_date") or attributes.get("time_added", "")
    return Bookmark(
        name=words,
        url=attributes.get("href", ""),
        path=path,
        tags=_tags(attributes.get("tags", "")),
        added_at=_unix_day(added),
    )


def _words(html: str) -> str:
    return squeeze(unescape(re.sub(r"<[^<>]{0,200}>", " ", html)))


def _attributes(text: str) -> dict[str, str]:
    return {
        match[1].lower(): unescape(match[2] or match[3] or match[4] or "")
        for match in _ATTRIBUTE.finditer(text)
    }


def _walk_xbel(root: Element) -> Iterator[Bookmark]:
    waiting: list[tuple[Element, tuple[str, ...]]] = [(root, ())]
    while waiting:
        element, path = waiting.pop()
        if element.name == "bookmark":
            yield Bookmark(
                name=element.first("title"),
                url=element.get("href"),
                path=path,
                description=element.first("desc"),
                added_at=day_of(element.get("added")),
            )
            continue
        title = clean_name(element.first("title")) if element.name == "folder" else ""
        inside = (*path, title) if title else path
        below = element.all("folder", "bookmark")
        waiting.extend((child, inside) for child in reversed(list(below)))


def _walk_json(value: Mapping[str, Any]) -> Iterator[Bookmark]:
    roots = value.get("roots")
    parts = roots.values() if isinstance(roots, Mapping) else [value]
    # A root's own name says nothing; of Firefox, the root holds those roots.
    waiting = [(part, (), 0) for part in parts if isinstance(part, Mapping)][::-1]
    steps: list[tuple[Mapping[str, Any], tuple[str, ...], int]] = list(waiting)
    while steps:
        node, path, depth = steps.pop()
        address = node.get("url") or node.get("uri")
        name = node.get("name") or node.get("title")
        name = name if isinstance(name, str) else ""
        if isinstance(address, str) and address:
            yield _json_bookmark(node, name, address, path)
            continue
        children = node.get("children")
        if not isinstance(children, list) or depth > _DEEPEST:
            continue
        is_root = depth == 0 or bool(node.get("root"))
        inside = path if is_root or not name else (*path, clean_name(name))
        parts = [child for child in children if isinstance(child, Mapping)]
        steps.extend((child, inside, depth + 1) for child in reversed(parts))


def _json_bookmark(
    node: Mapping[str, Any], name: str, address: str, path: tuple[str, ...]
) -> Bookmark:
    tags = node.get("tags")
    return Bookmark(
        name=name,
        url=address,
        path=path,
        tags=_tags(tags) if isinstance(tags, str) else (),
        added_at=_windows_day(node.get("date_added"))
        or _unix_day(node.get("dateAdded")),
    )


def _tags(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(squeeze, text.split(",")))))


def _unix_day(value: Any) -> str:
    """Read seconds, milliseconds or microseconds since 1970."""
    text = str(value or "").strip()
    if not text.isdecimal() or not 9 <= len(text) <= 16:
        return ""
    seconds = int(text) / 10 ** (0 if len(text) < 12 else 3 if len(text) < 15 else 6)
    return _day(_UNIX_EPOCH, seconds)


def _windows_day(value: Any) -> str:
    text = str(value or "").strip()
    if not text.isdecimal() or not 16 <= len(text) <= 17:
        return ""
    return _day(_WINDOWS_EPOCH, int(text) / 1_000_000)


def _day(epoch: datetime, seconds: float) -> str:
    day = epoch + timedelta(seconds=seconds)
    return day.strftime("%Y-%m-%d") if 1990 <= day.year < 2200 else ""
