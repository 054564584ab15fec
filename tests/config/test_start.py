"""What each command waits for: modules, counted where no machine is too slow or too busy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.env import CHECKOUT
from config.optional import without
from directories import services

# Whatever takes long to import and is needed by some of the requests, runs or commands only.
# `benchmarks/start.py` measures how long a start takes.
HEAVY = {
    "PIL", "docutils", "git", "jinja2", "markdown", "markdown_it", "nh3", "numpy",
    "playwright", "protego", "psycopg", "pygments", "rapidfuzz", "requests", "rich",
    "safetensors", "selectolax", "tokenizers", "urllib3", "wordllama",
    "generation.client", "generation.editing.items", "generation.orchestrator",
    "generation.pipeline", "generation.repositories.list",
    "generation.repositories.website", "generation.similarity", "generation.sources.fetch",
    "generation.sources.formats", "generation.tasks.directory_generation",
}  # fmt: skip


def imported(
    code: str, tmp_path: Path, *arguments: str, **environment: str
) -> set[str]:
    """What a process has imported when it has done this."""
    code = f"{code}\nimport sys; print(*sys.modules)"
    stdout = start(code, tmp_path, *arguments, **environment)
    return set(stdout.splitlines()[-1].split())


def start(code: str, state: Path, *arguments: str, **environment: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=CHECKOUT,
        env={
            "PATH": os.environ["PATH"],
            "STATE_ROOT": str(state),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


SET_UP = "import django; django.setup()"
CHECK = "from django.core.management import call_command; call_command('check')"


def test_check_imports_nothing_that_only_runs_and_requests_need(tmp_path: Path) -> None:
    modules = imported(f"{SET_UP}\n{CHECK}", tmp_path)

    assert "directories.api.edits" in modules, "all doors are checked"
    assert "directories.admin.curating" in modules
    assert HEAVY & modules == set()


# Set up once; each child is a process that has asked for nothing yet.
ASK_FOR_EACH = """
import os, sys, django
django.setup()
from directories import services
for name in services.__all__:
    if not os.fork():
        before = {*sys.modules}
        getattr(services, name)
        print(name, *{*sys.modules} - before, flush=True)
        os._exit(0)
    os.wait()
"""


def test_service_is_imported_when_it_is_asked_for(tmp_path: Path) -> None:
    lines = [line.split() for line in start(ASK_FOR_EACH, tmp_path).splitlines()]

    assert [name for name, *_ in lines] == services.__all__
    for name, *modules in lines:
        assert f"directories.services.{name}" in modules


def test_worker_imports_no_more_than_that(tmp_path: Path) -> None:
    modules = imported(SET_UP, tmp_path, GAZETTEER_ROLE="worker")

    assert HEAVY & modules == set()


def test_cluster_has_the_pipeline_before_it_forks(tmp_path: Path) -> None:
    modules = imported(SET_UP, tmp_path, "qcluster", GAZETTEER_ROLE="worker")

    assert {"generation.pipeline", "generation.sources.formats"} <= modules


def test_web_server_has_everything_before_it_forks(tmp_path: Path) -> None:
    modules = imported("import config.wsgi", tmp_path)

    assert {
        *("generation.pipeline", "generation.sources.formats", "directories.api.edits"),
        *("directories.services.editing", "generation.repositories.website"),
    } <= modules


def test_garbage_is_collected_but_not_among_what_was_imported(tmp_path: Path) -> None:
    report = "import gc; print(gc.isenabled(), gc.get_freeze_count())"
    ended = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", report],
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"], "STATE_ROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    is_on, frozen = ended.stdout.split()
    assert is_on == "True"
    assert int(frozen) > 50_000


def test_what_was_to_be_missing_is_there_again_afterwards() -> None:
    with without("colorsys_of_nobody", "this", "json"):
        import json

        with pytest.raises(ImportError):
            import this  # noqa: F401

    assert json.loads("1") == 1, "what was imported already stays"
    assert "this" not in sys.modules
