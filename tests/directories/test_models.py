"""The rules that the database itself keeps, whoever writes."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from directories.models import (
    Directory,
    GenerationRun,
    RunAttempt,
    RunState,
    SourceDocument,
)
from tests.fakes import NOON


def make_run(directory: Directory, **fields: Any) -> GenerationRun:
    return GenerationRun.objects.create(
        **{
            "directory": directory,
            "request": {},
            "request_fingerprint": "0" * 64,
            "trigger": GenerationRun.Trigger.API,
            **fields,
        }
    )


def make_document(directory: Directory, **fields: Any) -> SourceDocument:
    return SourceDocument.objects.create(
        **{
            "directory": directory,
            "sha256": "0" * 64,
            "name": "clocks.md",
            "size": 1,
            "content": b"x",
            **fields,
        }
    )


def finished(state: str) -> dict[str, Any]:
    return {"state": state, "finished_at": NOON}


@pytest.mark.parametrize("first", [RunState.QUEUED, RunState.RUNNING])
@pytest.mark.parametrize("second", [RunState.QUEUED, RunState.RUNNING])
def test_second_active_run_of_a_directory_is_refused(
    directory: Directory, first: RunState, second: RunState
) -> None:
    make_run(directory, state=first)

    with pytest.raises(IntegrityError, match="UNIQUE"), transaction.atomic():
        make_run(directory, state=second)

    assert directory.runs.count() == 1


def test_runs_that_are_over_do_not_count(directory: Directory) -> None:
    for state in (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED) * 2:
        make_run(directory, **finished(state))

    make_run(directory)

    assert directory.runs.active().count() == 1
    assert directory.runs.count() - directory.runs.active().count() == 6


def test_two_directories_may_run_at_once(owner: User, directory: Directory) -> None:
    other = Directory.objects.create(
        owner=owner, namespace="ada", slug="watches", name="Watches"
    )

    make_run(directory)
    make_run(other)

    assert GenerationRun.objects.active().count() == 2


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        (finished("done"), "run_state_is_known"),
        ({"state": ""}, "run_"),
        ({"percent": 101}, "run_percent_is_at_most_100"),
        ({"percent": -1}, "percent"),
        ({"state": RunState.SUCCEEDED}, "run_is_finished_when_it_is_over"),
        ({"state": RunState.FAILED}, "run_is_finished_when_it_is_over"),
        ({"state": RunState.CANCELLED}, "run_is_finished_when_it_is_over"),
        (finished(RunState.QUEUED), "run_is_finished_when_it_is_over"),
        (finished(RunState.RUNNING), "run_is_finished_when_it_is_over"),
    ],
)
def test_impossible_run_is_refused(
    directory: Directory, fields: dict[str, Any], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        make_run(directory, **fields)


@pytest.mark.parametrize("percent", [0, 100])
def test_percent_at_its_bounds_is_kept(directory: Directory, percent: int) -> None:
    run = make_run(directory, percent=percent)

    run.refresh_from_db()
    assert run.percent == percent


def test_attempt_is_numbered_once_a_run(directory: Directory) -> None:
    run = make_run(directory)
    RunAttempt.objects.create(run=run, number=1, worker="one", started_at=NOON)
    RunAttempt.objects.create(run=run, number=2, worker="two", started_at=NOON)

    with pytest.raises(IntegrityError, match="UNIQUE"):
        RunAttempt.objects.create(run=run, number=2, worker="three", started_at=NOON)


def test_empty_document_is_refused(directory: Directory) -> None:
    with pytest.raises(IntegrityError, match="document_is_not_empty"):
        make_document(directory, size=0, content=b"")


def test_document_is_kept_once_a_directory(owner: User, directory: Directory) -> None:
    other = Directory.objects.create(
        owner=owner, namespace="ada", slug="watches", name="Watches"
    )
    make_document(directory)
    make_document(other)

    with pytest.raises(IntegrityError, match="UNIQUE"):
        make_document(directory, name="again.md")


def test_slug_is_unique_in_a_namespace(owner: User, directory: Directory) -> None:
    elsewhere = Directory.objects.create(
        owner=owner, namespace="bob", slug=directory.slug, name="Clocks"
    )

    assert elsewhere.slug == directory.slug
    with pytest.raises(IntegrityError, match="UNIQUE"):
        Directory.objects.create(
            owner=owner, namespace="ada", slug=directory.slug, name="Clocks again"
        )


def test_unknown_status_of_a_directory_is_refused(directory: Directory) -> None:
    directory.generate_status = "done"

    with pytest.raises(IntegrityError, match="directory_generate_status_is_known"):
        directory.save()


@pytest.mark.parametrize("slug", ["Clocks", "-clocks", "git", "a/b", "..", "c" * 81])
def test_validation_refuses_what_is_not_a_slug(owner: User, slug: str) -> None:
    directory = Directory(owner=owner, namespace="ada", slug=slug, name="Clocks")

    with pytest.raises(ValidationError) as refused:
        directory.full_clean()

    assert set(refused.value.message_dict) == {"slug"}


def test_owner_of_a_directory_cannot_be_deleted(
    owner: User, directory: Directory
) -> None:
    with pytest.raises(ProtectedError):
        owner.delete()


def test_directory_takes_its_runs_and_documents_with_it(directory: Directory) -> None:
    make_run(directory)
    make_document(directory)

    directory.delete()

    assert not GenerationRun.objects.exists()
    assert not SourceDocument.objects.exists()
