"""Many pages come at once and in order, and a word ends them all."""

from __future__ import annotations

import random
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import structlog

from generation.exceptions import RunCancelled, SourceError, SourceUnreachable
from generation.sources.fetch import (
    Asked,
    Fetched,
    Fetcher,
    FetchLimits,
    Page,
    Stop,
    fetch_each,
)
from tests.generation.sources.servers import (
    ServerPage,
    Site,
    answer,
    drip,
    head,
    serving,
)

LIMITS = FetchLimits(allowed_networks=("127.0.0.0/8",), interval=0)
HEAD = head({"Content-Type": "text/plain"})
# What ends by a word ends within so many seconds; without it, it would take longer.
SOON = 8


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert left <= {"lookup"}


class Gauge:
    """A fetch that takes a while and counts how many are under way."""

    def __init__(self, *, waits_for: int = 0) -> None:
        self.waits_for = waits_for
        self.begun: list[str] = []
        self.most = 0
        self.most_of_a_host: Counter[str] = Counter()
        self._now: Counter[str] = Counter()
        self._changed = threading.Condition()

    def __call__(
        self, url: str, *, typed: bool = True, stop: Stop | None = None
    ) -> Page:
        host = url.split("/")[2]
        with self._changed:
            self.begun.append(url)
            self._now[host] += 1
            self.most = max(self.most, self._now.total())
            self.most_of_a_host[host] = max(self.most_of_a_host[host], self._now[host])
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.most >= self.waits_for, timeout=8)
        time.sleep(0.02 * random.random())
        with self._changed:
            self._now[host] -= 1
        if "bad" in url:
            raise SourceUnreachable(f"{url} is bad")
        return Page(requested_url=url, url=url, content_type="", content=url.encode())


def fetch_all(fetch: Gauge | Fetcher, urls: list[str]) -> list[Fetched]:
    return fetch_each(fetch, [Asked(url) for url in urls], arrived=lambda number: None)


def test_results_are_in_the_order_of_the_request() -> None:
    urls = [f"http://{n % 7}.example/{n}" for n in range(60)]

    fetched = fetch_all(Gauge(), urls)

    assert [found.page and found.page.url for found in fetched] == urls


def test_failures_stand_at_their_place() -> None:
    fetched = fetch_all(Gauge(), ["http://a/1", "http://b/bad", "http://c/3"])

    assert [str(found.error or "") for found in fetched] == [
        *("", "http://b/bad is bad", "")
    ]
    assert all(found.seconds >= 0 for found in fetched)


def test_eight_are_under_way_and_two_of_a_host() -> None:
    gauge = Gauge(waits_for=8)

    fetch_all(gauge, [f"http://{n % 9}.example/{n}" for n in range(90)])

    assert gauge.most == 8
    assert max(gauge.most_of_a_host.values()) <= 2


def test_two_of_a_host_are_under_way() -> None:
    gauge = Gauge(waits_for=2)

    fetch_all(gauge, [f"http://one.example/{n}" for n in range(9)])

    assert gauge.most == 2


def test_one_slow_host_does_not_keep_the_others() -> None:
    gauge = Gauge()

    fetch_all(gauge, [f"http://slow/{n}" for n in range(20)] + ["http://other/1"])

    assert gauge.begun.index("http://other/1") < 4


def test_nothing_to_fetch_is_nothing() -> None:
    assert fetch_all(Gauge(), []) == []


def test_what_is_no_url_is_an_error_like_another() -> None:
    first, second = fetch_all(Fetcher(LIMITS), ["http://[", "nonsense"])

    assert isinstance(first.error, SourceError)
    assert isinstance(second.error, SourceError)


def test_it_is_told_how_many_have_arrived() -> None:
    told: list[int] = []

    fetch_each(Gauge(), [Asked(f"http://{n}/") for n in range(20)], arrived=told.append)

    assert told == sorted(told)
    assert told[-1] == 20


def test_run_goes_by_its_name_in_the_threads() -> None:
    seen: list[object] = []

    def fetch(url: str, *, typed: bool = True, stop: Stop | None = None) -> Page:
        seen.append(structlog.contextvars.get_contextvars().get("run"))
        return Page(requested_url=url, url=url, content_type="", content=b"")

    with structlog.contextvars.bound_contextvars(run="1"):
        fetch_each(fetch, [Asked("http://a/")] * 3, arrived=lambda number: None)

    assert seen == ["1"] * 3


