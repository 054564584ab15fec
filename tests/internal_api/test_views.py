"""What whoever is let in may do, and what they may not: threat rows T10 and T11."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from knox.models import AuthToken
from structlog.testing import capture_logs
from structlog.typing import EventDict

from directories.models import (
    AppliedBatch,
    Directory,
    GenerationRun,
    RunLogLine,
    RunState,
    UsedNonce,
    Worker,
)
from directories.services.directories import create_directory
from generation.client import InternalAPI
from generation.contract.commands import (
    AppendLog,
    Claim,
    Command,
    Heartbeat,
    Outcome,
    RecordGenerationFinish,
    UpdateDirectory,
)
from generation.contract.request import GenerationRequest
from tests.directories.makers import claim, document, say, start
from tests.fakes import CLOCKS, NOON
from tests.internal_api.callers import (
    SECRET,
    batch_of,
    commands_path,
    context_path,
    deliver,
    hello,
    note,
    prepared,
    signed,
    wire_of,
)

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

# Both want one change in directories.services.commands.apply_once.
FINISH = RecordGenerationFinish(finished_at=NOON, outcome=Outcome.SUCCEEDED)
MARKER = "a sentence that nobody but the run's row may hold"
SHA256 = hashlib.sha256(CLOCKS.encode()).hexdigest()


def get(path: str) -> Answer:
    return deliver(signed("GET", path))


def post(run: GenerationRun, body: bytes, *, key: str = "key", to: str = "") -> Answer:
    return deliver(signed("POST", to or commands_path(run), body, key=key))


def claim_path(run: GenerationRun) -> str:
    return f"/runs/{run.pk}/claim"


def problem(answer: Answer, status: int) -> dict[str, Any]:
    document: dict[str, Any] = answer.json()
    assert answer.status_code == status, document
    assert answer["Content-Type"] == "application/problem+json"
    assert document["status"] == status
    return document


def document_path(run: GenerationRun, sha256: str = SHA256) -> str:
    return f"/directories/{run.directory_id}/documents/{sha256}?run={run.pk}"


@pytest.fixture
def others(stranger: User) -> GenerationRun:
    """A run of somebody else's directory that is under way."""
    run = start(create_directory(owner=stranger, slug="watches", name="Watches"))
    claim(run, worker="host:2")
    return run


# --- which directory a run is of


def test_run_names_its_directory(queued: GenerationRun) -> None:
    answer = get(f"/runs/{queued.pk}")

    assert answer.json() == {
        "run": str(queued.pk),
        "directory": str(queued.directory_id),
    }


@pytest.mark.django_db
def test_unknown_run_is_not_there() -> None:
    unknown = uuid4()

    assert str(unknown) in problem(get(f"/runs/{unknown}"), 404)["detail"]


# --- context: T11


def test_context_holds_what_is_documented_and_nothing_more(
    running: GenerationRun, owner: User
) -> None:
    owner.first_name, owner.last_name = "Ada", "Lovelace"
    owner.save()

    told = get(context_path(running)).json()

    assert told.pop("request").keys() == GenerationRequest.model_fields.keys()
    clock = told.pop("clock")
    assert running.clock is not None
    assert clock == running.clock.isoformat().replace("+00:00", "Z")
    assert told == {
        "run_id": str(running.pk),
        "attempt": 1,
        "directory": {
            "id": str(running.directory_id),
            "namespace": "ada",
            "slug": "clocks",
            "name": "Clocks",
            "description": "",
        },
        "committer": {"name": "Ada Lovelace", "email": "ada@example.org"},
        "previous_prompt": "",
        "has_checkpoint": False,
        "planned_commits": None,
        "report": None,
        "proposal": None,
        "warnings": [],
    }


