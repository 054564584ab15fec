"""What the web side's tests share: a run that waits, one that works, and a stranger."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from directories.models import Directory, GenerationRun
from tests.directories.makers import claim, start


@pytest.fixture
def queued(directory: Directory) -> GenerationRun:
    return start(directory)


@pytest.fixture
def running(queued: GenerationRun) -> GenerationRun:
    claim(queued)
    return queued


@pytest.fixture
def stranger(db: None) -> User:
    return User.objects.create_user("bob", "bob@example.org", "another password")
