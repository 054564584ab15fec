"""Lines that programs can read, joined by ids, and without secrets whoever wrote them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from config import redaction
from config.env import Environment
from config.logging import configure
from config.request_log import name_requests
from generation.client import InternalAPI
from generation.exceptions import RunRefused
from tests.internal_api.callers import SECRET
from tests.internal_api.servers import always, serving

TOKEN = 'a "token"/that nobody\\shall read'


@pytest.fixture(autouse=True)
def logging_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root = logging.getLogger()
    before, level, known = root.handlers, root.level, set(redaction._known)
    configured, configure = structlog.get_config(), structlog.configure

    def configure_for_now(**options: Any) -> None:
        # Loggers that are used here first would keep this for all other tests.
        configure(**options | {"cache_logger_on_first_use": False})

    monkeypatch.setattr(structlog, "configure", configure_for_now)
    yield
    configure(**configured)
    root.handlers, redaction._known = before, known
    root.setLevel(level)


def push(token: str) -> None:
    address = f"https://user:{token}@example.org/clocks.git"
    raise RuntimeError(f"could not push to {address}")


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("logger", ["ours", "a library's"])
def test_token_is_in_no_line(
    capsys: pytest.CaptureFixture[str], form: Any, logger: str
) -> None:
    redaction.hide(TOKEN)
    configure(level="INFO", form=form)
    log: Any = (
        structlog.get_logger("a") if logger == "ours" else logging.getLogger("urllib3")
    )

    try:
        push(TOKEN)
    except RuntimeError:
        log.exception("push failed")
    log.warning(f"with {TOKEN} in the message")  # noqa: G004 - as others do

    said = capsys.readouterr().err
    assert "push failed" in said
    assert "RuntimeError" in said
    assert "nobody" not in said
    assert redaction.HIDDEN in said


@pytest.mark.parametrize(
    "text",
    [
        "ghp_" + "a1" * 18,
        "github_pat_" + "a1" * 20,
        "glpat-" + "a1" * 10,
        "gaz_" + "a1" * 20,
        "postgres://ada:lovelace@db/name",
        "redis://:lovelace@queue:6379/0",
        "Authorization: Token lovelace",
        "{'Authorization': 'Bearer lovelace'}",
        "x-trigger-secret: lovelace",
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str) -> None:
    shown = redaction.redacted(f"before {text} after")

    assert redaction.HIDDEN in shown
    assert "lovelace" not in shown
    assert "a1a1a1" not in shown
    assert shown.startswith("before")
    assert shown.endswith("after")


@pytest.mark.parametrize(
    "text",
    ["https://example.org/a?b=c", "12:30:01", "admin/clocks: 3 items", "a@b.org"],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert redaction.redacted(text) == text


@pytest.mark.parametrize("safe", ["", "/"])
def test_a_secret_is_hidden_as_an_address_spells_it(
    monkeypatch: pytest.MonkeyPatch, safe: str
) -> None:
    monkeypatch.setattr(redaction, "_known", set())
    redaction.hide("love/lace&80% ü")
    spelled = quote("love/lace&80% ü", safe=safe)
    assert "%" in spelled

    shown = redaction.redacted(f"GET https://example.org/?key={spelled}&page=1")

    assert shown == f"GET https://example.org/?key={redaction.HIDDEN}&page=1"


def test_every_secret_of_the_environment_is_known() -> None:
    env = Environment(
        _env_file=None,
        trigger_secret_key="queue key",
        database_url="postgres://ada:love%2Flace@db/name",
        trigger_api_url="redis://:redis-password@queue/0",
        metrics_token="metrics token",
    )

    assert {"queue key", "love/lace", "redis-password", "metrics token"} < set(
        env.secrets
    )


def test_json_has_one_object_a_line_with_the_ids(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(level="INFO", form="json")

    with structlog.contextvars.bound_contextvars(run="7", request_id="abcdefgh"):
        structlog.get_logger("a").info("step finished", seconds=1.5)
        logging.getLogger("django-q").warning("two\nlines")

    ours, theirs = map(json.loads, capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["run"], ours["seconds"]) == ("step finished", "7", 1.5)
    assert ours["request_id"] == theirs["request_id"] == "abcdefgh"
    assert (theirs["event"], theirs["logger"]) == ("two\nlines", "django-q")


def test_request_is_named_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    configure(level="INFO", form="json")
    request = RequestFactory().get(
        "/api/runs/", headers={"X-Request-Id": "from-proxy-1"}
    )

    answer = name_requests(lambda request: HttpResponse(status=204))(request)

    line = json.loads(capsys.readouterr().err)
    assert answer["X-Request-Id"] == line["request_id"] == "from-proxy-1"
    assert (line["event"], line["path"], line["status"]) == (
        "request",
        "/api/runs/",
        204,
    )


@pytest.mark.parametrize(
    "given", ["", "short", "with blank inside", "a" * 65, "x\ny12345"]
)
def test_id_that_could_break_a_line_is_replaced(given: str) -> None:
    request = HttpRequest()
    request.path = "/healthz"
    request.META["HTTP_X_REQUEST_ID"] = given

    answer = name_requests(lambda request: HttpResponse())(request)

    assert answer["X-Request-Id"] != given
    assert len(answer["X-Request-Id"]) == 32


def test_worker_sends_an_id_with_each_call() -> None:
    with serving(always(404)) as web:
        api = InternalAPI(web.url, SECRET, tries=1)
        for _ in range(2):
            with pytest.raises(RunRefused):
                api.get("/about")
        api.close()

    first, second = (call.headers["X-Request-Id"] for call in web.calls)
    assert len(first) == 32
    assert first != second


@pytest.mark.django_db
def test_debug_page_shows_no_secret(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    redaction.hide(TOKEN)
    settings.DEBUG = True
    settings.TRIGGER_API_URL = f"redis://:{TOKEN}@queue/0"
    client.raise_request_exception = False

    def broken() -> bool:
        token = "love" + "lace"  # noqa: F841
        push(TOKEN)
        return True

    monkeypatch.setattr("directories.services.health.is_alive", broken)

    answer = client.get("/healthz", headers={"Authorization": "Token lovelace"})

    page = answer.content.decode()
    assert answer.status_code == 500
    assert "RuntimeError" in page
    assert "nobody" not in page
    assert "lovelace" not in page


@pytest.mark.django_db
def test_production_page_shows_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.raise_request_exception = False
    monkeypatch.setattr("directories.services.health.is_alive", lambda: push(TOKEN))

    answer = client.get("/healthz")

    assert answer.status_code == 500
    assert b"push" not in answer.content
