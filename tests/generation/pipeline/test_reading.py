"""Sources become documents in the order of the request, and each says how it was come by."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generation.exceptions import NothingFound, RunCancelled
from generation.git import Repository
from generation.pipeline.draft import Draft, Plan, Tools
from generation.pipeline.reading import extract_items, retrieve_content
from generation.report import SourceReport
from generation.repositories.data import read_data
from generation.sources.candidates import Retrieval
from generation.sources.fetch import Fetcher, FetchLimits, PageCache
from tests.fakes import CLOCKS, make_run
from tests.generation.sources.servers import (
    Handler,
    ServerPage,
    answer,
    drip,
    head,
    redirect,
    serving,
    validated,
)

LIMITS = FetchLimits(allowed_networks=("127.0.0.0/8",), interval=0)


@pytest.fixture
def tools(tmp_path: Path) -> Callable[..., Tools]:
    def make(
        *documents: tuple[str, str],
        progress: Callable[[float], None] = lambda fraction: None,
        **request: Any,
    ) -> Tools:
        operations = make_run(*documents, **{"prompt": "Clocks", **request})
        return Tools(
            context=operations.context,
            stored=read_data(Repository(tmp_path / "none.git")),
            fetch=Fetcher(LIMITS, cache=PageCache(tmp_path / "p", max_bytes=10**7)),
            read_document=operations.fetch_document,
            progress=progress,
        )

    return make


def drafted(*urls: str, prompt_urls: tuple[str, ...] = ()) -> Draft:
    return Draft(plan=Plan(source_urls=urls, prompt_urls=prompt_urls))


def late(page: ServerPage, seconds: float) -> ServerPage:
    def wait(handler: Handler) -> None:
        handler.server.closing.wait(seconds)
        page(handler)

    return wait


def test_documents_stand_in_the_order_of_the_request(
    tools: Callable[..., Tools],
) -> None:
    pages = {f"/{n}": late(answer(b"%d" % n), 0.05 * (5 - n)) for n in range(5)}
    with serving(pages) as site:
        urls = [f"{site.url}/{n}" for n in range(5)]
        draft = retrieve_content(drafted(*urls), tools(("a.md", CLOCKS))).draft

    assert [document.source for document in draft.documents] == ["a.md", *urls]
    assert [document.text for document in draft.documents[1:]] == list("01234")


def test_failures_stand_in_the_order_of_the_request(
    tools: Callable[..., Tools],
) -> None:
    gone = answer(status=404)
    pages = {"/1": late(gone, 0.2), "/2": gone, "/3": answer(CLOCKS.encode())}
    with serving(pages) as site:
        urls = [f"{site.url}/{n}" for n in (1, 2, 3)]
        result = retrieve_content(drafted(*urls), tools())

    assert [report.source for report in result.draft.sources] == urls[:2]
    assert [text.partition(": ")[0] for text in result.draft.warnings] == urls[:2]
    assert result.note == "1 of 3 sources could be read"


def test_source_says_how_it_was_come_by(tools: Callable[..., Tools]) -> None:
    list_ = "- [Büchse](https://example.org/b) - Eine.\n".encode("cp1252")
    page = answer(list_, content_type="text/markdown; charset=iso-8859-1")
    pages = {"/old": redirect("/list?key=secret"), "/list": page}
    with serving(pages) as site:
        draft = retrieve_content(drafted(f"{site.url}/old"), tools()).draft
        [document] = draft.documents

    found = document.retrieval
    assert found.status == 200
    assert found.url.startswith(f"{site_url(document.url)}/list#")
    assert "secret" not in found.url
    assert found.redirects == (f"{site_url(document.url)}/old",)
    assert (found.bytes, found.encoding, found.from_cache) == (
        len(list_),
        "cp1252",
        False,
    )
    assert 0 < found.seconds < 20


def site_url(url: str) -> str:
    return "/".join(url.split("/")[:3])


def test_second_run_says_that_nothing_was_sent(tools: Callable[..., Tools]) -> None:
    with serving(validated(CLOCKS.encode(), etag='"1"')) as site:
        first, second = (
            retrieve_content(drafted(site.url), tools()).draft for _ in range(2)
        )

    assert [d.text for d in first.documents] == [d.text for d in second.documents]
    assert [d.retrieval.from_cache for d in first.documents] == [False]
    assert [d.retrieval.from_cache for d in second.documents] == [True]


def test_failed_source_says_what_the_server_said(tools: Callable[..., Tools]) -> None:
    pages = {"/busy": answer(status=429), "/": answer(CLOCKS.encode())}
    with serving(pages) as site:
        urls = (f"{site.url}/busy", "http://127.0.0.1:1/", f"{site.url}/")
        draft = retrieve_content(drafted(*urls), tools()).draft

    assert [report.retrieval.status for report in draft.sources] == [429, 0]
    assert all(report.retrieval.seconds > 0 for report in draft.sources)


def test_page_that_nobody_can_read_says_how_much_came(
    tools: Callable[..., Tools],
) -> None:
    pages = {"/": answer(b"%PDF-1.7 and so on"), "/list": answer(CLOCKS.encode())}
    with serving(pages) as site:
        draft = retrieve_content(drafted(site.url, f"{site.url}/list"), tools()).draft

    [report] = draft.sources
    assert "a PDF" in report.error
    assert (report.retrieval.status, report.retrieval.bytes) == (200, 18)


def test_report_of_a_source_that_was_read_has_the_same_facts(
    tools: Callable[..., Tools],
) -> None:
    with serving(answer(CLOCKS.encode(), content_type="text/markdown")) as site:
        its_tools = tools(("a.md", "- [Hourglass](https://example.org/h) - Sand.\n"))
        draft = retrieve_content(drafted(site.url), its_tools).draft
        extracted = extract_items(draft, its_tools).draft

    given, fetched = extracted.sources
    assert given.retrieval == Retrieval(bytes=45, encoding="utf-8")
    assert fetched.retrieval == draft.documents[1].retrieval
    assert fetched.found == 3


def test_report_of_an_earlier_version_can_be_read() -> None:
    stored = {"source": "a.md", "kind": "markdown", "found": 3, "error": ""}

    assert SourceReport.model_validate(stored).retrieval == Retrieval()


def test_relative_link_of_a_readme_leads_to_the_page_of_the_forge(
    tools: Callable[..., Tools],
) -> None:
    readme = b"# Clocks\n\n- [Sundial](docs/sundial.md) - Lies flat in the garden.\n"
    with serving({"/a/b/raw/branch/main/README.md": answer(readme)}) as site:
        its_tools = tools()
        url = f"{site.url}/a/b/src/branch/main/README.md"
        draft = retrieve_content(drafted(url), its_tools).draft
        extracted = extract_items(draft, its_tools).draft

    [candidate] = extracted.candidates
    assert candidate.url == f"{site_url(url)}/a/b/src/branch/main/docs/sundial.md"
    assert candidate.source == url


# Stopping


def test_progress_grows_with_every_source(tools: Callable[..., Tools]) -> None:
    told: list[float] = []
    pages = {f"/{n}": answer(CLOCKS.encode()) for n in range(3)}
    with serving(pages) as site:
        urls = [f"{site.url}/{n}" for n in range(3)]
        retrieve_content(drafted(*urls), tools(("a.md", CLOCKS), progress=told.append))

    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.25, 1)


def test_cancelled_run_does_not_wait_for_slow_servers(
    tools: Callable[..., Tools],
) -> None:
    begun = time.monotonic()

    def progress(fraction: float) -> None:
        if time.monotonic() - begun > 0.4:
            raise RunCancelled("enough")

    with serving(drip(head({"Content-Type": "text/plain"}), b"x")) as site:
        with pytest.raises(RunCancelled):
            retrieve_content(drafted(*[site.url] * 5), tools(progress=progress))

        assert time.monotonic() - begun < 8
        assert len(site.requests) == 2


def test_nothing_read_says_why(tools: Callable[..., Tools]) -> None:
    with (
        serving(answer(status=403)) as site,
        pytest.raises(NothingFound, match=r"status 403.*Save the page"),
    ):
        retrieve_content(drafted(site.url), tools())
