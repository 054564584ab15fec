"""Checkpoints over the wire: opaque, fenced, bounded, and nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User

from directories.models import GenerationRun
from directories.services import checkpoints
from directories.services.directories import create_directory
from generation.contract.commands import Outcome, RecordGenerationFinish
from tests.directories.makers import claim, say, start
from tests.fakes import NOON
from tests.internal_api.callers import deliver, signed

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

BYTES = bytes(range(256))


def path_of(run: GenerationRun, attempt: object = "") -> str:
    query = f"?attempt={attempt}" if attempt else ""
    return f"/directories/{run.directory_id}/checkpoints/{run.pk}{query}"


def put(run: GenerationRun, attempt: object = 1, content: bytes = BYTES) -> Answer:
    return deliver(signed("PUT", path_of(run, attempt), content))


def get(run: GenerationRun) -> Answer:
    return deliver(signed("GET", path_of(run)))


def test_what_was_put_away_comes_back(running: GenerationRun) -> None:
    assert (get(running).status_code, get(running).content) == (204, b"")

    assert put(running).status_code == 204

    answer = get(running)
    assert (answer.status_code, answer.content) == (200, BYTES)
    assert answer["Content-Type"] == "application/octet-stream"


def test_the_newest_stays(running: GenerationRun) -> None:
    put(running, content=b"one")
    put(running, content=b"two")

    assert get(running).content == b"two"


def test_megabytes_are_taken(running: GenerationRun) -> None:
    content = BYTES * 4 * 1024 * 12  # 12 MiB

    assert put(running, content=content).status_code == 204
    assert get(running).content == content


def test_too_many_bytes_are_refused(
    running: GenerationRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "LARGEST", 255)

    assert put(running).status_code == 422
    assert get(running).status_code == 204


@pytest.mark.parametrize("attempt", [2, 3])
def test_another_attempt_is_refused(running: GenerationRun, attempt: int) -> None:
    assert put(running, attempt).status_code == 409
    assert checkpoints.load(running.pk) is None


@pytest.mark.parametrize("attempt", ["0", "-1", "one", "1e3", ""])
def test_what_names_no_attempt_is_malformed(
    running: GenerationRun, attempt: str
) -> None:
    assert put(running, attempt).status_code == 400


def test_run_that_is_over_has_none(running: GenerationRun) -> None:
    put(running)
    finish = RecordGenerationFinish(finished_at=NOON, outcome=Outcome.FAILED, error="x")
    say(running, finish)

    assert (get(running).status_code, put(running).status_code) == (409, 409)


def test_run_of_another_directory_is_refused(
    running: GenerationRun, stranger: User
) -> None:
    others = start(create_directory(owner=stranger, slug="watches", name="Watches"))
    claim(others)
    wrong = path_of(others, 1).replace(
        str(others.directory_id), str(running.directory_id)
    )

    assert deliver(signed("PUT", wrong, BYTES)).status_code == 403
    assert deliver(signed("GET", wrong)).status_code == 403
    assert checkpoints.load(others.pk) is None


def test_altered_bytes_are_refused(running: GenerationRun) -> None:
    wire = signed("PUT", path_of(running, 1), BYTES)

    answer = deliver(wire._replace(body=BYTES[:-1] + b"!"))

    assert answer.status_code == 401
    assert checkpoints.load(running.pk) is None


def test_another_attempt_s_number_is_covered_by_the_signature(
    running: GenerationRun,
) -> None:
    wire = signed("PUT", path_of(running, 7), BYTES)

    answer = deliver(wire._replace(target=wire.target.replace("=7", "=1")))

    assert answer.status_code == 401
