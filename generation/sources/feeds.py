"""Feeds: RSS in all its versions, Atom, JSON Feed. Each post is an entry.

A feed says much about a post that changes with every visit; what is kept is what it is
called, where it is, how it begins, what it is filed under, and when it was published.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
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
from generation.sources.labels import licence_fact
from generation.sources.listed import NO_LINK, NO_NAME, NOT_WEB
from generation.sources.names import clean_description, clean_name, squeeze
from generation.sources.prose import first_words, html_to_text
from generation.sources.urls import clean_url
from generation.sources.xml_tree import Element, Tree, parse_xml

ROOTS = frozenset({"rss", "rdf:rdf", "feed", "atom:feed", "channel"})
_LONGEST_NAME = 200
_NOT_A_CATEGORY = frozenset({"uncategorized", "uncategorised", "unkategorisiert"})
# What blogging software puts below every text.
_BOILERPLATE = re.compile(
    r"(?:The post .{1,300} (?:appeared|first appeared) (?:first )?on .{1,200}"
    r"|Continue reading .{0,300}|Read more .{0,300}|Comments)\s*$",
    re.DOTALL,
)
_ELLIPSIS = re.compile(r"\s{0,9}[\[(](?:\u2026|\.\.\.)[\])]\s*$")


class Post(NamedTuple):
    """What a post of a feed says of itself, before it is cleaned."""

    name: str
    links: tuple[str, ...]
    text: str = ""
    filed_under: tuple[str, ...] = ()
    facts: dict[str, Any] = {}


def read_feed(document: Document) -> Reading:
    """Read the posts of an RSS or Atom feed."""
    tree = parse_xml(document.text)
    posts = [
        (_read_post(element), _base_of(element, tree, document.url))
        for element in _post_elements(tree.root)
    ]
    if not posts:
        raise UnreadableSource(
            "It is a feed without posts. Give the page that it belongs to."
        )
    warnings = (tree.trouble,) if tree.trouble else ()
    return _reading(posts, document, warnings=warnings)


def is_json_feed(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and str(value.get("version", "")).startswith("https://jsonfeed.org/version/")
        and isinstance(value.get("items"), list)
    )


def read_json_feed(value: Mapping[str, Any], document: Document) -> Reading:
    posts = [_read_json_post(item) for item in value["items"] if isinstance(item, dict)]
    return _reading([(post, document.url) for post in posts], document)


def day_of(text: str) -> str:
    """Return the day of a date of a feed as YYYY-MM-DD, or "" where it is none."""
    text = text.strip()[:64]
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            when = read(text)
            if when.tzinfo is not None:
                when = when.astimezone(UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
        return when.strftime("%Y-%m-%d") if when.year >= 1990 else ""
    return ""


def _reading(
    posts: Iterable[tuple[Post, str]],
    document: Document,
    *,
    warnings: tuple[str, ...] = (),
) -> Reading:
    candidates: list[Candidate] = []
    left_out: list[LeftOut] = []
    posts = list(posts)
    if len(posts) > MOST_ENTRIES:
        warnings = (*warnings, TOO_MANY)
    for post, base in posts[:MOST_ENTRIES]:
        entry = _to_candidate(post, document, base)
        if isinstance(entry, Candidate):
            candidates.append(entry)
        else:
            left_out.append(entry)
    return Reading(
        kind="feed",
        candidates=tuple(candidates),
        left_out=tuple(left_out),
        warnings=warnings,
    )


def _to_candidate(post: Post, document: Document, base: str) -> Candidate | LeftOut:
    name = clean_name(html_to_text(post.name))[:_LONGEST_NAME]
    url = next(filter(None, (clean_url(link, base=base) for link in post.links)), "")
    if not name or not url:
        reason = NO_NAME if not name else NOT_WEB if any(post.links) else NO_LINK
        reason = "it has no name" if reason == NO_NAME else reason
        return LeftOut(
            name=name or url or "(no name)",
            url=url,
            source=document.source,
            reason=reason,
        )
    filed = [squeeze(html_to_text(name)) for name in post.filed_under]
    filed = [name for name in filed if name and name.casefold() not in _NOT_A_CATEGORY]
    category, *tags = list(dict.fromkeys(filed)) or [""]
    links = {
        key: clean_url(value, base=base)
        for key, value in post.facts.items()
        if key.endswith("_url")
    }
    facts = {**post.facts, **links}
    return Candidate(
        name=name,
        url=url,
        description=_describe(post.text, name),
        category=category,
        tags=tuple(tags),
        facts={k: v for k, v in sorted(facts.items()) if v and v != url},
        source=document.source,
    )


def _describe(html: str, name: str) -> str:
    text = _BOILERPLATE.sub("", html_to_text(html))
    text = clean_description(_ELLIPSIS.sub("\u2026", first_words(text)))
    return "" if text.rstrip(".\u2026") == name else text


def _post_elements(root: Element) -> list[Element]:
    """Find the posts: in the channel, or beside it (RSS 1.0), or below the root (Atom)."""
    return [
        element
        for element in root.walk()
        if element.name.rpartition(":")[2] in ("item", "entry")
    ]


def _read_post(post: Element) -> Post:
    prefix = post.name.rpartition(":")[0]
    own = f"{prefix}:" if prefix else ""
    group = next(iter(post.all("media:group")), post)
    return Post(
        name=post.first(f"{own}title", "media:title", "dc:title"),
        links=tuple(_links(post, own)),
        text=post.first(f"{own}summary", f"{own}description", "dc:description")
        or post.first(f"{own}content", "content:encoded", "itunes:summary")
        or group.first("media:description"),
        filed_under=tuple(_filed_under(post, own)),
        facts=_facts(post, group, own),
    )


def _links(post: Element, own: str) -> Iterable[str]:
    """Name the addresses of a post, the surest first."""
    yield post.first("feedburner:origlink")
    links = list(post.all(f"{own}link", "atom:link"))
    pages = [link for link in links if link.get("rel") in ("", "alternate")]
    # One post may be there in several formats.
    pages.sort(key=lambda link: "html" not in (link.get("type") or "html"))
    for link in pages:
        yield link.get("href") or link.text
    for guid in post.all(f"{own}guid"):
        if guid.get("ispermalink").lower() != "false":
            yield guid.text if "://" in guid.text else ""
    yield post.get("rdf:about")
    for enclosure in post.all(f"{own}enclosure"):
        yield enclosure.get("url")


def _filed_under(post: Element, own: str) -> Iterable[str]:
    for category in post.all(f"{own}category", "dc:subject", "media:category"):
        text = category.get("label") or category.text or category.get("term")
        # A path of a directory of long ago ("Top/Computers/Software").
        yield text.rpartition("/")[2] if text.startswith("Top/") else text


def _facts(post: Element, group: Element, own: str) -> dict[str, Any]:
    author = next(iter(post.all(f"{own}author")), None)
    pictures = [*group.all("media:thumbnail"), *post.all("itunes:image")]
    media = [e for e in post.all(f"{own}enclosure") if e.get("url")]
    licences = [e.get("rdf:resource") or e.text for e in post.all("cc:license")]
    facts = {
        "published_at": day_of(
            post.first(f"{own}pubdate", f"{own}published", "dc:date", f"{own}issued")
            or post.first(f"{own}updated")
        ),
        "author": squeeze(
            (author.first(f"{own}name") if author is not None else "")
            or post.first("dc:creator", "itunes:author")
        )[:_LONGEST_NAME],
        "image_url": pictures[0].get("url", "href") if pictures else "",
        "media_url": media[0].get("url") if media else "",
        "comments_url": post.first(f"{own}comments"),
        "license": licence_fact(licences) if licences else "",
    }
    return {key: value for key, value in facts.items() if value}


def _base_of(post: Element, tree: Tree, url: str) -> str:
    """Return what a post's relative links are relative to."""
    stated = post.get("xml:base") or tree.root.get("xml:base")
    return (clean_url(stated, base=url) if stated else "") or url


def _read_json_post(item: Mapping[str, Any]) -> Post:
    """Read one item. Where it points elsewhere, what it points to is meant."""
    texts = (item.get("summary"), item.get("content_text"), item.get("content_html"))
    external, own = _text(item.get("external_url")), _text(item.get("url"))
    authors = item.get("authors") or [item.get("author")]
    names = [a.get("name") for a in authors if isinstance(a, dict)]
    tags = item.get("tags")
    facts = {
        "published_at": day_of(_text(item.get("date_published"))),
        "author": ", ".join(squeeze(n) for n in names if isinstance(n, str))[:200],
        "image_url": _text(item.get("image")),
        "post_url": own if external else "",
        "language": _text(item.get("language"))[:20],
    }
    identifier = _text(item.get("id"))
    return Post(
        name=_text(item.get("title")),
        links=(external, own, identifier if "://" in identifier else ""),
        text=next(filter(None, map(_text, texts)), ""),
        filed_under=tuple(map(_text, tags)) if isinstance(tags, list) else (),
        facts={key: value for key, value in facts.items() if value},
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
