"""One entry of a list, read the same way whether it stood in Markdown or in HTML.

A reader hands over *pieces*: runs of text, links, code spans. Here it is decided which
link is the entry's own, what its name is, and which words describe it. The rules are
about how people write lists, not about any one list.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple
from urllib.parse import urldefrag, urlsplit

from generation.sources.labels import (
    is_licence,
    is_read_more,
    licence_fact,
    link_fact,
    link_fact_or_own,
    says_nothing,
    split_labels,
    split_tags,
)
from generation.sources.names import clean_description, clean_name, name_key, squeeze
from generation.sources.records import as_url
from generation.sources.urls import clean_url, host_of

Kind = Literal["text", "strong", "link", "code", "image"]


class Piece(NamedTuple):
    """A run of one kind. An `image` is a link that shows a picture and no words."""

    kind: Kind
    text: str
    url: str = ""


Pieces = Sequence[Piece]


class PieceCollector:
    """Gathers the pieces of one paragraph as a reader walks through it."""

    def __init__(self, *, limit: int = 20_000) -> None:
        self.pieces: list[Piece] = []
        self.strong = 0
        self._room = limit
        self._href: str | None = None
        self._label: list[str] = []
        self._has_picture = False

    @property
    def is_in_link(self) -> bool:
        return self._href is not None

    @property
    def has_label(self) -> bool:
        return any(part.strip() for part in self._label)

    def add(self, text: str, *, is_code: bool = False) -> None:
        text = _BLANKS.sub(" ", text[: self._room])
        self._room -= len(text)
        if text == " " and self._href is None and self._ends_blank():
            return
        if self._href is not None:
            self._label.append(text)
            return
        kind: Kind = "code" if is_code else "strong" if self.strong else "text"
        if self.pieces and self.pieces[-1].kind == kind and not is_code:
            text = self.pieces.pop().text + text
        self.pieces.append(Piece(kind, text))

    def _ends_blank(self) -> bool:
        return bool(self.pieces) and self.pieces[-1].text.endswith(" ")

    def open_link(self, href: str) -> None:
        self.close_link()
        self._href, self._label, self._has_picture = href, [], False

    def add_image(self, address: str) -> None:
        """Note a picture. Only inside a link, and only if it is no badge, it counts."""
        self._has_picture |= self._href is not None and not is_badge(address)

    def close_link(self) -> None:
        if self._href is None:
            return
        if self.has_label:
            self.pieces.append(Piece("link", "".join(self._label), self._href))
        elif self._has_picture:
            self.pieces.append(Piece("image", "", self._href))
        self._href = None

    def take(self) -> tuple[Piece, ...]:
        """Return what was gathered, and begin again."""
        self.close_link()
        pieces, self.pieces = tuple(self.pieces), []
        return pieces


class Entry(NamedTuple):
    """What one line or row says, before anyone knows where it stands."""

    name: str
    url: str
    description: str = ""
    category: str = ""
    tags: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    facts: dict[str, str | list[str]] = {}
    group: str = ""


class NoEntry(NamedTuple):
    """A line that is none. Without a reason it is not worth telling (an anchor)."""

    name: str = ""
    url: str = ""
    reason: str = ""
    group: str = ""


class Tail(NamedTuple):
    """What follows a name."""

    description: str
    labels: list[str]
    facts: dict[str, str]


NO_LINK = "it has no link"
NOT_WEB = "its link is not a web address"
IN_SENTENCE = "its link stands inside a sentence, so it is not clear what is listed"
SEVERAL = "it names several links and describes none of them"
NO_NAME = "its link has no text, so it has no name"
SILENT = "its link does not say what it leads to"
NO_COLUMNS = "its table does not say which column holds the name or the link"

_LONGEST_NAME = 160
_LONGEST_GROUP = 80
_MOST_NAME_WORDS = 12
_MOST_PREFIX_WORDS = 6
_SEPARATED = re.compile(
    r"\s+[-\u2013\u2014]+\s+|\s*[:\uff1a](?=\s|$)|\s*[(\[|]\s*|\s+$"
)
_ENDS_SEPARATED = re.compile(r"(?:\s[-\u2013\u2014|>\u2192\u00bb]+|[:\uff1a])\s*$")
_BLANKS = re.compile(r"\s+")
_CHECKBOX = re.compile(r"^\s*\[[ xX]?\]\s+")
_MARK_IN_BRACKETS = re.compile(r"[(\[\u3010][^()\[\]]{0,24}[)\]\u3011]")
_IN_BRACKETS = re.compile(r"\s*[(\[]([^()\[\]]{2,40})[)\]]")
_BARE_URL = re.compile(r"https?://[^\s<>\"'`]{4,2000}")
_BETWEEN_LINKS = re.compile(r"(?:[\s,;|/·•&+\])(\[\u2013-]|\band\b|\bor\b)*", re.I)
_NOTHING = " \t\n,|/·•;&+"
# The last three are the CJK full stop, exclamation mark and question mark.
_SENTENCE_END = (*'.!?…)]”"|·', "\u3002", "\uff01", "\uff1f")
_EMPTY_BRACKETS = re.compile(r"\s*[(\[][\s,;|/·•&+]*[)\]]")
_BADGE = re.compile(
    r"shields\.io|badge|badgen\.net|awesome\.re|travis-ci|codecov\.io|coveralls\.io"
    r"|star-history|forthebadge|snyk\.io/test|api\.netlify\.com",
    re.IGNORECASE,
)


def is_badge(image_url: str) -> bool:
    """Tell whether an image is a badge: it decorates, it names nothing."""
    return bool(_BADGE.search(image_url[:500]))


def plain_text(pieces: Pieces) -> str:
    return squeeze("".join(piece.text for piece in pieces if piece.kind != "image"))


def read_entry(paragraphs: Sequence[Pieces], *, base: str = "") -> Entry | NoEntry:
    """Read a list item, given as its own paragraphs without its nested lists."""
    pieces = _tidy(paragraphs[0]) if paragraphs else []
    text = plain_text(pieces)
    own = _own_links(pieces, base)
    if not own:
        return _without_link(pieces, text)
    first, url = own[0]
    before = pieces[:first]
    lead, marks = _lead(before)
    if not lead:
        entry = _named_by_link(pieces, first, url, base, marks)
    else:
        entry = _named_before(pieces, own, lead, base)
    if isinstance(entry, Entry) and not entry.description and len(paragraphs) > 1:
        further = _tail(_tidy(paragraphs[1]), base)
        return entry._replace(
            description=further.description, facts={**further.facts, **entry.facts}
        )
    return entry


def read_row(
    fields: Sequence[str], cells: Sequence[Pieces], *, base: str = ""
) -> Entry | NoEntry:
    """Read a table row. `fields` says what each column holds, where its name told."""
    cells = [_tidy(cell) for cell in cells]
    place = {field: n for n, field in reversed(list(enumerate(fields))) if field}
    text = squeeze(" ".join(map(plain_text, cells)))[:_LONGEST_GROUP]
    found = _row_link(place, cells, base)
    if found is None:
        return _without_link([piece for cell in cells for piece in cell], text)
    column, link, url = found
    if not {"name", "url"} & set(place) and not _starts_cell(cells[column], link):
        return NoEntry(text, url, NO_COLUMNS)
    name_column = place.get("name", column)
    name = _row_name(cells, name_column, link)
    if not name:
        return NoEntry(text, url, NO_NAME)
    description = _row_description(place, cells, {column, name_column}, base)
    if not description and not {"name", "url"} & set(place):
        return NoEntry(name, url, NO_COLUMNS)
    tags = split_tags(_cell_text(place, cells, "tags"))
    licences = split_tags(_cell_text(place, cells, "license"))
    facts = _row_facts(place, fields, cells, url, base)
    if licences:
        facts["license"] = licence_fact(licences)
    return Entry(
        name=name,
        url=url,
        description=description,
        category=_cell_text(place, cells, "category"),
        tags=tags,
        facts=facts,
    )


def group_name(pieces: Pieces) -> str:
    """Return the words of a line that only heads what is nested below it, or ""."""
    text = clean_name(plain_text(_tidy(pieces)))
    return text if len(text) <= _LONGEST_GROUP else ""


def _tidy(pieces: Pieces) -> list[Piece]:
    """Drop a check box, and make links of bare addresses where there is no link."""
    tidy = [piece for piece in pieces if piece.text or piece.kind == "image"]
    if tidy and tidy[0].kind == "text":
        tidy[0] = tidy[0]._replace(text=_CHECKBOX.sub("", tidy[0].text))
    if any(piece.kind == "link" for piece in tidy):
        return tidy
    linked: list[Piece] = []
    for piece in tidy:
        linked += _with_bare_links(piece) if piece.kind == "text" else [piece]
    return linked


def _with_bare_links(piece: Piece) -> list[Piece]:
    parts, end = [], 0
    for match in _BARE_URL.finditer(piece.text):
        address = match[0].rstrip(".,;:!?)]}*_")
        parts.append(Piece("text", piece.text[end : match.start()]))
        parts.append(Piece("link", address, address))
        end = match.start() + len(address)
    parts.append(Piece("text", piece.text[end:]))
    return [part for part in parts if part.text]


def _own_links(pieces: Pieces, base: str) -> list[tuple[int, str]]:
    """Return (position, address) of each link that leads out of the page."""
    page = urldefrag(base).url
    links = []
    for n, piece in enumerate(pieces):
        if piece.kind != "link" or not squeeze(piece.text) or piece.url[:1] == "#":
            continue
        url = clean_url(piece.url, base=base)
        if url and (not page or urldefrag(url).url != page):
            links.append((n, url))
    if links:
        return links
    # A picture is the link only when words beside it say what it shows.
    pictures = [n for n, piece in enumerate(pieces) if piece.kind == "image"]
    for n in pictures[:1]:
        url = clean_url(pieces[n].url, base=base)
        if url and any(piece.kind == "strong" for piece in pieces):
            return [(n, url)]
    return []


def _without_link(pieces: Pieces, text: str) -> NoEntry:
    addresses = [piece.url for piece in pieces if piece.kind == "link"]
    group = text if len(text) <= _LONGEST_GROUP else ""
    if addresses and all(address.startswith("#") for address in addresses):
        return NoEntry(group=group)
    if not text:
        return NoEntry()
    return NoEntry(text[:_LONGEST_GROUP], "", NOT_WEB if addresses else NO_LINK, group)


def _lead(before: Pieces) -> tuple[str, list[str]]:
    """Return the words before a link and the marks among them ("`beta`", "[2024]")."""
    marks = [piece.text for piece in before if piece.kind == "code"]
    words = "".join(p.text for p in before if p.kind not in ("code", "image"))
    words = squeeze(_MARK_IN_BRACKETS.sub(" ", words))
    return (words if any(map(str.isalpha, words)) else ""), marks


def _named_by_link(
    pieces: Pieces, first: int, url: str, base: str, marks: list[str]
) -> Entry | NoEntry:
    name = _link_name(pieces[first])
    if not name:
        return NoEntry(plain_text(pieces)[:_LONGEST_GROUP], url, NO_NAME)
    tail = _tail(pieces[first + 1 :], base)
    named = _names_its_link(name, pieces[first])
    if says_nothing(name) and not named and not tail.description:
        return NoEntry(name, url, SILENT)
    return _entry(name, url, tail, marks)


def _names_its_link(text: str, link: Piece) -> bool:
    """Tell "GitLab" on a link to GitLab's own page from "GitLab" on a repository."""
    url = clean_url(link.url)
    key = name_key(text)
    return len(key) > 3 and key in host_of(url) and not urlsplit(url).path.strip("/")


