"""A whole installation by the commands that are shipped: PostgreSQL, Redis, no debugging."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import CHECKOUT, Stack, process, wait_until

pytestmark = [
    pytest.mark.deploy,
    pytest.mark.skipif(
        not os.environ.get("GAZETTEER_DEPLOY_TESTS"),
        reason="takes a minute; set GAZETTEER_DEPLOY_TESTS=1",
    ),
]

MANY = "# Clocks\n\n" + "".join(
    f"- [Clock {n}](https://example.org/{n}) - Number {n}, of brass.\n"
    for n in range(3000)
)


class Installation(Stack):
    """As in production: secrets that pass every check, one uid, JSON logs."""

    def __init__(self, folder: Path, *, database: str, broker: str) -> None:
        super().__init__(
            folder,
            DATABASE_URL=database,
            TRIGGER_API_URL=broker,
            SECRET_KEY="K9#mQ2$vX7@pL4!wZ8^tR3&yN6*bH1(cJ5)dF0_gS-aV+eU=iO~kD",
            DEBUG="false",
            TRIGGER_ALLOW_PLAIN_SECRET="false",
            HTTPS_ONLY="true",
            BEHIND_PROXY="true",
            TRIGGER_INTERNAL_PLAIN_HTTP="true",
            ALLOWED_HOSTS="directories.example.org,127.0.0.1",
            LOG_FORMAT="json",
            METRICS_TOKEN="the token of a monitor",
            WEB_PROCESSES="1",
            BIND="127.0.0.1",
        )
        self.environment["PORT"] = str(self.port)

    @contextmanager
    def role(
        self, role: str, *, log: str = "", **changes: str | None
    ) -> Iterator[subprocess.Popen[bytes]]:
        own = {k: v for k, v in (self.environment | changes).items() if v is not None}
        with process(
            *(str(CHECKOUT / "deploy" / "run"), role),
            environment=own,
            log=self.folder / f"{log or role}.log",
        ) as started:
            yield started

    def worker_role(self, name: str) -> Any:
        return self.role(
            "worker",
            log=name,
            GAZETTEER_ROLE="worker",
            DATABASE_URL=None,
            SECRET_KEY=None,
            STATE_ROOT=str(self.folder / "worker-state"),
        )

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


def test_installation_lives_through_restarts_and_moves_house(
    tmp_path: Path, postgres_url: str, redis_url: str
) -> None:
    one = Installation(tmp_path / "one", database=postgres_url, broker=redis_url)
    one.manage("migrate", "-v0")
    one.manage("collectstatic", "--noinput", "-v0")
    one.manage("createsuperuser", "--noinput", "--username=admin", "--email=a@b.org")
    token = one.manage("create_token", "admin").strip()
    with ExitStack() as running:
        running.enter_context(one.role("web"))
        wait_until(one.is_up, seconds=90)
        first = running.enter_context(one.worker_role("first"))
        running.enter_context(one.role("sweeper"))
        wait_until(lambda: not one.ask("/readyz")["degraded"], seconds=90)
        assert "ok " in one.manage("gazetteer_doctor", "--only", "workers,internal-api")
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
        running.enter_context(one.worker_role("second"))
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
        figures = one.ask("/metrics", token="the token of a monitor", scheme="Bearer")
        file = tmp_path / "backup.tar.gz"
        one.manage("backup", str(file))
    assert (over["state"], over["attempt"]) == ("succeeded", 1)
    assert first.returncode == 0
    assert 'gazetteer_runs{state="succeeded",where="worker"} 1.0' in figures
    for name in ("web", "first", "second", "sweeper"):
        assert all("event" in line for line in one.lines(name))
        assert one.environment["TRIGGER_INTERNAL_SECRET"] not in one.log(name)
    calls = [line for line in one.lines("web") if line["event"] == "internal call"]
    assert any(line.get("run") == run["id"] and line["request_id"] for line in calls)

    two = Installation(
        tmp_path / "two",
        database=f"sqlite:///{tmp_path}/two/state/gazetteer.sqlite3",
        broker=redis_url,
    )
    two.manage("restore", str(file))
    heads = one.trees()
    again = two.manage("generate_directory", "clocks")

    assert again.count("(unchanged)") == 3, again
    assert two.trees() == heads
