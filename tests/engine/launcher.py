"""Start `manage.py` in a process that stops where a test has asked it to.

    python -m tests.engine.launcher qcluster

A test arms a place with a file `<namespace>@<place>.armed` in the folder ENGINE_STOPS, which
holds what to do there. The first process of a run of that namespace that comes by takes the
file, says where it stands in `….held`, starts a command of its own (whose end is watched as
well), and waits for `….go`, or does itself the harm that was asked for. Nothing of this is
in the product: its functions are wrapped here, and forked children inherit that.
"""

from __future__ import annotations

import functools
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

STOPS = Path(os.environ.get("ENGINE_STOPS", "/nonexistent"))
NAMESPACE = ""


def stop(place: str, *, namespace: str = "") -> None:
    """Stop here, if that was asked for and nobody else has stopped here before."""
    stem = str(STOPS / f"{namespace or NAMESPACE}@{place}")
    try:
        Path(f"{stem}.armed").rename(f"{stem}.taken")
    except FileNotFoundError:
        return
    what = Path(f"{stem}.taken").read_text()
    own = subprocess.Popen(["sleep", "600"])
    facts = {"pid": os.getpid(), "parent": os.getppid(), "command": own.pid}
    draft = Path(f"{stem}.part")
    draft.write_text(json.dumps(facts))
    draft.rename(f"{stem}.held")
    try:
        while not Path(f"{stem}.go").exists():
            time.sleep(0.05)
    finally:
        own.kill()
        own.wait()
    if what == "memory":
        use_all_memory()
    elif what == "disk":
        write_no_more()


def use_all_memory() -> None:
    hoard = []
    assert resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY
    while True:
        hoard.append(bytearray(1 << 22))


def write_no_more() -> None:
    """From here on every write to a file fails, in this process and in its commands."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    begin = subprocess.Popen.__init__

    @functools.wraps(begin)
    def begin_deaf(self: Any, *arguments: Any, **options: Any) -> None:
        # Python ignores the signal of this limit, and its commands shall, too: they get
        # the error of a write instead, as they do on a full disk.
        begin(self, *arguments, **{"restore_signals": False} | options)

    subprocess.Popen.__init__ = begin_deaf  # type: ignore[method-assign]


def around(
    owner: Any,
    name: str,
    *,
    before: Callable[..., str] = lambda *a, **k: "",
    after: Callable[..., str] = lambda *a, **k: "",
) -> None:
    """Stop before or after each call of a function, at the place that its arguments give."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        if place := before(*arguments, **options):
            stop(place)
        result = original(*arguments, **options)
        if place := after(*arguments, **options):
            stop(place)
        return result

    setattr(owner, name, wrapped)


def stop_in_runs() -> None:
    from generation import journal, orchestrator, publish
    from generation.client import RemoteDirectoryOperations
    from generation.contract.commands import PublishBegin, PublishDone
    from generation.git import commits, repository

    def remember(run: Any, operations: Any, host: Any, context: Any, *rest: Any) -> str:
        global NAMESPACE
        NAMESPACE = context.directory.namespace
        return ""

    def said(kind: type[Any], place: str) -> Callable[..., str]:
        return lambda operations, *commands: (
            place if any(isinstance(command, kind) for command in commands) else ""
        )

    def moved(repository: Any, ref: str, **commits: Any) -> str:
        # `main`, or the branch of a proposal.
        if not ref.startswith("refs/heads/") or commits.get("new") is None:
            return ""
        name = repository.path.name
        kinds = [k for k in publish.KINDS if name.endswith(f"-{k}.git")]
        return f"moved-{kinds[0] if kinds else 'list'}"

    around(orchestrator._Run, "__init__", before=remember)
    around(journal.Journal, "begin", after=lambda journal, step: step)
    around(RemoteDirectoryOperations, "send", before=said(PublishBegin, "planned"))
    around(RemoteDirectoryOperations, "send", after=said(PublishBegin, "announced"))
    around(RemoteDirectoryOperations, "send", before=said(PublishDone, "all-moved"))
    around(RemoteDirectoryOperations, "send", after=said(PublishDone, "told"))
    around(repository.Repository, "move", after=moved)
    around(
        repository,
        "run_git",
        after=lambda path, *words, **limits: "creating" if words[0] == "init" else "",
    )
    stream = commits.fast_import_stream

    def slow_stream(*arguments: Any) -> Iterator[bytes]:
        parts = list(stream(*arguments))
        yield from parts[:-1]
        stop("writing")
        yield parts[-1]

    vars(repository)["fast_import_stream"] = slow_stream


def be_patient() -> None:
    """Wait longer for the web side to hear a goodbye: on a busy machine it is slow.

    And less long for a part of a cluster that was stopped.
    """
    from generation.tasks import presence, signs

    presence.GOODBYE_SECONDS = int(
        os.environ.get("ENGINE_GOODBYE", str(presence.GOODBYE_SECONDS))
    )
    signs.SILENT_AFTER = int(
        os.environ.get("ENGINE_SILENT_AFTER", str(signs.SILENT_AFTER))
    )


def stop_in_sweeps() -> None:
    from directories.services import sweeping

    # So that a test need not wait a minute for what production does in a minute.
    sweeping.SOON = timedelta(seconds=int(os.environ.get("ENGINE_SOON", "60")))
    name = os.environ.get("ENGINE_NAME", "")
    lose = sweeping._lose

    def slow_lose(run: Any) -> bool:
        stop("losing", namespace=name)
        return lose(run)

    sweeping._lose = slow_lose


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django
    from django.core.management import execute_from_command_line

    django.setup()
    if "sweep_runs" in sys.argv:
        stop_in_sweeps()
    else:
        stop_in_runs()
        be_patient()
    execute_from_command_line(["manage.py", *sys.argv[1:]])


if __name__ == "__main__":
    main()
