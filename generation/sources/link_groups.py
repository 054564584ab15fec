"""Records that are groups: a name, and a list of what is in it.

Under `links` or `urls` a record may as well hold the further links of one thing ("Website",
"Source"), so what the links are called decides, over all records of a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from generation.sources.fields import field_of, normalise
from generation.sources.labels import link_fact, says_nothing
from generation.sources.listed import names_its_link
from generation.sources.pieces import Piece
from generation.sources.records import has_name_and_link, name_and_link, own_link

# A record that holds things under one of these is a group even if it has a link of its own.
_HOLDERS = frozenset({"items", "entries", "bookmarks", "sites", "resources"})
_SAMPLE = 50
_MOST_LINKS = 20
# From so many links on, labels that come again and again are those of kinds of link.
_ENOUGH = 4


def are_link_groups(records: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether the records that hold things with names and links are groups of these."""
    sample = records[:_SAMPLE]
    holders = [record for record in sample if any(_things_in(record))]
    if not holders or len(holders) * 2 < len(sample):
        return False
    members = [
        name_and_link(thing)
        for record in holders
        for held in _things_in(record)
        for thing in held[:_MOST_LINKS]
    ]
    kinds = sum(_is_kind(name, url) for name, url in members)
    names = {name.casefold() for name, _ in members}
    is_repeated = len(members) >= _ENOUGH and len(names) * 2 <= len(members)
    return kinds * 2 < len(members) and not is_repeated


def _things_in(record: Mapping[str, Any]) -> Iterator[list[Mapping[str, Any]]]:
    """Yield the lists in a record of what may be its members."""
    for key, held in record.items():
        is_holder = normalise(str(key)) in _HOLDERS
        may_hold = is_holder or (field_of(str(key)) == "url" and not own_link(record))
        if may_hold and isinstance(held, list) and _are_things(held[:_SAMPLE]):
            yield [thing for thing in held if has_name_and_link(thing)]


def _are_things(sample: list[Any]) -> bool:
    if not sample or not all(isinstance(part, Mapping) for part in sample):
        return False
    return sum(map(has_name_and_link, sample)) * 2 >= len(sample)


def _is_kind(name: str, url: str) -> bool:
    """Tell whether a link's name only says of which kind it is."""
    is_known = bool(link_fact(name)) or says_nothing(name)
    return is_known and not names_its_link(name, Piece("link", name, url))
