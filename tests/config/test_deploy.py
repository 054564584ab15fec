"""Production settings pass Django's own checks, and weaker ones do not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.env import CHECKOUT, Environment
from tests.prepared import Program, start

PRODUCTION = {
    "DEBUG": "false",
    "HTTPS_ONLY": "true",
    "TRIGGER_ALLOW_PLAIN_SECRET": "false",
    "ALLOWED_HOSTS": "directories.example.org",
    "SECRET_KEY": "K9#mQ2$vX7@pL4!wZ8^tR3&yN6*bH1(cJ5)dF0_gS-aV+eU=iO~kD",
}


def check_deploy(state_root: Path, **changes: str) -> tuple[int, str]:
    """Run the check in a process of its own, with these variables and no others."""
    own = {name.upper() for name in Environment.model_fields}
    environment = {
        **{name: value for name, value in os.environ.items() if name not in own},
        **PRODUCTION,
        **changes,
        "STATE_ROOT": str(state_root),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    words = ("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    process = start(Program(words, environment))
    stdout, stderr = process.communicate(timeout=60)
    return process.wait(), stdout + stderr


@pytest.mark.parametrize(
    "proxy",
    [{}, {"BEHIND_PROXY": "true", "CLIENT_ADDRESS_HEADER": "X-Real-IP"}],
    ids=["alone", "behind a proxy"],
)
def test_production_settings_pass_and_write_nothing(
    tmp_path: Path, proxy: dict[str, str]
) -> None:
    status, said = check_deploy(tmp_path / "var", **proxy)

    assert status == 0, said
    assert "System check identified no issues" in said
    assert [path for path in (tmp_path / "var").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("changes", "complaints"),
    [
        ({"SECRET_KEY": "short"}, ["security.W009"]),
        (
            {"HTTPS_ONLY": "false"},
            ["security.W004", "security.W008", "security.W012", "security.W016"],
        ),
        ({"DEBUG": "true"}, ["security.W018"]),
        ({"TRIGGER_ALLOW_PLAIN_SECRET": "true"}, ["internal_api.W001"]),
        ({"BEHIND_PROXY": "true"}, ["config.W001"]),
    ],
    ids=["weak key", "no https", "debug", "plain secret", "one address for all"],
)
def test_weaker_settings_do_not_pass(
    tmp_path: Path, changes: dict[str, str], complaints: list[str]
) -> None:
    status, said = check_deploy(tmp_path, **changes)

    assert status == 1
    assert [c for c in complaints if c not in said] == []


def test_web_server_without_threads_is_refused_with_a_reason(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "deploy/gunicorn_config.py"],
        cwd=CHECKOUT,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(CHECKOUT),
            "STATE_ROOT": str(tmp_path),
            "WEB_WORKER_THREADS": "0",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 1
    assert "WEB_WORKER_THREADS must be 1 or more" in ended.stderr


@pytest.mark.parametrize(("given", "kept"), [("", "60"), ("0", "0"), ("5", "5")])
def test_threads_of_the_web_server_keep_their_connections(
    tmp_path: Path, given: str, kept: str
) -> None:
    script = (
        "import runpy; runpy.run_path('deploy/gunicorn_config.py');"
        "from config.settings import DATABASES; print(DATABASES['default']['CONN_MAX_AGE'])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=CHECKOUT,
        env={
            "PATH": os.environ["PATH"],
            "STATE_ROOT": str(tmp_path),
            "DATABASE_KEEP_SECONDS": given,
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert ended.stdout.strip() == kept
