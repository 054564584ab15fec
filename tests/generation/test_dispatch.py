"""Whether a run can be put on the queue, and what is put there."""

from __future__ import annotations

import socket
from uuid import UUID

import pytest
from django_q.conf import Conf
from django_q.core_signing import BadSignature
from django_q.models import OrmQ
from django_q.signing import SignedPackage
from pytest_django.fixtures import Settings

from generation import dispatch
from generation.exceptions import CannotDispatch
from tests.fakes import RUN_ID

KEY = "the key of the queue, which is not Django's"


@pytest.fixture(autouse=True)
def with_a_queue(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.TRIGGER_ENABLED = True
    settings.TRIGGER_SECRET_KEY = KEY
    # Django-Q2 reads its settings when it is imported: later ones do not reach it.
    monkeypatch.setattr(Conf, "SECRET_KEY", KEY)


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as closing:
        closing.bind(("127.0.0.1", 0))
        return int(closing.getsockname()[1])


def test_nothing_stands_against_a_queue_that_is_set_up() -> None:
    assert dispatch.why_not() == ""


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("TRIGGER_ENABLED", False, "TRIGGER_ENABLED is false"),
        ("TRIGGER_SECRET_KEY", "", "TRIGGER_SECRET_KEY is not set"),
    ],
)
@pytest.mark.django_db
def test_setting_that_stands_against_it_is_named(
    settings: Settings, setting: str, value: object, reason: str
) -> None:
    setattr(settings, setting, value)

    with pytest.raises(CannotDispatch, match=reason):
        dispatch.enqueue(RUN_ID)

    assert dispatch.why_not() == reason
    assert not OrmQ.objects.exists()


@pytest.mark.django_db
def test_message_names_the_run_and_nothing_else() -> None:
    dispatch.enqueue(RUN_ID)

    task = SignedPackage.loads(OrmQ.objects.get().payload)
    assert task["func"] == dispatch.TASK
    assert task["args"] == ({"v": 1, "run_id": str(RUN_ID)},)
    assert task["kwargs"] == {}
    assert task.keys() == {
        "id",
        "name",
        "func",
        "args",
        "kwargs",
        "group",
        "ack_failure",
        "started",
    }


@pytest.mark.django_db
def test_message_is_for_the_queue_of_the_setting(settings: Settings) -> None:
    dispatch.enqueue(RUN_ID)

    assert OrmQ.objects.get().key == settings.TRIGGER_MACHINE


@pytest.mark.django_db
@pytest.mark.parametrize("other", ["another", "", KEY + "x"])
def test_message_is_read_with_its_key_only(
    monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    dispatch.enqueue(RUN_ID)
    message = OrmQ.objects.get().payload
    assert SignedPackage.loads(message)

    monkeypatch.setattr(Conf, "SECRET_KEY", other)

    with pytest.raises(BadSignature):
        SignedPackage.loads(message)


@pytest.mark.django_db
def test_message_is_not_signed_with_djangos_key(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    dispatch.enqueue(RUN_ID)

    monkeypatch.setattr(Conf, "SECRET_KEY", settings.SECRET_KEY)

    with pytest.raises(BadSignature):
        SignedPackage.loads(OrmQ.objects.get().payload)


def test_task_is_there() -> None:
    module, _, name = dispatch.TASK.rpartition(".")

    assert callable(getattr(__import__(module, fromlist=[name]), name))


def test_broker_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.setattr(Conf, "BROKER_CLASS", None)
    monkeypatch.setattr(Conf, "ORM", None)
    monkeypatch.setattr(Conf, "REDIS", f"redis://127.0.0.1:{closed_port}/0")

    with pytest.raises(CannotDispatch, match=r"ConnectionError.*TRIGGER_API_URL"):
        dispatch.enqueue(UUID(int=1))


def test_password_of_the_broker_is_not_told(
    monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    url = f"redis://ada:lovelace@127.0.0.1:{closed_port}/0"
    monkeypatch.setattr(Conf, "BROKER_CLASS", None)
    monkeypatch.setattr(Conf, "ORM", None)
    monkeypatch.setattr(Conf, "REDIS", url)

    with pytest.raises(CannotDispatch) as failed:
        dispatch.enqueue(UUID(int=1))

    assert "lovelace" not in str(failed.value)


def test_names_of_keys_differ_and_tell_nothing(settings: Settings) -> None:
    named = dispatch.queue_key()
    settings.TRIGGER_SECRET_KEY = KEY + "x"

    assert named != dispatch.queue_key()
    assert len(named) == 8
    assert named not in KEY
