"""Each release's installation, upgraded once and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.upgrade.installation import RELEASES, Installation, Release, opened


@pytest.fixture(
    scope="session", params=sorted(RELEASES.iterdir()), ids=lambda path: path.name
)
def release(request: pytest.FixtureRequest) -> Release:
    return Release.read(request.param)


@pytest.fixture(scope="session")
def upgraded(
    release: Release,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_blocker: DjangoDbBlocker,
) -> Path:
    """The state folder of the release after `migrate`. Nobody writes there."""
    state = tmp_path_factory.mktemp("upgraded")
    with django_db_blocker.unblock():
        release.bring_back(state)
    return state


@pytest.fixture(scope="session")
def after_a_changed_source(
    release: Release,
    upgraded: Path,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_blocker: DjangoDbBlocker,
) -> Path:
    state = copied(upgraded, tmp_path_factory.mktemp("followed"))
    with django_db_blocker.unblock(), opened(state):
        Installation(release, state).generate("ada/workshop", changed=True)
    return state


@pytest.fixture
def followed(
    release: Release, after_a_changed_source: Path, django_db_blocker: DjangoDbBlocker
) -> Iterator[Installation]:
    """The workshop after a run over a changed source, for tests that only look."""
    with django_db_blocker.unblock(), opened(after_a_changed_source):
        yield Installation(release, after_a_changed_source)


@pytest.fixture
def installation(
    release: Release,
    upgraded: Path,
    tmp_path: Path,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Installation]:
    """A copy of the upgraded installation, for one test to change."""
    state = copied(upgraded, tmp_path)
    with django_db_blocker.unblock(), opened(state):
        yield Installation(release, state)


def copied(upgraded: Path, folder: Path) -> Path:
    return shutil.copytree(upgraded, folder / "state")