def test_context_tells_no_secret(
    running: GenerationRun, owner: User, stranger: User
) -> None:
    token, secret = AuthToken.objects.create(user=owner)
    owner.last_name = "Lovelace"
    owner.save()

    told = get(context_path(running)).content.decode()

    assert "ada@example.org" in told
    for hidden in (
        secret,
        token.digest,
        token.token_key,
        owner.password,
        "password",
        "token",
        "credential",
        stranger.email,
        SECRET,
    ):
        assert hidden not in told


def test_previous_prompt_is_told(directory: Directory) -> None:
    first = start(directory, prompt="sundials")
    claim(first)
    say(first, FINISH)
    second = start(directory, prompt="water clocks")
    claim(second)

    assert get(context_path(second)).json()["previous_prompt"] == "sundials"


# --- documents


def test_document_arrives_byte_for_byte(running: GenerationRun) -> None:
    answer = get(document_path(running))

    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer.content == document().content


def test_unknown_document_is_not_there(running: GenerationRun) -> None:
    problem(get(document_path(running, "0" * 64)), 404)


# --- T10: whose run it is, and whether it is under way


def test_run_of_another_directory_hears_and_says_nothing(
    running: GenerationRun, others: GenerationRun
) -> None:
    mine = f"/directories/{running.directory_id}"

    answers = [
        get(f"{mine}/context?run={others.pk}"),
        get(f"{mine}/documents/{SHA256}?run={others.pk}"),
        deliver(signed("POST", f"{mine}/commands", note(others))),
        deliver(
            signed("POST", f"{mine}/commands", batch_of(others, FINISH), key="finish")
        ),
    ]

    others.refresh_from_db()
    assert [problem(answer, 403)["title"] for answer in answers] == ["Forbidden"] * 4
    assert others.state == RunState.RUNNING
    assert others.log.count() == 0


def test_document_of_another_directory_is_not_there(
    running: GenerationRun, others: GenerationRun
) -> None:
    other = document("- [Other](https://example.org/other)\n", "other.md")
    say(others, FINISH)
    running.directory.documents.all().delete()

    path = document_path(running, other.reference().sha256)

    assert get(path).status_code == 404
    assert get(document_path(running)).status_code == 404


@pytest.mark.django_db
def test_unknown_run_hears_and_says_nothing(directory: Directory) -> None:
    unknown = GenerationRun(directory=directory)

    for answer in (
        get(context_path(unknown)),
        get(document_path(unknown)),
        post(unknown, note(unknown)),
        post(unknown, batch_of(unknown, Claim(worker="w"), attempt=0), key="claim"),
    ):
        assert str(unknown.pk) in problem(answer, 404)["detail"]


def test_run_that_waits_is_told_nothing(queued: GenerationRun) -> None:
    problem(get(context_path(queued)), 409)
    problem(get(document_path(queued)), 409)
    problem(post(queued, note(queued, attempt=0)), 409)


def test_finished_run_hears_and_says_nothing(running: GenerationRun) -> None:
    say(running, FINISH)

    problem(get(context_path(running)), 409)
    problem(get(document_path(running)), 409)
    problem(post(running, note(running)), 409)
    problem(post(running, batch_of(running, Claim(worker="w"), attempt=0)), 409)
    assert running.log.count() == 0


@pytest.mark.parametrize("attempt", [0, 2])
def test_attempt_that_does_not_hold_the_run_is_refused(
    running: GenerationRun, attempt: int
) -> None:
    refused = problem(post(running, note(running, attempt=attempt)), 409)

    assert "attempt" in refused["detail"]
    assert running.log.count() == 0


# --- commands


def test_claim_answers_with_the_attempt(queued: GenerationRun) -> None:
    answer = post(queued, batch_of(queued, Claim(worker="host:7"), attempt=0))

    queued.refresh_from_db()
    assert queued.lease_expires_at is not None
    assert answer.json() == {
        "attempt": 1,
        "cancel": False,
        "lease_expires_at": queued.lease_expires_at.isoformat().replace("+00:00", "Z"),
        "retry_in": None,
        "directory_id": str(queued.directory_id),
    }
    assert (queued.state, queued.ran_on) == (RunState.RUNNING, "host:7")


