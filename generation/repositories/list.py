"""The list repository: the catalogue as an "awesome list" for people who read on a git host.

The rules are awesome-lint's, because that is what the field calls a good list. Where an
item's own words break one, the words are made to fit here and stay as they are elsewhere:
in the data repository nothing is changed for the sake of a linter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from generation.anchors import Anchors
from generation.items import Catalogue, Category, Item
from generation.markup import escape_markdown, link_target, one_line
from generation.repositories import File, Masthead
from generation.slugs import unique_slug

# A git host shows the first 512,000 bytes of a README.
MOST_BYTES = 480_000
LONGEST_NAME = 120
LONGEST_DESCRIPTION = 300

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

    @property
    def size(self) -> int:
        return sum(len(line.encode()) + 1 for line in self.lines)


def render_list(catalogue: Catalogue, masthead: Masthead) -> Iterator[File]:
    """Render the README, pages for categories too big for it, and contributing.md."""
    title = _title(masthead.name)
    sections = list(_sections(catalogue, title))
    readme = _bytes(_readme(title, masthead, sections))
    if len(readme) > MOST_BYTES:
        sections = _split(title, sections, excess=len(readme) - MOST_BYTES)
        readme = _bytes(_readme(title, masthead, sections))
    yield File("README.md", readme)
    yield from sorted(page for section in sections for page in section.pages)
    headings = [section.heading for section in sections]
    yield File("contributing.md", _contributing(title, headings))


# ----- the files ------------------------------------------------------------------------


def _readme(title: str, masthead: Masthead, sections: list[Section]) -> Iterator[str]:
    yield f"# {_main_heading(title)} {_BADGE}"
    if description := _sentence(masthead.description):
        yield from ("", f"> {escape_markdown(description)}")
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
        autoescape=False,  # noqa: S701 (what comes out is Markdown)
        trim_blocks=True,
        keep_trailing_newline=True,
    )


def _bytes(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


# ----- sections -------------------------------------------------------------------------


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
        heading = _heading(category)
        lines = list(_section_lines(category, heading, items, listed))
        yield Section(heading, anchors.add(heading), lines, len(items))


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
    category: Category, heading: str, items: list[Item], listed: dict[str, Listed]
) -> Iterator[str]:
    """Write a category's lines, and note in `listed` which addresses they hold.

    An address stands in a list once. An item whose address is taken is named below the
    others, with the place where its link is.
    """
    if description := _sentence(category.description):
        yield from ("", escape_markdown(description))
    lines, elsewhere = [], []
    for item in items:
        target = link_target(item.source_url)
        key = _address_key(target) if target else item.id
        if key in listed:
            elsewhere.append(_reference(item, heading, listed[key]))
        else:
            listed[key] = Listed(_name(item), heading)
            lines.append(_item_line(item, target))
    if lines:
        yield from ("", *lines)
    if elsewhere:
        yield from ("", f"Also in this category: {', '.join(elsewhere)}.")


def _item_line(item: Item, target: str | None) -> str:
    name = _name(item)
    label = escape_markdown(name)
    link = f"[{label}]({target})" if target else label
    description = _sentence(item.description, name=name)
    return f"- {link} - {escape_markdown(description)}" if description else f"- {link}"


def _reference(item: Item, heading: str, first: Listed) -> str:
    name = _name(item)
    words = [
        first.name if first.name != name or first.heading == heading else "",
        first.heading if first.heading != heading else "",
    ]
    return escape_markdown(f"{name} (see {' in '.join(filter(None, words))})")


# ----- too big for one page ---------------------------------------------------------------


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
    return Section(section.heading, section.anchor, lines, section.items, tuple(pages))


def _page(title: str, section: Section, lines: list[str]) -> Iterator[str]:
    yield f"# {escape_markdown(section.heading)}"
    if lines[0]:
        yield ""
    yield from lines
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


# ----- words ------------------------------------------------------------------------------

# Emoji and what joins or colours them: a heading's anchor would keep the invisible ones.
_EMOJI = re.compile(
    "[\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
    "\u200d\u20e3\ufe0e\ufe0f\U000e0020-\U000e007f]"
)
_HEADINGS_WITH_A_MEANING = {
    "contents", "contributing", "footnotes", "license", "licence", "related lists",
}  # fmt: skip
_WORD_START = re.compile(r"(^|[^\w']|_)([a-zß-öø-ÿ])")
_SMALL_WORD_ANYWHERE = re.compile(
    r"\b(?:A|An|And|As|At|But|By|En|For|If|In|Of|On|Or|The|To|Vs?\.?|Via)\b", re.ASCII
)
_SMALL_WORD = re.compile(rf"(?<!^){_SMALL_WORD_ANYWHERE.pattern}", re.ASCII)
_REPEATED = re.compile(r"([！!~～,，·?？])(?:\s*\1)+")  # noqa: RUF001
_STRAIGHT_QUOTES = str.maketrans("“”„\u2018\u2019", '"""\'\'')
_INCHES = re.compile(r'(?<=\d)"')
_BRACKETS = ("『", "』"), ("（", "）"), ("《", "》"), ("「", "」"), ("【", "】")  # noqa: RUF001
_NAME_ENDS = re.compile(r"(?![^\s.,!?:-])")
_BEFORE_WORDS = re.compile(r"^[^\w\"'(/@#$&%<\[{`+.]+|^\.+(?!\w)|^[-+]+(?=\W)")
_BEING = re.compile(r"^(?:is|are)\s+(?=\S)", re.IGNORECASE)
_FIRST_WORD = re.compile(r"('?)([^- ;./']+)")
_ENDED = re.compile(r"[.!?…]\"?$")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s")
# Names that are often misspelt, as their owners write them. Words of everyday language
# that are also names (expo, brackets, blockchain) are not among them.
_PROPER_NAMES = [
    "Android", "Ansible", "AWS", "Bitbucket", "Bitcoin", "CentOS", "ChatGPT", "Cloudflare",
    "CodeIgniter", "CouchDB", "Debian", "DigitalOcean", "Django", "Docker", "Dropbox",
    "DynamoDB", "Elasticsearch", "Ethereum", "Evernote", "FastAPI", "FFmpeg", "FreeBSD",
    "GIMP", "Git", "GitHub", "GitLab", "GraphQL", "Haskell", "Heroku", "iCloud",
    "ImageMagick", "InfluxDB", "Inkscape", "IntelliJ", "iOS", "iPadOS", "JavaScript",
    "Jupyter", "Kotlin", "Kubernetes", "LangChain", "Laravel", "Linux", "macOS", "MariaDB",
    "Matplotlib", "MongoDB", "MySQL", "Neo4j", "Neovim", "Netlify", "NumPy", "OneDrive",
    "OneNote", "OpenAI", "OpenBSD", "OpenGL", "PHP", "PostgreSQL", "PWA", "PyTorch",
    "Redis", "SharePoint", "SQLite", "Supabase", "SvelteKit", "Symfony", "TensorFlow",
    "Terraform", "Trello", "TypeScript", "Ubuntu", "Vercel", "WebAssembly", "WebGL",
    "WebGPU", "Webpack", "WebRTC", "WebSocket", "Wireshark", "Xcode", "YouTube",
]  # fmt: skip
_SPELLINGS = {name.casefold(): name for name in _PROPER_NAMES} | {
    "k8s": "Kubernetes",
    "mongo db": "MongoDB",
    "nextjs": "Next.js",
    "next.js": "Next.js",
    "node.js": "Node.js",
    "nodejs": "Node.js",
    "nuxtjs": "Nuxt.js",
    "nuxt.js": "Nuxt.js",
    "os x": "macOS",
    "osx": "macOS",
    "postgres": "PostgreSQL",
    "rss/atom": "RSS/Atom",
    "stackoverflow": "Stack Overflow",
    "vuejs": "Vue.js",
    "vue.js": "Vue.js",
    "wasm": "WebAssembly",
}
# An address comes first, so that what stands in it is not taken for a name. To look every
# word up is faster than to look for every name.
_ADDRESS_OR_WORD = re.compile(
    r"\w+://\S*|[\w-]+\.[\w.-]+/\S*"
    r"|(?<![\w.@#:+-])(?:os\ x|mongo\ db|rss/atom|\w(?:[\w.]*\w)?)(?![\w@+-]|:/)",
    re.IGNORECASE,
)


