"""One scene: many runs, each stopped at a place of its own, then one fault for all of them.

What has to be true afterwards is the same for every fault and every place, and `Scene.check`
says it. A case is one run in a scene, so that counting cases counts faults times places.
"""

from __future__ import annotations

import glob
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from generation.pipeline import STEPS
from generation.publish import KINDS, repository_path
from generation.repositories.build import PARTS
from tests.engine.conftest import LIST, Process, Stack, is_alive, wait_until
from tests.prepared import Program

QUEUED = "queued"
IN_STEPS = (*(step.name for step in STEPS), *(part.name for part in PARTS))
# Before anything is promised: writing the commits beside `main`.
STAGING = ("publish", "creating", "writing", "planned")
# From the promise to its last word.
PUBLISHING = ("announced", "moved-data", "moved-list", "all-moved", "told")
IN_RUNS = (*IN_STEPS, *STAGING, *PUBLISHING)
PLACES = (QUEUED, *IN_RUNS)

LAUNCHER = "tests.engine.launcher"
LATER_LIST = LIST + "- [Hourglass](https://example.org/hourglass) - Turns. `sand`\n"
CLOCKS = (1_780_000_000, 1_780_100_000)
# In seconds. Many runs at once on a small machine are late with their heartbeats.
LEAST_LEASE = 6

# Starts a run in each namespace, and says what they are.
LAUNCH = """
import json, sys
from datetime import UTC, datetime
from django.contrib.auth.models import User
from directories.models import Directory, GenerationRun
from directories.services import runs
from directories.services.directories import GivenDocument, create_directory
from directories.services.requests import build_request
for namespace in {namespaces!r}:
    owner, _ = User.objects.get_or_create(username=namespace)
    directory = (Directory.objects.filter(owner=owner).first()
                 or create_directory(owner=owner, slug="clocks", name="Clocks"))
    documents = [GivenDocument("list.md", {text!r}.encode())]
    runs.launch(directory, build_request(directory, {{}}, documents=documents),
                trigger=GenerationRun.Trigger.API, user=owner, documents=documents,
                clock=datetime.fromtimestamp({clock}, tz=UTC))
"""
EACH = """
from directories.models import GenerationRun
from directories.services import runs
from generation import dispatch
for run in GenerationRun.objects{chosen}.filter(directory__namespace__in={namespaces!r}):
    {action}
"""


class Row(NamedTuple):
    """A run, as its row has it."""

    state: str
    attempt: int
    error: str
    planned_commits: Any
    status: str
    directory: Any
    id: Any


