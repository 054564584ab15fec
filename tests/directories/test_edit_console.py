"""A command that cannot do what it is asked says so, and never with a traceback."""

from __future__ import annotations

import pytest
from django.core.management.base import CommandError
from django.db import OperationalError

from directories.edit_console import told_refusals
from directories.exceptions import NotNow, NotPossible
from generation.contract.request import Company


@pytest.mark.parametrize(
    ("refusal", "status", "text"),
    [
        (NotPossible("it is there already"), 2, "it is there already."),
        (NotNow("a run is under way"), 1, "a run is under way."),
        (OperationalError("no such table"), 1, "the database does not answer"),
    ],
)
def test_refusals_are_told_with_a_status(
    refusal: Exception, status: int, text: str
) -> None:
    with pytest.raises(CommandError, match=text) as told, told_refusals():
        raise refusal

    assert told.value.returncode == status


def test_what_was_typed_wrongly_is_named() -> None:
    with pytest.raises(CommandError, match="website") as told, told_refusals():
        Company.model_validate({"name": "Clocks", "website": "nowhere"})

    assert told.value.returncode == 2


def test_a_mistake_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), told_refusals():
        raise ZeroDivisionError
