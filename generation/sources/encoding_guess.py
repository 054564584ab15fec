"""In which encoding a text of Latin letters was written that does not say so.

Statistics of languages fail on short lists, so letters decide: windows-1252 is what most
such files are in, and another encoding must explain clearly more of the letters, as those
of one language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# The letters beyond ASCII of languages that are written in each encoding.
_WESTERN = (
    *("æøåéó", "åäöé", "äöüßé", "àâæçèéêëîïôœùûüÿ", "áéíñóúü", "àáâãçéêíóôõúü"),
    *("àèéìíîòóùú", "áðéíóúýþæö", "áéèëïíóöü", "àçèéíïòóúü", "äõöüšž"),
)
_CENTRAL = (
    *("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ"),
    "čćđšž",
)
_BALTIC = ("āčēģīķļņšūžō", "ąčęėįšųūž", "äõöüšž")
_TURKISH = ("çğ\u0131öşüiâîû",)
_COMMONEST = "cp1252"
_LANGUAGES = {
    "cp1252": _WESTERN,
    "cp1250": _CENTRAL,
    "iso8859_2": _CENTRAL,
    "cp1254": _TURKISH,
    "cp1257": _BALTIC,
    "mac_roman": _WESTERN,
    "cp850": _WESTERN,
}
_ALL_WESTERN = frozenset("".join(_WESTERN))
_HIGH = re.compile(rb"[\x80-\xff]+")
_MOST_IN_A_ROW = 2
# Signs that may stand right before a letter.
_BEFORE_LETTERS = frozenset("«»„“”\u2018\u2019\u2039\u203a¿¡·\u2013\u2014…\u00a0\u00ad")
# Of so many characters more than one in ten may be strange in a text of that kind.
_STRANGE = 10
# So many times fewer characters must be strange for windows-1252 to be beaten.
_CLEARLY = 4
_SAMPLE = 256 * 1024


def guess_latin(content: bytes) -> str:
    """Return the encoding of a text in Latin letters, or "" where it is none."""
    content = content[:_SAMPLE]
    runs = [len(run) for run in _HIGH.findall(content)]
    # In a word of Latin letters hardly three beyond ASCII follow one another.
    if sum(length for length in runs if length <= _MOST_IN_A_ROW) * 2 < sum(runs):
        return ""
    beyond = {
        encoding: list(_beyond_ascii(content, encoding)) for encoding in _LANGUAGES
    }
    strange = {
        encoding: min(_strangers(found, letters) for letters in _LANGUAGES[encoding])
        for encoding, found in beyond.items()
        if found
    }
    common = strange.get(_COMMONEST, len(content))
    best = min(strange, key=lambda encoding: strange[encoding], default="")
    if (
        best
        and strange[best] * _CLEARLY + 1 < common
        and _is_explained(strange[best], beyond[best])
    ):
        return best
    if _COMMONEST not in strange:
        return ""
    foreign = _strangers(beyond[_COMMONEST], _ALL_WESTERN)
    return _COMMONEST if _is_explained(foreign, beyond[_COMMONEST]) else ""


def _is_explained(strange: int, found: list[tuple[str, bool]]) -> bool:
    return strange * _STRANGE <= len(found)


def _beyond_ascii(content: bytes, encoding: str) -> Iterator[tuple[str, bool]]:
    """Yield each character beyond ASCII, and whether a letter follows it."""
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return
    for match in re.finditer(r"[^\x00-\x7f](?=(.?))", text, re.DOTALL):
        yield match[0], match[1].isalpha()


def _strangers(found: list[tuple[str, bool]], letters: str | frozenset[str]) -> int:
    """Count the characters that no text in a language of these letters would hold."""
    return sum(
        character.lower()[:1] not in letters
        if character.isalpha()
        else before_letter and character not in _BEFORE_LETTERS
        for character, before_letter in found
    )
