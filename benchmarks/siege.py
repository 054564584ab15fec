"""What thirty attackers at once do to the web side, and whether others notice.

    python benchmarks/siege.py [--seconds 12] [--attackers 30] [--only NAME ...] [--blob-mib 1024]
                               [--database URL]

Each attack meets a web server of its own, started by the shipped command on a fresh installation
(SQLite unless a database is named); everything happens on the loopback. Meanwhile `/healthz` is
asked every 100 ms and a worker's signed call is made every 250 ms, and the memory of the web
processes is read (VmRSS of the largest; what they start counts by itself). Exit status 1: a bar was
missed. The bars: `/healthz` answers within 2 s in 99 of 100 tries, no worker's call is refused, and
no web process takes 400 MiB.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from generation.client import InternalAPI, ask_about
from generation.exceptions import InternalAPIError, RunRefused
from tests.engine.conftest import SECRET, Stack, free_port, process, wait_until

HEALTH_SECONDS, HEALTH_SHARE, MOST_MIB = 2.0, 0.99, 400
# How long an attacker waits for an answer before it comes again.
PATIENCE = 10
QUADRATIC = b"<html><body>" + b'<a href="x">' * 70_000
# None yields anything, so that no bound on the length of a page stops them.
TEMPLATES = [
    "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}"
    "{% endfor %}{% endfor %}{% endfor %}",
    "{% set x = namespace(s='aaaaaaaa') %}{% for a in range(40) %}"
    "{% set x.s = x.s ~ x.s %}{% endfor %}",
    "{% set x = namespace(n=9) %}{% for a in range(40) %}{% set x.n = x.n * x.n %}"
    "{% endfor %}",
    "{% macro m(n) %}{% for a in range(99) %}{% if n %}{{ m(n - 1) }}{% endif %}"
    "{% endfor %}{% endmacro %}{% set x = m(9) %}",
]


class Hostile(BaseHTTPRequestHandler):
    """A server of strangers: one that drips, one page, and repositories by git itself."""

    protocol_version = "HTTP/1.1"
    repositories: Path

    def do_GET(self) -> None:
        if self.path.startswith("/drip"):
            self._drip()
        elif self.path.startswith("/quadratic"):
            self._send(200, {"Content-Type": "text/html"}, QUADRATIC)
        else:
            self._git(b"")

    def do_POST(self) -> None:
        self._git(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _drip(self) -> None:
        kind = "x-git-upload-pack-advertisement" if "info/refs" in self.path else ""
        media_type = f"application/{kind}" if kind else "text/html"
        self.close_connection = True
        self.wfile.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\n\r\n".encode()
        )
        with suppress(OSError):
            while True:
                self.wfile.write(b" ")
                time.sleep(3)

    def _git(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            capture_output=True,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(self.repositories),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_CONFIG_COUNT": "2",
                "GIT_CONFIG_KEY_0": "safe.directory",
                "GIT_CONFIG_VALUE_0": "*",
                "GIT_CONFIG_KEY_1": "uploadpack.allowFilter",
                "GIT_CONFIG_VALUE_1": "true",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            },
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(
            line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line
        )
        status = int(headers.pop("Status", "200").split()[0])
        self._send(status, headers, content)

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        with suppress(OSError):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Strangers(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Do not complain: who was attacked may hang up."""


# --- what is attacked


def git(repository: Path, *words: str, given: bytes | None = None) -> str:
    names = {f"GIT_{who}_NAME": "Eve" for who in ("AUTHOR", "COMMITTER")}
    mails = {f"GIT_{who}_EMAIL": "eve@example.org" for who in ("AUTHOR", "COMMITTER")}
    done = subprocess.run(
        ["git", f"--git-dir={repository}", *words],
        input=given,
        stdout=subprocess.PIPE,
        check=True,
        env={"PATH": os.environ["PATH"], **names, **mails},
    )
    return done.stdout.decode().strip()


