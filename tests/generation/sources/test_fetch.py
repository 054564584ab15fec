"""A URL that a stranger gave leads to its page or to an error, and nowhere else.

Rows T14 to T19 of the threat table, against real servers on the loopback.
"""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import tracemalloc
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from pydantic import ValidationError

from generation.exceptions import (
    AddressNotAllowed,
    SourceError,
    SourceTimedOut,
    SourceTooLarge,
    SourceUnreachable,
    UnreadableSource,
)
from generation.sources.fetch import FetchLimits, Page, fetch, is_public
from tests.generation.sources.servers import (
    MIB,
    FakeResolver,
    Handler,
    ServerPage,
    Site,
    answer,
    drip,
    endless,
    gzip_bomb,
    gzipped,
    head,
    raw,
    redirect,
    serving,
    silent_bomb,
)

# 127.0.0.2 plays the public address where 127.0.0.1 is the private one.
pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.2", "::1"])

LOCAL = ("127.0.0.1", 0)
LOOPBACK = FetchLimits(allowed_networks=("127.0.0.0/8",))
HURRIED = FetchLimits(allowed_networks=("127.0.0.0/8",), seconds=0.5)
HEAD = head({"Content-Type": "text/plain"})
SAID = "THE-SERVER-SAID-THIS"
SECRET = "the-secret-of-the-user"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for good.example, its key beside it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "good.pem"
    subject = "-subj /CN=good.example -addext subjectAltName=DNS:good.example"
    key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-days", "2", *key.split(), *subject.split()),
            *("-keyout", path.with_suffix(".key"), "-out", path),
        ],
        check=True,
        capture_output=True,
    )
    return path


@pytest.fixture
def private() -> Iterator[Site]:
    """A server on an address that nobody allowed: its count of visitors stays 0."""
    with serving(answer(b"private")) as site:
        yield site
        assert site.connections == 0


# What a fetch brings home


def test_page_is_fetched() -> None:
    with serving({"/list": answer(b"# A list", content_type="text/markdown")}) as site:
        page = fetch(f"{site.url}/list", limits=LOOPBACK)

        assert page == Page(
            requested_url=f"{site.url}/list",
            url=f"{site.url}/list",
            content_type="text/markdown",
            content=b"# A list",
        )


def test_server_learns_who_is_asking() -> None:
    with serving(answer(b"hello")) as site:
        fetch(site.url, limits=LOOPBACK)

        [(_, headers)] = site.requests
        assert headers["User-Agent"] == "Gazetteer/0.1 (+directory builder)"
        assert headers["Accept-Encoding"] == "gzip"
        assert headers["Host"] == f"127.0.0.1:{site.port}"


def test_page_is_named_after_where_it_was_in_the_end() -> None:
    pages = {"/old": redirect("/new?page=1"), "/new": answer(b"moved here")}
    with serving(pages) as site:
        page = fetch(f"{site.url}/old", limits=LOOPBACK)

        assert page.requested_url == f"{site.url}/old"
        assert page.url == f"{site.url}/new?page=1"
        assert page.content == b"moved here"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_every_kind_of_redirect_is_followed(status: int) -> None:
    pages = {"/": redirect("/new", status=status), "/new": answer(b"moved here")}
    with serving(pages) as site:
        assert fetch(site.url, limits=LOOPBACK).content == b"moved here"


def test_five_redirects_are_followed_and_not_a_sixth() -> None:
    pages = {f"/{n}": redirect(f"/{n + 1}") for n in range(1, 7)}
    with serving({**pages, "/7": answer(b"the end")}) as site:
        assert fetch(f"{site.url}/2", limits=LOOPBACK).content == b"the end"
        with pytest.raises(SourceUnreachable, match="more than 5 redirects"):
            fetch(f"{site.url}/1", limits=LOOPBACK)


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(b"one two"),
        gzip.compress(b"one ") + gzip.compress(b"two"),
        gzip.compress(b"") + gzip.compress(b"one two"),
    ],
    ids=["one member", "two members", "an empty member"],
)
def test_gzip_is_undone(packed: bytes) -> None:
    with serving(gzipped(packed)) as site:
        assert fetch(site.url, limits=LOOPBACK).content == b"one two"


