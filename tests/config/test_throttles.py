"""One caller does not use up what is there for all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.urls import reverse
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from config.throttles import OfAUser
from directories.models import Directory
from tests.config.test_problems import check_shape
from tests.directories.api.conftest import client_of
from tests.directories.makers import ask

LIST = "/api/directories/"


@pytest.fixture(autouse=True)
def counts(settings: Settings, tmp_path: Path) -> Path:
    """The store of an installation, in a folder of its own."""
    store = "django.core.cache.backends.filebased.FileBasedCache"
    folder = tmp_path / "counts"
    settings.CACHES = {"default": {"BACKEND": store, "LOCATION": folder}}
    settings.COUNTS_ROOT = folder
    settings.API_RATES = {
        "user": "5/hour",
        "generate": "10/hour",
        "wrong-tokens": "3/hour",
    }
    return folder


def test_caller_who_asks_too_often_is_told_when_to_come_back(owner: User) -> None:
    api = client_of(owner)

    statuses = [api.get(LIST).status_code for _ in range(5)]
    answer = api.get(LIST)

    assert statuses == [200] * 5
    check_shape(answer, 429)
    assert 3500 < int(answer["Retry-After"]) <= 3600


def test_each_user_has_their_own(owner: User, django_user_model: Any) -> None:
    other = django_user_model.objects.create_user("grace")
    for _ in range(6):
        client_of(owner).get(LIST)

    assert client_of(owner).get(LIST).status_code == 429
    assert client_of(other).get(LIST).status_code == 200


def test_eleventh_start_is_refused(directory: Directory, settings: Settings) -> None:
    settings.API_RATES |= {"user": "100/hour"}
    ask(directory)
    api, address = client_of(directory.owner), reverse("generate", args=[directory.pk])

    statuses = [api.post(address, {}).status_code for _ in range(11)]

    # The first is under way as long as the test's transaction is open.
    assert statuses == [202] + [409] * 9 + [429]
    # What is only looked at has another count.
    assert api.get(LIST).status_code == 200


def test_starting_again_is_starting(directory: Directory, settings: Settings) -> None:
    settings.API_RATES |= {"generate": "1/hour"}
    ask(directory)
    api = client_of(directory.owner)
    run = api.post(reverse("generate", args=[directory.pk]), {}).json()["id"]

    again = api.post(reverse("run-again", args=[run]))
    retry = api.post(reverse("retry-run", args=[run]))

    assert (again.status_code, retry.status_code) == (429, 429)


def test_wrong_tokens_are_counted_and_the_right_one_still_opens(owner: User) -> None:
    wrong = APIClient(headers={"Authorization": "Token gaz_" + "0" * 60})

    statuses = [wrong.get(LIST).status_code for _ in range(4)]
    document = check_shape(wrong.get(LIST), 429)

    assert statuses == [401, 401, 401, 429]
    assert "0000" not in str(document)
    assert client_of(owner).get(LIST).status_code == 200


def test_threads_and_processes_share_what_is_left(counts: Path) -> None:
    """A process sees the counts of another: nothing but files lies between two stores."""
    here, elsewhere = (caches.create_connection("default") for _ in range(2))

    here.set("x", [1.0], 60)

    assert elsewhere.get("x") == [1.0]
    assert list(counts.glob("*.djcache"))


def test_threads_at_once_get_no_more_than_there_is(
    owner: User, settings: Settings
) -> None:
    settings.API_RATES |= {"user": "50/hour"}

    class Asking:
        user = owner
        path = LIST

    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: OfAUser().allow_request(Asking(), None), range(200))  # type: ignore[arg-type]
        )

    assert answers.count(True) == 50


def test_counts_that_cannot_be_kept_close_no_door(
    owner: User, counts: Path, caplog: pytest.LogCaptureFixture
) -> None:
    counts.write_text("not a folder")

    answer = client_of(owner).get(LIST)

    assert answer.status_code == 200
    assert "requests not counted" in caplog.text


def test_only_the_owner_of_the_process_reads_the_counts(
    owner: User, counts: Path
) -> None:
    client_of(owner).get(LIST)

    assert counts.stat().st_mode & 0o077 == 0
    assert list(counts.glob("*.djcache"))
