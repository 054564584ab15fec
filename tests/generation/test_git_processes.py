"""What a git process is given, what it may use, and how it ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from config.env import CHECKOUT
from generation.exceptions import RepositoryError, RepositoryTooLarge
from generation.git import MAIN, Repository
from generation.git.command import is_disk_full, run_git, talk_to_git, version
from generation.git.limits import LIMITS
from tests.generation.test_git import commit

LOOPBACK = ("127.0.0.1",)
EXPECTED = {
    *("PATH", "HOME", "LC_ALL", "GIT_TERMINAL_PROMPT", "GIT_CONFIG_NOSYSTEM"),
    *("GIT_CONFIG_GLOBAL", "GIT_TEMPLATE_DIR", "GIT_PROTOCOL_FROM_USER"),
    *("GIT_NO_LAZY_FETCH", "GIT_CONFIG_COUNT"),
}
SECRETS = {
    "DATABASE_URL": "postgres://me:hunter2@db/x",
    "TRIGGER_INTERNAL_SECRET": "hunter2",
    "HTTPS_PROXY": "http://me:hunter2@proxy:3128",
    "http_proxy": "http://me:hunter2@proxy:3128",
    "GIT_SSH_COMMAND": "touch hunter2",
    "GIT_CONFIG_PARAMETERS": "'http.extraHeader=hunter2'",
    "GIT_ASKPASS": "hunter2",
    "SSH_AUTH_SOCK": "/hunter2",
    "XDG_CONFIG_HOME": "/hunter2",
    "LD_PRELOAD": "",
    "TMPDIR": "",
}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "ada" / "clocks.git")
    repository.create()
    return repository


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a script before git on the PATH; its last line is the real git."""

    def stand_in(*lines: str) -> None:
        script = tmp_path / "bin" / "git"
        script.parent.mkdir()
        real = shutil.which("git")
        script.write_text("\n".join(["#!/bin/sh", *lines, f'exec {real} "$@"', ""]))
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")

    return stand_in


class Host(BaseHTTPRequestHandler):
    """A server that asks for a password, and notes what it is given."""

    def do_GET(self) -> None:
        self.server.heard.append(self.headers.get("Authorization"))  # type: ignore[attr-defined]
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class Dripping(Host):
    """A server that sends a byte now and then, and never all of them."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-git-upload-pack-advertisement")
        self.end_headers()
        self.server.heard.append("")  # type: ignore[attr-defined]
        while not self.server.is_over.wait(0.05):  # type: ignore[attr-defined]
            try:
                self.wfile.write(b"0")
                self.wfile.flush()
            except OSError:
                break


@contextmanager
def serving(handler: type[Host]) -> Iterator[tuple[str, list[str | None]]]:
    """Serve on the loopback interface: the address, and what was heard."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.heard = []  # type: ignore[attr-defined]
        server.is_over = threading.Event()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/x.git", server.heard  # type: ignore[attr-defined]
        finally:
            server.is_over.set()  # type: ignore[attr-defined]
            server.shutdown()