def _link_name(link: Piece) -> str:
    text = squeeze(link.text)
    if _BARE_URL.fullmatch(text):
        parts = urlsplit(text)
        text = parts.netloc.removeprefix("www.") + parts.path.rstrip("/")
    return clean_name(text)[:_LONGEST_NAME]


def _named_before(
    pieces: list[Piece], own: list[tuple[int, str]], lead: str, base: str
) -> Entry | NoEntry:
    """Read an entry whose first link is not its first word."""
    first, url = own[0]
    text = plain_text(pieces)
    silent = [(n, u) for n, u in own if _is_silent(pieces[n])]
    named = _split_name(pieces[: silent[0][0]]) if silent else None
    if named:
        name, rest = named
        at, url = silent[0]
        tail = _tail([*rest, *pieces[at + 1 :]], base)
        return _entry(name, url, tail, [])
    prefix = clean_name(lead)
    short = len(lead) <= _LONGEST_GROUP and len(lead.split()) <= _MOST_PREFIX_WORDS
    if not short or not _ENDS_SEPARATED.search("".join(p.text for p in pieces[:first])):
        return NoEntry(text[:_LONGEST_GROUP], url, IN_SENTENCE, prefix)
    if len(own) > 1 and _is_enumeration(pieces[first:]):
        return NoEntry(text[:_LONGEST_GROUP], url, SEVERAL, prefix)
    entry = _named_by_link(pieces, first, url, base, [])
    return entry._replace(group=prefix)


