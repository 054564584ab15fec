"""Bytes to text: believe what is certain, then what is declared, guess last.

Nothing is ever replaced silently: bytes that no encoding explains are refused, because
a name with a question mark in it would be stored as if the source had said so.
"""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Iterator
from email.message import Message
from typing import NamedTuple

from charset_normalizer import from_bytes

from generation.exceptions import UnreadableSource
from generation.sources.encoding_guess import guess_latin

LARGEST_TEXT = 20 * 1024 * 1024

_GZIP = b"\x1f\x8b"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What browsers do: the older name is used where the larger set is meant.
_LARGER_SETS = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-9": "cp1254",
}
_SINGLE_BYTE = ("cp125", "iso8859", "latin", "koi8", "mac-")
_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,40})"""
    rb"""|<\?xml[^>]{0,100}?encoding\s*=\s*["']([\w.:-]{2,40})""",
    re.IGNORECASE,
)
_HEAD = 4_096
_SAMPLE = 256 * 1024
_BINARY_KINDS = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a zip archive or an office document",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
}


class Decoded(NamedTuple):
    """A text, and its encoding. `guessed`: neither the bytes nor a label said so."""

    text: str
    encoding: str
    guessed: bool = False


def decode(content: bytes, *, content_type: str = "") -> str:
    """Return the text of a source, unpacked if it was compressed."""
    return decode_named(content, content_type=content_type).text


def decode_named(content: bytes, *, content_type: str = "") -> Decoded:
    """Return the text of a source, and the encoding that it turned out to be in."""
    if content.startswith(_GZIP):
        content = _unpack(content)
    if len(content) > LARGEST_TEXT:
        raise UnreadableSource(
            "It is larger than 20 MiB. Split it, or give a smaller file."
        )
    for magic, kind in _BINARY_KINDS.items():
        if content.startswith(magic):
            raise UnreadableSource(f"It is {kind}, not text. {_ADVICE}")
    for encoding in _encodings(content, content_type):
        text = _decoded(content, encoding)
        if text is not None and "\0" not in text:
            return Decoded(text, encoding)
    for encoding in _guesses(content):
        text = _decoded(content, encoding)
        if text is not None and "\0" not in text:
            return Decoded(text, encoding, guessed=True)
    if b"\0" in content:
        raise UnreadableSource(f"It holds binary data, not text. {_ADVICE}")
    raise UnreadableSource(
        "Its characters are in no encoding that we recognise. "
        "Save it as UTF-8 and try again."
    )


_ADVICE = "Give a Markdown list, an HTML page, a CSV or a JSON file."


def _unpack(content: bytes) -> bytes:
    unpacked = bytearray()
    while content.startswith(_GZIP):
        member = zlib.decompressobj(wbits=31)
        room = LARGEST_TEXT + 1 - len(unpacked)
        try:
            unpacked += member.decompress(content, room)
        except zlib.error as exc:
            raise UnreadableSource(
                "It is a damaged gzip file. Download it again, or give the text itself."
            ) from exc
        if len(unpacked) > LARGEST_TEXT:
            raise UnreadableSource("Unpacked, it is larger than 20 MiB. Split it.")
        if not member.eof:
            raise UnreadableSource(
                "It is a gzip file that ends too early. Download it again, or give "
                "the text itself."
            )
        content = member.unused_data
    return bytes(unpacked)


def _encodings(content: bytes, content_type: str) -> Iterator[str]:
    """Name the encodings to try, the surest first."""
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            yield encoding
            return
    for label in (_charset_of(content_type), _declared_inside(content)):
        encoding = _known(label)
        if not encoding:
            continue
        # Many servers say Latin-1 about everything. Bytes that are valid UTF-8 and
        # not plain ASCII are UTF-8: by chance that does not happen.
        if encoding.startswith(_SINGLE_BYTE):
            yield "utf-8"
        yield encoding
    yield "utf-8"


def _guesses(content: bytes) -> Iterator[str]:
    """Name what an unlabelled text may be in; statistics are asked about other scripts."""
    if b"\0" in content:
        return
    if latin := guess_latin(content):
        yield latin
    guess = from_bytes(content[:_SAMPLE]).best()
    if guess is not None:
        yield guess.encoding


def shown_name(encoding: str) -> str:
    """Return what people call an encoding: windows-1252 for Python's cp1252."""
    return f"windows-{encoding[2:]}" if encoding.startswith("cp125") else encoding


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except (UnicodeDecodeError, LookupError):
        return None


def _charset_of(content_type: str) -> str:
    message = Message()
    message["Content-Type"] = re.sub(r"[\r\n]", " ", content_type)
    charset = message.get_param("charset")
    return charset if isinstance(charset, str) else ""


def _declared_inside(content: bytes) -> str:
    if not content[:_HEAD].lstrip().startswith(b"<"):
        return ""
    found = _DECLARED.search(content[:_HEAD])
    return (found[1] or found[2]).decode("ascii", "ignore") if found else ""


def _known(label: str) -> str:
    """Return Python's name of a text encoding, or "" for a label that means none."""
    try:
        codec = codecs.lookup(label.strip().strip("\"'")) if label.strip() else None
    except (LookupError, ValueError):
        return ""
    if codec is None or not getattr(codec, "_is_text_encoding", True):
        return ""
    return _LARGER_SETS.get(codec.name, codec.name)