def _title(name: str) -> str:
    """Write a name in title case; a lone or capital word becomes "Awesome Word"."""
    title = _well_spelt(_balanced(one_line(_EMOJI.sub("", name)))) or "List"
    if " " not in title or title.upper() == title != title.lower():
        title = f"Awesome {title}"
    return " ".join(
        _title_case(word, first=not number)
        if word.islower() and "." not in word
        else word
        for number, word in enumerate(title.split(" "))
    )


def _title_case(words: str, *, first: bool = True) -> str:
    """Write every word with a capital, as the linter would: it makes Node.Js of Node.js."""
    capital = _WORD_START.sub(lambda found: found[1] + found[2].upper(), words)
    small = _SMALL_WORD if first else _SMALL_WORD_ANYWHERE
    return small.sub(lambda found: found[0].lower(), capital)


def _main_heading(title: str) -> str:
    """Write the title in Markdown; in italics, which the linter skips, if it is right."""
    heading = escape_markdown(title)
    return heading if title == _title_case(title) else f"*{heading}*"


def _heading(category: Category) -> str:
    """Write a category's name as a heading that GitHub gives a plain anchor."""
    plain = _well_spelt(_balanced(one_line(_EMOJI.sub("", category.name))))
    heading = plain.strip().rstrip(".,;:!?。，；：！？ ") or category.id or "Other"  # noqa: RUF001
    if heading.casefold() in _HEADINGS_WITH_A_MEANING:
        return f"{heading} Items"
    return heading


