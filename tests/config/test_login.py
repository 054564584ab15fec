"""Wrong passwords come to an end, and people are told what to do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

pytestmark = pytest.mark.django_db

RIGHT, WRONG = "a fine password", "a wrong one"


@pytest.fixture(autouse=True)
def ada() -> User:
    return User.objects.create_superuser("ada", password=RIGHT)


def log_in(
    password: str, *, name: str = "ada", address: str = "192.0.2.1", **headers: str
) -> HttpResponse:
    answer = Client().post(
        "/admin/login/?next=/admin/",
        {"username": name, "password": password, "next": "/admin/"},
        REMOTE_ADDR=address,
        headers=headers,
    )
    assert isinstance(answer, HttpResponse)
    return answer


def fail(times: int, **options: str) -> list[int]:
    return [log_in(WRONG, **options).status_code for _ in range(times)]


def test_fifth_wrong_password_locks_out_and_the_right_one_does_not_help() -> None:
    statuses = fail(5)
    right = log_in(RIGHT)

    assert statuses == [200, 200, 200, 200, 429]
    assert right.status_code == 429
    assert not right.wsgi_request.user.is_authenticated  # type: ignore[attr-defined]


def test_locked_out_person_is_told_what_to_do() -> None:
    fail(5)

    answer = log_in(RIGHT)

    page = answer.content.decode()
    assert answer["Retry-After"] == "900"
    assert "Wait 15 minutes" in page
    assert "manage.py axes_reset" in page
    assert WRONG not in page
    assert "script-src 'self'" in answer["Content-Security-Policy"]


def test_operator_reads_in_the_log_who_is_locked_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fail(5)

    [line] = [text for text in caplog.messages if "Locking out" in text]
    assert '"ada"' in line
    assert '"192.0.2.1"' in line
    assert WRONG not in caplog.text


def test_lock_out_ends_by_itself_however_often_one_tries_meanwhile() -> None:
    fail(5)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14))
    during = fail(3)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))

    assert during == [429] * 3
    assert log_in(RIGHT).status_code == 302


def test_right_password_starts_the_count_anew() -> None:
    fail(4)
    log_in(RIGHT)

    assert fail(4) == [200] * 4


def test_nobody_is_locked_out_by_somebody_elsewhere() -> None:
    fail(5, address="192.0.2.1")

    assert log_in(RIGHT, address="192.0.2.2").status_code == 302


def test_one_address_does_not_go_through_the_names() -> None:
    statuses = [fail(1, name=f"user{n}")[0] for n in range(31)]

    assert statuses == [200] * 30 + [429]
    assert log_in(RIGHT).status_code == 429
    assert log_in(RIGHT, address="192.0.2.2").status_code == 302


def test_name_that_nobody_has_is_locked_out_alike() -> None:
    known, unknown = fail(6), fail(6, name="nobody")

    assert known == unknown


def test_operator_ends_the_wait() -> None:
    fail(5)

    call_command("axes_reset")

    assert log_in(RIGHT).status_code == 302


@pytest.mark.usefixtures("ada")
def test_password_is_kept_nowhere() -> None:
    fail(5)

    kept = [str(row) for row in AccessAttempt.objects.values()]
    assert kept
    assert not [row for row in kept if WRONG in row]


# --- where a proxy stands in between, everybody comes from its address


def test_header_that_nobody_named_is_not_believed() -> None:
    statuses = [
        log_in(WRONG, **{"X-Real-IP": f"192.0.2.{n}"}).status_code for n in range(5)
    ]

    assert statuses[-1] == 429


def test_header_of_the_proxy_tells_people_apart(settings: Settings) -> None:
    settings.CLIENT_ADDRESS_HEADER = "X-Real-IP"
    fail(5, **{"X-Real-IP": "192.0.2.7"})

    assert log_in(RIGHT, **{"X-Real-IP": "192.0.2.7"}).status_code == 429
    assert log_in(RIGHT, **{"X-Real-IP": "2001:db8::1"}).status_code == 302


def test_only_what_the_nearest_proxy_said_is_believed(settings: Settings) -> None:
    settings.CLIENT_ADDRESS_HEADER = "X-Forwarded-For"

    statuses = [
        log_in(WRONG, **{"X-Forwarded-For": f"192.0.2.{n}, 198.51.100.9"}).status_code
        for n in range(5)
    ]

    assert statuses[-1] == 429
    assert {row.ip_address for row in AccessAttempt.objects.all()} == {"198.51.100.9"}


@pytest.mark.parametrize("value", ["", "unknown", "1.2.3", "a, b", "[", "127.0.0.1:80"])
def test_header_without_an_address_counts_for_the_connection(
    settings: Settings, value: str
) -> None:
    settings.CLIENT_ADDRESS_HEADER = "X-Forwarded-For"

    log_in(WRONG, **{"X-Forwarded-For": value})

    assert AccessAttempt.objects.get().ip_address == "192.0.2.1"
