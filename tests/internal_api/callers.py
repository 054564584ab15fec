"""Calls of the internal API as workers send them, and the same calls slightly wrong."""

from __future__ import annotations

import math
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import requests
from django.test import Client
from requests_http_signature import HTTPSignatureAuth, algorithms
from rest_framework.test import RequestsClient

from directories.models import GenerationRun
from generation.client import InternalAPI
from generation.contract.commands import AppendLog, Command, CommandBatch
from generation.contract.hello import Hello
from generation.signing import COVERED, COVERED_IN_POST, TAG, VALID_FOR, key_id

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

SECRET = "the one that both sides share, of 32 bytes"
ANOTHER = "one that only this test has, of 32 bytes and"
PREFIX = "/internal/trigger"
HERE = f"http://testserver{PREFIX}"


class Wire(NamedTuple):
    """A request as it goes over the wire. `target` is the path with its query."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def with_header(self, name: str, value: str | None) -> Wire:
        headers = {k: v for k, v in self.headers.items() if k != name}
        return self._replace(headers=headers | ({} if value is None else {name: value}))


class Signer(HTTPSignatureAuth):
    """Signs as workers do, but for what a test changes. `shift` moves the clock."""

    def __init__(
        self,
        secret: str = SECRET,
        *,
        keyid: str = "",
        covered: tuple[str, ...] = COVERED,
        tag: str | None = TAG,
        nonce: str | None = "",
        lasts: timedelta | None = VALID_FOR,
        shift: float = 0,
        has_digest: bool = True,
        label: str | None = None,
        appended: bool = False,
    ) -> None:
        super().__init__(
            signature_algorithm=algorithms.HMAC_SHA256,
            key=secret.encode(),
            key_id=keyid or key_id(secret),
            covered_component_ids=covered,
            tag=tag,
            expires_in=lasts,
            label=label,
            append_if_signature_exists=appended,
            use_existing_digest=appended,
        )
        self._nonce = nonce
        self._shift = shift
        self._has_digest = has_digest

    def get_nonce(self, request: requests.PreparedRequest) -> str | None:
        return secrets.token_urlsafe(16) if self._nonce == "" else self._nonce

    def get_created(self, request: requests.PreparedRequest) -> datetime:
        # Signatures count whole seconds: round up, so that +31 s is never less.
        now = math.ceil(datetime.now(UTC).timestamp() + self._shift)
        self.add_date(request, timestamp=now)
        return datetime.fromtimestamp(now, UTC)

    def _signing_options(self, request: requests.PreparedRequest) -> dict[str, Any]:
        options = super()._signing_options(request)
        return options if self._has_digest else options | {"body": None}


def prepared(
    method: str, path: str, body: bytes = b"", *, key: str = "key"
) -> requests.PreparedRequest:
    """A request of ours that nobody has signed."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    return requests.Request(
        method, HERE + path, data=body, headers=headers if method == "POST" else {}
    ).prepare()


def wire_of(request: requests.PreparedRequest) -> Wire:
    body = request.body or b""
    assert isinstance(body, bytes)
    headers = {
        name: value
        for name, value in request.headers.items()
        if name not in ("Content-Length", "Content-Type")
    }
    return Wire(str(request.method), request.path_url, headers, body)


def signed(
    method: str, path: str, body: bytes = b"", *, key: str = "key", **changes: Any
) -> Wire:
    """A signed request; `changes` are those of Signer."""
    covered = COVERED_IN_POST if method == "POST" else COVERED
    signer = Signer(**{"covered": covered, **changes})
    return wire_of(signer(prepared(method, path, body, key=key)))


def deliver(wire: Wire, **environ: str) -> Answer:
    """Hand a request to the application, unchanged: no client repairs it on the way."""
    path, _, query = wire.target.partition("?")
    return Client(raise_request_exception=False).generic(
        wire.method,
        "/",
        wire.body,
        content_type="application/json",
        headers=wire.headers,
        **{"PATH_INFO": path, "QUERY_STRING": query, **environ},  # type: ignore[arg-type]
    )


def internal_api(secret: str = SECRET) -> InternalAPI:
    """The real client in front of the real views, without a wire between them."""
    return InternalAPI(HERE, secret, session=RequestsClient(), sleep=lambda _: None)


def commands_path(run: GenerationRun) -> str:
    return f"/directories/{run.directory_id}/commands"


def batch_of(run: GenerationRun, *commands: Command, attempt: int = 1) -> bytes:
    batch = CommandBatch(run_id=run.pk, attempt=attempt, commands=commands)
    return batch.model_dump_json().encode()


def note(run: GenerationRun, message: str = "ticking", *, attempt: int = 1) -> bytes:
    """A batch whose effect can be counted: a line in the run's log."""
    return batch_of(run, AppendLog(message=message), attempt=attempt)


def hello(pid: int = 1, **changes: Any) -> bytes:
    told = {"host": "worker", "pid": pid, "queue": "gazetteer", "queue_key": "0" * 8}
    return Hello(**{**told, **changes}).model_dump_json().encode()


def context_path(run: GenerationRun, directory_id: UUID | None = None) -> str:
    return f"/directories/{directory_id or run.directory_id}/context?run={run.pk}"
