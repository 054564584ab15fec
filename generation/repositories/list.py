"""The list repository: the catalogue as an "awesome list" for people who read on a git host.

The rules are awesome-lint's, because that is what the field calls a good list. Where an
item's own words break one, the words are made to fit here and stay as they are elsewhere:
in the data repository nothing is changed for the sake of a linter.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from generation.anchors import Anchors
from generation.items import Catalogue, Category, Item
from generation.markup import escape_markdown, link_target, strip_raw_html
from generation.repositories import File, Masthead
from generation.repositories.details import FOLDER, detail_page, more_to_say
from generation.repositories.site import Owner
from generation.repositories.wording import (
    heading_of,
    main_heading,
    name_of,
    sentence,
    title_of,
)
from generation.slugs import unique_slug

# A git host shows the first 512,000 bytes of a README.
MOST_BYTES = 480_000

_TEMPLATES = Path(__file__).parents[2] / "templates" / "list"
_BADGE_LINK = "https://awesome.re"
_BADGE = f"[![Awesome]({_BADGE_LINK}/badge.svg)]({_BADGE_LINK})"


@dataclass(frozen=True)
class Section:
    """A category with its items, every line in Markdown.

    `heading` is text. `anchor` is not percent-encoded: letters of all scripts may stand in
    a link as they are, and the checkers of lists compare them so.
    """

    heading: str
    anchor: str
    lines: list[str]
    items: int
    pages: tuple[File, ...] = ()
    told: tuple[tuple[Item, list[str]], ...] = ()

    @property
    def size(self) -> int:
        return sum(len(line.encode()) + 1 for line in self.lines)


def render_list(
    catalogue: Catalogue, masthead: Masthead, owner: Owner | None = None
) -> Iterator[File]:
    """Render the README, pages for categories too big for it, and what stands beside.

    An item has a page of its own only if there is more to say of it than its line does.
    """
    owner = owner or Owner()
    title = title_of(masthead.name)
    sections = list(_sections(catalogue, title))
    readme = _bytes(_readme(title, masthead, sections, owner))
    if len(readme) > MOST_BYTES:
        sections = _split(title, sections, excess=len(readme) - MOST_BYTES)
        readme = _bytes(_readme(title, masthead, sections, owner))
    if owner.licence:
        yield File("LICENSE.md", f"{owner.licence.strip()}\n".encode())
    yield File("README.md", readme)
    yield from sorted(page for section in sections for page in section.pages)
    headings = [section.heading for section in sections]
    yield File("contributing.md", _contributing(title, headings))
    yield from _details(title, sections)


def _details(title: str, sections: list[Section]) -> Iterator[File]:
    """Make the pages of items, in path order, each leading back to where it is listed."""
    told = [(*more, section) for section in sections for more in section.told]
    for item, more, section in sorted(told, key=lambda found: found[0].slug):
        back = f"../README.md#{section.anchor}"
        yield detail_page(item, more, title=title, back=back)


def _readme(
    title: str, masthead: Masthead, sections: list[Section], owner: Owner
) -> Iterator[str]:
    yield f"# {main_heading(title)} {_BADGE}"
    if description := sentence(masthead.description):
        yield from ("", f"> {escape_markdown(description)}")
    if url := link_target(owner.settings.url):
        yield from ("", f"To search and filter, see the [website]({url}).")
    if header := strip_raw_html(owner.header).strip():
        yield from ("", header)
    if sections:
        yield from ("", "## Contents", "")
    for section in sections:
        yield f"- [{escape_markdown(section.heading)}](#{section.anchor})"
    for section in sections:
        yield from ("", f"## {escape_markdown(section.heading)}", *section.lines)
    if not sections:
        yield from ("", "Nothing is listed yet.")
    yield from ("", "## Contributing", "")
    yield "Proposals are welcome: [how to propose an item](contributing.md)."
    if footer := strip_raw_html(owner.footer).strip():
        yield from ("", footer)


def _contributing(title: str, categories: list[str]) -> bytes:
    template = _environment().get_template("contributing.md")
    return template.render(title=title, categories=categories).encode()


@cache
def _environment() -> Environment:
    """Make the templates' surroundings: whatever they print is escaped for Markdown."""
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        finalize=escape_markdown,
        # Of HTML alone, and these are Markdown.
        autoescape=select_autoescape(),
        trim_blocks=True,
        keep_trailing_newline=True,
    )


