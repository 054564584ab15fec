"""A request field that has no effect is answered with a warning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generation.contract.request import GenerationRequest, Tuning
from generation.git import Repository
from generation.pipeline.draft import Draft, Tools
from generation.pipeline.planning import process_prompt
from generation.repositories.data import read_data
from tests.fakes import CLOCKS, FakeOperations, make_run

EFFECTIVE = {
    "name", "prompt", "company", "initial_categories", "priority_categories",
    "source_urls", "source_documents", "generation_method", "update_with_pull_request",
    "allow_removals", "website",
    # This one has a warning of its own, and that one has one value.
    "badge_evaluation_enabled", "website_repository_creation_method",
    "config.max_pages_to_process", "config.prompt_comparison_confidence_threshold",
}  # fmt: skip
WITHOUT: dict[str, Any] = {
    "target_keywords": ["brass"],
    "repository_description": "A list.",
    "config.max_search_queries": 11,
    "config.max_results_per_query": 21,
    "config.relevance_threshold_content": 0.6,
    "config.min_content_length_for_extraction": 0,
    "config.ai_first_generation_enabled": False,
    "config.content_filtering_enabled": False,
}


def warnings(tmp_path: Path, **fields: Any) -> tuple[str, ...]:
    return warnings_of(make_run(("clocks.md", CLOCKS), **fields), tmp_path)


def warnings_of(operations: FakeOperations, tmp_path: Path) -> tuple[str, ...]:
    tools = Tools(
        context=operations.context,
        stored=read_data(Repository(tmp_path / "data.git")),
        fetch=lambda *args, **options: pytest.fail("nothing is fetched"),
        read_document=operations.fetch_document,
        progress=lambda fraction: None,
    )
    return process_prompt(Draft(), tools).draft.warnings


def nested(name: str, value: Any) -> dict[str, Any]:
    first, _, second = name.partition(".")
    return {first: {second: value}} if second else {first: value}


def test_every_field_of_a_request_has_an_effect_or_a_warning() -> None:
    fields = set(GenerationRequest.model_fields) - {"config"}
    fields |= {f"config.{name}" for name in Tuning.model_fields}

    assert fields == EFFECTIVE | set(WITHOUT)


@pytest.mark.parametrize("name", WITHOUT)
def test_a_field_without_effect_is_named(tmp_path: Path, name: str) -> None:
    assert warnings(tmp_path, **nested(name, WITHOUT[name])) == (
        f"{name} has no effect in this version.",
    )


def test_several_are_named_at_once(tmp_path: Path) -> None:
    fields = {"target_keywords": ["brass"], "config": {"max_search_queries": 1}}

    assert warnings(tmp_path, **fields) == (
        "target_keywords, config.max_search_queries have no effect in this version.",
    )


def test_a_complete_request_of_defaults_is_not_warned_of(tmp_path: Path) -> None:
    complete = make_run(("clocks.md", CLOCKS)).context.request.model_dump()

    assert warnings(tmp_path, **complete) == ()


def test_another_name_than_the_directorys_is_warned_of(tmp_path: Path) -> None:
    operations = make_run(("clocks.md", CLOCKS))
    named = operations.context.directory.model_copy(update={"name": "Watches"})
    operations.context = operations.context.model_copy(update={"directory": named})

    assert warnings_of(operations, tmp_path) == (
        "name has no effect on a directory that exists: it is still called “Watches”.",
    )
