"""A token for the API, from the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from knox.models import AuthToken
from rest_framework.test import RequestsClient

from config.env import CHECKOUT
from directories.models import Directory


def test_created_token_works_from_outside(owner: User, directory: Directory) -> None:
    printed, said = StringIO(), StringIO()
    call_command("create_token", "ada", stdout=printed, stderr=said)
    token = printed.getvalue().strip()

    answer = RequestsClient().get(
        "http://testserver/api/directories/",
        headers={"Authorization": f"Token {token}"},
    )

    assert answer.status_code == 200
    assert answer.json()["results"][0]["id"] == str(directory.pk)
    assert printed.getvalue() == f"{token}\n"
    assert token not in said.getvalue()


def test_only_the_hash_of_a_token_is_kept(owner: User) -> None:
    printed = StringIO()
    call_command("create_token", "ada", stdout=printed, stderr=StringIO())
    token = printed.getvalue().strip()

    kept = AuthToken.objects.values().get()

    assert kept["expiry"] is None
    assert token not in map(str, kept.values())


@pytest.mark.parametrize("is_there", [False, True])
def test_token_is_for_active_users_only(owner: User, is_there: bool) -> None:
    User.objects.filter(pk=owner.pk).update(is_active=False)
    name = "ada" if is_there else "nobody"

    with pytest.raises(CommandError, match=f"no active user {name}") as refused:
        call_command("create_token", name)

    assert refused.value.returncode == 2
    assert not AuthToken.objects.exists()


def test_without_a_database_nothing_is_made(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "create_token", "ada"],
        cwd=CHECKOUT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "STATE_ROOT": str(tmp_path / "var"),
            "DATABASE_URL": f"sqlite:///{tmp_path}/none.sqlite3",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no database yet: `manage.py migrate` makes one." in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "none.sqlite3").exists()
