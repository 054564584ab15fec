"""What an item's page says: its own text if the source has one, else its facts."""

from __future__ import annotations

from typing import Any

from generation.markup import escape_markdown, link_target, strip_raw_html
from generation.pipeline.draft import Draft, Entry, StepResult, Tools
from generation.sources.urls import clean_url, host_of

BODY = "markdown"


def skip_validation(draft: Draft, tools: Tools) -> StepResult:
    return StepResult(draft, "links are not checked yet", done=False)


def skip_enrichment(draft: Draft, tools: Tools) -> StepResult:
    return StepResult(draft, "no metadata provider is configured", done=False)


def describe(draft: Draft, tools: Tools) -> StepResult:
    """Write the body of every entry. Raw HTML never gets into one."""
    entries = []
    for number, entry in enumerate(draft.entries, 1):
        given = entry.facts.get(BODY)
        body = strip_raw_html(given) if isinstance(given, str) else body_of(entry)
        facts = {key: value for key, value in entry.facts.items() if key != BODY}
        entries.append(entry.model_copy(update={"body": body.strip(), "facts": facts}))
        if number % 500 == 0:
            tools.progress(number / len(draft.entries))
    return StepResult(draft.but(entries=tuple(entries)), f"{len(entries)} texts")


def body_of(entry: Entry) -> str:
    """Write a short text from what is known: the description, then a list of facts."""
    lines = [
        f"- {_title(key)}: {_value(value)}"
        for key, value in sorted(entry.facts.items())
        if isinstance(value, str | int | float | list) and key != BODY and value != ""
    ]
    paragraphs = [escape_markdown(entry.description), "\n".join(lines)]
    return "\n\n".join(filter(None, paragraphs))


def _title(key: str) -> str:
    return key.removesuffix("_url").replace("_", " ").strip().capitalize()


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_value(part) for part in value)
    text = str(value)
    if target := link_target(clean_url(text)):
        return f"[{escape_markdown(host_of(text))}]({target})"
    return escape_markdown(text)
