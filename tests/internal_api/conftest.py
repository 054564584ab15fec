"""What every call needs: a secret that both sides share, and runs to speak of."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from generation.client import InternalAPI
from tests.directories.conftest import queued as queued
from tests.directories.conftest import running as running
from tests.directories.conftest import stranger as stranger
from tests.internal_api.callers import SECRET, internal_api


@pytest.fixture(autouse=True)
def shared_secret(settings: Settings) -> None:
    settings.TRIGGER_INTERNAL_SECRET = SECRET


@pytest.fixture
def api() -> InternalAPI:
    return internal_api()
