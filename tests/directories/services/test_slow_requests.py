"""Strangers may keep a part of the web server waiting, and never all of it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from directories.exceptions import Overloaded
from directories.models import Directory, GenerationRun, RunState
from directories.services import runs
from directories.services.editing import How, change_items
from directories.services.requests import build_request
from directories.services.slow_requests import slow_request
from generation import visits
from generation.editing.operations import UpdateItem
from tests.directories.api.conftest import client_of
from tests.directories.makers import document
from tests.generation.test_orchestrator import commit_by_hand

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def places(settings: Settings, tmp_path: Path) -> None:
    settings.SLOW_REQUESTS = 4
    settings.SLOW_REQUESTS_ROOT = tmp_path / "slow-requests"


@pytest.fixture
def full(places: None, stranger: User, owner: User) -> Iterator[None]:
    """All places are held, by two users."""
    with ExitStack() as held:
        for user in (stranger, stranger, None, None):
            held.enter_context(slow_request(user))
        yield


def test_outside_of_the_web_server_there_is_no_limit(
    owner: User, settings: Settings
) -> None:
    assert settings.SLOW_REQUESTS is None
    with ExitStack() as held:
        for _ in range(50):
            held.enter_context(slow_request(owner))


@pytest.mark.usefixtures("full")
def test_no_more_are_let_in_than_there_are_places(owner: User) -> None:
    with pytest.raises(Overloaded, match="as many slow answers"), slow_request(owner):
        pass


@pytest.mark.usefixtures("places")
def test_a_user_has_half_of_the_places(owner: User, stranger: User) -> None:
    with slow_request(owner), slow_request(owner):
        with pytest.raises(Overloaded, match="one user may"), slow_request(owner):
            pass
        with slow_request(stranger):
            pass


@pytest.mark.usefixtures("places")
def test_a_place_is_given_back(owner: User) -> None:
    for _ in range(9):
        with slow_request(owner), slow_request(owner):
            pass


@pytest.mark.usefixtures("places")
def test_threads_at_once_get_no_more_than_there_is(owner: User) -> None:
    start, end = Barrier(16), Barrier(16)

    def attempt(number: int) -> bool:
        start.wait()
        with ExitStack() as held:
            try:
                held.enter_context(slow_request(User(pk=number)))
            except Overloaded:
                end.wait()
                return False
            end.wait()
            return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(16))) == 4


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("path", ["directories/adopt/", "items/inspect/"])
def test_the_api_says_when_to_come_back(
    generated: Directory, owner: User, path: str
) -> None:
    if "/inspect" in path:
        path = f"directories/{generated.pk}/{path}"

    answer = client_of(owner).post(
        f"/api/{path}", {"url": "http://127.0.0.1:1/x.git"}, format="json"
    )

    assert answer.status_code == 503
    assert answer["Retry-After"] == "15"
    assert answer.json()["title"] == "Too many slow requests"


@pytest.mark.usefixtures("full")
def test_a_run_that_has_no_place_is_over(directory: Directory, owner: User) -> None:
    request = build_request(directory, {}, documents=[document()])

    with pytest.raises(Overloaded):
        runs.launch(
            directory,
            request,
            trigger=GenerationRun.Trigger.API,
            user=owner,
            documents=[document()],
        )

    run = directory.runs.get()
    assert (run.state, run.attempt) == (RunState.FAILED, 0)
    assert "as many slow answers" in run.error


def test_a_run_is_over_where_places_cannot_be_counted(
    places: None, directory: Directory, owner: User, settings: Settings, tmp_path: Path
) -> None:
    """As on a full disk: it is refused, and nothing is left that waits for ever."""
    settings.SLOW_REQUESTS_ROOT = tmp_path / "file"
    settings.SLOW_REQUESTS_ROOT.write_text("in the way")

    with pytest.raises(Overloaded, match="cannot count"):
        runs.launch(
            directory,
            build_request(directory, {}, documents=[document()]),
            trigger=GenerationRun.Trigger.API,
            user=owner,
            documents=[document()],
        )

    assert directory.runs.get().state == RunState.FAILED


@pytest.mark.usefixtures("full")
def test_an_edit_waits_for_a_place_only_where_an_owner_has_templates(
    generated: Directory, git_root: Path
) -> None:
    how = How(generated.owner)
    rename = UpdateItem.model_validate({"slug": "vertical", "name": "Upright"})
    assert change_items(generated, [rename], how).revised

    commit_by_hand(git_root, {"website/templates/404.html": "Lost"})

    rename = UpdateItem.model_validate({"slug": "vertical", "name": "Vertical"})
    with pytest.raises(Overloaded):
        change_items(generated, [rename], how)


@pytest.mark.usefixtures("places")
def test_an_edit_with_templates_takes_a_place(
    generated: Directory, git_root: Path
) -> None:
    commit_by_hand(git_root, {"website/templates/404.html": "Lost"})
    rename = UpdateItem.model_validate({"slug": "vertical", "name": "Upright"})

    assert change_items(generated, [rename], How(generated.owner)).revised


def test_a_server_that_takes_too_long_is_a_503(
    generated: Directory, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "PAGE", visits.PAGE._replace(seconds=0))

    answer = client_of(owner).post(
        f"/api/directories/{generated.pk}/items/inspect/",
        {"url": "https://example.org/"},
        format="json",
    )

    assert answer.status_code == 503
    assert answer["Retry-After"] == "60"
    assert "more than 0 seconds" in answer.json()["detail"]