def tree_bomb(repository: Path) -> str:
    """A tree of a million files, which all are one."""
    blob = git(repository, "hash-object", "-w", "--stdin", given=b"name: Clock\n")
    entry = f"100644 blob {blob}\t{{}}.yml\n"
    for _ in range(3):
        lines = "".join(entry.format(f"c{number}") for number in range(100))
        tree = git(repository, "mktree", given=lines.encode())
        entry = f"040000 tree {tree}\t{{}}\n"
    return tree


def blob_bomb(repository: Path, mib: int) -> str:
    """A file of zeros, of which a thousandth is sent."""
    with tempfile.TemporaryFile() as zeros:
        zeros.truncate(mib * 1024 * 1024)
        done = subprocess.run(
            ["git", f"--git-dir={repository}", "hash-object", "-w", "--stdin"],
            stdin=zeros,
            stdout=subprocess.PIPE,
            check=True,
        )
    return done.stdout.decode().strip()


def graft(repository: Path, path: str, entry: str) -> None:
    """Push a commit that puts an entry, `mode kind id`, at a path of one or more folders."""
    *folders, name = path.split("/")
    for depth in range(len(folders), -1, -1):
        level = "/".join(folders[:depth])
        known = git(repository, "ls-tree", "main", f"{level}/" if level else ".")
        names = {
            line.rpartition("\t")[2].rpartition("/")[2]: line
            for line in known.splitlines()
        }
        names[name] = f"{entry}\t{name}"
        lines = (
            f"{line.partition(chr(9))[0]}\t{each}\n" for each, line in names.items()
        )
        tree = git(repository, "mktree", given="".join(lines).encode())
        entry, name = f"040000 tree {tree}", level.rpartition("/")[2]
    commit = git(repository, "commit-tree", tree, "-p", "main", "-m", "Push")
    git(repository, "update-ref", "refs/heads/main", commit)


def write_stranger(
    folder: Path, name: str, path: str, make: Callable[[Path], str]
) -> None:
    """Make a data repository with something in it that hurts."""
    repository = folder / f"{name}.git"
    subprocess.run(
        ["git", "init", "-q", "--bare", "-b", "main", repository], check=True
    )
    config = git(repository, "hash-object", "-w", "--stdin", given=b"name: Bomb\n")
    tree = git(
        repository, "mktree", given=f"100644 blob {config}\tconfig.yml\n".encode()
    )
    commit = git(repository, "commit-tree", tree, "-m", "Begin")
    git(repository, "update-ref", "refs/heads/main", commit)
    graft(repository, path, make(repository))


class Castle(Stack):
    """An installation with an account, some directories, and repositories of strangers."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        super().__init__(folder)
        if options.database:
            self.environment["DATABASE_URL"] = options.database
        self.hostile = free_port()
        self.environment |= {
            "PORT": str(self.port),
            "BIND": "127.0.0.1",
            "FETCH_ALLOWED_NETWORKS": "127.0.0.0/8",
            "FETCH_INTERVAL_SECONDS": "0",
            "API_RATE": "1000000/minute",
            "GENERATE_RATE": "1000000/hour",
        }
        self.strangers = folder / "strangers"
        self.strangers.mkdir()
        self.manage("migrate", "--noinput")
        # Files for clients that read slowly.
        self.manage("collectstatic", "--noinput")
        self.manage("createsuperuser", "--noinput", "--username=eve", "--email=e@b.org")
        self.token = self.manage("create_token", "eve").strip().splitlines()[-1]
        self._furnish(options.blob_mib)

    def _furnish(self, blob_mib: int) -> None:
        for slug in ("plain", "templates", "trees", "blobs"):
            self.make(slug)
        for number, text in enumerate(TEMPLATES):
            repository = self._data("templates")
            name = ("item", "group", "index", "about")[number]
            blob = git(repository, "hash-object", "-w", "--stdin", given=text.encode())
            graft(repository, f"website/templates/{name}.html", f"100644 blob {blob}")
        for slug, make, entry, name in (
            ("trees", tree_bomb, "040000 tree", "bomb"),
            ("blobs", lambda r: blob_bomb(r, blob_mib), "100644 blob", "bomb/bomb.yml"),
        ):
            repository = self._data(slug)
            graft(repository, f"data/{name}", f"{entry} {make(repository)}")
            write_stranger(
                self.strangers,
                slug,
                f"data/{name}",
                lambda r, make=make, entry=entry: f"{entry} {make(r)}",  # type: ignore[misc]
            )

    def _data(self, slug: str) -> Path:
        [found] = self.folder.glob(f"repositories/**/{slug}-data.git")
        return found

    @contextmanager
    def besieged(self) -> Iterator[int]:
        """The web side and the strangers' server."""
        Hostile.repositories = self.strangers
        server = Strangers(("127.0.0.1", self.hostile), Hostile)
        strangers = multiprocessing.Process(target=server.serve_forever, daemon=True)
        strangers.start()
        server.server_close()
        try:
            with process(
                *(str(CHECKOUT / "deploy" / "run"), "web"),
                environment=self.environment,
                log=self.folder / "web.log",
            ) as web:
                wait_until(self.answers)
                yield web.pid
        finally:
            strangers.kill()
            strangers.join()


