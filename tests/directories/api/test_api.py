"""The public API, from the outside: what each address answers, and to whom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.urls import URLPattern, reverse
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from directories.api.urls import urlpatterns
from directories.models import Directory, GenerationRun, Proposal, SourceDocument
from directories.services.directories import create_directory
from generation.contract.commands import UpdateGenerateStatus
from generation.contract.request import MAX_DOCUMENT_BYTES
from generation.git import Repository
from tests.directories.makers import (
    PRIVATE_URL,
    WITHOUT_ITEMS,
    ask,
    claim,
    document,
    say,
)
from tests.fakes import CLOCKS

# A run is dispatched when its row is committed.
pytestmark = pytest.mark.django_db(transaction=True)

if TYPE_CHECKING:
    from rest_framework.response import _MonkeyPatchedResponse as Answer

DIRECTORIES = "/api/directories/"
INLINE = {"source_documents": [{"name": "clocks.md", "text": CLOCKS}]}


def generate(client: APIClient, directory: Directory, body: Any = None) -> Answer:
    return client.post(reverse("generate", args=[directory.pk]), body)


def pointers(response: Answer) -> dict[str, str]:
    return {e["pointer"]: e["detail"] for e in response.json()["errors"]}


# --- making and listing directories


def test_directory_is_created(api: APIClient, owner: User) -> None:
    response = api.post(
        DIRECTORIES, {"name": " Water Clocks ", "description": "They drip."}
    )

    directory = Directory.objects.get()
    assert response.status_code == 201
    assert response["Location"] == f"/api/directories/{directory.pk}/"
    assert response.json()["id"] == str(directory.pk)
    assert str(directory) == "ada/water-clocks"
    assert (directory.owner, directory.name) == (owner, "Water Clocks")


def test_new_directory_is_where_its_location_says(api: APIClient) -> None:
    created = api.post(DIRECTORIES, {"name": "Clocks", "slug": "time"})

    found = api.get(created["Location"])

    assert found.status_code == 200
    assert found.json() == created.json()
    assert found.json()["slug"] == "time"


def test_directory_is_shown_by_a_closed_list_of_fields(
    api: APIClient, directory: Directory
) -> None:
    response = api.get(f"/api/directories/{directory.pk}/")

    assert set(response.json()) == {
        "id",
        "owner",
        "namespace",
        "slug",
        "name",
        "description",
        "generate_status",
        "generation_started_at",
        "generation_finished_at",
        "items_count",
        "categories_count",
        "tags_count",
        "review",
        "last_pull_request",
        "request",
        "created_at",
        "updated_at",
        "problems",
    }
    assert response.json()["owner"] == "ada"


def test_list_holds_ones_own_directories_only(
    api: APIClient, directory: Directory, stranger: User
) -> None:
    create_directory(owner=stranger, slug="watches", name="Watches")

    listed = api.get(DIRECTORIES).json()

    assert listed["count"] == 1
    assert [d["id"] for d in listed["results"]] == [str(directory.pk)]


def test_rank_shows_nobody_elses_directories(
    strangers_api: APIClient, directory: Directory, stranger: User
) -> None:
    User.objects.filter(pk=stranger.pk).update(is_superuser=True, is_staff=True)

    assert strangers_api.get(DIRECTORIES).json()["count"] == 0
    assert strangers_api.get(f"/api/directories/{directory.pk}/").status_code == 404


def test_long_list_comes_in_pages(api: APIClient, owner: User) -> None:
    for number in range(21):
        create_directory(owner=owner, slug=f"clocks-{number:02}", name="Clocks")

    first = api.get(DIRECTORIES).json()
    second = api.get(first["next"]).json()

    slugs = [d["slug"] for page in (first, second) for d in page["results"]]
    assert len(first["results"]) == 20
    assert slugs == [f"clocks-{number:02}" for number in range(21)]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"/name": "Field required"}),
        ({"name": " "}, {"/name": "String should have at least 1 character"}),
        ({"name": "n" * 201}, {"/name": "String should have at most 200 characters"}),
        (
            {"name": "n", "slug": "s" * 81},
            {"/slug": "String should have at most 80 characters"},
        ),
        (
            {"name": "n", "description": "d" * 501},
            {"/description": "String should have at most 500 characters"},
        ),
        ({"name": 3}, {"/name": "Input should be a valid string"}),
        ({"name": "n", "owner": "bob"}, {"/owner": "Extra inputs are not permitted"}),
        (
            {"name": "n", "a/b~c": 1},
            {"/a~1b~0c": "Extra inputs are not permitted"},
        ),
    ],
)
def test_wrong_directory_is_refused_by_pointer(
    api: APIClient, body: dict[str, Any], wrong: dict[str, str]
) -> None:
    response = api.post(DIRECTORIES, body)

    assert response.status_code == 400
    assert pointers(response) == wrong
    assert not Directory.objects.exists()


def test_slug_that_is_none_is_not_possible(api: APIClient) -> None:
    response = api.post(DIRECTORIES, {"name": "Clocks", "slug": "../clocks"})

    assert response.status_code == 422
    assert "is not a slug" in response.json()["detail"]


@pytest.mark.parametrize("slug", ["clocks", "clocks-data", "clocks-website"])
def test_slug_that_is_taken_is_not_possible(
    api: APIClient, directory: Directory, slug: str
) -> None:
    response = api.post(DIRECTORIES, {"name": "Clocks", "slug": slug})

    assert response.status_code == 422
    assert response.json()["title"] == "The slug is taken"
    assert Directory.objects.get() == directory


# --- generating


def test_generate_runs_in_process_and_answers_with_the_end(
    api: APIClient, directory: Directory
) -> None:
    response = generate(api, directory, INLINE)

    run = GenerationRun.objects.get()
    assert response.status_code == 202
    assert response["Location"] == f"/api/runs/{run.pk}/"
    assert response.json()["state"] == "succeeded"
    assert response.json()["counts"]["total"] == 3
    assert response.json()["trigger"] == "api"
    assert run.triggered_by == directory.owner


def test_generate_writes_three_real_repositories(
    api: APIClient, directory: Directory, git_root: Path
) -> None:
    generate(api, directory, INLINE)

    files = {
        path.name: set(repository.tree(repository.head() or ""))
        for path in (git_root / "ada").iterdir()
        if (repository := Repository(path)).exists()
    }
    assert set(files) == {"clocks-data.git", "clocks.git", "clocks-website.git"}
    assert "config.yml" in files["clocks-data.git"]
    assert "README.md" in files["clocks.git"]
    assert "index.html" in files["clocks-website.git"]


def test_run_is_where_its_location_says(api: APIClient, directory: Directory) -> None:
    started = generate(api, directory, INLINE)

    run = api.get(started["Location"])

    assert run.status_code == 200
    assert run.json() == started.json()
    assert run.json()["percent"] == 100
    assert run.json()["report"]["items"]["new"] == 3
    assert any("items-extraction" in line["message"] for line in run.json()["log"])


def test_generate_keeps_the_request_and_its_documents(
    api: APIClient, directory: Directory
) -> None:
    generate(api, directory, {**INLINE, "prompt": "clocks"})

    kept = api.get(f"/api/directories/{directory.pk}/").json()

    assert kept["generate_status"] == "generated"
    assert kept["items_count"] == 3
    assert kept["request"]["prompt"] == "clocks"
    assert bytes(SourceDocument.objects.get().content) == CLOCKS.encode()


@pytest.mark.parametrize("body", [None, {}])
def test_generate_without_a_body_runs_the_kept_request(
    api: APIClient, directory: Directory, body: Any
) -> None:
    ask(directory, prompt="clocks")

    response = generate(api, directory, body)

    assert response.json()["state"] == "succeeded"
    assert response.json()["request"]["prompt"] == "clocks"


def test_inline_document_may_say_where_it_is_from(
    api: APIClient, directory: Directory
) -> None:
    text = "# Clocks\n\n- [Sundial](sundial) - Needs sun.\n"
    inline = {
        "name": "clocks.md",
        "text": text,
        "media_type": "text/markdown; charset=utf-8",
        "url": "https://example.org/clocks/",
    }

    response = generate(api, directory, {"source_documents": [inline]})

    kept = SourceDocument.objects.get()
    assert response.json()["state"] == "succeeded"
    assert (kept.url, kept.media_type) == (inline["url"], "text/markdown")


def test_run_that_fails_is_a_state_and_not_an_error(
    api: APIClient, directory: Directory, git_root: Path
) -> None:
    nothing = {"source_documents": [{"name": "clocks.md", "text": WITHOUT_ITEMS}]}

    response = generate(api, directory, nothing)

    assert response.status_code == 202
    assert response.json()["state"] == "failed"
    assert response.json()["error"]
    assert not git_root.exists()


def test_source_that_fails_among_others_is_a_warning(
    api: APIClient, directory: Directory
) -> None:
    response = generate(api, directory, {**INLINE, "source_urls": [PRIVATE_URL]})

    assert response.json()["state"] == "succeeded"
    assert any(PRIVATE_URL in w for w in response.json()["report"]["warnings"])


def test_mistake_of_ours_in_a_run_is_a_failed_run(
    api: APIClient, directory: Directory, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    settings.GIT_ROOT = tmp_path / "file" / "repositories"

    response = generate(api, directory, INLINE)

    assert response.status_code == 202
    assert response.json()["state"] == "failed"
    assert response.json()["error"]


def test_second_run_is_refused_with_the_active_one(
    api: APIClient, queued: GenerationRun
) -> None:
    claim(queued)
    say(queued, UpdateGenerateStatus(status="generating", percent=40))

    response = generate(api, queued.directory, INLINE)

    assert response.status_code == 409
    assert response.json()["title"] == "A run is active"
    assert response.json()["run"] == str(queued.pk)
    assert "40 % done" in response.json()["detail"]
    assert GenerationRun.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"promt": "clocks"}, "/promt"),
        ({**INLINE, "prompt": "p" * 5001}, "/prompt"),
        ({**INLINE, "config": {"max_search_queries": 0}}, "/config/max_search_queries"),
        (
            {"source_urls": ["https://example.org", "ftp://example.org"]},
            "/source_urls/1",
        ),
        ({"source_documents": "text"}, "/source_documents"),
        ({"source_documents": [{"name": "a"}]}, "/source_documents/0/text"),
        (
            {"source_documents": [{"name": "a", "text": ""}]},
            "/source_documents/0/text",
        ),
        (
            {"source_documents": [{"name": "a", "text": "a", "size": 1}]},
            "/source_documents/0/size",
        ),
        (
            {"source_documents": [{"name": "a", "text": "a", "url": "a"}]},
            "/source_documents/0/url",
        ),
        ({"source_documents": [{"name": "a", "text": "a"}] * 101}, "/source_documents"),
        (
            {**INLINE, "website_repository_creation_method": "duplicate"},
            "/website_repository_creation_method",
        ),
    ],
)
def test_wrong_field_of_a_request_is_refused_by_pointer(
    api: APIClient, directory: Directory, body: dict[str, Any], pointer: str
) -> None:
    response = generate(api, directory, body)

    assert response.status_code == 400
    assert pointer in pointers(response)
    assert not GenerationRun.objects.exists()
    assert not SourceDocument.objects.exists()


def test_request_with_nothing_to_read_is_refused(
    api: APIClient, directory: Directory
) -> None:
    response = generate(api, directory, {})

    assert response.status_code == 400
    assert pointers(response) == {"": "give a prompt, source_urls or a source document"}


def test_document_is_measured_in_bytes(api: APIClient, directory: Directory) -> None:
    letters = "é" * (MAX_DOCUMENT_BYTES // 2 + 1)
    inline = {"source_documents": [{"name": "clocks.md", "text": letters}]}

    response = generate(api, directory, inline)

    assert response.status_code == 400
    assert list(pointers(response)) == ["/source_documents/0/text"]
    assert str(MAX_DOCUMENT_BYTES) in pointers(response)["/source_documents/0/text"]


def test_wrong_fields_are_named_but_their_values_are_not_repeated(
    api: APIClient, directory: Directory
) -> None:
    response = generate(api, directory, {"prompt": {"a": "SECRET"}, "x": "SECRET"})

    assert response.status_code == 400
    assert b"SECRET" not in response.content


# --- who may


# Walked, so that a new address is asked, too.
WITH_AN_ID = [route for route in urlpatterns if "<" in str(route.pattern)]


@pytest.fixture
def ids(directory: Directory, queued: GenerationRun) -> dict[str, str]:
    """What the first part of an address means when it is followed by an id."""
    Proposal.objects.create(directory=directory, number=1, branch="no/such")
    return {"directories": str(directory.pk), "runs": str(queued.pk)}


def address(route: URLPattern, ids: dict[str, str]) -> str:
    kind = str(route.pattern).partition("/")[0]
    rest = {
        "<int:number>": 1,
        "<str:slug>": "no-such-item",
        "<str:document>": "no-such-item",
    }
    further = [value for part, value in rest.items() if part in str(route.pattern)]
    return reverse(str(route.name), args=[ids[kind], *further])


METHODS = ("get", "post", "put", "patch", "delete")


@pytest.mark.parametrize("route", WITH_AN_ID, ids=lambda r: r.name)
def test_owner_finds_every_address_and_a_stranger_none(
    api: APIClient, strangers_api: APIClient, route: URLPattern, ids: dict[str, str]
) -> None:
    path = address(route, ids)

    def answers(client: APIClient) -> set[int]:
        return {getattr(client, method)(path, {}).status_code for method in METHODS}

    assert answers(strangers_api) == {404, 405}
    if "<str:" in str(route.pattern):
        assert "no-such-item" in api.get(path).json()["detail"]
    else:
        assert 404 not in answers(api)


@pytest.mark.parametrize("route", WITH_AN_ID, ids=lambda r: r.name)
def test_strangers_cannot_tell_what_exists(
    strangers_api: APIClient, route: URLPattern, ids: dict[str, str]
) -> None:
    theirs, nobodys = (
        [
            response.json()
            for method in METHODS
            if (response := getattr(strangers_api, method)(path, {})).status_code == 404
        ]
        for path in (
            address(route, ids),
            address(route, dict.fromkeys(ids, str(uuid4()))),
        )
    )

    assert theirs
    assert theirs == nobodys


@pytest.mark.parametrize("route", urlpatterns, ids=lambda r: r.name)
@pytest.mark.parametrize("credentials", ["", "Token gaz_wrong", "Token", "Bearer x"])
def test_every_address_asks_for_a_token(
    nobodys_api: APIClient, route: URLPattern, ids: dict[str, str], credentials: str
) -> None:
    if credentials:
        nobodys_api.credentials(HTTP_AUTHORIZATION=credentials)
    has_id = "<" in str(route.pattern)
    path = address(route, ids) if has_id else reverse(str(route.name))

    answers = [getattr(nobodys_api, method)(path, {}) for method in METHODS]

    assert {a.status_code for a in answers} == {401}
    assert all(a["WWW-Authenticate"].startswith("Token") for a in answers)


def test_token_of_a_user_who_is_gone_is_refused(api: APIClient, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(is_active=False)

    assert api.get(DIRECTORIES).status_code == 401


def test_session_may_read(owner: User, directory: Directory) -> None:
    browser = APIClient()
    browser.force_login(owner)

    assert browser.get(DIRECTORIES).json()["count"] == 1


def test_session_may_write_only_with_its_csrf_token(owner: User) -> None:
    browser = APIClient(enforce_csrf_checks=True)
    browser.get("/admin/login/")
    browser.force_login(owner)

    refused = browser.post(DIRECTORIES, {"name": "Clocks"})
    token = browser.cookies["csrftoken"].value
    taken = browser.post(DIRECTORIES, {"name": "Clocks"}, HTTP_X_CSRFTOKEN=token)

    assert refused.status_code == 403
    assert "CSRF" in refused.json()["detail"]
    assert taken.status_code == 201


def test_document_name_is_no_path_of_ours(
    api: APIClient, directory: Directory, git_root: Path
) -> None:
    name = "../../../etc/passwd"
    inline = {"source_documents": [{"name": name, "text": CLOCKS}]}

    response = generate(api, directory, inline)

    assert response.json()["state"] == "succeeded"
    assert not list(git_root.rglob("*passwd*"))


def test_documents_of_a_request_replace_the_ones_before(
    api: APIClient, directory: Directory
) -> None:
    ask(directory, document("- [Other](https://example.org/other)\n", "other.md"))

    response = generate(api, directory, INLINE)

    named = [d["name"] for d in response.json()["request"]["source_documents"]]
    assert named == ["clocks.md"]


def test_a_page_has_a_hundred_entries_whatever_is_asked_for(
    owner: User, api: APIClient
) -> None:
    Directory.objects.bulk_create(
        Directory(owner=owner, namespace="ada", slug=f"d{n}", name="D")
        for n in range(101)
    )

    page = api.get(f"{DIRECTORIES}?limit=1000").json()

    assert page["count"] == 101
    assert len(page["results"]) == 100
