"""What may be asked, to the last character: bounds, defaults, and names that are not known."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from generation.contract.request import (
    MAX_DOCUMENT_BYTES,
    GenerationMethod,
    GenerationRequest,
)


def make_request(**fields: Any) -> GenerationRequest:
    return GenerationRequest.model_validate(
        {"name": "Clocks", "prompt": "things that tell the time", **fields}
    )


def make_document(**fields: Any) -> dict[str, Any]:
    return {"sha256": "0" * 64, "name": "clocks.md", "size": 1, **fields}


def url_of(length: int) -> str:
    return "https://example.org/".ljust(length, "a")


def refusal(**fields: Any) -> tuple[str, str]:
    """The field that is refused, as a dotted path, and what is said of it."""
    with pytest.raises(ValidationError) as refused:
        make_request(**fields)
    (error,) = refused.value.errors()
    return ".".join(map(str, error["loc"])), error["msg"]


def document_with(**fields: Any) -> dict[str, Any]:
    return {"source_documents": [make_document(**fields)]}


INSIDE: list[dict[str, Any]] = [
    {"name": "n"},
    {"name": "n" * 200},
    {"prompt": "p" * 5000},
    {"company": {"name": "c" * 200}},
    {"company": {"name": "Ada", "website": url_of(2000)}},
    {"initial_categories": ["c"] * 200},
    {"initial_categories": ["c" * 200]},
    {"priority_categories": ["c"] * 200},
    {"priority_categories": ["c" * 200]},
    {"target_keywords": ["k"] * 200},
    {"target_keywords": ["k" * 200]},
    {"source_urls": [url_of(40)] * 100},
    {"source_urls": [url_of(2000)]},
    {"source_documents": [make_document()] * 100},
    {"source_documents": [make_document(size=MAX_DOCUMENT_BYTES)] * 4},
    document_with(name="n" * 200),
    document_with(media_type="m" * 200),
    document_with(url=url_of(2000)),
    {"repository_description": "d" * 500},
    {"generation_method": "recreate"},
    {"config": {"max_search_queries": 1}},
    {"config": {"max_search_queries": 100}},
    {"config": {"max_results_per_query": 1}},
    {"config": {"max_results_per_query": 100}},
    {"config": {"max_pages_to_process": 1}},
    {"config": {"max_pages_to_process": 1000}},
    {"config": {"relevance_threshold_content": 0.01}},
    {"config": {"relevance_threshold_content": 1}},
    {"config": {"min_content_length_for_extraction": 0}},
    {"config": {"prompt_comparison_confidence_threshold": 0.01}},
    {"config": {"prompt_comparison_confidence_threshold": 1}},
]


@pytest.mark.parametrize("fields", INSIDE, ids=lambda fields: repr(fields)[:60])
def test_value_just_inside_its_bounds_is_accepted(fields: dict[str, Any]) -> None:
    request = make_request(**fields)

    assert request.model_dump(mode="json", include=set(fields)) != {}
    assert GenerationRequest.model_validate_json(request.model_dump_json()) == request


# The fields, the path of the one that is wrong, and the bound that the message must name.
OUTSIDE: list[tuple[dict[str, Any], str, str]] = [
    ({"name": ""}, "name", "at least 1 character"),
    ({"name": "  "}, "name", "at least 1 character"),
    ({"name": "n" * 201}, "name", "at most 200 characters"),
    ({"prompt": "p" * 5001}, "prompt", "at most 5000 characters"),
    ({"company": {"name": ""}}, "company.name", "at least 1 character"),
    ({"company": {"name": "c" * 201}}, "company.name", "at most 200 characters"),
    (
        {"company": {"name": "Ada", "website": url_of(2001)}},
        "company.website",
        "at most 2000 characters",
    ),
    (
        {"company": {"name": "Ada", "website": "ada.example"}},
        "company.website",
        "http:// or https://",
    ),
    ({"initial_categories": ["c"] * 201}, "initial_categories", "at most 200 items"),
    ({"initial_categories": [""]}, "initial_categories.0", "at least 1 character"),
    (
        {"initial_categories": ["c", "c" * 201]},
        "initial_categories.1",
        "at most 200 characters",
    ),
    ({"priority_categories": ["c"] * 201}, "priority_categories", "at most 200 items"),
    (
        {"priority_categories": ["c" * 201]},
        "priority_categories.0",
        "at most 200 characters",
    ),
    ({"target_keywords": ["k"] * 201}, "target_keywords", "at most 200 items"),
    ({"target_keywords": ["k" * 201]}, "target_keywords.0", "at most 200 characters"),
    ({"source_urls": [url_of(40)] * 101}, "source_urls", "at most 100 items"),
    ({"source_urls": [url_of(2001)]}, "source_urls.0", "at most 2000 characters"),
    ({"source_documents": [make_document()] * 101}, "source_documents", "at most 100"),
    (
        {"source_documents": [make_document(size=MAX_DOCUMENT_BYTES)] * 5},
        "",
        "source_documents may hold 33554432 bytes together",
    ),
    (
        document_with(size=MAX_DOCUMENT_BYTES + 1),
        "source_documents.0.size",
        "less than or equal to 8388608",
    ),
    (document_with(size=0), "source_documents.0.size", "greater than or equal to 1"),
    (document_with(name=""), "source_documents.0.name", "at least 1 character"),
    (document_with(name="n" * 201), "source_documents.0.name", "at most 200"),
    (
        document_with(media_type="m" * 201),
        "source_documents.0.media_type",
        "at most 200",
    ),
    (document_with(url=url_of(2001)), "source_documents.0.url", "at most 2000"),
    (document_with(sha256="0" * 63), "source_documents.0.sha256", "[0-9a-f]{64}"),
    (document_with(sha256="G" * 64), "source_documents.0.sha256", "[0-9a-f]{64}"),
    ({"repository_description": "d" * 501}, "repository_description", "at most 500"),
    ({"generation_method": "append"}, "generation_method", "'create-update'"),
    (
        {"config": {"max_search_queries": 0}},
        "config.max_search_queries",
        "greater than or equal to 1",
    ),
    (
        {"config": {"max_search_queries": 101}},
        "config.max_search_queries",
        "less than or equal to 100",
    ),
    (
        {"config": {"max_results_per_query": 0}},
        "config.max_results_per_query",
        "greater than or equal to 1",
    ),
    (
        {"config": {"max_results_per_query": 101}},
        "config.max_results_per_query",
        "less than or equal to 100",
    ),
    (
        {"config": {"max_pages_to_process": 0}},
        "config.max_pages_to_process",
        "greater than or equal to 1",
    ),
    (
        {"config": {"max_pages_to_process": 1001}},
        "config.max_pages_to_process",
        "less than or equal to 1000",
    ),
    *(
        ({"config": {field: value}}, f"config.{field}", bound)
        for field in (
            "relevance_threshold_content",
            "prompt_comparison_confidence_threshold",
        )
        for value, bound in (
            (0.009, "greater than or equal to 0.01"),
            (1.001, "less than or equal to 1"),
            (float("nan"), "less than or equal to 1"),
            (float("inf"), "less than or equal to 1"),
        )
    ),
    (
        {"config": {"min_content_length_for_extraction": -1}},
        "config.min_content_length_for_extraction",
        "greater than or equal to 0",
    ),
]


@pytest.mark.parametrize(
    ("fields", "path", "bound"), OUTSIDE, ids=[repr(case)[:60] for case in OUTSIDE]
)
def test_value_just_outside_is_refused_by_field_and_bound(
    fields: dict[str, Any], path: str, bound: str
) -> None:
    named, message = refusal(**fields)

    assert named == path
    assert bound in message


@pytest.mark.parametrize(
    "url",
    [
        "example.org/list",
        "ftp://example.org/list",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "//example.org/list",
        "https://",
        "",
    ],
)
def test_source_that_is_not_a_web_address_is_refused(url: str) -> None:
    named, message = refusal(source_urls=[url])

    assert named == "source_urls.0"
    assert "absolute http:// or https:// URL" in message


def test_url_is_kept_as_it_was_typed() -> None:
    request = make_request(source_urls=[" https://example.org/?utm_source=me "])

    assert request.source_urls == ("https://example.org/?utm_source=me",)


@pytest.mark.parametrize(
    "source",
    [
        {"prompt": "clocks"},
        {"source_urls": ["https://example.org/clocks"]},
        {"source_documents": [make_document()]},
    ],
    ids=lambda source: next(iter(source)),
)
def test_one_thing_to_read_is_enough(source: dict[str, Any]) -> None:
    request = GenerationRequest.model_validate({"name": "Clocks", **source})

    assert request.name == "Clocks"


@pytest.mark.parametrize(
    "nothing", [{}, {"prompt": " \n"}, {"source_urls": [], "source_documents": []}]
)
def test_request_with_nothing_to_read_is_refused(nothing: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="give a prompt, source_urls or a source"):
        GenerationRequest.model_validate({"name": "Clocks", **nothing})


def test_request_without_a_name_is_refused() -> None:
    with pytest.raises(ValidationError, match="name\n  Field required"):
        GenerationRequest.model_validate({"prompt": "clocks"})


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"promt": "typo"}, "promt"),
        ({"config": {"max_serch_queries": 3}}, "config.max_serch_queries"),
        ({"company": {"name": "Ada", "url": "x"}}, "company.url"),
        (document_with(text="inline"), "source_documents.0.text"),
    ],
)
def test_unknown_key_is_refused_by_name(fields: dict[str, Any], path: str) -> None:
    named, message = refusal(**fields)

    assert named == path
    assert message == "Extra inputs are not permitted"


def test_defaults_are_those_of_the_contract() -> None:
    request = make_request()

    assert request.model_dump(mode="json") == {
        "name": "Clocks",
        "prompt": "things that tell the time",
        "company": None,
        "initial_categories": [],
        "priority_categories": [],
        "target_keywords": [],
        "source_urls": [],
        "source_documents": [],
        "repository_description": "",
        "generation_method": "create-update",
        "update_with_pull_request": None,
        "allow_removals": False,
        "badge_evaluation_enabled": False,
        "website_repository_creation_method": "built-in",
        "website": None,
        "config": {
            "max_search_queries": 10,
            "max_results_per_query": 20,
            "max_pages_to_process": 10,
            "relevance_threshold_content": 0.5,
            "min_content_length_for_extraction": 300,
            "ai_first_generation_enabled": True,
            "content_filtering_enabled": True,
            "prompt_comparison_confidence_threshold": 0.5,
        },
    }


@pytest.mark.parametrize("method", ["duplicate", "create-using-template", "", None])
def test_website_is_built_in_and_nothing_else(method: str | None) -> None:
    named, message = refusal(website_repository_creation_method=method)

    assert named == "website_repository_creation_method"
    assert "'built-in'" in message


def test_request_cannot_be_changed() -> None:
    request = make_request()

    with pytest.raises(ValidationError, match="frozen"):
        request.name = "Watches"  # type: ignore[misc]


def test_equal_requests_have_equal_fingerprints() -> None:
    spelled_out = make_request(
        config={"max_search_queries": 10},
        generation_method=GenerationMethod.CREATE_UPDATE,
        name=" Clocks ",
    )

    assert make_request().fingerprint() == spelled_out.fingerprint()


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "Watches"},
        {"prompt": "watches"},
        {"initial_categories": ["Sundials"]},
        {"generation_method": "recreate"},
        {"config": {"max_search_queries": 11}},
        {"source_documents": [make_document()]},
    ],
)
def test_another_request_has_another_fingerprint(fields: dict[str, Any]) -> None:
    assert make_request(**fields).fingerprint() != make_request().fingerprint()


@pytest.mark.parametrize(
    ("website", "named"),
    [
        ({"url": "ftp://example.org/"}, "website.url"),
        ({"accent": "green"}, "website.accent"),
        ({"language": "../en"}, "website.language"),
        ({"domain": "a b"}, "website.domain"),
        ({"colour": "#000000"}, "website.colour"),
    ],
)
def test_wrong_wish_for_the_website_is_named(
    website: dict[str, str], named: str
) -> None:
    assert refusal(website=website)[0] == named


@pytest.mark.parametrize("line_end", ["\r\n", "\r", "\n"])
def test_line_ends_are_one_character_however_they_came(line_end: str) -> None:
    typed = line_end.join(["p"] * 2500)

    request = make_request(prompt=typed, repository_description=f"a{line_end}b")

    assert request.prompt == "\n".join(["p"] * 2500)
    assert request.repository_description == "a\nb"
    assert (
        request.fingerprint()
        == make_request(
            prompt=request.prompt, repository_description="a\nb"
        ).fingerprint()
    )
