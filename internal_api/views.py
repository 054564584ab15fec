"""Context, documents, commands and hellos, for whoever holds the secret.

Each view answers one question or applies one batch. Being let in is not being allowed: a
run has to belong to the directory in the path, and to be under way.
"""

from __future__ import annotations

import re
import time
from http import HTTPStatus
from typing import Any, NoReturn
from uuid import UUID

import structlog
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import ParseError
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from directories import services
from directories.services import checkpoints, commands, contexts, workers
from generation.contract.commands import Claim, CommandBatch
from generation.contract.hello import Hello
from generation.dispatch import about_here
from generation.signing import MARK
from internal_api.authentication import SignatureAuthentication
from internal_api.timings import count_call

log = structlog.get_logger(__name__)

KEY = re.compile(r"[\x21-\x7e]{1,200}")


class InternalView(APIView):
    authentication_classes = (SignatureAuthentication,)
    throttle_classes = ()

    def perform_content_negotiation(
        self, request: Request, force: bool = False
    ) -> tuple[BaseRenderer, str]:
        """Answer in JSON, whatever is asked for: there is nothing else."""
        return JSONRenderer(), JSONRenderer.media_type

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self._begun = time.monotonic()
        self._facts: dict[str, Any] = {}
        super().setup(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.headers.get("Content-Encoding"):
            raise ParseError("Send the body as it is, without Content-Encoding.")
        super().initial(request, *args, **kwargs)

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        # By this, workers tell our answers from those of whoever stands in between.
        response[MARK] = "1"
        self._log(response.status_code)
        return response

    def raise_uncaught_exception(self, exc: Exception) -> NoReturn:
        """Log the call that a mistake of ours ends: no answer is made of it here."""
        self._log(HTTPStatus.INTERNAL_SERVER_ERROR, error=type(exc).__name__)
        raise exc

    def _log(self, status: int, **facts: Any) -> None:
        """Log and count the call: who, what and how it ended; never a body."""
        seconds = time.monotonic() - self._begun
        count_call(
            type(self).__name__.removesuffix("View").lower(),
            self._facts.get("actions", ()),
            seconds,
        )
        log.info(
            "internal call",
            method=self.request.method,
            path=self.request.path,
            status=int(status),
            milliseconds=round(1000 * seconds, 1),
            **self._facts,
            **facts,
        )


class RunView(InternalView):
    def get(self, request: Request, run_id: UUID) -> Response:
        """Say which directory a run is of: a queue message names nothing but the run."""
        self._facts = {"run": str(run_id)}
        run = contexts.find(run_id)
        return Response({"run": str(run.pk), "directory": str(run.directory_id)})


class ContextView(InternalView):
    def get(self, request: Request, directory_id: UUID) -> Response:
        run_id = _run_of(request)
        self._facts = {"run": str(run_id)}
        contexts.check_active(directory_id, run_id)
        return Response(contexts.context_of(run_id).model_dump(mode="json"))


class DocumentView(InternalView):
    def get(self, request: Request, directory_id: UUID, sha256: str) -> HttpResponse:
        run_id = _run_of(request)
        self._facts = {"run": str(run_id)}
        contexts.check_active(directory_id, run_id)
        content = contexts.document_of(directory_id, sha256)
        return HttpResponse(content, content_type="application/octet-stream")


class CommandsView(InternalView):
    def post(self, request: Request, directory_id: UUID) -> HttpResponse:
        return self.answer(request, directory_id, _batch_of(request))

    def answer(
        self, request: Request, directory_id: UUID, batch: CommandBatch
    ) -> HttpResponse:
        key = request.headers.get("Idempotency-Key", "")
        if not KEY.fullmatch(key):
            raise ParseError(
                "An Idempotency-Key header of 1 to 200 characters is needed."
            )
        body = request._request.body
        self._facts = {
            "run": str(batch.run_id),
            "attempt": batch.attempt,
            "actions": [command.action for command in batch.commands],
        }
        reply, replayed = commands.apply_once(directory_id, batch, key=key, body=body)
        return HttpResponse(
            reply.model_dump_json(),
            content_type="application/json",
            headers={"Idempotency-Replayed": "true"} if replayed else {},
        )


class ClaimView(CommandsView):
    def post(self, request: Request, run_id: UUID) -> HttpResponse:
        """Apply a claim for whoever knows the run and not yet its directory."""
        batch = _batch_of(request)
        if batch.run_id != run_id or not isinstance(batch.commands[0], Claim):
            raise ParseError("Send a claim of the run that the address names.")
        self._facts = {"run": str(run_id)}
        return self.answer(request, contexts.find(run_id).directory_id, batch)


class CheckpointView(InternalView):
    """What an attempt has put away, as opaque bytes."""

    def get(self, request: Request, directory_id: UUID, run_id: UUID) -> HttpResponse:
        self._facts = {"run": str(run_id)}
        contexts.check_active(directory_id, run_id)
        content = checkpoints.load(run_id)
        return HttpResponse(
            content or b"",
            status=200 if content else 204,
            content_type="application/octet-stream",
        )

    def put(self, request: Request, directory_id: UUID, run_id: UUID) -> HttpResponse:
        number = request.query_params.get("attempt", "")
        if not re.fullmatch(r"[1-9][0-9]{0,8}", number):
            raise ParseError("Name the attempt in the query: ?attempt=….")
        self._facts = {"run": str(run_id), "attempt": int(number)}
        contexts.check_active(directory_id, run_id)
        body = request._request.body
        checkpoints.save(run_id, body, attempt=int(number))
        return HttpResponse(status=204)


class HelloView(InternalView):
    def post(self, request: Request) -> Response:
        hello = Hello.model_validate_json(request._request.body)
        self._facts = {"worker": f"{hello.host}:{hello.pid}", "queue": hello.queue}
        if hello.is_leaving:
            self._facts["is_leaving"] = True
        workers.greet(hello)
        # Once a minute, and nobody waits for the answer: so no run needs a sweeper of its
        # own while there are workers. Who leaves does wait.
        if not hello.is_leaving:
            services.sweeping.sweep(tidies=2)
        return Response({"heard": True})


class AboutView(InternalView):
    def get(self, request: Request) -> Response:
        """Say what both sides have to agree on, so that a worker can compare."""
        return Response(about_here().model_dump(mode="json"))


def _batch_of(request: Request) -> CommandBatch:
    return CommandBatch.model_validate_json(request._request.body)


def _run_of(request: Request) -> UUID:
    try:
        return UUID(request.query_params["run"])
    except (KeyError, ValueError) as exc:
        raise ParseError("Name the run in the query: ?run=….") from exc
