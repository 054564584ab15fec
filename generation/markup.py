"""Markdown is other people's text: it is rendered here, and escaped here, and nowhere else.

Three things are done with it. `render_markdown` makes HTML for our own pages,
`strip_raw_html` makes Markdown that stays harmless in the hands of a template that prints
it without looking, `escape_markdown` and `link_target` put a foreign word or address into
Markdown that we write. Raw HTML never gets as far as the Markdown parser, which is slow
on it and is not a sanitiser; what the parser makes is cleaned by `nh3` all the same.
"""

from __future__ import annotations

import html
import re
import threading
import unicodedata
from collections.abc import Callable, Iterator
from urllib.parse import quote, urlsplit

import nh3
from markdown import Markdown
from markdown.__meta__ import __version__ as markdown_version

from generation.unseen import visible

# What renders, for those who keep what was rendered.
ENGINES = f"markdown {markdown_version}, nh3 {nh3.__version__}"  # type: ignore[attr-defined]

# Above these limits a text is shown as it was typed: the parser's cost grows with the
# square of the brackets in a paragraph (measured: 2,000 of them 1.8 s, 4,000 over 6 s).
MOST_CHARACTERS = 64 * 1024
MOST_BRACKETS = 200
# After each heading, rule or empty item the parser copies the rest of the paragraph: 60 KB of
# `# a` on lines that follow one another take it minutes.
MOST_CUTS = 200
# For each sign that means something, the parser copies the paragraph.
MOST_SIGNS = 3_000

_PARAGRAPH_BREAK = re.compile(r"\n[ \t]*\n")
_BLANKS = re.compile(r"\s+")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

# ----- Markdown to HTML -----------------------------------------------------------------

_TAGS = {
    "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "a", "strong", "em", "del",
    "code", "pre", "blockquote", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th",
    "td", "img", "sup", "sub",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "code": {"class"},
    "th": {"align"},
    "td": {"align"},
}
_REMOVED_WITH_CONTENT = {
    "script", "style", "template", "noscript", "iframe", "svg", "math",
}  # fmt: skip
_LANGUAGE = re.compile(r"language-[A-Za-z0-9_+#.-]{1,40}")
_WEB_ADDRESS = re.compile(r"https?://", re.IGNORECASE)


def render_markdown(text: str) -> str:
    """Make HTML that is safe to print, within a second or two whatever the text is."""
    prepared = text = _normalise(text)
    if "<" in text or "&lt;" in text:
        prepared = "".join(
            _with_angles(piece) if is_code else _escape_angles(piece)
            for is_code, piece in _pieces(text)
        )
    if _is_too_costly(prepared):
        return _preformatted(text)
    try:
        return _clean(_convert(prepared))
    except RecursionError:
        return _preformatted(text)


def plain_text(markdown: str) -> str:
    """Say in one line, without any markup, what a text says."""
    words = nh3.clean(render_markdown(markdown), tags=set())
    return _BLANKS.sub(" ", html.unescape(words)).strip()


_kept = threading.local()


def _convert(text: str) -> str:
    """Render with this thread's parser: making one costs more than a short text does."""
    parser: Markdown = getattr(_kept, "parser", None) or _make_parser()
    # One that raises keeps half a document in its state, so it is not kept.
    _kept.parser = None
    converted = parser.reset().convert(text)
    _kept.parser = parser
    return converted


def _make_parser() -> Markdown:
    parser = Markdown(
        extensions=["tables", "fenced_code", "sane_lists"],
        extension_configs={"tables": {"use_align_attribute": True}},
    )
    # 64 KB of `<a <a <a` take its HTML reader 44 s, of `<![<![` 222 s. HTML that nobody
    # reads is text, and text is escaped.
    parser.preprocessors.deregister("html_block")
    parser.inlinePatterns.deregister("html")
    return parser


# The parser recurses into quotes and lists, and stops at a depth of the interpreter's.
_TOO_DEEP = re.compile(
    r"^(?:[ \t]{0,3}>){40}|^[ \t]{160,}(?:[-*+]|\d{1,9}\.)[ \t]"
    r"|^(?:[ \t]*(?:[-*+]|\d{1,9}\.)(?=[ \t])){40}",
    re.MULTILINE,
)


