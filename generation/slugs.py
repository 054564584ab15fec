"""A slug is a file name, a folder name and a part of an address, on every system alike.

So it is lower-case ASCII, short, and none of the names that a file system, git or a web
server keeps for itself. What is left of a name need not be unique: `unique_slug` sees to it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from hashlib import sha256
from itertools import count

LONGEST = 80

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?")
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", "git", "index", "readme"}
    | {f"{port}{number}" for port in ("com", "lpt") for number in range(10)}
)
_OTHERS = re.compile(r"[^a-z0-9]+")
_LEADING_DOT = re.compile(r"(?<!\S)\.(?=[A-Za-z])")
_SHARP = re.compile(r"(?<=[A-Za-z])#")
# Letters that no decomposition takes apart.
_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l"}
)


def is_slug(text: str) -> bool:
    return _SLUG.fullmatch(text) is not None and text not in _RESERVED


def slugify(text: str, *, fallback: str = "item") -> str:
    """Make a slug of any text; a slug stays as it is.

    A name in a script that has no ASCII letters becomes the fallback and a digest of it.
    """
    slug = _cut(_OTHERS.sub("-", _to_ascii(_spell_out(text))).strip("-"), LONGEST)
    if is_slug(slug):
        return slug
    mark = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{slug}-{fallback}" if slug else f"{fallback}-{mark}"


def unique_slug(text: str, taken: Container[str], *, fallback: str = "item") -> str:
    """Make a slug that is not taken, by a number at its end if need be."""
    slug = slugify(text, fallback=fallback)
    if slug not in taken:
        return slug
    numbered = (
        f"{_cut(slug, LONGEST - len(ending))}{ending}"
        for ending in (f"-{number}" for number in count(2))
    )
    return next(candidate for candidate in numbered if candidate not in taken)


def _spell_out(text: str) -> str:
    """Keep apart what only signs keep apart: C, C++ and C#; NET and .NET."""
    text = _SHARP.sub(" sharp ", _LEADING_DOT.sub(" dot ", text))
    return text.replace("+", " plus ")


def _to_ascii(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return letters.encode("ascii", "ignore").decode("ascii").lower()


def _cut(slug: str, length: int) -> str:
    return slug[:length].rstrip("-")
