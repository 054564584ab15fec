"""YAML, TOML and XML that hold records: read as what JSON would have said."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from generation.exceptions import UnreadableSource
from generation.nesting import NestedTooDeeply, load_toml
from generation.sources.candidates import Document, Reading
from generation.sources.fields import field_of
from generation.sources.json_records import read_value
from generation.sources.xml_tree import Element, parse_xml
from generation.yaml import InvalidYAML, parse, scalar_text, settled

# A list of records may be so many times longer than an item.
_TIMES = 8
_HEAD_LINES = 400
_NAMES = frozenset({"name", "title"})
_YAML_PAIR = re.compile(
    r"""\s*(?:- +)*["']?([\w][\w .-]{0,60}?)["']?\s*:(?:\s+(.*))?$"""
)
_YAML_OTHER = re.compile(r"\s*-\s*\S|\s*-\s*$|\s*#|---|\.\.\.|\s{2,}\S")
_TOML_TABLE = re.compile(r"\s*\[\[?+[\w.\"'\s-]++\]\]?\s*(?:#.*)?$")
_MOST_DOTS = 60
_DOTTED = re.compile(r"""[\w."' \t-]+""")
_TOML_ARRAY = re.compile(r"\s*\[\[\s*[\w.\"'-]+\s*\]\][ \t]*\n")
# Possessive: a line of blanks alone is looked at once, not in each way to divide it.
_TOML_PAIR = re.compile(r"""\s*+["']?([\w.-][\w .-]{0,59}?)["']?\s*+=\s*\S""")
_ADDRESS = re.compile(r"""["']?https?://""")


def is_yaml(text: str) -> bool:
    """Tell whether lines are `key: value`, and a key that holds links is among them."""
    has_link, fits, lines = False, 0, 0
    for line in text[: 256 * 1024].split("\n")[:_HEAD_LINES]:
        if not line.strip():
            continue
        lines += 1
        pair = _YAML_PAIR.match(line[:2_000])
        if pair:
            key = field_of(pair[1])
            is_link = key == "url" or key.endswith("_url")
            has_link |= is_link and bool(_ADDRESS.match(pair[2] or ""))
        fits += bool(pair or _YAML_OTHER.match(line))
    return has_link and fits >= lines * 0.95


def read_yaml(document: Document) -> Reading:
    """Read the records of a YAML document."""
    try:
        value = parse(document.text.encode("utf-8", "replace"), times=_TIMES)
    except InvalidYAML as exc:
        raise UnreadableSource(f"It is YAML that cannot be read: {exc}.") from exc
    return read_value(_with_names(settled(value)), document, kind="yaml")


def _with_names(value: Any) -> Any:
    """Take what stands under a name for text: what is called `true` has no other name."""
    if isinstance(value, list):
        return [_with_names(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        key: scalar_text(part)
        if key in _NAMES and isinstance(part, bool)
        else _with_names(part)
        for key, part in value.items()
    }


def is_toml(text: str) -> bool:
    """Tell whether the text has tables, and a key that holds links."""
    lines = text[: 256 * 1024].split("\n")[:_HEAD_LINES]
    has_table = any(_TOML_TABLE.match(line[:200]) for line in lines)
    pairs = [match for line in lines if (match := _TOML_PAIR.match(line[:200]))]
    keys = {field_of(pair[1]) for pair in pairs}
    is_linked = "url" in keys or any(key.endswith("_url") for key in keys)
    is_array = bool(_TOML_ARRAY.match(text[:200]))
    return has_table and bool(pairs) and (is_linked or is_array)


def read_toml(document: Document) -> Reading:
    """Read the records of a TOML document."""
    # The parser is quadratic in the parts of a dotted key, in time and in memory.
    if any(run.count(".") > _MOST_DOTS for run in _DOTTED.findall(document.text)):
        raise UnreadableSource("It is TOML with keys of too many parts.")
    try:
        value = load_toml(document.text)
    except NestedTooDeeply as exc:
        raise UnreadableSource("It is nested too deeply to be a list.") from exc
    except ValueError as exc:
        raise UnreadableSource(
            "It is not valid TOML. Check it with a TOML validator."
        ) from exc
    return read_value(value, document, kind="toml")


def read_xml(document: Document) -> Reading:
    """Read the records of an XML document of a kind that nobody has named."""
    tree = parse_xml(document.text)
    reading = read_value(_value_of(tree.root), document, kind="xml")
    if tree.trouble:
        return reading.model_copy(update={"warnings": (tree.trouble,)})
    return reading


def _value_of(root: Element) -> Any:
    """Turn elements into the objects, arrays and texts that JSON would have."""
    done: dict[int, Any] = {}
    elements = list(root.walk())
    repeated = {
        (element.name, name)
        for element in elements
        for name, count in Counter(child.name for child in element.children).items()
        if count > 1
    }
    for element in reversed(elements):
        if not element.children and not element.attributes:
            done[id(element)] = element.text
            continue
        value: dict[str, Any] = {**element.attributes}
        for child in element.children:
            name, held = child.name.rpartition(":")[2], done.pop(id(child))
            # What stands there twice somewhere is an array everywhere.
            if (element.name, child.name) not in repeated:
                value[name] = held
            elif isinstance(earlier := value.get(name), list):
                earlier.append(held)
            else:
                value[name] = [held]
        if element.text:
            value.setdefault("text" if element.children else "value", element.text)
        done[id(element)] = value
    return done[id(root)]
