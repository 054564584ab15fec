"""What everybody is answered while the database is away, and what stays a bug."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, connection
from django.test import Client
from pytest_django.fixtures import Settings

from config.outages import is_outage
from tests.internal_api.callers import SECRET, deliver, signed


def raised(call: object, error: type[Exception]) -> Exception:
    """As Django raises it: around what the driver has raised."""
    try:
        try:
            call()  # type: ignore[operator]
        except (sqlite3.Error, psycopg.Error) as cause:
            raise error(*cause.args) from cause
    except (OperationalError, InterfaceError) as exc:
        return exc
    raise AssertionError("nothing was raised")


def nobody_there() -> None:
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        psycopg.connect(
            host="127.0.0.1", port=bound.getsockname()[1], connect_timeout=5
        )


def no_table() -> None:
    with closing(sqlite3.connect(":memory:")) as base:
        base.execute("SELECT 1 FROM clocks")


def no_file() -> None:
    sqlite3.connect("/nowhere/at/all.sqlite3")


def shutting_down() -> None:
    raise psycopg.errors.AdminShutdown("terminating connection")


def deadlocked() -> None:
    raise psycopg.errors.DeadlockDetected("deadlock detected")


@pytest.mark.parametrize("call", [nobody_there, no_file, shutting_down])
def test_database_that_is_away_is_an_outage(call: object) -> None:
    assert is_outage(raised(call, OperationalError))


@pytest.mark.parametrize("call", [no_table, deadlocked])
def test_mistake_in_a_query_is_none(call: object) -> None:
    assert not is_outage(raised(call, OperationalError))


def test_closed_connection_is_an_outage_and_a_closed_cursor_is_none() -> None:
    assert is_outage(InterfaceError("connection already closed"))
    assert not is_outage(InterfaceError("cursor already closed"))
    assert not is_outage(ValueError("connection"))
    assert not is_outage(None)


@pytest.fixture
def away(db: None) -> Iterator[None]:
    """Let every query fail as it does when the server was stopped."""

    def refuse(*query: object) -> None:
        raise OperationalError("connection refused, at a secret address")

    with connection.execute_wrapper(refuse):
        yield


def test_program_is_asked_to_send_its_request_again(
    settings: Settings, away: None
) -> None:
    settings.TRIGGER_INTERNAL_SECRET = SECRET
    api = Client(raise_request_exception=False)
    given = api.get(
        "/api/directories/", headers={"Authorization": f"Token gaz_{'a' * 60}"}
    )
    called = deliver(signed("GET", "/about"))

    for answer in (given, called):
        assert (answer.status_code, answer["Retry-After"]) == (503, "10")
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["title"] == "Service Unavailable"
        assert "secret" not in answer.content.decode()


def test_person_gets_a_page_that_says_so(away: None) -> None:
    browser = Client(raise_request_exception=False)
    browser.cookies["sessionid"] = "a" * 32

    answer = browser.get("/admin/", headers={"Accept": "text/html"})

    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert "Not available now" in answer.content.decode()
    assert "secret" not in answer.content.decode()


@pytest.mark.django_db
def test_person_who_logs_in_without_a_page_to_go_to_comes_to_the_admin(
    client: Client,
) -> None:
    User.objects.create_superuser("ada", "a@b.org", "a long password")

    answer = client.post(
        "/admin/login/", {"username": "ada", "password": "a long password"}, follow=True
    )

    assert (answer.status_code, answer.redirect_chain[-1][0]) == (200, "/admin/")
