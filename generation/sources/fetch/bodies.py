"""What is taken of an answer: text, so many bytes, and one layer of gzip."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from generation.exceptions import SourceTooLarge, UnreadableSource
from generation.sources.fetch.addresses import Subject

_CHUNK = 16 * 1024
_GZIP = zlib.MAX_WBITS | 16
_TEXT_SUBTYPE = re.compile(
    r"(^|[.+-])(csv|javascript|json|jsonl|markdown|ndjson|toml|xhtml|xml|ya?ml)($|[.+-])"
)
# What servers say of an ending that they do not know, and the endings that we do know.
_ANYTHING = frozenset({"application/octet-stream", "binary/octet-stream"})
_TEXT_ENDING = re.compile(
    r"\.(atom|csv|geojson|html?|jsonl?|jsonld|markdown|md|ndjson|opml|org|rss|rst|toml"
    r"|tsv|txt|xhtml|xml|ya?ml)$",
    re.IGNORECASE,
)


class Wanted(NamedTuple):
    """How much of a body, and of which kind. `is_cut`: the beginning will do."""

    max_bytes: int
    is_text: bool = True
    is_cut: bool = False


def check_type(
    headers: Mapping[str, str], *, url: str, wanted: Wanted, subject: Subject
) -> None:
    """Refuse a kind that nobody can read, before its body is sent."""
    if wanted.is_text and not _is_text(headers.get("content-type", ""), url):
        raise subject.error(
            UnreadableSource,
            "it is not text. Give a web page, or a Markdown, JSON, CSV or YAML file.",
        )


def read_body(
    chunks: Iterable[bytes],
    *,
    declared: int,
    encoding: str,
    wanted: Wanted,
    subject: Subject,
) -> bytes:
    """Count what arrives and what it unfolds to.

    Only one layer of gzip is undone. Of several layers, the inner ones could keep us busy
    for hours without a byte coming out.
    """
    if declared > wanted.max_bytes and not wanted.is_cut:
        raise _too_large(wanted, subject)
    arrived = _count(chunks, wanted, subject)
    match encoding.strip().lower():
        case "" | "identity":
            return b"".join(arrived)
        case "gzip" | "x-gzip":
            return b"".join(_count(_unzip(arrived, subject), wanted, subject))
    raise subject.error(
        UnreadableSource, "it is compressed in a way we did not ask for."
    )


def _is_text(content_type: str, url: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    kind, _, subtype = media_type.partition("/")
    if not subtype or kind == "text":
        return True
    if media_type in _ANYTHING:
        return bool(_TEXT_ENDING.search(urlsplit(url).path))
    return kind == "application" and bool(_TEXT_SUBTYPE.search(subtype))


def _count(
    chunks: Iterable[bytes], wanted: Wanted, subject: Subject
) -> Iterator[bytes]:
    room = wanted.max_bytes
    for chunk in chunks:
        if len(chunk) > room:
            if wanted.is_cut:
                yield chunk[:room]
                return
            raise _too_large(wanted, subject)
        room -= len(chunk)
        yield chunk


def _too_large(wanted: Wanted, subject: Subject) -> Exception:
    return subject.error(
        SourceTooLarge,
        f"it is larger than {wanted.max_bytes:,} bytes. Give a smaller page.",
    )


def _unzip(chunks: Iterable[bytes], subject: Subject) -> Iterator[bytes]:
    decoder = zlib.decompressobj(_GZIP)
    is_whole = True
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                if decoder.eof:
                    decoder = zlib.decompressobj(_GZIP)
                yield decoder.decompress(rest, _CHUNK)
                rest = decoder.unconsumed_tail or decoder.unused_data
                is_whole = decoder.eof
        if not is_whole:
            raise zlib.error("the end is missing")
    except zlib.error as exc:
        raise subject.error(
            UnreadableSource, "what arrived is compressed and damaged. Try again later."
        ) from exc
