"""The protocol of a run over signed HTTP: for workers, which have no database.

One module owns the wire. Its callers see functions and one family of exceptions.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

import requests
import structlog

from generation import tracing
from generation.contract.about import About
from generation.contract.commands import (
    Claim,
    Command,
    CommandBatch,
    RecordGenerationFinish,
    Reply,
)
from generation.contract.context import RunContext
from generation.exceptions import (
    InternalAPIElsewhere,
    InternalAPIRefused,
    InternalAPIUnreachable,
    RepositoryMoved,
    RunRefused,
)
from generation.interrupts import deferred
from generation.request_ids import HEADER, new_request_id
from generation.signing import COVERED, COVERED_IN_POST, MARK, signature

log = structlog.get_logger(__name__)

TRIES = 3
# Seconds to connect, and between two bytes of an answer.
TIME_OUTS = (5, 30)
# The longest wait before the second and the third try, in seconds; the shortest is half.
WAITS = (2.0, 8.0)


class InternalAPI:
    """Signed requests to the web side, each tried three times unless said otherwise."""

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        session: requests.Session | None = None,
        tries: int = TRIES,
        time_outs: tuple[float, float] = TIME_OUTS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url
        self._secret = secret
        self._session = session or requests.Session()
        # Neither a proxy nor a password file of the host has a say in this.
        self._session.trust_env = False
        self._tries = tries
        self._time_outs = time_outs
        self._sleep = sleep

    def get(self, path: str, **query: str) -> requests.Response:
        return self._send("GET", path, params=query)

    def post(self, path: str, message: str, *, key: str) -> requests.Response:
        """Send a message that takes effect once, however often it arrives."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        return self._send("POST", path, data=message.encode(), headers=headers)

    def put(self, path: str, content: bytes, **query: str) -> requests.Response:
        headers = {"Content-Type": "application/octet-stream"}
        return self._send("PUT", path, params=query, data=content, headers=headers)

    def close(self) -> None:
        self._session.close()

    def _send(self, method: str, path: str, **request: Any) -> requests.Response:
        """Try until there is an answer that stands. Raises InternalAPIError, RunRefused."""
        covered = COVERED_IN_POST if method == "POST" else COVERED
        # One for all tries: a line of the web side's log names it, and so does ours.
        request_id = new_request_id()
        headers = request.pop("headers", {}) | {HEADER: request_id}
        for wait in (*WAITS[: self._tries - 1], None):
            try:
                # Signed anew each time: a nonce is good for one request.
                with tracing.span(f"{method} internal API", kind="client"):
                    response = self._session.request(
                        method,
                        self._url + path,
                        auth=signature(self._secret, covered=covered),
                        timeout=self._time_outs,
                        allow_redirects=False,
                        headers=headers | tracing.carried(),
                        **request,
                    )
                if response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
                    return _checked(response)
                problem = f"status {response.status_code}, {_detail(response)}"
            except requests.RequestException as exc:
                problem = type(exc).__name__
            if wait is None:
                break
            log.warning(
                "internal API did not answer",
                path=path,
                problem=problem,
                request_id=request_id,
            )
            self._sleep(wait * random.uniform(0.5, 1))  # noqa: S311 - jitter, no secret
        raise InternalAPIUnreachable(
            f"the web side at {self._url} did not answer, in {self._tries} tries: {problem}"
        )


def ask_about(api: InternalAPI) -> About:
    """Ask the web side what it is set to. Raises InternalAPIError, RunRefused."""
    return About.model_validate_json(api.get("/about").content)