def _is_silent(piece: Piece) -> bool:
    """Tell whether a link's text does not name what it leads to."""
    return (
        piece.kind == "image"
        or says_nothing(piece.text)
        or bool(_BARE_URL.fullmatch(squeeze(piece.text)))
        or squeeze(piece.text).casefold() == host_of(clean_url(piece.url))
    )


def _split_name(before: Pieces) -> tuple[str, list[Piece]] | None:
    """Split what stands before a silent link into a name and the text after it."""
    pieces = [piece for piece in before if piece.kind != "image"]
    while pieces and not any(map(str.isalnum, pieces[0].text)):
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
    name = clean_name(name)
    if not 0 < len(name) <= _LONGEST_NAME or len(name.split()) > _MOST_NAME_WORDS:
        return None
    return name, rest


def _is_enumeration(pieces: Pieces) -> bool:
    """Tell whether only commas stand between the links."""
    words = "".join(piece.text for piece in pieces if piece.kind in ("text", "strong"))
    return bool(_BETWEEN_LINKS.fullmatch(words.strip(" .")))


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


def _tail(pieces: Pieces, base: str) -> Tail:
    """Read what follows a name: first the marks, then the text, then marks and links."""
    rest = [piece for piece in pieces if piece.kind != "image"]
    labels = [*_leading_licence(rest), *_leading_marks(rest)]
    trailing: list[str] = []
    facts: dict[str, str] = {}
    while rest:
        last = rest[-1]
        if not last.text.strip(_NOTHING):
            rest.pop()
        elif last.kind == "code" and _is_mark(rest):
            trailing.append(rest.pop().text)
        elif last.kind == "link" and is_read_more(last.text):
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
        "" if piece.kind == "link" and is_read_more(piece.text) else piece.text
        for piece in rest
    ]
    text = _EMPTY_BRACKETS.sub("", "".join(words)).lstrip(")] ")
    return Tail(clean_description(text), labels + trailing[::-1], facts)


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
    while position >= 0 and not rest[position].text.strip(_NOTHING):
        position -= 1
    if position < 0 or rest[position].kind == "code":
        return True
    text = rest[position].text
    return text.rstrip().endswith(_SENTENCE_END) or bool(_ENDS_SEPARATED.search(text))


