"""OPML: outlines of feeds and links. The outlines above an entry are its path."""

from __future__ import annotations

from generation.exceptions import UnreadableSource
from generation.sources.asides import is_not_items, reason_of
from generation.sources.candidates import (
    MOST_ENTRIES,
    TOO_MANY,
    Candidate,
    Document,
    LeftOut,
    Reading,
)
from generation.sources.feeds import day_of
from generation.sources.names import clean_description, clean_name, squeeze
from generation.sources.prose import html_to_text
from generation.sources.urls import clean_url, host_of
from generation.sources.xml_tree import Element, parse_xml

_LONGEST_NAME = 200


def read_opml(document: Document) -> Reading:
    """Read every outline that has an address."""
    tree = parse_xml(document.text)
    body = next(tree.root.all("body"), tree.root)
    candidates: list[Candidate] = []
    left_out: list[LeftOut] = []
    waiting: list[tuple[Element, tuple[str, ...]]] = [
        (child, ()) for child in reversed(list(body.all("outline")))
    ]
    while waiting and len(candidates) + len(left_out) < MOST_ENTRIES:
        outline, path = waiting.pop()
        below = list(outline.all("outline"))
        name = _name_of(outline)
        if outline.get("htmlurl", "url", "xmlurl"):
            entry = _entry(outline, name, path, document)
            if isinstance(entry, Candidate):
                candidates.append(entry)
            else:
                left_out.append(entry)
        elif not below and name:
            left_out.append(
                LeftOut(name=name, source=document.source, reason="it has no link")
            )
        inside = (*path, name) if name else path
        waiting.extend((child, inside) for child in reversed(below))
    if not candidates and not left_out:
        raise UnreadableSource("It is an outline (OPML) without any entry.")
    return Reading(
        kind="opml",
        candidates=tuple(candidates),
        left_out=tuple(left_out),
        warnings=tuple(filter(None, (tree.trouble, TOO_MANY if waiting else ""))),
    )


def _name_of(outline: Element) -> str:
    return clean_name(html_to_text(outline.get("title", "text")))[:_LONGEST_NAME]


def _entry(
    outline: Element, name: str, path: tuple[str, ...], document: Document
) -> Candidate | LeftOut:
    links = {
        key: clean_url(outline.get(key), base=document.url)
        for key in ("htmlurl", "url", "xmlurl")
    }
    # A link to the page is for people, the feed for programs.
    url = links["htmlurl"] or links["url"] or links["xmlurl"]
    section = next((above for above in path if is_not_items(above)), "")
    if not url or section:
        return LeftOut(
            name=name or "(no name)",
            url=url,
            source=document.source,
            reason="its link is not a web address" if not url else reason_of(section),
        )
    facts = {
        "feed_url": links["xmlurl"] if links["xmlurl"] != url else "",
        "language": squeeze(outline.get("language"))[:20],
        "published_at": day_of(outline.get("created")),
    }
    return Candidate(
        name=name or host_of(url),
        url=url,
        description=clean_description(
            html_to_text(outline.get("description", "_note"))
        ),
        path=path,
        tags=_tags(outline.get("category")),
        facts={key: value for key, value in facts.items() if value},
        source=document.source,
        locator=" > ".join(path),
    )


def _tags(text: str) -> tuple[str, ...]:
    """Split "/Boston/Weather,/Harvard" into what each path ends with."""
    tags = (
        squeeze(part.strip().strip("/").rpartition("/")[2]) for part in text.split(",")
    )
    return tuple(dict.fromkeys(filter(None, tags)))