def wait_for(fact: Callable[[], object], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < until
        time.sleep(0.02)


def processes_with(word: str) -> list[int]:
    """Find the processes, but this one, that have a word in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if word in line and int(path.parent.name) != os.getpid():
            found.append(int(path.parent.name))
    return found


def environment_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(line.split("=", 1) for line in lines if line)


def is_expected(name: str) -> bool:
    return name in EXPECTED or name.startswith(("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"))


def test_git_is_given_nothing_of_our_environment(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)

    with talk_to_git(repository.path, "cat-file", "--batch"):
        [pid] = processes_with(str(repository.path))
        given = environment_of(pid)

    assert [name for name in given if not is_expected(name)] == []
    assert given.keys() >= EXPECTED
    assert given["PATH"] == os.environ["PATH"]
    assert not Path(given["HOME"]).exists()


def test_helpers_of_a_visit_are_given_nothing_either(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)

    with serving(Dripping) as (url, heard):
        visit = threading.Thread(target=fetch_in_vain, args=(repository, url, 3.0))
        visit.start()
        wait_for(lambda: heard)
        given = [environment_of(pid) for pid in processes_with(url)]
        visit.join()

    assert len(given) >= 2
    # Git hands its own settings and place on to the helpers that it starts.
    added = {"GIT_DIR", "GIT_CONFIG_PARAMETERS", "GIT_PREFIX", "GIT_EXEC_PATH"}
    added |= {"PWD", "OLDPWD", "SHLVL", "_"}
    names = {name for each in given for name in each if not is_expected(name)}
    assert names <= added
    assert "hunter2" not in str(given)


def fetch_in_vain(repository: Repository, url: str, seconds: float) -> str:
    with pytest.raises(RepositoryError) as caught:
        repository.fetch_all(url, addresses=LOOPBACK, seconds=seconds)
    return str(caught.value)


def test_passwords_at_home_are_not_sent_to_strangers(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine 127.0.0.1 login me password hunter2\n")
    (home / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(home))

    with serving(Host) as (url, heard):
        fetch_in_vain(repository, url, 20)

    assert heard
    assert set(heard) == {None}


def test_a_visit_ends_with_its_time_and_nothing_of_it_stays(
    repository: Repository,
) -> None:
    with serving(Dripping) as (url, heard):
        message = fetch_in_vain(repository, url, 1.5)

        assert heard
        assert message == "git fetch took longer than 1.5 seconds; try again later"
        wait_for(lambda: not processes_with(url))


def test_a_server_that_is_too_slow_is_given_up_early(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generation.git.repository.LOWEST_SPEED_SECONDS", 1)

    with serving(Dripping) as (url, _):
        message = fetch_in_vain(repository, url, 60)

    assert "too slow" in message.lower()


VISIT = """
import sys
from pathlib import Path
from generation.git import Repository
Repository(Path(sys.argv[1])).fetch_all(sys.argv[2], addresses=("127.0.0.1",))
"""


def test_a_visit_ends_with_the_process_that_began_it(repository: Repository) -> None:
    """Also when that one is killed, and can end nothing itself."""
    with serving(Dripping) as (url, heard):
        arguments = [sys.executable, "-c", VISIT, str(repository.path), url]
        visitor = subprocess.Popen(arguments, cwd=CHECKOUT)
        wait_for(lambda: heard)
        begun = [pid for pid in processes_with(url) if pid != visitor.pid]

        visitor.send_signal(signal.SIGKILL)
        visitor.wait()

        assert len(begun) >= 2
        wait_for(lambda: not processes_with(url))


def test_what_only_works_here_stays_in_the_group_of_its_caller(
    repository: Repository,
) -> None:
    """Who kills a run kills its group: no git of it may write after that."""
    with talk_to_git(repository.path, "cat-file", "--batch"):
        [pid] = processes_with(str(repository.path))

        assert os.getpgid(pid) == os.getpgid(0)


def test_git_is_limited_in_memory_and_time(repository: Repository) -> None:
    with talk_to_git(repository.path, "cat-file", "--batch"):
        [pid] = processes_with(str(repository.path))
        limits = Path(f"/proc/{pid}/limits").read_text()

    rows = {line[:25].strip(): line[25:].split()[0] for line in limits.splitlines()}
    assert rows["Max data size"] == str(LIMITS.memory)
    assert rows["Max cpu time"] == str(LIMITS.processor)


def test_git_that_works_for_too_long_is_ended(
    repository: Repository, stand_in: Callable[..., None]
) -> None:
    stand_in("while :; do :; done")

    with pytest.raises(RepositoryTooLarge, match="git rev-parse takes too long"):
        run_git(repository.path, "rev-parse", MAIN, limits=LIMITS._replace(processor=1))


def test_git_that_needs_too_much_memory_is_ended(repository: Repository) -> None:
    written = repository.write(
        commit({"a": b"1"}, message="long " * 4_000_000), ref=MAIN
    )
    tight = Repository(repository.path, limits=LIMITS._replace(memory=8 << 20))

    with pytest.raises(RepositoryTooLarge, match="needs too much memory"):
        tight.parent(written)


def test_git_that_complains_without_end_is_heard_to_the_end(
    repository: Repository, stand_in: Callable[..., None]
) -> None:
    """More than a pipe takes: nobody may wait for anybody."""
    stand_in("yes 'error: and another thing' | head -c 1000000 >&2", "exit 128")

    with pytest.raises(RepositoryError, match="git cat-file failed in ada/clocks"):
        list(repository.find(["0" * 40] * 200))


def test_what_a_server_says_is_neither_believed_nor_repeated(
    repository: Repository, stand_in: Callable[..., None]
) -> None:
    stand_in(
        "echo 'remote: fatal: No space left on device' >&2",
        "echo 'remote: fatal: out of memory' >&2",
        "printf 'fatal: \\033[2Jearly EOF\\n' >&2",
        "exit 128",
    )

    with pytest.raises(RepositoryError) as caught:
        repository.refs()

    assert (
        str(caught.value) == "git for-each-ref failed in ada/clocks.git: [2Jearly EOF"
    )


CRAMPED = """
import resource, sys
from pathlib import Path
from generation.git import Repository
repository = Repository(Path(sys.argv[1]))
# The room of this thread is used again by the next one, which then has none for more.
repository.refs()
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used // 2, resource.RLIM_INFINITY))
for _ in range(20):
    try:
        repository.refs()
    except (MemoryError, RuntimeError):
        pass
print("over")
"""


def test_want_of_memory_is_no_hang(repository: Repository) -> None:
    """A thread may have begun and have no memory to go on, and nobody waits for it."""
    arguments = [sys.executable, "-c", CRAMPED, str(repository.path)]

    ended = subprocess.run(
        arguments, cwd=CHECKOUT, capture_output=True, text=True, timeout=60
    )

    assert ended.stdout == "over\n", ended.stderr


def test_missing_git_is_named(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(RepositoryError, match="no git command on the PATH"):
        repository.head()
    with pytest.raises(RepositoryError, match="no git command on the PATH"):
        version()


def test_errors_do_not_name_the_place_of_repositories(tmp_path: Path) -> None:
    gone = Repository(tmp_path / "ada" / "gone.git")
    broken = Repository(tmp_path / "ada" / "broken.git")
    broken.path.mkdir(parents=True)
    (broken.path / "HEAD").touch()

    messages = []
    for call in (
        lambda: gone.write(commit({"a": b"1"}), ref=MAIN),
        lambda: list(gone.read(["0" * 40])),
        lambda: gone.tree(MAIN),
        broken.refs,
    ):
        with pytest.raises(RepositoryError) as caught:
            call()
        messages.append(str(caught.value))

    assert all("ada/" in message for message in messages)
    assert not [message for message in messages if str(tmp_path) in message]


@pytest.mark.parametrize(
    "line",
    [
        "fatal: write error: No space left on device",
        "fatal: sha1 file '.git/objects/pack/tmp_pack_1' write error. Out of diskspace",
        "fatal: sha1 file '<stdout>' write error: No space left on device",
        "error: file write error: No space left on device",
        "error: unable to write file objects/ab/cdef: Disk quota exceeded",
        "fatal: cannot store pack file: No space left on device",
        "fatal: unable to write new index file",
        "error: unable to write loose object file",
        "error: unable to append to 'logs/HEAD': Disk quota exceeded",
        "fatal: cannot pwrite pack: File too large",
        "fatal: failed to write object",
        "error: could not write config file config: No space left on device",
        "error: couldn't write 'refs/heads/main.lock'",
        "fatal: unable to create temporary file: No space left on device",
        "fatal: write error: File too large",
        "error: short write (12 of 44 bytes)",
        "error: failed to flush packed-refs: Quota exceeded",
    ],
)
def test_full_disk_is_recognised(line: str) -> None:
    assert is_disk_full(f"remote: counting\n{line}\n")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "fatal: not a valid object name main",
        "fatal: write error: Broken pipe",
        "error: unable to write file objects/ab/cdef: Permission denied",
        "error: insufficient permission for adding an object to repository database",
        "error: unable to write loose object file: Read-only file system",
        "fatal: unable to access 'https://example.org/': Could not resolve host",
        "fatal: the remote end hung up unexpectedly",
    ],
)
def test_what_is_no_full_disk_is_not_taken_for_one(line: str) -> None:
    assert not is_disk_full(line)
