"""How deep a text nests, counted before anybody parses it.

Parsers that recurse stop where the interpreter does, and that differs between versions of
Python and with the stack of the caller. So brackets are counted first, and the limit is ours.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

# Nobody nests a list so deep; records are looked for less deep still.
DEEPEST = 200

# A string that never ends goes to the end, so that each sign is looked at once.
_JSON = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*\\?(?:"|\Z)|([\[{])|([\]}])', re.DOTALL)
_TOML = re.compile(
    r'"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*(?:"""|\\?\Z)'
    r"|'''.*?(?:'''|\Z)"
    r'|"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"?'
    r"|'[^'\n]*'?|\#[^\n]*|([\[{])|([\]}])",
    re.DOTALL,
)


class NestedTooDeeply(ValueError):
    """The text is nested more deeply than anything that we read."""

    def __init__(self) -> None:
        super().__init__(f"it is nested more than {DEEPEST} levels deep")


def load_json(text: str | bytes, *, strict: bool = True) -> Any:
    """Read JSON. Raises NestedTooDeeply and, as `json` does, ValueError."""
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text), "surrogatepass")
    check_brackets(text)
    return json.loads(text, strict=strict)


def load_toml(text: str) -> Mapping[str, Any]:
    """Read TOML. Raises NestedTooDeeply and, as `tomllib` does, ValueError."""
    _check(text, _TOML)
    return tomllib.loads(text)


def check_brackets(text: str) -> None:
    """Count the brackets of JSON, as far as there are any. Raises NestedTooDeeply."""
    _check(text, _JSON)


def check_value(text: str, position: int) -> None:
    """Count the brackets of the JSON value at a position. Raises NestedTooDeeply."""
    depth = 0
    for token in _JSON.finditer(text, position):
        depth += bool(token[1]) - bool(token[2])
        if depth > DEEPEST:
            raise NestedTooDeeply
        if depth <= 0:
            return


def _check(text: str, tokens: re.Pattern[str]) -> None:
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    depth = 0
    for token in tokens.finditer(text):
        if token[1]:
            depth += 1
            if depth > DEEPEST:
                raise NestedTooDeeply
        elif token[2]:
            depth -= 1
