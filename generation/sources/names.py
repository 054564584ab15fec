"""How names and descriptions are written down, and when two names are the same.

Text keeps its script, its case and its emoji; only what belongs to the source's layout
(blanks, entities, separators at the ends) is taken off.
"""

from __future__ import annotations

import re
import unicodedata
from html import unescape

from generation.unseen import visible

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
_SEPARATORS = " \t\n-\u2010\u2011\u2012\u2013\u2014\u2015:\uff1a·•|,;=>\u2192~\u00a0"
# A description may end with a dash of its own ("C-"), but not with one of the layout.
_ENDS = " \t\n\u00a0:|·•,;\uff1a"
_DASHES = "-\u2013\u2014|·•/~"
_LONGEST_TAIL = 200
# Signs before a dash belong to the layout: "🔥 - A quick server".
_LEADING_SIGNS = re.compile(
    r"^(?:[^\w\s\"'(\[$#@/.<>+*&%-]\ufe0f?[ ]?){1,8}[-\u2013\u2014]+[ ]+"
)


def squeeze(text: str) -> str:
    """Turn every run of blanks into one space and drop what cannot be seen."""
    return " ".join(_CONTROL.sub("", visible(text)).split())


# A footnote of Markdown, where a reader leaves it as it is written.
_FOOTNOTE = re.compile(r"\[\^[\w-]{1,20}\]")


def clean_name(text: str) -> str:
    """Return a name without layout around it: no separators, no emoji at its ends."""
    name = squeeze(unescape(text))
    bare = _strip_pictographs(name).strip('"“”„').strip(_SEPARATORS)
    return _strip_pictographs(bare) or name


def clean_description(text: str) -> str:
    """Return a description without the separators that joined it to its name."""
    plain = _FOOTNOTE.sub("", squeeze(unescape(text)))
    description = _LEADING_SIGNS.sub("", plain.lstrip(_SEPARATORS))
    head, tail = description[:-_LONGEST_TAIL], description[-_LONGEST_TAIL:]
    description = (head + _without_ends(tail)).strip()
    return "" if not any(map(_is_meaningful, description)) else description


def _without_ends(text: str) -> str:
    """Take separators off the end; a dash only where a blank stands before it.

    One walk from the end: a pattern for this tries all ways to divide " | | | |".
    """
    while True:
        text = text.rstrip(_ENDS)
        bare = text.rstrip(_DASHES)
        if bare == text or not bare[-1:].isspace():
            return text
        text = bare


def name_key(name: str) -> str:
    """Return what two spellings of one name share, in any script.

    Letters, digits, their marks, "+" and "#" count, so that C, C++ and C# stay three.
    """
    folded = unicodedata.normalize("NFKC", squeeze(unescape(name))).casefold()
    key = "".join(c for c in folded if c.isalnum() or c in "+#" or _is_mark(c))
    return unicodedata.normalize("NFKC", key) or folded


def _is_mark(character: str) -> bool:
    return not character.isascii() and unicodedata.category(character) in ("Mn", "Mc")


def _is_meaningful(character: str) -> bool:
    return character.isalnum() or _is_pictograph(character)


def _is_pictograph(character: str) -> bool:
    """Tell emoji and dingbats from letters, digits and the signs of text (™, °, +)."""
    if character < "\u2190":
        return character in "\u200d\u20e3"
    return (
        unicodedata.category(character) in ("So", "Sk")
        or "\u2190" <= character <= "\u21ff"
        or "\ufe00" <= character <= "\ufe0f"
        or "\U0001f000" <= character <= "\U0001faff"
    )


def _strip_pictographs(text: str) -> str:
    start, end = 0, len(text)
    while start < end and (text[start].isspace() or _is_pictograph(text[start])):
        start += 1
    while end > start and (text[end - 1].isspace() or _is_pictograph(text[end - 1])):
        end -= 1
    return text[start:end]
