"""What is kept of a request, and how it is read whoever has stored it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from directories.models import Directory, GenerationRun, RunState
from directories.services import contexts, execution, runs
from directories.services.requests import build_request, kept_request, read_stored
from directories.services.revisions import request_of
from generation.contract.request import GenerationRequest
from tests.directories.makers import claim, document, start

WEBSITES: list[dict[str, str]] = [
    {},
    {"accent": "#112233"},
    {"domain": "list.example.org"},
    {"language": "en"},
    {"url": ""},
]


def generate(directory: Directory, **fields: Any) -> GenerationRun:
    """Run it in this process, with a document unless one is kept."""
    documents = None if directory.request else [document()]
    run = runs.launch(
        directory,
        build_request(directory, fields, documents=documents),
        trigger=GenerationRun.Trigger.API,
        user=directory.owner,
        documents=documents or (),
    )
    directory.refresh_from_db()
    return run


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("website", WEBSITES)
def test_a_website_without_an_address_is_made_twice(
    directory: Directory, website: dict[str, str]
) -> None:
    first = generate(directory, website=website)
    second = generate(directory)

    assert (first.state, second.state) == (RunState.SUCCEEDED, RunState.SUCCEEDED)
    assert "url" not in second.request["website"]
    assert set(website.items()) - {("url", "")} <= second.request["website"].items()


@pytest.mark.django_db(transaction=True)
def test_a_website_that_the_release_stored_with_an_empty_address_is_read(
    directory: Directory,
) -> None:
    generate(directory)
    request = directory.request
    assert request is not None
    request["website"] = {"url": "", "accent": "#112233", "language": "", "domain": ""}
    Directory.objects.update(request=request)
    directory.refresh_from_db()

    kept = request_of(directory)
    run = generate(directory)

    assert kept is not None
    assert kept.website is not None
    assert kept.website.accent == "#112233"
    assert run.state == RunState.SUCCEEDED


def test_what_cannot_be_read_of_a_stored_request_is_left_out_and_named() -> None:
    stored = {
        "name": "Clocks",
        "source_urls": ["https://a.example/", "ftp://b.example/", "https://c.example/"],
        "source_documents": [{"sha256": "0" * 64, "name": "a.md"}],
        "company": {"name": ""},
        "website": {"accent": "red", "language": "en"},
        "config": {"max_pages_to_process": 0, "gone": 1},
        "generation_method": "sideways",
        "shortcut": True,
    }

    request, unreadable = read_stored(stored, name="Clocks")

    assert request == GenerationRequest.model_validate(
        {
            "name": "Clocks",
            "source_urls": ["https://a.example/", "https://c.example/"],
            "website": {"language": "en"},
        }
    )
    assert "source_urls.1 of the stored request is left out" in "\n".join(unreadable)
    for field in ("company", "website.accent", "config.gone", "shortcut"):
        assert any(text.startswith(f"{field} of") for text in unreadable), field


@pytest.mark.parametrize("stored", [None, [], "request", {}, {"name": ["x"]}, {"2": 2}])
def test_any_stored_value_gives_a_request(stored: object) -> None:
    assert read_stored(stored, name="Clocks").request.name == "Clocks"
    assert read_stored(stored, name="\x00").request.name == "directory"


def test_what_is_typed_is_judged_strictly_over_what_is_stored(
    directory: Directory,
) -> None:
    directory.request = {"prompt": "https://a.example/", "gone": 1}

    assert build_request(directory, {}).prompt == "https://a.example/"
    with pytest.raises(ValidationError):
        build_request(directory, {"gone": 1})
    with pytest.raises(ValidationError):
        build_request(directory, {"website": {"url": "x"}})


def test_a_run_says_in_its_log_what_it_left_out(directory: Directory) -> None:
    directory.request = {"prompt": "https://a.example/", "gone": 1}

    run = start(directory)

    (line,) = run.log.all()
    assert line.level == "warning"
    assert line.message.startswith("gone of the stored request is left out")


def test_a_waiting_run_of_an_older_version_is_told_what_can_be_read(
    queued: GenerationRun,
) -> None:
    asked = GenerationRequest.model_validate(queued.request)
    GenerationRun.objects.update(request=queued.request | {"gone": 1})
    claim(queued)

    context = contexts.context_of(queued.pk)

    assert context.request == asked
    assert context.warnings == (
        "gone of the stored request is left out: Extra inputs are not permitted",
    )


@pytest.mark.django_db(transaction=True)
def test_a_run_of_an_older_version_reports_what_it_left_out(
    directory: Directory,
) -> None:
    run = start(directory)
    GenerationRun.objects.update(request=run.request | {"gone": 1})
    run.refresh_from_db()

    report = execution.execute(run)

    assert any(
        text.startswith("gone of the stored request") for text in report.warnings
    )


@pytest.mark.django_db(transaction=True)
def test_a_run_of_an_older_version_can_be_repeated(directory: Directory) -> None:
    old = generate(directory)
    GenerationRun.objects.update(request=old.request | {"gone": 1})
    old.refresh_from_db()

    run = runs.again(old, trigger=GenerationRun.Trigger.API, user=None)

    assert run.state == RunState.SUCCEEDED
    assert "gone" not in run.request
    assert run.log.filter(message__startswith="gone of the stored request").exists()


def test_a_directory_that_keeps_nothing_has_no_request(directory: Directory) -> None:
    assert kept_request(directory) is None
    assert kept_request(None) is None
