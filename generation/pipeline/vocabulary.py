"""Labels: which spellings are one category or tag, and which of them is shown.

Two spellings are one label when they share a key. One key forgets case, plural, "&", the order
of words and what is no word; the other forgets blanks and hyphens. A label that spells out its
own acronym, "Customer Relationship Management (CRM)", stands for both.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html import unescape

from generation.items import Category, Tag
from generation.slugs import unique_slug

LONGEST_LABEL = 200

_WORD = re.compile(r"[^\W_]+|[+#]+")
_NUMBER = re.compile(r"\s*\d+(?:\.\d+)*[.)]\s+(?=\S)")
_ACRONYM = re.compile(r"(?P<long>.+?)\s*\((?P<short>[^\W\d_]{2,10})\)\s*")
_PLURAL_ACRONYM = re.compile(r"\b([A-Z]{2,})s\b")
_BETWEEN_NUMBERS = re.compile(r"(?<=\d) (?=\d)")
_JOINING = frozenset({"and", "the", "amp"})
_UNTOLD = frozenset({"and", "the", "of", "for", "in", "to"})


class Vocabulary:
    """Labels by id. Spellings that differ only in form share an id; ids never change.

    An alias is a spelling as well, unless it is another label's id or name.
    """

    def __init__(
        self,
        known: Iterable[tuple[str, str]],
        aliases: Iterable[tuple[str, str]] = (),
    ) -> None:
        self._ids: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._learned: dict[str, str] = {}
        pairs = list(known)
        for identifier, name in pairs:
            self._names[identifier] = name
        for keys in (label_key, _joined):
            for identifier, name in pairs:
                self._ids.setdefault(keys(name), identifier)
        for identifier, name in pairs:
            for key in label_keys(name):
                self._ids.setdefault(key, identifier)
        # An id is a spelling as well, unless it is another label's name.
        for identifier in self._names:
            self._ids.setdefault(label_key(identifier), identifier)
        for identifier, alias in aliases:
            for key in label_keys(_shown(alias)):
                self._ids.setdefault(key, identifier)
        self._known = len(self._names)

    @classmethod
    def of(cls, labels: Iterable[Category | Tag]) -> Vocabulary:
        """Know the labels of a directory, with their aliases."""
        known = list(labels)
        return cls(
            ((label.id, label.name) for label in known),
            ((label.id, alias) for label in known for alias in label.aliases),
        )

    def __len__(self) -> int:
        return len(self._names)

    def learn(self, labels: Iterable[str]) -> None:
        """See all labels before the first id is opened: the best spelling names it.

        That is the most frequent one of a label, and the first one of those.
        """
        counts = Counter(filter(label_key, map(_shown, labels)))
        first: dict[str, str] = {}
        groups = _Groups()
        for name in counts:
            groups.join(label_keys(name))
        best: dict[str, str] = {}
        for name, count in counts.items():
            group = groups.find(label_key(name))
            if group not in best or count > counts[best[group]]:
                best[group] = name
        for key in groups:
            first[key] = best[groups.find(key)]
        self._learned.update(first)

    def knows(self, label: str) -> bool:
        return self._find(_shown(label)) is not None

    def has(self, identifier: str) -> bool:
        return identifier in self._names

    def spelling(self, label: str) -> str:
        """Say how a label will be shown, without opening an id for it."""
        found = self._find(_shown(label))
        return self._names[found] if found else self._best(_shown(label))

    def name_of(self, identifier: str) -> str:
        return self._names[identifier]

    def resolve(self, label: str) -> str:
        """Read what a person wrote: an id as it is, or a name."""
        return label if self.has(label) else self.id_of(label)

    def id_of(self, label: str) -> str:
        """Find the id of a label, or open a new one for it."""
        name = _shown(label)
        found = self._find(name)
        if found is None:
            shown = self._best(name)
            # The best spelling of a new label may be one that is known.
            found = self._find(shown) or self._open(shown)
            for key in (*label_keys(shown), *label_keys(name)):
                self._ids.setdefault(key, found)
        return found

    def added(self) -> list[tuple[str, str]]:
        """List what was opened, sorted by id."""
        return sorted(list(self._names.items())[self._known :])

    def _find(self, name: str) -> str | None:
        keys = (key for key in label_keys(name) if key in self._ids)
        return next((self._ids[key] for key in keys), None)

    def _best(self, name: str) -> str:
        keys = (key for key in label_keys(name) if key in self._learned)
        return next((self._learned[key] for key in keys), name)

    def _open(self, name: str) -> str:
        identifier = unique_slug(name, self._names, fallback="label")
        self._names[identifier] = name
        return identifier


class _Groups:
    """Keys that stand for one label, however many spellings lie between two of them."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._above)

    def find(self, key: str) -> str:
        root = key
        while self._above.setdefault(root, root) != root:
            root = self._above[root]
        while self._above[key] != root:
            self._above[key], key = root, self._above[key]
        return root

    def join(self, keys: Iterable[str]) -> None:
        roots = [self.find(key) for key in keys]
        for root in roots[1:]:
            self._above[self.find(root)] = self.find(roots[0])


@lru_cache(maxsize=16_384)
def label_key(label: str) -> str:
    """Reduce a label to its words: in the singular, sorted, without "and" and "the".

    Where there are numbers, their order means something.
    """
    words = _words(label)
    has_numbers = any(character.isdigit() for word in words for character in word)
    return " ".join(words if has_numbers else sorted(words))


@lru_cache(maxsize=16_384)
def label_keys(label: str) -> tuple[str, ...]:
    """Give every key of a label, the surest first."""
    keys = [label_key(label), _joined(label)]
    if match := _ACRONYM.fullmatch(label):
        long, short = match["long"], match["short"]
        words = re.findall(r"[^\W_]+", long.casefold())
        initials = {
            "".join(word[0] for word in words),
            "".join(word[0] for word in words if word not in _UNTOLD),
        }
        if short.casefold() in initials:
            keys += [label_key(long), _joined(long), label_key(short), _joined(short)]
    return tuple(dict.fromkeys(keys))


def _joined(label: str) -> str:
    """Forget where words end: "e-commerce", "E commerce" and "eCommerce" are one."""
    joined = _BETWEEN_NUMBERS.sub("-", " ".join(_words(label))).replace(" ", "")
    return f"={joined}" if joined else ""


def _words(label: str) -> list[str]:
    text = _NUMBER.sub("", unescape(unescape(label)), count=1)
    text = _PLURAL_ACRONYM.sub(r"\1", unicodedata.normalize("NFKC", text))
    words = _WORD.findall(text.casefold())
    return [_singular(word) for word in words if word not in _JOINING]


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 4 and word.endswith("ie"):
        return f"{word[:-2]}y"
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if len(word) > 3 and word.endswith(("kis", "pis", "jis")):
        return word[:-1]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _shown(label: str) -> str:
    return unescape(unescape(label)).strip()[:LONGEST_LABEL].strip()