# --- who attacks


class Attacker:
    """One of many, in a process that they share. `answers` counts what it was answered."""

    def __init__(
        self, castle: Castle, number: int, directories: dict[str, str]
    ) -> None:
        self.castle = castle
        self.number = number
        self.directories = directories
        self.answers: Counter[str] = Counter()
        self.turn = 0

    def ask(self, method: str, path: str, **fields: Any) -> None:
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.castle.port, timeout=PATIENCE
        )
        headers = {
            "Authorization": f"Token {self.castle.token}",
            "Content-Type": "application/json",
        }
        try:
            connection.request(method, path, json.dumps(fields), headers)
            self.answers[str(connection.getresponse().status)] += 1
        except OSError as exc:
            self.answers[type(exc).__name__] += 1
        finally:
            connection.close()

    def adopt(self, path: str) -> None:
        url = f"http://127.0.0.1:{self.castle.hostile}/{path}"
        self.ask("POST", "/api/directories/adopt/", url=url, slug=self._slug())

    def inspect(self, path: str) -> None:
        url = f"http://127.0.0.1:{self.castle.hostile}/{path}?{self._slug()}"
        place = f"/api/directories/{self.directories['plain']}/items/inspect/"
        self.ask("POST", place, url=url)

    def edit(self, slug: str) -> None:
        place = f"/api/directories/{self.directories[slug]}/items/vertical/"
        self.ask("PATCH", place, description=f"Changed for {self._slug()}.")

    def _slug(self) -> str:
        self.turn += 1
        return f"n{self.number}-{self.turn}"

    def talk(self, first: bytes, drop: bytes, *, reads: bool = True) -> None:
        """Begin a request, and go on by some bytes a second until the server hangs up."""
        with socket.socket() as connected, suppress(OSError):
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connected.settimeout(1)
            connected.connect(("127.0.0.1", self.castle.port))
            connected.sendall(first)
            for _ in range(60):
                if drop:
                    connected.sendall(drop)
                if not reads:
                    time.sleep(1)
                    continue
                with suppress(TimeoutError):
                    answer = connected.recv(4096)
                    status = answer.split(b" ")[1:2]
                    self.answers[status[0].decode() if status else "closed"] += 1
                    return


def slow_sockets(attacker: Attacker) -> None:
    head = b"POST /admin/login/ HTTP/1.1\r\nHost: localhost\r\n"
    body = head + b"Content-Length: 1000000\r\n\r\n"
    big = b"GET /static/admin/css/base.css HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50
    match attacker.number % 4:
        case 0:
            attacker.talk(b"", b"")
        case 1:
            attacker.talk(head, b"X: y\r\n")
        case 2:
            attacker.talk(body, b"x")
        case _:
            attacker.talk(big, b"", reads=False)


