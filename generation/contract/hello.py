"""How a worker says that it is there."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from generation.contract.commands import Message

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Hello(Message):
    """`queue_key` names the key that the worker expects messages to be signed with.

    The last hello of a process says that it is leaving.
    """

    host: Name
    pid: Annotated[int, Field(ge=1)]
    queue: Name
    queue_key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}$")]
    version: Annotated[int, Field(ge=1)] = 1
    is_leaving: bool = False
