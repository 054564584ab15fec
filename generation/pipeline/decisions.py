"""What a person has decided: `.gazetteer/decisions.yml` in the data repository.

    same:
    - [kimai, https://github.com/kimai/kimai]
    different:
    - [Traggo, traggo-server]

An entry is called by its item's slug, by its name or by its link. A run reads the file and
never writes it. What it cannot read costs a warning and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from generation.repositories.state import FOLDER, Snapshot
from generation.slugs import slugify
from generation.sources.names import name_key
from generation.sources.urls import canonical_url, clean_url
from generation.yaml import InvalidYAML, Plain, parse, scalar_text

PATH = f"{FOLDER}decisions.yml"
SAME, DIFFERENT = "same", "different"


class Pair(NamedTuple):
    first: str
    second: str


class Decisions(NamedTuple):
    same: tuple[Pair, ...] = ()
    different: tuple[Pair, ...] = ()
    warnings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.same or self.different)


class Called(NamedTuple):
    """The ways to call one thing. `slugs` are those of its item, if it has one."""

    name: str
    url: str
    slugs: frozenset[str] = frozenset()


def read_decisions(snapshot: Snapshot) -> Decisions:
    """Read what a person has decided, as far as it can be read."""
    if PATH not in snapshot.tree:
        return Decisions()
    [content] = snapshot.repository.read([snapshot.tree[PATH]])
    try:
        document = parse(content)
    except InvalidYAML as exc:
        return Decisions(warnings=(f"{PATH} was not obeyed: {exc}.",))
    return _read(document)


def is_called(reference: str, thing: Called) -> bool:
    """Tell whether a person means this thing: by slug, by name, or by link."""
    if canonical := canonical_url(reference):
        return canonical == canonical_url(thing.url)
    if reference in thing.slugs:
        return True
    if name_key(reference) == name_key(thing.name):
        return True
    return not thing.slugs and reference == slugify(thing.name)


def is_numbered(reference: str, thing: Called) -> bool:
    """Tell whether a slug may have been this thing's, before its item went.

    The number that tells two items of one name apart goes with the second item.
    """
    slug = re.escape(slugify(thing.name))
    return not thing.slugs and re.fullmatch(rf"{slug}-[0-9]+", reference) is not None


def is_called_exactly(reference: str, thing: Called) -> bool:
    """The same for a link in one spelling, where another spelling is something else."""
    if canonical_url(reference):
        return clean_url(reference) == clean_url(thing.url)
    return is_called(reference, thing)


def keeps_apart(pair: Pair, one: Called, other: Called) -> bool:
    """Tell whether a person says of these two that they are different."""
    links = [canonical_url(reference) for reference in pair]
    is_one = is_called_exactly if links[0] and links[0] == links[1] else is_called
    first, second = pair
    return (is_one(first, one) and is_one(second, other)) or (
        is_one(second, one) and is_one(first, other)
    )


def line_for(kind: str, first: str, second: str) -> str:
    """Write a decision as it stands in the file: ready to paste."""
    return f"{kind}:\n- [{_written(first)}, {_written(second)}]"


def _written(text: str) -> str:
    """Write a text within brackets: bare, as a person would, where that can be read."""
    try:
        read = parse(f"[{text}]".encode())
        # Other readers of YAML take a plain `yes` for a switch.
        if read == [text] and not isinstance(read[0], Plain):
            return text
    except InvalidYAML:
        pass
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"


def _read(document: Any) -> Decisions:
    if document is None:
        return Decisions()
    if isinstance(document, list) and all(isinstance(part, dict) for part in document):
        document = _gathered(document)
    if not isinstance(document, dict):
        return Decisions(
            warnings=(f"{PATH} was not obeyed: write it as “same:” and “different:”.",)
        )
    warnings = [
        f"{PATH}: “{key}” is not known and was passed over; "
        f"what is known is “{SAME}” and “{DIFFERENT}”."
        for key in document
        if key not in (SAME, DIFFERENT)
    ]
    same = tuple(_pairs(document.get(SAME), SAME, warnings))
    different = tuple(_pairs(document.get(DIFFERENT), DIFFERENT, warnings))
    return Decisions(same, different, tuple(warnings))


def _gathered(parts: list[dict[Any, Any]]) -> dict[Any, list[Any]]:
    """Read `- same: [one, other]` as well: one mapping a decision."""
    gathered: dict[Any, list[Any]] = {}
    for part in parts:
        for key, pair in part.items():
            gathered.setdefault(key, []).append(pair)
    return gathered


def _pairs(value: Any, kind: str, warnings: list[str]) -> Iterator[Pair]:
    """Read pairs; a longer list says it of each two that stand in it."""
    if value is None:
        return
    if not isinstance(value, list):
        warnings.append(f"{PATH}: “{kind}” is not a list of pairs and was passed over.")
        return
    for number, entry in enumerate(value, 1):
        names = entry if isinstance(entry, list) else []
        if len(names) < 2 or not all(
            isinstance(n, str | int | float) and str(n) for n in names
        ):
            warnings.append(
                f"{PATH}: entry {number} of “{kind}” is not a pair like [one, other] "
                "and was passed over."
            )
            continue
        texts = [scalar_text(name).strip() for name in names]
        for position, first in enumerate(texts):
            yield from (Pair(first, second) for second in texts[position + 1 :])
