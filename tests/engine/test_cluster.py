"""Single processes of a cluster are killed or stopped: nobody counts on what is left of it.

What meets runs that are under way is in tests/engine/faults.py.
"""

from __future__ import annotations

import os
import signal

import pytest

from tests.engine.conftest import Members, Stack, kill, wait_until

NONE_HEARD = "no worker has been heard of"


def is_made_here(stack: Stack, slug: str) -> bool:
    """Start a run for the queue, and report whether it was made where it was started."""
    stack.make(slug, "--background")
    [run] = [run for run in stack.runs() if run["directory__slug"] == slug]
    return run["state"] == "succeeded" and NONE_HEARD in run["fell_back_because"]


def nothing_is_left_of(stack: Stack, members: Members) -> None:
    wait_until(lambda: not members.alive(), seconds=15)
    assert not stack.workers() & {*members.workers}


@pytest.mark.parametrize(
    "killed",
    ["parent", pytest.param("sentinel", marks=pytest.mark.engine_full)],
)
def test_a_cluster_ends_with_its_parent_and_with_its_sentinel(
    stack: Stack, killed: str
) -> None:
    with stack.web(), stack.worker() as cluster:
        members = stack.members(cluster.pid)
        assert stack.workers() == {*members.workers}

        kill(getattr(members, killed))
        nothing_is_left_of(stack, members)

        assert is_made_here(stack, "clocks")
        # So that a service manager starts another one.
        assert cluster.wait(timeout=20) == (1 if killed == "sentinel" else -9)
    assert "cluster was killed" in stack.log("worker")


def test_a_cluster_ends_when_all_of_it_is_asked_to(stack: Stack) -> None:
    """As a service manager does that knows nothing of the parent."""
    with stack.web(), stack.worker() as cluster:
        members = stack.members(cluster.pid)

        os.killpg(cluster.pid, signal.SIGTERM)

        nothing_is_left_of(stack, members)
        assert cluster.wait(timeout=20) == 1


def test_a_cluster_goes_on_without_a_process_that_its_sentinel_starts_again(
    stack: Stack,
) -> None:
    with stack.web(), stack.worker() as cluster:
        before = stack.members(cluster.pid)
        for pid in (before.monitor, before.pusher, *before.workers):
            kill(pid)
        wait_until(lambda: stack.log("worker").count("reincarnated") == 3)
        after = stack.members(cluster.pid)

        stack.make("clocks", "--background")
        [run] = stack.finished(1)
        kill(after.sentinel)
        nothing_is_left_of(stack, after)

    assert not {*before[2:4], *before.workers} & {*after[2:4], *after.workers}
    assert (run["state"], run["attempt"], run["ran_on"]) == (
        *("succeeded", 1),
        f"{run['ran_on'].partition(':')[0]}:{after.workers[0]}",
    )


@pytest.mark.parametrize(
    "stopped",
    [
        "pusher",
        pytest.param("monitor", marks=pytest.mark.engine_full),
        pytest.param("sentinel", marks=pytest.mark.engine_full),
    ],
)
def test_nobody_counts_on_a_cluster_with_a_stopped_process(
    stack: Stack, stopped: str
) -> None:
    with stack.web(), stack.worker(ENGINE_SILENT_AFTER="4") as cluster:
        members = stack.members(cluster.pid)

        kill(getattr(members, stopped), signal.SIGSTOP)
        wait_until(lambda: not stack.workers())
        is_here = is_made_here(stack, "clocks")
        kill(getattr(members, stopped), signal.SIGCONT)
        wait_until(stack.workers)
        stack.make("sundials", "--background")
        runs = stack.finished(2)

    assert is_here
    assert f"silent={stopped}" in stack.log("worker")
    assert [run["fell_back_because"] != "" for run in runs] == [True, False]
    assert {(run["state"], run["attempt"]) for run in runs} == {("succeeded", 1)}