def test_gzip_of_many_chunks_is_undone() -> None:
    body = os.urandom(100_000) + bytes(1_000_000) + os.urandom(100_000)
    with serving(gzipped(gzip.compress(body))) as site:
        assert fetch(site.url, limits=LOOPBACK).content == body


def test_chunked_page_is_fetched() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with serving(raw(head, b"4\r\none \r\n", b"3\r\ntwo\r\n", b"0\r\n\r\n")) as site:
        assert fetch(site.url, limits=LOOPBACK).content == b"one two"


def test_empty_page_is_a_page() -> None:
    with serving({"/": answer(), "/zip": gzipped(b"")}) as site:
        assert fetch(site.url, limits=LOOPBACK).content == b""
        assert fetch(f"{site.url}/zip", limits=LOOPBACK).content == b""


def test_host_in_another_script_is_looked_up_as_in_dns() -> None:
    with serving(answer(b"hello")) as site:
        resolve = FakeResolver([("127.0.0.1", site.port)])

        page = fetch("http://bücher.example/", limits=LOOPBACK, resolve=resolve)

        assert page.content == b"hello"
        assert resolve.hosts == ["xn--bcher-kva.example"]
        assert site.requests[0][1]["Host"] == "xn--bcher-kva.example"


def test_allowed_host_may_have_a_private_address() -> None:
    limits = FetchLimits(allowed_hosts=("Intranet.example.",))
    with serving(answer(b"hello")) as site:
        resolve = FakeResolver([("127.0.0.1", site.port)])

        page = fetch("http://intranet.example/", limits=limits, resolve=resolve)

        assert page.content == b"hello"
        with pytest.raises(AddressNotAllowed):
            fetch("http://x.intranet.example/", limits=limits, resolve=resolve)


def test_second_address_is_tried_when_the_first_refuses() -> None:
    deaf = closed_port()
    with serving(answer(b"hello")) as site:
        resolve = FakeResolver([("127.0.0.1", deaf), ("127.0.0.1", site.port)])

        page = fetch("http://two.example/", limits=LOOPBACK, resolve=resolve)

        assert page.content == b"hello"


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0", "127.0.0.1/8", "all"])
def test_guard_has_no_off_switch(network: str) -> None:
    with pytest.raises(ValidationError):
        FetchLimits(allowed_networks=(network,))


# What it refuses to bring


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/html; charset=utf-8",
        "TEXT/CSV",
        "application/json",
        "application/ld+json",
        "application/vnd.api+json; charset=utf-8",
        "application/rss+xml",
        "application/x-ndjson",
        "application/x-yaml",
        "application/csv",
        "text",
    ],
)
def test_text_is_accepted(content_type: str | None) -> None:
    with serving(answer(b"hello", content_type=content_type)) as site:
        page = fetch(site.url, limits=LOOPBACK)

        assert page.content == b"hello"
        assert page.content_type == (content_type or "")


@pytest.mark.parametrize(
    "content_type",
    [
        "image/png",
        "image/svg+xml",
        "video/mp4",
        "audio/ogg",
        "font/woff2",
        "application/zip",
        "application/octet-stream",
        "application/pdf",
        "application/gzip",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "multipart/form-data",
    ],
)
def test_what_is_not_text_is_refused_before_its_body(content_type: str) -> None:
    with serving(drip(head({"Content-Type": content_type}), b"")) as site:
        with pytest.raises(UnreadableSource, match="not text") as caught:
            fetch(site.url, limits=LOOPBACK)

        assert content_type not in str(caught.value)


@pytest.mark.parametrize("status", [204, 206])
def test_other_good_status_is_a_page(status: int) -> None:
    with serving(answer(status=status)) as site:
        assert fetch(site.url, limits=LOOPBACK).content == b""


