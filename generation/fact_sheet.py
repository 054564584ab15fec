"""The text of an item that has none of its own: its description, and what is known of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from generation.items import ADDED_AT
from generation.markup import escape_markdown, link_target, one_line
from generation.sources.urls import clean_url, host_of


def fact_sheet(description: str, facts: Mapping[str, Any]) -> str:
    """Write Markdown for readers who see nothing but this text."""
    lines = [
        f"- {_title(key)}: {_value(value)}"
        for key, value in sorted(facts.items())
        if key != ADDED_AT
        and isinstance(value, str | int | float | list)
        and value != ""
    ]
    paragraphs = [escape_markdown(description), "\n".join(lines)]
    return "\n\n".join(filter(None, paragraphs))


def is_fact_sheet(text: str, description: str, facts: Mapping[str, Any]) -> bool:
    """Tell whether a text is only what we wrote for want of one."""
    # Nearly no text begins as such a sheet does, and to write one takes long.
    return text.startswith(escape_markdown(description)) and text == fact_sheet(
        description, facts
    )


# Sheets have linked these hosts and no others from the beginning. A sheet is recognised by
# being written again, so one with more links would turn stored sheets into people's texts.
_LINKED_HOST = re.compile(
    r"(?i:https?)://[^\W_](?:[\w.-]*[^\W_])?(?::\d{1,5})?(?:[/?#].*)?"
)


def _title(key: str) -> str:
    return key.removesuffix("_url").replace("_", " ").strip().capitalize()


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_value(part) for part in value)
    text = str(value)
    may_be_link = "//" in text or "&" in text
    url = clean_url(text) if may_be_link else ""
    if _is_linked(url) and (target := link_target(url)):
        return f"[{escape_markdown(host_of(text))}]({target})"
    return escape_markdown(text)


def _is_linked(url: str) -> bool:
    return (
        _LINKED_HOST.fullmatch(url) is not None
        and url == one_line(url)
        and "\\" not in url
    )
