"""What a run may say: a closed set of commands that survives the wire."""

from __future__ import annotations

from typing import Any, get_args
from uuid import UUID

import pytest
from pydantic import ValidationError

from generation.contract.commands import (
    AppendLog,
    Claim,
    Command,
    CommandBatch,
    EmitGenerationCompleted,
    GenerateStatus,
    Heartbeat,
    LogLevel,
    Message,
    Outcome,
    PlannedCommit,
    PublishBegin,
    PublishDone,
    RecordAttemptFailure,
    RecordGenerationFinish,
    RecordGenerationStart,
    RecordSourcesRead,
    Reply,
    UpdateDirectory,
    UpdateGenerateStatus,
    UpdateGenerationHistory,
    UpdateLastPullRequest,
)
from generation.report import ItemChange, ItemCounts, Report, RepositoryReport
from tests.fakes import NOON, RUN_ID

KINDS: tuple[type[Message], ...] = get_args(get_args(Command)[0])

EACH: tuple[Command, ...] = (
    Claim(worker="host:1"),
    UpdateDirectory(items_count=3, categories_count=2, tags_count=1),
    UpdateGenerateStatus(
        status=GenerateStatus.GENERATING, step="merge", percent=50, counts={"total": 3}
    ),
    UpdateLastPullRequest(branch="update", title="Update", number=7),
    RecordGenerationStart(started_at=NOON),
    RecordSourcesRead(sources=1, entries=3),
    RecordGenerationFinish(finished_at=NOON, outcome=Outcome.FAILED, error="no item"),
    RecordAttemptFailure(reason="somebody pushed meanwhile", retry_after=2.5),
    UpdateGenerationHistory(
        items=ItemCounts(new=3, total=3),
        metrics={"urls_scanned": 1, "seconds": 0.5},
        report=Report(
            changes=(ItemChange(kind="added", slug="clock", name="Clock"),),
            repositories={"data": RepositoryReport(path="/tmp/clocks-data.git")},
        ),
    ),
    EmitGenerationCompleted(outcome=Outcome.SUCCEEDED),
    Heartbeat(),
    AppendLog(level=LogLevel.WARNING, message="slow", facts={"seconds": 9}),
    PublishBegin(commits={"data": PlannedCommit(old=None, new="0" * 40)}),
    PublishDone(),
)


def batch_of(**command: Any) -> CommandBatch:
    return CommandBatch.model_validate(
        {"run_id": str(RUN_ID), "attempt": 1, "commands": [command]}
    )


def refusal(**command: Any) -> tuple[str, str]:
    """Where in the command it is refused, and what is said."""
    with pytest.raises(ValidationError) as refused:
        batch_of(**command)
    # Behind it comes "too few commands", because the only one is no good.
    error = refused.value.errors()[0]
    assert error["loc"][:2] == ("commands", 0)
    return ".".join(map(str, error["loc"][2:])), error["msg"]


def test_there_is_an_example_of_every_command() -> None:
    assert {type(command) for command in EACH} == set(KINDS)


@pytest.mark.parametrize("command", EACH, ids=lambda command: command.action)
def test_command_survives_the_wire(command: Command) -> None:
    batch = CommandBatch(run_id=RUN_ID, attempt=1, commands=(command,))

    received = CommandBatch.model_validate_json(batch.model_dump_json())

    assert received == batch
    assert type(received.commands[0]) is type(command)


@pytest.mark.parametrize("command", EACH, ids=lambda command: command.action)
def test_unknown_field_of_a_command_is_refused(command: Command) -> None:
    path, message = refusal(**command.model_dump(mode="json"), surprise=1)

    assert path == f"{command.action}.surprise"
    assert message == "Extra inputs are not permitted"


@pytest.mark.parametrize("command", EACH, ids=lambda command: command.action)
def test_command_cannot_be_changed(command: Command) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        command.action = "heartbeat"  # type: ignore[misc]


