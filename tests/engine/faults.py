"""What may befall runs that are under way: each fault is a function of a scene.

It brings the runs of the scene to their places, does the harm, and sees to it that somebody
is there who could go on. What comes of it is `Scene.check`'s to judge.
"""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import NamedTuple

import psycopg

from tests.engine.conftest import Members, is_alive, kill, wait_until
from tests.engine.scene import (
    IN_RUNS,
    IN_STEPS,
    LEAST_LEASE,
    PLACES,
    PUBLISHING,
    QUEUED,
    STAGING,
    Row,
    Scene,
)

API_IS_DOWN_FOR = 20
DATABASE_IS_LOCKED_FOR = 5
# The lease where no run is to be lost, in seconds: it lasts on a busy machine as well.
UNHURRIED = 60
# From the first branch that has moved it is too late to cancel.
MOVING = PUBLISHING[1:]


def kill_the_child(scene: Scene) -> None:
    """SIGKILL of the process that makes the run, as the kernel does without memory."""
    hold(scene)
    for place in scene.held:
        kill(where(scene, place)["pid"])
    everybody_ends(scene)


def freeze_the_child(scene: Scene) -> None:
    """SIGSTOP of the process that makes the run, and of nobody else: its worker gives up."""
    hold(scene)
    for place in scene.held:
        kill(where(scene, place)["pid"], signal.SIGSTOP)
    everybody_ends(scene)


def kill_the_worker(scene: Scene) -> None:
    """SIGKILL of the queue's worker process, above the one that makes the run."""
    hold(scene)
    for place in scene.held:
        kill(where(scene, place)["parent"])
    everybody_ends(scene)


def kill_idle_workers(scene: Scene) -> None:
    """SIGKILL of each worker that waits for a task: one of them holds the queue's lock."""
    scene.start_cluster("first", workers=2)
    scene.start_sweepers("one", "two")
    wait_until(lambda: len(scene.workers()) == 2)
    for pid in scene.workers():
        kill(pid)
    wait_until(lambda: scene.stack.log("worker").count("after death") == 2)
    scene.launch(scene.places)


def kill_the_cluster(scene: Scene) -> None:
    """SIGKILL of all that belongs to a worker host but the runs, which have to notice."""
    hold(scene, workers=len(scene.held) or 1)
    cluster_is_killed(scene)
    everybody_ends(scene)
    scene.start_cluster("second", workers=2)


def kill_the_parent(scene: Scene) -> None:
    """SIGKILL of the process that an operator started: all others end with it."""
    kill_and_lose_the_cluster(scene, "parent")


def kill_the_sentinel(scene: Scene) -> None:
    """SIGKILL of the process that starts the others again: they end with it."""
    kill_and_lose_the_cluster(scene, "sentinel")


def kill_and_lose_the_cluster(scene: Scene, victim: str) -> None:
    """Nothing of it is left within seconds, and nobody counts on it; then another begins."""
    members = hold(scene, workers=len(scene.held) or 1)
    kill(getattr(members, victim))
    everybody_ends(scene, seconds=10)
    wait_until(lambda: not scene.processes("first"), seconds=10)
    assert not scene.stack.workers(), "the web side counts on a cluster that is gone"
    scene.start_cluster("second", workers=2)


def kill_the_monitor(scene: Scene) -> None:
    """SIGKILL of the process that takes results: another one takes them."""
    kill_and_go_on(scene, "monitor")


def kill_the_pusher(scene: Scene) -> None:
    """SIGKILL of the process that takes messages: another one does, and runs go on."""
    kill_and_go_on(scene, "pusher")


def kill_and_go_on(scene: Scene, victim: str) -> None:
    members = hold(scene)
    kill(getattr(members, victim))
    wait_until(lambda: f"reincarnated {victim}" in scene.stack.log("worker"))
    scene.release()
    scene.wait_until_over()
    attempts = {place: row.attempt for place, [row] in scene.rows().items()}
    assert set(attempts.values()) == {1}, f"more than one attempt: {attempts}"


