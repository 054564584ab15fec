"""What search engines read: JSON-LD, with absolute addresses, where the site has one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from generation.repositories.website.shelves import Card, Group

if TYPE_CHECKING:
    from generation.repositories.website.frame import Site

CONTEXT = "https://schema.org"


def of_site(site: Site) -> dict[str, Any]:
    masthead = site.masthead
    return {
        "@context": CONTEXT,
        "@type": "WebSite",
        "name": masthead.name,
        "url": site.settings.url,
        **({"description": masthead.description} if masthead.description else {}),
        "inLanguage": site.settings.language,
    }


def of_page(site: Site, path: str, name: str) -> list[dict[str, Any]]:
    page = {"@type": "WebPage", "name": name, "url": site.url_of(path)}
    return [{"@context": CONTEXT, **page}, _trail(site, (name, path))]


def of_group(
    site: Site, group: Group, cards: Sequence[Card], path: str
) -> list[dict[str, Any]]:
    collection = {
        "@context": CONTEXT,
        "@type": "CollectionPage",
        "name": group.name,
        "url": site.url_of(path),
        "mainEntity": {
            "@type": "ItemList",
            "numberOfItems": len(group.cards),
            "itemListElement": [
                {
                    "@type": "ListItem",
                    "position": position,
                    "name": card.item.name,
                    "url": site.url_of(card.path),
                }
                for position, card in enumerate(cards, start=1)
            ],
        },
    }
    return [collection, _trail(site, (group.name, group.path))]


def of_item(site: Site, card: Card) -> list[dict[str, Any]]:
    item = card.item
    thing: dict[str, Any] = {"@type": "Thing", "name": item.name}
    if item.description:
        thing["description"] = item.description
    if card.link:
        thing["url"] = card.link.href
    page: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "WebPage",
        "name": item.name,
        "url": site.url_of(card.path),
        "mainEntity": thing,
    }
    if card.day:
        page["dateModified"] = card.day
    category = card.category
    return [
        page,
        _trail(site, (category.name, category.path), (item.name, card.path)),
    ]


def _trail(site: Site, *steps: tuple[str, str]) -> dict[str, Any]:
    return {
        "@context": CONTEXT,
        "@type": "BreadcrumbList",
        "itemListElement": [
            {
                "@type": "ListItem",
                "position": position,
                "name": name,
                "item": site.url_of(path),
            }
            for position, (name, path) in enumerate(
                ((site.masthead.name, "index.html"), *steps), start=1
            )
        ],
    }
