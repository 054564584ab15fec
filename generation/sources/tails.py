"""What follows a name: marks, the description, and the links in brackets behind it."""

from __future__ import annotations

import re
from typing import NamedTuple

from generation.sources.figures import drop_figures, is_figure, take_licences
from generation.sources.labels import (
    is_licence,
    is_read_more,
    link_fact,
    link_fact_or_own,
)
from generation.sources.names import clean_description
from generation.sources.pieces import Piece, Pieces
from generation.sources.urls import clean_url


class Tail(NamedTuple):
    """What follows a name."""

    description: str
    labels: list[str]
    facts: dict[str, str]


ENDS_SEPARATED = re.compile(r"(?:\s[-\u2013\u2014|>/\u2192\u00bb]+|[:\uff1a])\s*$")

BETWEEN_LINKS = re.compile(r"(?:[\s,;|/·•&+\])(\[\u2013-]|\band\b|\bor\b)*", re.I)

NOTHING = " \t\n,|/·•;&+"

# The last three are the CJK full stop, exclamation mark and question mark.
_SENTENCE_END = (*'.!?…)]”"|·', "\u3002", "\uff01", "\uff1f")

_IN_BRACKETS = re.compile(r"\s*[(\[]([^()\[\]]{2,40})[)\]]")
# What closes around a name, and what announces the link behind a text.
_CLOSING = re.compile(r"^(?:[)\]\s]+|[\"\u201d\u00bb]+[\s,;]*)+")
_LINK_LABEL = re.compile(
    r"(?:^|[\s,;\uff0c\uff1b\u3002|])\s*(?:website|homepage|link|url|site|web|官网|网址|链接|公式サイト)"
    r"\s*[:\uff1a]\s*$|\s*[\u2192\u00bb\u279c\u27a1]+\s*$",
    re.IGNORECASE,
)
_LONGEST_LABEL = 40
_EMPTY_BRACKETS = re.compile(r"\s*[(\[][\s,;|/·•&+]*[)\]]")


def read_tail(pieces: Pieces, base: str) -> Tail:
    """Read what follows a name: first the marks, then the text, then marks and links."""
    rest = [piece for piece in pieces if piece.kind != "image"]
    labels = [*_leading_licence(rest), *_leading_marks(rest)]
    trailing: list[str] = []
    facts: dict[str, str] = {}
    while rest:
        last = rest[-1]
        if not last.text.strip(NOTHING):
            rest.pop()
        elif last.kind == "code" and _is_mark(rest):
            trailing.append(rest.pop().text)
        elif last.kind == "link" and _is_beside(last.text):
            rest.pop()
        elif last.kind == "link" and link_fact(last.text) and _ends_before(rest):
            _note_link(facts, last, base)
            rest.pop()
        else:
            group = _trailing_group(rest)
            if not group:
                break
            for link in rest[-group:]:
                _note_link(facts, link, base)
            rest = _cut_group(rest, group)
    words = [
        "" if piece.kind == "link" and _is_beside(piece.text) else piece.text
        for piece in rest
    ]
    text = _EMPTY_BRACKETS.sub("", "".join(words))
    text = _CLOSING.sub("", text)
    text = text[:-_LONGEST_LABEL] + _LINK_LABEL.sub("", text[-_LONGEST_LABEL:])
    text, marks = take_licences(drop_figures(text.rstrip()))
    return Tail(clean_description(text), [*labels, *marks, *trailing[::-1]], facts)


def _is_beside(label: str) -> bool:
    """Tell whether a link's text is no part of the sentence around it."""
    return is_read_more(label) or is_figure(label)


def _leading_licence(rest: list[Piece]) -> list[str]:
    """Take off a licence in brackets right behind the name: "(MIT) - a store"."""
    match = (
        _IN_BRACKETS.match(rest[0].text) if rest and rest[0].kind == "text" else None
    )
    if match is None or not is_licence(match[1]):
        return []
    rest[0] = rest[0]._replace(text=rest[0].text[match.end() :])
    return [match[1]]


def _leading_marks(rest: list[Piece]) -> list[str]:
    """Take off code spans that stand right behind the name, before a separator."""
    end = 0
    while end < len(rest) and (rest[end].kind == "code" or not rest[end].text.strip()):
        end += 1
    codes = [piece.text for piece in rest[:end] if piece.kind == "code"]
    if not codes or (end < len(rest) and rest[end].text.lstrip()[:1].isalnum()):
        return []
    del rest[:end]
    return codes


def _is_mark(rest: list[Piece]) -> bool:
    """Tell a mark behind a description from a code span that ends a sentence."""
    if is_licence(rest[-1].text):
        return True
    position = len(rest) - 2
    while position >= 0 and (
        not rest[position].text.strip(NOTHING)
        or (rest[position].kind == "link" and _is_beside(rest[position].text))
    ):
        position -= 1
    if position < 0 or rest[position].kind == "code":
        return True
    text = rest[position].text
    return text.rstrip().endswith(_SENTENCE_END) or bool(ENDS_SEPARATED.search(text))


def _ends_before(rest: list[Piece]) -> bool:
    """Tell whether the text before the last piece is already a whole."""
    if len(rest) < 2 or rest[-2].kind in ("link", "code"):
        return True
    text = rest[-2].text.rstrip(NOTHING + "-\u2013\u2014[(")
    return not text or text.endswith(_SENTENCE_END) or text != rest[-2].text.rstrip()


def _trailing_group(rest: list[Piece]) -> int:
    """Return how many pieces a closing "(Demo, Source Code)" takes, without brackets.

    0 means that the text does not end with such a group. The group's own closing
    bracket has been cut off when it is found.
    """
    closing = rest[-1]
    if closing.kind != "text" or closing.text.strip(" .")[-1:] not in (")", "]"):
        return 0
    inner = closing.text.strip(" .").rstrip(")]")
    if inner.strip(NOTHING):
        return 0
    start, links = len(rest) - 2, []
    while start >= 0 and (
        rest[start].kind == "link" or _is_between(rest[start], start == len(rest) - 2)
    ):
        if rest[start].kind == "link":
            links.append(rest[start])
        start -= 1
    if start < 0 or not links or not rest[start].text.rstrip().endswith(("(", "[")):
        return 0
    known = any(link_fact(link.text) or is_read_more(link.text) for link in links)
    if not known or any(len(link.text.split()) > 4 for link in links):
        return 0
    rest.pop()
    return len(rest) - 1 - start


def _is_between(piece: Piece, is_last: bool) -> bool:
    opens = piece.text.rstrip().endswith(("(", "[")) and not piece.text.strip("()[] ")
    if is_last or opens:
        return False
    return piece.kind == "text" and bool(BETWEEN_LINKS.fullmatch(piece.text))


def _cut_group(rest: list[Piece], group: int) -> list[Piece]:
    rest = rest[: len(rest) - group]
    opening = rest[-1].text.rstrip().rstrip("([")
    return [*rest[:-1], rest[-1]._replace(text=opening)]


def _note_link(facts: dict[str, str], link: Piece, base: str) -> None:
    url = clean_url(link.url, base=base) if link.kind == "link" else ""
    if url and not is_read_more(link.text):
        facts.setdefault(link_fact_or_own(link.text) or "further_url", url)
