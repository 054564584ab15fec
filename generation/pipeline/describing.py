"""What an item's page says: its own text if the source has one, else its facts."""

from __future__ import annotations

from generation.fact_sheet import fact_sheet
from generation.markup import strip_raw_html
from generation.pipeline.draft import BODY, Draft, StepResult, Tools


def skip_validation(draft: Draft, tools: Tools) -> StepResult:
    return StepResult(draft, "links are not checked yet", done=False)


def skip_enrichment(draft: Draft, tools: Tools) -> StepResult:
    return StepResult(draft, "no metadata provider is configured", done=False)


def describe(draft: Draft, tools: Tools) -> StepResult:
    """Write the body of every entry. Raw HTML never gets into one."""
    entries = []
    for entry in draft.entries:
        facts = {key: value for key, value in entry.facts.items() if key != BODY}
        given = entry.facts.get(BODY)
        body = (
            strip_raw_html(given).strip()
            if isinstance(given, str)
            else fact_sheet(entry.description, facts)
        )
        entries.append(entry.model_copy(update={"body": body, "facts": facts}))
    return StepResult(draft.but(entries=tuple(entries)), f"{len(entries)} texts")