def stop_the_pusher(scene: Scene) -> None:
    """SIGSTOP of the process that takes messages; SIGCONT when others have made the runs."""
    members = hold(scene, ENGINE_SILENT_AFTER="4")
    kill(members.pusher, signal.SIGSTOP)
    wait_until(lambda: not scene.stack.workers())
    scene.release()
    scene.wait_until_over()
    rows = scene.rows()
    kill(members.pusher, signal.SIGCONT)
    wait_until(scene.stack.workers)
    assert {place: row.attempt for place, [row] in rows.items()} == dict.fromkeys(
        scene.places, 1
    )


def stop_the_cluster(scene: Scene) -> None:
    """SIGSTOP of a whole worker host beyond the lease, and SIGCONT when others are done."""
    hold(scene)
    frozen = scene.processes("first")
    if not scene.stack.redis:
        # Who is frozen in a transaction on SQLite keeps everybody from the one file.
        facts = [where(scene, place) for place in scene.held]
        frozen = [pid for fact in facts for pid in fact.values()]
    for pid in frozen:
        kill(pid, signal.SIGSTOP)
    scene.start_cluster("second", workers=2)
    scene.wait_until_over()
    rows, heads = scene.rows(), scene.heads()

    scene.release()
    for pid in frozen:
        kill(pid, signal.SIGCONT)
    everybody_ends(scene)
    wait_until(lambda: all(refused(scene, row) for [row] in rows.values()))
    assert scene.rows() == rows, "a zombie has changed a row"
    assert scene.heads() == heads, "a zombie has moved a branch"


def web_side_is_down(scene: Scene) -> None:
    hold(scene)
    server = scene.server
    assert server is not None
    server.kill()
    server.wait()
    scene.release()
    time.sleep(API_IS_DOWN_FOR)
    scene.start_web()


def broker_is_down(scene: Scene) -> None:
    """In mid-run. Where it is Redis, all that was queued is gone with it."""
    hold(scene)
    with broker_down(scene):
        scene.release()
        time.sleep(4)
    if not scene.stack.redis:
        # A pusher that found no table has gone to sleep for ten seconds.
        scene.start_cluster("second", workers=1)


def broker_is_down_at_dispatch(scene: Scene) -> None:
    """Runs that no queue takes are made where they were started."""
    scene.start_cluster("first", workers=1)
    scene.start_sweepers("one", "two")
    with broker_down(scene):
        scene.launch(scene.places)
        states = {row.state for [row] in scene.rows().values()}
    assert states == {"succeeded"}


def delivered_twice(scene: Scene) -> None:
    """The same message once more, while the run is under way."""
    again(scene, 1)


def delivered_five_times(scene: Scene) -> None:
    """Five more of the same message, for five workers that wait for nothing else."""
    again(scene, 5)


def again(scene: Scene, times: int) -> None:
    hold(scene)
    enqueue = f"[dispatch.enqueue(run.pk) for _ in range({times})]"
    scene.each(enqueue, over_as_well=True)
    wanted = times * len(scene.places)

    def refused_are(count: int) -> bool:
        return scene.stack.log("worker").count("run not taken") >= count

    scene.start_cluster("second", workers=times)
    # Two may lie in the first cluster, whose workers are all at their places.
    wait_until(partial(refused_are, wanted - 2), seconds=60)
    scene.release()
    scene.wait_until_over()
    wait_until(partial(refused_are, wanted))
    attempts = {place: row.attempt for place, [row] in scene.rows().items()}
    assert set(attempts.values()) == {1}, f"more than one attempt: {attempts}"


