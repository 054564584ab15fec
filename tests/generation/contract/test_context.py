"""What a run is told. A newer web side may tell more than an older run understands."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from generation.contract.context import RunContext
from tests.fakes import make_run


@pytest.fixture
def told() -> dict[str, Any]:
    context: dict[str, Any] = make_run(("clocks.md", "text")).context.model_dump(
        mode="json"
    )
    return context


def test_context_survives_the_wire() -> None:
    context = make_run(("clocks.md", "text"), previous_prompt="clocks").context

    assert RunContext.model_validate_json(context.model_dump_json()) == context


@pytest.mark.parametrize("part", ["", "directory", "committer"])
def test_unknown_field_of_the_context_is_ignored(
    told: dict[str, Any], part: str
) -> None:
    expected = RunContext.model_validate(told)
    (told[part] if part else told)["from_the_future"] = {"any": "thing"}

    assert RunContext.model_validate(told) == expected


@pytest.mark.parametrize(
    "field", ["run_id", "attempt", "clock", "directory", "committer", "request"]
)
def test_context_without_what_a_run_needs_is_refused(
    told: dict[str, Any], field: str
) -> None:
    del told[field]

    with pytest.raises(ValidationError, match=f"{field}\n  Field required"):
        RunContext.model_validate(told)
