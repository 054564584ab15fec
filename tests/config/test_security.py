"""What the page on security says is so, and the tests that it names are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from config.env import CHECKOUT
from generation.exceptions import RepositoryError
from generation.git import MAIN, Repository
from generation.git.command import run_git
from tests.directories.api.conftest import client_of
from tests.generation.test_git import commit

PAGE = CHECKOUT / "docs" / "explanation" / "security.md"


def named() -> list[tuple[str, str]]:
    """Each test of the page, as its file and its name."""
    found: list[tuple[str, str]] = []
    for line in PAGE.read_text().splitlines():
        file = ""
        for word in re.findall(r"`([\w/]+\.py|test_\w+)`", line):
            if word.endswith(".py"):
                file = word
            else:
                found.append((file, word))
    return found


@pytest.mark.parametrize(("file", "name"), named(), ids=lambda word: word)
def test_named_test_is_there(file: str, name: str) -> None:
    assert f"def {name}(" in (CHECKOUT / "tests" / file).read_text()


def test_every_row_names_its_tests() -> None:
    blocks = PAGE.read_text().split("\n\n")
    tables = [b.splitlines() for b in blocks if b.startswith("| what could be done |")]
    rows = [row for _, _, *rows in tables for row in rows]

    without = [row for row in rows if "`test_" not in row]
    assert len(rows) > 40
    assert without == []


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "a.git")
    made.create()
    return made


def test_configuration_that_was_planted_in_a_repository_starts_nothing(
    repository: Repository, tmp_path: Path
) -> None:
    marker, program = tmp_path / "ran", tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {marker}\n")
    program.chmod(0o755)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("reference-transaction", "post-index-change", "update"):
        (hooks / name).symlink_to(program)
    with (repository.path / "config").open("a") as config:
        config.write(
            f"[core]\n\tfsmonitor = {program}\n\thooksPath = {hooks}\n"
            f"\tpager = {program}\n\talternateRefsCommand = {program}\n"
            f"[gpg]\n\tprogram = {program}\n[commit]\n\tgpgSign = true\n"
        )

    written = repository.write(commit({"a.md": b"a"}), ref="refs/gazetteer/x/1")
    repository.move(MAIN, new=written, old=None)

    assert list(repository.tree(written)) == ["a.md"]
    assert not marker.exists()


@pytest.mark.parametrize(
    "address",
    ["ext::sh -c touch% {marker}", "file://{other}", "https://a.example/b.git"],
)
def test_git_goes_nowhere(repository: Repository, tmp_path: Path, address: str) -> None:
    """Even if somebody came to hand it an address one day."""
    marker, other = tmp_path / "ran", Repository(tmp_path / "other.git")
    other.create()
    address = address.format(marker=marker, other=other.path)

    with pytest.raises(RepositoryError, match="not allowed"):
        run_git(repository.path, "ls-remote", address)

    assert not marker.exists()


def test_no_column_holds_a_credential() -> None:
    """Passwords and tokens of ours are hashes; whoever adds another has to say how."""
    telling = re.compile("pass|secret|token|credential|key$", re.I)

    found = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if telling.search(field.name) and field.concrete and not field.is_relation
    }

    assert found == {
        # A hash, and the first characters of a token, by which its hash is found.
        "auth.User.password",
        "knox.AuthToken.token_key",
        # It opens the admin until a logout, a new SECRET_KEY, or two weeks end it.
        "sessions.Session.session_key",
        # Names, not keys: of a queue, of a key (a part of its hash), of a batch.
        "django_q.OrmQ.key",
        "directories.Worker.queue_key",
        "directories.AppliedBatch.key",
    }


@pytest.mark.django_db
def test_new_secret_key_logs_people_out_and_leaves_tokens(
    client: Client, owner: User, settings: Settings
) -> None:
    owner.is_staff = True
    owner.save()
    client.force_login(owner)
    api = client_of(owner)
    before = client.get("/admin/").status_code

    settings.SECRET_KEY = "another key, which somebody has just set on the web side"

    assert before == 200
    assert client.get("/admin/").status_code == 302
    assert api.get("/api/directories/").status_code == 200
