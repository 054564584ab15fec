from __future__ import annotations

import signal

import pytest
from pydantic import BaseModel, field_serializer
from pydantic_core import PydanticSerializationError

from generation.interrupts import deferred, undisguised, uninterrupted


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def test_an_interrupt_waits_for_the_end_of_the_block() -> None:
    reached = []

    def work() -> None:
        with deferred():
            interrupt()
            reached.append("end")

    with pytest.raises(KeyboardInterrupt):
        work()

    assert reached == ["end"]


def test_a_nested_block_waits_for_the_outer_one() -> None:
    reached = []

    def work() -> None:
        with deferred():
            with deferred():
                interrupt()
            reached.append("outer")

    with pytest.raises(KeyboardInterrupt):
        work()

    assert reached == ["outer"]


def test_an_interrupt_that_comes_too_late_is_dropped() -> None:
    with uninterrupted():
        interrupt()
        signal.raise_signal(signal.SIGTERM)

    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_in_the_block_is_the_one_that_is_seen() -> None:
    def work() -> None:
        with deferred():
            interrupt()
            raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        work()


class Interrupted(BaseModel):
    text: str = ""

    @field_serializer("text")
    def write(self, text: str) -> str:
        if text:
            raise ArithmeticError(text)
        interrupt()
        return text


def test_an_interrupt_within_pydantic_is_one() -> None:
    with pytest.raises(KeyboardInterrupt), undisguised():
        Interrupted().model_dump_json()


def test_another_error_within_pydantic_stays_one() -> None:
    with pytest.raises(PydanticSerializationError, match="seven"), undisguised():
        Interrupted(text="seven").model_dump_json()
