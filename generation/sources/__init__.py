"""Readers: one document in, candidates and what was left out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from generation.sources.candidates import Document, Reading


def read_document(document: Document) -> Reading:
    """Read a document with the reader that fits what it holds."""
    # The readers import docutils, selectolax and a Markdown parser. Code that only needs the
    # rules for addresses or names must not wait for them.
    from generation.sources.formats import read_document as read

    return read(document)