def _ends_before(rest: list[Piece]) -> bool:
    """Tell whether the text before the last piece is already a whole."""
    if len(rest) < 2 or rest[-2].kind in ("link", "code"):
        return True
    text = rest[-2].text.rstrip(_NOTHING + "-\u2013\u2014[(")
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
    if inner.strip(_NOTHING):
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
    return piece.kind == "text" and bool(_BETWEEN_LINKS.fullmatch(piece.text))


def _cut_group(rest: list[Piece], group: int) -> list[Piece]:
    rest = rest[: len(rest) - group]
    opening = rest[-1].text.rstrip().rstrip("([")
    return [*rest[:-1], rest[-1]._replace(text=opening)]


def _note_link(facts: dict[str, str], link: Piece, base: str) -> None:
    url = clean_url(link.url, base=base) if link.kind == "link" else ""
    if url and not is_read_more(link.text):
        facts.setdefault(link_fact_or_own(link.text) or "further_url", url)


def _row_link(
    place: dict[str, int], cells: Sequence[Pieces], base: str
) -> tuple[int, Piece, str] | None:
    """Return (column, link, address): the link column's, else the first that names."""
    if "url" in place and place["url"] < len(cells):
        column = place["url"]
        text = plain_text(cells[column])
        links = _own_links(cells[column], base)
        for n, url in links[:1]:
            return column, cells[column][n], url
        if as_url(text):
            return column, Piece("link", text, text), as_url(text)
    links_by_column = [
        (column, cell[n], url)
        for column, cell in enumerate(cells)
        for n, url in _own_links(cell, base)
    ]
    if not links_by_column:
        return None
    by_name = [found for found in links_by_column if found[0] == place.get("name")]
    first = (by_name or links_by_column)[0]
    return (
        _outward(links_by_column, base) or first if _is_inside(first, base) else first
    )


