"""What an attempt puts away after each step, so that the next one need not start over.

A checkpoint is good for one run's request, one version of the code and, where a step has
looked at what is published, one commit of the data repository. Otherwise it is ignored: a
run that starts over is slow, a run that goes on from something else is wrong.
"""

from __future__ import annotations

import hashlib
import zlib
from functools import cache
from pathlib import Path

import structlog
from pydantic import ValidationError

from generation.contract.context import LARGEST_CHECKPOINT as LARGEST
from generation.interrupts import deferred
from generation.items import Record
from generation.pipeline import READS_STORED_FROM, STEPS
from generation.pipeline.draft import Draft
from generation.report import StepReport

log = structlog.get_logger(__name__)

# What a stored checkpoint may unpack to: it comes back over the network.
LARGEST_UNPACKED = 16 * LARGEST
# Quick: what is put away is read back once in a thousand times.
COMPRESSION = 1


class Checkpoint(Record):
    """A draft after its step `step`, or within it when `is_partial`."""

    code: str
    request: str
    data_commit: str | None
    step: str
    is_partial: bool = False
    draft: Draft
    steps: tuple[StepReport, ...] = ()


def pack(checkpoint: Checkpoint) -> bytes | None:
    """Make bytes of it; None when there would be too many."""
    # An interrupt within pydantic's own code would come out as a mistake of ours.
    with deferred():
        content = checkpoint.model_dump_json(exclude_defaults=True).encode()
    if len(content) > LARGEST_UNPACKED:
        return None
    packed = zlib.compress(content, COMPRESSION)
    return packed if len(packed) <= LARGEST else None


def unpack(
    content: bytes, *, request: str, data_commit: str | None
) -> Checkpoint | None:
    """Read a checkpoint, if it is one that this run can go on from."""
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(content, LARGEST_UNPACKED)
        if unpacker.unconsumed_tail:
            return None
        with deferred():
            found = Checkpoint.model_validate_json(text)
    except (zlib.error, ValidationError) as exc:
        log.info("checkpoint not used", reason=type(exc).__name__)
        return None
    names = [step.name for step in STEPS]
    if found.code != code_version() or found.step not in names:
        log.info("checkpoint not used", reason="made by another version of the code")
        return None
    if found.request != request:
        log.info("checkpoint not used", reason="made for another request")
        return None
    looked = names.index(found.step) >= names.index(READS_STORED_FROM)
    if looked and found.data_commit != data_commit:
        log.info("checkpoint not used", reason="the data repository has changed since")
        return None
    return found


@cache
def code_version() -> str:
    """Name the code that makes directories by its bytes: no one has to count versions."""
    folder = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(f"{path.relative_to(folder)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
