"""Nothing reaches a database while a task runs, from whichever thread; afterwards all does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections, transaction

from generation.tasks.no_database import DatabaseRefused, no_database

pytestmark = pytest.mark.django_db(transaction=True)


def count() -> int:
    return User.objects.count()


def cursor() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def transact() -> None:
    with transaction.atomic():
        pass


def save() -> None:
    User(username="ada").save()


def iterate() -> None:
    list(User.objects.iterator(chunk_size=1))


def reconnect() -> None:
    connection.close()
    connection.ensure_connection()


WAYS = [count, cursor, transact, save, iterate, reconnect]


@pytest.mark.parametrize("way", WAYS)
def test_this_thread_is_refused(way: Callable[[], object]) -> None:
    with no_database(), pytest.raises(DatabaseRefused, match="send a command"):
        way()


@pytest.mark.parametrize("way", WAYS)
def test_connection_that_is_open_already_is_refused(way: Callable[[], object]) -> None:
    connection.ensure_connection()

    with no_database(), pytest.raises(DatabaseRefused):
        way()


def test_transaction_that_is_open_already_is_refused() -> None:
    with transaction.atomic(), no_database():
        for way in (count, cursor, save):
            with pytest.raises(DatabaseRefused):
                way()

    assert count() == 0


@pytest.mark.parametrize("way", WAYS)
def test_another_thread_is_refused(way: Callable[[], object]) -> None:
    with (
        no_database(),
        ThreadPoolExecutor(1) as threads,
        pytest.raises(DatabaseRefused),
    ):
        threads.submit(way).result()


def test_thread_that_had_a_connection_is_refused() -> None:
    is_connected, is_guarded = threading.Event(), threading.Event()

    def query_twice() -> None:
        try:
            count()
            is_connected.set()
            assert is_guarded.wait(timeout=30)
            count()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(query_twice)
        assert is_connected.wait(timeout=30)
        with no_database():
            is_guarded.set()
            with pytest.raises(DatabaseRefused):
                asked.result()


@pytest.mark.parametrize("way", [count, cursor, transact, iterate, reconnect])
def test_afterwards_all_works_again(way: Callable[[], object]) -> None:
    with no_database():
        pass

    way()


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt])
def test_after_an_exception_all_works_again(error: type[BaseException]) -> None:
    with pytest.raises(error), no_database():
        raise error

    save()

    assert count() == 1


def test_after_a_refusal_all_works_again() -> None:
    with pytest.raises(DatabaseRefused), no_database():
        save()

    save()

    assert count() == 1


def test_guards_may_be_nested() -> None:
    with no_database():
        with no_database():
            pass
        with pytest.raises(DatabaseRefused):
            count()

    assert count() == 0