def test_mistake_of_ours_is_not_swallowed() -> None:
    def fetch(url: str, *, typed: bool = True, stop: Stop | None = None) -> Page:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fetch_each(fetch, [Asked("http://a/")] * 3, arrived=lambda number: None)


def test_typed_is_passed_on() -> None:
    seen: list[bool] = []

    def fetch(url: str, *, typed: bool = True, stop: Stop | None = None) -> Page:
        seen.append(typed)
        return Page(requested_url=url, url=url, content_type="", content=b"")

    asked = [Asked("http://a/"), Asked("http://a/", typed=False)]
    fetch_each(fetch, asked, arrived=lambda number: None, at_once=1)

    assert seen == [True, False]


# What ends it


class Patience:
    """Somebody who has enough after a while."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self.ended_at = 0.0

    def __call__(self, number: int) -> None:
        if time.monotonic() > self._until:
            self.ended_at = self.ended_at or time.monotonic()
            raise RunCancelled("enough")


def slow_sites(page: ServerPage, stack: ExitStack) -> list[Site]:
    return [stack.enter_context(serving(page)) for _ in range(3)]


@pytest.mark.parametrize(
    "page",
    [drip(b"", b""), drip(HEAD, b"x"), drip(b"HTTP/1.1 200 OK\r\n", b"X: x\r\n")],
    ids=["silence", "body", "headers"],
)
def test_cancelling_ends_running_fetches_and_drops_the_rest(page: ServerPage) -> None:
    with ExitStack() as stack:
        sites = slow_sites(page, stack)
        asked = [Asked(f"{site.url}/{n}") for n in range(10) for site in sites]
        for site in sites:
            site.pages = {f"/{n}": page for n in range(10)}
        patience = Patience(0.5)

        with pytest.raises(RunCancelled):
            fetch_each(Fetcher(LIMITS), asked, arrived=patience)

        assert time.monotonic() - patience.ended_at < SOON
        assert sum(len(site.requests) for site in sites) == 6


def test_cancelling_ends_lookups_and_turns_and_connections() -> None:
    forever = threading.Event()

    def resolve(host: str, port: int, **wanted: object) -> list[object]:
        if host == "lookup.example":
            forever.wait(20)
        address = ("127.0.0.1", full.getsockname()[1])
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)]

    with ExitStack() as sockets:
        full = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            client = sockets.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        limits = LIMITS.model_copy(update={"interval": 30})
        fetcher = Fetcher(limits, resolve=resolve)  # type: ignore[arg-type]
        hosts = ("lookup.example", "lookup.example", "full.example", "full.example")
        patience = Patience(0.5)

        with pytest.raises(RunCancelled):
            fetch_each(
                fetcher, [Asked(f"http://{host}/") for host in hosts], arrived=patience
            )

        assert time.monotonic() - patience.ended_at < SOON
    forever.set()


def test_ctrl_c_ends_running_fetches() -> None:
    main = threading.main_thread()
    if threading.current_thread() is not main:
        pytest.skip("only the main thread can be interrupted")
    with serving(drip(HEAD, b"x")) as site:
        timer = threading.Timer(
            0.5, signal.pthread_kill, (main.ident or 0, signal.SIGINT)
        )
        timer.start()
        begun = time.monotonic()

        with pytest.raises(KeyboardInterrupt):
            fetch_each(
                Fetcher(LIMITS), [Asked(site.url)] * 4, arrived=lambda number: None
            )

        assert time.monotonic() - begun < SOON
        assert len(site.requests) == 2
        timer.join()


def test_pages_of_real_servers_come_in_order() -> None:
    with ExitStack() as stack:
        pages = {f"/{n}": answer(str(n).encode()) for n in range(12)}
        sites = [stack.enter_context(serving(pages)) for _ in range(4)]
        urls = [f"{site.url}/{n}" for n in range(12) for site in sites]

        fetched = fetch_all(Fetcher(LIMITS), urls)

    assert [found.page and found.page.content for found in fetched] == [
        str(n).encode() for n in range(12) for _ in range(4)
    ]
