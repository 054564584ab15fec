"""One website: what its pages share, and what frames each of them."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from generation.repositories import Masthead
from generation.repositories.site import Owner
from generation.repositories.website.addresses import web_link
from generation.repositories.website.body import heading_of_note
from generation.repositories.website.colour import palettes
from generation.repositories.website.facts import count_of, find_filters
from generation.repositories.website.feeds import FEEDS, FeedLink
from generation.repositories.website.page import Page
from generation.repositories.website.shelves import Card, Group, Shelves, mark_of, tile
from generation.repositories.website.theme import Theme, excerpt
from generation.repositories.website.words import words_of

# Stands for the way to the root in what is made once for all pages. Everything foreign is
# escaped, so nobody else can have written it.
_ROOT = Markup("<root>")
ROOT = str(_ROOT)


class MenuEntry(NamedTuple):
    label: str
    href: str
    section: str = ""
    outside: bool = False


class Site:
    """One website: what its pages share."""

    def __init__(self, shelves: Shelves, masthead: Masthead, owner: Owner) -> None:
        self.shelves = shelves
        self.masthead = masthead
        self.owner = owner
        self.settings = owner.settings
        self.words = words_of(self.settings.language, owner.words)
        self.light, self.dark = palettes(self.settings.accent)
        self.tile = tile(masthead.name, seed=masthead.slug)
        self.filters = find_filters(
            (card.item.meta for card in shelves.cards), self.words
        )
        self.has_stars = any(count_of(card.item.meta) for card in shelves.cards)
        self._theme = Theme(owner.templates)
        self._chromes: dict[tuple[str, str], dict[str, Markup]] = {}
        self._cards: dict[Card, Markup] = {}
        self._briefs: dict[Card, Markup] = {}
        self.year = (shelves.updated_at or "")[:4]
        # What every page is made of, before anything of its own.
        self.mark = mark_of(
            masthead.model_dump_json(),
            self.settings.model_dump_json(),
            repr(self.words.items()),
            repr(sorted(owner.templates.items())),
            repr(sorted(owner.static)),
            repr([note.name for note in owner.notes]),
            self.year,
            *map(str, (bool(shelves.cards), bool(shelves.tags), self._has_collections)),
            # The menu leads to what is new, if anything is.
            str(bool(shelves.new)),
            # A template of the owner may say anything of the directory on any page.
            *(self._everything() if owner.templates else ()),
        )

    def _everything(self) -> Iterator[str]:
        shelves = self.shelves
        for group in (*shelves.categories, *shelves.tags, *shelves.collections):
            yield f"{group.mark} {len(group.cards)}"
        for card in shelves.cards:
            yield card.mark

    @property
    def _has_collections(self) -> bool:
        return bool(self.shelves.collections)

    def url_of(self, path: str) -> str:
        """The absolute address of a page, or nothing where the site has none."""
        return self.settings.url and self.settings.url + path.removesuffix("index.html")

    def picture_of(self, group: Group | None) -> str:
        name = f"{group.folder}picture.png" if group else "picture.png"
        return self.settings.url and self.settings.url + name

    def page(
        self,
        path: str,
        template: str,
        *,
        mark: Iterable[str],
        summary: str,
        section: str = "",
        changed: str | None = None,
        structure: Callable[[], object] | None = None,
        group: Group | None = None,
        feeds: Sequence[FeedLink] = (),
        root: str | None = None,
        facts: Callable[[], dict[str, Any]] = dict,
    ) -> Page:
        """Describe a page. `facts` and `structure` are asked for when it is made."""
        up = "../" * path.count("/") if root is None else root

        def make() -> bytes:
            data = structure() if structure and self.settings.url else None
            shared = {
                "path": path,
                "root": up,
                "site": self.shelves,
                "masthead": self.masthead,
                "settings": self.settings,
                "w": self.words,
                "web_link": web_link,
                "url": self.url_of(path),
                "picture": self.picture_of(group),
                "summary": excerpt(summary),
                "structured": data and json.dumps(data, ensure_ascii=False),
                "chrome": self._chrome(up, section),
                "parts": self._parts,
                "cards_of": self._cards_of,
                "brief_of": self._brief_of,
                "own_tile": self.tile,
                "feeds": feeds,
            }
            return self._theme.render(template, shared | facts()).encode(
                "utf-8", "replace"
            )

        return Page(path, mark_of(self.mark_of(template), *mark), make, changed)

    def mark_of(self, template: str) -> str:
        """What every page of a template is made of, before anything of its own."""
        return f"{self.mark} {template}"

    @functools.cached_property
    def _parts(self) -> Any:
        facts = {
            "w": self.words,
            "tags_label": self.words["tags"],
            "masthead": self.masthead,
            "sample": sample,
        }
        return self._theme.macros("parts.html", facts)

    def _chrome(self, root: str, section: str) -> dict[str, Markup]:
        """Make what frames a page: the same for all of one depth and one section."""
        known = self._chromes.get((root, section))
        if known is None:
            facts = {
                "root": root,
                "section": section,
                "site": self.shelves,
                "masthead": self.masthead,
                "settings": self.settings,
                "w": self.words,
                "web_link": web_link,
                "light": self.light,
                "year": self.year,
                "menu": self._menu(),
                "foot_menu": self._foot_menu(),
                "has_style": "assets/theme.css" in self.owner.static,
            }
            # The templates escape what they are given.
            known = {
                name: Markup(self._theme.render(f"{name}.html", facts)).strip()  # noqa: S704
                for name in ("head", "header", "footer")
            }
            self._chromes[root, section] = known
        return known

    def _menu(self) -> list[MenuEntry]:
        w = self.words
        shown = self.shelves
        own = (
            [MenuEntry(w["categories"], "categories/index.html", "categories")]
            if shown.categories
            else []
        )
        if shown.collections:
            own.append(
                MenuEntry(w["collections"], "collections/index.html", "collections")
            )
        if shown.new:
            own.append(MenuEntry(w["new"], "new/index.html", "new"))
        if shown.changed:
            own.append(MenuEntry(w["changed"], "changes/index.html", "changes"))
        own.append(MenuEntry(w["about"], "about/index.html", "about"))
        return own + list(_outside(self.settings.header))

    def _foot_menu(self) -> list[MenuEntry]:
        own = self._menu()[: -len(self.settings.header) or None]
        if self.shelves.tags:
            own.insert(1, MenuEntry(self.words["tags"], "tags/index.html"))
        own += [
            MenuEntry(
                heading_of_note(note.text, note.name), f"pages/{note.name}/index.html"
            )
            for note in self.owner.notes
        ]
        if self.settings.url and self.shelves.changed:
            own.append(MenuEntry("RSS", FEEDS[0].name))
        return own + list(_outside(self.settings.footer))

    def _cards_of(self, cards: Sequence[Card], root: str) -> Markup:
        """Put together cards that are made once, however many pages show them."""
        return Markup().join(map(self._card, cards)).replace(ROOT, root)

    def _card(self, card: Card) -> Markup:
        known = self._cards.get(card)
        if known is None:
            known = self._cards[card] = self._parts.card(card, _ROOT)
        return known

    def _brief_of(self, card: Card, root: str) -> Markup:
        known = self._briefs.get(card)
        if known is None:
            known = self._briefs[card] = self._parts.brief(card, _ROOT)
        return known.replace(ROOT, root)

    def render(self, template: str, facts: dict[str, Any]) -> bytes:
        return self._theme.render(template, facts).encode("utf-8", "replace")


def sample(group: Group) -> str:
    """Name the first items of a group."""
    names = ", ".join(card.item.name for card in group.cards[:3])
    return names + (", …" if len(group.cards) > 3 else "")


def _outside(links: Iterable[Any]) -> Iterator[MenuEntry]:
    """Take the owner's links: addresses of the web, and paths of this website."""
    for link in links:
        address = web_link(link.href)
        path = link.href.strip("/")
        if address:
            yield MenuEntry(link.label, address.href, outside=True)
        elif path and not set(path) & set(':\\?#"<> ') and ".." not in path:
            name = path if "." in path.rsplit("/", 1)[-1] else f"{path}/index.html"
            yield MenuEntry(link.label, name)
