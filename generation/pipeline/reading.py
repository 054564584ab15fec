"""From sources to candidates. A source that fails costs a warning, never the run."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from generation.contract.request import DocumentReference
from generation.exceptions import NothingFound, SourceError, SourcesBusy
from generation.pipeline.draft import Draft, StepResult, Tools
from generation.pipeline.losses import doubts_of, in_words, reasons_of
from generation.report import SourceReport
from generation.sources import read_document
from generation.sources.candidates import (
    Candidate,
    Document,
    LeftOut,
    Reading,
    Retrieval,
)
from generation.sources.decoding import decode_named, shown_name
from generation.sources.fetch import Asked, Fetched, fetch_each
from generation.sources.titles import name_pages
from generation.sources.urls import source_name

# How often fetched pages are put away while others are under way, in seconds.
KEEPS_EVERY = 5.0
_FOR_GOOD = frozenset({301, 308})


def retrieve_content(draft: Draft, tools: Tools) -> StepResult:
    """Read the documents that were given, and fetch the URLs.

    URLs that a person listed are all fetched; those that the prompt only mentions count
    against `max_pages_to_process`. Whatever arrives first, the order is that of the request.
    """
    request = tools.context.request
    limit = request.config.max_pages_to_process
    urls = [*draft.plan.source_urls, *draft.plan.prompt_urls[:limit]]
    given = len(request.source_documents)
    total = given + len(urls)
    read: list[Document | SourceReport] = []
    for reference in request.source_documents:
        read.append(_read_given(reference, tools.read_document(reference.sha256)))
        tools.progress(len(read) / total)
    # What an attempt before this one has fetched is not fetched again.
    here = {document.source: document for document in draft.documents}
    missing = [url for url in urls if source_name(url) not in here]
    keep = _Keeper(draft, tools, here)
    busy: list[float] = []

    def arrived(number: int, fetched: Fetched) -> None:
        found = _read_fetched(missing[number], fetched)
        if isinstance(found, Document):
            here[found.source] = found
            keep.sometimes()
        elif fetched.error and fetched.error.retry_after:
            busy.append(fetched.error.retry_after)

    fetched = fetch_each(
        tools.fetch,
        # A person wrote the prompt, too.
        [Asked(url, typed=True) for url in missing],
        each=arrived,
        arrived=lambda number: tools.progress((given + number) / total),
    )
    failed = dict(zip(missing, fetched, strict=True))
    read += [
        here.get(source_name(url)) or _read_fetched(url, failed[url]) for url in urls
    ]
    documents = [each for each in read if isinstance(each, Document)]
    failures = [each for each in read if isinstance(each, SourceReport)]
    result = draft.but(
        documents=tuple(documents),
        sources=tuple(failures),
        known_redirects=_moves(fetched),
    ).warning(*(f"{failure.source}: {failure.error}" for failure in failures))
    if not documents and busy:
        raise SourcesBusy(_nothing_read(failures), retry_after=min(busy))
    if not documents:
        raise NothingFound(_nothing_read(failures))
    return StepResult(result, f"{len(documents)} of {total} sources could be read")


def _moves(fetched: Iterable[Fetched]) -> dict[str, str]:
    """Say where addresses have moved to for good, as far as their servers told us."""
    return {
        hop.url: hop.to
        for each in fetched
        if each.page
        for hop in each.page.redirects
        if hop.status in _FOR_GOOD
    }


class _Keeper:
    """Puts away what has arrived, now and then: should we be lost, the rest is enough."""

    def __init__(self, draft: Draft, tools: Tools, here: dict[str, Document]) -> None:
        self._draft = draft
        self._tools = tools
        self._here = here
        self._kept_at = time.monotonic()

    def sometimes(self) -> None:
        if time.monotonic() - self._kept_at < KEEPS_EVERY:
            return
        documents = tuple(self._here[name] for name in sorted(self._here))
        self._tools.keep(self._draft.but(documents=documents))
        self._kept_at = time.monotonic()


def _read_given(
    reference: DocumentReference, content: bytes
) -> Document | SourceReport:
    retrieval = Retrieval(bytes=len(content))
    return _read(
        content,
        source=reference.name,
        url=reference.url or "",
        media_type=reference.media_type,
        retrieval=retrieval,
    )


def _read_fetched(url: str, fetched: Fetched) -> Document | SourceReport:
    source, page = source_name(url), fetched.page
    if page is None:
        problem = fetched.error
        status = problem.status if problem else 0
        return SourceReport(
            source=source,
            error=str(problem),
            retrieval=Retrieval(status=status, seconds=fetched.seconds),
        )
    retrieval = Retrieval(
        status=page.status,
        url=source_name(page.raw_url or page.url),
        redirects=tuple(source_name(hop.url) for hop in page.redirects),
        from_cache=page.from_cache,
        bytes=len(page.content),
        seconds=fetched.seconds,
    )
    return _read(
        page.content,
        source=source,
        url=page.url,
        media_type=page.content_type,
        retrieval=retrieval,
    )


def _read(
    content: bytes, *, source: str, url: str, media_type: str, retrieval: Retrieval
) -> Document | SourceReport:
    """Make a text of bytes, or a report of why they are none."""
    try:
        decoded = decode_named(content, content_type=media_type)
    except SourceError as exc:
        return SourceReport(source=source, error=str(exc), retrieval=retrieval)
    return Document(
        source=source,
        url=url,
        media_type=media_type,
        text=decoded.text,
        retrieval=retrieval.model_copy(
            update={"encoding": decoded.encoding, "encoding_guessed": decoded.guessed}
        ),
    )


def extract_items(draft: Draft, tools: Tools) -> StepResult:
    """Let each document's reader say what it lists."""
    read: list[tuple[Document, Reading | SourceError]] = []
    for number, document in enumerate(draft.documents, 1):
        try:
            read.append((document, read_document(document)))
        except SourceError as exc:
            read.append((document, exc))
        tools.progress(number / len(draft.documents))
    named = iter(
        name_pages([(d.url, r) for d, r in read if isinstance(r, Reading)]),
    )
    candidates: list[Candidate] = []
    left_out: list[LeftOut] = []
    reports: list[SourceReport] = []
    warnings: list[str] = []
    for document, result in read:
        if isinstance(result, SourceError):
            reports.append(_report_of(document, error=str(result)))
            warnings.append(f"{document.source}: {result}")
            continue
        reading = next(named)
        if document.retrieval.encoding_guessed:
            name = shown_name(document.retrieval.encoding)
            warnings.append(f"{document.source}: encoding guessed: {name}")
        if not reading.candidates:
            why = in_words(reasons_of(reading.left_out))
            warnings.append(
                f"{document.source}: no item was found in it"
                + (f": {why}" if why else "")
                + ". Is it the page that holds the list, and not one that links to it?"
            )
        else:
            found = [(c.name, c.url) for c in reading.candidates]
            doubts = doubts_of(found, reading.left_out)
            warnings += [f"{document.source}: {doubt}" for doubt in doubts]
        warnings += [f"{document.source}: {warning}" for warning in reading.warnings]
        candidates += reading.candidates
        left_out += reading.left_out
        reports.append(
            _report_of(
                document,
                kind=reading.kind,
                found=len(reading.candidates) + len(reading.left_out),
                left_out=len(reading.left_out),
            )
        )
    if not candidates:
        raise _nothing_found([*draft.sources, *reports], left_out)
    changed = draft.but(
        documents=(),
        candidates=tuple(candidates),
        left_out=(*draft.left_out, *left_out),
        sources=(*draft.sources, *reports),
    ).warning(*warnings)
    return StepResult(changed, f"{len(candidates)} entries")


def _nothing_found(
    reports: Sequence[SourceReport], left_out: Sequence[LeftOut]
) -> NothingFound:
    """Say of each source why nothing of it became an item."""
    by_source: dict[str, list[LeftOut]] = defaultdict(list)
    for left in left_out:
        by_source[left.source].append(left)
    reasons = [
        (report.source, report.error or in_words(reasons_of(by_source[report.source])))
        for report in reports
    ]
    return NothingFound(
        "no item was found in any source. Give a page, file or URL that lists links"
        + "".join(f"; {source}: {why}" for source, why in reasons[:5] if why),
        reasons=dict(reasons_of(left_out).most_common()),
    )


def _report_of(document: Document, **facts: Any) -> SourceReport:
    return SourceReport(source=document.source, retrieval=document.retrieval, **facts)


def _nothing_read(failures: list[SourceReport]) -> str:
    if not failures:
        return (
            "there is nothing to read: the prompt names no URL, and no search provider is "
            "configured. Give a source"
        )
    reasons = "; ".join(
        f"{failure.source}: {failure.error}" for failure in failures[:5]
    )
    return f"no source could be read ({reasons})"
