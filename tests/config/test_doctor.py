"""What an operator is told about an installation, and which exit status a script gets."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from config.env import CHECKOUT
from generation import dispatch
from generation.contract.about import About
from tests.internal_api.callers import ANOTHER, SECRET
from tests.internal_api.servers import always, serving

QUEUE_KEY = "the key of the queue, long enough for a test"


def doctor(*options: str) -> tuple[int, dict[str, list[tuple[str, str, str]]]]:
    """Exit status, and of each check its level, message and advice."""
    out = io.StringIO()
    status = 0
    try:
        call_command("gazetteer_doctor", "--json", *options, stdout=out)
    except SystemExit as exc:
        status = int(str(exc.code))
    said: dict[str, Any] = json.loads(out.getvalue())
    assert said["ok"] is (status == 0)
    found: dict[str, list[tuple[str, str, str]]] = {}
    for f in said["findings"]:
        found.setdefault(f["check"], []).append((f["level"], f["message"], f["advice"]))
    return status, found


@pytest.fixture(autouse=True)
def folders(settings: Settings, tmp_path: Path) -> None:
    settings.GIT_ROOT = tmp_path / "repositories"
    settings.STATE_ROOT = tmp_path
    settings.CHECKPOINT_ROOT = tmp_path / "checkpoints"


@pytest.fixture
def dispatching(settings: Settings) -> Settings:
    settings.TRIGGER_ENABLED = True
    settings.TRIGGER_SECRET_KEY = QUEUE_KEY
    settings.TRIGGER_INTERNAL_SECRET = SECRET
    return settings


@pytest.mark.django_db
def test_fresh_installation_is_well_and_every_check_speaks() -> None:
    status, found = doctor()

    assert status == 0
    assert list(found) == [
        *("settings", "git", "folders", "broker", "internal-api", "database"),
        "workers",
    ]
    assert {
        finding[0] for name in found if name != "settings" for finding in found[name]
    } == {"ok"}


@pytest.mark.django_db
def test_people_get_lines_with_advice(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("gazetteer_doctor", "--only", "settings,git")

    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("warning  settings") for line in lines)
    assert any("→ set HTTPS_ONLY=true" in line for line in lines)
    assert any(line.startswith("ok       git           git 2.") for line in lines)


@pytest.mark.django_db
def test_missing_migration_is_an_error_with_its_name() -> None:
    recorder = MigrationRecorder(connection)
    loader = MigrationLoader(connection)
    [(_, last)] = loader.graph.leaf_nodes("directories")
    recorder.record_unapplied("directories", last)

    status, found = doctor("--only", "database")

    assert status == 1
    [_, (level, message, advice)] = found["database"]
    assert level == "error"
    assert f"directories.{last}" in message
    assert "manage.py migrate" in advice


def test_folder_that_cannot_be_made_is_an_error(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    settings.GIT_ROOT = tmp_path / "file" / "repositories"

    status, found = doctor("--only", "folders")

    assert status == 1
    level, message, advice = found["folders"][0]
    assert (level, "GIT_ROOT" in message) == ("error", True)
    assert advice.startswith("make it: install -d")


def test_folder_of_another_user_is_told(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.GIT_ROOT = tmp_path
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)

    _, found = doctor("--only", "folders")

    level, message, advice = found["folders"][0]
    assert level == "warning"
    assert "belongs to uid" in message
    assert "one uid" in advice


@pytest.mark.django_db
def test_workers_that_are_away_are_told(dispatching: Settings) -> None:
    status, found = doctor("--only", "workers")

    assert status == 0
    [(level, message, advice)] = found["workers"]
    assert level == "warning"
    assert "no worker has been heard of" in message
    assert "manage.py qcluster" in advice


@pytest.mark.django_db(transaction=True)
def test_signature_goes_there_and_back(
    dispatching: Settings, live_server: LiveServer
) -> None:
    dispatching.TRIGGER_INTERNAL_API_URL = f"{live_server.url}/internal/trigger"

    status, found = doctor("--only", "internal-api")

    levels = [level for level, _, _ in found["internal-api"]]
    messages = " ".join(message for _, message, _ in found["internal-api"])
    assert (status, levels) == (0, ["ok", "ok"])
    assert "accepts our signature" in messages
    assert "clock and the web side's differ by 0." in messages


def test_refused_signature_is_an_error(dispatching: Settings) -> None:
    body = b'{"detail": "The request is not signed as it should be."}'
    with serving(always(401, body)) as web:
        dispatching.TRIGGER_INTERNAL_SECRET = ANOTHER
        dispatching.TRIGGER_INTERNAL_API_URL = web.url
        status, found = doctor("--only", "internal-api")

    assert status == 1
    [(level, message, advice)] = found["internal-api"]
    assert level == "error"
    assert "does not accept our signature" in message
    assert "TRIGGER_INTERNAL_SECRET" in advice


def test_answer_of_a_stranger_is_told_apart(dispatching: Settings) -> None:
    with serving(always(200), is_ours=False) as web:
        dispatching.TRIGGER_INTERNAL_API_URL = web.url
        _, found = doctor("--only", "internal-api")

    [(level, message, advice)] = found["internal-api"]
    assert level == "warning"
    assert "not from the internal API" in message
    assert "ALLOWED_HOSTS" in advice


def test_clock_key_and_folder_of_the_other_side_are_compared(
    dispatching: Settings, tmp_path: Path
) -> None:
    dispatching.GIT_ROOT = tmp_path
    here = dispatch.about_here()
    there = About(
        **here.model_dump()
        | {
            "now": "2020-01-01T00:00:00Z",
            "queue_key": "00000000",
            "git_root_inode": "1",
        }
    )
    with serving(always(200, there.model_dump_json().encode())) as web:
        dispatching.TRIGGER_INTERNAL_API_URL = web.url
        status, found = doctor("--only", "internal-api")

    told = [(level, message) for level, message, _ in found["internal-api"]]
    assert status == 1
    assert [level for level, _ in told] == ["ok", "error", "error", "warning"]
    assert "clock" in told[1][1]
    assert "another TRIGGER_SECRET_KEY" in told[2][1]
    assert "another folder" in told[3][1]


def test_mistake_in_a_check_is_told_and_the_others_go_on(
    settings: Settings,
) -> None:
    settings.GIT_ROOT = 7

    status, found = doctor("--only", "folders,git")

    assert status == 1
    assert "could not be looked at" in found["folders"][0][1]
    assert found["git"][0][0] == "ok"


def test_unknown_check_is_refused_with_the_names() -> None:
    with pytest.raises(Exception, match="there are: settings, git"):
        call_command("gazetteer_doctor", "--only", "weather")


def test_worker_without_a_database_can_ask_too(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "gazetteer_doctor", "--json"],
        cwd=CHECKOUT,
        env={
            "PATH": os.environ["PATH"],
            "STATE_ROOT": str(tmp_path),
            "GAZETTEER_ROLE": "worker",
            "TRIGGER_SECRET_KEY": QUEUE_KEY,
            "TRIGGER_INTERNAL_SECRET": SECRET,
            "TRIGGER_API_URL": "redis://:hidden-password@127.0.0.1:9/0",
            "TRIGGER_INTERNAL_API_URL": "http://127.0.0.1:9/internal/trigger",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    said = json.loads(done.stdout)
    levels = {f["check"]: f["level"] for f in said["findings"]}
    assert done.returncode == 1
    assert levels == {
        "settings": "ok",
        "git": "ok",
        "folders": "ok",
        "broker": "error",
        "internal-api": "error",
    }
    assert "hidden-password" not in done.stdout + done.stderr
