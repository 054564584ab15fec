"""What health checks find, and how little they start to find it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from config.env import CHECKOUT
from generation.contract.about import About
from tests.internal_api.callers import SECRET
from tests.internal_api.servers import always, serving

ABOUT = About(
    now="2026-11-30T12:00:00Z",
    queue="gazetteer",
    queue_key="00000000",
    lease_seconds=90,
    dispatches=True,
    git_root_inode="1",
    git_root_uid=1,
)
NOWHERE = "redis://:a-password@127.0.0.1:9/0"


def ask(role: str, state: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Ask as a container does. Whatever was imported is on standard error."""
    return subprocess.run(
        [str(CHECKOUT / "deploy" / "healthy"), role],
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPROFILEIMPORTTIME": "1",
            "STATE_ROOT": str(state),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def last_line(asked: subprocess.CompletedProcess[str]) -> str:
    return asked.stderr.splitlines()[-1]


def test_sweeper_is_well_while_its_database_answers(tmp_path: Path) -> None:
    missing = ask("sweeper", tmp_path)
    path = tmp_path / "gazetteer.sqlite3"
    sqlite3.connect(path).close()
    empty = ask("sweeper", tmp_path, DATABASE_URL=f"sqlite:///{path}")
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE django_migrations (id)")
    file.close()
    there = ask("sweeper", tmp_path)

    assert (missing.returncode, empty.returncode, there.returncode) == (1, 1, 0)
    assert last_line(missing) == "sweeper is not well: OperationalError"
    assert not list(tmp_path.glob("*.sqlite3-*"))
    assert "redis" not in there.stderr
    assert "django" not in there.stderr


def test_sweeper_asks_postgresql(tmp_path: Path, postgres_url: str) -> None:
    import psycopg

    empty = ask("sweeper", tmp_path, DATABASE_URL=postgres_url)
    with psycopg.connect(postgres_url) as base:
        base.execute("CREATE TABLE django_migrations (id integer)")
    there = ask("sweeper", tmp_path, DATABASE_URL=postgres_url)

    assert (empty.returncode, there.returncode) == (1, 0)
    assert "django" not in there.stderr


def test_worker_is_well_while_broker_and_web_side_answer(
    tmp_path: Path, redis_url: str
) -> None:
    own = {
        "GAZETTEER_ROLE": "worker",
        "TRIGGER_API_URL": redis_url,
        "TRIGGER_INTERNAL_SECRET": SECRET,
    }
    with serving(always(200, ABOUT.model_dump_json().encode())) as web:
        own["TRIGGER_INTERNAL_API_URL"] = web.url
        well = ask("worker", tmp_path, **own)
        without_broker = ask("worker", tmp_path, **own | {"TRIGGER_API_URL": NOWHERE})
        called = list(web.calls)
    without_web_side = ask("worker", tmp_path, **own)
    with serving(always(401)) as web:
        refused = ask("worker", tmp_path, **own | {"TRIGGER_INTERNAL_API_URL": web.url})

    assert well.returncode == 0, last_line(well)
    assert [call.path for call in called] == ["/about"]
    assert called[0].headers["Signature"]
    assert "django" not in well.stderr
    for asked in (without_broker, without_web_side, refused):
        assert asked.returncode == 1
        assert "\nworker is not well: " in asked.stderr
        assert "a-password" not in asked.stderr


@pytest.mark.parametrize("status", [200, 503])
def test_web_server_is_asked_by_a_name_it_answers_to(
    tmp_path: Path, status: int
) -> None:
    with serving(always(status)) as web:
        asked = ask(
            "web",
            tmp_path,
            PORT=web.url.rpartition(":")[2],
            ALLOWED_HOSTS=".directories.example.org,web",
        )
        [call] = web.calls

    assert asked.returncode == (0 if status == 200 else 1)
    assert (call.path, call.headers["Host"]) == (
        "/healthz",
        "directories.example.org",
    )
    assert "django" not in asked.stderr


@pytest.mark.parametrize(
    ("bind", "listens"),
    [("", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("127.0.0.2", "127.0.0.2")],
)
def test_web_side_is_asked_where_it_listens(
    tmp_path: Path, bind: str, listens: str
) -> None:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.headers['Host']} {self.path}")
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer((listens, 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        own = {"BIND": bind} if bind else {}
        port = str(server.server_port)
        well = ask("web", tmp_path, PORT=port, ALLOWED_HOSTS="a.org", **own)
        thread.join()

    assert well.returncode == 0, last_line(well)
    assert asked == ["a.org /healthz"]