# A line that ends the paragraph before it.
_CUT = re.compile(
    r"^[ \t]{0,60}(?:\#|(?:[-*+]|\d{1,9}\.)[ \t]*$|(?:[-*_][ \t]{0,2}){3,60}$|[=-]{1,60}$)",
    re.MULTILINE,
)


def _is_too_costly(text: str) -> bool:
    if len(text) > MOST_CHARACTERS or _TOO_DEEP.search(text):
        return True
    return any(
        paragraph.count("[") > MOST_BRACKETS
        or paragraph.count("<") > MOST_BRACKETS
        or sum(map(paragraph.count, "&\\*_`")) > MOST_SIGNS
        or sum(1 for _ in _CUT.finditer(paragraph)) > MOST_CUTS
        for paragraph in _PARAGRAPH_BREAK.split(text)
    )


def _preformatted(text: str) -> str:
    return f"<pre>{html.escape(_with_angles(text), quote=False)}</pre>"


def make_cleaner(
    *,
    tags: set[str],
    attributes: dict[str, set[str]],
    keep: Callable[[str, str, str], str | None],
    link_rel: str,
) -> Callable[[str], str]:
    """Make a stricter second sieve for what `render_markdown` gave; `keep` decides about
    one attribute (tag, name, value), None drops it."""
    cleaner = nh3.Cleaner(
        tags=tags, attributes=attributes, attribute_filter=keep, link_rel=link_rel
    )
    return cleaner.clean


def _clean(rendered: str) -> str:
    return nh3.clean(
        rendered,
        tags=_TAGS,
        clean_content_tags=_REMOVED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=_keep_attribute,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener noreferrer ugc",
    )


def _keep_attribute(tag: str, name: str, content: str) -> str | None:
    """Decide about one attribute that the profile allows; None drops it."""
    if name == "class":
        return content if _LANGUAGE.fullmatch(content) else None
    if name in {"href", "src"} and content.startswith("//"):
        content = f"https:{content}"
    if tag == "img" and name == "src":
        return content if _WEB_ADDRESS.match(content) else None
    return content


# ----- Markdown without HTML ------------------------------------------------------------

_FENCE = re.compile(r"[ \t]*(`{3,}(?=[^`]*$)|~{3,})")
_CODE_OR_TAG = re.compile(
    r"(?P<code>(?<!`)(?P<ticks>`+)(?!`)[^\n]{0,2000}?[^`\n](?P=ticks)(?!`))"
    r"|<!--|-->|</?(?P<element>[A-Za-z][A-Za-z0-9-]*)(?=[\s/>])[^<>]*>"
)
_TAG_OPENER = re.compile(r"<(?=[A-Za-z/!?])")
_ESCAPED_TAG_OPENER = re.compile(r"&lt;(?=[A-Za-z/!?])")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^\s<>]+|[\w.+-]+@[\w.-]+)>")
_NO_AUTOLINK = re.compile(
    r"<(?!(?:(?:https?://|mailto:)[^\s<>]+|[\w.+-]{1,64}@[\w.-]{1,255})>)(?=[A-Za-z/!?])"
)
_DESTINATION = re.compile(r"(\][(:][\s<>]*)([^\s<>()\[\]]+)")
_RUNNING_SCHEME = re.compile(r"[\s<]*(?:javascript|vbscript|data):", re.IGNORECASE)
_HTML_ELEMENTS = {
    "a", "abbr", "acronym", "address", "applet", "area", "article", "aside", "audio",
    "b", "base", "basefont", "bdi", "bdo", "bgsound", "big", "blink", "blockquote",
    "body", "br", "button", "canvas", "caption", "center", "cite", "code", "col",
    "colgroup", "data", "datalist", "dd", "del", "details", "dfn", "dialog", "dir",
    "div", "dl", "dt", "em", "embed", "fieldset", "figcaption", "figure", "font",
    "footer", "form", "frame", "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "head",
    "header", "hgroup", "hr", "html", "i", "iframe", "image", "img", "input", "ins",
    "kbd", "keygen", "label", "legend", "li", "link", "main", "map", "mark", "marquee",
    "math", "menu", "meta", "meter", "nav", "nobr", "noembed", "noframes", "noscript",
    "object", "ol", "optgroup", "option", "output", "p", "param", "picture",
    "plaintext", "portal", "pre", "progress", "q", "rp", "rt", "ruby", "s", "samp",
    "script", "search", "section", "select", "slot", "small", "source", "span",
    "strike", "strong", "style", "sub", "summary", "sup", "svg", "table", "tbody", "td",
    "template", "textarea", "tfoot", "th", "thead", "time", "title", "tr", "track",
    "tt", "u", "ul", "var", "video", "wbr", "xmp",
}  # fmt: skip


