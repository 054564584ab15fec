"""A command ends in peace: where nobody reads it, and where what was typed is wrong."""

from __future__ import annotations

import subprocess

import pytest
from django.core.management import CommandError, call_command

from config.env import CHECKOUT
from tests.commands.conftest import Gazetteer


def test_a_command_that_nobody_reads_ends_without_a_traceback(
    gazetteer: Gazetteer,
) -> None:
    process = gazetteer.start_python("help", "--commands")
    assert process.stdout is not None
    process.stdout.close()

    _, errors = process.communicate(timeout=120)

    assert (process.returncode, errors) == (141, "")


def test_a_source_that_is_not_there_is_named_by_adopt() -> None:
    with pytest.raises(CommandError) as refused:
        call_command("adopt", "/no/such")

    assert str(refused.value).startswith("There is no file or folder /no/such.")
    assert refused.value.returncode == 2


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (["not-a-url"], "'not-a-url' is no http or https link; give a whole one"),
        (["https://a.example/"], "--name and --category must be given."),
        (["https://a.example/", "--name", "A"], "--category must be given."),
    ],
)
def test_an_item_that_lacks_something_is_refused_in_one_line(
    typed: list[str], message: str
) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("items", "add", "clocks", *typed)

    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("port", ["0", "99999", "http"])
def test_a_port_that_is_none_is_refused_before_anything_starts(port: str) -> None:
    with pytest.raises(CommandError, match="make dev PORT=8001"):
        call_command("prepare_dev", "--port", port)


@pytest.mark.parametrize(
    ("given", "port", "address"),
    [
        (["PORT=8001"], "8001", "http://localhost:8001/internal/trigger\n"),
        ([], "8000", ""),
    ],
)
def test_the_worker_of_make_dev_finds_the_web_server_on_its_port(
    given: list[str], port: str, address: str
) -> None:
    """Ask the lines themselves, with programs that only show what they were given."""
    made = _output(["make", "--dry-run", "--silent", "dev", *given])
    starts = made[made.index("WEB_PORT=") :].partition(".venv/bin/honcho")[0]
    lines = dict(
        line.split(": ", 1)
        for line in (CHECKOUT / "Procfile.dev").read_text().splitlines()
    )
    worker = lines["worker"].partition(".venv/bin/watchfiles")[0]
    web = lines["web"].partition("runserver")[2]

    shown = _output(
        ["sh", "-c", f"{starts} sh -c '{worker} printenv TRIGGER_INTERNAL_API_URL'"]
    )
    listens = _output(["sh", "-c", f"{starts} sh -c 'echo {web}'"])

    assert shown == address
    assert listens.strip() == port


def _output(command: list[str]) -> str:
    ended = subprocess.run(
        command,
        cwd=CHECKOUT,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    return ended.stdout
