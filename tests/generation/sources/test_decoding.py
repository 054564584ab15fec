"""Bytes to text: nothing is replaced silently."""

from __future__ import annotations

import codecs
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.exceptions import UnreadableSource
from generation.sources.decoding import decode, decode_named

FRENCH = "Données · élégant, où çà"


def test_utf8_needs_no_hint() -> None:
    assert decode(FRENCH.encode()) == FRENCH


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_mark_decides(encoding: str) -> None:
    content = FRENCH.encode(encoding)

    assert decode(content, content_type="text/plain; charset=latin-1") == FRENCH


def test_big_endian_mark_decides() -> None:
    assert decode(codecs.BOM_UTF16_BE + FRENCH.encode("utf-16-be")) == FRENCH


def test_content_type_decides() -> None:
    content = "Łódź".encode("iso-8859-2")

    assert decode(content, content_type='text/csv; charset="ISO-8859-2"') == "Łódź"


def test_meta_decides_where_the_server_is_silent() -> None:
    page = '<html><head><meta charset="gb2312"></head><p>环境管理</p>'

    assert decode(page.encode("gb2312"), content_type="text/html") == page


def test_latin1_means_its_larger_set() -> None:
    content = "“naïve”".encode("cp1252")

    assert decode(content, content_type="text/html; charset=iso-8859-1") == "“naïve”"


def test_utf8_is_believed_over_a_server_that_says_latin1() -> None:
    assert (
        decode(FRENCH.encode(), content_type="text/html; charset=ISO-8859-1") == FRENCH
    )


def test_unknown_charset_is_ignored() -> None:
    assert decode(b"plain", content_type="text/html; charset=klingon") == "plain"


def test_encoding_is_guessed_last() -> None:
    polish = "Zażółć gęślą jaźń, a potem przejrzyj katalog narzędzi. " * 20

    assert decode(polish.encode("cp1250")) == polish


def test_gzip_is_unpacked() -> None:
    assert decode(gzip.compress(FRENCH.encode())) == FRENCH


def test_truncated_gzip_is_refused() -> None:
    content = gzip.compress(bytes(range(256)) * 50)

    with pytest.raises(UnreadableSource, match="ends too early"):
        decode(content[: len(content) // 2])


def test_damaged_gzip_is_refused() -> None:
    with pytest.raises(UnreadableSource, match="damaged"):
        decode(b"\x1f\x8b\x08\x00" + b"\xff" * 40)


def test_gzip_bomb_is_refused() -> None:
    with pytest.raises(UnreadableSource, match="larger than 20 MiB"):
        decode(gzip.compress(b"\n" * (21 * 1024 * 1024)))


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7 x", b"PK\x03\x04rest", b"a\x00b\x00\x00"]
)
def test_binary_is_refused_with_advice(content: bytes) -> None:
    with pytest.raises(UnreadableSource, match="Give a Markdown list"):
        decode(content)


@given(st.binary(max_size=300), st.text(max_size=40))
def test_any_bytes_give_text_or_a_clear_refusal(content: bytes, kind: str) -> None:
    try:
        text = decode(content, content_type=kind)
    except UnreadableSource:
        return
    assert "\0" not in text


@pytest.mark.parametrize(
    ("content", "content_type", "encoding"),
    [
        (b"plain", "", "utf-8"),
        ("\ufeffBüchse".encode(), "text/plain; charset=latin-1", "utf-8"),
        ("Büchse".encode("utf-16"), "", "utf-16-le"),
        ("Büchse".encode("cp1252"), "text/plain; charset=iso-8859-1", "cp1252"),
        (
            "<meta charset=windows-1251><p>Часы".encode("cp1251"),
            "text/html",
            "cp1251",
        ),
    ],
)
def test_encoding_is_told(content: bytes, content_type: str, encoding: str) -> None:
    assert decode_named(content, content_type=content_type).encoding == encoding