def strip_raw_html(markdown: str) -> str:
    """Remove HTML, so that a template which prints the text raw prints no tag.

    What only looks like a tag (`List<String>`, and everything in code) keeps its text with
    `<` written `&lt;`; in code, `render_markdown` turns that back. Links to `javascript:`
    and its like lead to `#`. Doing it twice changes nothing.
    """
    text = _normalise(markdown)
    if "<" in text:
        text = "".join(
            piece if is_code else _AUTOLINK.sub(r"\1", piece)
            for is_code, piece in _pieces(text)
        )
    return _DESTINATION.sub(_harmless_destination, _TAG_OPENER.sub("&lt;", text))


def _normalise(text: str) -> str:
    """Leave one kind of line end, and no control character."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Cut a text into pieces of code and pieces of prose, leaving out HTML."""
    for is_code, block in _split_fences(text):
        if is_code:
            yield True, block
        else:
            yield from _split_tags(block)


def _split_fences(text: str) -> Iterator[tuple[bool, str]]:
    fence = ""
    block: list[str] = []
    for line in text.splitlines(keepends=True):
        opener = None if fence else _FENCE.match(line)
        if opener:
            yield False, "".join(block)
            fence, block = opener[1], []
        block.append(line)
        if fence and not opener and _closes(line, fence):
            yield True, "".join(block)
            fence, block = "", []
    yield bool(fence), "".join(block)


def _closes(line: str, fence: str) -> bool:
    marks = line.strip()
    return len(marks) >= len(fence) and not marks.strip(fence[0])


def _split_tags(block: str) -> Iterator[tuple[bool, str]]:
    """Leave out comments, known tags, and the content of those that hold no prose.

    One walk over the tags: to look for the end of each would cost the square of them.
    What nobody closes lasts until the end of the block, as it would in a browser.
    """
    rest, closer = 0, ""
    for found in _CODE_OR_TAG.finditer(block):
        element = (found["element"] or "").lower()
        if closer:
            if closer == (f"</{element}" if found[0].startswith("</") else found[0]):
                rest, closer = found.end(), ""
        elif found["code"]:
            yield False, block[rest : found.start()]
            yield True, found["code"]
            rest = found.end()
        elif found[0] == "<!--" or element in _HTML_ELEMENTS:
            yield False, block[rest : found.start()]
            rest, closer = found.end(), _closer(found[0], element)
    if not closer:
        yield False, block[rest:]


def _closer(tag: str, element: str) -> str:
    """Name the end of the part that a tag hides; nothing when it hides none."""
    if tag == "<!--":
        return "-->"
    hides = element in _REMOVED_WITH_CONTENT and not tag.startswith("</")
    return f"</{element}" if hides and not tag.endswith("/>") else ""


def _with_angles(code: str) -> str:
    return _ESCAPED_TAG_OPENER.sub("<", code)


def _escape_angles(prose: str) -> str:
    return _NO_AUTOLINK.sub("&lt;", prose)


def _harmless_destination(found: re.Match[str]) -> str:
    decoded = html.unescape(found[2].replace("\\", ""))
    address = _CONTROLS.sub("", _BLANKS.sub("", decoded))
    return f"{found[1]}#" if _RUNNING_SCHEME.match(address) else found[0]