def _bytes(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


class Listed(NamedTuple):
    """Where an address stands already."""

    name: str
    heading: str


def _sections(catalogue: Catalogue, title: str) -> Iterator[Section]:
    listed = {_address_key(_BADGE_LINK): Listed("Awesome", title)}
    anchors = Anchors()
    for above in (f"{title} ", "Contents"):
        anchors.add(above)
    for category, items in _by_category(catalogue):
        heading = heading_of(category)
        told = tuple((item, more) for item in items if (more := more_to_say(item)))
        lines = list(
            _section_lines(
                category, heading, items, listed, {item.slug for item, _ in told}
            )
        )
        yield Section(heading, anchors.add(heading), lines, len(items), told=told)


def _by_category(catalogue: Catalogue) -> Iterator[tuple[Category, list[Item]]]:
    """Give the categories that hold items, and their items, in reading order."""
    known = {category.id: category for category in catalogue.categories}
    members: dict[str, list[Item]] = {}
    for item in catalogue.items:
        members.setdefault(item.category, []).append(item)
    found = [known.get(id_) or Category(id=id_, name=id_) for id_ in members]
    for category in sorted(found, key=_category_order):
        yield category, sorted(members[category.id], key=_item_order)


def _category_order(category: Category) -> tuple[float, str, str]:
    priority = float("inf") if category.priority is None else category.priority
    return priority, category.name.casefold(), category.id


def _item_order(item: Item) -> tuple[bool, str, str]:
    return not item.featured, item.name.casefold(), item.slug


def _section_lines(
    category: Category,
    heading: str,
    items: list[Item],
    listed: dict[str, Listed],
    told: Collection[str],
) -> Iterator[str]:
    """Write a category's lines, and note in `listed` which addresses they hold.

    An address stands in a list once. An item whose address is taken is named below the
    others, with the place where its link is.
    """
    if description := sentence(category.description):
        yield from ("", escape_markdown(description))
    lines, elsewhere = [], []
    for item in items:
        target = link_target(item.source_url)
        key = _address_key(target) if target else item.id
        if key in listed:
            elsewhere.append(_reference(item, heading, listed[key]))
        else:
            listed[key] = Listed(name_of(item), heading)
            more = f" ([Details]({FOLDER}{item.slug}.md))" if item.slug in told else ""
            lines.append(_item_line(item, target) + more)
    if lines:
        yield from ("", *lines)
    if elsewhere:
        yield from ("", f"Also in this category: {', '.join(elsewhere)}.")


def _item_line(item: Item, target: str | None) -> str:
    name = name_of(item)
    label = escape_markdown(name)
    link = f"[{label}]({target})" if target else label
    description = sentence(item.description, name=name)
    return f"- {link} - {escape_markdown(description)}" if description else f"- {link}"


def _reference(item: Item, heading: str, first: Listed) -> str:
    name = name_of(item)
    words = [
        first.name if first.name != name or first.heading == heading else "",
        first.heading if first.heading != heading else "",
    ]
    return escape_markdown(f"{name} (see {' in '.join(filter(None, words))})")


def _split(title: str, sections: list[Section], *, excess: int) -> list[Section]:
    """Move the largest sections to pages of their own, until so many bytes are saved."""
    names: set[str] = set()
    moved: dict[int, Section] = {}
    for index in sorted(range(len(sections)), key=lambda i: -sections[i].size):
        if excess <= 0:
            break
        moved[index] = _with_pages(title, sections[index], names)
        excess -= sections[index].size - moved[index].size
    return [moved.get(index, section) for index, section in enumerate(sections)]


def _with_pages(title: str, section: Section, names: set[str]) -> Section:
    pages = []
    for part in _parts(section.lines):
        name = unique_slug(section.heading, names, fallback="category")
        names.add(name)
        content = _bytes(_page(title, section, part))
        pages.append(File(f"categories/{name}.md", content))
    links = ", ".join(
        f"[{'continued' if number else escape_markdown(section.heading)}]({page.path})"
        for number, page in enumerate(pages)
    )
    where = "a page" if len(pages) == 1 else "pages"
    lines = ["", f"{section.items:,} items on {where} of their own: {links}."]
    return replace(section, lines=lines, pages=tuple(pages))


def _page(title: str, section: Section, lines: list[str]) -> Iterator[str]:
    yield f"# {escape_markdown(section.heading)}"
    if lines[0]:
        yield ""
    for line in lines:
        yield _DETAILS_LINK.sub(f" ([Details](../{FOLDER}", line)
    back = f"../README.md#{section.anchor}"
    yield from ("", f"Back to [{escape_markdown(title)}]({back}).")


def _parts(lines: list[str]) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for line in lines:
        size += len(line.encode()) + 1
        if size > MOST_BYTES:
            yield part
            part, size = [], len(line.encode()) + 1
        part.append(line)
    yield part


_DETAILS_LINK = re.compile(rf" \(\[Details\]\({FOLDER}(?=[a-z0-9-]+\.md\)\)$)")
_INDEX_PAGE = re.compile(r"/index\.[a-z]+$")
_SLASHES = re.compile(r"/{2,}")
_TEXT_FRAGMENT = re.compile(r":~:text.*$", re.IGNORECASE)


def _address_key(url: str) -> str:
    """Make one key for all the ways to write the address of one page."""
    parts = urlsplit(url)
    host = parts.netloc.lower().removesuffix(":80").removesuffix(":443")
    path = _SLASHES.sub("/", unquote(parts.path)).rstrip("/")
    query = sorted(
        pair
        for pair in parse_qsl(parts.query, keep_blank_values=True)
        if not pair[0].lower().startswith("utm_")
    )
    fragment = _TEXT_FRAGMENT.sub("", parts.fragment)
    place = host.removesuffix(".").removeprefix("www.") + _INDEX_PAGE.sub("", path)
    return f"{place} {query} {fragment}"
