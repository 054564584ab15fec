"""What unfinished runs have put away: one file a run, the newest of what it wrote.

Files and not rows: they are large, of one day, and nobody asks for them but the run.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction

from directories.exceptions import NotPossible, StaleAttempt
from directories.models import GenerationRun, RunState
from generation.contract.context import LARGEST_CHECKPOINT as LARGEST

# A failed run may be taken up again for so long, in seconds.
KEPT_FOR = 7 * 86_400


def exists(run_id: UUID) -> bool:
    return _path(run_id).exists()


def load(run_id: UUID) -> bytes | None:
    try:
        return _path(run_id).read_bytes()
    except FileNotFoundError:
        return None


def save(run_id: UUID, content: bytes, *, attempt: int) -> None:
    """Keep what an attempt has put away. Raises StaleAttempt, NotPossible."""
    if len(content) > LARGEST:
        raise NotPossible(f"a checkpoint may have at most {LARGEST} bytes")
    path = _path(run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{attempt}.{os.getpid()}.part")
    try:
        draft.write_bytes(content)
        with transaction.atomic():
            # Locked while the file takes its place: a zombie must not come after us.
            run = GenerationRun.objects.select_for_update().filter(
                pk=run_id, state=RunState.RUNNING, attempt=attempt
            )
            if not run.values_list("pk").first():
                raise StaleAttempt("the run is not this attempt's")
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def hand_on(old: UUID, new: UUID) -> None:
    """Let a run begin with what another one has put away."""
    with suppress(FileNotFoundError):
        os.link(_path(old), _path(new))


def forget(run_id: UUID) -> None:
    _path(run_id).unlink(missing_ok=True)


def forget_old() -> int:
    """Remove what nobody has taken up for a week, and halves of what was never finished."""
    removed = 0
    if not settings.CHECKPOINT_ROOT.is_dir():
        return 0
    for path in settings.CHECKPOINT_ROOT.iterdir():
        with suppress(FileNotFoundError):
            age = time.time() - path.stat().st_mtime
            if age > (KEPT_FOR if path.suffix == "" else 3600):
                path.unlink()
                removed += 1
    return removed


def _path(run_id: UUID) -> Path:
    root: Path = settings.CHECKPOINT_ROOT
    return root / str(run_id)
