"""The one module that reads and writes YAML.

A person's file may hold anything, and PyYAML alone is no guard: a few hundred bytes of
aliases fill the memory, and deep nesting kills the process in its C loader. So the events
are counted before anything is built.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import yaml
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent
from yaml.nodes import MappingNode, ScalarNode, SequenceNode

MAX_BYTES = 1024 * 1024
MAX_EVENTS = 50_000
MAX_DEPTH = 20


class InvalidYAML(ValueError):
    """The text is not YAML that we accept. The message says what to change.

    `line` counts from 1, and is None where no line is to blame.
    """

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class _Loader(yaml.CSafeLoader):
    """Core types only, and dates stay text: `updated_at` is ours to read."""


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")
    ]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


class _Dumper(yaml.CSafeDumper):
    """Never writes an alias, because `parse` refuses them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


class Quoted(str):
    """Text that stands in quotes, whatever it looks like."""


_Dumper.add_representer(
    Quoted,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", str(text), style="'"
    ),
)


_Dumper.add_representer(
    str,
    # Lines of prose stand as lines: that is what a person edits and a diff shows.
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    ),
)


def parse(content: bytes, *, times: int = 1) -> Any:
    """Read one YAML document, of at most so many times the usual size.

    Raises InvalidYAML.
    """
    if len(content) > MAX_BYTES * times:
        raise InvalidYAML(f"the file is larger than {MAX_BYTES * times} bytes")
    try:
        text = content.decode("utf-8-sig")
        _guard(text, most_events=MAX_EVENTS * times)
        return yaml.load(text, _Loader)  # noqa: S506 - a safe loader, and guarded
    except UnicodeDecodeError as exc:
        raise InvalidYAML("the file is not UTF-8") from exc
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        line = mark.line + 1 if mark else None
        where = f" in line {line}" if line else ""
        raise InvalidYAML(f"the file is not valid YAML{where}", line=line) from exc
    except (ValueError, RecursionError, TypeError) as exc:
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


def dump(document: Any) -> bytes:
    """Write one document: the same value gives the same bytes."""
    text = yaml.dump(
        document,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=100,
        default_flow_style=False,
    )
    return text.encode()


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
