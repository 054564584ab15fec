"""The shipped web server with an application of the tests' own, and with less patience."""

from __future__ import annotations

import hashlib
import json
import os
import runpy
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
CHECKOUT = Path(__file__).resolve().parents[3]
globals().update(
    {
        name: value
        for name, value in runpy.run_path(
            str(CHECKOUT / "deploy" / "gunicorn_config.py")
        ).items()
        if not name.startswith("__")
    }
)

import django  # noqa: E402

from config.web_server.limits import KIB, MIB, Limits  # noqa: E402
from config.web_server.worker import BufferingWorker  # noqa: E402

# The server's own refusals are made by the application's code.
django.setup()
SECONDS = float(os.environ.get("TEST_SECONDS", "0.5"))


class ImpatientWorker(BufferingWorker):
    limits = Limits(
        head_seconds=SECONDS,
        patience_seconds=SECONDS,
        linger_seconds=0.3,
        most_of_all=8 * MIB,
        waiting_answer=2 * MIB,
        small_body=64 * KIB,
        large_bodies=256 * KIB,
        waiting_requests=20,
    )


workers = 1
threads = 2
worker_class = ImpatientWorker
worker_connections = int(os.environ.get("TEST_CONNECTIONS", "50"))


def application(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    """Report what has arrived, after a while or at length where the path says so."""
    path, _, number = environ["PATH_INFO"].rpartition("/")
    if path == "/wait":
        time.sleep(float(number))
    if path == "/long":
        start("200 OK", [("Content-Length", str(int(number) * MIB))])
        return (bytes(MIB) for _ in range(int(number)))
    body = environ["wsgi.input"].read()
    report: dict[str, Any] = {
        "path": environ["PATH_INFO"],
        "length": environ.get("CONTENT_LENGTH", ""),
        "transfer_encoding": environ.get("HTTP_TRANSFER_ENCODING"),
        "read": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    answer = json.dumps(report).encode()
    start("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]
