"""What many tests need: a user, a directory, a folder for repositories."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker
from pytest_django.fixtures import Settings

from directories.models import Directory
from directories.services.directories import create_directory
from generation import heartbeat
from tests.examples import EXHAUSTIVE
from tests.repeating import pytest_runtest_protocol as pytest_runtest_protocol
from tests.repeating import pytest_terminal_summary as pytest_terminal_summary

# A busy machine is not a bug, and CI judges every change by the same examples.
hypothesis_settings.register_profile(
    "gazetteer",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.register_profile(
    EXHAUSTIVE, parent=hypothesis_settings.get_profile("gazetteer")
)
hypothesis_settings.load_profile("gazetteer")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Have one more than there are processors: many tests wait for other processes."""
    return (os.cpu_count() or 1) + 1


def pytest_configure(config: pytest.Config) -> None:
    if config.option.markexpr == EXHAUSTIVE:
        hypothesis_settings.load_profile(EXHAUSTIVE)
    # A shell makes what it starts in the background deaf to Ctrl-C, children included.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that start whole installations: they are long, and mostly wait.

    With `--dist worksteal`, one process of pytest is at these while the others have work for
    the processors, and what is left for the end is short. None uses the test database, whose
    tests have an order of their own.
    """
    here = Path(__file__).parent
    first = (here / "deploy", here / "engine")
    items.sort(key=lambda item: not any(map(item.path.is_relative_to, first)))


@pytest.fixture(autouse=True)
def _no_heartbeat_within_a_transaction(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the test itself holds the database, a heartbeat would wait for it in vain.

    For 20 seconds, and the end of the run for the heartbeat: whenever a run takes longer than
    the time between two of them.
    """
    marker = request.node.get_closest_marker("django_db")
    others_see_it = {"transactional_db", "live_server"} & {*request.fixturenames}
    if not others_see_it and not (marker and marker.kwargs.get("transaction")):
        monkeypatch.setattr(heartbeat, "BEATS_EVERY", 3600)


@pytest.fixture(scope="session")
def migrated_database() -> Iterator[sqlite3.Connection]:
    """What migrations have made, once `django_db_setup` has put it there; to be copied."""
    with closing(sqlite3.connect(":memory:")) as database:
        yield database


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    migrated_database: sqlite3.Connection,
) -> Iterator[None]:
    """Let transactional tests leave the database as migrations have made it.

    Django would empty all tables and make content types and permissions again, which takes
    longer than most tests. A copy of all pages restores them, and the counters of ids.
    """
    with django_db_blocker.unblock():
        _copy(of=_connected(), into=migrated_database)

    def restore(_: TransactionTestCase) -> None:
        _copy(of=migrated_database, into=_connected())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", restore)
        yield


def _connected() -> sqlite3.Connection:
    connection.ensure_connection()
    assert isinstance(connection.connection, sqlite3.Connection)
    return connection.connection


def _copy(*, of: sqlite3.Connection, into: sqlite3.Connection) -> None:
    waited = 0

    def wait(status: int, _remaining: int, _total: int) -> None:
        nonlocal waited
        waited += status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        # SQLite itself would wait for ever, four times a second.
        if waited > 80:
            raise TimeoutError("somebody has not ended their transaction")

    of.backup(into, progress=wait)


@pytest.fixture
def git_root(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, settings: Settings
) -> Path:
    """The folder that runs of this test write their repositories into."""
    settings.CHECKPOINT_ROOT = tmp_path_factory.mktemp("checkpoints")
    settings.GIT_ROOT = tmp_path / "repositories"
    return tmp_path / "repositories"


@pytest.fixture
def owner(db: None) -> User:
    return User.objects.create_user("ada", "ada@example.org", "a fine password")


@pytest.fixture
def directory(owner: User, git_root: Path) -> Directory:
    return create_directory(owner=owner, slug="clocks", name="Clocks")