ATTACKS: dict[str, Callable[[Attacker], None]] = {
    "slow git server": lambda a: a.adopt("drip/list.git"),
    "slow pages": lambda a: a.inspect("drip/page"),
    "slow sockets": slow_sockets,
    "hostile templates": lambda a: a.edit("templates"),
    "tree bombs": lambda a: a.adopt("trees.git") if a.number % 2 else a.edit("trees"),
    "blob bombs": lambda a: a.adopt("blobs.git") if a.number % 2 else a.edit("blobs"),
    "quadratic pages": lambda a: a.inspect("quadratic/page"),
}


def attack(
    castle: Castle,
    name: str,
    numbers: range,
    directories: dict[str, str],
    results: Any,
) -> None:
    """Let some attackers do it again and again, in this process, until it is ended."""
    attackers = [Attacker(castle, number, directories) for number in numbers]

    def work(attacker: Attacker) -> None:
        while True:
            ATTACKS[name](attacker)

    def leave(signal_number: int, frame: Any) -> None:
        results.put(sum((a.answers for a in attackers), Counter()))
        results.close()
        results.join_thread()
        os._exit(0)

    signal.signal(signal.SIGTERM, leave)
    for attacker in attackers:
        threading.Thread(target=work, args=(attacker,), daemon=True).start()
    while True:
        signal.pause()


# --- who looks on


@dataclass
class Watch:
    """What others notice meanwhile. Waiting times are in seconds; None: no answer."""

    healthz: list[float | None] = field(default_factory=list)
    calls: list[float | None] = field(default_factory=list)
    web_mib: float = 0
    children_mib: float = 0
    children: int = 0

    @property
    def share(self) -> float:
        """How many of the health checks were answered in time."""
        in_time = [s for s in self.healthz if s is not None and s <= HEALTH_SECONDS]
        return len(in_time) / max(1, len(self.healthz))

    @property
    def refused(self) -> int:
        return self.calls.count(None)

    @property
    def holds(self) -> bool:
        return (
            self.share >= HEALTH_SHARE and not self.refused and self.web_mib < MOST_MIB
        )


def ask_health(castle: Castle, seen: list[float | None]) -> None:
    begun = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", castle.port, timeout=PATIENCE)
    try:
        connection.request("GET", "/healthz")
        is_well = connection.getresponse().status == 200
    except OSError:
        is_well = False
    finally:
        connection.close()
    seen.append(time.monotonic() - begun if is_well else None)


def call(castle: Castle, seen: list[float | None]) -> None:
    url = castle.environment["TRIGGER_INTERNAL_API_URL"]
    api = InternalAPI(url, SECRET, tries=1, time_outs=(5, 30))
    begun = time.monotonic()
    try:
        ask_about(api)
        seen.append(time.monotonic() - begun)
    except (InternalAPIError, RunRefused):
        seen.append(None)
    finally:
        api.close()


