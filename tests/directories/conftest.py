"""What the web side's tests share: runs and directories as they are made, and a stranger."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User

from directories.models import Directory, GenerationRun
from directories.services import execution
from tests.directories.made import MadeDirectories
from tests.directories.makers import claim, start


@pytest.fixture
def queued(directory: Directory) -> GenerationRun:
    return start(directory)


@pytest.fixture
def running(queued: GenerationRun) -> GenerationRun:
    claim(queued)
    return queued


@pytest.fixture(scope="session")
def made_directories(tmp_path_factory: pytest.TempPathFactory) -> MadeDirectories:
    return MadeDirectories(tmp_path_factory.mktemp("made-directories"))


@pytest.fixture
def generated(
    directory: Directory, git_root: Path, made_directories: MadeDirectories
) -> Directory:
    """A directory after its first run, over the list of clocks."""
    return made_directories.fill(directory, "generated", generate)


def generate(directory: Directory) -> None:
    execution.execute(start(directory))


@pytest.fixture
def stranger(db: None) -> User:
    return User.objects.create_user("bob", "bob@example.org", "another password")
