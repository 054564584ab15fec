"""`.env.example` and the environment that the code reads are one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.env import CHECKOUT, Environment

EXAMPLE = CHECKOUT / ".env.example"


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_example_lists_every_variable_in_order() -> None:
    listed = re.findall(r"^([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE)

    assert listed == [name.upper() for name in Environment.model_fields]


def test_example_says_the_defaults() -> None:
    assert Environment(_env_file=EXAMPLE) == Environment(_env_file=None)


def test_example_shows_every_default_that_is_not_empty() -> None:
    shown = dict(re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))
    defaults = Environment(_env_file=None).model_dump()

    empty = {name for name, value in shown.items() if not value}
    assert empty == {
        name.upper() for name, value in defaults.items() if value in ("", (), None)
    }


def test_every_line_of_the_example_is_a_variable_a_comment_or_empty() -> None:
    lines = EXAMPLE.read_text().splitlines()

    assert not [line for line in lines if not re.match(r"#|[A-Z_]+=|$", line)]


def test_every_variable_says_what_it_is_for() -> None:
    source = (CHECKOUT / "config" / "env.py").read_text()

    described = re.findall(r'^    (\w+): .*\n    """', source, re.MULTILINE)
    assert described == list(Environment.model_fields)


def test_relative_paths_are_relative_to_the_checkout(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STATE_ROOT", "elsewhere")
    monkeypatch.setenv("GIT_ROOT", "git/here")

    env = Environment(_env_file=None)

    assert env.state_root == CHECKOUT / "elsewhere"
    assert env.repositories == CHECKOUT / "git" / "here"


def test_absolute_paths_stay_and_a_tilde_is_the_home(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("STATE_ROOT", "/srv/gazetteer")
    monkeypatch.setenv("GIT_ROOT", "~/git")

    env = Environment(_env_file=None)

    assert env.state_root == Path("/srv/gazetteer")
    assert env.repositories == Path("/home/ada/git")


def test_repositories_lie_in_the_state_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_ROOT", "/srv/gazetteer")

    assert Environment(_env_file=None).repositories == Path(
        "/srv/gazetteer/repositories"
    )


@pytest.mark.parametrize("typed", ["a.example,b.example", "a.example, b.example "])
def test_words_are_separated_by_commas(
    monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", typed)

    assert Environment(_env_file=None).allowed_hosts == ("a.example", "b.example")


def test_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUN_LEASE_SECONDS", "")
    monkeypatch.setenv("ALLOWED_HOSTS", "")

    assert Environment(_env_file=None) == Environment.model_construct()


def test_process_wins_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("LOG_LEVEL=DEBUG\nRUN_LEASE_SECONDS=30\n")
    monkeypatch.setenv("LOG_LEVEL", "ERROR")

    env = Environment(_env_file=tmp_path / ".env")

    assert (env.log_level, env.run_lease_seconds) == ("ERROR", 30)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RUN_LEASE_SECONDS", "4"),
        ("RUN_LEASE_SECONDS", "soon"),
        ("DEBUG", "perhaps"),
        ("FETCH_ALLOWED_NETWORKS", "10.0.0.0/33"),
        ("FETCH_ALLOWED_NETWORKS", "10.0.0.0/8,intranet"),
        ("FETCH_ALLOWED_NETWORKS", "0.0.0.0/0"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_wrong_value_is_refused_by_name_when_the_process_starts(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError, match=name.lower()):
        Environment(_env_file=None)
