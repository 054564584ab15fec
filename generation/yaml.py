"""The one module that reads and writes YAML.

A person's file may hold anything, and PyYAML alone is no guard: a few hundred bytes of
aliases fill the memory, and deep nesting kills the process in its C loader. So the events
are counted before anything is built.

What a word without quotes means depends on the version of YAML: `NO` is false, `010` eight
and `12:30:45` a number of seconds in one of them. To the people who write our files they are
texts. So a plain scalar is a value here only where that value would be written the very same
way (`true`, `2048`, `0.5`); any other keeps its own text, as `Plain`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import yaml
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent
from yaml.nodes import MappingNode, ScalarNode, SequenceNode

MAX_BYTES = 1024 * 1024
MAX_EVENTS = 50_000
MAX_DEPTH = 20
# As wide as the C library counts: one line.
WIDEST = 2_000_000_000
# What the C library writes for a sign beyond the basic plane, and signs that it leaves alone.
_ESCAPED = re.compile(r"\\U([0-9A-F]{8})")
_PRIVATE_USE = range(0xE000, 0xF000)
_ON, _OFF = frozenset({"true", "yes", "on"}), frozenset({"false", "no", "off"})
_DIGITS = re.compile(r"[-+]?[0-9][0-9_]{0,99}(?<!_)")


class InvalidYAML(ValueError):
    """The text is not YAML that we accept. The message says what to change.

    `line` counts from 1, and is None where no line is to blame.
    """

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class Place(NamedTuple):
    """Where a value stands in a text, in characters; the end is excluded.

    `kind` is scalar, mapping or sequence. `inline` values stand in a line of other text
    (plain, quoted or in brackets); the others take whole lines and have a `column`.
    """

    kind: str
    inline: bool
    start: int
    end: int
    column: int
    text: str = ""
    pairs: tuple[tuple[Place, Place], ...] = ()
    entries: tuple[Place, ...] = ()


class Plain(str):
    """A scalar as it stands without quotes, which some version of YAML takes for a value.

    It is text; `as_bool` and `as_integer` read it where a switch or a number is meant.
    Written again, it stands without quotes as before.
    """

    __slots__ = ()


class Quoted(str):
    """Text that stands in quotes, whatever it looks like."""

    __slots__ = ()


class _Resolver(yaml.resolver.Resolver):
    """Knows what any reader takes for a value: YAML 1.1, YAML 1.2 and JavaScript's."""


_Resolver.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"[yYnN]$"), list("yYnN")
)
_Resolver.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"[-+]?0o[0-7_]+$"), list("-+0")
)
_Resolver.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    # 1e3 is a number in YAML 1.2, and a text in YAML 1.1.
    re.compile(r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)

_PLAIN = "!plain"
_TEXT = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.CSafeLoader):
    """Reads a value only where it is written as we would write it."""

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> Any:
        # A key is always text, as in JSON: `on: …` and `2024: …` are no exceptions.
        self.flatten_mapping(node)
        for key, _ in node.value:
            if isinstance(key, ScalarNode) and key.tag in _VALUES:
                key.tag = _PLAIN
        return super().construct_mapping(node, deep=deep)


_VALUES = frozenset(
    {f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float")}
)
_OWN_VALUES = (
    ("tag:yaml.org,2002:null", re.compile(r"(?:~|null|)$"), ["~", "n", ""]),
    ("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)$"), ["t", "f"]),
    # More digits than anything counts are a text.
    (
        "tag:yaml.org,2002:int",
        re.compile(r"(?:0|-?[1-9][0-9]{0,99})$"),
        list("-0123456789"),
    ),
    (
        "tag:yaml.org,2002:float",
        re.compile(r"(?:-?[0-9]+\.[0-9]+(?:e[-+][0-9]+)?|-?\.inf|\.nan)$"),
        list("-.0123456789"),
    ),
    (_MERGE, re.compile(r"<<$"), ["<"]),
)
_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in _OWN_VALUES:
    _Loader.add_implicit_resolver(_tag, _pattern, _first)
for _first_sign, _resolvers in _Resolver.yaml_implicit_resolvers.items():
    for _, _pattern in _resolvers:
        _Loader.add_implicit_resolver(_PLAIN, _pattern, [_first_sign])


def _construct_float(loader: Any, node: ScalarNode) -> float | Plain:
    value = loader.construct_yaml_float(node)
    return value if scalar_text(value) == node.value else Plain(node.value)


_Loader.add_constructor("tag:yaml.org,2002:float", _construct_float)
for _tag in (_PLAIN, _MERGE):
    _Loader.add_constructor(_tag, lambda loader, node: Plain(node.value))


