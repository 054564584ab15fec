"""From sources to candidates. A source that fails costs a warning, never the run."""

from __future__ import annotations

from generation.exceptions import NothingFound, SourceError
from generation.pipeline.draft import Draft, StepResult, Tools
from generation.report import SourceReport
from generation.sources import read_document
from generation.sources.candidates import Candidate, Document, LeftOut
from generation.sources.decoding import decode
from generation.sources.urls import source_name


def retrieve_content(draft: Draft, tools: Tools) -> StepResult:
    """Read the documents that were given, and fetch the URLs.

    URLs that a person listed are all fetched; those that the prompt only mentions count
    against `max_pages_to_process`.
    """
    request = tools.context.request
    limit = request.config.max_pages_to_process
    urls = [*draft.plan.source_urls, *draft.plan.prompt_urls[:limit]]
    total = len(request.source_documents) + len(urls)
    documents: list[Document] = []
    failures: list[SourceReport] = []
    for reference in request.source_documents:
        content = tools.read_document(reference.sha256)
        try:
            text = decode(content, content_type=reference.media_type)
        except SourceError as exc:
            failures.append(SourceReport(source=reference.name, error=str(exc)))
            continue
        documents.append(
            Document(
                source=reference.name,
                url=reference.url or "",
                media_type=reference.media_type,
                text=text,
            )
        )
        tools.progress((len(documents) + len(failures)) / total)
    for url in urls:
        try:
            page = tools.fetch(url)
            text = decode(page.content, content_type=page.content_type)
        except SourceError as exc:
            failures.append(SourceReport(source=source_name(url), error=str(exc)))
        else:
            documents.append(
                Document(
                    source=source_name(url),
                    url=page.url,
                    media_type=page.content_type,
                    text=text,
                )
            )
        tools.progress((len(documents) + len(failures)) / total)
    result = draft.but(documents=tuple(documents), sources=tuple(failures)).warning(
        *(f"{failure.source}: {failure.error}" for failure in failures)
    )
    if not documents:
        raise NothingFound(_nothing_read(failures))
    return StepResult(result, f"{len(documents)} of {total} sources could be read")


def extract_items(draft: Draft, tools: Tools) -> StepResult:
    """Let each document's reader say what it lists."""
    candidates: list[Candidate] = []
    left_out: list[LeftOut] = []
    reports: list[SourceReport] = []
    warnings: list[str] = []
    for number, document in enumerate(draft.documents, 1):
        try:
            reading = read_document(document)
        except SourceError as exc:
            reports.append(SourceReport(source=document.source, error=str(exc)))
            warnings.append(f"{document.source}: {exc}")
            continue
        if not reading.candidates:
            warnings.append(
                f"{document.source}: no item was found in it. Is it the page that holds "
                "the list, and not one that links to it?"
            )
        candidates += reading.candidates
        left_out += reading.left_out
        reports.append(
            SourceReport(
                source=document.source,
                kind=reading.kind,
                found=len(reading.candidates) + len(reading.left_out),
                left_out=len(reading.left_out),
            )
        )
        tools.progress(number / len(draft.documents))
    if not candidates:
        unread = [r for r in (*draft.sources, *reports) if r.error]
        raise NothingFound(
            "no item was found in any source. Give a page, file or URL that lists links"
            + "".join(f"; {report.source}: {report.error}" for report in unread[:5])
        )
    result = draft.but(
        documents=(),
        candidates=tuple(candidates),
        left_out=(*draft.left_out, *left_out),
        sources=(*draft.sources, *reports),
    ).warning(*warnings)
    return StepResult(result, f"{len(candidates)} entries")


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