@pytest.mark.parametrize("status", [300, 304, 400, 401, 403, 404, 410, 429, 500, 503])
def test_error_names_the_status(status: int) -> None:
    with (
        serving(answer(status=status)) as site,
        pytest.raises(SourceUnreachable, match=f"status {status}"),
    ):
        fetch(site.url, limits=LOOPBACK)


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b"hello" * 100)[:-9],
        gzip.compress(b"hello" * 100)[:15],
        gzip.compress(b"hello")[:3],
        b"this was never compressed",
        gzip.compress(b"hello")[:-4] + b"\0\0\0\0",
    ],
    ids=["no trailer", "half", "no header", "no gzip", "wrong length"],
)
def test_damaged_gzip_is_unreadable(body: bytes) -> None:
    with (
        serving(gzipped(body)) as site,
        pytest.raises(UnreadableSource, match="damaged"),
    ):
        fetch(site.url, limits=LOOPBACK)


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip", "zstd", "x"])
def test_coding_that_nobody_asked_for_is_unreadable(coding: str) -> None:
    with (
        serving(answer(b"?", headers={"Content-Encoding": coding})) as site,
        pytest.raises(UnreadableSource, match="did not ask for"),
    ):
        fetch(site.url, limits=LOOPBACK)


def test_page_that_breaks_off_is_no_page() -> None:
    with (
        serving(answer(b"hello", headers={"Content-Length": "500"})) as site,
        pytest.raises(SourceUnreachable, match="broke"),
    ):
        fetch(site.url, limits=LOOPBACK)


@pytest.mark.parametrize("nonsense", [b"", b"\0\1\2", b"SSH-2.0-x\r\n", b"HTTP/1.1 x"])
def test_server_that_speaks_no_http_is_unreachable(nonsense: bytes) -> None:
    with serving(raw(nonsense)) as site, pytest.raises(SourceUnreachable):
        fetch(site.url, limits=LOOPBACK)


def test_nobody_at_home_is_unreachable() -> None:
    with pytest.raises(SourceUnreachable, match="nothing answers"):
        fetch(f"http://127.0.0.1:{closed_port()}/", limits=LOOPBACK)


def test_unknown_host_is_unreachable() -> None:
    def resolve(*asked: object, **wanted: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(SourceUnreachable, match=r"^Could not fetch http://nope\.ex"):
        fetch("http://nope.example/", resolve=resolve)  # type: ignore[arg-type]


@pytest.mark.parametrize("host", [f"{'a' * 64}.example", "a..example", "x" * 300])
def test_impossible_host_is_an_error(host: str) -> None:
    with pytest.raises(SourceError):
        fetch(f"http://{host}/")


# What it says


@pytest.mark.parametrize(
    "page",
    [
        answer(SAID.encode(), status=404, reason=SAID),
        answer(SAID.encode(), content_type=f"image/{SAID}"),
        answer(SAID.encode(), headers={"Content-Encoding": SAID}),
        answer(SAID.encode(), headers={"Content-Length": "500"}),
        gzipped(SAID.encode()),
        redirect(f"http://{SAID}.invalid:0/{SAID}"),
        redirect(f"ftp://{SAID}/"),
        redirect(f"http://{SAID}@example.com/"),
        redirect(f"http://[{SAID}/"),
        redirect(f"/{SAID}"),
        raw(f"HTTP/1.1 {SAID}\r\n\r\n".encode()),
        raw(f"{SAID}\r\n\r\n".encode()),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", SAID.encode()),
    ],
)
def test_error_repeats_nothing_that_the_server_sent(page: ServerPage) -> None:
    with serving(page) as site, pytest.raises(SourceError) as caught:
        fetch(site.url, limits=LOOPBACK)

    assert SAID.lower() not in str(caught.value).lower()


@pytest.mark.parametrize(
    "url",
    [
        f"http://{SECRET}@example.com/",
        f"http://user:{SECRET}@example.com/",
        f"http://user:{SECRET}/x@example.com/",
        f"http://127.0.0.1/?token={SECRET}",
        f"http://127.0.0.1/#{SECRET}",
        f"ftp://user:{SECRET}@example.com/",
        f"user:{SECRET}@example.com",
        f"http://user:{SECRET}@[/",
    ],
)
def test_error_repeats_no_secret_of_the_url(url: str) -> None:
    with pytest.raises(AddressNotAllowed) as caught:
        fetch(url)

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "   ",
        "nonsense",
        "example.com/list",
        "//example.com/list",
        "http:",
        "http://",
        "http:///list",
        "http:example.com",
        "http://[::1/",
        "http://example.com:port/",
        "http://example.com:99999/",
        "http://exa mple.com/",
        "http://example.com/\r\nHost: other",
        "http://exam\nple.com/",
        "http://*.example.com/",
        "file:///etc/passwd",
        "ftp://example.com/",
        "gopher://example.com/",
        "data:text/plain,hello",
        "javascript:alert(1)",
        "HTTPX://example.com/",
        "localhost:8000/",
    ],
)
def test_what_is_not_a_web_address_is_refused(url: str) -> None:
    resolve = FakeResolver([("127.0.0.1", 80)])

    with pytest.raises(AddressNotAllowed):
        fetch(url, resolve=resolve)

    assert resolve.hosts == []