def _name(item: Item) -> str:
    """Write an item's name; its host when nothing of the name can be read."""
    name = _shorten(_balanced(one_line(item.name)), LONGEST_NAME)
    return name or urlsplit(item.source_url).netloc or item.slug


def _sentence(text: str, *, name: str = "") -> str:
    """Make a sentence that begins with a capital, ends, and does not begin with the name."""
    words = _shorten(_balanced(one_line(text)), LONGEST_DESCRIPTION)
    words = _BEFORE_WORDS.sub("", _without_name(words, name))
    words = _well_spelt(words)
    return _ended(_capital(words)) if re.search(r"\w", words) else ""


def _without_name(words: str, name: str) -> str:
    shortened = words
    while name and shortened.casefold().startswith(name.casefold()):
        rest = shortened[len(name) :]
        if not _NAME_ENDS.match(rest):
            break
        shortened = _BEFORE_WORDS.sub("", rest)
    return shortened if shortened == words else _BEING.sub("", shortened)


def _capital(words: str) -> str:
    first = _FIRST_WORD.match(words)
    if first is None or not first[2].islower():
        return words
    return first[1] + first[2][:1].upper() + words[len(first[1]) + 1 :]


def _well_spelt(words: str) -> str:
    return _ADDRESS_OR_WORD.sub(
        lambda found: _SPELLINGS.get(found[0].casefold(), found[0]), words
    )


def _ended(words: str) -> str:
    words = words.rstrip(" ,;:-–—。，、")  # noqa: RUF001
    words = re.sub(r'(?<=[.!?…])"[.!?…]+$', '"', words)
    return words if _ENDED.search(words) else f"{words}."


def _shorten(text: str, length: int) -> str:
    """Cut a text after a sentence, else after a word."""
    if len(text) <= length:
        return text
    ends = [end.start() for end in _SENTENCE_END.finditer(text, 0, length)]
    if ends and ends[-1] > length // 3:
        return text[: ends[-1]]
    return text[:length].rpartition(" ")[0].rstrip(" ,;:-") + "..."


def _balanced(text: str) -> str:
    """Use straight quotes, and drop those and those brackets that have no partner."""
    text = _REPEATED.sub(r"\1", text.translate(_STRAIGHT_QUOTES))
    if text.count('"') % 2:
        text = _INCHES.sub("″", text)
    if text.count('"') % 2:
        text = text.replace('"', "")
    for opening, closing in _BRACKETS:
        if text.count(opening) != text.count(closing):
            text = text.replace(opening, "").replace(closing, "")
    return one_line(text)


# ----- addresses --------------------------------------------------------------------------

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
