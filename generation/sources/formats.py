"""Which reader a document gets: the text decides.

What the server or the file name says about it is asked only when the text could be several
things.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from generation.exceptions import UnreadableSource
from generation.sources.asciidoc_lists import is_asciidoc, read_asciidoc
from generation.sources.bookmarks import is_bookmarks, read_bookmarks, read_xbel
from generation.sources.bundles import is_bundle, read_bundle
from generation.sources.candidates import Document, Reading
from generation.sources.csv_tables import is_table, read_csv
from generation.sources.decoding import LARGEST_TEXT
from generation.sources.feeds import ROOTS, read_feed
from generation.sources.json_records import is_json, read_json
from generation.sources.markdown_lists import is_markdown, read_markdown
from generation.sources.notebooks import is_notebook, markdown_of
from generation.sources.opml import read_opml
from generation.sources.org_lists import is_org, read_org
from generation.sources.pages import is_page, read_html
from generation.sources.plain_lists import (
    is_plain_list,
    is_plain_records,
    read_plain_list,
    read_plain_records,
)
from generation.sources.rst_lists import is_rst, read_rst
from generation.sources.sitemaps import read_sitemap
from generation.sources.structured import (
    is_toml,
    is_yaml,
    read_toml,
    read_xml,
    read_yaml,
)
from generation.sources.textile_lists import is_textile, read_textile
from generation.sources.wiki_lists import begins_as_wiki, is_wiki, read_wiki
from generation.sources.xml_tree import root_name

Reader = Callable[[Document], Reading]

# What an XML document is, by its first element.
_BY_ROOT: dict[str, Reader] = {
    **dict.fromkeys(ROOTS, read_feed),
    "opml": read_opml,
    "urlset": read_sitemap,
    "sitemapindex": read_sitemap,
    "xbel": read_xbel,
}
_BY_KIND: dict[str, Reader] = {
    "application/json": read_json,
    "application/feed+json": read_json,
    "application/x-ndjson": read_json,
    "application/jsonl": read_json,
    ".json": read_json,
    ".jsonl": read_json,
    ".ndjson": read_json,
    "application/yaml": read_yaml,
    "application/x-yaml": read_yaml,
    "text/yaml": read_yaml,
    ".yaml": read_yaml,
    ".yml": read_yaml,
    "application/toml": read_toml,
    ".toml": read_toml,
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
    "text/x-rst": read_rst,
    "text/prs.fallenstein.rst": read_rst,
    ".rst": read_rst,
    ".rest": read_rst,
    "text/asciidoc": read_asciidoc,
    ".adoc": read_asciidoc,
    ".asciidoc": read_asciidoc,
    "text/org": read_org,
    "text/x-org": read_org,
    ".org": read_org,
    "text/x-textile": read_textile,
    ".textile": read_textile,
    "text/x-wiki": read_wiki,
    ".wiki": read_wiki,
    ".mediawiki": read_wiki,
    ".wikitext": read_wiki,
}
_BY_LINES = (
    *(read_markdown, read_rst, read_asciidoc, read_org, read_wiki),
    *(read_textile, read_plain_list, read_plain_records),
)
_RTF = "{\\rtf"
# No list that anybody keeps by hand is longer.
MOST_LINES = 50_000
# What a text is taken for that no reader claims and nobody has named.
_BY_RESEMBLANCE: tuple[tuple[Callable[[str], bool], Reader], ...] = (
    (is_wiki, read_wiki),
    (is_textile, read_textile),
    (is_plain_records, read_plain_records),
    (is_yaml, read_yaml),
    (is_rst, read_rst),
    (is_asciidoc, read_asciidoc),
    (is_org, read_org),
    (is_markdown, read_markdown),
    (is_plain_list, read_plain_list),
)


def read_document(document: Document) -> Reading:
    """Read a document with the reader that fits what it holds."""
    if len(document.text) > LARGEST_TEXT:
        raise UnreadableSource("It is larger than 20 MiB. Split it into smaller files.")
    if not document.text.strip():
        raise UnreadableSource("It is empty.")
    if document.text.lstrip().startswith(_RTF):
        raise UnreadableSource(
            "It is a document in RTF. Save it as a web page or as plain text and give that."
        )
    if is_notebook(document.text):
        document = markdown_of(document)
    reader = _reader_by_content(document.text) or _reader_by_kind(document)
    if reader is None:
        raise UnreadableSource(
            "It holds no list, no table and no records. Give a Markdown list, an HTML "
            "page, a CSV or JSON file, a feed or exported bookmarks."
        )
    if reader not in _BY_LINES or document.text.count("\n") <= MOST_LINES:
        return reader(document)
    lines = document.text.split("\n", MOST_LINES)
    reading = reader(document.model_copy(update={"text": "\n".join(lines[:-1])}))
    warning = f"it is very long; the first {MOST_LINES:,} lines were read"
    return reading.model_copy(update={"warnings": (*reading.warnings, warning)})


def _reader_by_content(text: str) -> Reader | None:
    """Choose by what cannot be anything else."""
    if is_bookmarks(text):
        return read_bookmarks
    root = root_name(text)
    if root in _BY_ROOT:
        return _BY_ROOT[root]
    if is_page(text):
        return read_html
    if root and text.lstrip("\ufeff \t\r\n").startswith("<?xml"):
        return read_xml
    if is_bundle(text):
        return partial(read_bundle, read=read_document)
    if is_toml(text) and not is_wiki(text):
        return read_toml
    if is_json(text) and not is_org(text) and not begins_as_wiki(text):
        return read_json
    if is_table(text):
        return read_csv
    return None


def _reader_by_kind(document: Document) -> Reader | None:
    """Choose by media type, then by file ending, then by what the text resembles."""
    text = document.text
    media_type = document.media_type.partition(";")[0].strip().lower()
    path = urlsplit(document.url).path if document.url else document.source
    ending = PurePosixPath(path).suffix.lower()
    stated = _BY_KIND.get(media_type) or _BY_KIND.get(ending)
    # GitHub and others serve every raw file as text/plain, some as text/html.
    if stated in (None, read_html) and _BY_KIND.get(ending) not in (None, read_html):
        stated = _BY_KIND[ending]
    if stated not in (None, read_html):
        return stated
    # A bullet and an address are in many formats, these brackets in one alone.
    if is_markdown(text) and "](" in text:
        return read_markdown
    for resembles, reader in _BY_RESEMBLANCE:
        if resembles(text):
            return reader
    return stated