class Scene:
    """Runs on one stack. `places` are where they stop; each is the namespace of its run."""

    def __init__(
        self,
        stack: Stack,
        places: Iterable[str],
        *,
        trees: Trees,
        lease: int = LEAST_LEASE,
    ) -> None:
        self.stack = stack
        self.places = tuple(places)
        self.lease = max(lease, len(self.places))
        self.held = tuple(place for place in self.places if place != QUEUED)
        self.stops = stack.folder / "stops"
        self.stops.mkdir()
        self.trees = trees
        self.open = ExitStack()
        self.server: Process | None = None
        stack.environment |= {
            "ENGINE_STOPS": str(self.stops),
            "RUN_LEASE_SECONDS": str(self.lease),
        }

    def __enter__(self) -> Scene:
        self.open.__enter__()
        self.start_web()
        return self

    def __exit__(self, *why: Any) -> None:
        self.open.__exit__(*why)

    # What runs.

    def start_web(self) -> None:
        self.server = self.open.enter_context(self.stack.web())

    def start_cluster(self, name: str, *, workers: int, **environment: str) -> Process:
        heard = self.stack.log("web").count("workers/hello")
        own = self.stack.worker_environment(
            ENGINE_NAME=name, TRIGGER_WORKERS=str(workers), **environment
        )
        program = Program((LAUNCHER, "qcluster"), own, is_module=True)
        cluster = self.open.enter_context(self.stack.begun(program, name="worker"))
        wait_until(lambda: self.stack.log("web").count("workers/hello") > heard)
        return cluster

    def start_sweepers(self, *names: str) -> None:
        for name in names:
            own = self.stack.environment | {
                "ENGINE_NAME": name,
                "ENGINE_SOON": str(self.lease // 2),
            }
            words = (LAUNCHER, "sweep_runs", "--every", "1")
            program = Program(words, own, is_module=True)
            self.open.enter_context(self.stack.begun(program, name="sweeper"))

    def processes(self, name: str = "") -> list[int]:
        """Everything that was started for this scene, however deep and in what group."""
        marks = [f"ENGINE_STOPS={self.stops}".encode()]
        marks += [f"ENGINE_NAME={name}".encode()] if name else []
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                given = (folder / "environ").read_bytes().split(b"\0")
                is_zombie = ") Z " in (folder / "stat").read_text()
                if all(mark in given for mark in marks) and not is_zombie:
                    found.append(int(folder.name))
        return found

    def workers(self) -> list[int]:
        """The workers that have said hello and are alive."""
        known = self.stack.query("SELECT pid FROM directories_worker")
        return [pid for (pid,) in known if is_alive(pid)]

    # Runs, and where they stop.

    def arm(self, place: str, what: str = "wait", *, at: str = "") -> None:
        (self.stops / f"{place}@{at or place}.armed").write_text(what)

    def release(self, *places: str) -> None:
        for place in places or self.held:
            (self.stops / f"{place}@{place}.go").touch()

    def where(self, place: str, *, at: str = "") -> dict[str, int] | None:
        with suppress(FileNotFoundError):
            held = self.stops / f"{place}@{at or place}.held"
            facts: dict[str, int] = json.loads(held.read_text())
            return facts
        return None

    def launch(
        self, places: Iterable[str], *, text: str = LIST, clock: int = CLOCKS[0]
    ) -> None:
        script = LAUNCH.format(namespaces=list(places), text=text, clock=clock)
        self.stack.manage("shell", "-v0", "-c", script)

    def each(self, action: str, *, over_as_well: bool = False) -> None:
        """Do something with the active run of each place, or with every run."""
        chosen = "" if over_as_well else ".active()"
        script = EACH.format(namespaces=list(self.places), action=action, chosen=chosen)
        self.stack.manage("shell", "-v0", "-c", script)

    def hold(self, what: str = "wait") -> None:
        """Bring every run to its place."""
        for place in self.held:
            self.arm(place, what)
        if self.held:
            self.launch(self.held)
        for place in self.held:
            wait_until(partial(self.where, place), seconds=120)
        if QUEUED in self.places:
            self.launch([QUEUED])

    def rows(self) -> dict[str, list[Row]]:
        """The runs of each place, oldest first."""
        found: dict[str, list[Row]] = {place: [] for place in self.places}
        for namespace, *columns in self.stack.query(
            "SELECT d.namespace, r.state, r.attempt, r.error, r.planned_commits, "
            "d.generate_status, d.id, r.id FROM directories_generationrun r "
            "JOIN directories_directory d ON d.id = r.directory_id ORDER BY r.created_at"
        ):
            found.setdefault(namespace, []).append(Row(*columns))
        return found

    def wait_until_over(self, *, runs: int = 1) -> None:
        def over() -> bool:
            return all(
                len(rows) == runs and rows[-1].state not in ("queued", "running")
                for rows in self.rows().values()
            )

        deadline = time.monotonic() + 120 + 10 * len(self.places)
        while not over():
            stuck = {
                place: rows[-1][:3] if rows else "no run"
                for place, rows in self.rows().items()
                if len(rows) != runs or rows[-1].state in ("queued", "running")
            }
            assert time.monotonic() < deadline, f"not over: {stuck}"
            time.sleep(0.3)

    # What has to be true.

    def repositories(self, place: str) -> list[Path]:
        root = self.stack.folder / "repositories"
        return [
            repository_path(root, namespace=place, slug="clocks", kind=kind)
            for kind in KINDS
        ]

    def heads(self) -> dict[str, list[str]]:
        return {
            place: [git(path, "rev-parse", "main") for path in self.repositories(place)]
            for place in self.places
        }

    def check(
        self,
        *,
        commits: int = 1,
        states: Callable[[str], str] = lambda place: "succeeded",
    ) -> dict[str, list[str]]:
        """Say what is wrong, by place; nothing for a place where all is right.

        `commits` is how many each repository has to have; none where the run was to fail.
        """
        wait_until(self._is_tidy, seconds=30, or_go_on=True)
        rows = self.rows()
        wrong: dict[str, list[str]] = {}
        for place in self.places:
            state = states(place)
            found = self._check_row(rows[place][-1], state)
            found += self._check_repositories(
                place, commits if state == "succeeded" else 0
            )
            if found:
                wrong[place] = found
        # What a sweeper has for a moment, such as the lock of a directory, goes away.
        wait_until(lambda: not self._left(), seconds=10, or_go_on=True)
        if left := self._left():
            wrong["left over"] = left
        return wrong

    def again(
        self, *, states: Callable[[str], str] = lambda place: "succeeded"
    ) -> dict[str, list[str]]:
        """Make every directory again: with more in it, or for the first time."""
        done = [place for place in self.places if states(place) == "succeeded"]
        others = [place for place in self.places if place not in done]
        if done:
            self.launch(done, text=LATER_LIST, clock=CLOCKS[1])
        if others:
            self.launch(others)
        self.wait_until_over(runs=2)
        wrong: dict[str, list[str]] = {}
        for places, commits in ((done, 2), (others, 1)):
            part = Scene.__new__(Scene)
            part.__dict__ |= self.__dict__ | {"places": tuple(places)}
            wrong |= part.check(commits=commits) if places else {}
        return {f"{place}, made again": found for place, found in wrong.items()}

    def orphans(self) -> list[str]:
        """End everything, and name what does not end with it within seconds."""
        self.open.close()
        deadline = time.monotonic() + 5
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.1)
        names = []
        for pid in self.processes():
            with suppress(OSError):
                names.append(
                    Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
                )
                os.kill(pid, signal.SIGKILL)
        return names

    def _check_row(self, row: Row, state: str) -> list[str]:
        status = {"succeeded": "generated", "failed": "error"}.get(state, state)
        found = []
        if row.state != state:
            found.append(f"the run is {row.state} and not {state}: {row.error}")
        if row.status != status:
            found.append(f"the directory is {row.status!r} and not {status!r}")
        if state == "succeeded" and row.planned_commits not in (None, "null"):
            found.append("its planned commits are still in the row")
        if (
            state == "succeeded"
            and (self.stack.folder / "state" / "checkpoints" / row_id(row)).exists()
        ):
            found.append("its checkpoint is still there")
        attempts = self.stack.query(
            "SELECT number, outcome, finished_at FROM directories_runattempt "
            f"WHERE run_id = '{row.id}' ORDER BY number"
        )
        if [number for number, _, _ in attempts] != list(range(1, row.attempt + 1)):
            found.append(f"its attempts are {attempts}")
        ends = [outcome for _, outcome, _ in attempts]
        if ends and (ends[-1] != state or set(ends[:-1]) - {"failed"}):
            found.append(f"its attempts have ended as {ends}")
        return found

    def _check_repositories(self, place: str, commits: int) -> list[str]:
        paths = self.repositories(place)
        if not commits:
            return [f"{path.name} is there" for path in paths if path.exists()]
        found = []
        for path, tree in zip(paths, self.trees[commits - 1], strict=True):
            if not path.exists():
                found.append(f"{path.name} is not there")
                continue
            count = git(path, "rev-list", "--count", "main")
            if count != str(commits):
                found.append(f"{path.name} has {count} commits and not {commits}")
            if git(path, "rev-parse", "main^{tree}") != tree:
                found.append(f"{path.name} has other files than an undisturbed run's")
            refs = git(path, "for-each-ref", "--format=%(refname)", "refs/").split()
            if refs != ["refs/heads/main"]:
                found.append(f"{path.name} has the refs {refs}")
            runs = re.findall(r"Run-Id: (\S+)", git(path, "log", "main"))
            if len(set(runs)) != commits:
                found.append(f"{path.name} was written by the runs {runs}")
        return found

    def _left(self) -> list[str]:
        """Files that no ended run may leave behind."""
        patterns = (
            "state/checkpoints/*.part",
            "repositories/*/.*",
            "repositories/*/*/fast_import_crash_*",
            "repositories/*/*/objects/pack/tmp_*",
            "repositories/*/*/objects/*/tmp_obj_*",
            "repositories/*/*/**/*.lock",
        )
        # `Path.glob` fails where something vanishes while it looks.
        look = partial(
            glob.glob, root_dir=self.stack.folder, recursive=True, include_hidden=True
        )
        return sorted(name for pattern in patterns for name in look(pattern))

    def _is_tidy(self) -> bool:
        [[waiting]] = self.stack.query(
            "SELECT count(*) FROM directories_generationrun "
            "WHERE tidied_at IS NULL AND finished_at IS NOT NULL"
        )
        return not waiting


# What an undisturbed run makes of the first list, and then of the later one.
Trees = list[list[str]]


def undisturbed(stack: Stack) -> Trees:
    """Make the reference: in the process that asks for it, with nothing in the way."""
    found = []
    for text, clock in zip((LIST, LATER_LIST), CLOCKS, strict=True):
        script = LAUNCH.format(namespaces=["reference"], text=text, clock=clock)
        stack.manage("shell", "-v0", "-c", script)
        found.append(
            [
                git(
                    repository_path(
                        stack.folder / "repositories",
                        namespace="reference",
                        slug="clocks",
                        kind=kind,
                    ),
                    *("rev-parse", "main^{tree}"),
                )
                for kind in KINDS
            ]
        )
    assert found[0] != found[1]
    return found


def git(path: Path, *arguments: str) -> str:
    ended = subprocess.run(
        ["git", f"--git-dir={path}", *arguments],
        check=False,
        capture_output=True,
        text=True,
    )
    return ended.stdout.strip()


def row_id(row: Row) -> str:
    return str(UUID(str(row.id)))