def test_claim_needs_no_directory(queued: GenerationRun) -> None:
    body = batch_of(queued, Claim(worker="host:7"), attempt=0)

    answer = post(queued, body, to=claim_path(queued))

    assert answer.json()["directory_id"] == str(queued.directory_id)
    again = post(queued, body, to=claim_path(queued))
    assert (again.json(), again["Idempotency-Replayed"]) == (answer.json(), "true")
    assert queued.attempts.count() == 1


def test_claims_alone_are_taken_without_a_directory(
    running: GenerationRun, others: GenerationRun
) -> None:
    of_another = batch_of(others, Claim(worker="host:7"), attempt=0)

    problem(post(running, note(running), to=claim_path(running)), 400)
    problem(post(running, of_another, to=claim_path(running)), 400)

    assert running.log.count() == 0
    assert running.attempts.count() == others.attempts.count() == 1


@pytest.mark.django_db
def test_claim_of_an_unknown_run_is_refused(queued: GenerationRun) -> None:
    body = batch_of(queued, Claim(worker="host:7"), attempt=0)
    path = claim_path(queued)
    GenerationRun.objects.all().delete()

    problem(post(queued, body, to=path), 404)


def test_second_claim_is_refused(running: GenerationRun) -> None:
    body = batch_of(running, Claim(worker="host:8"), attempt=0)

    problem(post(running, body), 409)

    running.refresh_from_db()
    assert (running.attempt, running.ran_on) == (1, "host:1")


def test_batch_takes_effect_and_renews_the_lease(running: GenerationRun) -> None:
    GenerationRun.objects.update(lease_expires_at=NOON)
    counts = UpdateDirectory(items_count=3, categories_count=2, tags_count=1)

    answer = post(running, batch_of(running, counts, AppendLog(message="counted")))

    running.refresh_from_db()
    assert answer.status_code == 200
    assert "Idempotency-Replayed" not in answer.headers
    assert running.directory.items_count == 3
    assert [line.message for line in running.log.all()] == ["counted"]
    assert running.lease_expires_at is not None
    assert running.lease_expires_at > NOON


def test_batch_takes_effect_as_a_whole_or_not(running: GenerationRun) -> None:
    body = batch_of(running, AppendLog(message="first"), Claim(worker="w"))

    problem(post(running, body), 409)

    assert running.log.count() == 0


def test_wish_to_cancel_is_answered(running: GenerationRun) -> None:
    GenerationRun.objects.update(cancel_requested=True)

    assert post(running, batch_of(running, Heartbeat())).json()["cancel"] is True


# --- once


def test_repeated_batch_is_answered_from_memory(running: GenerationRun) -> None:
    body = note(running)
    first = post(running, body)
    GenerationRun.objects.update(cancel_requested=True, lease_expires_at=NOON)

    second = post(running, body)

    assert second.status_code == 200
    assert second.content == first.content
    assert second["Idempotency-Replayed"] == "true"
    assert running.log.count() == 1


def test_repeated_finish_is_answered_although_the_run_is_over(
    running: GenerationRun,
) -> None:
    body = batch_of(running, FINISH)
    first = post(running, body)

    second = post(running, body)

    assert (second.status_code, second.content) == (200, first.content)


def test_repeated_claim_is_answered_with_the_same_attempt(
    queued: GenerationRun,
) -> None:
    body = batch_of(queued, Claim(worker="host:7"), attempt=0)

    replies = [post(queued, body).json()["attempt"] for _ in range(2)]

    queued.refresh_from_db()
    assert replies == [1, 1]
    assert queued.attempt == 1


def test_key_with_another_body_is_refused(running: GenerationRun) -> None:
    post(running, note(running, "first"))

    problem(post(running, note(running, "second")), 422)

    assert [line.message for line in running.log.all()] == ["first"]