# ----- a foreign word in our Markdown ---------------------------------------------------

# Control, private and bidirectional characters and lone surrogates: nothing to read.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
    "\ud800-\udfff\ue000-\uf8ff\U000f0000-\U0010ffff]"
)
# Every line is one of ours and stays one line, so only two places matter: its beginning
# and its middle. Parentheses, dots, hyphens and exclamation marks in the middle are left
# alone, because without a bracket before them they mean nothing.
_SPECIAL = re.compile(
    r"""
      [\\`*\[\]|~$]                   # code, emphasis, links, cells, mathematics
    | _(?![^\W_]) | (?<![^\W_])_      # emphasis again, but snake_case may stay
    | \{(?=[{%])                      # Liquid, where a list is a Jekyll site too
    | :(?=//|[\w+-]+:)                # an address, or an :emoji:
    | (?<=[Ww]{3})\.                  # an address without a scheme
    | @(?=\w)                         # a mention, a mail address
    | (?:^|(?<=\ ))\#                 # a heading's beginning, or its end
    | ^[-+>=]                         # a list, a quotation, an underline
    | ^\d{1,9}[.)](?=\ |$)            # a numbered list
    | <
    | &(?=\#?[0-9A-Za-z]+;)
    """,
    re.VERBOSE,
)
# Nearly no text holds a sign of those above, and to find that out this way is quicker.
_MAYBE_SPECIAL = re.compile(r"[\\`*\[\]|~$_{:@#<&]|[Ww]{3}\.|^[-+>=\d]")
_ENTITIES = {"<": "&lt;", "&": "&amp;"}


def escape_markdown(text: str) -> str:
    """Make one line that reads as the text, wherever in a line of Markdown it stands."""
    line = one_line(text)
    return _SPECIAL.sub(_escape_one, line) if _MAYBE_SPECIAL.search(line) else line


def _escape_one(found: re.Match[str]) -> str:
    special = found[0]
    return _ENTITIES.get(special) or f"{special[:-1]}\\{special[-1]}"


def one_line(text: str) -> str:
    """Squeeze blanks, drop what nobody can see, compose characters."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    seen = _UNSEEN.sub("", visible(_BLANKS.sub(" ", text)))
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", seen)).strip()


# ----- a foreign address in our Markdown ------------------------------------------------

# What ends a host or means something before it: brackets stand only around IPv6.
_NAMED_HOST = re.compile(r"[^\s\[\]<>\"\\^`{|}%@:]+(?::\d{0,5})?")
_NUMBERED_HOST = re.compile(r"\[[0-9A-Fa-f:.]+\](?::\d{0,5})?")
# Most addresses are of this form, which needs no taking apart.
_PLAIN_TARGET = re.compile(
    r"https?://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?:/[A-Za-z0-9/._~-]*)?"
)
_LEFT_ALONE = "%/:?#!$&'*+,;=@~"
# Signs of a host that would end our link, or that nobody can see.
_UNFIT_IN_HOST = re.compile(rf"[()&]|{_UNSEEN.pattern}")
_NO_ADDRESS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")


def link_target(url: str) -> str | None:
    """Make an address fit for `[name](...)`; None when we do not link to such a thing.

    It is a matter of form only: whether a host may be visited is decided in `sources/`.
    Whatever `clean_url` stores is linked, so that no entry of a list lacks its link.
    """
    if _PLAIN_TARGET.fullmatch(url):
        return url
    if url != url.strip() or _NO_ADDRESS.search(url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    host = parts.netloc
    if parts.scheme not in {"http", "https"}:
        return None
    rest = quote(url.partition("://")[2][len(host) :], safe=_LEFT_ALONE)
    if _NUMBERED_HOST.fullmatch(host):
        return f"{parts.scheme}://{host}{rest}"
    if not _NAMED_HOST.fullmatch(host):
        return None
    host = _UNFIT_IN_HOST.sub(lambda found: quote(found[0], safe=""), host)
    return f"{parts.scheme}://{host}{rest}"
