"""A page as a tree of what can be seen: scripts, styles and hidden parts are gone.

What surrounds a list (menus, footers, side columns) stays in the tree with a mark, for
inside a card the same elements hold the card's own links. ARIA roles count as the
elements that they stand for.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from selectolax.lexbor import LexborHTMLParser, LexborNode

from generation.exceptions import UnreadableSource
from generation.sources.names import squeeze

HEADINGS = {f"h{level}": level for level in range(1, 7)}
# Elements that begin a line of their own.
BLOCKS = frozenset(
    {
        *("p", "div", "section", "article", "header", "figure", "figcaption", "hr"),
        *("blockquote", "pre", "ul", "ol", "li", "dl", "dt", "dd", "table", "tr"),
        *("td", "th", "br", "h1", "h2", "h3", "h4", "h5", "h6", "summary", "details"),
        *("nav", "footer", "aside", "main", "center", "address", "tbody", "thead"),
        *("tfoot", "caption", "form", "fieldset", "hgroup", "menu"),
    }
)
_PRUNED_TAGS = frozenset(
    {
        *("script", "style", "template", "noscript", "iframe", "object", "embed"),
        *("select", "dialog", "head", "video", "audio", "canvas", "textarea"),
        *("datalist", "input", "option", "link", "meta", "map", "progress", "meter"),
        # In the midst of a page, as by mistake: browsers do not show it.
        "title",
    }
)
_FOOTNOTE = re.compile(r"(?:\[\s?[\w\s]{1,12}\s?\]\s?)+")
_SURROUNDING_TAGS = frozenset({"nav", "footer", "aside", "menu"})
_PRUNED_ROLES = frozenset({"dialog", "alertdialog", "tooltip"})
_SURROUNDING_ROLES = frozenset(
    {
        *("navigation", "banner", "contentinfo", "search", "menu", "menubar"),
        *("complementary", "tablist", "toolbar", "directory", "tree", "status"),
    }
)
_STANDS_FOR = {
    "list": "ul",
    "listitem": "li",
    "table": "table",
    "grid": "table",
    "treegrid": "table",
    "row": "tr",
    "cell": "td",
    "gridcell": "td",
    "columnheader": "th",
    "rowheader": "th",
    "main": "main",
    "link": "a",
    "article": "article",
    "rowgroup": "tbody",
    "term": "dt",
    "definition": "dd",
}
_WHOSE = r"""(?:(?:site|page|main|top|bottom|left|right|global|primary|secondary|user|
    mobile|footer|header|nav|social|share|back|list|table|entry|post|blog|article|
    theme|widget|cookie|email|mailing|search)[-_]*|(?:md|js|c|l|o|ui|is|wp|app)[-_]+)*"""
_SURROUNDING_NAMES = re.compile(
    _WHOSE
    + r"""(?:nav(?:igation|bar|links?)?|menu|breadcrumbs?|crumbs|pagination|pager|paging
       |toc|table-of-contents|side-?bar|footer|skip-link|comments?|commentlist|respond
       |disqus(?:_thread)?|related(?:-posts?|-articles?)?|blogroll|widget-area|navbox
       |filters?|tag-?cloud|catlinks|printfooter|toolbar|top-?bar|masthead|recent-posts
       |share|sharing|social|social-links|social-media|byline|author-(?:box|bio)|colophon
       |newsletter|subscribe|sign-?up|headerlink|references|reflist|footnotes?)
    (?:[-_]*(?:bar|list|links?|items?|menu|container|wrapper|banner|nav|icons?|area
       |section|widget|box|form|inner|group|buttons?|thread))*""",
    re.IGNORECASE | re.VERBOSE,
)
_PRUNED_NAMES = re.compile(
    _WHOSE
    + r"""(?:cookies?|consent|gdpr|ads?|advert(?:isement|s)?|adsbygoogle|sponsored|promo
       |promoted|popup|modal|tooltip|visually-hidden|sr-only|screen-reader-text
       |mw-editsection|edit-link)
    (?:[-_]*(?:bar|list|items?|container|wrapper|banner|notice|box|popup|overlay|dialog
       |slot|unit|block|card|tile|law))*""",
    re.IGNORECASE | re.VERBOSE,
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-zA-Z][\w:-]{0,40})")
# Elements that hold nothing, end by themselves, or draw.
_NEVER_NEST = frozenset(
    {
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta"),
        *("source", "track", "wbr", "param", "li", "p", "dt", "dd", "tr", "td", "th"),
        *("tbody", "thead", "tfoot", "option", "optgroup", "html", "head", "body"),
        *("path", "circle", "rect", "line", "polyline", "polygon", "ellipse", "use"),
        *("stop", "image", "colgroup", "caption", "rp", "rt", "a"),
    }
)
# Elements of a text's looks: where a block ends inside one, the next block reopens it.
_FORMATS = frozenset(
    {
        *("b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike"),
        *("strong", "tt", "u"),
    }
)
# Quoted values count as part of the tag, whatever they hold.
_LONG_TAG = re.compile(r"""<[a-zA-Z](?:[^<>"']|"[^"<]*+"|'[^'<]*+'){5000,}+""")
_QUOTED = re.compile(r"""\"[^"]*\"|'[^']*'""")
# All tags `<body>` and `<html>` of a page are one element.
_ROOT_TAG = re.compile(r"<(?:body|html)\b([^<>]*)", re.IGNORECASE)
_OPTION = re.compile(r"</?opt(?:ion|group)\b[^<>]*>?", re.IGNORECASE)

# The limits of a page, each with the case that asks for it. The parser is quadratic in the
# depth of a page, in the attributes of an element and in the options of a page.
_MOST_ATTRIBUTES = 5_000
_DEEPEST_PAGE = 1_000
# A few such choices of a country each are many options, and nothing that is read.
_MOST_OPTIONS = 2_000
# The largest list that we know has 150,000 elements.
_MOST_ELEMENTS = 500_000
# `<p>`, sixty times `<font color=...>`, and then `<p>` alone: each reopens all sixty, so
# that 200 KB become 1.6 GB.
_MOST_REOPENED = 150_000
_REOPENED_FREELY = 2
# By the standard, three equal elements are reopened at most.
_MOST_EQUAL = 3
_LONGEST_FORMAT = 300
# What is deeper is passed over: each step of reading costs as much as the page is deep.
_DEEPEST_READ = 200
# What holds so much of a page's text surrounds nothing, whatever it is called.
_MOST_OF_THE_PAGE = 0.6


_NO_ATTRIBUTES: Mapping[str, str | None] = MappingProxyType({})


class Element:
    """One visible element. `words` and `links` count what is inside it, at any depth."""

    __slots__ = (
        "attributes",
        "children",
        "is_surrounding",
        "links",
        "parent",
        "tag",
        "words",
    )

    def __init__(
        self,
        tag: str,
        attributes: Mapping[str, str | None] | None = None,
        parent: Element | None = None,
    ) -> None:
        self.tag = tag
        self.attributes = attributes or _NO_ATTRIBUTES
        self.parent = parent
        self.children: list[Element | str] = []
        self.is_surrounding = False
        self.words = 0
        self.links = 0

    def get(self, attribute: str) -> str:
        return self.attributes.get(attribute) or ""

    @property
    def classes(self) -> list[str]:
        return self.get("class").split()

    @property
    def elements(self) -> list[Element]:
        return [child for child in self.children if isinstance(child, Element)]

    def walk(self) -> Iterator[Element | str]:
        """Yield what is inside, in document order and without recursion."""
        stack: list[Iterator[Element | str]] = [iter(self.children)]
        while stack:
            for child in stack[-1]:
                yield child
                if isinstance(child, Element):
                    stack.append(iter(child.children))
                    break
            else:
                stack.pop()

    def inside(self, *tags: str) -> list[Element]:
        """Return the elements inside, of these tags or of all."""
        found: list[Element] = []
        waiting = self.children[::-1]
        while waiting:
            child = waiting.pop()
            if isinstance(child, str):
                continue
            if not tags or child.tag in tags:
                found.append(child)
            waiting += child.children[::-1]
        return found

    def text(self) -> str:
        """Return the words inside, those of two blocks apart."""
        parts: list[str] = []
        for child in self.walk():
            if isinstance(child, str):
                parts.append(child)
            elif child.tag in BLOCKS:
                parts.append(" ")
        return squeeze("".join(parts))

    def ancestors(self) -> Iterator[Element]:
        above = self.parent
        while above is not None:
            yield above
            above = above.parent


def parse_page(text: str) -> LexborHTMLParser:
    """Parse a page, unless it is so made that parsing would take for ever."""
    _check_elements(text)
    if _has_too_many_attributes(text):
        raise UnreadableSource("One of its elements has too many attributes.")
    if text.lower().count("<option") > _MOST_OPTIONS:
        text = _OPTION.sub("", text)
    return LexborHTMLParser(text)


def visible_tree(parser: LexborHTMLParser, *, unfolded: bool = False) -> Element:
    """Return the body as people see it, or, unfolded, with what scripts will show them."""
    source = parser.body or parser.root
    body = Element("body")
    if source is None:
        return body
    shown = None if unfolded else _shown_by_a_control(parser)
    _grow(body, source, shown)
    _name_panels(body, _tab_names(parser))
    _count(body)
    _mark_surroundings(body)
    return body


def descend(
    root: Element,
    enter: Callable[[Element | str], bool],
    leave: Callable[[Element], None],
) -> None:
    """Walk in document order. What `enter` answers True for is passed over."""
    stack: list[tuple[Element, Iterator[Element | str]]] = []
    if enter(root):
        return
    stack.append((root, iter(root.children)))
    while stack:
        element, children = stack[-1]
        for child in children:
            skip = enter(child)
            if isinstance(child, Element) and not skip:
                stack.append((child, iter(child.children)))
                break
        else:
            stack.pop()
            leave(element)


def _check_elements(text: str) -> None:
    """Estimate depth and number of the elements before they are parsed."""
    depth, elements, reopened = 0, 0, 0
    formats = _OpenFormats(text)
    for match in _TAG.finditer(text):
        tag = match[2].lower()
        if tag in _FORMATS:
            formats.note(tag, match)
        elif not match[1]:
            elements += 1
            reopened += max(formats.count - _REOPENED_FREELY, 0)
            if elements > _MOST_ELEMENTS or reopened > _MOST_REOPENED:
                raise UnreadableSource(
                    "It has too many elements to be a list. Give the part that holds it."
                )
        if tag in _NEVER_NEST:
            continue
        depth += -1 if match[1] else 1
        if depth > _DEEPEST_PAGE:
            raise UnreadableSource("Its elements are nested too deeply to be a list.")
        depth = max(depth, 0)


class _OpenFormats:
    """The bold, italic and coloured elements that are open, as a parser counts them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._open: dict[str, list[str]] = defaultdict(list)
        self._equal: Counter[str] = Counter()
        self.count = 0

    def note(self, tag: str, match: re.Match[str]) -> None:
        """Take a tag that begins or ends one."""
        if not match[1]:
            end = self._text.find(">", match.end(), match.end() + _LONGEST_FORMAT)
            written = self._text[
                match.start() : end if end > 0 else match.end() + _LONGEST_FORMAT
            ]
            self._open[tag].append(written)
            self._equal[written] += 1
            self.count += self._equal[written] <= _MOST_EQUAL
        elif self._open[tag]:
            written = self._open[tag].pop()
            self.count -= self._equal[written] <= _MOST_EQUAL
            self._equal[written] -= 1


def _has_too_many_attributes(text: str) -> bool:
    """Look for a tag so long that the parser, quadratic in attributes, would hang."""
    position = 0
    while match := _LONG_TAG.search(text, position):
        tag = _QUOTED.sub("", match[0])
        if len(tag.split()) > _MOST_ATTRIBUTES:
            return True
        position = match.end()
    of_roots = sum(len(found[1].split()) for found in _ROOT_TAG.finditer(text))
    return of_roots > _MOST_ATTRIBUTES


def _shown_by_a_control(parser: LexborHTMLParser) -> frozenset[str]:
    """Return the ids of what a tab or a button shows: hidden now, but content."""
    found: set[str] = set()
    for node in parser.css(
        "[aria-controls], [data-target], [data-bs-target], [role=tab][href]"
    ):
        attributes = node.attributes
        for name in ("aria-controls", "data-target", "data-bs-target", "href"):
            for word in (attributes.get(name) or "").split():
                found.add(word.lstrip("#"))
    return frozenset(found)


def _tab_names(parser: LexborHTMLParser) -> dict[str, str]:
    """Return what the tabs of a page are called, by the id of what they show."""
    names: dict[str, str] = {}
    for tab in parser.css("[role=tab]"):
        attributes = tab.attributes
        panel = attributes.get("aria-controls") or attributes.get("href") or ""
        names.setdefault(panel.lstrip("#"), squeeze(tab.text()))
    return names


def _name_panels(body: Element, names: Mapping[str, str]) -> None:
    for element in body.inside() if names else ():
        name = names.get(element.get("id"))
        if name:
            element.attributes = {**element.attributes, "aria-label": name}


def _grow(body: Element, source: LexborNode, shown: frozenset[str] | None) -> None:
    """Copy what is visible below `source` into `body`, without recursion."""
    stack: list[tuple[Element, LexborNode | None]] = [(body, source.child)]
    while stack:
        parent, node = stack.pop()
        while node is not None:
            tag = node.tag or ""
            if tag == "-text":
                parent.children.append(node.text_content or "")
            elif not tag.startswith("-"):
                element = _visible(node, tag, parent, shown)
                if element is None:
                    # What stands on either side of it is not one word.
                    parent.children.append(" ")
                else:
                    parent.children.append(element)
                    if node.child is not None and len(stack) < _DEEPEST_READ:
                        stack.append((parent, node.next))
                        stack.append((element, node.child))
                        break
            node = node.next


def _visible(
    node: LexborNode, tag: str, parent: Element, shown: frozenset[str] | None
) -> Element | None:
    """Return the element that a node stands for, or None where it shows nothing."""
    if tag in _PRUNED_TAGS:
        return None
    attributes = node.attributes
    if tag in ("svg", "math"):
        return _drawing(node, attributes, parent)
    if tag == "button" and not _button_says_something(parent):
        return None
    if tag == "sup" and _FOOTNOTE.fullmatch(squeeze(node.text())):
        return None
    if attributes:
        role = (attributes.get("role") or "").lower()
        if _is_hidden(attributes, role, shown) or role in _PRUNED_ROLES:
            return None
        tag = _STANDS_FOR.get(role, tag)
        if role == "heading":
            tag = _heading_tag(attributes.get("aria-level") or "")
        if _is_named(_PRUNED_NAMES, tag, attributes):
            return None
    return Element(tag, attributes, parent)


def _drawing(
    node: LexborNode, attributes: Mapping[str, str | None], parent: Element
) -> Element:
    """Keep of a drawing what it is called: an icon is often all that a link shows."""
    title = node.css_first("title")
    called = attributes.get("aria-label") or (title.text() if title else "")
    names = {"class": attributes.get("class"), "title": called}
    return Element("svg", names, parent)


def _button_says_something(parent: Element) -> bool:
    """A heading's button opens what is below it; a link's button is its label."""
    return parent.tag in HEADINGS or parent.tag in ("a", "summary", "dt")


def _is_hidden(
    attributes: Mapping[str, str | None], role: str, shown: frozenset[str] | None
) -> bool:
    if shown is None:
        return False
    hidden = (
        ("hidden" in attributes and attributes.get("hidden") != "until-found")
        or attributes.get("aria-hidden") == "true"
        or bool(_HIDDEN.search(attributes.get("style") or ""))
    )
    return hidden and role != "tabpanel" and (attributes.get("id") or "") not in shown


def _heading_tag(level: str) -> str:
    return f"h{level}" if level in "123456" and level else "h2"


def _is_named(
    pattern: re.Pattern[str], tag: str, attributes: Mapping[str, str | None]
) -> bool:
    if tag in ("body", "main", "article", *HEADINGS):
        return False
    names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}".split()
    return any(pattern.fullmatch(name) for name in names if len(name) < 40)


def _count(body: Element) -> None:
    """Count words and links from the innermost outwards."""
    order = [body, *body.inside()]
    for element in reversed(order):
        for child in element.children:
            if isinstance(child, str):
                element.words += len(child.split())
            else:
                element.words += child.words
                element.links += child.links
        if element.tag == "a" and element.get("href")[:1] not in ("", "#"):
            element.links += 1


def _mark_surroundings(body: Element) -> None:
    for element in body.inside():
        if body.words and element.words >= _MOST_OF_THE_PAGE * body.words:
            continue
        element.is_surrounding = _surrounds(element)


def _surrounds(element: Element) -> bool:
    """Tell whether an element surrounds the list rather than holding it."""
    tag = element.tag
    if tag in _SURROUNDING_TAGS:
        return True
    if tag == "header":
        return not any(
            above.tag in ("article", "section", "main", "li")
            for above in element.ancestors()
        )
    if tag == "form":
        return not element.inside("table", "ul", "ol", "dl", "article")
    if not element.attributes:
        return False
    if element.get("role").lower() in _SURROUNDING_ROLES:
        return True
    return _is_named(_SURROUNDING_NAMES, tag, element.attributes)