def test_key_of_a_refused_batch_is_free(running: GenerationRun) -> None:
    problem(post(running, note(running, attempt=2)), 409)

    assert post(running, note(running)).status_code == 200


def test_other_run_may_use_the_same_key(
    running: GenerationRun, others: GenerationRun
) -> None:
    post(running, note(running))

    assert "Idempotency-Replayed" not in post(others, note(others)).headers
    assert others.log.count() == 1


def test_stored_reply_is_not_told_under_another_directory(
    running: GenerationRun, others: GenerationRun
) -> None:
    post(running, note(running))

    answer = deliver(signed("POST", commands_path(others), note(running)))

    problem(answer, 403)


def twice_at_once(run: GenerationRun, body: bytes) -> list[Answer]:
    """One batch from two threads, each time signed anew, as retries are.

    Neither goes on before the other has seen, too, that the batch is not known yet.
    """
    together = threading.Barrier(2)

    def send(_: int) -> Answer:
        seen = threading.Event()

        def wait_for_the_other(
            execute: Callable[..., Any], sql: str, *rest: Any
        ) -> Any:
            result = execute(sql, *rest)
            if "appliedbatch" in sql and not seen.is_set():
                seen.set()
                together.wait(timeout=30)
            return result

        try:
            with connection.execute_wrapper(wait_for_the_other):
                return post(run, body)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(send, range(2)))


@pytest.mark.django_db(transaction=True)
def test_batch_that_arrives_twice_at_once_takes_effect_once(
    running: GenerationRun,
) -> None:
    answers = twice_at_once(running, note(running))

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert running.log.count() == 1


@pytest.mark.django_db(transaction=True)
def test_claim_that_arrives_twice_at_once_is_answered_twice(
    queued: GenerationRun,
) -> None:
    body = batch_of(queued, Claim(worker="host:7"), attempt=0)

    answers = twice_at_once(queued, body)

    queued.refresh_from_db()
    assert queued.attempt == 1
    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.django_db(transaction=True)
def test_end_that_arrives_twice_at_once_is_answered_twice(
    running: GenerationRun,
) -> None:
    answers = twice_at_once(running, batch_of(running, FINISH))

    running.refresh_from_db()
    assert running.state == RunState.SUCCEEDED
    assert [answer.status_code for answer in answers] == [200, 200]


# --- malformed


@pytest.mark.parametrize(
    "key", [None, "", " ", "two words", "k" * 201, "Ünïcode", "a\tb", "a\n"]
)
def test_missing_or_odd_key_is_refused(running: GenerationRun, key: str | None) -> None:
    # From a client that does not sign: what signs would not sign most of these.
    wire = wire_of(prepared("POST", commands_path(running), note(running)))
    unsigned = wire.with_header("x-trigger-secret", SECRET)

    refused = problem(deliver(unsigned.with_header("Idempotency-Key", key)), 400)

    assert "Idempotency-Key" in refused["detail"]
    assert running.log.count() == 0


def test_odd_key_does_not_become_right_by_a_signature(running: GenerationRun) -> None:
    problem(post(running, note(running), key="two words"), 400)


def test_longest_key_is_accepted(running: GenerationRun) -> None:
    assert post(running, note(running), key="~" * 200).status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "identity", "br"])