# T14: private addresses, however they are spelled


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.2",
        "2130706433",
        "017700000001",
        "0x7f000001",
        "0x7F.0.0.1",
        "0177.0.0.1",
        "0177.0.0.0x1",
        "127.1",
        "127.0.1",
        "0",
        "0.0.0.0",
        "localhost",
        "LOCALHOST",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "\uff11\uff12\uff17.0.0.1",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:0:127.0.0.1]",
        "[::127.0.0.1]",
        "[::7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::1]",
        "[2001:db8::1]",
        "[3fff::1]",
        "[5f00::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[100::1]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_private_address_is_refused(scheme: str, host: str, private: Site) -> None:
    with pytest.raises(AddressNotAllowed):
        fetch(f"{scheme}://{host}:{private.port}/")


@pytest.mark.parametrize(
    "authority",
    [
        "user@127.0.0.1:{port}",
        "user:pass@127.0.0.1:{port}",
        "example.com@127.0.0.1:{port}",
        "@127.0.0.1:{port}",
        "example.com\\@127.0.0.1:{port}",
        "127.0.0.1:{port}\\@example.com",
        "127.0.0.1:{port}\\.example.com",
        "example.com&@127.0.0.1:{port}#@example.com/",
        "127.0.0.1:{port}%00.example.com",
        "127.0.0.1\t:{port}",
    ],
)
def test_trick_with_the_authority_is_refused(authority: str, private: Site) -> None:
    with pytest.raises(AddressNotAllowed):
        fetch(f"http://{authority.format(port=private.port)}/")


@pytest.mark.parametrize(
    "host", ["localhost.", "127.0.0.1.", "[fe80::1%25lo]", "127.0.0.1%2f", "0x7f.1."]
)
def test_spelling_that_may_not_even_resolve_leads_nowhere(
    host: str, private: Site
) -> None:
    with pytest.raises(SourceError):
        fetch(f"http://{host}:{private.port}/")


def test_name_of_a_private_address_is_refused(private: Site) -> None:
    for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]:
        with pytest.raises(AddressNotAllowed):
            fetch(
                "http://innocent.example/",
                resolve=FakeResolver([(address, private.port)]),
            )


@pytest.mark.parametrize(
    "address",
    ["93.184.215.14", "2606:2800:21f:cb07::1", "64:ff9b::808:808", "::ffff:8.8.8.8"],
)
def test_public_address_is_public(address: str) -> None:
    assert is_public(address)


# T15: name servers that change their mind


def test_name_is_looked_up_once_and_that_address_is_visited(private: Site) -> None:
    with public_site(answer(b"public")) as (site, limits):
        resolve = FakeResolver(
            [("127.0.0.2", site.port)], [("127.0.0.1", private.port)]
        )

        page = fetch("http://rebinding.example/", limits=limits, resolve=resolve)

        assert page.content == b"public"
        assert resolve.hosts == ["rebinding.example"]


