"""What a reading left out, in a few words, and whether it looks like a misunderstanding."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from generation.sources.candidates import LeftOut
from generation.sources.labels import is_registry
from generation.sources.listed import names_its_link
from generation.sources.names import name_key
from generation.sources.pages.choice import BESIDE
from generation.sources.pieces import Piece
from generation.sources.urls import canonical_url

_STANDS_UNDER = "it stands under "
_MOST_REASONS = 3
# Of fewer entries no share says anything.
_FEWEST = 5


def reasons_of(left_out: Iterable[LeftOut]) -> Counter[str]:
    return Counter(left.reason for left in left_out)


def in_words(reasons: Mapping[str, int]) -> str:
    """Say how many entries are left out for which reason, the commonest first."""
    ordered = Counter(reasons).most_common()
    said = [_in_words(reason, count) for reason, count in ordered[:_MOST_REASONS]]
    if more := sum(count for _, count in ordered[_MOST_REASONS:]):
        said.append(f"{more:,} more for other reasons")
    return "; ".join(said)


def _in_words(reason: str, count: int) -> str:
    entries = "1 entry" if count == 1 else f"{count:,} entries"
    if reason.startswith(_STANDS_UNDER):
        verb = "stands" if count == 1 else "stand"
        return f"{entries} {verb} under {reason.removeprefix(_STANDS_UNDER)}"
    return f"{entries} left out: {reason}"


def doubts_of(
    entries: Sequence[tuple[str, str]], left_out: Iterable[LeftOut]
) -> list[str]:
    """Say what speaks against a reading: of entries, their names and links."""
    # Menus and teasers of a page are many, and nobody takes them for the list.
    reasons = reasons_of(left for left in left_out if left.reason != BESIDE)
    lost, total = reasons.total(), len(entries)
    doubts: list[str] = []
    if lost >= _FEWEST and lost > total:
        doubts.append(
            f"{lost:,} of {lost + total:,} entries are left out ({in_words(reasons)})"
        )
    if total < _FEWEST:
        return doubts
    if (count := sum(_is_place(name, url) for name, url in entries)) * 3 >= total:
        doubts.append(
            f"{count:,} of {total:,} entries are named after a code host or package "
            "registry; what they belong to may have been misread"
        )
    elif (count := _equal(entries)) * 3 >= total:
        doubts.append(f"{count:,} of {total:,} entries share their name with others")
    return doubts


def _is_place(name: str, url: str) -> bool:
    return is_registry(name) and not names_its_link(name, Piece("link", name, url))


def _equal(entries: Iterable[tuple[str, str]]) -> int:
    """Count the entries that are called as another one is that leads elsewhere."""
    links: dict[str, Counter[str]] = defaultdict(Counter)
    for name, url in entries:
        links[name_key(name)][canonical_url(url)] += 1
    return sum(urls.total() for urls in links.values() if len(urls) > 1)
