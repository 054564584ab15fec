"""A visit to a stranger's server ends, whatever the server does."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from generation import visits
from generation.exceptions import LimitExceeded, RepositoryError, SourceError
from generation.git import MAIN, Commit, Repository
from generation.sources.fetch import Fetcher, FetchLimits, PageCache
from generation.visits import visit_page, visit_repository
from tests.fakes import NOON
from tests.generation.sources.servers import answer, drip, serving

LIMITS = FetchLimits(allowed_networks=("127.0.0.0/8",), interval=0)
FETCHER = Fetcher(LIMITS)
PAGE = b"<html><title>Kimai</title><h1>Kimai</h1></html>"


@pytest.fixture
def target(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "target.git")
    repository.create()
    return repository


@pytest.fixture
def source(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "served" / "source.git")
    repository.create()
    item = b"name: Kimai\nsource_url: https://www.kimai.org/\n"
    files = {"data/kimai/kimai.yml": item}
    commit = Commit(None, "First", "Eve", "eve@example.org", NOON, files, ())
    repository.move(MAIN, new=repository.write(commit, ref="refs/heads/a"), old=None)
    return repository


@pytest.fixture
def host(source: Repository) -> Iterator[str]:
    git = ["git", f"--git-dir={source.path}", "update-server-info"]
    subprocess.run(git, check=True)
    handler = partial(SimpleHTTPRequestHandler, directory=str(source.path.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{source.path.name}"
        server.shutdown()


def test_a_page_is_read(tmp_path: Path) -> None:
    fetcher = Fetcher(LIMITS, cache=PageCache(tmp_path, max_bytes=1 << 20))

    page = answer(PAGE, content_type="text/html", headers={"ETag": '"1"'})
    with serving(page) as site:
        details = visit_page(site.url, fetcher=fetcher)

    assert details.name == "Kimai"
    assert list(tmp_path.iterdir()), "the page was kept"


def test_what_the_fetcher_refuses_is_refused() -> None:
    with pytest.raises(SourceError, match="private or reserved"):
        visit_page("http://127.0.0.1:1/", fetcher=Fetcher())


def test_a_page_that_drips_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "PAGE", visits.PAGE._replace(seconds=2))
    start = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"

    with (
        serving(drip(start, b"<p>")) as site,
        pytest.raises(LimitExceeded, match="more than 2 seconds"),
    ):
        visit_page(site.url, fetcher=FETCHER)


def test_a_repository_is_fetched(
    host: str, source: Repository, target: Repository
) -> None:
    visit_repository(host, target.path, fetcher=FETCHER)

    assert target.head() == source.head()


@pytest.mark.parametrize("is_patient", [False, True])
def test_a_git_server_that_drips_ends(
    target: Repository, monkeypatch: pytest.MonkeyPatch, is_patient: bool
) -> None:
    monkeypatch.setattr(visits, "REPOSITORY", visits.REPOSITORY._replace(seconds=3))
    monkeypatch.setattr(visits, "PATIENT", 3)
    start = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"

    with (
        serving({"/x.git/info/refs": drip(start, b"0")}) as site,
        pytest.raises(LimitExceeded, match="more than 3 seconds"),
    ):
        visit_repository(
            f"{site.url}/x.git", target.path, fetcher=FETCHER, is_patient=is_patient
        )


def test_a_server_without_a_repository_is_an_error_of_the_repository(
    host: str, target: Repository
) -> None:
    with pytest.raises(RepositoryError, match="git fetch failed"):
        visit_repository(f"{host}/nothing", target.path, fetcher=FETCHER)
