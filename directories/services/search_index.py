"""The full-text index of an unpacked website, made by Pagefind.

It is made where a website is put to use and never kept in git: one changed item changes
large binary files of it. Without it the search box looks in names, descriptions and tags.

Pagefind runs as a program that ends by itself. Its Python interface ends a service while
that is still writing, which leaves empty files. What was written is checked all the same:
a website that promises an index and has half of one finds nothing.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import structlog

from directories.exceptions import IndexIncomplete, NoIndex

log = structlog.get_logger(__name__)

FOLDER = "pagefind"
ENGINE = "assets/engine.js"
PAGES = "items/**/*.html"
LONGEST_SECONDS = 600
ATTEMPTS = 3

# Begins every file that Pagefind's own script reads.
_SIGNATURE = b"pagefind_dcd"


def index_site(folder: Path, run: Callable[[Path], None] | None = None) -> bool:
    """Index the pages below a folder. False where there is nothing to index.

    Raises NoIndex; the website then searches without one. `run` is for tests.
    """
    if not (folder / ENGINE).is_file() or not any(folder.glob(PAGES)):
        return False
    run = run or _run_pagefind
    for attempt in range(1, ATTEMPTS + 1):
        try:
            run(folder)
            check_index(folder / FOLDER)
            break
        except NoIndex as exc:
            shutil.rmtree(folder / FOLDER, ignore_errors=True)
            log.warning("no full-text index was made", reason=str(exc), attempt=attempt)
            if attempt == ATTEMPTS or not isinstance(exc, IndexIncomplete):
                raise
    (folder / ENGINE).write_text('globalThis.directoryEngine = "pagefind";\n')
    return True


def _run_pagefind(folder: Path) -> None:
    try:
        from pagefind.service import get_executable
    except ImportError as exc:
        raise NoIndex("Pagefind is not installed") from exc
    program = get_executable()
    if program is None:
        raise NoIndex("Pagefind's program is not installed")
    # It would obey a `pagefind.toml` of the folder that it is started in.
    with tempfile.TemporaryDirectory(prefix="gazetteer-") as empty:
        command = [str(program), "--site", str(folder), "--glob", PAGES, "--silent"]
        command += ["--output-path", str(folder / FOLDER)]
        try:
            ended = subprocess.run(  # noqa: S603 (a fixed program; the folder is ours)
                command,
                cwd=empty,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=LONGEST_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as exc:
            raise NoIndex(f"Pagefind took over {LONGEST_SECONDS} seconds") from exc
        except OSError as exc:
            raise NoIndex(f"Pagefind cannot be started: {exc}") from exc
    if ended.returncode:
        said = ended.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise IndexIncomplete(f"Pagefind ended with {ended.returncode}: {said[:300]}")


def check_index(index: Path) -> None:
    """Check that every file is there and whole that a search may ask for.

    Raises IndexIncomplete, which names the first that is not.
    """
    for path in index.rglob("*"):
        if path.is_file() and not path.stat().st_size:
            raise IndexIncomplete(f"{path.relative_to(index)} is empty")
    if not (index / "pagefind.js").is_file():
        raise IndexIncomplete("pagefind.js is missing")
    try:
        languages = json.loads((index / "pagefind-entry.json").read_bytes())[
            "languages"
        ]
        for language in languages.values():
            _check_language(index, language["hash"], language["wasm"] or "unknown")
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as exc:
        raise IndexIncomplete(f"pagefind-entry.json: {exc}") from exc


def _check_language(index: Path, name: str, machine: str) -> None:
    _unpacked(index / f"wasm.{machine}.pagefind")
    meta = _unpacked(index / f"pagefind.{name}.pf_meta")
    try:
        _, pages, chunks, filters, *_ = _value(BytesIO(meta))
        names = [f"fragment/{page[0]}.pf_fragment" for page in pages]
        names += [f"index/{chunk[2]}.pf_index" for chunk in chunks]
        names += [f"filter/{one[1]}.pf_filter" for one in filters]
    except (ValueError, LookupError, TypeError) as exc:
        raise IndexIncomplete(f"pagefind.{name}.pf_meta cannot be read") from exc
    for needed in names:
        _unpacked(index / needed)


def _unpacked(path: Path) -> bytes:
    try:
        content = gzip.decompress(path.read_bytes())
    except FileNotFoundError as exc:
        raise IndexIncomplete(f"{path.name} is missing") from exc
    except (OSError, EOFError, zlib.error) as exc:
        raise IndexIncomplete(f"{path.name} is not whole") from exc
    if not content.startswith(_SIGNATURE):
        raise IndexIncomplete(f"{path.name} is not whole")
    return content.removeprefix(_SIGNATURE)


def _value(content: BytesIO) -> Any:
    """Read a table of contents: CBOR (RFC 8949) of arrays, texts and numbers."""
    [first] = _take(content, 1)
    kind, size = first >> 5, first & 31
    if size in (24, 25, 26, 27):
        size = int.from_bytes(_take(content, 1 << (size - 24)), "big")
    match kind:
        case 0:
            return size
        case 3:
            return _take(content, size).decode()
        case 4:
            return [_value(content) for _ in range(size)]
    raise ValueError(f"an unknown kind of value: {kind}")


def _take(content: BytesIO, count: int) -> bytes:
    taken = content.read(count)
    if len(taken) < count:
        raise ValueError("it ends too early")
    return taken
