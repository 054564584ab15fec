"""The queue in the database: a write wakes whoever waits for a task."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from directories.broker import (
    CHANNEL,
    ChannelWatch,
    FileWatch,
    WakingBroker,
    Watch,
    watch,
)
from tests.engine.conftest import postgres_url

__all__ = ["postgres_url"]

# Nobody waits for so long: a wait that ends before was ended by a write.
FOR_EVER = 300.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """With all that means something else in an address."""
    folder = tmp_path / "what? 100% #1"
    folder.mkdir()
    return folder / "base.sqlite3"


@pytest.fixture
def base(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as base:
        base.execute("PRAGMA journal_mode=WAL")
        base.execute("CREATE TABLE queue (task TEXT)")
        yield base


def took(watch: Watch, seconds: float) -> float:
    begun = time.monotonic()
    watch.wait(seconds)
    return time.monotonic() - begun


def later(action: Callable[[], Any]) -> threading.Timer:
    timer = threading.Timer(0.2, action)
    timer.start()
    return timer


def test_a_write_to_the_file_ends_a_wait(base: sqlite3.Connection, path: Path) -> None:
    with closing(FileWatch(str(path))) as watch:
        watch.wait(FOR_EVER)
        base.execute("INSERT INTO queue VALUES ('between two waits')")
        between = took(watch, FOR_EVER)
        timer = later(lambda: write(path))
        during = took(watch, FOR_EVER)
        timer.join()

    assert max(between, during) < FOR_EVER / 2


def write(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("INSERT INTO queue VALUES ('during a wait')")


def test_a_wait_for_nothing_has_an_end(base: sqlite3.Connection, path: Path) -> None:
    with closing(FileWatch(str(path))) as watch:
        watch.wait(FOR_EVER)

        assert took(watch, 0.2) >= 0.2


@pytest.mark.parametrize(
    "watch",
    [
        FileWatch("/nowhere/base.sqlite3"),
        ChannelWatch({"host": "127.0.0.1", "port": 1, "user": "x", "dbname": "x"}),
    ],
)
def test_a_database_that_is_away_ends_no_worker(watch: Watch) -> None:
    assert took(watch, 0.2) >= 0.2


def test_postgres_tells_of_a_task(postgres_url: str) -> None:
    def notify() -> None:
        with psycopg.connect(postgres_url, autocommit=True) as other:
            other.execute(f"NOTIFY {CHANNEL}")

    with closing(ChannelWatch(conninfo_to_dict(postgres_url))) as watch:
        # To begin with it does not wait: it cannot know what came before.
        watch.wait(FOR_EVER)
        timer = later(notify)
        during = took(watch, FOR_EVER)
        timer.join()
        notify()
        between = took(watch, FOR_EVER)
        in_vain = took(watch, 0.2)

    assert max(between, during) < FOR_EVER / 2
    assert in_vain >= 0.2


@pytest.mark.django_db(transaction=True)
def test_a_task_is_taken_once() -> None:
    broker = WakingBroker("test")

    first = broker.dequeue()
    broker.enqueue("a task")
    [(number, task)] = broker.dequeue()
    again = broker.dequeue()

    assert not first
    assert task == "a task"
    assert not again
    assert isinstance(watch(connection.alias), FileWatch)
    broker.acknowledge(number)
    assert broker.lock_size() == 0
