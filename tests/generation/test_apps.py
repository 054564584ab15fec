"""What is checked before a process takes part in the queue, and what it begins with."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.core import checks
from django_q.conf import Conf
from pytest_django.fixtures import Settings

from generation.apps import check_broker, check_key, check_secrets

LONG = "x" * 32
SHORT = "x" * 31


@pytest.fixture(autouse=True)
def fine(settings: Settings) -> None:
    """A web side that hands runs to workers, with nothing to complain about."""
    settings.IS_WORKER = False
    settings.TRIGGER_ENABLED = True
    settings.TRIGGER_SECRET_KEY = LONG
    settings.TRIGGER_API_URL = "redis://localhost:6379/0"
    settings.TRIGGER_INTERNAL_SECRET = LONG
    settings.TRIGGER_INTERNAL_SECRET_PREVIOUS = ""


def found() -> list[tuple[str, str]]:
    """The checks' ids, with the setting that each one begins with or names."""
    messages = check_secrets()
    assert all(type(message) is checks.Error for message in messages)
    return [(str(message.id), message.msg) for message in messages]


def ids() -> list[str]:
    return [name for name, _ in found()]


@pytest.mark.parametrize("is_worker", [False, True])
def test_settings_that_are_fine_are_not_complained_about(
    settings: Settings, is_worker: bool
) -> None:
    settings.IS_WORKER = is_worker

    assert found() == []


@pytest.mark.parametrize(
    "name", ["TRIGGER_INTERNAL_SECRET", "TRIGGER_INTERNAL_SECRET_PREVIOUS"]
)
@pytest.mark.parametrize("is_enabled", [False, True])
def test_short_secret_is_refused_and_not_quoted(
    settings: Settings, name: str, is_enabled: bool
) -> None:
    settings.TRIGGER_ENABLED = is_enabled
    setattr(settings, name, SHORT)

    ((identity, message),) = found()

    assert identity == "generation.E001"
    assert message.startswith(f"{name} has to be")
    assert SHORT not in message


@pytest.mark.parametrize(
    ("is_enabled", "is_worker", "is_refused"),
    [(True, False, True), (False, True, True), (False, False, False)],
    ids=["web side that dispatches", "worker", "web side that does not"],
)
def test_missing_secret_is_refused_where_it_is_needed(
    settings: Settings, is_enabled: bool, is_worker: bool, is_refused: bool
) -> None:
    settings.TRIGGER_ENABLED, settings.IS_WORKER = is_enabled, is_worker
    settings.TRIGGER_INTERNAL_SECRET = ""

    assert ids() == (["generation.E001"] if is_refused else [])


def test_worker_without_the_key_of_the_queue_is_refused(settings: Settings) -> None:
    settings.IS_WORKER = True
    settings.TRIGGER_SECRET_KEY = ""

    assert ids() == ["generation.E002"]


def test_short_key_of_the_queue_is_refused_and_not_quoted(settings: Settings) -> None:
    settings.TRIGGER_SECRET_KEY = SHORT

    ((identity, message),) = found()

    assert identity == "generation.E004"
    assert message.startswith("TRIGGER_SECRET_KEY has to be")
    assert SHORT not in message


def test_worker_without_a_broker_is_refused(settings: Settings) -> None:
    settings.IS_WORKER = True
    settings.TRIGGER_API_URL = ""

    assert ids() == ["generation.E003"]


def test_worker_without_anything_hears_it_all_at_once(settings: Settings) -> None:
    settings.IS_WORKER = True
    settings.TRIGGER_INTERNAL_SECRET = settings.TRIGGER_SECRET_KEY = ""
    settings.TRIGGER_API_URL = ""

    assert ids() == ["generation.E001", "generation.E002", "generation.E003"]


def test_web_side_may_have_the_database_for_a_broker(settings: Settings) -> None:
    settings.TRIGGER_API_URL = settings.TRIGGER_SECRET_KEY = ""

    assert found() == []


def test_checks_are_made_when_a_process_starts(settings: Settings) -> None:
    settings.TRIGGER_INTERNAL_SECRET = SHORT

    assert "generation.E001" in {message.id for message in checks.run_checks()}


def test_queue_is_signed_with_its_own_key(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Django-Q2 has a copy of Django's key from its import, and this test gives it back.
    monkeypatch.setattr(Conf, "SECRET_KEY", settings.SECRET_KEY)

    apps.get_app_config("generation").ready()

    assert Conf.SECRET_KEY == LONG
    assert settings.SECRET_KEY != LONG


def test_dispatching_without_a_key_is_warned_of_by_its_name(settings: Settings) -> None:
    settings.TRIGGER_SECRET_KEY = ""

    (warning,) = check_key()

    assert type(warning) is checks.Warning
    assert warning.id == "generation.W001"
    assert "TRIGGER_ENABLED is on and TRIGGER_SECRET_KEY is not set" in warning.msg
    settings.TRIGGER_ENABLED = False
    assert check_key() == []


@pytest.mark.parametrize(
    "url",
    ["", "redis://h:6379/0", "REDISS://u:p@h/1?a=b", "unix:///run/redis.sock?db=1"],
)
def test_a_broker_that_can_be_spoken_to_is_fine(settings: Settings, url: str) -> None:
    settings.TRIGGER_API_URL = url

    assert check_broker() == []


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("amqp://user:hidden@h:5672/", "not with amqp://"),
        ("http://h:6379/0", "not with http://"),
        ("hidden@h:6379", ""),
        ("user:hidden://h", ""),
        ("redis:/hidden", ""),
    ],
)
def test_a_broker_of_another_scheme_is_refused_by_the_name_of_the_variable(
    settings: Settings, url: str, shown: str
) -> None:
    settings.TRIGGER_API_URL = url

    (error,) = check_broker()

    assert (type(error), error.id) == (checks.Error, "generation.E005")
    assert error.msg.startswith("TRIGGER_API_URL has to begin with redis://")
    assert shown in error.msg
    assert "hidden" not in error.msg


def test_all_of_them_are_checked() -> None:
    registered = checks.registry.registry.get_checks()

    assert {check_broker, check_key, check_secrets} <= set(registered)
