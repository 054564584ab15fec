"""A small directory that a run has made, and how people and runs go on with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generation.editing import Edit
from generation.git import MAIN, Commit
from generation.repositories.data import Stored, read_data
from generation.yaml import parse
from tests.fakes import NOON
from tests.generation.made import first_run
from tests.generation.test_orchestrator import files, repository, run

NOW = "2026-11-23 09:30"


class Clocks:
    """The directory of clocks, on disk."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *documents: tuple[str, str], **options: Any) -> Any:
        return run(self.root, *documents, **options)

    def stored(self) -> Stored:
        return read_data(repository(self.root))

    def files(self) -> dict[str, str]:
        return files(self.root)

    def document(self, path: str) -> Any:
        return parse(self.files()[path].encode(), times=20)

    def item(self, slug: str) -> Any:
        return self.document(f"data/{slug}/{slug}.yml")

    def slugs(self) -> set[str]:
        return {path.split("/")[1] for path in self.files() if path.startswith("data/")}

    def commit(self, edit: Edit) -> None:
        """Put an edit on main, as its author."""
        found = repository(self.root)
        old = found.head()
        commit = Commit(
            old,
            edit.title,
            "Eve",
            "eve@example.org",
            NOON,
            edit.files,
            edit.removals,
        )
        found.move(MAIN, new=found.write(commit, ref="refs/heads/eve"), old=old)

    def by_hand(self, path: str, text: str) -> None:
        self.commit(Edit({path: text.encode()}, (), "By hand", ()))


@pytest.fixture
def clocks(tmp_path: Path) -> Clocks:
    first_run(tmp_path)
    return Clocks(tmp_path)
