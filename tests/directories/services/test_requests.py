"""What is kept of a request, and how it is read no matter which version stored it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from directories.models import Directory, GenerationRun, RunState
from directories.services import contexts, execution, runs
from directories.services.directories import store_documents
from directories.services.requests import (
    build_request,
    edit_request,
    kept_request,
    read_stored,
)
from directories.services.revisions import request_of
from generation.contract.commands import (
    AppendLog,
    Outcome,
    RecordGenerationFinish,
    RecordSourcesRead,
)
from generation.contract.request import GenerationRequest
from tests.directories.makers import PRIVATE_URL, claim, document, say, start
from tests.fakes import NOON

WEBSITES: list[dict[str, str]] = [
    {},
    {"accent": "#112233"},
    {"domain": "list.example.org"},
    {"language": "en"},
    {"url": ""},
]


def generate(directory: Directory, **fields: Any) -> GenerationRun:
    """Run it in this process, with a document unless one is kept."""
    is_given = directory.request or "source_documents" in fields
    documents = None if is_given else [document()]
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


def asked(directory: Directory) -> dict[str, Any]:
    directory.refresh_from_db()
    return directory.request or {}


@pytest.mark.django_db(transaction=True)
def test_a_run_that_reads_nothing_leaves_the_request_as_it_was(
    directory: Directory,
) -> None:
    generate(directory)
    before = asked(directory)

    failed = generate(directory, source_urls=[PRIVATE_URL], source_documents=[])
    again = generate(directory)

    assert failed.state == RunState.FAILED
    assert again.state == RunState.SUCCEEDED
    assert again.request == before == asked(directory)


@pytest.mark.django_db(transaction=True)
def test_a_page_without_entries_is_not_read_either(directory: Directory) -> None:
    generate(directory)
    before = asked(directory)
    parked = document("This domain is for sale.\n", "parked.md")
    store_documents(directory, [parked])

    failed = generate(directory, source_documents=[parked.reference()])

    assert failed.state == RunState.FAILED
    assert asked(directory) == before


@pytest.mark.django_db(transaction=True)
def test_a_run_that_reads_one_of_its_sources_has_its_request_kept(
    directory: Directory,
) -> None:
    generate(directory)

    run = generate(directory, source_urls=[PRIVATE_URL])

    assert run.state == RunState.SUCCEEDED
    assert asked(directory)["source_urls"] == [PRIVATE_URL]


@pytest.mark.django_db(transaction=True)
def test_a_run_that_has_read_and_then_fails_has_its_request_kept(
    directory: Directory,
) -> None:
    """Who is told to allow removals types that, and not the sources once more."""
    many = document("\n".join(f"- [C{n}](https://c{n}.example/)" for n in range(40)))
    store_documents(directory, [many])
    generate(directory, source_documents=[many.reference()])
    few = document("- [Only](https://only.example/)\n", "few.md")
    store_documents(directory, [few])

    stopped = generate(
        directory, source_documents=[few.reference()], generation_method="recreate"
    )
    allowed = generate(directory, allow_removals=True)

    assert (stopped.state, allowed.state) == (RunState.FAILED, RunState.SUCCEEDED)
    assert allowed.counts["total"] == 1


@pytest.mark.django_db(transaction=True)
def test_a_failed_run_is_repeated_with_its_own_request(directory: Directory) -> None:
    generate(directory)
    before = asked(directory)
    failed = generate(directory, source_urls=[PRIVATE_URL], source_documents=[])

    run = runs.again(failed, trigger=GenerationRun.Trigger.API, user=None)

    assert run.request["source_urls"] == [PRIVATE_URL]
    assert asked(directory) == before


def test_a_run_of_a_worker_of_the_last_release_is_kept_when_it_succeeds(
    running: GenerationRun,
) -> None:
    assert asked(running.directory) == {}

    finish = RecordGenerationFinish(finished_at=NOON, outcome=Outcome.SUCCEEDED)
    say(running, finish)

    assert asked(running.directory) == running.request


def test_reading_is_enough_to_keep_a_request_and_failing_is_not(
    directory: Directory,
) -> None:
    for command, is_kept in (
        (AppendLog(message="one"), False),
        (RecordSourcesRead(sources=1, entries=2), True),
    ):
        run = start(directory)
        claim(run)
        over = RecordGenerationFinish(finished_at=NOON, outcome=Outcome.FAILED)
        say(run, command, over)

        assert (asked(directory) == run.request) is is_kept


def test_a_request_that_was_edited_meanwhile_is_not_replaced(
    running: GenerationRun,
) -> None:
    edit_request(running.directory, {"name": "Clocks", "prompt": "https://b.example/"})

    say(running, RecordSourcesRead(sources=1, entries=2))

    assert asked(running.directory)["prompt"] == "https://b.example/"