def two_sweepers(scene: Scene) -> None:
    """Two sweeps have seen the same lost runs before either of them acts."""
    hold(scene, sweepers=0)
    cluster_is_killed(scene)
    everybody_ends(scene)
    time.sleep(scene.lease + 1)
    for name in ("one", "two"):
        scene.arm(name, at="losing")
    scene.start_sweepers("one", "two")
    for name in ("one", "two"):
        wait_until(partial(scene.where, name, at="losing"))
    for name in ("one", "two"):
        (scene.stops / f"{name}@losing.go").touch()
    scene.start_cluster("second", workers=2)
    scene.wait_until_over()
    for place in scene.held:
        [row] = scene.rows()[place]
        assert row.attempt == (1 if place == "told" else 2), f"{place}: {row}"


def cancelled(scene: Scene) -> None:
    """Waiting runs end at once, the others within seconds, with what they started."""
    hold(scene)
    scene.each("runs.cancel(run, by='the test')")
    asked = time.monotonic()
    early = [place for place in scene.held if place not in MOVING]
    facts = [where(scene, place) for place in early]
    pids = [fact[key] for fact in facts for key in ("pid", "command")]
    while any(map(is_alive, pids)):
        took = time.monotonic() - asked
        # Five are promised, for a machine that is not busy. Here many runs share one, so
        # that heartbeats are late.
        assert took < 15, f"alive {took:.1f} s after the request"
        time.sleep(0.1)
    # Too late for these: they end as they would have.
    scene.release()


def database_is_locked(scene: Scene) -> None:
    hold(scene)
    with database_locked(scene):
        scene.release()
        time.sleep(DATABASE_IS_LOCKED_FOR)


def disk_is_full(scene: Scene) -> None:
    """From its place on, a run cannot write to any file. The next attempt can again."""
    hold(scene, "disk")
    scene.release()


def memory_is_used_up(scene: Scene) -> None:
    """At its place, a run uses all the memory that it may. The next attempt does not."""
    hold(scene, "memory", RUN_MEMORY_MIB="1024")
    scene.release()


class Fault(NamedTuple):
    """`states` says how a run ends that is met at a place; `lease` is in seconds."""

    strike: Callable[[Scene], None]
    places: tuple[str, ...] = PLACES
    states: Callable[[str], str] = lambda place: "succeeded"
    sample: tuple[str, ...] = ()
    lease: int = LEAST_LEASE

    @property
    def name(self) -> str:
        return self.strike.__name__.replace("_", "-")


def ends_cancelled(place: str) -> str:
    return "succeeded" if place in MOVING else "cancelled"


def ends_for_want_of_space(place: str) -> str:
    """A full disk is told as that, and what has moved is moved back: that takes no space."""
    return "succeeded" if place in ("all-moved", "told") else "failed"


# The one that is over before the fault meets it cannot be lost.
UNFINISHED = tuple(place for place in PLACES if place != "told")

# `sample` are the places of the quick tier: together, each place once. What has none meets
# runs in the full tier only; tests/engine/test_cluster.py has the faults of single processes.
FAULTS = (
    Fault(kill_the_child, IN_RUNS, sample=(*IN_STEPS, *STAGING, *PUBLISHING)),
    Fault(freeze_the_child, IN_RUNS, sample=("content-retrieval", "announced")),
    Fault(kill_the_worker, IN_RUNS, sample=("items-extraction", "moved-data")),
    Fault(kill_idle_workers, (QUEUED,), sample=(QUEUED,)),
    Fault(kill_the_cluster, sample=(QUEUED, "content-retrieval", "moved-list")),
    Fault(kill_the_parent, sample=(QUEUED, "content-retrieval")),
    Fault(kill_the_sentinel),
    Fault(kill_the_monitor, lease=UNHURRIED),
    Fault(kill_the_pusher, lease=UNHURRIED),
    Fault(stop_the_pusher, lease=UNHURRIED),
    Fault(
        stop_the_cluster, UNFINISHED, sample=("items-merge", "announced", "moved-data")
    ),
    Fault(web_side_is_down, sample=("deduplication-and-data-aggregation", "all-moved")),
    Fault(broker_is_down, sample=(QUEUED, "data-repository")),
    Fault(broker_is_down_at_dispatch, (QUEUED,), sample=(QUEUED,)),
    Fault(delivered_twice, sample=("writing",), lease=UNHURRIED),
    Fault(delivered_five_times, sample=(QUEUED, "content-filtering"), lease=UNHURRIED),
    # Its end is waited for.
    Fault(two_sweepers, sample=("prompt-processing", "list-repository"), lease=15),
    Fault(
        cancelled,
        lease=UNHURRIED,
        states=ends_cancelled,
        sample=(QUEUED, "website-repository", "planned", "announced"),
    ),
    Fault(database_is_locked, sample=(QUEUED, "items-processing", "planned")),
    Fault(
        disk_is_full,
        IN_RUNS,
        states=ends_for_want_of_space,
        sample=("categories-tags-processing", "creating", "moved-data"),
    ),
    Fault(memory_is_used_up, IN_RUNS, sample=("badges-processing", "moved-list")),
)


