"""Readers: one document in, candidates and what was left out of it.

The text decides which reader it gets; what the server or the file name says about it is
asked only when the text could be several things.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from generation.exceptions import UnreadableSource
from generation.sources.candidates import Document, Reading
from generation.sources.csv_tables import is_table, read_csv
from generation.sources.decoding import LARGEST_TEXT
from generation.sources.json_records import is_json, read_json
from generation.sources.markdown_lists import is_markdown, read_markdown
from generation.sources.pages import is_page, read_html

__all__ = ["read_document"]

Reader = Callable[[Document], Reading]

_FEED = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(rss|feed|opml|urlset)\b", re.S
)
_BY_KIND: dict[str, Reader] = {
    "application/json": read_json,
    "application/x-ndjson": read_json,
    "application/jsonl": read_json,
    ".json": read_json,
    ".jsonl": read_json,
    ".ndjson": read_json,
    "text/csv": read_csv,
    "text/tab-separated-values": read_csv,
    ".csv": read_csv,
    ".tsv": read_csv,
    "text/markdown": read_markdown,
    ".md": read_markdown,
    ".markdown": read_markdown,
    "text/html": read_html,
    "application/xhtml+xml": read_html,
    ".html": read_html,
    ".htm": read_html,
}


def read_document(document: Document) -> Reading:
    """Read a document with the reader that fits what it holds."""
    if len(document.text) > LARGEST_TEXT:
        raise UnreadableSource("It is larger than 20 MiB. Split it into smaller files.")
    if not document.text.strip():
        raise UnreadableSource("It is empty.")
    reader = _reader_by_content(document.text) or _reader_by_kind(document)
    if reader is None:
        raise UnreadableSource(
            "It holds no list, no table and no records. Give a Markdown list, an HTML "
            "page, a CSV or a JSON file."
        )
    return reader(document)


def _reader_by_content(text: str) -> Reader | None:
    if _FEED.match(text[:4_096]):
        raise UnreadableSource(
            "It is a feed or a site map, which cannot be read yet. Give the page that "
            "it belongs to."
        )
    if is_page(text):
        return read_html
    if is_json(text):
        return read_json
    if is_table(text):
        return read_csv
    return None


def _reader_by_kind(document: Document) -> Reader | None:
    """Choose by media type, then by file ending, then by what the text resembles."""
    media_type = document.media_type.partition(";")[0].strip().lower()
    path = urlsplit(document.url).path if document.url else document.source
    ending = PurePosixPath(path).suffix.lower()
    stated = _BY_KIND.get(media_type) or _BY_KIND.get(ending)
    # GitHub and others serve every raw file as text/plain, some as text/html.
    if is_markdown(document.text) and stated in (None, read_html):
        return read_markdown
    return stated
