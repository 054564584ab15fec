"""Jupyter notebooks: what their Markdown cells list; code and its output are no list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from generation.exceptions import UnreadableSource
from generation.nesting import load_json
from generation.sources.candidates import Document

_START = re.compile(
    r"\s*\{\s*\"(?:cells|metadata|nbformat|nbformat_minor|worksheets)\""
)
_FORMAT = re.compile(r"\"nbformat\"\s{0,99}:\s{0,99}\d")


def is_notebook(text: str) -> bool:
    """Tell whether the text is JSON with the cells of a notebook."""
    start = text[:1_000].lstrip("\ufeff")
    if not _START.match(start) or not _FORMAT.search(text):
        return False
    return '"cells"' in text


def markdown_of(document: Document) -> Document:
    """Return a document of the Markdown cells alone, one below the other."""
    try:
        value = load_json(document.text.lstrip("\ufeff"))
    except ValueError as exc:
        raise UnreadableSource(
            "It is a broken Jupyter notebook. Save it again, or give its list as Markdown."
        ) from exc
    text = "\n\n".join(_cells(value))
    if not text.strip():
        raise UnreadableSource(
            "It is a Jupyter notebook without Markdown cells. Give its list as Markdown."
        )
    return document.model_copy(update={"text": text, "media_type": "text/markdown"})


def _cells(value: Any) -> Iterator[str]:
    """Yield the text of each Markdown cell, of the older format, too."""
    sheets = value.get("worksheets") if isinstance(value, dict) else None
    for sheet in [value, *(sheets if isinstance(sheets, list) else ())]:
        cells = sheet.get("cells") if isinstance(sheet, dict) else None
        for cell in cells if isinstance(cells, list) else ():
            if isinstance(cell, dict) and cell.get("cell_type") == "markdown":
                yield _joined(cell.get("source"))


def _joined(source: Any) -> str:
    lines = source if isinstance(source, list) else [source]
    return "".join(line for line in lines if isinstance(line, str))