class _Dumper(_Resolver, yaml.CSafeDumper):
    """Never writes an alias, because `parse` refuses them.

    The C library escapes what stands beyond the basic plane of Unicode, so signs of the
    basic plane may stand in for these until the text is finished.
    """

    def __init__(self, *args: Any, stand_ins: Mapping[int, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stand_ins = stand_ins

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def text(self, text: str, *, tag: str = _TEXT, style: str | None = None) -> Any:
        if self._stand_ins:
            text = text.translate(self._stand_ins)
        return self.represent_scalar(tag, text, style=style)


def _represent_plain(dumper: _Dumper, text: Plain) -> Any:
    tag = dumper.resolve(ScalarNode, str(text), (True, False))  # type: ignore[no-untyped-call]
    return dumper.text(str(text), tag=tag)


_Dumper.add_representer(Plain, _represent_plain)
_Dumper.add_representer(Quoted, lambda dumper, text: dumper.text(str(text), style="'"))
_Dumper.add_representer(
    str,
    # Lines of prose stand as lines: that is what a person edits and a diff shows.
    lambda dumper, text: dumper.text(text, style="|" if "\n" in text else None),
)


def _built(text: str) -> Any:
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def parse(content: bytes, *, times: int = 1) -> Any:
    """Read one YAML document, of at most so many times the usual size.

    Raises InvalidYAML.
    """
    if len(content) > MAX_BYTES * times:
        raise InvalidYAML(f"the file is larger than {MAX_BYTES * times} bytes")
    try:
        text = content.decode("utf-8-sig")
        _guard(text, most_events=MAX_EVENTS * times)
        return _built(text)
    except UnicodeDecodeError as exc:
        raise InvalidYAML("the file is not UTF-8") from exc
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        line = mark.line + 1 if mark else None
        where = f" in line {line}" if line else ""
        raise InvalidYAML(f"the file is not valid YAML{where}", line=line) from exc
    except (ValueError, LookupError, AttributeError, TypeError) as exc:
        if isinstance(exc, InvalidYAML):
            raise
        raise InvalidYAML("the file holds a value that cannot be read") from exc


def repeated_keys(content: bytes) -> list[str]:
    """Name the keys that a mapping of a document holds twice, in their order.

    `parse` keeps the last of them. The document must be one that it accepts.
    """
    repeated: list[str] = []
    waiting = [yaml.compose(content.decode("utf-8-sig"), yaml.CSafeLoader)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, MappingNode):
            keys = [key.value for key, _ in node.value if isinstance(key, ScalarNode)]
            repeated += [key for key, count in Counter(keys).items() if count > 1]
            waiting += [value for _, value in reversed(node.value)]
        elif isinstance(node, SequenceNode):
            waiting += reversed(node.value)
    return repeated


def locate(text: str, *, times: int = 1) -> Place | None:
    """Say where each value of a document stands; None for a document without any.

    Raises InvalidYAML.
    """
    try:
        _guard(text, most_events=MAX_EVENTS * times)
        node = yaml.compose(text, yaml.CSafeLoader)
    except yaml.YAMLError as exc:
        raise InvalidYAML("the file is not valid YAML") from exc
    return None if node is None else _place(node, text)


def _place(node: yaml.Node, text: str) -> Place:
    start, end = node.start_mark.index, node.end_mark.index
    column = node.start_mark.column
    if isinstance(node, yaml.ScalarNode):
        is_inline = node.style not in ("|", ">")
        if not is_inline:
            # The blank lines behind a block are not its own.
            end = start + len(text[start:end].rstrip())
        return Place("scalar", is_inline, start, end, column, text=node.value)
    if isinstance(node, yaml.MappingNode):
        pairs = tuple((_place(k, text), _place(v, text)) for k, v in node.value)
        if not node.flow_style and pairs:
            end = pairs[-1][1].end
        return Place("mapping", bool(node.flow_style), start, end, column, pairs=pairs)
    assert isinstance(node, yaml.SequenceNode)
    entries = tuple(_place(entry, text) for entry in node.value)
    if not node.flow_style and entries:
        end = entries[-1].end
    return Place("sequence", bool(node.flow_style), start, end, column, entries=entries)


def dump(document: Any, *, flow: bool = False) -> bytes:
    """Write one document: the same value gives the same bytes. `flow`: in brackets."""
    text = _dumped(document, flow=flow)
    if stand_ins := _stand_ins(text):
        text = _dumped(document, flow=flow, stand_ins=stand_ins)
        text = text.translate({ord(sign): code for code, sign in stand_ins.items()})
    return text.encode()


def _dumped(
    document: Any, *, flow: bool, stand_ins: Mapping[int, str] = MappingProxyType({})
) -> str:
    text: str = yaml.dump(
        document,
        Dumper=partial(_Dumper, stand_ins=stand_ins),
        sort_keys=False,
        allow_unicode=True,
        width=WIDEST if flow else 100,
        default_flow_style=flow,
    )
    return text


def _stand_ins(text: str) -> dict[int, str]:
    """Give each sign that was escaped for want of space one of private use.

    Signs of private use that are in the text already are no free ones.
    """
    escaped = sorted({int(code, 16) for code in _ESCAPED.findall(text)})
    free = (chr(code) for code in _PRIVATE_USE if chr(code) not in text)
    return dict(zip(escaped, free, strict=False))


def scalar_text(value: str | float | None) -> str:
    """Write a value that was read as it stood in the file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        node = yaml.representer.SafeRepresenter().represent_float(value)
        return str(node.value)
    return "" if value is None else str(value)


def settled(value: Any) -> Any:
    """Take every `Plain` in a value for the text that it is."""
    if isinstance(value, dict):
        return {settled(key): settled(part) for key, part in value.items()}
    if isinstance(value, list):
        return [settled(part) for part in value]
    return str(value) if isinstance(value, Plain) else value


def as_bool(value: Any) -> bool | None:
    """Read a switch, in any of the words that people use for one."""
    if isinstance(value, bool):
        return value
    word = value.lower() if isinstance(value, Plain) else ""
    return True if word in _ON else False if word in _OFF else None


def as_integer(value: Any) -> int | None:
    """Read a whole number; `010` is ten."""
    if isinstance(value, Plain) and _DIGITS.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _guard(text: str, *, most_events: int) -> None:
    depth = 0
    for count, event in enumerate(yaml.parse(text, yaml.CSafeLoader)):
        if isinstance(event, AliasEvent):
            raise InvalidYAML("aliases (*name) are not read: write the value out")
        if isinstance(event, CollectionStartEvent):
            depth += 1
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise InvalidYAML(f"it is nested more than {MAX_DEPTH} levels deep")
        if count > most_events:
            raise InvalidYAML("it holds too many values")
