"""The worker's side of the wire: retries, lost answers, and whose fault a failure is."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer
from rest_framework.test import RequestsClient
from structlog.testing import capture_logs
from structlog.typing import EventDict

from directories.models import AppliedBatch, Directory, GenerationRun, RunState
from directories.operations import DatabaseDirectoryOperations
from directories.services import runs
from generation import heartbeat
from generation.client import TRIES, InternalAPI, RemoteDirectoryOperations
from generation.contract.commands import (
    AppendLog,
    Heartbeat,
    Outcome,
    PlannedCommit,
    PublishBegin,
    RecordGenerationFinish,
)
from generation.exceptions import (
    GenerationError,
    InternalAPIElsewhere,
    InternalAPIRefused,
    InternalAPIUnreachable,
    RepositoryMoved,
    RunCancelled,
    RunRefused,
)
from generation.git import Repository
from generation.journal import Progress
from generation.operations import DirectoryOperations
from generation.orchestrator import generate
from generation.publish import KINDS, repository_path, staged_refs
from tests.directories.makers import (
    WITHOUT_ITEMS,
    ask,
    claim,
    document,
    stage,
    start,
)
from tests.fakes import CLOCKS, NOON, RUN_ID, make_host
from tests.internal_api.callers import ANOTHER, PREFIX, SECRET, internal_api
from tests.internal_api.servers import (
    Call,
    Said,
    WebSide,
    always,
    forward,
    in_turn,
    serving,
)

HEARD = Said(200, b'{"heard": true}')


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def logged() -> Iterator[list[EventDict]]:
    with capture_logs() as lines:
        yield lines


def client_of(web: WebSide | str, slept: list[float]) -> InternalAPI:
    url = web if isinstance(web, str) else web.url
    return InternalAPI(url, SECRET, sleep=slept.append)


def nonce(call: Call) -> str:
    return str(call.headers["Signature-Input"]).split('nonce="')[1].split('"')[0]


def closed_port() -> int:
    with socket.socket() as closing:
        closing.bind(("127.0.0.1", 0))
        return int(closing.getsockname()[1])


# --- three tries


def test_each_try_is_signed_anew_and_keeps_its_key(slept: list[float]) -> None:
    with serving(in_turn(Said(502), Said(503), HEARD)) as web:
        api = client_of(web, slept)
        answer = api.post("/workers/hello", "{}", key="the key")
        api.close()

    assert answer.json() == {"heard": True}
    assert len({nonce(call) for call in web.calls}) == len(web.calls) == 3
    assert len({call.headers["Signature"] for call in web.calls}) == 3
    assert {call.headers["Idempotency-Key"] for call in web.calls} == {"the key"}
    assert {call.body for call in web.calls} == {b"{}"}


def test_waits_grow_and_vary(slept: list[float]) -> None:
    for _ in range(5):
        with serving(in_turn(Said(500), Said(500), HEARD)) as web:
            client_of(web, slept).get("/runs/1")

    shorter, longer = slept[::2], slept[1::2]
    assert all(1 <= seconds <= 2 for seconds in shorter)
    assert all(4 <= seconds <= 8 for seconds in longer)
    assert len(set(slept)) == 10


def test_connection_that_is_cut_is_tried_again(slept: list[float]) -> None:
    with serving(in_turn(None, HEARD)) as web:
        assert client_of(web, slept).get("/runs/1").json() == {"heard": True}

    assert len(web.calls) == 2
    assert len(slept) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422])
def test_refusal_is_not_tried_again(slept: list[float], status: int) -> None:
    with serving(always(status)) as web, pytest.raises(GenerationError):
        client_of(web, slept).get("/runs/1")

    assert len(web.calls) == 1
    assert slept == []


def test_server_that_stays_broken_is_given_up(
    slept: list[float], logged: list[EventDict]
) -> None:
    with (
        serving(always(500, b"<html>")) as web,
        pytest.raises(InternalAPIUnreachable, match=r"status 500") as failed,
    ):
        client_of(web, slept).get("/runs/1")

    assert web.url in str(failed.value)
    assert len(web.calls) == TRIES == 3
    assert len(slept) == 2, "nobody waits after the last try"
    assert [line["event"] for line in logged] == ["internal API did not answer"] * 2


def test_refused_connection_names_the_address(slept: list[float]) -> None:
    url = f"http://127.0.0.1:{closed_port()}{PREFIX}"

    with pytest.raises(InternalAPIUnreachable, match="ConnectionError") as failed:
        client_of(url, slept).get("/runs/1")

    assert url in str(failed.value)
    assert len(slept) == 2


# --- whose fault it is


def test_wrong_secret_names_the_setting(slept: list[float]) -> None:
    with (
        serving(always(401)) as web,
        pytest.raises(InternalAPIRefused, match="TRIGGER_INTERNAL_SECRET"),
    ):
        client_of(web, slept).get("/runs/1")


@pytest.mark.django_db
def test_secret_that_the_web_side_does_not_know_names_the_setting(
    settings: Settings,
) -> None:
    settings.TRIGGER_INTERNAL_SECRET = ANOTHER

    with pytest.raises(InternalAPIRefused, match="TRIGGER_INTERNAL_SECRET"):
        internal_api().get(f"/runs/{RUN_ID}")


@pytest.mark.django_db
def test_web_side_without_a_secret_names_the_setting(settings: Settings) -> None:
    settings.TRIGGER_INTERNAL_SECRET = ""

    with pytest.raises(
        InternalAPIUnreachable, match="503, TRIGGER_INTERNAL_SECRET is not set"
    ):
        internal_api().get(f"/runs/{RUN_ID}")


@pytest.mark.parametrize("status", [404, 409])
def test_run_that_is_not_to_be_had_is_nobodys_fault(
    slept: list[float], status: int
) -> None:
    said = b'{"detail": "the run is over"}'
    with (
        serving(always(status, said)) as web,
        pytest.raises(RunRefused, match="the run is over"),
    ):
        client_of(web, slept).get("/runs/1")


def test_a_branch_that_has_moved_may_pass(slept: list[float]) -> None:
    said = b'{"detail": "main is elsewhere", "has_moved": true}'
    with (
        serving(always(409, said)) as web,
        pytest.raises(RepositoryMoved, match="main is elsewhere") as raised,
    ):
        client_of(web, slept).get("/runs/1")

    assert raised.value.may_pass


@pytest.mark.usefixtures("shared_secret")
def test_a_plan_on_a_branch_that_has_moved_may_be_made_again(
    directory: Directory,
) -> None:
    run = start(directory)
    operations = remote(run)
    operations.claim("host:1")
    repository = stage(directory, run)
    new = repository.head(f"{staged_refs(run.pk)}1")

    with pytest.raises(RepositoryMoved, match="is at nothing now"):
        operations.send(
            PublishBegin(commits={"data": PlannedCommit(old="0" * 40, new=new)})
        )


@pytest.mark.usefixtures("shared_secret")
def test_a_plan_that_was_not_staged_is_refused(directory: Directory) -> None:
    run = start(directory)
    operations = remote(run)
    operations.claim("host:1")

    with pytest.raises(InternalAPIRefused, match="status 422: the attempt has not"):
        operations.send(
            PublishBegin(commits={"data": PlannedCommit(old=None, new="0" * 40)})
        )


@pytest.mark.parametrize("status", [400, 403, 422])
def test_other_refusals_are_ours(slept: list[float], status: int) -> None:
    said = b'{"detail": "not valid"}'
    with (
        serving(always(status, said)) as web,
        pytest.raises(InternalAPIRefused, match=f"status {status}: not valid"),
    ):
        client_of(web, slept).get("/runs/1")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"x"', b"{}", b"\xff"])
def test_refusal_that_says_nothing_is_understood(
    slept: list[float], body: bytes
) -> None:
    with (
        serving(always(403, body)) as web,
        pytest.raises(InternalAPIRefused, match="did not say why"),
    ):
        client_of(web, slept).get("/runs/1")


# --- where the requests go


@pytest.mark.parametrize("status", [200, 204, 400, 401, 403, 404, 409])
@pytest.mark.parametrize("body", [b"<html>", b'{"detail": "there is no run"}'])
def test_answer_of_a_stranger_names_the_address(
    slept: list[float], status: int, body: bytes
) -> None:
    with (
        serving(always(status, body), is_ours=False) as web,
        pytest.raises(InternalAPIElsewhere, match="TRIGGER_INTERNAL_API_URL") as failed,
    ):
        client_of(web, slept).get("/runs/1")

    assert f"status {status} came from {web.url}/runs/1" in str(failed.value)
    assert slept == []


@pytest.mark.django_db
def test_address_beside_the_internal_api_is_wrong(settings: Settings) -> None:
    settings.TRIGGER_INTERNAL_SECRET = SECRET
    beside = InternalAPI("http://testserver/internal", SECRET, session=RequestsClient())

    with pytest.raises(InternalAPIElsewhere, match=r"404 .* no such page"):
        beside.get(f"/runs/{RUN_ID}")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(slept: list[float], status: int) -> None:
    with serving(always(200)) as elsewhere:
        away = always(status, Location=f"{elsewhere.url}/runs/1")
        with (
            serving(away, is_ours=False) as web,
            pytest.raises(InternalAPIElsewhere, match=f"status {status}"),
        ):
            client_of(web, slept).get("/runs/1")

    assert len(web.calls) == 1
    assert elsewhere.calls == []


def test_proxies_and_passwords_of_the_host_are_not_used(
    slept: list[float], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ada password lovelace\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(always(200)) as proxy, serving(always(200)) as web:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        client_of(web, slept).get("/runs/1")

    assert proxy.calls == []
    assert [call.headers["Authorization"] for call in web.calls] == [None]


# --- secrets


@pytest.mark.parametrize(
    "answers",
    [
        [Said(401)],
        [Said(403)],
        [Said(409)],
        [Said(500)],
        [Said(503), None, Said(302)],
        [None],
    ],
    ids=["401", "403", "409", "500", "mixed", "hung up"],
)
def test_secret_is_in_no_error_and_no_log(
    slept: list[float],
    logged: list[EventDict],
    caplog: pytest.LogCaptureFixture,
    answers: list[Said | None],
) -> None:
    caplog.set_level("DEBUG")
    with serving(in_turn(*answers)) as web, pytest.raises(GenerationError) as failed:
        client_of(web, slept).post("/workers/hello", "{}", key="key")

    told = "".join(traceback.format_exception(failed.value))
    assert web.calls
    assert str(failed.value) in told
    assert SECRET not in told + repr(failed.value) + repr(logged) + caplog.text
    # Nor does it cross the wire.
    assert not any(SECRET in str(call.headers) for call in web.calls)


# --- lost answers


@pytest.fixture
def through_a_bad_line(
    live_server: LiveServer, settings: Settings
) -> Iterator[tuple[WebSide, set[int]]]:
    """A way to the real web side that loses the answers to the calls of these numbers."""
    settings.TRIGGER_INTERNAL_SECRET = SECRET
    proxy = forward(f"http://127.0.0.1:{urlsplit(live_server.url).port}")
    lost: set[int] = set()

    def lose(call: Call) -> Said | None:
        answer = proxy(call)
        return None if len(web.calls) in lost else answer

    with serving(lose) as web:
        yield web, lost


@pytest.mark.django_db(transaction=True)
def test_command_whose_answer_was_lost_takes_effect_once(
    directory: Directory,
    through_a_bad_line: tuple[WebSide, set[int]],
    slept: list[float],
) -> None:
    web, lost = through_a_bad_line
    run = start(directory)
    api = client_of(web.url + PREFIX, slept)
    operations = RemoteDirectoryOperations(api, run.pk)
    operations.claim("host:1")
    lost |= {2, 3}

    reply = operations.send(AppendLog(message="ticking"))
    api.close()

    first, second, third = web.calls[-3:]
    assert len(slept) == 2
    assert reply.attempt == 1
    assert [line.message for line in run.log.all()] == ["ticking"]
    assert first.body == second.body == third.body
    assert len({nonce(call) for call in (first, second, third)}) == 3
    assert len({c.headers["Idempotency-Key"] for c in (first, second, third)}) == 1


@pytest.mark.django_db(transaction=True)
def test_claim_whose_answer_was_lost_is_not_lost(
    directory: Directory,
    through_a_bad_line: tuple[WebSide, set[int]],
    slept: list[float],
) -> None:
    web, lost = through_a_bad_line
    run = start(directory)
    api = client_of(web.url + PREFIX, slept)
    operations = RemoteDirectoryOperations(api, run.pk)
    lost.add(1)

    reply = operations.claim("host:1")
    operations.send(Heartbeat())
    api.close()

    run.refresh_from_db()
    assert reply.attempt == run.attempt == 1
    assert run.state == RunState.RUNNING


@pytest.mark.django_db(transaction=True)
def test_end_of_a_run_that_nobody_seemed_to_hear_is_said_again(
    directory: Directory,
    through_a_bad_line: tuple[WebSide, set[int]],
    slept: list[float],
) -> None:
    """All answers to it are lost, those of a later try are not: it is over, not refused."""
    web, lost = through_a_bad_line
    run = start(directory)
    api = client_of(web.url + PREFIX, slept)
    operations = RemoteDirectoryOperations(api, run.pk)
    operations.claim("host:1")
    lost |= {2, 3, 4}
    end = RecordGenerationFinish(
        finished_at=NOON, outcome=Outcome.FAILED, error="no clock left"
    )

    with pytest.raises(InternalAPIUnreachable):
        operations.send(end)
    operations.send(end)
    api.close()

    run.refresh_from_db()
    assert (run.state, run.error) == (RunState.FAILED, "no clock left")


@pytest.mark.django_db(transaction=True)
def test_run_over_a_bad_line_says_everything_once(
    directory: Directory,
    through_a_bad_line: tuple[WebSide, set[int]],
    slept: list[float],
    git_root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Between those of a heartbeat, all three tries of a call could have odd numbers.
    monkeypatch.setattr(heartbeat, "BEATS_EVERY", 3600)
    web, lost = through_a_bad_line
    lost |= set(range(1, 200, 2))
    run = start(directory)
    api = client_of(web.url + PREFIX, slept)

    generate(RemoteDirectoryOperations(api, run.pk), make_host(git_root))
    api.close()

    run.refresh_from_db()
    said = [line.message for line in run.log.all()]
    assert run.state == RunState.SUCCEEDED
    assert slept
    assert len(said) == len(set(said)) > 5


# --- the protocol of a run


@pytest.fixture
def shared_secret(settings: Settings) -> None:
    settings.TRIGGER_INTERNAL_SECRET = SECRET


def remote(run: GenerationRun) -> RemoteDirectoryOperations:
    return RemoteDirectoryOperations(internal_api(), run.pk)


@pytest.mark.usefixtures("shared_secret")
def test_both_ways_tell_a_run_the_same(directory: Directory) -> None:
    run = start(directory, prompt="clocks")
    far, near = remote(run), DatabaseDirectoryOperations(run)

    far.claim("host:1")

    context = far.fetch_context()
    assert context == near.fetch_context()
    sha256 = context.request.source_documents[0].sha256
    assert far.fetch_document(sha256) == near.fetch_document(sha256) == CLOCKS.encode()


@pytest.mark.usefixtures("shared_secret")
def test_keys_name_run_attempt_and_sequence(directory: Directory) -> None:
    run = start(directory)
    operations = remote(run)

    operations.claim("host:1")
    operations.send(Heartbeat())
    operations.send(Heartbeat())

    first, *later = AppliedBatch.objects.order_by("pk").values_list("key", flat=True)
    run_id, kind, chosen = first.split(":")
    assert (run_id, kind) == (str(run.pk), "claim")
    assert UUID(chosen).version == 4
    assert later == [f"{run.pk}:1:1", f"{run.pk}:1:2"]


@pytest.mark.usefixtures("shared_secret", "db")
def test_unknown_run_is_refused() -> None:
    with pytest.raises(RunRefused, match=f"there is no run {RUN_ID}"):
        RemoteDirectoryOperations(internal_api(), RUN_ID).claim("host:1")


@pytest.mark.usefixtures("shared_secret")
def test_run_that_another_holds_is_refused(directory: Directory) -> None:
    run = start(directory)
    claim(run)

    with pytest.raises(RunRefused, match="running and not to be had"):
        generate(remote(run), make_host(Path("/nowhere")))

    run.refresh_from_db()
    assert (run.state, run.ran_on) == (RunState.RUNNING, "host:1")


@pytest.mark.usefixtures("shared_secret")
def test_attempt_that_lost_its_run_says_nothing_more(directory: Directory) -> None:
    run = start(directory)
    operations = remote(run)
    operations.claim("host:1")
    GenerationRun.objects.update(attempt=2)

    with pytest.raises(RunRefused, match="attempt 1 spoke"):
        operations.send(AppendLog(message="a zombie speaks"))

    assert run.log.count() == 0


def trees(operations: DirectoryOperations, git_root: Path) -> dict[str, str]:
    """Make the directory, and name the tree of each repository's main."""
    generate(operations, make_host(git_root))
    found: dict[str, str] = {}
    for kind in KINDS:
        path = repository_path(git_root, namespace="ada", slug="clocks", kind=kind)
        found[kind] = Repository(path).tree_id("main")
    return found


