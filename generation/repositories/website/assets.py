"""Files that go to the website as they lie in `templates/website/`."""

from __future__ import annotations

import functools
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "templates" / "website"


@functools.cache
def asset(name: str) -> bytes:
    return (FOLDER / name).read_bytes()