def test_encoded_body_is_refused(running: GenerationRun, encoding: str) -> None:
    wire = signed("POST", commands_path(running), note(running))

    problem(deliver(wire.with_header("Content-Encoding", encoding)), 400)

    assert running.log.count() == 0


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        ({"action": "drop_database"}, [""]),
        ({}, [""]),
        ({"action": "append_log"}, ["/message"]),
        ({"action": "append_log", "message": "m", "extra": MARKER}, ["/extra"]),
        (
            {"action": "append_log", "message": MARKER * 100, "level": "loud"},
            ["/level", "/message"],
        ),
    ],
    ids=["unknown", "none", "too little", "too much", "two mistakes"],
)
def test_malformed_command_is_refused_with_pointers_and_not_quoted(
    running: GenerationRun, command: dict[str, str], wrong: list[str]
) -> None:
    heartbeat = {"action": "heartbeat"}
    commands = [heartbeat, command]
    batch = {"run_id": str(running.pk), "attempt": 1, "commands": commands}

    answer = post(running, json.dumps(batch).encode())

    errors = problem(answer, 400)["errors"]
    pointers = {error["pointer"] for error in errors}
    assert {f"/commands/1{field}" for field in wrong} == pointers
    assert not any(pointer.startswith("/commands/0") for pointer in pointers)
    assert all(error["detail"] for error in errors)
    assert MARKER not in answer.content.decode()


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"\x00", b"[" * 100_000, b"{}"],
    ids=lambda body: repr(body[:10]),
)
def test_malformed_body_is_refused(running: GenerationRun, body: bytes) -> None:
    assert problem(post(running, body), 400)["errors"]


@pytest.mark.parametrize("commands", [[], [Heartbeat()] * 1001])
def test_batch_of_none_or_too_many_is_refused(
    running: GenerationRun, commands: list[Command]
) -> None:
    actions = [command.model_dump() for command in commands]
    batch = {"run_id": str(running.pk), "attempt": 1, "commands": actions}

    refused = problem(post(running, json.dumps(batch).encode()), 400)

    assert [error["pointer"] for error in refused["errors"]] == ["/commands"]


@pytest.mark.parametrize("query", ["", "?run=", "?run=nonsense", "?other=1"])
def test_context_without_a_run_is_refused(running: GenerationRun, query: str) -> None:
    path = f"/directories/{running.directory_id}/context{query}"

    assert "?run=" in problem(get(path), 400)["detail"]


def test_other_methods_are_refused(running: GenerationRun) -> None:
    problem(deliver(signed("PUT", commands_path(running), note(running))), 405)
    problem(deliver(signed("GET", commands_path(running))), 405)
    problem(deliver(signed("DELETE", context_path(running))), 405)


# --- hello


@pytest.mark.django_db
def test_hello_makes_a_worker_known() -> None:
    answer = deliver(signed("POST", "/workers/hello", hello(7, queue="fast")))

    assert answer.json() == {"heard": True}
    worker = Worker.objects.get()
    assert (worker.host, worker.pid, worker.queue) == ("worker", 7, "fast")
    assert (worker.queue_key, worker.version) == ("00000000", 1)
    assert list(Worker.objects.alive()) == [worker]


@pytest.mark.django_db
def test_later_hello_of_the_same_process_renews_it() -> None:
    deliver(signed("POST", "/workers/hello", hello(7)))
    Worker.objects.update(last_seen_at=NOON)
    assert not Worker.objects.alive().exists()

    deliver(signed("POST", "/workers/hello", hello(7, queue="slow")))

    assert [worker.queue for worker in Worker.objects.alive()] == ["slow"]


@pytest.mark.django_db
def test_processes_and_hosts_are_told_apart() -> None:
    for said in (hello(7), hello(8), hello(7, host="other")):
        deliver(signed("POST", "/workers/hello", said))

    assert Worker.objects.alive().count() == 3


@pytest.mark.django_db
def test_worker_that_says_goodbye_is_none_at_once() -> None:
    for said in (hello(7), hello(8), hello(7, is_leaving=True)):
        assert deliver(signed("POST", "/workers/hello", said)).status_code == 200

    assert [worker.pid for worker in Worker.objects.all()] == [8]


@pytest.mark.django_db
@pytest.mark.parametrize("is_leaving", [False, True])
def test_only_who_stays_waits_for_a_sweep(
    monkeypatch: pytest.MonkeyPatch, is_leaving: bool
) -> None:
    swept: list[int] = []
    monkeypatch.setattr(
        "directories.services.sweeping.sweep", lambda *, tidies: swept.append(tidies)
    )

    deliver(signed("POST", "/workers/hello", hello(7, is_leaving=is_leaving)))

    assert len(swept) == (0 if is_leaving else 1)