class RemoteDirectoryOperations:
    """One attempt at one run, in a worker. Safe to use from two threads."""

    def __init__(self, api: InternalAPI, run_id: UUID) -> None:
        self.run_id = run_id
        self._api = api
        # Both are told in answer to the claim.
        self._directory = ""
        self._attempt = 0
        # 0 is kept for the last word of whoever started this process.
        self._sequence = 0
        self._lock = threading.Lock()

    def through(self, api: InternalAPI) -> RemoteDirectoryOperations:
        """The same attempt over other connections: those of another process."""
        other = RemoteDirectoryOperations(api, self.run_id)
        other._directory, other._attempt = self._directory, self._attempt
        return other

    def disconnect(self) -> None:
        """Drop the connections; the next request opens new ones."""
        self._api.close()

    def claim(self, worker: str) -> Reply:
        """Take the run, and hear which directory it is of. Raises RunRefused."""
        key = f"{self.run_id}:claim:{uuid4()}"
        reply = self._post(f"/runs/{self.run_id}/claim", key, Claim(worker=worker))
        self._attempt = reply.attempt
        self._directory = f"/directories/{reply.directory_id}"
        return reply

    def fetch_context(self) -> RunContext:
        answer = self._api.get(f"{self._directory}/context", run=str(self.run_id))
        return RunContext.model_validate_json(answer.content)

    def fetch_document(self, sha256: str) -> bytes:
        return self._api.get(
            f"{self._directory}/documents/{sha256}", run=str(self.run_id)
        ).content

    def load_checkpoint(self) -> bytes | None:
        answer = self._api.get(f"{self._directory}/checkpoints/{self.run_id}")
        return answer.content or None

    def save_checkpoint(self, content: bytes) -> None:
        path = f"{self._directory}/checkpoints/{self.run_id}"
        self._api.put(path, content, attempt=str(self._attempt))

    def send(self, *commands: Command) -> Reply:
        if any(isinstance(command, RecordGenerationFinish) for command in commands):
            # It may be said again when nobody seems to have heard it, and was taken if they had.
            key = f"{self.run_id}:{self._attempt}:end"
        else:
            with self._lock:
                self._sequence += 1
                key = f"{self.run_id}:{self._attempt}:{self._sequence}"
        return self._post(f"{self._directory}/commands", key, *commands)

    def last_word(self, *commands: Command) -> Reply:
        """Speak for an attempt that another process has made, and that is over."""
        key = f"{self.run_id}:{self._attempt}:0"
        return self._post(f"{self._directory}/commands", key, *commands)

    def release(self) -> None:
        """Connections belong to the session, which outlives the thread."""

    def _post(self, path: str, key: str, *commands: Command) -> Reply:
        batch = CommandBatch(
            run_id=self.run_id, attempt=self._attempt, commands=commands
        )
        # An interrupt within pydantic's own code would come out as a mistake of ours.
        with deferred():
            message = batch.model_dump_json()
        answer = self._api.post(path, message, key=key)
        return Reply.model_validate_json(answer.content)


def _checked(response: requests.Response) -> requests.Response:
    """Sort an answer by whose fault it is."""
    status = response.status_code
    if MARK not in response.headers:
        raise InternalAPIElsewhere(
            f"an answer with status {status} came from {response.url}, but not from the "
            f"internal API ({_detail(response)}): correct TRIGGER_INTERNAL_API_URL, or "
            "what stands in between"
        )
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return response
    detail = _detail(response)
    if status == HTTPStatus.CONFLICT and _has_moved(response):
        raise RepositoryMoved(detail)
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
        raise RunRefused(detail)
    if status == HTTPStatus.UNAUTHORIZED:
        raise InternalAPIRefused(
            "the web side does not accept our signature: TRIGGER_INTERNAL_SECRET has to "
            "be the same on both sides, and the clocks within 30 seconds"
        )
    raise InternalAPIRefused(f"the web side refused, with status {status}: {detail}")


def _has_moved(response: requests.Response) -> bool:
    """Tell whether it was a branch that had moved, so that another attempt may succeed."""
    try:
        return response.json().get("has_moved") is True
    except (ValueError, AttributeError):
        return False


def _detail(response: requests.Response) -> str:
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return "it did not say why"
