"""The full-text index of an unpacked website, made by Pagefind.

It is made where a website is put to use and never kept in git: one changed item changes
large binary files of it. Without it the search box looks in names, descriptions and tags.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

FOLDER = "pagefind"
ENGINE = "assets/engine.js"
LONGEST_SECONDS = 600


def index_site(folder: Path) -> bool:
    """Index the pages below a folder. False, with a warning in the log, if that fails."""
    if not (folder / ENGINE).is_file():
        return False
    try:
        asyncio.run(asyncio.wait_for(_index(folder), LONGEST_SECONDS))
    except (ImportError, OSError, RuntimeError, ValueError, AssertionError) as exc:
        # asyncio's time-out is an OSError. Pagefind has no family of errors of its own.
        log.warning(
            "no full-text index was made", reason=f"{type(exc).__name__}: {exc}"
        )
        return False
    (folder / ENGINE).write_text('globalThis.directoryEngine = "pagefind";\n')
    return True


async def _index(folder: Path) -> None:
    from pagefind.index import IndexConfig, PagefindIndex

    config = IndexConfig(output_path=str(folder / FOLDER))
    async with PagefindIndex(config=config) as index:
        await index.add_directory(str(folder), glob="items/**/*.html")