def test_second_connection_is_judged_like_the_first(private: Site) -> None:
    with public_site({"/": redirect("/again")}) as (site, limits):
        resolve = FakeResolver(
            [("127.0.0.2", site.port)], [("127.0.0.1", private.port)]
        )

        with pytest.raises(AddressNotAllowed):
            fetch("http://rebinding.example/", limits=limits, resolve=resolve)

        assert len(resolve.hosts) == 2
        assert site.connections == 1


@pytest.mark.parametrize("is_private_first", [True, False])
def test_one_private_answer_among_public_ones_is_refused(
    is_private_first: bool, private: Site
) -> None:
    with public_site(answer(b"public")) as (site, limits):
        answers = [("127.0.0.2", site.port), ("127.0.0.1", private.port)]
        resolve = FakeResolver(answers[::-1] if is_private_first else answers)

        with pytest.raises(AddressNotAllowed):
            fetch("http://mixed.example/", limits=limits, resolve=resolve)

        assert site.connections == 0


# T16: redirects


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{port}/",
        "http://2130706433:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "//127.0.0.1:{port}/",
        "http://user@127.0.0.1:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "FILE:/etc/passwd",
        "ftp://127.0.0.1:{port}/",
        "gopher://127.0.0.1:{port}/",
        "data:text/plain,hello",
        "http://[",
    ],
)
def test_redirect_into_the_private_is_refused(location: str, private: Site) -> None:
    page = redirect(location.format(port=private.port))
    with (
        public_site(page) as (site, limits),
        pytest.raises(AddressNotAllowed, match=r"the address that .* redirects to"),
    ):
        fetch(site.url, limits=limits)


def test_redirect_in_a_circle_ends() -> None:
    with serving({"/a": redirect("/b"), "/b": redirect("/a")}) as site:
        with pytest.raises(SourceUnreachable, match="more than 5 redirects"):
            fetch(f"{site.url}/a", limits=LOOPBACK)

        assert len(site.requests) == 6


def test_body_of_a_redirect_is_not_read() -> None:
    page = endless(head({"Location": "/new"}, status="302 Found"), mebibytes=400)
    with serving({"/": page, "/new": answer(b"hello")}) as site:
        assert fetch(site.url, limits=LOOPBACK).content == b"hello"

    assert site.bytes_sent < 16 * MIB


# T17: too much, too slow


def test_endless_body_is_cut_off() -> None:
    with (
        serving(endless(HEAD, mebibytes=400)) as site,
        memory_below(32 * MIB),
        pytest.raises(SourceTooLarge, match="5,242,880"),
    ):
        fetch(site.url, limits=LOOPBACK)

    assert site.was_cut_off
    assert site.bytes_sent < 32 * MIB


@pytest.mark.parametrize("encoding", ["Content-Length", "chunked"])
def test_gzip_bomb_does_not_go_off(encoding: str) -> None:
    bomb = gzip_bomb(300)
    page = gzipped(bomb)
    if encoding == "chunked":
        page = raw(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n",
            b"%x\r\n%b\r\n0\r\n\r\n" % (len(bomb), bomb),
        )
    with serving(page) as site, memory_below(32 * MIB), pytest.raises(SourceTooLarge):
        fetch(site.url, limits=LOOPBACK)


def test_many_empty_layers_of_gzip_do_not_keep_us_busy() -> None:
    page = answer(silent_bomb(3), headers={"Content-Encoding": "gzip, gzip, gzip"})
    with serving(page) as site, at_most(8), pytest.raises(UnreadableSource):
        fetch(site.url, limits=HURRIED)


def test_many_empty_members_of_gzip_do_not_keep_us_busy() -> None:
    with serving(gzipped(silent_bomb(1))) as site, at_most(15):
        assert fetch(site.url, limits=LOOPBACK).content == b""


def test_declared_length_is_believed_when_it_is_too_much() -> None:
    page = drip(head({"Content-Length": str(6 * MIB)}), b"")
    with serving(page) as site, at_most(8), pytest.raises(SourceTooLarge):
        fetch(site.url, limits=LOOPBACK)