def _is_inside(found: tuple[int, Piece, str], base: str) -> bool:
    return bool(base) and host_of(found[2]) == host_of(base)


def _outward(
    links: list[tuple[int, Piece, str]], base: str
) -> tuple[int, Piece, str] | None:
    """Prefer a "Website" button that leaves the page's site to the site's own page."""
    for found in links:
        if not _is_inside(found, base) and says_nothing(found[1].text):
            return found
    return None


def _starts_cell(cell: Pieces, link: Piece) -> bool:
    start = next((piece for piece in cell if piece.text.strip()), None)
    return start is link


def _row_name(cells: Sequence[Pieces], column: int, link: Piece) -> str:
    if column < len(cells):
        cell = cells[column]
        named = [p for p in cell if p.kind == "link" and not _is_silent(p)]
        strong = [p for p in cell if p.kind == "strong" and p.text.strip()]
        text = (named or strong or [Piece("text", plain_text(cell))])[0].text
        if squeeze(text) and not (
            says_nothing(text) and not _names_its_link(text, link)
        ):
            return clean_name(text)[:_LONGEST_NAME]
    return "" if _is_silent(link) else _link_name(link)


def _row_description(
    place: dict[str, int], cells: Sequence[Pieces], taken: set[int], base: str
) -> str:
    if "description" in place:
        column = place["description"]
        return _tail(cells[column], base).description if column < len(cells) else ""
    # Without a name for it, the description is the longest text that nobody claimed.
    taken = taken | set(place.values())
    free = [plain_text(cell) for n, cell in enumerate(cells) if n not in taken]
    longest = max(free, key=len, default="")
    return clean_description(longest) if len(longest.split()) >= 3 else ""


def _cell_text(place: dict[str, int], cells: Sequence[Pieces], field: str) -> str:
    column = place.get(field, len(cells))
    return plain_text(cells[column]) if column < len(cells) else ""


def _row_facts(
    place: dict[str, int],
    fields: Sequence[str],
    cells: Sequence[Pieces],
    own_url: str,
    base: str,
) -> dict[str, str | list[str]]:
    """Gather the row's other links, by what their column or their text calls them."""
    facts: dict[str, str | list[str]] = {}
    described = place.get("description")
    for column, cell in enumerate(cells):
        field = fields[column] if column < len(fields) else ""
        for n, url in [] if column == described else _own_links(cell, base):
            key = field if field.endswith("_url") else link_fact(cell[n].text)
            if key and url != own_url:
                facts.setdefault(key, url)
    return dict(sorted(facts.items()))
