"""First runs that many tests begin with: made once in a process, and copied since."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.generation.test_orchestrator import run


def first_run(root: Path, *documents: tuple[str, str], **options: Any) -> None:
    """Leave in an empty folder what the same call of `run` leaves there."""
    shutil.copytree(made(*documents, **options), root, dirs_exist_ok=True)


@cache
def made(*documents: tuple[str, str], **options: Any) -> Path:
    """A folder with the repositories of such a run. Nobody writes there."""
    folder = Path(tempfile.mkdtemp(prefix="gazetteer-made-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    run(folder, *documents, **options)
    return folder