def test_body_of_exactly_the_limit_is_not_too_large() -> None:
    limits = FetchLimits(allowed_networks=("127.0.0.0/8",), max_bytes=100_000)
    pages = {"/fits": answer(b"x" * 100_000), "/more": answer(b"x" * 100_001)}
    with serving(pages) as site:
        assert len(fetch(f"{site.url}/fits", limits=limits).content) == 100_000
        with pytest.raises(SourceTooLarge):
            fetch(f"{site.url}/more", limits=limits)


@pytest.mark.parametrize(
    "page",
    [
        drip(HEAD, b"x"),
        drip(head({"Content-Length": "1000"}), b"x"),
        drip(head({"Transfer-Encoding": "chunked"}), b"0"),
        drip(head({"Content-Encoding": "gzip"}), gzip.compress(b"")),
        drip(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
        drip(b"HTTP/1.1 200 OK\r\n", b"X: x\r\n"),
        drip(b"", b"H"),
        drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        drip(b"", b""),
        drip(HEAD, b""),
    ],
    ids=[
        *("body", "declared body", "chunk size", "gzip", "header", "headers"),
        *("status line", "continue", "silence", "silence after headers"),
    ],
)
def test_drip_ends_at_the_deadline(page: ServerPage) -> None:
    with serving(page) as site, at_most(8), pytest.raises(SourceTimedOut):
        fetch(site.url, limits=HURRIED)


def test_redirects_share_one_deadline() -> None:
    def slow(handler: Handler) -> None:
        handler.server.closing.wait(0.2)
        redirect("/")(handler)

    with serving(slow) as site, at_most(8), pytest.raises(SourceTimedOut):
        fetch(site.url, limits=HURRIED)


def test_slow_lookup_ends_at_the_deadline() -> None:
    slowly = threading.Event()

    def resolve(*asked: object, **wanted: object) -> list[object]:
        slowly.wait(10)
        return []

    try:
        with at_most(8), pytest.raises(SourceTimedOut):
            fetch("http://slow.example/", limits=HURRIED, resolve=resolve)  # type: ignore[arg-type]
    finally:
        slowly.set()


def test_slow_connection_ends_at_the_deadline() -> None:
    with full_server() as port, at_most(8), pytest.raises(SourceTimedOut):
        fetch(f"http://127.0.0.1:{port}/", limits=HURRIED)


def test_address_that_swallows_packets_leaves_time_for_the_next() -> None:
    limits = FetchLimits(allowed_networks=("127.0.0.0/8",), seconds=3)
    with full_server() as port, serving(answer(b"hello")) as site:
        resolve = FakeResolver([("127.0.0.1", port), ("127.0.0.1", site.port)])

        page = fetch("http://two.example/", limits=limits, resolve=resolve)

        assert page.content == b"hello"


def test_slow_handshake_ends_at_the_deadline() -> None:
    # Nobody accepts, but the kernel connects.
    with (
        socket.create_server(LOCAL) as mute,
        at_most(8),
        pytest.raises(SourceTimedOut),
    ):
        fetch(f"https://127.0.0.1:{mute.getsockname()[1]}/", limits=HURRIED)


def test_timer_ends_with_the_fetch() -> None:
    with serving(answer(b"hello")) as site:
        fetch(site.url, limits=LOOPBACK)

    assert not timers()


def test_interrupt_passes_through_a_fetch() -> None:
    main = threading.main_thread()
    if threading.current_thread() is not main:
        pytest.skip("only the main thread can be interrupted")

    def interrupt(handler: Handler) -> None:
        handler.send(HEAD)
        signal.pthread_kill(main.ident or 0, signal.SIGINT)
        handler.server.closing.wait(10)

    with serving(interrupt) as site, at_most(8), pytest.raises(KeyboardInterrupt):
        fetch(site.url, limits=LOOPBACK)

    assert not timers()


def test_interrupt_passes_through_a_lookup() -> None:
    def resolve(*asked: object, **wanted: object) -> list[object]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("http://example.com/", resolve=resolve)  # type: ignore[arg-type]

    assert not timers()


# T18: the environment


def test_environment_offers_no_proxy_and_no_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, private: Site
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login me password {SECRET}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ["http_proxy", "https_proxy", "all_proxy"]:
        monkeypatch.setenv(name, private.url)
        monkeypatch.setenv(name.upper(), private.url)

    with serving(answer(b"hello")) as site:
        fetch(site.url, limits=LOOPBACK)

        [(_, headers)] = site.requests
        assert headers["Authorization"] is None
        assert headers["Proxy-Authorization"] is None


# T19: certificates


def test_certificate_of_a_known_signer_is_accepted(certificate: Path) -> None:
    names: list[str | None] = []
    tls = server_tls(certificate)
    tls.sni_callback = lambda _socket, name, _context: names.append(name)

    with serving(answer(b"hello"), tls=tls) as site:
        page = fetch_securely("good.example", site, ca_bundle=str(certificate))

        assert page.content == b"hello"
        assert names == ["good.example"]
        assert site.requests[0][1]["Host"] == "good.example"


def test_self_signed_certificate_is_refused(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"]:
        monkeypatch.setenv(name, str(certificate))
    with serving(answer(b"hello"), tls=server_tls(certificate)) as site:
        with pytest.raises(SourceUnreachable, match="certificate"):
            fetch_securely("good.example", site)

        assert site.requests == []


def test_certificate_of_another_name_is_refused(certificate: Path) -> None:
    with serving(answer(b"hello"), tls=server_tls(certificate)) as site:
        with pytest.raises(SourceUnreachable, match="certificate"):
            fetch_securely("other.example", site, ca_bundle=str(certificate))

        assert site.requests == []


def test_slow_body_over_tls_ends_at_the_deadline(certificate: Path) -> None:
    with (
        serving(drip(HEAD, b"x"), tls=server_tls(certificate)) as site,
        at_most(8),
        pytest.raises(SourceTimedOut),
    ):
        fetch_securely("good.example", site, ca_bundle=str(certificate), seconds=0.5)


def test_redirect_from_a_secure_page_to_one_that_is_not_is_refused(
    certificate: Path,
) -> None:
    tls = server_tls(certificate)
    with (
        serving(answer(b"hello")) as plain,
        serving(redirect(plain.url), tls=tls) as secure,
    ):
        with pytest.raises(AddressNotAllowed, match="not secure"):
            fetch_securely("good.example", secure, ca_bundle=str(certificate))

        assert plain.connections == 0


def test_missing_ca_bundle_is_our_own_mistake() -> None:
    with pytest.raises(OSError, match="CA certificate bundle"):
        fetch("https://example.com/", limits=FetchLimits(ca_bundle="/nowhere.pem"))


# Helpers


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


@contextmanager
def memory_below(limit: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < limit


@contextmanager
def public_site(
    pages: Mapping[str, ServerPage] | ServerPage,
) -> Iterator[tuple[Site, FetchLimits]]:
    """A server on the one address that its limits take for public."""
    limits = FetchLimits(allowed_networks=("127.0.0.2/32",))
    with serving(pages, address="127.0.0.2") as site:
        yield site, limits


@contextmanager
def full_server() -> Iterator[int]:
    """The port of a server that lets connections wait for ever."""
    with ExitStack() as sockets:
        server = sockets.enter_context(socket.create_server(LOCAL, backlog=0))
        for _ in range(4):
            client = sockets.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]


def closed_port() -> int:
    with socket.create_server(LOCAL) as server:
        return int(server.getsockname()[1])


def timers() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if isinstance(t, threading.Timer)]


def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    return context


def fetch_securely(
    host: str, site: Site, *, ca_bundle: str = "", seconds: float = 20
) -> Page:
    limits = FetchLimits(
        allowed_networks=("127.0.0.0/8",), ca_bundle=ca_bundle, seconds=seconds
    )
    resolve = FakeResolver([("127.0.0.1", site.port)])
    return fetch(f"https://{host}/", limits=limits, resolve=resolve)