@pytest.mark.parametrize("action", ["delete_directory", "", "Claim", None])
def test_unknown_action_is_refused_with_the_known_ones(action: str | None) -> None:
    _, message = refusal(action=action)

    assert "does not match any of the expected tags" in message
    assert all(f"'{command.action}'" in message for command in EACH)


def test_command_without_an_action_is_refused() -> None:
    _, message = refusal(worker="host:1")

    assert message == "Unable to extract tag using discriminator 'action'"


@pytest.mark.parametrize(
    ("command", "path", "bound"),
    [
        ({"action": "claim", "worker": ""}, "claim.worker", "at least 1"),
        ({"action": "claim", "worker": "w" * 201}, "claim.worker", "at most 200"),
        (
            {
                "action": "update_directory",
                "items_count": -1,
                "categories_count": 0,
                "tags_count": 0,
            },
            "update_directory.items_count",
            "greater than or equal to 0",
        ),
        (
            {
                "action": "update_generate_status",
                "status": "generating",
                "percent": 101,
            },
            "update_generate_status.percent",
            "less than or equal to 100",
        ),
        (
            {"action": "update_generate_status", "status": "generating", "percent": -1},
            "update_generate_status.percent",
            "greater than or equal to 0",
        ),
        (
            {
                "action": "update_generate_status",
                "status": "generating",
                "step": "s" * 101,
            },
            "update_generate_status.step",
            "at most 100 characters",
        ),
        (
            {"action": "update_generate_status", "status": "done"},
            "update_generate_status.status",
            "'generating', 'generated', 'error' or 'cancelled'",
        ),
        (
            {
                "action": "record_generation_finish",
                "finished_at": "2026-11-22T12:00:00Z",
                "outcome": "running",
            },
            "record_generation_finish.outcome",
            "'succeeded', 'failed' or 'cancelled'",
        ),
        (
            {"action": "append_log", "message": "m" * 2001},
            "append_log.message",
            "at most 2000 characters",
        ),
        (
            {"action": "append_log", "message": "m", "level": "debug"},
            "append_log.level",
            "'info', 'warning' or 'error'",
        ),
    ],
)
def test_command_outside_its_bounds_is_refused(
    command: dict[str, Any], path: str, bound: str
) -> None:
    named, message = refusal(**command)

    assert named == path
    assert bound in message


@pytest.mark.parametrize("commit", ["0" * 39, "0" * 41, "HEAD", "A" * 40])
def test_planned_commit_must_be_a_commit_id(commit: str) -> None:
    path, _ = refusal(
        action="publish_begin", commits={"data": {"old": None, "new": commit}}
    )

    assert path == "publish_begin.commits.data.new"


def test_planned_commit_must_be_of_a_repository_that_a_directory_has() -> None:
    _, message = refusal(
        action="publish_begin", commits={"docs": {"old": None, "new": None}}
    )

    assert "'data', 'list' or 'website'" in message


def test_empty_batch_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        CommandBatch(run_id=RUN_ID, attempt=1, commands=())


def test_batch_of_more_than_a_thousand_commands_is_refused() -> None:
    longest = CommandBatch(run_id=RUN_ID, attempt=1, commands=(Heartbeat(),) * 1000)

    assert len(longest.commands) == 1000
    with pytest.raises(ValidationError, match="at most 1000 items"):
        CommandBatch(run_id=RUN_ID, attempt=1, commands=(Heartbeat(),) * 1001)


def test_attempt_is_not_negative() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        CommandBatch(run_id=RUN_ID, attempt=-1, commands=(Heartbeat(),))


def test_reply_survives_the_wire() -> None:
    reply = Reply(attempt=2, cancel=True, lease_expires_at=NOON)

    assert Reply.model_validate_json(reply.model_dump_json()) == reply


def test_run_is_named_by_a_uuid() -> None:
    batch = batch_of(action="heartbeat")

    assert batch.run_id == UUID(str(RUN_ID))
    with pytest.raises(ValidationError, match="valid UUID"):
        CommandBatch.model_validate(
            {"run_id": "../1", "attempt": 1, "commands": [{"action": "heartbeat"}]}
        )