@pytest.mark.usefixtures("shared_secret")
@pytest.mark.django_db(transaction=True)
def test_worker_makes_the_same_trees_as_the_web_side(
    directory: Directory, owner: User, tmp_path: Path, settings: Settings
) -> None:
    request = ask(directory, prompt="clocks and sundials")
    made = {}
    for name in ("near", "far"):
        run = runs.start(
            directory,
            request,
            trigger=GenerationRun.Trigger.API,
            user=owner,
            clock=NOON,
        )
        operations = DatabaseDirectoryOperations(run) if name == "near" else remote(run)
        settings.GIT_ROOT = tmp_path / name
        made[name] = trees(operations, settings.GIT_ROOT)
        run.refresh_from_db()
        assert run.state == RunState.SUCCEEDED
        # Without it, the second would be told of the first one's prompt.
        run.delete()
    connection.close()

    assert made["near"] == made["far"]
    assert len(set(made["far"].values())) == 3


@pytest.mark.usefixtures("shared_secret")
@pytest.mark.django_db(transaction=True)
def test_run_without_any_item_fails_over_the_wire(
    directory: Directory, owner: User, tmp_path: Path
) -> None:
    run = runs.start(
        directory,
        ask(directory, document(WITHOUT_ITEMS)),
        trigger=GenerationRun.Trigger.API,
        user=owner,
    )

    with pytest.raises(GenerationError) as failed:
        generate(remote(run), make_host(tmp_path))

    run.refresh_from_db()
    assert (run.state, run.error) == (RunState.FAILED, str(failed.value))


@pytest.mark.usefixtures("shared_secret")
@pytest.mark.django_db(transaction=True)
def test_wish_to_cancel_reaches_the_worker(
    directory: Directory, tmp_path: Path
) -> None:
    run = start(directory)

    def cancel(progress: Progress) -> None:
        GenerationRun.objects.filter(pk=run.pk).update(cancel_requested=True)

    with pytest.raises(RunCancelled):
        generate(remote(run), make_host(tmp_path), listen=cancel)

    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert list(tmp_path.iterdir()) == []
