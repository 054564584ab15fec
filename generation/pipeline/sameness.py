"""When two names are one thing: the words that count, and what else speaks for it.

A word that many names of a directory bear ("MCP", "server") tells nothing apart, so it does not
count: what is left of a name is its core.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from html import unescape

from rapidfuzz import fuzz

from generation.sources.names import name_key

# A word in so many of the names, and in this share of them, is one of the directory's subject.
COMMON_NAMES = 8
COMMON_SHARE = 0.04
# Spelled almost alike: "crypto-feargreed" and "Crypto Fear and Greed".
ALMOST = 90.0
SHORTEST_ALMOST = 6

_WORD = re.compile(r"[^\W_]+[+#]*|[+#]+")
# Words that belong to a name's dress, in any directory.
_DRESS = frozenset(
    {
        *("a", "an", "and", "by", "for", "in", "of", "on", "the", "to", "with"),
        *("app", "application", "library", "official", "open", "project", "software"),
        *("source", "tool", "website", "homepage", "home", "page"),
    }
)


class Names:
    """The names of one directory, which say what its common words are."""

    def __init__(self, names: Iterable[str]) -> None:
        distinct = set(names)
        counts = Counter(word for name in distinct for word in name_words(name))
        least = max(COMMON_NAMES, COMMON_SHARE * len(distinct))
        self._common = {word for word, count in counts.items() if count >= least}

    def core(self, name: str) -> frozenset[str]:
        """Return the words of a name that tell it from the others of the directory."""
        return frozenset(name_words(name) - self._common - _DRESS)

    def agree(self, one: str, other: str, *, strictly: bool = False) -> bool:
        """Tell whether two names on one link are one.

        They are when they are equal, when one holds all words of the other and something
        tells them from all other names, or when they are spelled almost alike. `strictly` is
        for a link that many things share: there, "GitHub" and "GitHub Actions" are two.
        """
        if name_key(one) == name_key(other):
            return True
        core, other_core = self.core(one), self.core(other)
        if strictly or not core or not other_core:
            return bool(core) and _joined(core) == _joined(other_core)
        words, others = name_words(one), name_words(other)
        return words <= others or others <= words or alike(core, other_core) >= ALMOST


NO_NAMES = Names(())


def names_agree(one: str, other: str) -> bool:
    """Tell whether two names on one link are one, without knowing any others."""
    if name_key(one) == name_key(other):
        return True
    words, others = name_words(one), name_words(other)
    return bool(words) and bool(others) and (words <= others or others <= words)


@lru_cache(maxsize=16_384)
def name_words(name: str) -> frozenset[str]:
    """Divide a name into its words, in any script, in the singular."""
    text = unicodedata.normalize("NFKC", unescape(name))
    return frozenset(_singular(word) for word in _WORD.findall(text.casefold()))


def alike(core: frozenset[str], other: frozenset[str]) -> float:
    """Compare two cores letter by letter, 0 to 100. Short ones are alike only if equal."""
    one, two = _joined(core), _joined(other)
    if one == two:
        return 100.0
    if min(len(one), len(two)) < SHORTEST_ALMOST:
        return 0.0
    return max(
        float(fuzz.ratio(one, two)),
        float(fuzz.token_sort_ratio(" ".join(sorted(core)), " ".join(sorted(other)))),
    )


def _joined(core: frozenset[str]) -> str:
    return "".join(sorted(core))


def _singular(word: str) -> str:
    ends_like_one = word.endswith(("ss", "us", "is"))
    return (
        word[:-1]
        if len(word) > 3 and word.endswith("s") and not ends_like_one
        else word
    )