def children(pid: int) -> list[int]:
    """Processes that any of its threads has started."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, path.read_text().split())
    return found


def family(pid: int) -> list[int]:
    return [pid, *(one for child in children(pid) for one in family(child))]


def rss_mib(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return 0.0


def weigh(master: int, watch: Watch) -> None:
    processes = children(master)
    below = [pid for one in processes for pid in family(one)[1:]]
    watch.web_mib = max([watch.web_mib, *map(rss_mib, processes)])
    watch.children_mib = max([watch.children_mib, *map(rss_mib, below)])
    watch.children = max(watch.children, len(below))


def repeat(
    every: float, until: float, work: Callable[[], None], *, is_quick: bool = False
) -> list[threading.Thread]:
    """Begin it again and again, however long one takes."""
    begun = []
    following = time.monotonic()
    while time.monotonic() < until:
        if is_quick:
            work()
        else:
            begun.append(threading.Thread(target=work))
            begun[-1].start()
        following += every
        time.sleep(max(0.0, following - time.monotonic()))
    return begun


def look_on(castle: Castle, master: int, seconds: float) -> Watch:
    watch = Watch()
    until = time.monotonic() + seconds
    asked: list[threading.Thread] = []

    def begin(every: float, work: Callable[[], None]) -> threading.Thread:
        return threading.Thread(target=lambda: asked.extend(repeat(every, until, work)))

    loops = [
        begin(0.1, lambda: ask_health(castle, watch.healthz)),
        begin(0.25, lambda: call(castle, watch.calls)),
    ]
    for loop in loops:
        loop.start()
    repeat(0.1, until, lambda: weigh(master, watch), is_quick=True)
    for thread in [*loops, *asked]:
        thread.join()
    return watch


def besiege(
    castle: Castle, names: list[str], options: argparse.Namespace
) -> tuple[Watch, Counter[str]]:
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    with castle.besieged() as master:
        found = ask(castle, "/api/directories/")["results"]
        directories = {each["slug"]: each["id"] for each in found}
        # "30 at once each": all attacks at once are as many times thirty.
        share = options.attackers
        armies = [
            context.Process(
                target=attack,
                args=(
                    castle,
                    name,
                    range(n * share, (n + 1) * share),
                    directories,
                    results,
                ),
            )
            for n, name in enumerate(names)
        ]
        for army in armies:
            army.start()
        watch = look_on(castle, master, options.seconds)
        for army in armies:
            army.terminate()
        answers: Counter[str] = sum((results.get() for _ in armies), Counter())
        for army in armies:
            army.join()
    return watch, answers


def ask(castle: Castle, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", castle.port, timeout=60)
    connection.request("GET", path, headers={"Authorization": f"Token {castle.token}"})
    read = json.loads(connection.getresponse().read())
    connection.close()
    return read


# --- what is printed

HEAD = (
    "| attack | `/healthz` within 2 s | p50, p99, longest | workers' calls | refused | "
    "p50, longest | web process, MiB | children, MiB | attackers were answered |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


def ms(seconds: list[float | None], *shares: float) -> str:
    """Name quantiles in milliseconds; what was not answered counts as longest."""
    known = sorted(s if s is not None else float("inf") for s in seconds)
    if not known:
        return "-"
    picked = [known[min(len(known) - 1, int(share * len(known)))] for share in shares]
    return ", ".join(f"{1000 * each:.0f}" for each in picked) + " ms"


def row(name: str, watch: Watch, answers: Counter[str]) -> str:
    in_time = round(watch.share * len(watch.healthz))
    statuses = ", ".join(
        f"{count} x {status}" for status, count in answers.most_common(5)
    )
    cells = (
        name,
        f"{in_time} of {len(watch.healthz)}",
        ms(watch.healthz, 0.5, 0.99, 1),
        len(watch.calls),
        watch.refused,
        ms(watch.calls, 0.5, 1),
        f"{watch.web_mib:.0f}",
        f"{watch.children} of up to {watch.children_mib:.0f}"
        if watch.children
        else "-",
        statuses or "-",
    )
    return "| " + " | ".join(map(str, cells)) + " |"


def write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--attackers", type=int, default=30)
    parser.add_argument("--only", nargs="*", choices=[*ATTACKS, "all at once", "peace"])
    parser.add_argument("--blob-mib", type=int, default=1024)
    parser.add_argument("--database", default="")
    options = parser.parse_args()
    plan = {
        "peace": [],
        **{name: [name] for name in ATTACKS},
        "all at once": [*ATTACKS],
    }
    lost = []
    with tempfile.TemporaryDirectory(prefix="gazetteer-siege-") as folder:
        castle = Castle(Path(folder), options)
        write(HEAD)
        for name, names in plan.items():
            if options.only and name not in options.only:
                continue
            watch, answers = besiege(castle, names, options)
            write(row(name, watch, answers))
            if not watch.holds:
                lost.append(name)
    if lost:
        write("\nA bar was missed by: " + ", ".join(lost))
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
