"""JSON in as few bytes as can be, of values that came from YAML.

Fast where they are what JSON has; what else may stand in a file of a stranger (a date, a
number beyond 64 bits, half a character) is written as the text that it is.
"""

from __future__ import annotations

import json

import orjson

_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME
_encode = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), default=str
).encode


def compact(value: object) -> bytes:
    try:
        return orjson.dumps(value, default=str, option=_OPTIONS)
    except orjson.JSONEncodeError:
        return _encode(value).encode("utf-8", "replace")
