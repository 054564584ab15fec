"""What was backed up can be restored elsewhere, and goes on as if nothing had happened."""

from __future__ import annotations

import sqlite3
import subprocess
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands.conftest import Ended, Gazetteer


class Installation:
    """One state folder, and what its repositories hold."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self.gazetteer = gazetteer
        self.folder = gazetteer.state

    def manage(self, *arguments: str) -> Ended:
        return self.gazetteer.run(*arguments)

    def heads(self) -> dict[str, str]:
        root = self.folder / "repositories"
        return {
            str(path.relative_to(root)): subprocess.run(
                ["git", f"--git-dir={path}", "rev-parse", "main"],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for path in root.glob("*/*.git")
        }


@pytest.fixture
def source(gazetteer: Gazetteer) -> Installation:
    gazetteer.make()
    return Installation(gazetteer)


def test_restored_elsewhere_the_next_run_makes_no_commit(
    source: Installation, tmp_path: Path
) -> None:
    file = tmp_path / "backup.tar.gz"
    backed_up = source.manage("backup", str(file))
    there = Installation(Gazetteer(tmp_path / "two"))

    restored = there.manage("restore", str(file))

    assert backed_up.status == 0, backed_up.stderr
    assert restored.status == 0, restored.stderr
    assert "1 directories" in restored.stdout
    assert file.stat().st_mode & 0o077 == 0
    assert there.heads() == source.heads() != {}
    # The document is among the rows: its file is not needed.
    (source.gazetteer.folder / "list.md").unlink()
    again = there.manage("generate_directory", "clocks")
    assert again.status == 0, again.stderr
    assert again.stdout.count("(unchanged)") == 3
    assert there.heads() == source.heads()
    # What was there is not written over, and stays as it was.
    refused = there.manage("restore", str(file))
    assert refused.status == 1
    assert "restore into an empty one" in refused.stderr
    assert there.heads() == source.heads()


def test_run_that_was_queued_begins_at_the_first_sweep(
    source: Installation, tmp_path: Path
) -> None:
    """Its message is in a queue that no backup holds."""
    database = source.folder / "gazetteer.sqlite3"
    with closing(sqlite3.connect(database)) as base, base:
        base.execute(
            "UPDATE directories_generationrun SET state = 'queued', unclaimed = 1, "
            "dispatched_at = datetime('now'), finished_at = NULL"
        )
    file = tmp_path / "backup.tar.gz"
    there = Installation(Gazetteer(tmp_path / "two"))

    source.manage("backup", str(file))
    restored = there.manage("restore", str(file))
    here, swept = source.manage("sweep_runs"), there.manage("sweep_runs")

    assert restored.status == 0, restored.stderr
    assert "made here: 0" in here.stdout
    assert "made here: 1" in swept.stdout


def test_damaged_file_changes_nothing(source: Installation, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    source.manage("backup", str(file))
    whole = file.read_bytes()
    there = Installation(Gazetteer(tmp_path / "two"))

    said = []
    for damaged in (whole[: len(whole) // 2], b"no backup", whole):
        file.write_bytes(damaged)
        if damaged == whole:
            forge(file)
        done = there.manage("restore", str(file))
        said.append((done.status, done.stderr))

    assert [status for status, _ in said] == [1, 1, 1]
    assert all("damaged" in text for _, text in said[:2])
    assert "is no backup of Gazetteer" in said[2][1]
    assert not list(there.folder.rglob("*.git"))
    assert not list(tmp_path.glob("escaped*"))


def forge(file: Path) -> None:
    """Put a member into it that would be written somewhere else."""
    with tarfile.open(file, "w:gz") as archive:
        archive.add(__file__, "../escaped")
