"""Foreign Markdown neither runs (T29), nor blocks (T30), nor breaks out (T32)."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from selectolax.parser import HTMLParser

from generation.markup import (
    MOST_BRACKETS,
    MOST_SIGNS,
    escape_markdown,
    link_target,
    one_line,
    plain_text,
    render_markdown,
    strip_raw_html,
)
from generation.sources.urls import clean_url

TEXTS = st.text(alphabet=st.characters(), max_size=200)
HOSTILE = st.text(
    alphabet=" \n\t[]()<>!*_`~#-+=.:/\\|&;@$\"'{}ab1\u2028\u202e", max_size=80
)
MARKUP = st.text(alphabet="<>!-/`~\n abscript&lt;[](:)", max_size=120)

PAYLOADS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<<script>script>alert(1)<</script>/script>",
    "<script\n>alert(1)</script\n>",
    "<img src=x onerror=alert(1)>",
    '<img src="x" onerror="alert(1)"//',
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<style>@import 'javascript:alert(1)';</style>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<base href=javascript:alert(1)//>",
    '<meta http-equiv=refresh content="0;url=javascript:alert(1)">',
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<body onload=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<template><script>alert(1)</script></template>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php <script>alert(1)</script> ?>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](java&Tab;script:alert(1))",
    "[x](< javascript:alert(1)>)",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml,<svg onload=alert(1)>)",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    '[x](http://a.example "\\" onmouseover=alert(1) x=\\"")',
    "![x\" onerror=alert(1) y=\"](http://a.example/i.png)",
    "```\" onload=alert(1) x=\"\nx\n```",
    "`<script>alert(1)</script>`",
    "```\n<script>alert(1)</script>\n```",
]  # fmt: skip
ALLOWED_ATTRIBUTES = {"href", "title", "src", "alt", "class", "align", "rel"}


def assert_harmless(html: str) -> None:
    tree = HTMLParser(html)
    for node in tree.css("script, svg, math, style, iframe, form, base, object, embed"):
        raise AssertionError(node.html)
    for node in tree.css("body *"):
        assert set(node.attributes) <= ALLOWED_ATTRIBUTES
        for name in ("href", "src"):
            address = node.attributes.get(name) or ""
            assert not re.match(
                r"\s*(javascript|vbscript|data):", address, re.IGNORECASE
            )


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payload_does_not_survive_rendering(payload: str) -> None:
    assert_harmless(render_markdown(payload))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_stored_payload_is_harmless_printed_raw(payload: str) -> None:
    stored = strip_raw_html(payload)

    assert not re.search(r"<[A-Za-z/!?]", stored)
    assert_harmless(f"<div>{stored}</div>")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_stored_payload_is_harmless_in_a_careless_renderer(payload: str) -> None:
    careless = MarkdownIt("commonmark", {"html": True})
    careless.validateLink = lambda url: True  # type: ignore[method-assign]

    assert_harmless(careless.render(strip_raw_html(payload)))


@given(st.one_of(TEXTS, HOSTILE, MARKUP))
def test_stored_text_has_no_tag_and_storing_is_idempotent(text: str) -> None:
    stored = strip_raw_html(text)

    assert not re.search(r"<[A-Za-z/!?]", stored)
    assert strip_raw_html(stored) == stored


@given(st.one_of(TEXTS, HOSTILE, MARKUP))
def test_any_text_renders_harmless(text: str) -> None:
    assert_harmless(render_markdown(text))


@pytest.mark.parametrize(
    "bomb",
    [
        "[" * 100_000,
        "[" * 65_000,
        "![" * 32_000,
        "[a](" * 16_000,
        "<" * 65_000,
        "<a " * 21_000,
        "<![" * 21_000,
        "<!--" * 16_000,
        "<script>" * 8_000,
        "<http://" * 8_000,
        "<x@" * 21_000,
        "`" * 65_000,
        "*a " * 21_000,
        "&" * 65_000,
        "> " * 2_000,
        "".join(f"{' ' * 4 * depth}- a\n" for depth in range(100)),
    ],
    ids=lambda bomb: f"{bomb[:9]!r}x{len(bomb)}",
)
def test_bomb_renders_at_once(bomb: str) -> None:
    started = time.process_time()

    assert_harmless(render_markdown(bomb))
    strip_raw_html(bomb)

    # A slow machine may take a few; what is guarded against takes minutes or for ever.
    assert time.process_time() - started < 5


def test_text_with_too_many_brackets_is_shown_as_typed() -> None:
    text = "[" * (MOST_BRACKETS + 1) + "<b>"

    assert render_markdown(text) == f"<pre>{text[:-3]}&lt;b&gt;</pre>"


@pytest.mark.parametrize("piece", ["# a\n", "***\n", "-\n", "&amp;", "\\*", "_a "])
def test_text_with_too_many_signs_is_shown_as_typed(piece: str) -> None:
    text = piece * (MOST_SIGNS + 1)

    assert render_markdown(text).startswith("<pre>")


def test_brackets_count_by_the_paragraph() -> None:
    text = "\n\n".join(["[a](https://a.example) " * 150] * 2)

    assert render_markdown(text).count("<a ") == 300


def test_markdown_is_rendered() -> None:
    html = render_markdown(
        "# Title\n\n| a | b |\n|---|--:|\n| *x* | `y` |\n\n```python\na < b\n```\n\n"
        "[link](https://a.example 'T') ![i](https://a.example/i.png)\n\n- one\n- two\n"
    )

    assert "<h1>Title</h1>" in html
    assert '<td align="right"><code>y</code></td>' in html
    assert '<code class="language-python">a &lt; b' in html
    assert 'rel="nofollow noopener noreferrer ugc"' in html
    assert '<img alt="i" src="https://a.example/i.png">' in html
    assert "<li>one</li>" in html


def test_image_needs_a_web_address() -> None:
    html = render_markdown(
        "![a](i.png) ![b](mailto:x@a.example) ![c](//a.example/c.png)"
    )

    assert re.findall(r'src="([^"]*)"', html) == ["https://a.example/c.png"]


def test_code_survives_storage() -> None:
    stored = strip_raw_html(
        "`Vec<String>` and\n\n```\n<div>\n```\n\n<b>bold</b> List<T>"
    )

    assert stored == "`Vec&lt;String>` and\n\n```\n&lt;div>\n```\n\nbold List&lt;T>"
    assert "<code>Vec&lt;String&gt;</code>" in render_markdown(stored)
    assert "&lt;div&gt;" in render_markdown(stored)


def test_html_is_removed_and_its_words_stay() -> None:
    text = 'A <b class="x">bold</b> word<!-- no -->, <script>no()</script>1 < 2 <https://a.b>'

    assert strip_raw_html(text) == "A bold word, 1 < 2 https://a.b"


def test_plain_text_is_one_line_of_words() -> None:
    text = (
        "# Title\n\nSome *words*, a [link](https://a.example) & `a < b`\n\n- one\n- two"
    )

    assert plain_text(text) == "Title Some words, a link & a < b one two"


def test_threads_do_not_mix_their_texts() -> None:
    texts = [
        f"[{number}][r]\n\n[r]: https://a.example/{number}" for number in range(200)
    ]

    with ThreadPoolExecutor(8) as pool:
        rendered = list(pool.map(render_markdown, texts))

    for number, html in enumerate(rendered):
        assert f'href="https://a.example/{number}"' in html


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("Plain text (with a word), and more.", "Plain text (with a word), and more."),
        ("snake_case, C++ and C#: A & B", "snake_case, C++ and C#: A & B"),
        ("_a_ *b* `c` ~d~", r"\_a\_ \*b\* \`c\` \~d\~"),
        ("[x](y) ![z]", r"\[x\](y) !\[z\]"),
        ("<b> &amp; &#60;", "&lt;b> &amp;amp; &amp;#60;"),
        ("# a #", r"\# a \#"),
        ("- a - b", r"\- a - b"),
        ("1. a 2. b", r"1\. a 2. b"),
        ("12) a", r"12\) a"),
        ("1.5 times", "1.5 times"),
        ("> quoted", r"\> quoted"),
        ("a\\", "a\\\\"),
        ("https://a.example www.a.example", r"https\://a.example www\.a.example"),
        ("@someone :tada: 12:30", r"\@someone \:tada: 12:30"),
        ("{{ x }} {% y %}", r"\{{ x }} \{% y %}"),
        ("a\u2028b\r\nc\x0bd\x85e", "a b c d e"),
        ("\u202eabc\x00\ue000d\ud800", "abcd"),
        ("e\u0301", "é"),
    ],
)
def test_only_what_breaks_out_is_escaped(text: str, escaped: str) -> None:
    assert escape_markdown(text) == escaped


@given(st.one_of(TEXTS, HOSTILE))
def test_escaped_text_reads_as_the_text(text: str) -> None:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(escape_markdown(text))

    inline = [child for token in tokens for child in token.children or []]
    assert {child.type for child in inline} <= {"text"}
    assert "".join(child.content for child in inline) == one_line(text)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://a.example/b?c=d&e#f", "https://a.example/b?c=d&e#f"),
        ("http://a.example:8080", "http://a.example:8080"),
        ("https://a.example/x_(y)[z]", "https://a.example/x_%28y%29%5Bz%5D"),
        ("https://a.example/ü\"<>`'", "https://a.example/%C3%BC%22%3C%3E%60'"),
        ("https://a.example/%28", "https://a.example/%28"),
        ("https://例え.example/", "https://例え.example/"),
        ("http://[2001:db8::1]:8080/x", "http://[2001:db8::1]:8080/x"),
        ("http://[::ffff:192.0.2.1]", "http://[::ffff:192.0.2.1]"),
        ("https://dot.example.org./x", "https://dot.example.org./x"),
        ("https://_under_score.example/", "https://_under_score.example/"),
        ("https://a.example:/x", "https://a.example:/x"),
        # Vowel signs, a joiner and a symbol are no word characters.
        ("https://हिन्दी.भारत/", "https://हिन्दी.भारत/"),
        ("https://نامه\u200cای.example/", "https://نامه\u200cای.example/"),
        ("https://💩.example/", "https://💩.example/"),
        ("https://a.example)x/", "https://a.example%29x/"),
        ("https://\u202ea.example/", "https://%E2%80%AEa.example/"),
        ("https://a.example/cafe\u0301", "https://a.example/cafe%CC%81"),
        ("https://a.example/a\\b", "https://a.example/a%5Cb"),
    ],
)
def test_address_is_made_fit_for_a_link(url: str, target: str) -> None:
    assert link_target(url) == target


@pytest.mark.parametrize(
    "url",
    ["", "a.example", "/x", "//a.example", "ftp://a.example", "javascript:alert(1)",
     "https://", "https://u:p@a.example", "https://a.example\\@b.example",
     "https://a.example/\n", "https://a b.example", "https://[fe80::1%25eth0]/", "https://[x",
     "https://a.example/\x00", "https://[::1]x/", "https://[::1]@b.example/"],
)  # fmt: skip
def test_address_is_refused(url: str) -> None:
    assert link_target(url) is None


@given(st.one_of(TEXTS, HOSTILE), st.one_of(TEXTS, HOSTILE))
def test_every_address_that_is_stored_is_linked(host: str, rest: str) -> None:
    url = clean_url(f"https://{host}.example/{rest}")

    if url:
        line = f"- [name]({link_target(url)}) - Words."
        tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(line)
        inline = next(token for token in tokens if token.type == "inline")
        kinds = [child.type for child in inline.children or []]
        assert kinds == ["link_open", "text", "link_close", "text"]
