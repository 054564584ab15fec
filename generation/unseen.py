"""Characters that nobody sees, and that change what a text says: dropped at every door.

Marks that turn text around make a name read as another one ("exe.gnp" shown as "png.exe");
signs without width make two names look alike. Readers, the API, forms and commands all take
them out of names, labels, descriptions and texts. What is stored already is read as it is.
"""

from __future__ import annotations

import re
import unicodedata

_JOINERS = "\u200c\u200d"
# Soft hyphens, signs without width, marks of direction, signs that annotate, fillers, tags.
_INVISIBLE = (
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0001"
)
_TAGS = "\U000e0020-\U000e007f"
# The flags of England, Scotland and Wales are a black flag and tags that name the country.
_UNSEEN = re.compile(
    f"(?P<flag>\U0001f3f4[{_TAGS}]{{2,7}})|[{_INVISIBLE}{_TAGS}]|(?P<joiner>[{_JOINERS}])"
)


def visible(text: str) -> str:
    """Drop what nobody sees. What joins or parts the letters of a script stays, as in
    Persian, Malayalam and emoji of several parts."""
    if text.isascii():
        return text
    return _UNSEEN.sub(_kept, text)


def is_joiner(character: str) -> bool:
    """Tell a sign that joins or parts letters, or is part of a flag."""
    return character in _JOINERS or "\U000e0020" <= character <= "\U000e007f"


def _kept(found: re.Match[str]) -> str:
    if found["flag"]:
        return found[0]
    return found[0] if found["joiner"] and _joins(found) else ""


def _joins(found: re.Match[str]) -> bool:
    """Tell whether a joiner stands where a script or an emoji has one."""
    text, at = found.string, found.start()
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if not _may_be_joined(before):
        return False
    # A joiner after a virama at the end of a word is how older texts write a chillu.
    return _may_be_joined(after) or unicodedata.category(before) in ("Mn", "Mc")


def _may_be_joined(character: str) -> bool:
    """Tell letters, marks and signs beyond Latin, Greek and Cyrillic from all others."""
    if not character or character < "\u0590":
        return False
    return unicodedata.category(character) in ("Lo", "Mn", "Mc", "So", "Sk", "Me", "Nd")
