"""The public API: each view parses, calls one service and answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from rest_framework import generics
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from directories import services
from directories.api.bodies import (
    Acceptance,
    NewDirectory,
    Rejection,
    Switches,
    inline_documents,
    source_change,
)
from directories.api.serializers import (
    DirectoryDetailSerializer,
    DirectorySerializer,
    ProposalDetailSerializer,
    ProposalSerializer,
    RunLogLineSerializer,
    RunSerializer,
    RunSummarySerializer,
)
from directories.downloads import download
from directories.models import (
    Directory,
    GenerationRun,
    Proposal,
    ProposalState,
    RunLogLine,
    RunState,
)
from directories.models.directory import DirectoryQuerySet
from directories.services import documents, runs
from directories.services.deleting import Repositories, delete_directory
from directories.services.directories import create_directory, set_review
from directories.services.requests import build_request
from generation.slugs import slugify


def own_directories(request: Request) -> DirectoryQuerySet:
    """Whatever is not the caller's does not exist for them."""
    return Directory.objects.owned_by(caller_of(request)).select_related("owner")


class DirectoryList(generics.ListAPIView[Directory]):
    serializer_class = DirectorySerializer

    def get_queryset(self) -> DirectoryQuerySet:
        return own_directories(self.request)

    def post(self, request: Request) -> Response:
        body = NewDirectory.model_validate(body_of(request))
        directory = create_directory(
            owner=caller_of(request),
            slug=body.slug or slugify(body.name, fallback="directory"),
            name=body.name,
            description=body.description,
            review=body.review,
        )
        location = reverse("directory", args=[directory.pk])
        answer = DirectoryDetailSerializer(directory).data
        return Response(answer, 201, headers={"Location": location})


class DirectoryDetail(generics.RetrieveAPIView[Directory]):
    serializer_class = DirectoryDetailSerializer

    def get_queryset(self) -> DirectoryQuerySet:
        return own_directories(self.request)

    def patch(self, request: Request, pk: UUID) -> Response:
        directory = get_object_or_404(own_directories(request), pk=pk)
        set_review(directory, Switches.model_validate(body_of(request)).review)
        return Response(DirectoryDetailSerializer(directory).data)

    def delete(self, request: Request, pk: UUID) -> Response:
        """Delete it: `?repositories=` keep, aside or delete; 409 while a run is active."""
        directory = get_object_or_404(own_directories(request), pk=pk)
        choice = request.query_params.get("repositories", "")
        if choice not in list(Repositories):
            raise ParseError(f"repositories is one of: {', '.join(Repositories)}.")
        deleted = delete_directory(directory, Repositories(choice))
        return Response({"repositories": [path.name for path in deleted.paths]})


class Generate(APIView):
    throttle_scope = "generate"

    def post(self, request: Request, pk: UUID) -> Response:
        """Start a run: 202 and the run, queued for a worker, or over when it was made here."""
        directory = get_object_or_404(own_directories(request), pk=pk)
        body = body_of(request)
        inline = inline_documents(body)
        change = source_change(body)
        if not directory.request:
            # An empty body means the kept request, and the first run may be about to keep one.
            runs.refuse_while_active(directory)
        run = runs.launch(
            directory,
            build_request(directory, body, documents=inline, change=change),
            trigger=GenerationRun.Trigger.API,
            user=caller_of(request),
            documents=(*(inline or ()), *change.documents),
        )
        location = reverse("run", args=[run.pk])
        return Response(RunSerializer(run).data, 202, headers={"Location": location})


class DocumentList(APIView):
    def get(self, request: Request, pk: UUID) -> Response:
        """List the documents that were given; `is_read` are those of the kept request."""
        directory = get_object_or_404(own_directories(request), pk=pk)
        found = documents.documents_of(directory)
        return Response({"results": [kept.as_entry() for kept in found]})


class DocumentDetail(APIView):
    """A document by its hash: its bytes, as a file."""

    def get(self, request: Request, pk: UUID, document: str) -> HttpResponse:
        directory = get_object_or_404(own_directories(request), pk=pk)
        return download(documents.document_called(directory, document))

    def delete(self, request: Request, pk: UUID, document: str) -> Response:
        """Take it away for good: 204; 409 while a run is active."""
        directory = get_object_or_404(own_directories(request), pk=pk)
        found = documents.document_called(directory, document)
        documents.remove_document(directory, found.sha256)
        return Response(status=204)


class RunList(generics.ListAPIView[GenerationRun]):
    """The caller's runs, newest first; `?directory=` and `?state=` choose among them."""

    serializer_class = RunSummarySerializer

    def get_queryset(self) -> QuerySet[GenerationRun]:
        # Neither is shown in a list, and a report may be large.
        found = own_runs(self.request).defer("report", "request")
        if directory := self.request.query_params.get("directory"):
            found = found.filter(directory_id=_uuid(directory, "directory"))
        if state := self.request.query_params.get("state"):
            if state not in RunState.values:
                raise ParseError(f"A state is one of: {', '.join(RunState.values)}.")
            found = found.filter(state=state)
        return found