def hold(
    scene: Scene,
    what: str = "wait",
    *,
    workers: int = 0,
    sweepers: int = 2,
    **environment: str,
) -> Members:
    """Bring every run to its place, with a worker for each and nobody to spare.

    Returns the processes of the cluster that has them.
    """
    cluster = scene.start_cluster(
        "first", workers=workers or len(scene.held) or 1, **environment
    )
    scene.hold(what)
    scene.start_sweepers(*("one", "two")[:sweepers])
    return scene.stack.members(cluster.pid)


def where(scene: Scene, place: str) -> dict[str, int]:
    held = scene.where(place)
    assert held is not None
    return held


def everybody_ends(scene: Scene, *, seconds: float = 0) -> None:
    """Wait for the end of those who stood at their places, and of what they had started."""
    facts = [where(scene, place) for place in scene.held]
    pids = [fact[key] for fact in facts for key in ("pid", "command")]
    patience = seconds or 60 + 2 * scene.lease
    wait_until(lambda: not any(map(is_alive, pids)), seconds=patience)


def cluster_is_killed(scene: Scene) -> None:
    """All at once, but for the runs and what those have started."""
    own = {
        where(scene, place)[key] for place in scene.held for key in ("pid", "command")
    }
    for pid in scene.processes("first"):
        if pid not in own:
            kill(pid)


def refused(scene: Scene, row: Row) -> bool:
    """Tell whether somebody who spoke for a run, or claimed it, was told that it is too late.

    By the web side, with 409; or, before a word was said, by a repository where the refs of
    another attempt have taken the place of its own. The worker tells of the latter.
    """
    names = [str(name).replace("-", "") for name in (row.directory, row.id)]
    lines = [
        *(line for line in scene.stack.log("web").splitlines() if "409" in line),
        *(
            line
            for line in scene.stack.log("worker").splitlines()
            if "run given up" in line
        ),
    ]
    return any(name in line.replace("-", "") for line in lines for name in names)


@contextmanager
def broker_down(scene: Scene) -> Iterator[None]:
    """No Redis; or, where the database is the broker, no table of the queue."""
    if scene.stack.redis:
        scene.stack.redis.stop()
        yield
        scene.stack.redis.start()
        return
    rename = "ALTER TABLE {} RENAME TO {}"
    scene.stack.execute(rename.format("django_q_ormq", "away"))
    yield
    scene.stack.execute(rename.format("away", "django_q_ormq"))


@contextmanager
def database_locked(scene: Scene) -> Iterator[None]:
    url = scene.stack.environment["DATABASE_URL"]
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as base:
            base.execute("BEGIN EXCLUSIVE")
            yield
            base.execute("ROLLBACK")
        return
    with psycopg.connect(url) as base:
        base.execute(
            "LOCK TABLE directories_generationrun, directories_directory "
            "IN ACCESS EXCLUSIVE MODE"
        )
        yield
        base.rollback()
