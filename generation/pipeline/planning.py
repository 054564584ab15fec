"""What is asked for: the request, and what its prompt says in so many words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generation.contract.context import RunContext
from generation.contract.request import GenerationRequest
from generation.pipeline.draft import Draft, Plan, StepResult, Tools
from generation.sources.urls import canonical_url, urls_in

_CATEGORIES = re.compile(
    r"\b(?P<priority>priority )?categor(?:y|ies)\s*(?::|are|is)\s*(?P<names>[^.\n]+)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]{3,}")


# What the *ever-works* platform knows and this version does not use yet.
_UNUSED = ("target_keywords", "repository_description")
_UNUSED_NUMBERS = (
    "max_search_queries",
    "max_results_per_query",
    "relevance_threshold_content",
    "min_content_length_for_extraction",
    "ai_first_generation_enabled",
    "content_filtering_enabled",
)


def process_prompt(draft: Draft, tools: Tools) -> StepResult:
    """Find the URLs and categories that the prompt names, and add the request's."""
    request = tools.context.request
    asked = {canonical_url(url) for url in request.source_urls}
    urls = [url for url in urls_in(request.prompt) if canonical_url(url) not in asked]
    categories = list(request.initial_categories)
    priorities = list(request.priority_categories)
    for match in _CATEGORIES.finditer(request.prompt):
        names = _names(match["names"])
        categories += names
        priorities += names if match["priority"] else []
    plan = Plan(
        source_urls=_distinct(request.source_urls),
        prompt_urls=tuple(urls),
        categories=tuple(dict.fromkeys([*categories, *priorities])),
        priorities=tuple(dict.fromkeys(priorities)),
    )
    sources = len(plan.source_urls) + len(urls) + len(request.source_documents)
    note = f"{_count(sources, 'source')}, {_count(len(plan.categories), 'category')}"
    warnings = (*tools.context.warnings, *_without_effect(tools.context))
    return StepResult(draft.but(plan=plan).warning(*warnings), note)


def _without_effect(context: RunContext) -> Iterator[str]:
    """Name what is asked in vain. Stored requests are complete, so defaults say nothing."""
    request, default = context.request, GenerationRequest.model_construct(name="")
    names = [
        *(n for n in _UNUSED if getattr(request, n) != getattr(default, n)),
        *(
            f"config.{n}"
            for n in _UNUSED_NUMBERS
            if getattr(request.config, n) != getattr(default.config, n)
        ),
    ]
    if names:
        verb = "has" if len(names) == 1 else "have"
        yield f"{', '.join(names)} {verb} no effect in this version."
    if request.name != context.directory.name:
        yield (
            "name has no effect on a directory that exists: it is still called "
            f"“{context.directory.name}”."
        )


def compare_prompt(draft: Draft, tools: Tools) -> StepResult:
    """Warn when the prompt has left the subject of the run before. Never stop for it."""
    request, before = tools.context.request, tools.context.previous_prompt
    if not before or not request.prompt:
        return StepResult(
            draft, "there is no earlier prompt to compare with", done=False
        )
    similarity = word_similarity(before, request.prompt)
    note = f"{similarity:.0%} of the words are those of the prompt before"
    # Half of a model's threshold: the words of a rewritten prompt differ by much.
    if similarity < request.config.prompt_comparison_confidence_threshold / 2:
        draft = draft.warning(
            "The prompt seems to be about something else than the last one. "
            "The directory was updated; start a new one if that is what you meant."
        )
    return StepResult(draft, note)


def skip_search_queries(draft: Draft, tools: Tools) -> StepResult:
    return StepResult(draft, "no search provider is configured", done=False)


def skip_web_search(draft: Draft, tools: Tools) -> StepResult:
    return StepResult(draft, "no search provider is configured", done=False)


def word_similarity(one: str, other: str) -> float:
    """Compare two texts by the words they share: 0 for none, 1 for all (Jaccard)."""
    words, others = (set(_WORD.findall(text.casefold())) for text in (one, other))
    return len(words & others) / len(words | others) if words | others else 1.0


def _distinct(urls: tuple[str, ...]) -> tuple[str, ...]:
    """Drop repeated links, whatever their spelling; the first one stays."""
    return tuple({canonical_url(url): url for url in reversed(urls)}.values())[::-1]


def _names(text: str) -> list[str]:
    parts = re.split(r",|;|\band\b", text)
    return [name for part in parts if 0 < len(name := part.strip(" \"'`")) <= 60]


def _count(number: int, noun: str) -> str:
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number} {noun if number == 1 else plural}"