class RunDetail(APIView):
    def get(self, request: Request, pk: UUID) -> Response:
        found = own_runs(request).prefetch_related("log", "attempts")
        return Response(RunSerializer(get_object_or_404(found, pk=pk)).data)


class RunLog(generics.ListAPIView[RunLogLine]):
    """What a run says, oldest first; `?after=` the id of the last line that is known."""

    serializer_class = RunLogLineSerializer

    def get_queryset(self) -> QuerySet[RunLogLine]:
        run = get_object_or_404(own_runs(self.request), pk=self.kwargs["pk"])
        after = self.request.query_params.get("after", "0")
        if not re.fullmatch(r"[0-9]{1,15}", after):
            raise ParseError("after takes the id of a log line, in digits.")
        return run.log.filter(id__gt=int(after))


class CancelRun(APIView):
    def post(self, request: Request, pk: UUID) -> Response:
        """Stop a run: 200 and the run, cancelled or about to be; 409 when it is over."""
        run = get_object_or_404(own_runs(request), pk=pk)
        run = runs.cancel(run, by=caller_of(request).get_username())
        return Response(RunSerializer(run).data)


class RepeatRun(APIView):
    """Launch a run like another: from its start, or from where that one had come to."""

    repeat: Callable[..., GenerationRun]
    throttle_scope = "generate"

    def post(self, request: Request, pk: UUID) -> Response:
        old = get_object_or_404(own_runs(request), pk=pk)
        run = type(self).repeat(
            old, trigger=GenerationRun.Trigger.API, user=caller_of(request)
        )
        location = reverse("run", args=[run.pk])
        return Response(RunSerializer(run).data, 202, headers={"Location": location})


class RetryRun(RepeatRun):
    repeat = staticmethod(runs.retry)


class RunAgain(RepeatRun):
    repeat = staticmethod(runs.again)


class ProposalList(generics.ListAPIView[Proposal]):
    """What is proposed for a directory, newest first; `?state=` chooses among it."""

    serializer_class = ProposalSerializer

    def get_queryset(self) -> QuerySet[Proposal]:
        directory = get_object_or_404(
            own_directories(self.request), pk=self.kwargs["pk"]
        )
        found = directory.proposals.select_related("author", "decided_by")
        if state := self.request.query_params.get("state"):
            if state not in ProposalState.values:
                raise ParseError(
                    f"A state is one of: {', '.join(ProposalState.values)}."
                )
            found = found.filter(state=state)
        return found


class ProposalDetail(APIView):
    def get(self, request: Request, pk: UUID, number: int) -> Response:
        proposal = own_proposal(request, pk, number)
        return Response(ProposalDetailSerializer(proposal).data)


class AcceptProposal(APIView):
    def post(self, request: Request, pk: UUID, number: int) -> Response:
        """Put it on `main`, or some items of it: 200 and the proposal as it stands then."""
        proposal = own_proposal(request, pk, number)
        body = Acceptance.model_validate(body_of(request))
        proposal = services.proposals.accept(
            proposal,
            user=caller_of(request),
            items=body.items,
            merge=body.method == "merge",
            head=body.head,
        )
        return Response(ProposalSerializer(proposal).data)


class RejectProposal(APIView):
    def post(self, request: Request, pk: UUID, number: int) -> Response:
        proposal = own_proposal(request, pk, number)
        body = Rejection.model_validate(body_of(request))
        proposal = services.proposals.reject(
            proposal, user=caller_of(request), reason=body.reason, head=body.head
        )
        return Response(ProposalSerializer(proposal).data)


class RefreshProposal(APIView):
    def post(self, request: Request, pk: UUID, number: int) -> Response:
        proposal = own_proposal(request, pk, number)
        proposal = services.proposals.refresh(proposal, user=caller_of(request))
        return Response(ProposalSerializer(proposal).data)


def own_proposal(request: Request, pk: UUID, number: int) -> Proposal:
    return services.proposals.find(
        get_object_or_404(own_directories(request), pk=pk), number
    )


def own_runs(request: Request) -> QuerySet[GenerationRun]:
    owned = GenerationRun.objects.filter(directory__owner=caller_of(request))
    return owned.select_related("directory")


def _uuid(text: str, name: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as exc:
        raise ParseError(f"{name} takes an id, such as a directory's.") from exc


def caller_of(request: Request) -> User:
    assert isinstance(request.user, User), "views are for authenticated callers"
    return request.user


def body_of(request: Request) -> dict[str, Any]:
    """The body as a JSON object; an absent body is an empty one."""
    body = request.data
    if not isinstance(body, dict):
        raise ParseError("The body must be a JSON object.")
    return dict(body)
