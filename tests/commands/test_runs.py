"""`manage.py runs`, as it is typed."""

from __future__ import annotations

import pytest

from tests.commands.conftest import Gazetteer


@pytest.fixture
def made(gazetteer: Gazetteer) -> Gazetteer:
    """With one directory that was generated once."""
    gazetteer.make()
    return gazetteer


def test_runs_are_listed_shown_and_compared(made: Gazetteer) -> None:
    (listed,) = made.run("runs", "list", "--json").json
    again = made.run("runs", "again", "clocks")

    shown = made.run("runs", "show", listed["id"][:8])
    compared = made.run("runs", "compare", listed["id"], "clocks", "--json").json

    assert again.status == 0, again.stderr
    assert f"run {listed['id']} of admin/clocks" in shown.stdout
    assert "items-merge" in shown.stdout
    assert compared["rows"]["state"] == ["succeeded", "succeeded"]
    assert compared["runs"][0] == listed["id"]
    assert compared["runs"][1] != listed["id"]


def test_run_that_is_over_cannot_be_cancelled(made: Gazetteer) -> None:
    ended = made.run("runs", "cancel", "clocks")

    assert ended.status == 1
    assert "the run is succeeded already" in ended.stderr
    assert made.run("runs", "retry", "clocks").status == 1


def test_three_digits_name_no_run(made: Gazetteer) -> None:
    (listed,) = made.run("runs", "list", "--json").json

    assert made.run("runs", "show", listed["id"][:4]).status == 0
    assert made.run("runs", "show", listed["id"][:3]).status == 2


@pytest.mark.parametrize("name", ["nothing", "zz-top", "0", "a/b"])
def test_name_of_no_run_is_refused(made: Gazetteer, name: str) -> None:
    ended = made.run("runs", "show", name)

    assert ended.status == 2
    assert "runs list" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_follow_tells_the_end(made: Gazetteer) -> None:
    ended = made.run("runs", "follow", "clocks")

    assert ended.status == 0
    assert "admin/clocks: succeeded after" in ended.stdout


def test_run_that_waits_is_cancelled_and_its_followers_hear_of_it(
    made: Gazetteer,
) -> None:
    made.run(
        *("shell", "-v0", "-c"),
        "from directories.models import Directory\n"
        "from directories.services import runs\n"
        "from directories.services.requests import build_request\n"
        "d = Directory.objects.get()\n"
        "runs.start(d, build_request(d, {}), trigger='command', user=d.owner)",
    )
    following = made.start("runs", "follow", "clocks")

    cancelled = made.run("runs", "cancel", "clocks")

    stdout, _ = following.communicate(timeout=60)
    assert "is cancelled" in cancelled.stdout
    assert (following.returncode, "cancelled" in stdout) == (130, True)
    assert made.run("runs", "retry", "clocks").status == 0


def test_who_stops_following_does_not_stop_the_run(made: Gazetteer) -> None:
    made.run(
        *("shell", "-v0", "-c"),
        "from directories.models import Directory\n"
        "from directories.services import runs\n"
        "from directories.services.requests import build_request\n"
        "d = Directory.objects.get()\n"
        "runs.start(d, build_request(d, {}), trigger='command', user=d.owner)",
    )

    following = made.in_terminal(
        *("runs", "follow", "clocks"), interrupt_at="waits for a worker"
    )

    assert following.status == 130
    assert "the run goes on" in following.stderr
    assert made.run("runs", "list", "--state", "queued", "--json").json


def test_follow_needs_a_run_in_the_background(made: Gazetteer) -> None:
    ended = made.run("generate_directory", "clocks", "--follow")

    assert ended.status == 2
    assert "--background" in ended.stderr
