"""One entry of a list, read the same way whether it stood in Markdown or in HTML.

A reader hands over *pieces*: runs of text, links, code spans. Here it is decided which
link is the entry's own, what its name is, and which words describe it. The rules are
about how people write lists, not about any one list.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from generation.sources.figures import drop_figures
from generation.sources.labels import (
    calls_for,
    licence_fact,
    says_nothing,
    split_labels,
)
from generation.sources.listed import (
    IN_SENTENCE,
    LONGEST_GROUP,
    LONGEST_NAME,
    NO_NAME,
    SEVERAL,
    SILENT,
    Entry,
    NoEntry,
    is_silent,
    link_name,
    names_its_link,
    own_links,
    without_link,
)
from generation.sources.names import clean_name, squeeze
from generation.sources.pieces import (
    Piece,
    PieceCollector,
    Pieces,
    is_badge,
    plain_text,
    tidy,
)
from generation.sources.rows import read_row
from generation.sources.tails import (
    BETWEEN_LINKS,
    ENDS_SEPARATED,
    Tail,
    read_tail,
)

__all__ = [
    "Entry",
    "NoEntry",
    "Piece",
    "PieceCollector",
    "Pieces",
    "group_name",
    "is_badge",
    "plain_text",
    "read_entry",
    "read_row",
]

_MOST_NAME_WORDS = 12

_MOST_PREFIX_WORDS = 6

_SEPARATED = re.compile(
    r"\s+[-\u2013\u2014]+\s+|\s*:(?=\s|$)|\s*\uff1a|\s*[(\[|]\s*|\s+$"
)

# Words before a name that say how it stands with it.
_STATE = re.compile(
    r"(?:todo|doing|done|later|now|waiting|new|updated?|hot|beta|alpha|wip)[:!]?", re.I
)
_MARK_IN_BRACKETS = re.compile(r"[(\[\u3010][^()\[\]]{0,24}[)\]\u3011]")


def read_entry(paragraphs: Sequence[Pieces], *, base: str = "") -> Entry | NoEntry:
    """Read a list item, given as its own paragraphs without its nested lists."""
    pieces = tidy(paragraphs[0]) if paragraphs else []
    text = plain_text(pieces)
    own = own_links(pieces, base)
    if not own:
        return without_link(pieces, text)
    first, url = own[0]
    before = pieces[:first]
    lead, marks = _lead(before)
    if not lead:
        entry = _named_by_link(pieces, first, url, base, marks)
    else:
        entry = _named_before(pieces, own, lead, base)
    if isinstance(entry, Entry) and not entry.description and len(paragraphs) > 1:
        further = read_tail(tidy(paragraphs[1]), base)
        return entry._replace(
            description=further.description, facts={**further.facts, **entry.facts}
        )
    return entry


def group_name(pieces: Pieces) -> str:
    """Return the words of a line that only heads what is nested below it, or ""."""
    text = clean_name(plain_text(tidy(pieces)))
    return text if len(text) <= LONGEST_GROUP else ""


def _lead(before: Pieces) -> tuple[str, list[str]]:
    """Return the words before a link and the marks among them ("`beta`", "[2024]")."""
    marks = [piece.text for piece in before if piece.kind == "code"]
    words = "".join(p.text for p in before if p.kind not in ("code", "image"))
    words = squeeze(_MARK_IN_BRACKETS.sub(" ", words))
    is_said = any(map(str.isalpha, words)) and not _STATE.fullmatch(words)
    return (words if is_said else ""), marks


def _named_by_link(
    pieces: Pieces, first: int, url: str, base: str, marks: list[str]
) -> Entry | NoEntry:
    name = link_name(pieces[first])
    if not name:
        return NoEntry(plain_text(pieces)[:LONGEST_GROUP], url, NO_NAME)
    tail = read_tail(pieces[first + 1 :], base)
    named = names_its_link(name, pieces[first])
    if says_nothing(name) and not named and not tail.description:
        return NoEntry(name, url, SILENT)
    return _entry(name, url, tail, marks)


def _named_before(
    pieces: list[Piece], own: list[tuple[int, str]], lead: str, base: str
) -> Entry | NoEntry:
    """Read an entry whose first link is not its first word."""
    first, url = own[0]
    text = plain_text(pieces)
    title = next((p.text for p in pieces if p.kind == "strong"), "")
    silent = [
        (n, u)
        for n, u in own
        if is_silent(pieces[n]) or calls_for(pieces[n].text, title)
    ]
    named = _split_name(pieces[: silent[0][0]]) if silent else None
    if named:
        name, rest = named
        at, url = silent[0]
        tail = read_tail([*rest, *pieces[at + 1 :]], base)
        return _entry(name, url, tail, [])
    prefix = clean_name(lead)
    short = len(lead) <= LONGEST_GROUP and len(lead.split()) <= _MOST_PREFIX_WORDS
    if not short or not ENDS_SEPARATED.search("".join(p.text for p in pieces[:first])):
        return NoEntry(text[:LONGEST_GROUP], url, IN_SENTENCE, prefix)
    if len(own) > 1 and is_enumeration(pieces[first:]):
        return NoEntry(text[:LONGEST_GROUP], url, SEVERAL, prefix)
    entry = _named_by_link(pieces, first, url, base, [])
    return entry._replace(group=prefix)


def _split_name(before: Pieces) -> tuple[str, list[Piece]] | None:
    """Split what stands before a silent link into a name and the text after it."""
    pieces = [piece for piece in before if piece.kind != "image"]
    while pieces and not any(
        map(str.isalnum, _MARK_IN_BRACKETS.sub("", pieces[0].text))
    ):
        pieces.pop(0)
    if not pieces:
        return None
    head, rest = pieces[0], list(pieces[1:])
    if head.kind in ("strong", "link"):
        name = head.text
    else:
        text = "".join(piece.text for piece in pieces)
        found = _SEPARATED.search(text.lstrip())
        if found is None:
            return None
        name = text.lstrip()[: found.start()]
        rest = [Piece("text", text.lstrip()[found.start() :])]
    name = clean_name(drop_figures(name))
    if not 0 < len(name) <= LONGEST_NAME or len(name.split()) > _MOST_NAME_WORDS:
        return None
    return name, rest


def is_enumeration(pieces: Pieces) -> bool:
    """Tell whether only commas stand between the links."""
    words = "".join(piece.text for piece in pieces if piece.kind in ("text", "strong"))
    return bool(BETWEEN_LINKS.fullmatch(words.strip(" .")))


def _entry(name: str, url: str, tail: Tail, marks: list[str]) -> Entry:
    labels, licences = split_labels([*marks, *tail.labels])
    facts: dict[str, str | list[str]] = {
        key: link for key, link in tail.facts.items() if link != url
    }
    if licences:
        facts["license"] = licence_fact(licences)
    return Entry(
        name=name,
        url=url,
        description=tail.description,
        labels=labels,
        facts=dict(sorted(facts.items())),
    )
