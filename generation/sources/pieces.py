"""What a paragraph is made of: runs of text, links, code spans, pictures.

Every reader hands these over, so that what follows need not know which format they
stood in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from generation.sources.names import squeeze

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
        self.code = 0
        self._room = limit
        self._href: str | None = None
        self._label: list[str] = []
        self._has_picture = False
        # Whether the label of the open link has words: asked at each of its blocks.
        self.has_label = False

    @property
    def is_in_link(self) -> bool:
        return self._href is not None

    def add(self, text: str, *, is_code: bool = False) -> None:
        text = _BLANKS.sub(" ", text[: self._room])
        self._room -= len(text)
        if text == " " and self._href is None and self._ends_blank():
            return
        if self._href is not None:
            self._label.append(text)
            self.has_label = self.has_label or bool(text.strip())
            return
        kind: Kind = "code" if is_code else "strong" if self.strong else "text"
        if self.pieces and self.pieces[-1].kind == kind and not is_code:
            text = self.pieces.pop().text + text
        self.pieces.append(Piece(kind, text))

    def end_address(self) -> None:
        """Keep an address that stands bare apart from the words of the next element."""
        last = self.pieces[-1].text if self.pieces and self._href is None else ""
        start = last.rfind("http", -_LONGEST_ADDRESS)
        if start >= 0 and self._room and BARE_URL.fullmatch(last, start):
            self.add(" ")

    def _ends_blank(self) -> bool:
        return bool(self.pieces) and self.pieces[-1].text.endswith(" ")

    def open_link(self, href: str) -> None:
        self.close_link()
        self._href, self._label, self._has_picture = href, [], False
        self.has_label = False

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


_BLANKS = re.compile(r"\s+")

_CHECKBOX = re.compile(r"^\s*\[[ xX]?\]\s+")

BARE_URL = re.compile(r"https?://[^\s<>\"'`]{4,2000}")
_LONGEST_ADDRESS = 2_008
_WITHIN = frozenset({"wbr", "b", "strong", "i", "em", "mark", "u", "font"})

_BADGE = re.compile(
    r"shields\.io|badge|badgen\.net|awesome\.re|travis-ci|codecov\.io|coveralls\.io"
    r"|star-history|forthebadge|snyk\.io/test|api\.netlify\.com",
    re.IGNORECASE,
)


def stands_within(tag: str) -> bool:
    """Tell whether an element may stand in the midst of an address."""
    return tag in _WITHIN


def is_badge(image_url: str) -> bool:
    """Tell whether an image is a badge: it decorates, it names nothing."""
    return bool(_BADGE.search(image_url[:500]))


def plain_text(pieces: Pieces) -> str:
    return squeeze("".join(piece.text for piece in pieces if piece.kind != "image"))


def tidy(pieces: Pieces) -> list[Piece]:
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
    for match in BARE_URL.finditer(piece.text):
        address = match[0].rstrip(".,;:!?)]}*_")
        parts.append(Piece("text", piece.text[end : match.start()]))
        parts.append(Piece("link", address, address))
        end = match.start() + len(address)
    parts.append(Piece("text", piece.text[end:]))
    return [part for part in parts if part.text]
