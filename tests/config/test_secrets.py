"""The key of an embedded installation: one, private, and never half written."""

from __future__ import annotations

import multiprocessing
import stat
from multiprocessing.connection import Connection
from pathlib import Path

from config.secrets import own_secret_key


def _make_key(path: Path, starts: Connection) -> None:
    """Wait at the gate, then make the key. Runs in a process of its own."""
    starts.send("ready")
    starts.recv()
    starts.send(own_secret_key(path))


def test_key_is_long_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "var" / "secret-key"

    key = own_secret_key(path)

    assert len(key) >= 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == f"{key}\n"
    assert list(path.parent.iterdir()) == [path]


def test_key_stays_the_same(tmp_path: Path) -> None:
    first = own_secret_key(tmp_path / "secret-key")

    assert own_secret_key(tmp_path / "secret-key") == first


def test_each_installation_has_a_key_of_its_own(tmp_path: Path) -> None:
    assert own_secret_key(tmp_path / "one") != own_secret_key(tmp_path / "two")


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    path = tmp_path / "secret-key"
    context = multiprocessing.get_context("spawn")
    gates, processes = [], []
    for _ in range(2):
        gate, theirs = context.Pipe()
        process = context.Process(target=_make_key, args=(path, theirs))
        process.start()
        gates.append(gate)
        processes.append(process)
    for gate in gates:
        assert gate.poll(30)
        assert gate.recv() == "ready"

    for gate in gates:
        gate.send("go")
    keys = {gate.recv() for gate in gates if gate.poll(30)}

    for process in processes:
        process.join(timeout=30)
    assert [process.exitcode for process in processes] == [0, 0]
    assert keys == {path.read_text().strip()}
    assert list(tmp_path.iterdir()) == [path]


def test_loser_of_the_race_takes_the_winners_key(tmp_path: Path) -> None:
    path = tmp_path / "secret-key"

    class Late(type(path)):  # type: ignore[misc]
        """A path at which another process puts its key just after our first look."""

        looked = False

        def read_text(self, *args: object) -> str:
            if not Late.looked:
                Late.looked = True
                path.write_text("the winner's\n")
                raise FileNotFoundError
            return path.read_text()

    assert own_secret_key(Late(path)) == "the winner's"
    assert path.read_text() == "the winner's\n"
