"""Links: what is stored, and which spellings are one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.sources.urls import canonical_url, clean_url, page_key

BASE = "https://lists.example.org/tools/index.html"

HOSTS = st.sampled_from(
    [
        "github.com",
        "GitLab.com",
        "www.example.org",
        "www.www.a.b",
        "münchen.de",
        "x.y:80",
    ]
)
PATHS = st.one_of(
    st.text(st.sampled_from("/aB.%24-_~ é?#&=!index.html.git"), max_size=40),
    st.lists(
        st.sampled_from(
            ["/out?url=", "go?to=", "https://a.b/", "https%3A%2F%2Fc.d%2F"]
        ),
        max_size=8,
    ).map("".join),
)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("https://plausible.io/", "https://plausible.io/"),
        ("  <https://redis.io>\n", "https://redis.io"),
        ("https://a.org/?x=1&amp;y=2", "https://a.org/?x=1&y=2"),
        ("https://digipad.app/?utm_source=list&utm_medium=x", "https://digipad.app/"),
        ("https://a.org/?id=7&fbclid=abc#top", "https://a.org/?id=7#top"),
        ("https://a.org/?ref=nav", "https://a.org/?ref=nav"),
        ("https://a.org/two words", "https://a.org/two%20words"),
        ("//cdn.example.org/x", "https://cdn.example.org/x"),
    ],
)
def test_link_is_kept_as_written_but_for_tracking(written: str, stored: str) -> None:
    assert clean_url(written) == stored


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        (
            "https://www.google.com/url?sa=t&q=https%3A%2F%2Fredis.io%2Fdocs&usg=x",
            "https://redis.io/docs",
        ),
        ("https://l.facebook.com/l.php?u=https%3A%2F%2Fredis.io", "https://redis.io"),
        (
            "https://duckduckgo.com/l/?uddg=https%3A%2F%2Fredis.io%2F%3Fa%3D1%26b%3D2",
            "https://redis.io/?a=1&b=2",
        ),
        ("/go?to=https://redis.io/&from=list", "https://redis.io/"),
        ("https://out.example.org/?url=http://redis.io", "http://redis.io"),
        (
            "https://a.example/visit?url=https%3A%2F%2Fb.example%2Fout%3Furl%3Dhttps"
            "%253A%252F%252Fredis.io%252F%253Futm_source%253Dx",
            "https://redis.io/",
        ),
    ],
)
def test_page_that_only_leads_elsewhere_is_passed_by(written: str, stored: str) -> None:
    assert clean_url(written, base=BASE) == stored


@pytest.mark.parametrize(
    "written",
    [
        "https://validator.w3.org/nu/?doc=https%3A%2F%2Fredis.io",
        "https://web.archive.org/web/2020/https://redis.io",
        "https://example.org/login?redirect=https%3A%2F%2Fredis.io",
        "https://example.org/go?url=redis.io",
        "https://example.org/go?url=https%3A%2F%2Fexample.org%2Fabout",
        "https://example.org/go?url=https%3A%2F%2F%0A",
        "https://example.org/go?slug=redis",
        "https://example.org/go?url=https%3A%2F%2Fredis.io&" + "a=1&" * 60,
        "https://example.org/share?url=https%3A%2F%2Fredis.io",
    ],
)
def test_page_that_does_something_with_an_address_is_kept(written: str) -> None:
    assert clean_url(written, base=BASE) == written


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("redis.html", "https://lists.example.org/tools/redis.html"),
        ("../about/", "https://lists.example.org/about/"),
        ("?tool=7", "https://lists.example.org/tools/index.html?tool=7"),
    ],
)
def test_relative_link_is_resolved(written: str, stored: str) -> None:
    assert clean_url(written, base=BASE) == stored


@pytest.mark.parametrize(
    "written",
    [
        "",
        "redis.html",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "mailto:me@example.org",
        "https://user:secret@example.org/",
        "https://user@example.org/",
        "https://exa\nmple.org",
        "https://example.org/\x00",
        "https://https://example.org",
        "https://",
        "https:///path",
        "https://example.org:99999/",
        "https://[::1",
        "https:\\\\example.org",
        "https://example.org\\@evil.example",
        "ftp://example.org/x",
    ],
)
def test_what_is_no_web_address_is_refused(written: str) -> None:
    assert clean_url(written) == ""
    assert canonical_url(written) == ""


@pytest.mark.parametrize(
    "spelling",
    [
        "http://github.com/psf/requests",
        "https://www.github.com/psf/requests/",
        "https://GitHub.com/PSF/Requests",
        "https://github.com/psf/requests.git",
        "https://github.com//psf/requests#readme",
        "https://github.com/psf/requests/tree/main",
        "https://github.com/psf/requests/tree/master/",
        "https://github.com/psf/requests/blob/main/README.md",
        "https://github.com/psf/requests?tab=readme-ov-file#installation",
        "https://github.com:443/psf/requests?utm_source=newsletter",
        "https://github.com/psf/requests?ref=awesome",
    ],
)
def test_spellings_of_a_repository_are_one(spelling: str) -> None:
    assert canonical_url(spelling) == "https://github.com/psf/requests"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.org/index.html", "http://a.org"),
        ("https://a.org/x/?b=2&a=1", "https://www.a.org//x?a=1&b=2"),
        ("https://a.org/%7euser/", "https://a.org/~user"),
        ("https://a.org/caf%c3%a9", "https://a.org/café"),
        ("https://a.org:443/x", "http://a.org:80/x"),
        ("https://a.org./x#section", "https://a.org/x"),
        (
            "https://gitlab.com/group/sub/app/-/tree/main",
            "https://gitlab.com/Group/sub/app",
        ),
        ("https://codeberg.org/a/b/src/branch/main", "https://codeberg.org/a/b"),
    ],
)
def test_two_spellings_are_one(one: str, other: str) -> None:
    assert canonical_url(one) == canonical_url(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.org/App", "https://a.org/app"),
        ("https://app.a.org/#/one", "https://app.a.org/#/two"),
        ("https://github.com/a/b/tree/main/c", "https://github.com/a/b"),
        ("https://a.org/?page=1", "https://a.org/?page=2"),
        ("https://a.org:8080", "https://a.org"),
    ],
)
def test_different_links_stay_apart(one: str, other: str) -> None:
    assert canonical_url(one) != canonical_url(other)


@given(st.builds("https://{}/{}".format, HOSTS, PATHS) | st.text())
def test_canonical_url_is_idempotent(url: str) -> None:
    once = canonical_url(url)

    assert canonical_url(once) == once


@given(st.builds("https://{}/{}".format, HOSTS, PATHS) | st.text())
def test_clean_url_is_idempotent(url: str) -> None:
    once = clean_url(url, base=BASE)

    assert clean_url(once) == once
    assert once == "" or once.lower().startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://pypi.org/project/Foo.Bar/1.2/", "https://pypi.org/project/foo-bar"),
        (
            "https://crates.io/crates/serde_json/1.0",
            "https://crates.io/crates/serde-json",
        ),
        (
            "https://www.npmjs.com/package/React/v/18.0.0",
            "https://npmjs.com/package/react",
        ),
        (
            "https://hub.docker.com/r/library/redis/tags",
            "https://hub.docker.com/_/redis",
        ),
        ("https://arxiv.org/pdf/1706.03762v7.pdf", "https://arxiv.org/abs/1706.03762"),
        (
            "https://apps.apple.com/us/app/signal/id874139669",
            "https://apps.apple.com/de/app/id874139669",
        ),
        (
            "https://marketplace.visualstudio.com/items?itemName=Ms-Python.python",
            "https://marketplace.visualstudio.com/items?itemName=ms-python.python",
        ),
    ],
)
def test_a_package_is_one_in_every_spelling_of_its_registry(
    one: str, other: str
) -> None:
    assert canonical_url(one) == canonical_url(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://npmjs.org/package/react", "https://www.npmjs.com/package/react"),
        ("https://pypi.python.org/pypi/httpx", "https://pypi.org/project/httpx/"),
        (
            "https://en.m.wikipedia.org/wiki/Clock",
            "https://en.wikipedia.org/wiki/Clock",
        ),
        ("https://m.example.org/a", "https://example.org/a"),
        ("https://youtu.be/dQw4w9WgXcQ", "https://www.youtube.com/watch?v=dQw4w9WgXcQ"),
        (
            "https://raw.githubusercontent.com/psf/requests/main/README.md",
            "https://github.com/psf/requests",
        ),
    ],
)
def test_one_page_under_two_hosts_has_one_page_key_and_two_identities(
    one: str, other: str
) -> None:
    assert page_key(one) == page_key(other) != ""
    assert canonical_url(one) != canonical_url(other)


@pytest.mark.parametrize("host", ["m.io", "mobile.de", "amp.dev"])
def test_a_name_of_two_parts_is_no_mobile_host(host: str) -> None:
    assert page_key(f"https://{host}/x") == f"https://{host}/x"
