"""Text that came as HTML, as the few plain words that describe something."""

from __future__ import annotations

import re
from html import unescape

from selectolax.lexbor import LexborHTMLParser

from generation.sources.names import squeeze

_LONGEST_HTML = 20_000
_LONGEST_TEXT = 400
_DEEPEST = 200
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]{0,2000}>|<!--")
_OPENED = re.compile(r"<[a-zA-Z]")
_CLOSED = re.compile(r"</")
_BLOCK_END = re.compile(r"</(?:p|div|li|h[1-6]|tr|blockquote)\s*>|<br\s*/?>", re.I)
_SENTENCE_END = re.compile(
    r"[.!?\u3002\uff01\uff1f\u2026][\"'\u201d\u2019)\]]*(?=\s|$)"
)


def html_to_text(html: str) -> str:
    """Return the words of a piece of HTML; of plain text, that text."""
    html = html[:_LONGEST_HTML]
    if not _MARKUP.search(html):
        html = unescape(html)
    if not _MARKUP.search(html):
        return squeeze(html)
    # The parser is quadratic in nesting, and what is so deep is no description.
    if len(_OPENED.findall(html)) - len(_CLOSED.findall(html)) > _DEEPEST:
        return squeeze(_MARKUP.sub(" ", html))
    parser = LexborHTMLParser(_BLOCK_END.sub(r"\g<0> ", html))
    parser.strip_tags(["script", "style", "template", "noscript"])
    return squeeze(parser.body.text() if parser.body is not None else "")


def first_words(text: str, *, longest: int = _LONGEST_TEXT) -> str:
    """Cut a text after its last whole sentence that fits, or else after a word."""
    text = squeeze(text)
    if len(text) <= longest:
        return text
    ends = [match.end() for match in _SENTENCE_END.finditer(text[:longest])]
    if ends and ends[-1] > longest // 4:
        return text[: ends[-1]]
    return text[:longest].rpartition(" ")[0].rstrip(" ,;:-") + "\u2026"
