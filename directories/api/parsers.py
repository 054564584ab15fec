"""JSON of callers, read after its depth is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.utils import json

from generation.nesting import NestedTooDeeply, check_brackets


class BoundedJSONParser(JSONParser):
    """Refuses a body that is nested too deeply, whatever the interpreter would bear."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        encoding = (parser_context or {}).get("encoding", "utf-8")
        try:
            text = stream.read().decode(encoding)
            check_brackets(text)
            return json.loads(text)
        except NestedTooDeeply as exc:
            raise ParseError("The body is nested too deeply.") from exc
        except (ValueError, LookupError) as exc:
            raise ParseError(f"JSON parse error - {exc}") from exc