@pytest.mark.django_db
def test_goodbye_of_a_stranger_is_heard() -> None:
    answer = deliver(signed("POST", "/workers/hello", hello(7, is_leaving=True)))

    assert answer.json() == {"heard": True}
    assert not Worker.objects.exists()


@pytest.mark.django_db
def test_malformed_hello_is_refused() -> None:
    said = json.loads(hello()) | {"pid": 0, "queue_key": SECRET}

    answer = deliver(signed("POST", "/workers/hello", json.dumps(said).encode()))

    pointers = [error["pointer"] for error in problem(answer, 400)["errors"]]
    assert pointers == ["/pid", "/queue_key"]
    assert SECRET not in answer.content.decode()
    assert not Worker.objects.exists()


# --- the log


@pytest.fixture
def logged() -> Iterator[list[EventDict]]:
    with capture_logs() as lines:
        yield lines


def calls(lines: list[EventDict]) -> list[EventDict]:
    return [line for line in lines if line["event"] == "internal call"]


def test_call_is_logged_once_with_its_facts(
    running: GenerationRun, logged: list[EventDict]
) -> None:
    post(running, batch_of(running, Heartbeat(), AppendLog(message=MARKER)))

    (line,) = calls(logged)
    assert line.pop("milliseconds") > 0
    assert line == {
        "event": "internal call",
        "log_level": "info",
        "method": "POST",
        "path": f"/internal/trigger{commands_path(running)}",
        "run": str(running.pk),
        "attempt": 1,
        "actions": ["heartbeat", "append_log"],
        "status": 200,
    }


def test_refusals_are_logged_with_their_run(
    running: GenerationRun, logged: list[EventDict]
) -> None:
    post(running, note(running, attempt=5))
    say(running, FINISH)
    get(context_path(running))
    get(f"/runs/{running.pk}")

    assert [(line["status"], line["run"]) for line in calls(logged)] == [
        (409, str(running.pk)),
        (409, str(running.pk)),
        (200, str(running.pk)),
    ]


@pytest.mark.django_db
def test_stranger_is_logged_without_what_they_sent(logged: list[EventDict]) -> None:
    deliver(signed("POST", "/workers/hello", hello(host=MARKER), secret="x" * 32))

    assert [line["status"] for line in calls(logged)] == [401]
    assert MARKER not in repr(logged)


