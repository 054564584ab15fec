"""What the body of an item may be inside a page of ours.

It has passed the sanitiser, but a page promises more: no picture, because that would be a
request to somebody else; no relative link, because it would lead nowhere; and headings
below the page's own.
"""

from __future__ import annotations

import html
import re

from markupsafe import Markup

from generation.fact_sheet import is_fact_sheet
from generation.items import Item
from generation.markup import make_cleaner, plain_text, render_markdown
from generation.repositories.website.addresses import web_link

TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
    "li", "ol", "p", "pre", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead",
    "tr", "ul",
}  # fmt: skip
HEADING = re.compile(r"(</?h)([1-6])>")
ALIGNED_CELL = re.compile(r'<(t[hd]) align="(center|right)">')
LEADS_NOWHERE = re.compile(r'<a rel="noopener nofollow">(.*?)</a>', re.DOTALL)
FRONT_MATTER = re.compile(r"---\n(.{0,4000}?)\n---\n", re.DOTALL)
FRONT_TITLE = re.compile(r"^title:(.+)$", re.MULTILINE)
FIRST_HEADING = re.compile(r"\A\s*# +(.+)$", re.MULTILINE)
OPENING = re.compile(r"<(h[1-6]|p)>(.*?)</\1>\s*", re.DOTALL)


def _keep_attribute(tag: str, name: str, content: str) -> str | None:
    """Decide about one attribute: a link has to lead somewhere from wherever we are."""
    if name == "align":
        return content if content in ("center", "right") else None
    if name != "href" or content.startswith("mailto:"):
        return content
    link = web_link(content)
    return link.href if link else None


clean = make_cleaner(
    tags=TAGS,
    attributes={
        "a": {"href"},
        "code": {"class"},
        "td": {"align"},
        "th": {"align"},
    },
    keep=_keep_attribute,
    link_rel="noopener nofollow",
)


def render_body(item: Item) -> Markup:
    """Render what the body adds to the page, from the second level of headings down."""
    # The page shows description and facts in places of their own.
    body = item.markdown.strip()
    if not body or is_fact_sheet(body, item.description, item.meta):
        return Markup("")
    text = clean(render_markdown(item.markdown)).strip()
    text = _without_opening(_without_opening(text, item.name), item.description)
    text = ALIGNED_CELL.sub(r'<\1 class="align-\2">', LEADS_NOWHERE.sub(r"\1", text))
    # What the cleaner made is markup already, and only tags of it were renamed.
    return Markup(_with_headings_from_second(text))  # noqa: S704


def render_note(text: str) -> Markup:
    """Render a page of the owner's own; its first heading is the page's."""
    html_text = clean(render_markdown(_front_matter(text)[1])).strip()
    html_text = _without_opening(html_text, heading_of_note(text, ""))
    html_text = LEADS_NOWHERE.sub(r"\1", html_text)
    html_text = ALIGNED_CELL.sub(r'<\1 class="align-\2">', html_text)
    return Markup(_with_headings_from_second(html_text))  # noqa: S704 - cleaned above


def heading_of_note(text: str, name: str) -> str:
    """Find what a page calls itself: in its front matter, else its first heading."""
    front, body = _front_matter(text)
    titles = (*FRONT_TITLE.findall(front), *FIRST_HEADING.findall(body))
    plain = plain_text(titles[0].strip("\"' ")) if titles else ""
    return plain or name.replace("-", " ").capitalize()


def _front_matter(text: str) -> tuple[str, str]:
    found = FRONT_MATTER.match(text)
    return (found[1], text[found.end() :]) if found else ("", text)


def _with_headings_from_second(text: str) -> str:
    """Renumber headings: the page has the first level, and none below is left out."""
    levels = sorted({found[2] for found in HEADING.finditer(text)})
    below = {level: min(number, 6) for number, level in enumerate(levels, start=2)}
    return HEADING.sub(lambda found: f"{found[1]}{below[found[2]]}>", text)


def _without_opening(text: str, said: str) -> str:
    """Drop a title or a first paragraph that only repeats what stands above it."""
    opening = OPENING.match(text)
    if opening and _same(html.unescape(opening[2]), said):
        return text[opening.end() :]
    return text


def _same(one: str, other: str) -> bool:
    return one.casefold().split() == other.casefold().split()
