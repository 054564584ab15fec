"""A fetch asks politely, asks twice only whether something changed, and says where it was.

Row T21 of the threat table, and what strangers' servers do, against real servers on the
loopback.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Timer

import pytest

from generation.exceptions import (
    AddressNotAllowed,
    SourceError,
    SourceTimedOut,
    SourceTooLarge,
    SourceUnreachable,
    SourceUnwelcoming,
    UnreadableSource,
)
from generation.sources.fetch import Fetcher, FetchLimits, Hop, PageCache, Stop
from generation.sources.fetch.raw_files import README_NAMES, Forge
from tests.generation.sources.servers import (
    MIB,
    Handler,
    Names,
    ServerPage,
    Site,
    answer,
    drip,
    endless,
    head,
    in_turn,
    raw,
    redirect,
    serving,
    validated,
)

LIMITS = FetchLimits(allowed_networks=("127.0.0.0/8",), interval=0)
HTML = "text/html; charset=utf-8"
NO_PROGRAMS = answer(b"User-agent: *\nDisallow: /")


def asked(site: Site) -> list[str]:
    return [path for path, _ in site.requests]


@pytest.fixture
def cached(tmp_path: Path) -> Callable[[], Fetcher]:
    """Each a run of its own, with the pages of those before."""

    def make() -> Fetcher:
        cache = PageCache(tmp_path / "pages", max_bytes=100 * MIB)
        return Fetcher(LIMITS, cache=cache)

    return make


# What was fetched before


@pytest.mark.parametrize(
    "validators",
    [
        {"etag": '"v1"'},
        {"etag": 'W/"v1"'},
        {"last_modified": "Sun, 22 Nov 2026 12:00:00 GMT"},
        {"etag": '"v1"', "last_modified": "Sun, 22 Nov 2026 12:00:00 GMT"},
    ],
)
def test_second_run_asks_only_whether_it_changed(
    validators: dict[str, str], cached: Callable[[], Fetcher]
) -> None:
    page = validated(b"# A list", **validators)
    with serving({"/a": page, "/b": page}) as site:
        first = [cached()(f"{site.url}/{name}") for name in "ab"]
        sent = site.bytes_sent
        second = [cached()(f"{site.url}/{name}") for name in "ab"]

        assert [page.content for page in second] == [page.content for page in first]
        assert [page.content_type for page in second] == ["text/plain"] * 2
        assert [page.from_cache for page in first + second] == [False] * 2 + [True] * 2
        assert [page.status for page in second] == [304] * 2
        assert site.bytes_sent - sent < sent
        for _, headers in site.requests[2:]:
            assert headers["If-None-Match"] or headers["If-Modified-Since"]


def test_page_that_changed_is_sent_and_kept(cached: Callable[[], Fetcher]) -> None:
    with serving(validated(b"old", etag='"1"')) as site:
        cached()(site.url)
        site.pages["/"] = validated(b"new", etag='"2"')

        changed, again = cached()(site.url), cached()(site.url)

    assert (changed.content, changed.from_cache) == (b"new", False)
    assert (again.content, again.from_cache) == (b"new", True)


def test_page_without_validators_is_sent_each_time(
    cached: Callable[[], Fetcher],
) -> None:
    with serving(answer(b"hello")) as site:
        assert not any(cached()(site.url).from_cache for _ in range(2))

        assert site.requests[1][1]["If-None-Match"] is None


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_failing_server_gets_no_stale_page(
    status: int, cached: Callable[[], Fetcher]
) -> None:
    with serving(validated(b"hello", etag='"1"')) as site:
        cached()(site.url)
        site.pages["/"] = answer(status=status)

        with pytest.raises(SourceUnreachable, match=f"status {status}"):
            cached()(site.url)


def test_dead_server_gets_no_stale_page(cached: Callable[[], Fetcher]) -> None:
    with serving(validated(b"hello", etag='"1"')) as site:
        url = site.url
        cached()(url)

    with pytest.raises(SourceUnreachable, match="nothing answers"):
        cached()(url)


def test_damaged_page_is_sent_again(
    cached: Callable[[], Fetcher], tmp_path: Path
) -> None:
    with serving(validated(b"hello", etag='"1"')) as site:
        cached()(site.url)
        [path] = (tmp_path / "pages").iterdir()
        path.write_bytes(path.read_bytes().replace(b"hello", b"hullo"))

        page = cached()(site.url)

        assert (page.content, page.from_cache) == (b"hello", False)


def test_kept_page_that_has_become_too_large_is_asked_for_anew(
    cached: Callable[[], Fetcher],
) -> None:
    with serving(validated(b"x" * 1_000, etag='"1"')) as site:
        cached()(site.url)
        fetcher = cached()
        fetcher.limits = FetchLimits(
            allowed_networks=("127.0.0.0/8",), interval=0, max_bytes=999
        )

        with pytest.raises(SourceTooLarge):
            fetcher(site.url)


def test_not_modified_means_nothing_to_who_did_not_ask() -> None:
    with (
        serving(answer(status=304)) as site,
        pytest.raises(SourceUnreachable, match="status 304"),
    ):
        Fetcher(LIMITS)(site.url)


def test_what_is_kept_is_the_text_and_not_its_gzip(
    cached: Callable[[], Fetcher],
) -> None:
    packed = {"Content-Encoding": "gzip"}
    page = validated(gzip.compress(b"hello"), etag='"1"', **packed)
    with serving(page) as site:
        assert [cached()(site.url).content for _ in range(2)] == [b"hello"] * 2


def test_end_of_a_redirect_is_asked_whether_it_changed(
    cached: Callable[[], Fetcher],
) -> None:
    pages = {"/old": redirect("/new"), "/new": validated(b"hello", etag='"1"')}
    with serving(pages) as site:
        cached()(f"{site.url}/old")
        page = cached()(f"{site.url}/old")

        assert page.from_cache
        assert page.url == f"{site.url}/new"


def test_pages_that_differ_in_their_query_are_two(
    cached: Callable[[], Fetcher],
) -> None:
    with serving(validated(b"hello", etag='"1"')) as site:
        pages = [cached()(f"{site.url}/?page={n}") for n in (1, 2, 1)]

    assert [page.from_cache for page in pages] == [False, False, True]


# T21: robots.txt


def test_robots_txt_is_asked_for_what_nobody_typed() -> None:
    with serving({"/robots.txt": NO_PROGRAMS, "/list": answer(b"hello")}) as site:
        with pytest.raises(SourceUnwelcoming, match=r"robots\.txt"):
            Fetcher(LIMITS)(f"{site.url}/list", typed=False)

        assert asked(site) == ["/robots.txt"]


def test_robots_txt_is_not_asked_for_what_a_person_typed() -> None:
    with serving({"/robots.txt": NO_PROGRAMS, "/list": answer(b"hello")}) as site:
        assert Fetcher(LIMITS)(f"{site.url}/list").content == b"hello"

        assert asked(site) == ["/list"]


def test_robots_txt_is_asked_once_for_many_pages() -> None:
    robots = answer(b"User-agent: *\nDisallow: /private")
    with serving({"/robots.txt": robots, "/a": answer(), "/b": answer()}) as site:
        fetcher = Fetcher(LIMITS)
        for name in "ab":
            fetcher(f"{site.url}/{name}", typed=False)
        with pytest.raises(SourceUnwelcoming):
            fetcher(f"{site.url}/private/x", typed=False)

        assert asked(site) == ["/robots.txt", "/a", "/b"]


def test_redirect_to_another_host_was_typed_by_nobody() -> None:
    pages = {"/robots.txt": NO_PROGRAMS, "/": answer(b"hello")}
    with (
        serving(pages) as there,
        serving(redirect("http://there.example/")) as here,
    ):
        names = Names(there_example=there, here_example=here)
        with pytest.raises(SourceUnwelcoming, match="redirects to"):
            Fetcher(LIMITS, resolve=names)("http://here.example/")

        assert asked(here) == ["/"]
        assert asked(there) == ["/robots.txt"]


def test_redirect_within_a_host_is_still_what_was_typed() -> None:
    pages = {
        "/": redirect("/new"),
        "/new": answer(b"hello"),
        "/robots.txt": NO_PROGRAMS,
    }
    with serving(pages) as site:
        names = Names(here_example=site, www_here_example=site)
        site.pages["/"] = redirect("http://www.here.example/new")

        page = Fetcher(LIMITS, resolve=names)("http://here.example/")

        assert page.content == b"hello"
        assert asked(site) == ["/", "/new"]


@pytest.mark.parametrize(
    "robots",
    [
        answer(status=404),
        answer(status=403),
        answer(b"<!doctype html>", content_type="text/html"),
        answer(b"User-agent: *\nAllow: /", content_type="application/octet-stream"),
        redirect("/elsewhere"),
        redirect("/robots.txt"),
        endless(head({"Content-Type": "text/plain"}), mebibytes=20),
        raw(head({"Content-Length": str(10 * MIB)}), b"x" * (10 * MIB)),
    ],
    ids=[
        *("none", "none for us", "a page", "no text", "elsewhere", "in a circle"),
        *("endless", "very long"),
    ],
)
def test_strange_robots_txt_forbids_nothing(robots: ServerPage) -> None:
    pages = {"/robots.txt": robots, "/elsewhere": answer(), "/": answer(b"hello")}
    with serving(pages) as site:
        assert Fetcher(LIMITS)(site.url, typed=False).content == b"hello"


@pytest.mark.parametrize(
    "robots",
    [
        answer(status=500),
        answer(status=429),
        drip(head({"Content-Type": "text/plain"}), b"#"),
        raw(b"nonsense"),
    ],
    ids=["broken", "busy", "slow", "no http"],
)
def test_robots_txt_that_cannot_be_read_forbids_everything(robots: ServerPage) -> None:
    limits = LIMITS.model_copy(update={"seconds": 0.5})
    with serving({"/robots.txt": robots, "/": answer(b"hello")}) as site:
        with pytest.raises(SourceUnwelcoming, match="could not be read"):
            Fetcher(limits)(site.url, typed=False)

        assert "/" not in asked(site)


@pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.2"])
def test_robots_txt_leads_into_no_private_network() -> None:
    with serving(answer(b"private")) as private:
        pages = {"/robots.txt": redirect(private.url), "/": answer(b"hello")}
        with serving(pages, address="127.0.0.2") as site:
            limits = FetchLimits(allowed_networks=("127.0.0.2/32",), interval=0)
            with pytest.raises(AddressNotAllowed):
                Fetcher(limits)(site.url, typed=False)

        assert private.connections == 0


# T21: the pace


def test_fetches_from_one_host_lie_apart() -> None:
    limits = LIMITS.model_copy(update={"interval": 0.2})
    with serving(answer(b"hello")) as site:
        fetcher, begun = Fetcher(limits), time.monotonic()
        for _ in range(5):
            fetcher(site.url)

    assert time.monotonic() - begun >= 0.8


def test_default_pace_is_a_second() -> None:
    with serving(answer(b"hello")) as site:
        limits = FetchLimits(allowed_networks=("127.0.0.0/8",))
        fetcher, begun = Fetcher(limits), time.monotonic()
        for _ in range(5):
            fetcher(site.url)

    assert time.monotonic() - begun >= 4


def test_fetches_from_several_hosts_do_not_wait() -> None:
    limits = LIMITS.model_copy(update={"interval": 5})
    with ExitStack() as stack:
        sites = [stack.enter_context(serving(answer(b"hello"))) for _ in range(3)]
        fetcher, begun = Fetcher(limits), time.monotonic()
        for site in sites:
            fetcher(site.url)

    assert time.monotonic() - begun < 5


def test_host_may_send_us_on_within_itself_at_once() -> None:
    limits = LIMITS.model_copy(update={"interval": 5})
    pages = {"/": redirect("/a"), "/a": redirect("/b"), "/b": answer(b"hello")}
    with serving(pages) as site:
        begun = time.monotonic()
        Fetcher(limits)(site.url)

    assert time.monotonic() - begun < 5


def test_delay_of_robots_txt_is_heeded() -> None:
    robots = answer(b"User-agent: *\nCrawl-delay: 0.5")
    with serving({"/robots.txt": robots, "/": answer(b"hello")}) as site:
        fetcher, begun = Fetcher(LIMITS), time.monotonic()
        for _ in range(3):
            fetcher(site.url, typed=False)

    # The first delay is known only after the first visit.
    assert time.monotonic() - begun >= 0.5


def test_waiting_for_a_turn_does_not_use_up_the_time_of_the_fetch() -> None:
    limits = LIMITS.model_copy(update={"interval": 0.8, "seconds": 0.5})
    with serving(answer(b"hello")) as site:
        fetcher = Fetcher(limits)
        for _ in range(2):
            assert fetcher(site.url).content == b"hello"


# Servers that are busy


@pytest.mark.parametrize("status", [429, 503])
def test_busy_server_is_asked_again_when_it_says(status: int) -> None:
    busy = answer(status=status, headers={"Retry-After": "1"})
    with serving(in_turn(busy, answer(b"hello"))) as site:
        begun = time.monotonic()

        assert Fetcher(LIMITS)(site.url).content == b"hello"
        assert time.monotonic() - begun >= 1
        assert len(site.requests) == 2


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "soon"}])
def test_busy_server_that_does_not_say_when_is_not_asked_again(
    headers: dict[str, str],
) -> None:
    with serving(answer(status=503, headers=headers)) as site:
        with pytest.raises(SourceUnreachable, match="Try again later"):
            Fetcher(LIMITS)(site.url)

        assert len(site.requests) == 1


def test_busy_server_is_asked_three_times_at_most() -> None:
    with serving(answer(status=503, headers={"Retry-After": "0"})) as site:
        with pytest.raises(SourceUnreachable, match="status 503"):
            Fetcher(LIMITS)(site.url)

        assert len(site.requests) == 3


def test_server_that_wants_an_hour_is_left_alone_for_the_run() -> None:
    busy = answer(status=429, headers={"Retry-After": "3600"})
    with serving({"/": busy, "/other": answer(b"hello")}) as site:
        fetcher = Fetcher(LIMITS)
        with pytest.raises(SourceUnreachable, match="status 429"):
            fetcher(site.url)
        with pytest.raises(SourceUnreachable, match="stay away for a while"):
            fetcher(f"{site.url}/other")

        assert asked(site) == ["/"]


def test_error_status_other_than_busy_is_not_tried_again() -> None:
    with serving(answer(status=500, headers={"Retry-After": "0"})) as site:
        with pytest.raises(SourceUnreachable, match="status 500"):
            Fetcher(LIMITS)(site.url)

        assert len(site.requests) == 1


# Redirects


def test_way_of_a_redirect_is_told() -> None:
    pages = {
        "/a": redirect("/b?x=1#part", status=301),
        "/b": redirect("http://127.0.0.1:{port}/c", status=302),
        "/c": answer(b"hello"),
    }
    with serving(pages) as site:
        site.pages["/b"] = redirect(f"{site.url}/c")

        page = Fetcher(LIMITS)(f"{site.url}/a")

        assert page.redirects == (
            Hop(url=f"{site.url}/a", status=301, to=f"{site.url}/b?x=1"),
            Hop(url=f"{site.url}/b?x=1", status=302, to=f"{site.url}/c"),
        )


def test_page_without_redirects_tells_none() -> None:
    with serving(answer(b"hello")) as site:
        assert Fetcher(LIMITS)(site.url).redirects == ()


def test_cookie_of_a_redirect_is_shown_at_the_next_hop_and_not_elsewhere() -> None:
    first = answer(status=302, headers={"Location": "/", "Set-Cookie": "seen=yes"})

    def page(handler: Handler) -> None:
        headers = handler.headers
        (answer(b"hello") if headers["Cookie"] == "seen=yes" else first)(handler)

    with serving(page) as site:
        fetcher = Fetcher(LIMITS)

        assert fetcher(site.url).content == b"hello"
        fetcher(site.url)
        assert [headers["Cookie"] for _, headers in site.requests] == [
            *(None, "seen=yes"),
            *(None, "seen=yes"),
        ]


def test_fragment_is_not_sent_and_not_part_of_the_page() -> None:
    with serving({"/list": answer(b"hello")}) as site:
        page = Fetcher(LIMITS)(f"{site.url}/list#sundials")

        assert page.requested_url == f"{site.url}/list#sundials"
        assert page.url == f"{site.url}/list"
        assert asked(site) == ["/list"]


@pytest.mark.parametrize(
    "location",
    [
        "/login?next=/list",
        "/users/sign_in",
        "/accounts/Login.php",
        "http://accounts.example/anything",
        "http://other.example/v3/signin/identifier",
    ],
)
def test_page_to_log_in_at_is_no_page(location: str) -> None:
    form = answer(b"<form>", content_type=HTML)

    def page(handler: Handler) -> None:
        path = handler.path.partition("?")[0]
        known = {"/list": redirect(location), "/robots.txt": answer(status=404)}
        known.get(path, form)(handler)

    with serving({}) as site:
        site.pages = _Everything(page)
        names = Names(here_example=site, accounts_example=site, other_example=site)
        with pytest.raises(UnreadableSource, match="log in"):
            Fetcher(LIMITS, resolve=names)("http://here.example/list")


class _Everything(dict[str, ServerPage]):
    def __init__(self, page: ServerPage) -> None:
        super().__init__()
        self._page = page

    def get(self, *path: object) -> ServerPage:
        return self._page


@pytest.mark.parametrize("path", ["/login-pages-compared", "/blog/sso-tools", "/login"])
def test_page_about_logging_in_is_a_page(path: str) -> None:
    with serving({path: answer(b"hello", content_type=HTML)}) as site:
        assert Fetcher(LIMITS)(f"{site.url}{path}").content == b"hello"


# What it says


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "login"),
        (403, "turn programs away"),
        (404, "no such page"),
        (410, "no such page"),
        (418, "Check the address"),
        (429, "less often"),
        (451, "let us in"),
        (500, "Try again later"),
        (502, "Try again later"),
    ],
)
def test_error_says_what_to_do(status: int, advice: str) -> None:
    with serving(answer(status=status)) as site:
        with pytest.raises(SourceUnreachable, match=advice) as caught:
            Fetcher(LIMITS)(site.url)

        assert f"(status {status})" in str(caught.value) or status == 418
        assert caught.value.status == status


def test_error_without_an_answer_has_no_status() -> None:
    with pytest.raises(SourceError) as caught:
        Fetcher(LIMITS)("ftp://example.com/")

    assert caught.value.status == 0


@pytest.mark.parametrize("name", ["list.md", "list.csv", "list.JSONL", "data.yml"])
def test_text_that_the_server_has_no_name_for_is_text(name: str) -> None:
    unknown = answer(b"hello", content_type="application/octet-stream")
    with serving({f"/{name}": unknown, "/list.bin": unknown}) as site:
        assert Fetcher(LIMITS)(f"{site.url}/{name}").content == b"hello"
        with pytest.raises(UnreadableSource, match="not text"):
            Fetcher(LIMITS)(f"{site.url}/list.bin")


# Files of a forge

LIST = b"# Clocks\n\n- [Sundial](docs/sundial.md) - Lies flat.\n"
GITHUB = Forge("github", "http://hub.example", "http://raw.example")


def on_forge(hub: Site, text: Site, **more: object) -> Fetcher:
    names = Names(hub_example=hub, raw_example=text)
    return Fetcher(LIMITS, forges=(GITHUB,), resolve=names, **more)  # type: ignore[arg-type]


def test_repository_is_read_as_its_readme() -> None:
    with (
        serving({}) as hub,
        serving({"/ada/clocks/HEAD/README.md": answer(LIST)}) as text,
    ):
        page = on_forge(hub, text)("http://hub.example/ada/clocks")

        assert page.content == LIST
        assert page.requested_url == "http://hub.example/ada/clocks"
        assert page.url == "http://hub.example/ada/clocks/blob/HEAD/README.md"
        assert page.raw_url == "http://raw.example/ada/clocks/HEAD/README.md"
        assert page.redirects == ()
        assert hub.requests == []
        assert asked(text) == ["/ada/clocks/HEAD/README.md"]


def test_readme_is_looked_for_under_its_usual_names() -> None:
    pages = {"/ada/clocks/HEAD/README.markdown": answer(LIST)}
    with serving({}) as hub, serving(pages) as text:
        page = on_forge(hub, text)("http://hub.example/ada/clocks")

        assert page.url.endswith("/blob/HEAD/README.markdown")
        assert [path.rpartition("/")[2] for path in asked(text)] == [
            *README_NAMES[: README_NAMES.index("README.markdown") + 1]
        ]


def test_repository_without_a_readme_is_its_page() -> None:
    shown = {"/ada/clocks": answer(b"<p>", content_type=HTML)}
    with serving(shown) as hub, serving({}) as text:
        page = on_forge(hub, text)("http://hub.example/ada/clocks")

        assert page.url == "http://hub.example/ada/clocks"
        assert page.raw_url == ""
        assert len(text.requests) == len(README_NAMES)


def test_repository_that_is_not_there_is_named_as_it_was_given() -> None:
    with (
        serving({}) as hub,
        serving({}) as text,
        pytest.raises(
            SourceUnreachable, match=r"hub\.example/ada/none: there is no such"
        ),
    ):
        on_forge(hub, text)("http://hub.example/ada/none")


@pytest.mark.parametrize("status", [403, 429, 500])
def test_forge_that_fails_is_not_asked_for_other_names(status: int) -> None:
    def fail(handler: Handler) -> None:
        answer(status=status)(handler)

    with serving({}) as hub, serving({"/ada/clocks/HEAD/README.md": fail}) as text:
        with pytest.raises(SourceUnreachable, match=f"status {status}"):
            on_forge(hub, text)("http://hub.example/ada/clocks")

        assert len(text.requests) == 1
        assert hub.requests == []


def test_page_in_the_place_of_a_raw_file_is_not_taken_for_it() -> None:
    pages = {"/ada/clocks/main/list.md": answer(b"<p>moved", content_type=HTML)}
    shown = {"/ada/clocks/blob/main/list.md": answer(b"<p>shown", content_type=HTML)}
    with serving(shown) as hub, serving(pages) as text:
        page = on_forge(hub, text)("http://hub.example/ada/clocks/blob/main/list.md")

        assert page.content == b"<p>shown"


def test_repository_that_has_moved_is_read_where_it_is_now() -> None:
    shown = {
        "/ada/old": redirect("/bob/new", status=301),
        "/bob/new": answer(b"<p>", content_type=HTML),
    }
    with (
        serving(shown) as hub,
        serving({"/bob/new/HEAD/README.md": answer(LIST)}) as text,
    ):
        page = on_forge(hub, text)("http://hub.example/ada/old")

        assert page.content == LIST
        assert page.url == "http://hub.example/bob/new/blob/HEAD/README.md"
        assert page.redirects == (
            Hop(
                url="http://hub.example/ada/old",
                status=301,
                to="http://hub.example/bob/new",
            ),
        )


def test_forge_that_a_short_link_leads_to_decides_about_its_files() -> None:
    text_pages = {
        "/robots.txt": NO_PROGRAMS,
        "/ada/clocks/HEAD/README.md": answer(LIST),
    }
    shown = {"/ada/clocks": answer(b"<p>shown", content_type=HTML)}
    with (
        serving(shown) as hub,
        serving(text_pages) as text,
        serving({"/x": redirect("http://hub.example/ada/clocks")}) as short,
    ):
        names = Names(hub_example=hub, raw_example=text, short_example=short)
        fetcher = Fetcher(LIMITS, forges=(GITHUB,), resolve=names)

        assert fetcher("http://short.example/x").content == b"<p>shown"
        assert asked(text) == ["/robots.txt"]


def test_names_of_a_readme_are_tried_at_the_pace_of_the_host() -> None:
    with serving({}) as hub, serving({"/a/b/HEAD/Readme.md": answer(LIST)}) as text:
        fetcher = on_forge(hub, text)
        fetcher.pacer._interval = 0.3
        begun = time.monotonic()

        fetcher("http://hub.example/a/b")

        assert len(text.requests) == 3
        assert time.monotonic() - begun >= 0.6


def test_second_run_over_a_repository_asks_only_whether_it_changed(
    tmp_path: Path,
) -> None:
    readme = {"/ada/clocks/HEAD/README.md": validated(LIST, etag='"1"')}
    with serving({}) as hub, serving(readme) as text:
        for is_second in (False, True):
            cache = PageCache(tmp_path / "pages", max_bytes=MIB * 100)
            page = on_forge(hub, text, cache=cache)("http://hub.example/ada/clocks")
            assert page.from_cache is is_second
            assert page.content == LIST

        assert text.requests[1][1]["If-None-Match"] == '"1"'


def test_forge_that_was_found_is_asked_for_leave() -> None:
    pages = {"/robots.txt": NO_PROGRAMS, "/ada/clocks/HEAD/README.md": answer(LIST)}
    with serving({}) as hub, serving(pages) as text:
        with pytest.raises(SourceUnwelcoming):
            on_forge(hub, text)("http://hub.example/ada/clocks", typed=False)

        assert asked(text) == ["/robots.txt"]


# Stopping


def stopped_after(seconds: float) -> Stop:
    stop = Stop()
    timer = Timer(seconds, stop.say)
    timer.daemon = True
    timer.start()
    return stop


@pytest.mark.parametrize(
    "page",
    [
        drip(b"", b""),
        drip(b"HTTP/1.1 200 OK\r\n", b"X: x\r\n"),
        drip(head({"Content-Type": "text/plain"}), b"x"),
        answer(status=503, headers={"Retry-After": "20"}),
    ],
    ids=["silence", "headers", "body", "told to return"],
)
def test_fetch_is_stopped_wherever_it_hangs(page: ServerPage) -> None:
    with serving(page) as site:
        begun = time.monotonic()
        with pytest.raises(SourceUnreachable, match="told to stop"):
            Fetcher(LIMITS)(site.url, stop=stopped_after(0.2))

        assert time.monotonic() - begun < 8


def test_fetch_that_waits_for_its_turn_is_stopped() -> None:
    limits = LIMITS.model_copy(update={"interval": 20})
    with serving(answer(b"hello")) as site:
        fetcher = Fetcher(limits)
        fetcher(site.url)
        begun = time.monotonic()
        with pytest.raises(SourceUnreachable, match="told to stop"):
            fetcher(site.url, stop=stopped_after(0.2))

        assert time.monotonic() - begun < 8
        assert len(site.requests) == 1


def test_fetch_after_the_word_does_not_begin() -> None:
    stop = Stop()
    stop.say()
    with serving(answer(b"hello")) as site:
        with pytest.raises(SourceUnreachable, match="told to stop"):
            Fetcher(LIMITS)(site.url, stop=stop)

        assert site.connections == 0


def test_word_is_not_needed_for_a_deadline() -> None:
    limits = LIMITS.model_copy(update={"seconds": 0.3})
    with serving(drip(b"", b"")) as site, pytest.raises(SourceTimedOut):
        Fetcher(limits)(site.url, stop=Stop())