def test_no_body_reaches_any_log(
    running: GenerationRun,
    logged: list[EventDict],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    odd = {"action": "append_log", "message": MARKER, MARKER: MARKER}
    batch = {"run_id": str(running.pk), "attempt": 1, "commands": [odd]}

    accepted = post(running, note(running, MARKER))
    for status, answer in (
        (200, post(running, note(running, MARKER))),
        (422, post(running, note(running, MARKER + "!"))),
        (409, post(running, note(running, MARKER, attempt=3), key="stale")),
        (400, post(running, json.dumps(batch).encode(), key="odd")),
    ):
        assert answer.status_code == status

    assert accepted.status_code == 200
    assert running.log.get().message == MARKER
    assert len(calls(logged)) == 5
    # The database's own log shows values, and is off outside of a debug session.
    others = [r for r in caplog.records if r.name != "django.db.backends"]
    assert MARKER not in repr(logged)
    assert not any(MARKER in record.getMessage() for record in others)


def test_secret_reaches_no_log(
    running: GenerationRun,
    logged: list[EventDict],
    caplog: pytest.LogCaptureFixture,
    api: InternalAPI,
) -> None:
    caplog.set_level("DEBUG")
    api.get(f"/runs/{running.pk}")
    wire = wire_of(prepared("POST", commands_path(running), note(running)))
    assert deliver(wire.with_header("x-trigger-secret", SECRET)).status_code == 200
    deliver(wire.with_header("x-trigger-secret", SECRET + "x"))

    assert len(calls(logged)) == 3
    assert SECRET not in repr(logged) + caplog.text


# --- mistakes of ours


@pytest.mark.django_db(transaction=True)
def test_body_is_in_no_log_when_a_call_breaks(
    running: GenerationRun, capsys: pytest.CaptureFixture[str]
) -> None:
    body = batch_of(running, AppendLog(message="mark-of-a-body"))

    # A table that is away is a mistake of ours, whatever the batch says.
    with connection.schema_editor() as editor:
        editor.delete_model(RunLogLine)
    try:
        answer = post(running, body)
    finally:
        with connection.schema_editor() as editor:
            editor.create_model(RunLogLine)

    told = capsys.readouterr().err
    assert answer.status_code == 500
    assert "Traceback" in told
    assert "mark-of-a-body" not in told


@pytest.mark.django_db(transaction=True)
def test_call_that_breaks_is_logged_with_its_outcome(
    running: GenerationRun, logged: list[EventDict]
) -> None:
    with connection.schema_editor() as editor:
        editor.delete_model(RunLogLine)
    try:
        post(running, note(running))
    finally:
        with connection.schema_editor() as editor:
            editor.create_model(RunLogLine)

    (line,) = calls(logged)
    assert (line["status"], line["error"]) == (500, "OperationalError")
    assert (line["run"], line["actions"]) == (str(running.pk), ["append_log"])


def test_secret_is_in_no_log_when_a_call_breaks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Without the mark, this test has no database to keep nonces in.
    answer = deliver(signed("POST", "/workers/hello", hello()))

    told = capsys.readouterr().err
    if answer.status_code != 500 or "Database access not allowed" not in told:
        pytest.fail("the call was to break")
    assert SECRET not in told


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "command",
    [
        {
            "action": "update_directory",
            "items_count": 10**30,
            "categories_count": 1,
            "tags_count": 1,
        },
        {"action": "append_log", "message": "m", "facts": {"x": float("nan")}},
        {"action": "append_log", "message": "m", "facts": {"x": float("inf")}},
        {
            "action": "record_generation_start",
            "started_at": "9999-12-31T23:59:59-14:00",
        },
    ],
    ids=["number", "nan", "infinity", "time"],
)
def test_value_that_no_column_holds_is_refused(
    running: GenerationRun, command: dict[str, Any]
) -> None:
    batch = {"run_id": str(running.pk), "attempt": 1, "commands": [command]}

    assert post(running, json.dumps(batch).encode()).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_hello_forgets_nonces_that_are_out_of_date() -> None:
    old, new = (
        UsedNonce(
            key_id="k", nonce=name, expires_at=datetime.now(UTC) + timedelta(days=days)
        )
        for name, days in (("old", -1), ("new", 1))
    )
    UsedNonce.objects.bulk_create([old, new])

    answer = deliver(signed("POST", "/workers/hello", hello()))

    assert answer.status_code == 200
    kept = set(UsedNonce.objects.values_list("nonce", flat=True))
    assert "old" not in kept
    assert "new" in kept


@pytest.mark.django_db(transaction=True)
def test_hello_forgets_answers_to_runs_that_are_long_over(
    running: GenerationRun, others: GenerationRun
) -> None:
    for run in (running, others):
        post(run, note(run))
        post(run, batch_of(run, FINISH), key="finish")
    AppliedBatch.objects.update(applied_at=NOON)
    GenerationRun.objects.filter(pk=others.pk).update(finished_at=datetime.now(UTC))

    deliver(signed("POST", "/workers/hello", hello()))

    assert set(AppliedBatch.objects.values_list("run", flat=True)) == {others.pk}
    assert post(others, note(others))["Idempotency-Replayed"] == "true"
