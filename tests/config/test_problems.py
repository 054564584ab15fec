"""Errors over HTTP have one shape (RFC 9457), whoever makes them."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django.fixtures import Settings
from rest_framework.exceptions import Throttled
from rest_framework.test import APIClient

from config import problems
from directories.exceptions import (
    DirectoryNotFound,
    NotPossible,
    RunActive,
    SlugTaken,
    StaleAttempt,
)
from directories.models import Directory
from directories.services import runs
from tests.directories.api.conftest import client_of
from tests.directories.makers import start

if TYPE_CHECKING:
    from rest_framework.response import _MonkeyPatchedResponse as Answer

Asking = Callable[[APIClient, Directory], "Answer"]
DIRECTORIES = "/api/directories/"


def post(
    path: str, body: bytes | str, content_type: str = "application/json"
) -> Asking:
    return lambda api, directory: api.post(path, body, content_type=content_type)


def generate(api: APIClient, directory: Directory) -> Answer:
    return api.post(reverse("generate", args=[directory.pk]), {})


def test_success_is_not_a_problem(directory: Directory) -> None:
    answer = client_of(directory.owner).get(DIRECTORIES)

    assert answer["Content-Type"] == "application/json"


def check_shape(answer: Answer, status: int) -> dict[str, Any]:
    """The members that every problem has, in the media type that says so."""
    document: dict[str, Any] = answer.json()
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert document["type"] == "about:blank"
    assert document["status"] == status
    assert document["title"]
    assert isinstance(document.get("detail", ""), str)
    return document


ERRORS: dict[str, tuple[int, Asking]] = {
    "malformed JSON": (400, post(DIRECTORIES, '{"name": ')),
    "not UTF-8": (400, post(DIRECTORIES, b'{"name": "\xff"}')),
    "not a number of JSON": (400, post(DIRECTORIES, '{"name": NaN}')),
    "too deep": (400, post(DIRECTORIES, "[" * 100_000)),
    "a list": (400, post(DIRECTORIES, "[]")),
    "a string": (400, post(DIRECTORIES, '"name"')),
    "null": (400, post(DIRECTORIES, "null")),
    "a wrong field": (400, post(DIRECTORIES, '{"nam": "Clocks"}')),
    "half a letter": (400, post(DIRECTORIES, r'{"name": "\ud800"}')),
    "another media type": (415, post(DIRECTORIES, "name: Clocks", "application/yaml")),
    "a form": (
        415,
        post(DIRECTORIES, "name=Clocks", "application/x-www-form-urlencoded"),
    ),
    "another method": (405, lambda api, directory: api.delete(DIRECTORIES)),
    "another answer": (
        406,
        lambda api, directory: api.get(DIRECTORIES, HTTP_ACCEPT="text/html"),
    ),
    "no directory": (
        404,
        lambda api, directory: api.get(
            "/api/directories/00000000-0000-4000-8000-000000000000/"
        ),
    ),
    "no UUID": (404, lambda api, directory: api.get("/api/directories/1/")),
    "no such address": (404, lambda api, directory: api.get("/api/nothing/")),
    "no such page": (404, lambda api, directory: api.get("/nothing/")),
    "a wrong host": (
        400,
        lambda api, directory: api.get(DIRECTORIES, HTTP_HOST="evil.example"),
    ),
    "nobody": (401, lambda api, directory: APIClient().get(DIRECTORIES)),
    "nothing to generate": (400, generate),
    "a wrong slug": (422, post(DIRECTORIES, '{"name": "Clocks", "slug": "/"}')),
    "a taken slug": (422, post(DIRECTORIES, '{"name": "Clocks"}')),
}


@pytest.mark.parametrize("name", ERRORS)
def test_error_is_a_problem_document(name: str, directory: Directory) -> None:
    status, asking = ERRORS[name]

    answer = asking(client_of(directory.owner), directory)

    document = check_shape(answer, status)
    taken = "The slug is taken" if name == "a taken slug" else ""
    assert document["title"] == (taken or HTTPStatus(status).phrase)


def test_active_run_is_a_problem_document(directory: Directory) -> None:
    run = start(directory)

    answer = generate(client_of(directory.owner), directory)

    assert check_shape(answer, 409)["run"] == str(run.pk)


def test_body_that_is_too_large_is_refused_unread(
    directory: Directory, settings: Settings
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    body = '{"name": "' + "n" * 100 + '"}'

    answer = post(DIRECTORIES, body)(client_of(directory.owner), directory)

    check_shape(answer, 413)
    assert Directory.objects.count() == 1


def test_mistake_of_ours_says_nothing_of_itself(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*args: Any, **options: Any) -> None:
        raise RuntimeError("SECRET")

    # Nothing that can be passed in fails beyond the views' own checks.
    monkeypatch.setattr(runs, "start", stumble)

    answer = client_of(directory.owner).post(
        reverse("generate", args=[directory.pk]), {"prompt": "https://a.example/"}
    )

    assert "SECRET" not in str(check_shape(answer, 500))


@pytest.mark.parametrize(
    ("exception", "status", "title"),
    [
        (DirectoryNotFound("no"), 404, "Not Found"),
        (RunActive("no"), 409, "A run is active"),
        (StaleAttempt("no"), 409, "The run is not this attempt's"),
        (NotPossible("no"), 422, HTTPStatus(422).phrase),
        (SlugTaken("no"), 422, "The slug is taken"),
        (Http404("SELECT"), 404, "Not Found"),
        (PermissionDenied("SELECT"), 403, "Forbidden"),
        (Throttled(wait=3), 429, "Too Many Requests"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_exception_becomes_a_problem(
    exception: Exception, status: int, title: str
) -> None:
    answer = problems.exception_handler(exception, {})

    assert answer is not None
    assert answer.data["status"] == answer.status_code == status
    assert answer.data["title"] == title
    assert "SELECT" not in answer.data["detail"]


def test_throttled_caller_is_told_when_to_come_back() -> None:
    answer = problems.exception_handler(Throttled(wait=3), {})

    assert answer is not None
    assert answer["Retry-After"] == "3"


def test_extensions_of_a_refusal_become_members() -> None:
    answer = problems.exception_handler(RunActive("no", run="7"), {})

    assert answer is not None
    assert answer.data["run"] == "7"


def test_mistake_of_ours_is_left_to_django() -> None:
    assert problems.exception_handler(ValueError("ours"), {}) is None


@pytest.mark.parametrize(
    ("handler", "status"),
    [
        (lambda r: problems.bad_request(r, Exception("SECRET")), 400),
        (lambda r: problems.permission_denied(r, Exception("SECRET")), 403),
        (lambda r: problems.not_found(r, Exception("SECRET")), 404),
        (problems.server_error, 500),
    ],
)
def test_page_of_an_error_is_a_problem(
    handler: Callable[[Any], HttpResponse], status: int
) -> None:
    answer = handler(RequestFactory().get("/"))

    assert b"SECRET" not in answer.content
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"


def test_address_that_nobody_has_needs_no_login() -> None:
    check_shape(APIClient().get("/nothing/"), 404)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("coding", "status"),
    [("application/x-www-form-urlencoded", 413), ("text/plain", 403)],
)
def test_long_form_of_a_stranger_is_refused_before_it_is_decoded(
    coding: str, status: int
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = "a" * 32

    answer = client.post("/admin/login/", b"a=" + b"%41" * 400_000, content_type=coding)

    assert answer.status_code == status
    if status == 413:
        assert answer["Content-Type"] == "application/problem+json"
